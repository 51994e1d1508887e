//! The output formats, each over the fixtures that show most of it.

use crate::common::{formats, run};
use crate::snapshot::assert_run;

const MIXED: [&str; 4] =
    ["fixtures/hosts/wrong-type", "fixtures/hosts/damaged-target", "fixtures/hosts/x86", "fixtures/reg/deletions.reg"];

fn with<'a>(args: &[&'a str], inputs: &[&'a str]) -> Vec<&'a str> {
    args.iter().chain(inputs).copied().collect()
}

#[test]
fn text_of_a_compliant_host() {
    assert_run("text_compliant", &["audit", "fixtures/hosts/compliant"]);
}

#[test]
fn text_of_hosts_with_every_outcome() {
    assert_run("text_mixed", &with(&["audit", "--details"], &MIXED));
}

#[test]
fn text_of_many_machines_is_the_answer_a_table_and_kinds() {
    assert_run("text_overview", &with(&["audit"], &MIXED));
}

#[test]
fn text_with_all_evidence() {
    assert_run("text_verbose", &with(&["audit", "-v"], &["fixtures/hosts/dirty", "fixtures/reg/disabled.reg"]));
}

#[test]
fn text_in_colour() {
    assert_run("text_colour", &with(&["audit", "--color", "always"], &["fixtures/hosts/dirty", "fixtures/hosts/x86"]));
}

#[test]
fn json_of_hosts_with_every_outcome() {
    assert_run("json_mixed", &with(&["audit", "--format", "json"], &MIXED));
}

#[test]
fn jsonl_is_one_line_a_record() {
    let run = assert_run(
        "jsonl_two_hosts",
        &["audit", "--format", "jsonl", "fixtures/hosts/iis-crypto", "fixtures/reg/system-only-hivexregedit-bare.reg"],
    );
    let kinds = run.out().lines().filter(|line| line.contains("\"record\":\"host\"")).count();
    assert_eq!(kinds, 2);
}

#[test]
fn script_of_one_host_is_the_table_alone() {
    assert_run("script_compliant", &["audit", "--format", "script", "fixtures/hosts/compliant"]);
}

#[test]
fn script_tells_not_found_from_unknown() {
    let inputs = ["fixtures/hosts/nothing-set", "fixtures/hosts/system-only", "fixtures/hosts/iis-crypto"];
    assert_run("script_three_hosts", &with(&["audit", "--format", "script"], &inputs));
}

#[test]
fn the_status_does_not_depend_on_the_format() {
    for (input, status) in [
        ("fixtures/hosts/compliant", 0),
        ("fixtures/hosts/disabled", 1),
        ("fixtures/hosts/system-only", 3),
        ("fixtures/recipe", 4),
    ] {
        for format in formats() {
            assert_eq!(run(&["audit", "--format", format, input]).status, status, "{input} as {format}");
        }
    }
}

#[test]
fn the_same_inputs_give_the_same_bytes() {
    for format in formats() {
        let args = ["audit", "-v", "--format", format, "fixtures/hosts"];
        assert_eq!(run(&args).stdout, run(&args).stdout, "{format}");
    }
}

/// Settings that somebody made in vain, in hives: each is named, with what was meant.
#[test]
fn look_alikes_in_hives_are_named() {
    let report = run(&["audit", "--format", "json", "fixtures/hosts/look-alikes"]).json();
    let lints = report["hosts"][0]["effective"]["lints"].as_array().unwrap();
    let named = |text: &str| lints.iter().any(|lint| lint["why"].as_str().unwrap().contains(text));
    for name in [
        r"HKLM\SOFTWARE\Microsoft.NETFramework;",
        r"HKLM\SOFTWARE\WOW6432Node\.NETFramework;",
        r"SCHANNEL\Protocol;",
        r#""TLS 1.2Client" below Protocols; the name that it reads is "TLS 1.2\Client""#,
        r#""Servers" below TLS 1.2; the name that it reads is "Server""#,
        r#""DisableByDefault"; the name that it reads is "DisabledByDefault""#,
        r#""Enable"; the name that it reads is "Enabled""#,
        "the default value is set",
        r#".NETFramework\v4.0.30319.0;"#,
        r#""SchUseStrongCryto"; the name that it reads is "SchUseStrongCrypto""#,
        r#""AES 128" below Ciphers; the name that it reads is "AES 128/128""#,
    ] {
        assert!(named(name), "{name}: {lints:#?}");
    }
}
