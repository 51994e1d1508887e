//! A list of tasks for Ansible, with `ansible.windows.win_regedit`.
//!
//! The module compares what .NET gives back, and so leaves some values alone that are not as they are to be. Where the
//! machine is known, those are refused.

use std::fmt::Write as _;

use super::Changeset;
use super::exact::{Data, below_root, data, path, remarks, string, text};
use super::in_the_way::{is_known_to_dotnet, now, passed_over};
use super::refusal::Refusal;
use super::yaml::{self, list};
use crate::registry::Registry;
use crate::registry::change::Change;
use crate::windows::path::Name;
use crate::windows::value::Value;

/// What shows how to use the file. A list of tasks that is included by `include_tasks` takes no `notify`.
const NOTES: [&str; 8] = [
    "A restart is left to the play. This way the play is notified:",
    "  tasks:",
    "    - ansible.builtin.import_tasks: FILE.yml",
    "      notify: Restart Windows",
    "  handlers:",
    "    - name: Restart Windows",
    "      ansible.windows.win_reboot:",
    "Lists that differ in upper and lower case alone are not changed.",
];

/// ansible-lint takes no longer lines.
const LONGEST: usize = 158;

pub(super) fn bytes(changeset: &Changeset, machine: Option<&Registry>) -> Result<Vec<u8>, Refusal> {
    let mut out = String::new();
    for remark in remarks(changeset, &NOTES, true) {
        for line in folded(&remark) {
            let _ = writeln!(out, "# {line}");
        }
    }
    out.push_str("---\n");
    for change in &changeset.changes {
        refuse(change, machine)?;
        task(change, &mut out)?;
    }
    Ok(out.into_bytes())
}

/// An ASCII remark as lines that are not too long.
fn folded(remark: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in remark.split_inclusive(' ') {
        if !line.is_empty() && line.len().saturating_add(word.trim_end().len()) > LONGEST {
            lines.push(line.trim_end().to_owned());
            line = "  ".to_owned();
        }
        line.push_str(word);
    }
    lines.push(line);
    lines
}

/// Refuses what the module would leave as it is, without a word.
fn refuse(change: &Change, machine: Option<&Registry>) -> Result<(), Refusal> {
    let Some(now) = now(change, machine) else { return Ok(()) };
    let why = match change {
        Change::DeleteValue { .. } if !is_known_to_dotnet(now.kind) => Some("it has a type that .NET does not know"),
        Change::Set { value, .. } => passed_over(value, &now),
        _ => None,
    };
    match why {
        Some(why) => {
            Err(Refusal::key(change.key(), format!("win_regedit would leave a value as it is: {why}; use reg")))
        }
        None => Ok(()),
    }
}

fn task(change: &Change, out: &mut String) -> Result<(), Refusal> {
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
            return Err(Refusal::key(key, "win_regedit cannot delete all values of a key that stays"));
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
                return Err(Refusal::key(change.key(), "win_regedit sets default values as strings alone"));
            }
            options.extend(data.map(|data| ("data", data)));
            options.extend([("type", kind.to_owned()), ("state", "present".to_owned())]);
            format!("Set {} of {path}", shown(name)?)
        }
    };
    let _ = write!(out, "- name: {}\n  ansible.windows.win_regedit:\n", scalar(&does));
    for (option, value) in options {
        let _ = writeln!(out, "    {option}: {value}");
    }
    Ok(())
}

fn shown(name: &Name) -> Result<String, Refusal> {
    if name.units().is_empty() { Ok("the default value".to_owned()) } else { text(name) }
}

/// The type, and the data; an empty list has none, since the module does nothing where it is given one.
fn typed(name: &Name, value: &Value) -> Result<(&'static str, Option<String>), Refusal> {
    let (kind, data) = match data(name, value)? {
        Data::Sz(units) => ("string", scalar(&string(name, &units)?)),
        Data::Expand(units) => ("expandstring", scalar(&string(name, &units)?)),
        Data::Multi(strings) if strings.is_empty() => return Ok(("multistring", None)),
        Data::Multi(strings) => {
            let strings: Result<Vec<String>, Refusal> =
                strings.iter().map(|units| Ok(scalar(&string(name, units)?))).collect();
            ("multistring", list(&strings?))
        }
        Data::Dword(n) => ("dword", n.to_string()),
        // Older releases read numbers above the signed range as fractions; all read them from text.
        Data::Qword(n) if i64::try_from(n).is_err() => ("qword", scalar(&n.to_string())),
        Data::Qword(n) => ("qword", n.to_string()),
        Data::Binary(bytes) => ("binary", hex(bytes)),
        Data::None(bytes) => ("none", hex(bytes)),
    };
    Ok((kind, Some(data)))
}

fn hex(bytes: &[u8]) -> String {
    let bytes: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    scalar(&format!("hex:{}", bytes.join(",")))
}

/// A string. One with a brace is marked, or Ansible would run what looks like a Jinja template in it.
fn scalar(text: &str) -> String {
    let tag = if text.contains(['{', '}']) { "!unsafe " } else { "" };
    format!("{tag}{}", yaml::scalar(text))
}
