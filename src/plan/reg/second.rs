//! A second reader over what was written: regashii reads the file back, and must find what was meant. It sees what it can
//! express: numbers and deletions under names that are text, in keys that are not deleted.
//!
//! It reads section by section, since it keeps a key of several sections once, merged anew with each of them.

use std::collections::BTreeMap;

use regashii::Registry;

use super::super::Changeset;
use super::super::refusal::Refusal;
use crate::registry::change::Change;

/// What becomes of a value, by its key and name without case.
type Values = BTreeMap<(String, String), regashii::Value>;

/// Fails where the second reader finds something else in `text`.
pub(super) fn agrees(text: &str, changeset: &Changeset) -> Result<(), Refusal> {
    let Some(meant) = meant(changeset) else { return Ok(()) };
    let found = read(text)?;
    let differs = meant.iter().find(|(about, wanted)| found.get(about) != Some(wanted));
    let differs = differs.or_else(|| found.iter().find(|(about, _)| !meant.contains_key(about)));
    match differs {
        Some(((key, name), _)) => {
            let why = format!("{key}\\{name}: regashii reads something else than was meant; nothing is written");
            Err(Refusal::file(why))
        }
        None => Ok(()),
    }
}

fn read(text: &str) -> Result<Values, Refusal> {
    let format = text.lines().next().unwrap_or_default();
    let mut sections = text.split("\n[");
    let head = sections.next().unwrap_or_default();
    let mut values = Values::new();
    for (n, section) in sections.enumerate() {
        let head = if n == 0 { head } else { format };
        let read = Registry::deserialize(&format!("{head}\n[{section}\n"))
            .map_err(|error| Refusal::file(format!("regashii cannot read what was written: {error}")))?;
        for (key, found) in read.keys() {
            for (name, value) in found.values() {
                values.insert((folded(key.raw()), folded(name.raw())), value.clone());
            }
        }
    }
    Ok(values)
}

/// What the changes leave, if the second reader can express that.
fn meant(changeset: &Changeset) -> Option<Values> {
    let mut values = Values::new();
    for change in &changeset.changes {
        let (name, value) = match change {
            Change::Set { name, value, .. } => (name, regashii::Value::Dword(value.as_dword()?)),
            Change::DeleteValue { name, .. } => (name, regashii::Value::Delete),
            _ => return None,
        };
        values.insert((plain(&change.key().to_string())?, plain(&name.to_string())?), value);
    }
    Some(values)
}

/// Text of which it is sure how both compare it.
fn plain(text: &str) -> Option<String> {
    let sure = !text.is_empty() && text.chars().all(|c| c == ' ' || c.is_ascii_graphic());
    sure.then(|| folded(text))
}

fn folded(text: &str) -> String {
    text.to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::windows::path::{KeyPath, Name};
    use crate::windows::value::Value;

    #[test]
    fn what_was_not_meant_is_noticed() {
        let key = || KeyPath::parse(r"HKEY_LOCAL_MACHINE\K");
        let set = |n| Change::Set { key: key(), name: Name::from("V"), value: Value::dword(n) };
        let of = |changes| Changeset { remarks: Vec::new(), changes, left_out: Vec::new() };
        let text = |line: &str| format!("Windows Registry Editor Version 5.00\n\n[HKEY_LOCAL_MACHINE\\K]\n{line}\n");
        assert!(agrees(&text("\"V\"=dword:00000001"), &of(vec![set(1)])).is_ok());
        assert!(agrees(&text("\"V\"=dword:00000002"), &of(vec![set(1)])).is_err());
        assert!(agrees(&text("\"W\"=dword:00000001"), &of(vec![set(1)])).is_err());
        assert!(agrees(&text("\"V\"=dword:00000001\n\"W\"=dword:00000001"), &of(vec![set(1)])).is_err());
        let gone = || Change::DeleteValue { key: key(), name: Name::from("V") };
        assert!(agrees(&text("\"V\"=-"), &of(vec![gone()])).is_ok());
        assert!(agrees(&text("\"V\"=dword:00000000"), &of(vec![gone()])).is_err());
    }

    #[test]
    fn of_several_spellings_the_last_counts() {
        let set = |key: &str, name: &str, n| Change::Set {
            key: KeyPath::parse(&format!(r"HKEY_LOCAL_MACHINE\{key}")),
            name: Name::from(name),
            value: Value::dword(n),
        };
        let of = |changes| Changeset { remarks: Vec::new(), changes, left_out: Vec::new() };
        let changes = || vec![set(".NETFramework", "V", 1), set("L", "a", 0), set(".NetFramework", "v", 2)];
        let text = super::super::bytes(&of(changes()), super::super::RegFormat::Version4).unwrap();
        let text = String::from_utf8(text).unwrap().replace("\r\n", "\n");
        assert!(agrees(&text, &of(changes())).is_ok());
        assert!(agrees(&text, &of(vec![set("l", "A", 0), set(".netframework", "V", 2)])).is_ok());
        assert!(agrees(&text, &of(changes().into_iter().rev().collect())).is_err());
    }
}
