//! Policies, waivers and explanations, as a user meets them.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a panic is how a test fails")]
#![cfg(unix)]

#[allow(dead_code, reason = "each test program uses a part of it")]
mod common;

use common::{finish, program, root, run, scratch};
use serde_json::Value as Json;

const HOSTS: [&str; 9] = [
    "compliant",
    "nothing-set",
    "disabled",
    "wrong-type",
    "iis-crypto",
    "windows-11",
    "x86",
    "system-only",
    "damaged-target",
];

/// The policies as they are listed, and their exit statuses by the hosts in the order above: 0 compliant, 1 not compliant, 3
/// unknown. TLS 1.1 is on by default everywhere, and only Server 2022 and Windows 11 have TLS 1.3; a REG_SZ is no value to
/// .NET, which then goes by the other. Each host lacks some of the values of TLS 1.1 that `exchange` asks for, and those with
/// SOFTWARE those of .NET Framework 2.0 to 3.5 that `azure-devops` asks for.
const VERDICTS: &[(&str, [i32; 9])] = &[
    ("entra-connect-tls12", [0, 1, 1, 1, 0, 0, 0, 3, 3]),
    ("entra-connect-effective", [0, 0, 1, 0, 0, 0, 3, 3, 3]),
    ("tls12-only", [1, 1, 1, 1, 1, 1, 1, 3, 1]),
    ("disa-stig-iis10", [1, 1, 1, 1, 1, 1, 1, 1, 1]),
    ("disa-stig-iis10-v2r10", [1, 1, 1, 1, 1, 1, 1, 1, 1]),
    ("disa-stig-dotnet4", [0, 1, 1, 0, 0, 0, 3, 3, 0]),
    ("nist-sp-800-52r2", [1, 0, 1, 1, 1, 0, 1, 3, 1]),
    ("bsi-tr-02102-2", [1, 1, 1, 1, 1, 1, 1, 3, 1]),
    ("mozilla-intermediate", [1, 1, 1, 1, 1, 1, 1, 3, 1]),
    ("exchange", [1, 1, 1, 1, 1, 1, 1, 1, 1]),
    ("azure-devops", [1, 1, 1, 1, 1, 1, 1, 3, 1]),
    ("entra-agents", [0, 1, 1, 1, 0, 0, 0, 3, 3]),
    ("configuration-manager", [1, 1, 1, 1, 1, 1, 1, 3, 1]),
    ("azure-backup", [0, 1, 1, 1, 0, 0, 0, 3, 3]),
    ("adfs-wap", [0, 1, 1, 1, 0, 0, 0, 3, 3]),
];

fn policies() -> Vec<&'static str> {
    VERDICTS.iter().map(|(policy, _)| *policy).collect()
}

#[test]
fn each_policy_has_its_verdict_on_each_host() {
    for (policy, statuses) in VERDICTS {
        for (host, status) in HOSTS.iter().zip(statuses) {
            let run = run(&["audit", "-q", "--policy", policy, &format!("fixtures/hosts/{host}")]);
            assert_eq!(run.status, *status, "{policy} on {host}");
        }
    }
}

#[test]
fn the_default_policy_is_the_document() {
    let default = run(&["audit", "fixtures/hosts/compliant"]);
    let named = run(&["audit", "--policy", policies()[0], "fixtures/hosts/compliant"]);
    assert_eq!(default.out(), named.out());
    assert!(default.out().contains("policy entra-connect-tls12 1.1.0"), "{}", default.out());
}

/// A host that a STIG auditor accepts, made from the policy's own file.
#[test]
fn what_generate_writes_passes_the_policy_it_was_written_for() {
    let (_folder, path) = scratch();
    for policy in ["entra-connect-tls12", "disa-stig-iis10", "disa-stig-iis10-v2r10", "disa-stig-dotnet4"] {
        let file = path.join(format!("{policy}.reg"));
        let file = file.to_str().unwrap();
        assert_eq!(run(&["generate", "enable", "--policy", policy, "-o", file]).status, 0);
        let audit = run(&["audit", "--policy", policy, file]);
        assert_eq!(audit.status, 0, "{policy}: {}{}", audit.out(), audit.err());
    }
}

#[test]
fn generate_says_which_rules_it_leaves_out() {
    let some = run(&["generate", "enable", "--policy", "entra-connect-effective"]);
    assert_eq!(some.status, 0);
    assert!(some.err().contains("Nothing is written for entra-connect-programs, "), "{}", some.err());
    for (args, said) in [
        (["enable", "--policy", "tls12-only", "--format", "reg"], "for any of its rules"),
        (["disable", "--policy", "disa-stig-iis10", "--format", "reg"], "do not say what the contrary is"),
        (
            ["enable", "--policy", "entra-connect-effective", "--values", "cipher-suites-tls12"],
            "for rule cipher-suites-tls12",
        ),
    ] {
        let none = run(&[&["generate"], args.as_slice()].concat());
        assert_eq!((none.status, none.stdout.len()), (2, 0), "{args:?}");
        assert!(none.err().contains(said), "{}", none.err());
    }
}

#[test]
fn policies_are_listed_shown_and_checked() {
    let list = run(&["policy", "list"]);
    let ids: Vec<String> = list.out().lines().map(|line| line.split(' ').next().unwrap().to_owned()).collect();
    assert_eq!(ids, policies());
    let (_folder, path) = scratch();
    for policy in policies() {
        let show = run(&["policy", "show", policy]);
        let text = std::fs::read(root().join(format!("src/policy/builtin/{policy}.toml"))).unwrap();
        assert_eq!(show.stdout, text, "{policy}");
        let file = path.join("own.toml");
        std::fs::write(&file, &show.stdout).unwrap();
        let check = run(&["policy", "check", file.to_str().unwrap()]);
        assert_eq!(check.status, 0, "{policy}: {}", check.err());
        assert!(check.out().contains(&format!("policy {policy}, ")), "{}", check.out());
    }
    assert_eq!(run(&["policy", "show", "nonsense"]).status, 2);
}

const OWN: &str = "id = 'own'\nversion = '7'\ndate = '2026-11-22'\ntitle = 'Own'\nsource = 'us'\n\n[[rule]]\nid = 'r'\n\
                   title = 't'\nwhy = 'w'\nsource = 's'\n\
                   key = 'HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Control\\SecurityProviders\\SCHANNEL\\Protocols\\SSL 3.0\\Client'\n\
                   value = 'Enabled'\ntype = 'REG_DWORD'\nenable = 0\nabsent = 'pass'\n";

#[test]
fn a_users_own_policy_is_used() {
    let (_folder, path) = scratch();
    let file = path.join("own.toml");
    let file = file.to_str().unwrap();
    std::fs::write(file, OWN).unwrap();
    let report = run(&["audit", "--policy", file, "--format", "json", "fixtures/hosts/compliant"]);
    assert_eq!(report.status, 0, "{}", report.err());
    let report = report.json();
    assert_eq!(
        (&report["run"]["policies"][0]["id"], &report["run"]["policies"][0]["version"]),
        (&"own".into(), &"7".into())
    );
    let finding = &report["hosts"][0]["findings"][0];
    assert_eq!((&finding["outcome"], &finding["expected"]["absent_passes"]), (&"pass".into(), &true.into()));
    // Limited to builds that this host (17763) is not of, the rule does not apply; nothing else decides.
    std::fs::write(file, format!("{OWN}only = {{ min_build = 20348 }}\n")).unwrap();
    let report = run(&["audit", "--policy", file, "--format", "json", "fixtures/hosts/compliant"]);
    assert_eq!(report.status, 3);
    assert_eq!(report.json()["hosts"][0]["findings"][0]["outcome"], "not_applicable");
    // A `.reg` file names no build.
    let report = run(&["audit", "--policy", file, "--format", "json", "fixtures/reg/compliant-utf8.reg"]).json();
    let finding = &report["hosts"][0]["findings"][0];
    assert_eq!(finding["outcome"], "unknown");
    assert!(finding["why"].as_str().unwrap().contains("build 20348 or later"), "{finding}");
}

#[test]
fn bad_policies_are_refused_with_their_place() {
    let (_folder, path) = scratch();
    let file = path.join("bad.toml");
    let file = file.to_str().unwrap();
    for (text, said) in [
        (OWN.replace("why = 'w'\n", "why = 'w'\ncolour = 'red'\n"), "line 11, column 1"),
        (OWN.replace("'REG_DWORD'", "'REG_SZ'"), "line 14, column 8"),
        (OWN.replace("version = '7'\n", ""), "missing field `version`"),
        (OWN.replace("absent = 'pass'", "absent = pass"), "line 16, column 10"),
        ("\u{1b}[31m".to_owned(), "\\u{1b}[31m"),
        ("x".repeat(2 << 20), "longer than"),
    ] {
        std::fs::write(file, text).unwrap();
        for args in [
            vec!["policy", "check", file],
            vec!["audit", "--policy", file, "fixtures/hosts/compliant"],
            vec!["generate", "enable", "--policy", file],
            vec!["explain", "--policy", file],
        ] {
            let run = run(&args);
            assert_eq!((run.status, run.stdout.len()), (2, 0), "{args:?}");
            assert!(run.err().contains(said) && run.err().contains(file), "{said}: {}", run.err());
            assert!(!run.err().contains('\u{1b}'), "{:?}", run.err());
        }
    }
    let missing = run(&["audit", "--policy", "./no-such-policy", "fixtures/hosts/compliant"]);
    assert!(missing.status == 2 && missing.err().contains("./no-such-policy: "), "{}", missing.err());
    let unknown = run(&["audit", "--policy", "no-such-policy", "fixtures/hosts/compliant"]);
    assert!(unknown.status == 2 && unknown.err().contains("entra-connect-tls12, "), "{}", unknown.err());
}

/// Audits the host whose `SchUseStrongCrypto` has the wrong type with these waivers, on 2026-11-22.
fn waived(waivers: &str) -> (i32, Json, String, String) {
    let (_folder, path) = scratch();
    let file = path.join("waivers.toml");
    std::fs::write(&file, waivers).unwrap();
    let args = |format| {
        let file = file.to_str().unwrap();
        ["audit", "--waivers", file, "--date", "2026-11-22", "--format", format, "fixtures/hosts/wrong-type"]
            .map(str::to_owned)
    };
    let (json, text, script) = (run(&args("json")), run(&args("text")), run(&args("script")));
    assert_eq!((json.status, json.status), (text.status, script.status));
    (json.status, json.json(), text.out() + &text.err(), script.out())
}

fn waiver(more: &str) -> String {
    format!("[[waiver]]\nrule = 'dotnet-strong-crypto'\nreason = 'replaced in May'\n{more}\n")
}

#[test]
fn a_waived_failure_is_kept_and_does_not_count() {
    for more in ["", "hosts = ['web-*', 'aadc-??']", "expires = '2026-11-22'"] {
        let (status, json, text, script) = waived(&waiver(more));
        assert_eq!(status, 0, "{more}: {text}");
        let finding = &json["hosts"][0]["findings"][3];
        assert_eq!((&finding["rule"], &finding["outcome"]), (&"dotnet-strong-crypto".into(), &"fail".into()));
        assert_eq!(finding["waived"]["reason"], "replaced in May");
        assert_eq!(finding["waived"]["expires"].is_null(), !more.contains("expires"));
        assert_eq!((&json["summary"]["waived"], &json["summary"]["compliant"]), (&1.into(), &1.into()));
        assert!(json["diagnostics"].as_array().unwrap().is_empty());
        assert!(text.contains("waived: replaced in May") && text.contains(" · 1 waived"), "{text}");
        assert!(script.contains("Waived: dotnet-strong-crypto: replaced in May"), "{script}");
    }
}

#[test]
fn a_waiver_that_does_nothing_is_reported() {
    for (more, rule, code, said) in [
        ("expires = '2026-11-21'", "dotnet-strong-crypto", "waiver-expired", "expired on 2026-11-21"),
        ("hosts = ['WEB-*']", "dotnet-strong-crypto", "waiver-unused", "(WEB-*)"),
        ("", "tls12-client-enabled", "waiver-unused", "rule tls12-client-enabled fails on no host"),
    ] {
        let (status, json, text, script) = waived(&waiver(more).replace("dotnet-strong-crypto", rule));
        assert_eq!((status, &json["summary"]["waived"]), (1, &0.into()), "{code}: {text}");
        let diagnostic = &json["diagnostics"][0];
        assert_eq!((&diagnostic["code"], &diagnostic["severity"]), (&code.into(), &"warning".into()));
        assert_eq!(diagnostic["place"]["line"], 1);
        assert!(text.contains(said) && !script.contains("Waived"), "{said}: {text}");
    }
}

#[test]
fn a_waiver_of_a_rule_that_the_policy_does_not_have_is_an_error() {
    let (_folder, path) = scratch();
    let file = path.join("waivers.toml");
    for (rule, said) in [
        ("dotnet-strong-cripto", "has no rule \"dotnet-strong-cripto\" (did you mean \"dotnet-strong-crypto\"?)"),
        ("tls12-client-effective", "policy entra-connect-tls12 has no rule \"tls12-client-effective\""),
        ("no-such-rule", "line 4: policy entra-connect-tls12 has no rule \"no-such-rule\""),
    ] {
        let text = format!(
            "[[waiver]]\nrule = 'dotnet-strong-crypto'\nreason = 'r'\n[[waiver]]\nrule = '{rule}'\nreason = 'r'\n"
        );
        std::fs::write(&file, text).unwrap();
        let run = run(&["audit", "--waivers", file.to_str().unwrap(), "fixtures/hosts/wrong-type"]);
        assert_eq!((run.status, run.out()), (2, String::new()));
        assert!(run.err().contains(said), "{}", run.err());
    }
}

#[test]
fn without_a_date_expiry_is_held_against_the_clock() {
    let (_folder, path) = scratch();
    let file = path.join("waivers.toml");
    for (day, status) in [("2020-01-01", 1), ("9999-12-31", 0)] {
        std::fs::write(&file, waiver(&format!("expires = '{day}'"))).unwrap();
        let args = ["audit", "--waivers", file.to_str().unwrap(), "fixtures/hosts/wrong-type"];
        // A day before the one on which it expired: a variable brings nothing back.
        for epoch in [None, Some("1546300800")] {
            let mut command = program(&args);
            match epoch {
                Some(epoch) => command.env("SOURCE_DATE_EPOCH", epoch),
                None => command.env_remove("SOURCE_DATE_EPOCH"),
            };
            let run = finish(command);
            assert_eq!(run.status, status, "{day}, {epoch:?}: {}", run.err());
        }
    }
}

#[test]
fn bad_waivers_are_refused_with_their_place() {
    let (_folder, path) = scratch();
    let file = path.join("waivers.toml");
    let file = file.to_str().unwrap();
    for (text, said) in [
        ("[[waiver]]\nrule = 'r'\n", "line 1, column 1"),
        ("[[waiver]]\nrule = 'r'\nreason = ''\n", "line 3, column 10"),
        ("[[waiver]]\nrule = 'r'\nreason = 'x'\nuntil = '2026-01-01'\n", "unknown field `until`"),
    ] {
        std::fs::write(file, text).unwrap();
        let run = run(&["audit", "--waivers", file, "fixtures/hosts/compliant"]);
        assert_eq!((run.status, run.stdout.len()), (2, 0), "{text}");
        assert!(run.err().contains(said) && run.err().contains(file), "{said}: {}", run.err());
    }
    assert_eq!(run(&["audit", "--waivers", "no-such-file", "fixtures/hosts/compliant"]).status, 2);
    assert_eq!(run(&["audit", "--date", "2026-11-22", "fixtures/hosts/compliant"]).status, 2);
    assert_eq!(run(&["audit", "--waivers", file, "--date", "22.11.2026", "fixtures/hosts/compliant"]).status, 2);
}

#[test]
fn every_rule_is_explained() {
    let list = run(&["explain"]).out();
    let mut explained = 0;
    for policy in policies() {
        let report = run(&["audit", "--policy", policy, "--format", "json", "fixtures/hosts/compliant"]).json();
        for finding in report["hosts"][0]["findings"].as_array().unwrap() {
            let id = finding["rule"].as_str().unwrap();
            assert!(list.contains(&format!("  {id} ")), "{id} is listed");
            let text = run(&["explain", id, "--policy", policy]).out();
            for part in [id, &format!("in policy {policy} "), "\nChecks\n", "\nWhy\n", "\nFix\n", "\nSource\n"] {
                assert!(text.contains(part), "{id}: {part}: {text}");
            }
            explained += 1;
        }
    }
    assert!(explained > 60);
    let shared = run(&["explain", "tls10-server-off"]).out();
    assert!(shared.contains("Also in\n  nist-sp-800-52r2, bsi-tr-02102-2"), "{shared}");
    let unknown = run(&["explain", "no-such-rule"]);
    assert!(unknown.status == 2 && unknown.err().contains("no-such-rule"), "{}", unknown.err());
}

#[test]
fn every_code_is_explained() {
    for code in tlshive::diagnostic::Code::ALL {
        let text = run(&["explain", code.as_str()]).out();
        assert!(
            text.starts_with(&format!("{code}: ")) && text.contains("\nWhy\n") && text.contains("\nNext\n"),
            "{text}"
        );
    }
    let unknown = run(&["explain", "waiver-expird"]);
    assert!(unknown.status == 2 && unknown.err().contains("did you mean \"waiver-expired\"?"), "{}", unknown.err());
}

#[test]
fn every_code_that_the_fixtures_show_is_explained() {
    let report = run(&["audit", "--format", "json", "fixtures", "no-such-file"]).json();
    let mut codes = std::collections::BTreeSet::new();
    let mut add = |list: &serde_json::Value, name: &str| {
        codes.extend(list.as_array().unwrap().iter().filter_map(|one| one[name].as_str().map(ToOwned::to_owned)));
    };
    add(&report["diagnostics"], "code");
    add(&report["inputs"], "code");
    for host in report["hosts"].as_array().unwrap() {
        add(&host["effective"]["lints"], "id");
    }
    assert!(codes.len() > 25, "{codes:?}");
    for code in codes {
        let run = run(&["explain", &code]);
        assert!(run.status == 0 && run.out().starts_with(&format!("{code}: ")), "{code}: {}", run.err());
    }
}
