//! Records that scripts of `tlshive generate` leave on a machine: what they changed, when, and what was there before. The
//! scripts write them (`src/plan/powershell/record.ps1`), so that `-Undo` can put everything back.

use crate::registry::{Found, Listing, Lookup, Registry};
use crate::windows::path::{KeyPath, Name};
use crate::windows::value::Value;

/// Where the records stand, one below the other.
pub(super) const TREE: &str = r"HKEY_LOCAL_MACHINE\SOFTWARE\tlshive\Undo";

/// Records and entries that are told of, before the rest is counted.
const SHOWN: usize = 20;

/// Characters of a text that are told: a record is whatever stands there.
const LONGEST: usize = 300;

/// What the records say, a note each.
pub(super) fn notes(registry: &Registry) -> Vec<String> {
    let tree = KeyPath::parse(TREE);
    let names = match registry.children(&tree) {
        Listing::Found { names, .. } => names,
        Listing::Unreadable(error, place) => return vec![format!("{TREE} cannot be read: {error} ({place})")],
        Listing::KeyAbsent | Listing::NotCovered => return Vec::new(),
    };
    let mut notes: Vec<String> = names.iter().take(SHOWN).map(|name| record(registry, &below(&tree, name))).collect();
    if let Some(more) = names.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        notes.push(format!("{more} more records of scripts are in {TREE}"));
    }
    notes
}

fn record(registry: &Registry, key: &KeyPath) -> String {
    let said = |name: &str| text(registry, key, name);
    let plan = said("Plan").unwrap_or_else(|| "a plan that the record does not name".to_owned());
    let when = said("Written").unwrap_or_else(|| "a time that the record does not name".to_owned());
    let Listing::Found { names, .. } = registry.children(key) else {
        return format!("a script of tlshive began at {when}, and changed nothing that its record holds: {plan}");
    };
    let mut list: Vec<String> =
        names.iter().take(SHOWN).filter_map(|name| entry(registry, &below(key, name))).collect();
    if let Some(more) = names.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        list.push(format!("and {more} more"));
    }
    format!("a script of tlshive changed this machine at {when}: {plan} Before it: {}", list.join("; "))
}

/// One value or key as it was; none where the entry was never finished.
fn entry(registry: &Registry, key: &KeyPath) -> Option<String> {
    let state = text(registry, key, "State")?;
    let path = text(registry, key, "Key").unwrap_or_else(|| "a key without a name".to_owned());
    let about = match registry.get(key, &Name::from("Name")) {
        Lookup::Found(Found { value, .. }) => match brief(&value.as_text().unwrap_or_default()) {
            name if name.is_empty() => format!(r"{path}\(default)"),
            name => format!(r"{path}\{name}"),
        },
        _ => path,
    };
    let was = match (state.as_str(), registry.get(key, &Name::from("Data"))) {
        ("Absent", _) => "not there".to_owned(),
        ("Present", Lookup::Found(found)) => shown(&found.value),
        ("Present", _) => "there".to_owned(),
        _ => "not readable".to_owned(),
    };
    Some(format!("{about} {was}"))
}

fn shown(value: &Value) -> String {
    if let Some(n) = value.as_dword() {
        return n.to_string();
    }
    match value.as_text() {
        Some(text) => format!("\"{}\"", brief(&text)),
        None => format!("{} of {} bytes", value.kind, value.data.len()),
    }
}

fn text(registry: &Registry, key: &KeyPath, name: &str) -> Option<String> {
    match registry.get(key, &Name::from(name)) {
        Lookup::Found(found) => found.value.as_text().map(|text| brief(&text)),
        _ => None,
    }
}

fn brief(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

fn below(key: &KeyPath, name: &Name) -> KeyPath {
    KeyPath(key.names().iter().chain([name]).cloned().collect())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::limits::Limits;
    use crate::registry::reg_file::{Interest, RegFile};

    fn notes_of(text: &str) -> Vec<String> {
        let mut interest = Interest::new();
        interest.tree(&KeyPath::parse(TREE));
        let text = format!("Windows Registry Editor Version 5.00\n\n{text}").into_bytes();
        let file = RegFile::read(&text, &Arc::from("x.reg"), &interest, &Limits::default(), None);
        notes(&Registry::new(vec![Box::new(file)], 8))
    }

    #[test]
    fn a_record_says_what_when_and_what_was_there() {
        let text = format!(
            "[{TREE}\\5f05]\n\"Plan\"=\"Enables TLS 1.2.\"\n\"Written\"=\"2026-11-28T10:00:00Z\"\n\n\
             [{TREE}\\5f05\\00001]\n\"Key\"=\"HKEY_LOCAL_MACHINE\\\\K\"\n\"Name\"=\"Enabled\"\n\"Data\"=dword:0\n\"State\"=\"Present\"\n\n\
             [{TREE}\\5f05\\00002]\n\"Key\"=\"HKEY_LOCAL_MACHINE\\\\K\\\\L\"\n\"State\"=\"Absent\"\n\n\
             [{TREE}\\5f05\\00003]\n\"Key\"=\"HKEY_LOCAL_MACHINE\\\\never finished\"\n"
        );
        let want = "a script of tlshive changed this machine at 2026-11-28T10:00:00Z: Enables TLS 1.2. \
                    Before it: HKEY_LOCAL_MACHINE\\K\\Enabled 0; HKEY_LOCAL_MACHINE\\K\\L not there";
        assert_eq!(notes_of(&text), [want]);
        assert_eq!(notes_of(""), [""; 0]);
    }

    #[test]
    fn many_entries_are_counted() {
        let entry = |n: usize| format!("[{TREE}\\a\\{n:05}]\n\"Key\"=\"K{n}\"\n\"State\"=\"Absent\"\n");
        let text: String = (1..=23).map(entry).collect();
        assert!(notes_of(&format!("[{TREE}\\a]\n{text}"))[0].ends_with("; and 3 more"));
    }
}
