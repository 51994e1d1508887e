//! Tables in the place of those that are built in: what is taken, what is refused, and what reports say of it.

use std::fs;

use crate::common::{root, run, scratch};

fn own(file: &str) -> String {
    fs::read_to_string(root().join("src/audit/effective/data").join(file)).unwrap()
}

/// Name of the file, its text, exit status of `tlshive tables`, and what is said.
#[test]
fn tables_that_would_hide_something_are_refused() {
    let agents = own("entra_agents.toml");
    let day = agents.lines().find(|line| line.starts_with("as_of")).unwrap().to_owned();
    let empty = agents.split("[[agent]]").next().unwrap().to_owned() + "agent = []\n";
    for (name, text, status, said) in [
        ("entra_agents.toml", agents.clone(), 0, ""),
        ("entra_agents.toml", agents.replacen(&day, "as_of = \"2020-01-01\"", 1), 0, ""),
        ("entra_agents.toml", agents.replacen(&day, "as_of = \"2999-01-01\"", 1), 2, "that day is still to come"),
        ("entra_agents.toml", empty, 2, "agent has no rows"),
        ("Entra_agents.toml", agents.clone(), 2, "no table is called so"),
    ] {
        let (_keep, folder) = scratch();
        fs::write(folder.join("os_defaults.toml"), own("os_defaults.toml")).unwrap();
        fs::write(folder.join(name), &text).unwrap();
        let done = run(&["--tables", folder.to_str().unwrap(), "tables"]);
        assert_eq!(done.status, status, "{name}: {}", done.err());
        assert!(done.err().contains(said), "{name}: {}", done.err());
    }
}

#[test]
fn reports_say_that_they_rest_on_another_table() {
    let (_keep, folder) = scratch();
    let agents = own("entra_agents.toml");
    let day = agents.lines().find(|line| line.starts_with("as_of")).unwrap().to_owned();
    let parts: Vec<&str> = agents.split("[[agent]]").collect();
    let one = format!("{}[[agent]]{}", parts[0], parts[1]).replacen(&day, "as_of = \"2020-01-01\"", 1);
    fs::write(folder.join("entra_agents.toml"), one).unwrap();
    let with = |more: &[&str]| {
        let tables = ["--tables", folder.to_str().unwrap(), "audit", "fixtures/hosts/compliant"];
        run(&[&tables, more].concat())
    };
    let said = with(&[]).err();
    assert!(said.contains("of 2020-01-01, older than the built-in one of 2026-"), "{said}");
    assert!(said.contains("has 1 rows, not 4"), "{said}");
    for format in ["markdown", "html"] {
        let out = with(&["--format", format]).out();
        assert!(out.contains("Verdicts rest on tables that are not built in: entra"), "{format}: {out}");
    }
    assert!(with(&["--compare"]).out().contains("not built in: entra_agents.toml of 2020-01-01"));
}
