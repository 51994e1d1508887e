//! What Windows would really do, for people: one line always, the whole of it when asked.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use super::Painter;
use crate::audit::effective::tables;
use crate::audit::effective::{
    Agent, Availability, Ciphers, DOTNET_LIMITS, Effective, Installed, Needs, Offer, OverallState, Product, Program,
};
use crate::audit::restart::{self, Pending};
use crate::output::escape;

impl Painter {
    /// The line below the policy's verdict.
    pub(super) fn effective_line(&self, effective: &Effective, out: &mut dyn Write) -> io::Result<()> {
        let (colour, word) = match effective.overall.state {
            OverallState::On => (AnsiColor::Green, "on"),
            OverallState::Partly => (AnsiColor::Yellow, "partly on"),
            OverallState::Off => (AnsiColor::Red, "off"),
            OverallState::Unknown => (AnsiColor::Yellow, "unknown"),
        };
        let label = self.paint(Style::new().dimmed(), &format!("{:<12}", "effective"));
        let word = self.paint(colour.on_default().bold(), word);
        writeln!(out, "  {label} TLS 1.2 is {word}: {}", escape(&effective.overall.why))
    }

    /// What is odd.
    pub(super) fn lints(&self, effective: &Effective, out: &mut dyn Write) -> io::Result<()> {
        for lint in &effective.lints {
            let word = lint.id.severity().word();
            let word = self.paint(AnsiColor::Yellow.on_default(), word);
            let mut tail = format!(" [{}]", lint.id);
            if self.verbose {
                tail.extend(lint.place.as_ref().map(|place| format!(" at {place}")));
            }
            writeln!(out, "  {word}: {}{}", escape(&lint.why), self.paint(Style::new().dimmed(), &escape(&tail)))?;
        }
        if effective.restart.pending == Pending::Yes {
            let label = self.paint(AnsiColor::Yellow.on_default(), "note");
            writeln!(out, "  {label}: restart pending: {}", escape(&effective.restart.why))?;
        }
        Ok(())
    }

    /// All of it.
    pub(super) fn effective_table(&self, effective: &Effective, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "\n  In effect")?;
        for protocol in &effective.protocols {
            for (side, fact) in [("client", &protocol.client), ("server", &protocol.server)] {
                let name = if side == "client" { protocol.protocol } else { "" };
                let places: Vec<String> = fact.places.iter().map(ToString::to_string).collect();
                let places = if places.is_empty() { String::new() } else { format!(" · {}", places.join(", ")) };
                let line = format!("{name:<9} {side}  {:<13} {}{places}", fact.state.word(), fact.why);
                self.row(out, &line)?;
            }
        }
        let net = &effective.dotnet;
        let release = net.release.map_or_else(|| "version not known".to_owned(), |n| format!("release {n}"));
        let version = net.version.map(|v| format!("{v}, ")).unwrap_or_default();
        self.row(out, &format!(".NET Framework {version}{release}"))?;
        for program in &net.programs {
            let (view, target) = (program.view.text(), program.target.text());
            let line = format!("  {view} programs for {target}: {} ({})", offer(program), program.why);
            self.row(out, &line)?;
        }
        for (view, answer, why) in &net.clr2 {
            self.row(out, &format!("  {} programs for 2.0 to 3.5: TLS 1.2: {} ({why})", view.text(), answer.word()))?;
        }
        self.row(out, &format!("  {DOTNET_LIMITS}"))?;
        for view in &effective.winhttp.views {
            let line = format!("WinHTTP, {} callers: TLS 1.2: {} ({})", view.view.text(), view.tls12.word(), view.why);
            self.row(out, &line)?;
        }
        if let Some(policy) = &effective.winhttp.internet_settings_policy {
            self.row(out, &format!("Internet Settings, by policy: {policy}"))?;
        }
        self.row(out, &format!("FIPS mode: {}", effective.winhttp.fips.word()))?;
        let ciphers = &effective.ciphers;
        let mut line = format!(
            "Cipher suites: {}{}, usable: {}, for .NET: {}, for Entra ID: {}",
            ciphers.why,
            left(ciphers),
            ciphers.tls12_left.word(),
            ciphers.strong_left.word(),
            ciphers.entra_left.word()
        );
        let tls13 = effective.protocols.iter().find(|protocol| protocol.protocol == "TLS 1.3");
        if tls13.is_some_and(|tls13| tls13.client.state != Availability::NotSupported) {
            line.push_str(&format!("; for TLS 1.3: {}", ciphers.tls13_left.word()));
        }
        self.row(out, &line)?;
        if !ciphers.turned_off.is_empty() {
            self.row(out, &format!("  turned off: {}", ciphers.turned_off.join(", ")))?;
        }
        self.product(effective, out)?;
        let pending = effective.restart.pending.word();
        self.row(out, &format!("Restart pending: {pending}: {}", effective.restart.why))?;
        self.row(out, &format!("  limits: {}", restart::LIMITS))?;
        let tables: Vec<String> =
            tables::all().iter().map(|table| format!("{} of {}", table.file, table.as_of)).collect();
        self.row(out, &format!("Tables: {} (sources: tlshive tables)", tables.join(", ")))
    }

    fn product(&self, effective: &Effective, out: &mut dyn Write) -> io::Result<()> {
        let product = &effective.product;
        let installed = match product.installed {
            Installed::Yes => "installed",
            Installed::Remnant => "a remnant",
            Installed::No => "not installed",
            Installed::Unknown => "unknown",
        };
        let version = product.version.as_ref().map(|v| format!(" {v}")).unwrap_or_default();
        self.row(out, &format!("Entra Connect{version}: {installed} ({})", product.why))?;
        if product.version.is_some() {
            let needs = match product.needs {
                Needs::Values => "asks for the registry values",
                Needs::NoValues => "does not ask for the registry values",
                Needs::Unknown => "whether it asks for the registry values is not known",
            };
            self.row(out, &format!("  {needs} (as of {})", product.as_of))?;
        }
        if let Some((standing, why)) = &product.standing {
            self.row(out, &format!("  {}: {why}", standing.word()))?;
        }
        for fact in product.facts.iter().filter(|fact| !standing_says(product, fact)) {
            self.row(out, &format!("  {fact}"))?;
        }
        for other in &product.others {
            let version = other.version.as_deref().unwrap_or("version not known");
            self.row(out, &format!("  beside it: {}, {version}", other.name))?;
        }
        for agent in &product.agents {
            self.row(out, &format!("  {}", agent_line(agent)))?;
        }
        match &product.windows_support {
            Some(support) => {
                let (ends, of) = (&support.ends, support.of);
                self.row(out, &format!("Windows: {of} ends or ended on {ends} ({})", support.as_of()))
            }
            None => Ok(()),
        }
    }

    fn row(&self, out: &mut dyn Write, line: &str) -> io::Result<()> {
        writeln!(out, "    {}", escape(line))
    }
}

/// Whether the line about the standing has said it.
fn standing_says(product: &Product, fact: &str) -> bool {
    product.standing.as_ref().is_some_and(|(_, why)| why == fact)
}

fn agent_line(agent: &Agent) -> String {
    let version = agent.version.as_deref().unwrap_or("version not known");
    let min = agent.min.as_ref().map(|min| format!("; {min} or later is asked for")).unwrap_or_default();
    format!("{}: {version} (service {}){min}", agent.name, agent.service)
}

/// How many suites of TLS 1.2 are left; nothing where that is not known.
fn left(ciphers: &Ciphers) -> String {
    match (ciphers.tls12.len(), ciphers.in_doubt) {
        (_, None) => String::new(),
        (n, Some(0)) => format!("; {n} of TLS 1.2 left"),
        (0, Some(doubted)) => format!("; {doubted} of TLS 1.2 may be left"),
        (n, Some(doubted)) => format!("; {n} of TLS 1.2 left, {doubted} more may be"),
    }
}

fn offer(program: &Program) -> String {
    let offer = match program.offer {
        Offer::Os => "what Schannel offers",
        Offer::Tls10To12 => "TLS 1.0 to 1.2",
        Offer::Tls10To13 => "TLS 1.0 to 1.3",
        Offer::Ssl3Tls10 => "SSL 3.0 and TLS 1.0",
        Offer::Unknown => "not known",
    };
    format!("{offer}; TLS 1.2: {}", program.reaches_tls12.word())
}
