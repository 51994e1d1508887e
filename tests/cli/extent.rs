//! What a `.reg` file speaks of, as a whole run tells it.

use crate::common::run;
use crate::snapshot::assert_run;

const EFFECTIVE: [&str; 2] = ["--policy", "entra-connect-effective"];

#[test]
fn an_open_value_names_the_way_on() {
    assert_run("extent_script", &["audit", "fixtures/reg/script-leaf.reg"]);
    assert_run("extent_export", &["audit", "fixtures/reg/export-schannel-utf8.reg"]);
}

#[test]
fn what_a_file_is_taken_for_can_be_said() {
    for (file, export, script) in [
        ("script-leaf.reg", 1, 3),
        ("script-tweak-of-control.reg", 1, 3),
        ("export-protocols-empty.reg", 1, 3),
        ("exports-concatenated.reg", 0, 0),
        ("deletions.reg", 1, 1),
    ] {
        let file = format!("fixtures/reg/{file}");
        for (is, status) in [("export", export), ("script", script)] {
            assert_eq!(run(&["audit", "-q", "--reg-is", is, &file]).status, status, "{file} as {is}");
        }
    }
}

/// A script's silence is no default of Windows, whatever else is known of the machine.
#[test]
fn a_script_joined_with_a_hive_leaves_open_what_it_does_not_list() {
    for file in ["script-tweak-of-control.reg", "script-leaf.reg", "script-install-capture.reg"] {
        let file = format!("fixtures/reg/{file}");
        let joined = ["audit", "--format", "json", "--join", &file, "fixtures/hosts/nothing-set/SOFTWARE"];
        let report = run(&[&joined[..], &EFFECTIVE].concat()).json();
        let host = &report["hosts"][0];
        let finding = |rule: &str| {
            let findings = host["findings"].as_array().unwrap();
            findings.iter().find(|f| f["rule"] == rule).unwrap()["outcome"].clone()
        };
        assert_eq!(finding("tls12-client-effective"), "unknown", "{file}");
        assert_eq!(finding("tls12-server-effective"), "unknown", "{file}");
        let effective = &host["effective"];
        assert_eq!(effective["product"]["installed"], "unknown", "{file}");
        assert_eq!(effective["winhttp"]["fips"], "unknown", "{file}");
        assert_eq!(host["inputs"][1]["extent"]["is"], "script", "{file}");
        // With the whole of the machine, that answers; what the file sets beyond it contradicts it.
        let whole = ["audit", "-q", "--join", "fixtures/hosts/nothing-set", &file];
        let status = if file.ends_with("script-leaf.reg") { 3 } else { 0 };
        assert_eq!(run(&[&whole[..], &EFFECTIVE].concat()).status, status, "{file}");
    }
}

#[test]
fn an_undo_refuses_what_a_script_leaves_open() {
    let undo = |more: &[&str]| {
        let args = ["generate", "undo", "--of", "enable", "--values", "tls12-client-disabled-by-default"];
        run(&[&args[..], &["--format", "cmd", "--for", "fixtures/reg/script-leaf.reg"], more].concat())
    };
    let refused = undo(&[]);
    assert_eq!(refused.status, 2);
    assert!(refused.err().contains("--reg-is export"), "{}", refused.err());
    let written = undo(&["--reg-is", "export"]);
    assert_eq!(written.status, 0, "{}", written.err());
    assert!(written.out().contains("reg.exe\" delete"), "{}", written.out());
}
