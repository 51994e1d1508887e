//! What Windows would really do, in `schema_version` 1.

use serde::Serialize;

use super::{PlaceV2, place};
use crate::audit::effective::{
    Agent, DOTNET_LIMITS, Effective, Entry, Fact, Installed, ListSource, Needs, Offer, Overall, Target,
};
use crate::audit::restart;

#[derive(Serialize)]
pub(super) struct EffectiveV2<'a> {
    tls12: OverallV2<'a>,
    protocols: Vec<ProtocolV2<'a>>,
    dotnet: DotNetV2<'a>,
    winhttp: WinHttpV2<'a>,
    ciphers: CiphersV2<'a>,
    product: ProductV2<'a>,
    restart: RestartV2<'a>,
    lints: Vec<LintV2<'a>>,
}

#[derive(Serialize)]
struct OverallV2<'a> {
    state: &'static str,
    why: &'a str,
    parts: Vec<PartV2<'a>>,
}

#[derive(Serialize)]
struct PartV2<'a> {
    name: &'a str,
    reached: &'static str,
    why: &'a str,
}

#[derive(Serialize)]
struct ProtocolV2<'a> {
    protocol: &'static str,
    client: FactV2<'a>,
    server: FactV2<'a>,
}

#[derive(Serialize)]
struct FactV2<'a> {
    state: &'static str,
    why: &'a str,
    places: Vec<PlaceV2<'a>>,
}

#[derive(Serialize)]
struct DotNetV2<'a> {
    release: Option<u32>,
    version: Option<&'static str>,
    programs: Vec<ProgramV2<'a>>,
    clr2: Vec<Clr2V2<'a>>,
    overrides: Vec<OverrideV2<'a>>,
    limits: &'static str,
}

#[derive(Serialize)]
struct ProgramV2<'a> {
    target: &'static str,
    view: &'static str,
    offers: &'static str,
    tls12: &'static str,
    why: &'a str,
    places: Vec<PlaceV2<'a>>,
}

#[derive(Serialize)]
struct Clr2V2<'a> {
    view: &'static str,
    tls12: &'static str,
    why: &'a str,
}

#[derive(Serialize)]
struct OverrideV2<'a> {
    view: &'static str,
    setting: &'static str,
    program: &'a str,
    data: &'a str,
    entra_connect: bool,
    place: Option<PlaceV2<'a>>,
}

#[derive(Serialize)]
struct WinHttpV2<'a> {
    views: Vec<WinHttpViewV2<'a>>,
    internet_settings_policy: Option<&'a str>,
    fips: &'static str,
}

#[derive(Serialize)]
struct WinHttpViewV2<'a> {
    view: &'static str,
    tls12: &'static str,
    why: &'a str,
    place: Option<PlaceV2<'a>>,
}

#[derive(Serialize)]
struct CiphersV2<'a> {
    source: &'static str,
    why: &'a str,
    place: Option<PlaceV2<'a>>,
    listed: Option<usize>,
    tls12: &'a [String],
    in_doubt: Option<usize>,
    tls12_left: &'static str,
    tls13_left: &'static str,
    strong_left: &'static str,
    entra_left: &'static str,
    turned_off: &'a [String],
}

#[derive(Serialize)]
struct ProductV2<'a> {
    installed: &'static str,
    why: &'a str,
    version: Option<&'a str>,
    needs_values: &'static str,
    facts: &'a [String],
    entries: Vec<EntryV2<'a>>,
    others: Vec<EntryV2<'a>>,
    standing: Option<&'static str>,
    support_ends: Option<&'a str>,
    agents: Vec<AgentV2<'a>>,
    windows_support_ends: Option<&'a str>,
    as_of: &'a str,
}

#[derive(Serialize)]
struct AgentV2<'a> {
    name: &'a str,
    service: &'a str,
    version: Option<&'a str>,
    min: Option<&'a str>,
    place: PlaceV2<'a>,
}

#[derive(Serialize)]
struct EntryV2<'a> {
    name: &'a str,
    version: Option<&'a str>,
    place: PlaceV2<'a>,
}

#[derive(Serialize)]
struct RestartV2<'a> {
    pending: &'static str,
    why: &'a str,
    newest_write: Option<String>,
    newest_key: Option<&'a str>,
    shutdown: Option<String>,
    limits: &'static str,
}

#[derive(Serialize)]
struct LintV2<'a> {
    id: &'static str,
    severity: &'static str,
    why: &'a str,
    place: Option<PlaceV2<'a>>,
}

pub(super) fn effective(effective: &Effective) -> EffectiveV2<'_> {
    EffectiveV2 {
        tls12: overall(&effective.overall),
        protocols: effective
            .protocols
            .iter()
            .map(|p| ProtocolV2 { protocol: p.protocol, client: fact(&p.client), server: fact(&p.server) })
            .collect(),
        dotnet: dotnet(effective),
        winhttp: WinHttpV2 {
            views: effective
                .winhttp
                .views
                .iter()
                .map(|v| WinHttpViewV2 {
                    view: v.view.text(),
                    tls12: v.tls12.word(),
                    why: &v.why,
                    place: v.place.as_ref().map(place),
                })
                .collect(),
            internet_settings_policy: effective.winhttp.internet_settings_policy.as_deref(),
            fips: effective.winhttp.fips.word(),
        },
        ciphers: ciphers(effective),
        product: product(effective),
        restart: RestartV2 {
            pending: effective.restart.pending.word(),
            why: &effective.restart.why,
            newest_write: effective.restart.newest.as_ref().map(|(time, _)| time.to_string()),
            newest_key: effective.restart.newest.as_ref().map(|(_, key)| key.as_str()),
            shutdown: effective.restart.shutdown.map(|time| time.to_string()),
            limits: restart::LIMITS,
        },
        lints: effective
            .lints
            .iter()
            .map(|lint| LintV2 {
                id: lint.id.as_str(),
                severity: lint.id.severity().word(),
                why: &lint.why,
                place: lint.place.as_ref().map(place),
            })
            .collect(),
    }
}

fn fact(fact: &Fact) -> FactV2<'_> {
    FactV2 { state: fact.state.word(), why: &fact.why, places: fact.places.iter().map(place).collect() }
}

fn dotnet(effective: &Effective) -> DotNetV2<'_> {
    let net = &effective.dotnet;
    let programs = net.programs.iter().map(|p| ProgramV2 {
        target: match p.target {
            Target::UpTo452 => "up_to_4.5.2",
            Target::From46 => "4.6_to_4.6.2",
            Target::From47 => "from_4.7",
        },
        view: p.view.text(),
        offers: match p.offer {
            Offer::Os => "os",
            Offer::Tls10To12 => "tls1.0_to_tls1.2",
            Offer::Tls10To13 => "tls1.0_to_tls1.3",
            Offer::Ssl3Tls10 => "ssl3_and_tls1.0",
            Offer::Unknown => "unknown",
        },
        tls12: p.reaches_tls12.word(),
        why: &p.why,
        places: p.places.iter().map(place).collect(),
    });
    let clr2 = net.clr2.iter().map(|(view, tls12, why)| Clr2V2 { view: view.text(), tls12: tls12.word(), why });
    let overrides = net.overrides.iter().map(|o| OverrideV2 {
        view: o.view.text(),
        setting: o.setting,
        program: &o.program,
        data: &o.data,
        entra_connect: o.entra_connect,
        place: o.place.as_ref().map(place),
    });
    DotNetV2 {
        release: net.release,
        version: net.version,
        programs: programs.collect(),
        clr2: clr2.collect(),
        overrides: overrides.collect(),
        limits: DOTNET_LIMITS,
    }
}

fn ciphers(effective: &Effective) -> CiphersV2<'_> {
    let c = &effective.ciphers;
    CiphersV2 {
        source: match c.source {
            ListSource::Policy => "policy",
            ListSource::Local => "local",
            ListSource::OsDefault => "os_default",
            ListSource::Unknown => "unknown",
        },
        why: &c.why,
        place: c.place.as_ref().map(place),
        listed: c.listed,
        tls12: &c.tls12,
        in_doubt: c.in_doubt,
        tls12_left: c.tls12_left.word(),
        tls13_left: c.tls13_left.word(),
        strong_left: c.strong_left.word(),
        entra_left: c.entra_left.word(),
        turned_off: &c.turned_off,
    }
}

fn product(effective: &Effective) -> ProductV2<'_> {
    let p = &effective.product;
    ProductV2 {
        installed: match p.installed {
            Installed::Yes => "yes",
            Installed::Remnant => "remnant",
            Installed::No => "no",
            Installed::Unknown => "unknown",
        },
        why: &p.why,
        version: p.version.as_deref(),
        needs_values: match p.needs {
            Needs::Values => "yes",
            Needs::NoValues => "no",
            Needs::Unknown => "unknown",
        },
        facts: &p.facts,
        entries: p.entries.iter().map(entry).collect(),
        others: p.others.iter().map(entry).collect(),
        standing: p.standing.as_ref().map(|(standing, _)| standing.word()),
        support_ends: p.support_ends.as_ref().map(|(date, _)| date.as_str()),
        agents: p.agents.iter().map(agent).collect(),
        windows_support_ends: p.windows_support.as_ref().map(|support| support.ends.as_str()),
        as_of: &p.as_of,
    }
}

fn agent(agent: &Agent) -> AgentV2<'_> {
    AgentV2 {
        name: &agent.name,
        service: &agent.service,
        version: agent.version.as_deref(),
        min: agent.min.as_deref(),
        place: place(&agent.place),
    }
}

fn entry(entry: &Entry) -> EntryV2<'_> {
    EntryV2 { name: &entry.name, version: entry.version.as_deref(), place: place(&entry.place) }
}

fn overall(overall: &Overall) -> OverallV2<'_> {
    let parts = overall.parts.iter();
    let parts = parts.map(|part| PartV2 { name: &part.name, reached: part.answer.word(), why: &part.why });
    OverallV2 { state: overall.state.word(), why: &overall.why, parts: parts.collect() }
}
