//! Policies `exchange` and `azure-devops` against what HealthChecker and Azure DevOps' script themselves said of 118 registry
//! states. Runs where the answers lie beside the checkout; the disagreements that are left are listed here by state, and
//! explained in `src/policy/README.md`.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::indexing_slicing,
    reason = "a panic is how a test fails"
)]

#[path = "common/door.rs"]
#[allow(dead_code, reason = "each test program uses a part of it")]
mod door;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value as Json;
use tlshive::audit::{HostReport, Outcome};
use tlshive::host::Options;
use tlshive::limits::Limits;
use tlshive::policy::Policy;
use tlshive::registry::reg_file::RegIs;
use tlshive::run::Inspection;

/// What is asked, and the states of which the answers differ.
const LEFT: [(&str, &str); 9] = [
    // Values of the wrong type: to HealthChecker, and to the check before Extended Protection, a text "1" is a 1.
    ("HealthChecker: TLS 1.2 by the book", "f-17 f-23 f-29 f-32 f-35"),
    ("HealthChecker: Extended Protection", "a-wrong-type f-57 f-65 f-67"),
    // Not set is soft-off on Server 2008 R2.
    ("HealthChecker: sides of TLS 1.2", "d-05"),
    // Not set is on from Server 2022 on.
    ("HealthChecker: TLS 1.3", "a-nothing-set a-windows-11 e-11"),
    // On by default on Server 2012; no suite of TLS 1.2, or a list of an undocumented type; texts.
    ("Azure DevOps: client", "d-06 d-07 e-11 e-12 f-31 f-32 f-37 f-38"),
    // Both AES ciphers turned off, which the script does not look at.
    ("Azure DevOps: suites", "e-15"),
    // A 2, and texts, count as on.
    ("Azure DevOps: .NET 4, native", "a-wrong-type f-56 f-57 f-60 f-61 f-62 f-65 f-66 f-67"),
    ("Azure DevOps: .NET 4, wow", "f-56 f-57 f-60 f-61 f-62 f-65 f-66 f-67"),
    // The rule says whether a protocol is left, HealthChecker whether all four values are 1: 32-bit Windows has two of them.
    ("HealthChecker: .NET follows", "a-x86"),
];

fn beside() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/cases/peers")
}

/// One report a state, by its name.
fn reports(id: &str) -> BTreeMap<String, HostReport> {
    let limits = Limits::default();
    let policy = Policy::builtins().unwrap().into_iter().find(|policy| policy.id == id).unwrap();
    let options = Options { reg_is: RegIs::Export, ..Options::new(&limits) };
    let reports = door::reports(&[beside().join("states.tar.gz")], &Inspection::new(&policy, &options));
    reports.into_iter().map(|report| (report.name.trim_end_matches(".reg").to_owned(), report)).collect()
}

struct Left(BTreeMap<&'static str, Vec<String>>);

impl Left {
    fn ask(&mut self, question: &'static str, state: &str, peer: bool, own: bool) {
        let states = self.0.entry(question).or_default();
        if peer != own {
            states.push(state.to_owned());
        }
    }
}

fn outcome(report: &HostReport, rule: &str) -> Outcome {
    report.findings.iter().find(|finding| finding.rule.id == rule).unwrap_or_else(|| panic!("{rule}")).outcome
}

fn passes(report: &HostReport, rules: &[&str]) -> bool {
    rules.iter().all(|rule| outcome(report, rule) == Outcome::Pass)
}

const NET_4: [&str; 2] = ["dotnet-system-default-tls-versions", "dotnet-strong-crypto"];
const NET_4_WOW: [&str; 2] = ["dotnet-wow64-system-default-tls-versions", "dotnet-wow64-strong-crypto"];
const NET_2: [&str; 2] = ["dotnet-v2-system-default-tls-versions", "dotnet-v2-strong-crypto"];
const NET_2_WOW: [&str; 2] = ["dotnet-v2-wow64-system-default-tls-versions", "dotnet-v2-wow64-strong-crypto"];

fn health_checker(left: &mut Left, state: &str, said: &Json, report: &HostReport) {
    for (protocol, question, values, sides) in [
        ("TLS 1.0", "HealthChecker: TLS 1.0 by the book", "tls10-values", "tls10-sides-alike"),
        ("TLS 1.1", "HealthChecker: TLS 1.1 by the book", "tls11-values", "tls11-sides-alike"),
        ("TLS 1.2", "HealthChecker: TLS 1.2 by the book", "tls12-values", "tls12-sides-alike"),
    ] {
        let said = &said["protocols"][protocol];
        let configuration = said["configuration"].as_str().unwrap();
        let in_order = configuration == "Enabled" || configuration == "Disabled" && protocol != "TLS 1.2";
        let set = said["not_set_errors"].as_array().unwrap().is_empty();
        left.ask(question, state, in_order && set, passes(report, &[values]));
        let question = if protocol == "TLS 1.2" { "HealthChecker: sides of TLS 1.2" } else { "HealthChecker: sides" };
        left.ask(question, state, configuration != "Misconfigured", outcome(report, sides) != Outcome::Fail);
    }
    let four = [NET_4, NET_4_WOW].concat();
    let passed = said["extended_protection"]["passed"] == true;
    left.ask("HealthChecker: Extended Protection", state, passed, passes(report, &four));
    let remarks: Vec<&str> = said["remarks"].as_array().unwrap().iter().filter_map(Json::as_str).collect();
    let behind = remarks.contains(&"dotnet-not-as-recommended:Red");
    let none_left = ["dotnet-64-bit-protocol-left", "dotnet-32-bit-protocol-left"];
    let none_left = none_left.iter().any(|rule| outcome(report, rule) == Outcome::Fail);
    left.ask("HealthChecker: .NET follows", state, !behind, !none_left);
    let on = remarks.contains(&"tls13-not-disabled:Red");
    let rules = ["tls13-not-turned-on", "tls13-by-exchange-version"];
    left.ask("HealthChecker: TLS 1.3", state, on, rules.iter().any(|rule| outcome(report, rule) == Outcome::Fail));
}

fn azure_devops(left: &mut Left, state: &str, said: &Json, report: &HostReport) {
    let is = |what: &str, word: &str| said[what] == word;
    left.ask("Azure DevOps: client", state, is("client_tls12", "enabled"), passes(report, &["tls12-client-effective"]));
    let release = is("dotnet_release", "4.7-or-later");
    left.ask("Azure DevOps: release", state, release, passes(report, &["dotnet-release"]));
    let suites = is("suites", "ok") && is("key_exchange", "ok");
    left.ask("Azure DevOps: suites", state, suites, passes(report, &["cipher-suites-azure-devops"]));
    let curves = is("curves", "ok") || is("curves", "not-looked-at");
    left.ask("Azure DevOps: curves", state, curves, passes(report, &["curves-nist"]));
    let off = said["key_exchange_disabled"].as_array().unwrap();
    for (name, rule) in [("ECDH", "key-exchange-ecdh"), ("Diffie-Hellman", "key-exchange-diffie-hellman")] {
        left.ask("Azure DevOps: key exchange", state, !off.iter().any(|off| off == name), passes(report, &[rule]));
    }
    for (question, view, rules) in [
        ("Azure DevOps: .NET 4, native", "v4.0.30319 native", NET_4),
        ("Azure DevOps: .NET 4, wow", "v4.0.30319 wow", NET_4_WOW),
        ("Azure DevOps: .NET 2.0 to 3.5", "v2.0.50727 native", NET_2),
        ("Azure DevOps: .NET 2.0 to 3.5", "v2.0.50727 wow", NET_2_WOW),
    ] {
        left.ask(question, state, said["dotnet"][view] == "enforced", passes(report, &rules));
    }
}

#[test]
fn other_tools_and_the_policies_after_them_agree_but_where_the_reason_is_known() {
    let Ok(peers) = std::fs::read(beside().join("peers.json")) else {
        eprintln!("skipped: no {}", beside().display());
        return;
    };
    let peers: Json = serde_json::from_slice(&peers).unwrap();
    let (exchange, devops) = (reports("exchange"), reports("azure-devops"));
    let mut left = Left(BTreeMap::new());
    let states = peers["states"].as_object().unwrap();
    for (state, said) in states {
        health_checker(&mut left, state, &said["healthchecker"], &exchange[state]);
        azure_devops(&mut left, state, &said["azure_devops"], &devops[state]);
    }
    assert_eq!(states.len(), 118);
    let found: BTreeMap<&str, String> =
        left.0.into_iter().map(|(question, states)| (question, states.join(" "))).collect();
    let listed: BTreeMap<&str, &str> = LEFT.into_iter().collect();
    for (question, states) in found {
        assert_eq!(states, listed.get(question).copied().unwrap_or_default(), "{question}");
    }
}
