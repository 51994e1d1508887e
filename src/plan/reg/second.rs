//! A second reader over what was written: regashii reads the file back, and must find what was meant. It sees what it can
//! express: numbers and deletions under names that are text, in keys that are not deleted.

use regashii::{KeyName, Registry, ValueName};

use super::super::Changeset;
use crate::registry::change::Change;

/// Fails where the second reader finds something else in `text`.
pub(super) fn agrees(text: &str, changeset: &Changeset) -> Result<(), String> {
    if !changeset.changes.iter().all(is_plain) {
        return Ok(());
    }
    let read =
        Registry::deserialize(text).map_err(|error| format!("regashii cannot read what was written: {error}"))?;
    for (n, change) in changeset.changes.iter().enumerate() {
        let (key, name, wanted) = match change {
            Change::Set { key, name, value } => {
                (key, name, value.as_dword().map_or(regashii::Value::Delete, regashii::Value::Dword))
            }
            Change::DeleteValue { key, name } => (key, name, regashii::Value::Delete),
            _ => continue,
        };
        // Of several about one value, regashii may keep the first or the last.
        if changeset.changes.iter().enumerate().any(|(m, other)| m != n && about(other) == about(change)) {
            continue;
        }
        let values = read.keys().get(&KeyName::new(key.to_string())).map(regashii::Key::values);
        if values.and_then(|values| values.get(&ValueName::named(name.to_string()))) != Some(&wanted) {
            return Err(format!("{key}\\{name}: regashii reads something else than was meant; nothing is written"));
        }
    }
    Ok(())
}

fn is_plain(change: &Change) -> bool {
    let text = |text: String| !text.is_empty() && text.chars().all(|c| c == ' ' || c.is_ascii_graphic());
    match change {
        Change::Set { key, name, value } => {
            value.as_dword().is_some() && text(name.to_string()) && text(key.to_string())
        }
        Change::DeleteValue { key, name } => text(name.to_string()) && text(key.to_string()),
        _ => false,
    }
}

/// The value that a change is about.
fn about(change: &Change) -> (String, String) {
    let name = match change {
        Change::Set { name, .. } | Change::DeleteValue { name, .. } => name.to_string(),
        _ => String::new(),
    };
    (change.key().to_string().to_ascii_lowercase(), name.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::path::{KeyPath, Name};
    use crate::registry::value::Value;

    #[test]
    fn what_was_not_meant_is_noticed() {
        let key = || KeyPath::parse(r"HKEY_LOCAL_MACHINE\K");
        let set = |n| Change::Set { key: key(), name: Name::from("V"), value: Value::dword(n) };
        let of = |changes| Changeset { remarks: Vec::new(), changes, left_out: Vec::new() };
        let text = |line: &str| format!("Windows Registry Editor Version 5.00\n\n[HKEY_LOCAL_MACHINE\\K]\n{line}\n");
        assert!(agrees(&text("\"V\"=dword:00000001"), &of(vec![set(1)])).is_ok());
        assert!(agrees(&text("\"V\"=dword:00000002"), &of(vec![set(1)])).is_err());
        assert!(agrees(&text("\"W\"=dword:00000001"), &of(vec![set(1)])).is_err());
        let gone = || Change::DeleteValue { key: key(), name: Name::from("V") };
        assert!(agrees(&text("\"V\"=-"), &of(vec![gone()])).is_ok());
        assert!(agrees(&text("\"V\"=dword:00000000"), &of(vec![gone()])).is_err());
    }
}
