//! What reading the sources again showed to be wrong, and shows in a whole report (`tests/effective/known.rs` has the others).

use std::fs;

use crate::common::{root, run, scratch};

const SERVICES: &str = r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services";
const UNINSTALL: &str = r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall";
const VERSION: &str = r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows NT\CurrentVersion";

/// What an installed version of Entra Connect leaves in the registry.
fn connect(version: &str) -> String {
    format!(
        "[{SERVICES}\\ADSync]\n\"Start\"=dword:2\n\
         [{UNINSTALL}\\{{1}}]\n\"DisplayName\"=\"Microsoft Entra Connect Sync\"\n\"DisplayVersion\"=\"{version}\"\n"
    )
}

/// Another uninstall entry.
fn second(name: &str, version: &str) -> String {
    format!("[{UNINSTALL}\\{{2}}]\n\"DisplayName\"=\"{name}\"\n{version}")
}

/// Settings without the service, with an entry of the product: whether it is installed is not known, and an input speaks of it.
#[test]
fn an_entry_without_word_of_the_service_leaves_the_version_open() {
    let (_keep, folder) = scratch();
    let file = folder.join("over.reg").display().to_string();
    let settings = fs::read_to_string(root().join("fixtures/reg/compliant-utf8.reg")).unwrap();
    let of = |more: &str| {
        fs::write(&file, format!("{settings}\n{more}")).unwrap();
        run(&["audit", "-v", &file])
    };
    assert_eq!(of("").status, 0, "{}", of("").out());
    let stale = of(&format!(
        "[{UNINSTALL}\\{{A}}]\n\"DisplayName\"=\"Microsoft Azure AD Connect\"\n\"DisplayVersion\"=\"1.6.4.0\"\n"
    ));
    assert_eq!(stale.status, 3, "{}", stale.out());
    assert!(!stale.out().contains("no input says whether Entra Connect"), "{}", stale.out());
}

/// What it is about, fixture, what is laid over it, policy, exit status, what the report says and what it does not.
#[test]
fn rows_by_the_report() {
    let (_keep, folder) = scratch();
    let file = folder.join("over.reg").display().to_string();
    let (document, effective) = ("entra-connect-tls12", "entra-connect-effective");
    let no_values = "which is installed, does not ask for the values that this policy asks for";
    let values = "which is installed, asks for these values";
    let stopped = "it is stopped, not in-service";
    let build = |n: u32| format!("[{VERSION}]\n\"CurrentBuild\"=\"{n}\"\n");
    for (row, fixture, lines, policy, status, said, unsaid) in [
        // The document's verdict stays; the report says what the installed version asks for.
        ("what the version asks for", "nothing-set", connect("2.6.92.0"), document, 1, no_values, stopped),
        ("what the version asks for", "nothing-set", connect("2.5.79.0"), document, 1, no_values, values),
        ("what the version asks for", "nothing-set", connect("2.4.131.0"), document, 1, no_values, values),
        ("what the version asks for", "nothing-set", connect("2.3.20.0"), document, 1, values, no_values),
        ("what the version asks for", "nothing-set", connect("2.6.92.0"), effective, 0, "compliant", no_values),
        ("what the version asks for", "compliant", connect("2.6.92.0"), document, 0, "compliant", no_values),
        // A version that has stopped passes under no policy about Entra Connect.
        ("versions and dates", "compliant", connect("2.5.76.0"), document, 1, stopped, values),
        (
            "versions and dates",
            "compliant",
            connect("1.6.16.0"),
            document,
            1,
            "stopped synchronising on 2023-10-01",
            values,
        ),
        ("versions and dates", "compliant", connect("2.6.79.0"), document, 1, "it is recalled, not in-service", values),
        ("versions and dates", "compliant", connect("2.5.76.0"), effective, 1, stopped, values),
        (
            "versions and dates",
            "compliant",
            format!("[{SERVICES}\\ADSync]\n\"Start\"=dword:2\n"),
            document,
            3,
            "its version is not known: service ADSync; no uninstall entry",
            stopped,
        ),
        ("versions and dates", "compliant", String::new(), document, 0, "compliant", "entra-connect/version"),
        // An import that sets the build: what follows from the build follows.
        // Entries that do not say their version, or say another.
        (
            "versions and dates",
            "compliant",
            connect("2.6.92.0") + &second("Microsoft Azure AD Connect", ""),
            document,
            3,
            "and that of \"Microsoft Azure AD Connect\" none",
            values,
        ),
        (
            "versions and dates",
            "compliant",
            connect("2.6.92.0") + &second("Microsoft Azure AD Connect", "\"DisplayVersion\"=dword:1\n"),
            document,
            3,
            "and that of \"Microsoft Azure AD Connect\" none",
            values,
        ),
        (
            "versions and dates",
            "compliant",
            connect("2.6.92.0")
                + &second("Microsoft Azure AD Connect synchronization services", "\"DisplayVersion\"=\"1.6.16.0\"\n"),
            document,
            3,
            "several versions: 1.6.16.0, 2.6.92.0",
            values,
        ),
        (
            "versions and dates",
            "compliant",
            connect("2.6.92.0") + "[" + UNINSTALL + "\\{2}]\n\"DisplayName\"=hex(1):4d,00,69,00,00,00,72,00,00,00\n",
            document,
            3,
            "the name of {2} is damaged",
            values,
        ),
        ("overlay of the build", "nothing-set", build(9600), document, 1, "build 9600", "build 20348"),
        (
            "overlay of the build",
            "nothing-set",
            build(9600),
            document,
            1,
            "what is imported changes facts about the machine: build from 20348 to 9600",
            "build 20348",
        ),
        (
            "overlay of the build",
            "nothing-set",
            build(6001),
            effective,
            1,
            "does not have it (build 6001)",
            "build 20348",
        ),
    ] {
        fs::write(&file, format!("REGEDIT4\n\n{lines}")).unwrap();
        let fixture = format!("fixtures/hosts/{fixture}");
        let args = ["audit", &fixture, "--overlay", &file, "--policy", policy];
        let told = run(&args);
        let text = told.out();
        assert_eq!(told.status, status, "{row}, {policy} over {fixture}: {lines}{text}");
        assert!(text.contains(said), "{row}, {policy} over {fixture}: {lines}{said}: {text}");
        assert!(!text.contains(unsaid), "{row}, {policy} over {fixture}: {lines}{unsaid}: {text}");
        assert_eq!(run(&[&args[..], &["-q"]].concat()).status, status, "{row}");
    }
}
