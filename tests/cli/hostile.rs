//! Strings in evidence are an attacker's: none may act on a terminal or pass for something else.

use std::fs;

use crate::common::{formats, run, scratch};
use crate::snapshot::{assert_text, shown};

const NAME: &str = "\u{1b}]0;owned\u{7}\u{1b}[2J\u{9b}31m\u{202e}TSOH\u{2066}\u{200b}\u{ad}";
const TLS12: &str =
    r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols\TLS 1.2\Client";

/// A `.reg` file with such strings in the computer's name, the product's name, a value, a broken line and its own name.
fn hostile() -> String {
    format!(
        "Windows Registry Editor Version 5.00\n\n\
         [HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Control\\ComputerName\\ComputerName]\n\
         \"ComputerName\"=\"{NAME}\"\n\n\
         [HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion]\n\
         \"ProductName\"=\"Windows {NAME}\"\n\n\
         [{TLS12}]\n\
         \"Enabled\"=\"{NAME}\"\n\
         \"DisabledByDefault\"=dword:{NAME}\n\
         [HKEY_{NAME}]\n\
         \"Enabled\"=dword:00000001\n"
    )
}

fn acts(c: char) -> bool {
    (c.is_control() && c != '\n') || "\u{ad}\u{200b}\u{202e}\u{2066}".contains(c)
}

#[test]
fn hostile_strings_come_out_escaped_in_every_format() {
    let (_keep, folder) = scratch();
    let path = folder.join("evil\u{1b}[31m\u{202e}ger.reg");
    let units: Vec<u8> = [0xfeff].into_iter().chain(hostile().encode_utf16()).flat_map(u16::to_le_bytes).collect();
    fs::write(&path, units).unwrap();
    let mut all = String::new();
    for format in formats() {
        // Two hosts, since the script format names hosts only where there are several.
        let args = ["audit", "-v", "--format", format, path.to_str().unwrap(), "fixtures/hosts/compliant"];
        let run = run(&args);
        assert_eq!(run.status, 1);
        for said in [run.out(), run.err()] {
            // Rows of comma-separated values end as on Windows, and the page has a mark that is not seen before its rules.
            let bad: Vec<char> = said.replace("\r\n", "\n").chars().filter(|c| acts(*c)).collect();
            assert!(bad.is_empty(), "{format}: {bad:?} in {said}");
        }
        if format.starts_with("json") {
            let lines: Vec<String> =
                if format == "json" { vec![run.out()] } else { run.out().lines().map(str::to_owned).collect() };
            let first: serde_json::Value = serde_json::from_str(&lines[0]).unwrap();
            let second: serde_json::Value =
                lines.get(1).map_or_else(Default::default, |line| serde_json::from_str(line).unwrap());
            let host = if format == "json" { &first["hosts"][0] } else { &second };
            assert_eq!(host["name"], NAME, "a machine gets the name unchanged");
        }
        if ["text", "script"].contains(&format) {
            let args = ["audit", "-v", "--format", format, "[folder]/…", "fixtures/hosts/compliant"];
            all.push_str(&shown(&args, &run).replace(folder.to_str().unwrap(), "[folder]"));
        }
    }
    assert_text("hostile_strings", &all);
}

#[test]
fn a_hostile_file_name_is_escaped_on_standard_error() {
    let run = run(&["audit", "no\u{1b}[31m\u{202e}such"]);
    assert_eq!(run.status, 2);
    assert!(!run.err().chars().any(acts) && run.err().contains(r"\u{1b}[31m\u{202e}such"), "{}", run.err());
}
