//! What a key holds: by hives, by `.reg` files, and by both.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests state what must hold")]

use std::path::Path;
use std::sync::Arc;

use tlshive::limits::Limits;
use tlshive::read_at::LocalFile;
use tlshive::registry::hive::Hive;
use tlshive::registry::path::{KeyPath, Name};
use tlshive::registry::reg_file::{Interest, RegFile};
use tlshive::registry::{Listing, Registry, Source, system};

const PROTOCOLS: &str = r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols";

fn hive(name: &str) -> Source {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/hosts").join(name).join("SYSTEM");
    let file = LocalFile::open(&path).unwrap();
    Source::Hive(system(), Hive::open(Box::new(file), Arc::from(name), &Limits::default()).unwrap())
}

fn reg(lines: &str) -> Source {
    let mut interest = Interest::new();
    interest.tree(&KeyPath::parse(PROTOCOLS));
    let text = format!("REGEDIT4\n{lines}\n").into_bytes();
    Source::RegFile(RegFile::read(&text, &Arc::from("t.reg"), &interest, &Limits::default(), None))
}

/// The names, sorted and joined, and whether they are all; or which kind of nothing.
fn told(listing: Listing) -> String {
    match listing {
        Listing::Found { names, whole } => {
            let mut names: Vec<String> = names.iter().map(ToString::to_string).collect();
            names.sort();
            format!("{}{}", names.join(", "), if whole { "" } else { " and maybe more" })
        }
        Listing::KeyAbsent => "no key".to_owned(),
        Listing::NotCovered => "not covered".to_owned(),
        Listing::Unreadable(error, _) => error.to_string(),
    }
}

fn children(sources: Vec<Source>, key: &str) -> String {
    let set = Ok(vec![Name::from("ControlSet001"), Name::from("CurrentControlSet")]);
    told(Registry::new(sources, 16).with_control_set(set).children(&KeyPath::parse(key)))
}

#[test]
fn a_hive_lists_all_or_nothing() {
    assert_eq!(children(vec![hive("compliant")], &format!(r"{PROTOCOLS}\TLS 1.2")), "Client, Server");
    assert_eq!(children(vec![hive("compliant")], &format!(r"{PROTOCOLS}\TLS 9")), "no key");
    assert_eq!(children(vec![hive("compliant")], r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft"), "not covered");
    let damaged = children(vec![hive("damaged-target")], &format!(r"{PROTOCOLS}\TLS 1.2"));
    assert!(damaged.contains("expected"), "{damaged}");
    let values = |key: &str| {
        let registry =
            Registry::new(vec![hive("compliant")], 16).with_control_set(Ok(vec![Name::from("ControlSet001")]));
        told(registry.value_names(&KeyPath::parse(key)))
    };
    assert_eq!(values(&format!(r"{PROTOCOLS}\TLS 1.2\Client")), "DisabledByDefault, Enabled");
    assert_eq!(values(&format!(r"{PROTOCOLS}\TLS 9")), "no key");
}

#[test]
fn a_link_is_followed_and_a_loop_is_an_error() {
    assert_eq!(children(vec![hive("symlink")], &format!(r"{PROTOCOLS}\TLS 1.2")), "Client, Server");
    let looped = children(vec![hive("symlink-loop")], &format!(r"{PROTOCOLS}\TLS 1.2"));
    assert!(looped.contains("symbolic links"), "{looped}");
}

#[test]
fn a_reg_file_lists_what_it_speaks_of() {
    for (lines, want) in [
        ("", "not covered"),
        (r"[HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\Lsa]", "not covered"),
        (r"[HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control]", "no key"),
        (&format!(r"[{PROTOCOLS}]"), ""),
        (&format!(r"[{PROTOCOLS}\TLS 1.2\Client]"), "TLS 1.2 and maybe more"),
        (&format!("[{PROTOCOLS}]\n[{PROTOCOLS}\\TLS 1.2\\Client]\n[{PROTOCOLS}\\SSL 3.0]"), "SSL 3.0, TLS 1.2"),
        (&format!("[{PROTOCOLS}\\TLS 1.2]\n[-{PROTOCOLS}\\TLS 1.2]"), "not covered"),
        (&format!("[-{PROTOCOLS}]"), "no key"),
    ] {
        let found = children(vec![reg(lines)], PROTOCOLS);
        assert_eq!(found.trim_start(), want, "{lines}");
    }
}

#[test]
fn two_inputs_list_what_either_has() {
    let sources = || vec![hive("compliant"), reg(&format!(r"[{PROTOCOLS}\TLS 1.2\Other]"))];
    assert_eq!(children(sources(), &format!(r"{PROTOCOLS}\TLS 1.2")), "Client, OTHER, Server");
}
