//! The policies that are built in: their files against the schema, the README's list against the policies, and the rules
//! about effective states against states that are written down here.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a panic is how a test fails")]

use std::collections::HashMap;
use std::path::Path;

use serde_json::Value as Json;
use tlshive::audit::{HostReport, Installed, Outcome, States, Verdict, audit_with};
use tlshive::host::{Host, Options, group, open};
use tlshive::limits::Limits;
use tlshive::output::rule_list;
use tlshive::policy::Policy;
use tlshive::source::{Search, discover};
use tlshive::windows::path::KeyPath;

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
    ] {
        let text = format!("{head}{rule}{lines}");
        let document: Json = toml::from_str(&text).unwrap();
        assert_eq!(schema.is_valid(&document), good, "schema: {lines}");
        assert_eq!(Policy::parse(&text).is_ok(), good, "program: {lines}");
    }
}

/// The list in the README is made from the policies: `UPDATE_README=1 cargo test --test policies` writes it anew.
#[test]
fn the_readme_lists_the_rules_as_they_are() {
    const MARKS: [&str; 2] = ["<!-- rules: made from the policies, do not edit -->\n", "<!-- end of rules -->\n"];
    let path = root().join("README.md");
    let readme = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = readme.split_once(MARKS[0]).unwrap();
    let (_, after) = rest.split_once(MARKS[1]).unwrap();
    let list = rule_list(&Policy::builtins().unwrap());
    let want = format!("{before}{}\n{list}\n{}{after}", MARKS[0], MARKS[1]);
    if std::env::var_os("UPDATE_README").is_some() {
        std::fs::write(&path, &want).unwrap();
    } else {
        assert_eq!(readme, want, "UPDATE_README=1 cargo test --test policies");
    }
}

/// States as somebody worked them out, and Entra Connect's version.
struct Known(HashMap<&'static str, &'static str>, Option<Installed>);

impl States for Known {
    fn state(&self, subject: &str) -> Option<(String, String)> {
        self.0.get(subject).map(|state| ((*state).to_owned(), "a test says so".to_owned()))
    }

    fn entra_connect(&self) -> Option<Installed> {
        self.1.clone()
    }
}

fn host(policy: &Policy, name: &str) -> Host {
    let limits = Limits::default();
    let found = discover(&[root().join("fixtures/hosts").join(name)], &Search::default(), &limits);
    let groups = group(&found.artifacts, false, &limits).groups;
    let interest: Vec<KeyPath> = policy.keys();
    let options = Options { interest: &interest, ..Options::new(&limits) };
    open(&groups[0], &options).0.remove(0)
}

fn judged(id: &str, name: &str, states: &[(&'static str, &'static str)], version: Option<&str>) -> HostReport {
    let policy = policy(id);
    let connect = version.map(|version| match version {
        "none" => Installed::No,
        version => Installed::Version(version.to_owned()),
    });
    audit_with(&policy, &host(&policy, name), &Known(states.iter().copied().collect(), connect))
}

/// States of a machine that has TLS 1.2 on and everything else as Windows Server 2022 ships it.
const SERVER_2022: [(&str, &str); 17] = [
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
        ("nothing-set", but(&[]), Some("none"), Compliant),
        ("nothing-set", but(&[]), None, Unknown),
        ("compliant", but(&[]), Some("2.4.21.0"), Compliant),
        ("disabled", but(&[]), Some("2.5.79.0"), NotCompliant),
        ("disabled", but(&[]), Some("2.0.25.1"), Compliant),
        ("nothing-set", but(&[("schannel/TLS 1.2/client", "soft-off")]), Some("2.5.79.0"), NotCompliant),
        ("nothing-set", but(&[("schannel/TLS 1.2/server", "off")]), Some("2.5.79.0"), Compliant),
        ("nothing-set", but(&[("dotnet/v4/64-bit", "off")]), Some("2.5.79.0"), NotCompliant),
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
