//! A list of tasks for Ansible, with `ansible.windows.win_regedit`.
//!
//! The YAML has one shape, so it is written here: every scalar from the changeset is in double quotes with the
//! escapes of YAML 1.1 and 1.2 and otherwise ASCII (serde_yaml is no longer kept, and its successors choose styles by
//! themselves). Text with a brace is marked `!unsafe`, or Ansible would run what looks like a Jinja template in it.

use std::fmt::Write as _;

use super::Changeset;
use super::exact::{Data, below_root, data, path, remarks, string, text};
use crate::registry::change::Change;
use crate::registry::path::Name;
use crate::registry::value::Value;

const NOTES: [&str; 3] = [
    "A restart is left to the play, for instance to a handler that the play notifies:",
    "  - name: Restart Windows",
    "    ansible.windows.win_reboot:",
];

pub(super) fn bytes(changeset: &Changeset) -> Result<Vec<u8>, String> {
    let mut out: String = remarks(changeset, &NOTES, true).into_iter().map(|line| format!("# {line}\n")).collect();
    out.push_str("---\n");
    for change in &changeset.changes {
        task(change, &mut out)?;
    }
    Ok(out.into_bytes())
}

fn task(change: &Change, out: &mut String) -> Result<(), String> {
    let (root, names) = below_root(change.key())?;
    let path = format!("{}:\\{}", root.short, path(names)?);
    let mut options = vec![("path", scalar(&path))];
    let does = match change {
        Change::CreateKey(_) => {
            options.push(("state", "present".to_owned()));
            format!("Create {path}")
        }
        Change::DeleteKey(_) => {
            options.extend([("state", "absent".to_owned()), ("delete_key", "true".to_owned())]);
            format!("Delete {path}")
        }
        Change::DeleteValues(key) => {
            return Err(format!("{key}: win_regedit cannot delete all values of a key that stays"));
        }
        Change::DeleteValue { name, .. } => {
            // Without a name, this deletes the default value.
            if !name.units().is_empty() {
                options.push(("name", scalar(&text(name)?)));
            }
            options.extend([("state", "absent".to_owned()), ("delete_key", "false".to_owned())]);
            format!("Delete {} of {path}", shown(name)?)
        }
        Change::Set { name, value, .. } => {
            let (kind, data) = typed(name, value)?;
            if !name.units().is_empty() {
                options.push(("name", scalar(&text(name)?)));
            } else if kind != "string" {
                return Err(format!("{path}: win_regedit sets default values as strings alone"));
            }
            options.extend([("data", data), ("type", kind.to_owned()), ("state", "present".to_owned())]);
            format!("Set {} of {path}", shown(name)?)
        }
    };
    let _ = write!(out, "- name: {}\n  ansible.windows.win_regedit:\n", scalar(&does));
    for (option, value) in options {
        let _ = writeln!(out, "    {option}: {value}");
    }
    Ok(())
}

fn shown(name: &Name) -> Result<String, String> {
    if name.units().is_empty() { Ok("the default value".to_owned()) } else { text(name) }
}

fn typed(name: &Name, value: &Value) -> Result<(&'static str, String), String> {
    Ok(match data(name, value)? {
        Data::Sz(units) => ("string", scalar(&string(name, &units)?)),
        Data::Expand(units) => ("expandstring", scalar(&string(name, &units)?)),
        Data::Multi(strings) => {
            let strings: Result<Vec<String>, String> =
                strings.iter().map(|units| Ok(scalar(&string(name, units)?))).collect();
            ("multistring", format!("[{}]", strings?.join(", ")))
        }
        Data::Dword(n) => ("dword", n.to_string()),
        // Numbers above the signed range come out of Ansible's JSON as fractions; the module reads them from text.
        Data::Qword(n) if i64::try_from(n).is_err() => ("qword", scalar(&n.to_string())),
        Data::Qword(n) => ("qword", n.to_string()),
        Data::Binary(bytes) => ("binary", hex(bytes)),
        Data::None(bytes) => ("none", hex(bytes)),
    })
}

fn hex(bytes: &[u8]) -> String {
    let bytes: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    scalar(&format!("hex:{}", bytes.join(",")))
}

/// A string in double quotes.
fn scalar(text: &str) -> String {
    let tag = if text.contains(['{', '}']) { "!unsafe " } else { "" };
    let quoted = text.chars().fold(String::new(), |mut quoted, c| {
        let _ = match c {
            '"' | '\\' => write!(quoted, "\\{c}"),
            ' '..='~' => write!(quoted, "{c}"),
            _ if u32::from(c) < 0x100 => write!(quoted, "\\x{:02x}", u32::from(c)),
            _ if u32::from(c) < 0x1_0000 => write!(quoted, "\\u{:04x}", u32::from(c)),
            _ => write!(quoted, "\\U{:08x}", u32::from(c)),
        };
        quoted
    });
    format!("{tag}\"{quoted}\"")
}
