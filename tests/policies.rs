//! The policies that are built in: their files against the schema, the README's list against the policies, and the rules
//! about effective states against states that are written down here.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a panic is how a test fails")]

#[path = "common/door.rs"]
mod door;

use std::collections::HashMap;
use std::path::Path;

use serde_json::Value as Json;
use tlshive::audit::{HostReport, Installed, Outcome, States, Told, Verdict, audit_with};
use tlshive::host::Options;
use tlshive::limits::Limits;
use tlshive::output::{code_list, rule_list, subject_list, topic_list};
use tlshive::policy::Policy;
use tlshive::run::Inspection;
use tlshive::windows::state::State;
use tlshive::windows::subject::Subject;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn policy(id: &str) -> Policy {
    Policy::builtins().unwrap().into_iter().find(|policy| policy.id == id).unwrap()
}

fn schema() -> jsonschema::Validator {
    let schema: Json =
        serde_json::from_slice(&std::fs::read(root().join("src/policy/policy.schema.json")).unwrap()).unwrap();
    jsonschema::draft202012::meta::validate(&schema).unwrap();
    jsonschema::draft202012::new(&schema).unwrap()
}

#[test]
fn the_schema_describes_what_is_built_in() {
    let schema = schema();
    for text in Policy::builtin_ids().filter_map(Policy::builtin_text) {
        let document: Json = toml::from_str(text).unwrap();
        let errors: Vec<String> =
            schema.iter_errors(&document).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{}: {errors:#?}", document["id"]);
    }
}

/// Whatever the program refuses, the schema refuses too, so that an editor shows it first; and what one takes, so does the
/// other. Ids that occur twice and bounds in the wrong order are beyond a schema.
#[test]
fn the_schema_and_the_program_agree() {
    let schema = schema();
    let head = "id='p'\nversion='1'\ndate='2026-01-01'\ntitle='t'\nsource='s'\n";
    let rule = "[[rule]]\nid='r'\ntitle='t'\nwhy='w'\nsource='s'\n";
    let value = "key='HKEY_LOCAL_MACHINE\\K'\nvalue='v'\ntype='REG_DWORD'\nenable=1\n";
    let state = "effective='schannel/TLS 1.2/client'\nexpect=['on']\nfix='f'\n";
    let about = |subject: &str, expect: &str| {
        state.replace("schannel/TLS 1.2/client", subject).replace("'on'", &format!("'{expect}'"))
    };
    for (lines, good) in [
        (value.to_owned(), true),
        (state.to_owned(), true),
        (format!("{value}disable=0\naccept='non-zero'\nabsent='pass'\nrequired=false\n"), true),
        (format!("{value}accept=[2, 3]\nabsent='fail'\n"), true),
        (
            format!(
                "{value}only={{architecture='64-bit', installation=['Server Core'], entra_connect={{min='2.3'}}}}\n"
            ),
            true,
        ),
        (String::new(), false),
        (format!("{value}{state}"), false),
        (format!("{value}fix='f'\n"), false),
        (format!("{state}enable=1\n"), false),
        (format!("{value}colour='red'\n"), false),
        (value.replace("HKEY_LOCAL_MACHINE", "HKLM"), false),
        (value.replace("REG_DWORD", "REG_SZ"), false),
        (value.replace("enable=1", "enable=4294967296"), false),
        (value.replace("enable=1", "enable='1'"), false),
        (format!("{value}accept='all'\n"), false),
        (format!("{value}absent='maybe'\n"), false),
        (format!("{value}only={{architecture='32-bit'}}\n"), false),
        (format!("{value}only={{entra_connect={{min='2.x'}}}}\n"), false),
        (state.replace("TLS 1.2", "TLS1.2"), false),
        (state.replace("'on'", "'partly'"), false),
        (state.replace("'on'", ""), false),
        (state.replace("schannel/TLS 1.2/client", "winhttp/64-bit").replace("'on'", "'soft-off'"), false),
        (state.replace("schannel/TLS 1.2/client", "winhttp/64-bit").replace("'on'", "'partly'"), false),
        (state.replace("schannel/TLS 1.2/client", "dotnet/v2/32-bit").replace("'on'", "'partly'"), false),
        (state.replace("schannel/TLS 1.2/client", "dotnet/v4/32-bit").replace("'on'", "'partly'"), true),
        (state.replace("TLS 1.2", "PCT 1.0"), false),
        (about("schannel/TLS 1.0/values", "half-disabled"), true),
        (about("schannel/TLS 1.0/values", "on"), false),
        (about("schannel/TLS 1.0/sides", "alike"), true),
        (about("schannel/TLS 1.0/sides", "half-disabled"), false),
        (about("protocols/client", "none"), true),
        (about("protocols/both", "none"), false),
        (about("dotnet-protocols/v4/64-bit", "partly"), true),
        (about("dotnet-protocols/v2/64-bit", "partly"), false),
        (about("dotnet-release/4.7", "at-least"), true),
        (about("dotnet-release/4.8.1", "older"), true),
        (about("dotnet-release/4.9", "older"), false),
        (about("dotnet/v4.6/64-bit", "partly"), true),
        (about("dotnet/v4.7/64-bit", "on"), false),
        (about("entra-connect/version", "recalled"), true),
        (about("entra-connect/version", "on"), false),
        (about("entra-connect/support", "ended"), true),
        (about("entra-connect/dotnet", "older"), true),
        (about("entra-connect/dotnet", "smaller"), false),
        (about("entra-connect/programs", "off"), true),
        (about("entra-agents/versions", "at-least"), true),
        (about("entra-agents/count", "at-least"), false),
        (about("dotnet-release/4.7", "smaller"), false),
        (about("cipher-suites/azure-devops", "on"), true),
        (about("curves/nist", "on"), true),
        (about("cipher-suites/mozilla-intermediate", "only"), true),
        (about("cipher-suites/mozilla-intermediate", "on"), false),
        (about("curves/mozilla-intermediate", "others"), true),
        (about("curves/mozilla-intermediate", "off"), false),
        (about("curves/nist", "only"), false),
        (about("curves/brainpool", "on"), false),
        (about("key-exchange/ECDH", "off"), true),
        (about("key-exchange/DHE", "off"), false),
        (about("key-size/Diffie-Hellman/server/2048", "at-least"), true),
        (about("key-size/PKCS/client/4096", "smaller"), true),
        (about("key-size/PKCS/server/4096", "smaller"), false),
        (about("key-size/Diffie-Hellman/server/02048", "at-least"), false),
        (about("key-size/Diffie-Hellman/server/204800", "at-least"), false),
    ] {
        let text = format!("{head}{rule}{lines}");
        let document: Json = toml::from_str(&text).unwrap();
        assert_eq!(schema.is_valid(&document), good, "schema: {lines}");
        assert_eq!(Policy::parse(&text).is_ok(), good, "program: {lines}");
    }
}

/// The lists in the README are made from the policies and tables: `UPDATE_README=1 cargo test --test policies` writes them anew.
#[test]
fn the_readme_lists_rules_states_and_codes_as_they_are() {
    let path = root().join("README.md");
    let readme = std::fs::read_to_string(&path).unwrap();
    let with = |text: &str, marks: [&str; 2], list: &str| {
        let (before, rest) = text.split_once(marks[0]).unwrap();
        let (_, after) = rest.split_once(marks[1]).unwrap();
        format!("{before}{}\n{list}\n{}{after}", marks[0], marks[1])
    };
    let states = ["<!-- states: made from the subjects, do not edit -->\n", "<!-- end of states -->\n"];
    let rules = ["<!-- rules: made from the policies, do not edit -->\n", "<!-- end of rules -->\n"];
    let want = with(&readme, states, &subject_list());
    let codes = ["<!-- codes: made from the table of codes, do not edit -->\n", "<!-- end of codes -->\n"];
    let want = with(&want, rules, &rule_list(&Policy::builtins().unwrap()));
    let want = with(&want, codes, &code_list());
    let topics = ["<!-- topics: made from the topics, do not edit -->\n", "<!-- end of topics -->\n"];
    let want = with(&want, topics, &topic_list());
    if std::env::var_os("UPDATE_README").is_some() {
        std::fs::write(&path, &want).unwrap();
    } else {
        assert_eq!(readme, want, "UPDATE_README=1 cargo test --test policies");
    }
}

/// States as somebody worked them out, and Entra Connect's version.
struct Known(HashMap<&'static str, &'static str>, Option<Installed>);

impl States for Known {
    fn state(&self, subject: Subject) -> Told {
        let word = self.0.get(subject.to_string().as_str());
        let state = subject.states().iter().find(|state| Some(&state.word()) == word).copied();
        Told { state: state.unwrap_or(State::Unknown), why: "a test says so".to_owned() }
    }

    fn entra_connect(&self) -> Option<Installed> {
        self.1.clone()
    }
}

fn judged(id: &str, name: &str, states: &[(&'static str, &'static str)], version: Option<&str>) -> HostReport {
    let policy = policy(id);
    let connect = version.map(|version| match version {
        "none" => Installed::No,
        "unknown" => Installed::Unversioned(String::new()),
        version => Installed::Version(version.to_owned()),
    });
    let known = Known(states.iter().copied().collect(), connect);
    let (limits, host) = (Limits::default(), root().join("fixtures/hosts").join(name));
    let inspection = Options::new(&limits);
    door::each_machine(&[host], &Inspection::new(&policy, &inspection), |host| audit_with(&policy, host, &known))
        .remove(0)
}

/// States of a machine that has TLS 1.2 on and everything else as Windows Server 2022 ships it.
const SERVER_2022: [(&str, &str); 23] = [
    ("schannel/SSL 2.0/client", "not-supported"),
    ("schannel/SSL 2.0/server", "not-supported"),
    ("schannel/SSL 3.0/client", "off"),
    ("schannel/SSL 3.0/server", "off"),
    ("schannel/TLS 1.0/client", "on"),
    ("schannel/TLS 1.0/server", "on"),
    ("schannel/TLS 1.1/client", "on"),
    ("schannel/TLS 1.1/server", "on"),
    ("schannel/TLS 1.2/client", "on"),
    ("schannel/TLS 1.2/server", "on"),
    ("schannel/TLS 1.3/client", "on"),
    ("schannel/TLS 1.3/server", "on"),
    ("dotnet/v4/64-bit", "partly"),
    ("dotnet/v4/32-bit", "partly"),
    ("dotnet/v4.6/64-bit", "on"),
    ("dotnet/v4.6/32-bit", "on"),
    ("entra-connect/version", "in-service"),
    ("entra-connect/support", "supported"),
    ("entra-connect/dotnet", "at-least"),
    ("entra-connect/programs", "on"),
    ("winhttp/64-bit", "on"),
    ("cipher-suites/tls-1.2", "on"),
    ("cipher-suites/entra-id", "on"),
];

/// The same with some states changed.
fn but(changes: &[(&'static str, &'static str)]) -> Vec<(&'static str, &'static str)> {
    SERVER_2022.iter().chain(changes).copied().collect()
}

const OLD_OFF: [(&str, &str); 4] = [
    ("schannel/TLS 1.0/client", "off"),
    ("schannel/TLS 1.0/server", "off"),
    ("schannel/TLS 1.1/client", "off"),
    ("schannel/TLS 1.1/server", "off"),
];

/// Policy, states, verdict: which states decide, and which only inform.
#[test]
fn effective_policies_are_judged_by_states() {
    use Verdict::{Compliant, NotCompliant, Unknown};
    let old_off = but(&OLD_OFF);
    let with = |subject, state| [old_off.clone(), vec![(subject, state)]].concat();
    let cases = [
        ("tls12-only", but(&[]), NotCompliant),
        ("tls12-only", old_off.clone(), Compliant),
        ("tls12-only", with("schannel/TLS 1.3/client", "not-supported"), Compliant),
        ("tls12-only", with("schannel/TLS 1.3/client", "off"), NotCompliant),
        ("tls12-only", with("schannel/TLS 1.0/server", "soft-off"), NotCompliant),
        ("tls12-only", with("schannel/TLS 1.2/client", "soft-off"), NotCompliant),
        ("tls12-only", with("schannel/TLS 1.0/server", "unknown"), Unknown),
        ("nist-sp-800-52r2", but(&[]), NotCompliant),
        ("nist-sp-800-52r2", but(&[("schannel/TLS 1.0/server", "off")]), Compliant),
        ("nist-sp-800-52r2", with("schannel/TLS 1.3/server", "not-supported"), NotCompliant),
        ("nist-sp-800-52r2", with("schannel/SSL 3.0/client", "on"), NotCompliant),
        ("bsi-tr-02102-2", old_off.clone(), Compliant),
        ("bsi-tr-02102-2", with("schannel/TLS 1.3/server", "off"), Compliant),
        ("bsi-tr-02102-2", with("schannel/TLS 1.1/client", "on"), NotCompliant),
        ("bsi-tr-02102-2", Vec::new(), Unknown),
    ];
    for (policy, states, want) in cases {
        let report = judged(policy, "nothing-set", &states, None);
        assert_eq!(report.verdict, want, "{policy}: {:?}", states.last());
    }
}

/// Host, states, version of Entra Connect, verdict: the eight values decide only for the versions that ask for them.
#[test]
fn entra_connect_is_judged_by_what_its_version_needs() {
    use Verdict::{Compliant, NotCompliant, Unknown};
    let cases = [
        ("nothing-set", but(&[]), Some("2.5.79.0"), Compliant),
        ("nothing-set", but(&[]), Some("2.4.131.0"), Compliant),
        ("nothing-set", but(&[]), Some("2.4.129.0"), NotCompliant),
        ("nothing-set", but(&[]), Some("2.3.20.0"), NotCompliant),
        ("nothing-set", but(&[]), Some("2.3.8.0"), Compliant),
        ("nothing-set", but(&[("entra-connect/version", "stopped")]), Some("2.3.8.0"), NotCompliant),
        ("nothing-set", but(&[("entra-connect/version", "recalled")]), Some("2.6.79.0"), NotCompliant),
        ("nothing-set", but(&[("entra-connect/version", "stopped")]), Some("none"), Compliant),
        ("nothing-set", but(&[("entra-connect/support", "ended")]), Some("2.5.79.0"), Compliant),
        ("nothing-set", but(&[("entra-connect/programs", "off")]), Some("2.6.92.0"), NotCompliant),
        ("nothing-set", but(&[]), Some("unknown"), Unknown),
        ("nothing-set", but(&[]), Some("none"), Compliant),
        ("nothing-set", but(&[]), None, Unknown),
        ("compliant", but(&[]), Some("2.4.21.0"), Compliant),
        ("disabled", but(&[]), Some("2.5.79.0"), NotCompliant),
        ("disabled", but(&[]), Some("2.0.25.1"), Compliant),
        ("nothing-set", but(&[("schannel/TLS 1.2/client", "soft-off")]), Some("2.5.79.0"), NotCompliant),
        ("nothing-set", but(&[("schannel/TLS 1.2/server", "off")]), Some("2.5.79.0"), Compliant),
        ("nothing-set", but(&[("dotnet/v4.6/64-bit", "partly")]), Some("2.5.79.0"), NotCompliant),
        ("nothing-set", but(&[("winhttp/64-bit", "off")]), Some("2.5.79.0"), Compliant),
        ("nothing-set", but(&[("cipher-suites/entra-id", "off")]), Some("2.5.79.0"), NotCompliant),
    ];
    for (name, states, version, want) in cases {
        let report = judged("entra-connect-effective", name, &states, version);
        assert_eq!(report.verdict, want, "{name} {version:?} {:?}", states.last());
    }
}

#[test]
fn without_states_nothing_is_guessed() {
    for id in ["tls12-only", "nist-sp-800-52r2", "bsi-tr-02102-2"] {
        let report = judged(id, "compliant", &[], None);
        assert!(report.findings.iter().all(|f| f.outcome == Outcome::Unknown && f.fix.is_none()), "{id}");
    }
}

#[test]
fn each_policy_has_a_fixture_that_passes_and_one_that_fails() {
    let folders = ["hosts", "reg"].map(|folder| root().join("fixtures").join(folder));
    let inputs: Vec<_> =
        folders.iter().flat_map(|f| f.read_dir().unwrap()).map(|entry| entry.unwrap().path()).collect();
    let limits = Limits::default();
    let options = Options::new(&limits);
    let all = Policy::join(Policy::builtins().unwrap()).unwrap();
    let reports = door::reports(&inputs, &Inspection::new(&all, &options));
    let met: Vec<_> =
        reports.iter().flat_map(|report| &report.verdicts).map(|(id, verdict)| (&**id, *verdict)).collect();
    for id in Policy::builtin_ids() {
        for verdict in [Verdict::Compliant, Verdict::NotCompliant] {
            assert!(met.contains(&(id, verdict)), "{id}: no fixture is {verdict:?}");
        }
    }
}

/// Policy, fixture, and the required rules that fail; what informs alone is told too.
#[test]
fn machines_in_order_and_machines_that_are_not() {
    let cases: &[(&str, &str, Verdict, &[&str])] = &[
        ("exchange", "reg/exchange-pass.reg", Verdict::Compliant, &[]),
        (
            "exchange",
            "reg/exchange-fail.reg",
            Verdict::NotCompliant,
            &[
                "tls11-values",
                "tls11-off",
                "dotnet-system-default-tls-versions",
                "dotnet-strong-crypto",
                "dotnet-wow64-system-default-tls-versions",
                "dotnet-wow64-strong-crypto",
                "dotnet-64-bit-protocol-left",
                "dotnet-32-bit-protocol-left",
            ],
        ),
        ("azure-devops", "reg/azure-devops-pass.reg", Verdict::Compliant, &[]),
        (
            "azure-devops",
            "reg/azure-devops-fail.reg",
            Verdict::NotCompliant,
            &["cipher-suites-azure-devops", "curves-nist", "dotnet-release"],
        ),
        ("mozilla-intermediate", "reg/mozilla-intermediate-pass.reg", Verdict::Compliant, &[]),
        (
            "mozilla-intermediate",
            "reg/mozilla-intermediate-fail.reg",
            Verdict::NotCompliant,
            &["tls10-server-off", "cipher-suites-no-others", "curves-no-others", "diffie-hellman-server-2048"],
        ),
        ("entra-agents", "hosts/compliant", Verdict::Compliant, &["dotnet-release-4.7.2"]),
        (
            "entra-agents",
            "hosts/nothing-set",
            Verdict::NotCompliant,
            &[
                "tls12-client-enabled",
                "tls12-client-disabled-by-default",
                "tls12-server-enabled",
                "tls12-server-disabled-by-default",
                "dotnet-strong-crypto",
                "dotnet-system-default-tls-versions",
                "dotnet-release-4.7.2",
            ],
        ),
        ("configuration-manager", "reg/exchange-pass.reg", Verdict::Compliant, &[]),
        (
            "configuration-manager",
            "reg/exchange-fail.reg",
            Verdict::NotCompliant,
            &[
                "dotnet-system-default-tls-versions",
                "dotnet-strong-crypto",
                "dotnet-v2-system-default-tls-versions",
                "dotnet-v2-strong-crypto",
                "dotnet-wow64-system-default-tls-versions",
                "dotnet-wow64-strong-crypto",
                "dotnet-v2-wow64-system-default-tls-versions",
                "dotnet-v2-wow64-strong-crypto",
            ],
        ),
        ("azure-backup", "reg/exchange-pass.reg", Verdict::Compliant, &[]),
        (
            "azure-backup",
            "reg/exchange-fail.reg",
            Verdict::NotCompliant,
            &[
                "dotnet-system-default-tls-versions",
                "dotnet-strong-crypto",
                "dotnet-wow64-system-default-tls-versions",
                "dotnet-wow64-strong-crypto",
            ],
        ),
        ("adfs-wap", "reg/exchange-pass.reg", Verdict::Compliant, &[]),
        (
            "adfs-wap",
            "reg/exchange-fail.reg",
            Verdict::NotCompliant,
            &["dotnet-strong-crypto", "dotnet-64-bit-protocol-left", "dotnet-v2-wow64-strong-crypto"],
        ),
        ("disa-stig-dotnet4", "reg/exchange-pass.reg", Verdict::Compliant, &[]),
        (
            "disa-stig-dotnet4",
            "reg/exchange-fail.reg",
            Verdict::NotCompliant,
            &[
                "stig-dotnet-wow64-strong-crypto",
                "stig-dotnet-strong-crypto",
                "stig-dotnet-system-default-tls-versions",
                "stig-dotnet-wow64-system-default-tls-versions",
            ],
        ),
        ("disa-stig-iis10", "reg/exchange-pass.reg", Verdict::Compliant, &[]),
        (
            "disa-stig-iis10",
            "reg/azure-devops-pass.reg",
            Verdict::NotCompliant,
            &[
                "stig-tls12-server-disabled-by-default",
                "stig-tls12-server-enabled",
                "stig-tls10-server-disabled-by-default",
                "stig-tls10-server-enabled",
                "stig-tls11-server-disabled-by-default",
                "stig-tls11-server-enabled",
            ],
        ),
        (
            "disa-stig-iis10-v2r10",
            "reg/exchange-pass.reg",
            Verdict::NotCompliant,
            &[
                "stig-ssl20-server-disabled-by-default",
                "stig-ssl20-server-enabled",
                "stig-ssl30-server-disabled-by-default",
                "stig-ssl30-server-enabled",
            ],
        ),
        (
            "disa-stig-iis10-v2r10",
            "hosts/iis-crypto",
            Verdict::NotCompliant,
            &[
                "stig-tls12-server-enabled",
                "stig-tls10-server-disabled-by-default",
                "stig-tls10-server-enabled",
                "stig-tls11-server-disabled-by-default",
                "stig-tls11-server-enabled",
                "stig-ssl20-server-disabled-by-default",
                "stig-ssl20-server-enabled",
                "stig-ssl30-server-disabled-by-default",
                "stig-ssl30-server-enabled",
            ],
        ),
    ];
    for &(id, name, verdict, fails) in cases {
        let policy = policy(id);
        let limits = Limits::default();
        let options = Options::new(&limits);
        let inputs = [root().join("fixtures").join(name)];
        let report = door::reports(&inputs, &Inspection::new(&policy, &options)).remove(0);
        let failed: Vec<&str> =
            report.findings.iter().filter(|f| f.outcome == Outcome::Fail).map(|f| f.rule.id.as_str()).collect();
        assert_eq!((report.verdict, failed.as_slice()), (verdict, fails), "{name}");
        let open: Vec<&str> =
            report.findings.iter().filter(|f| f.outcome == Outcome::Unknown).map(|f| f.rule.id.as_str()).collect();
        assert!(open.is_empty(), "{name}: {open:?}");
    }
}
