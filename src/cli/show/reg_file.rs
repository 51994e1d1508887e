//! Keys of a `.reg` file, as its import would leave them.

use std::io;

use super::super::args::{ShowArgs, ShowFormatArg};
use super::super::exit::Failure;
use super::super::stderr;
use super::{ABSENT, Remarks, UNREADABLE, called, key, print, units, value};
use crate::diagnostic::Severity;
use crate::error::At;
use crate::limits::Limits;
use crate::output::export::{Export, Key, State, Value};
use crate::registry::Lookup;
use crate::registry::reg_file::{Interest, ListedKey, RegFile, normalised};
use crate::source::Artifact;
use crate::windows::path::{KeyPath, Name};

pub(super) fn run(args: &ShowArgs, artifact: &Artifact, limits: &Limits) -> Result<u8, Failure> {
    let asked = key(args);
    // What is mounted without a name starts with a backslash, which a list of names does not show.
    let rootless = args.key.as_deref().is_some_and(|key| key.starts_with('\\'));
    let spelled = if rootless { format!(r"\{asked}") } else { asked.to_string() };
    let path = match args.key {
        None => KeyPath::default(),
        Some(_) => normalised(&spelled).ok_or_else(|| {
            Failure::Message(format!("{asked}: keys of a .reg file start at a root such as HKEY_LOCAL_MACHINE"))
        })?,
    };
    let file = match artifact.open() {
        Ok(file) => file,
        Err(error) => {
            stderr::line(format_args!("{}: {error}", artifact.name));
            return Ok(UNREADABLE);
        }
    };
    let mut interest = Interest::new();
    interest.everything(&path);
    let file =
        RegFile::read(&*file, &artifact.name, &interest, &whole(limits), args.codepage).taken_as(args.reg_is.into());
    let mut remarks = Remarks::new(args);
    let worth = |severity| args.verbose || severity > Severity::Note;
    for remark in file.diagnostics().all(&artifact.name).iter().filter(|d| worth(d.severity)) {
        remarks.add(&format!("{}: {}", remark.place, remark.message));
    }
    remarks.end();
    let stopped = if file.stopped().is_some() { UNREADABLE } else { 0 };
    let keys = keys(&file, &path);
    let there = |key: &&ListedKey<'_>| args.value.is_none() || !key.deleted;
    if !keys.iter().any(|key| there(&key)) {
        let what = match file.key(&path) {
            Lookup::KeyAbsent => format!("by what the file lists or deletes, there is no {asked}"),
            _ => format!("the file does not speak of {asked}"),
        };
        stderr::line(format_args!("{}: {what}", artifact.name));
        return Ok(stopped.max(ABSENT));
    }
    let only = value(args);
    // A file without a key asked for is shown whole.
    let recursive = args.recursive || args.key.is_none();
    let covered = match args.key {
        // Parents that the file creates and does not list are shown too, without what else is in them.
        None => file.extent().is_export() == Some(true) && keys.first().is_some_and(|key| file.has_all(key.path)),
        Some(_) => file.has_all(path.names()),
    };
    print(args, artifact, recursive && only.is_none() && covered, |export| {
        let mut shown = Shown { export, only: only.as_ref(), found: false, status: stopped };
        let names = args.format != ShowFormatArg::Reg && only.is_none();
        shown.keys(&keys, path.0.len(), recursive, names)?;
        if let (Some(only), false) = (&only, shown.found) {
            stderr::line(format_args!("{}: the file gives the key no {}", artifact.name, called(only)));
            shown.status = shown.status.max(ABSENT);
        }
        Ok(shown.status)
    })
}

/// The budgets of an audit, which keeps a few keys, raised to what a whole file holds: the user asked for all of it. The export
/// of a SYSTEM hive of 15 MB has 43,000 keys and passes the bytes that an audit keeps. Of one value as much is read as the
/// walk of a hive gives, so that an export can be shown.
fn whole(limits: &Limits) -> Limits {
    let value_bytes = limits.walk_value_bytes;
    // A byte is up to three units in hex, and some more where lines are broken.
    let line_units = limits.line_units.max(value_bytes.saturating_mul(4));
    Limits { reg_keys: 4_000_000, reg_bytes: 1 << 30, value_bytes, line_units, ..limits.clone() }
}

/// The keys at and below `path`; those of any control set where the file does not call it that.
fn keys<'f>(file: &'f RegFile, path: &KeyPath) -> Vec<ListedKey<'f>> {
    let keys = file.kept_below(path, false);
    if !keys.is_empty() {
        return keys;
    }
    let keys = file.kept_below(path, true);
    if !keys.is_empty() {
        stderr::line("note: the file calls the control set by another name");
    }
    keys
}

struct Shown<'e> {
    export: &'e mut dyn Export,
    only: Option<&'e Name>,
    found: bool,
    status: u8,
}

impl Shown<'_> {
    fn keys(&mut self, keys: &[ListedKey<'_>], level: usize, recursive: bool, names: bool) -> io::Result<()> {
        for key in keys.iter().filter(|key| recursive || key.path.len() == level) {
            self.key(key)?;
            let below = |other: &&ListedKey<'_>| {
                let next = other.path.len() == level.saturating_add(1);
                next && other.mount == key.mount && other.path.iter().zip(key.path).all(|(a, b)| a.matches(b.units()))
            };
            if names && !recursive {
                for name in keys.iter().filter(below).filter_map(|other| other.path.last()) {
                    self.export.subkey(name.units())?;
                }
            }
        }
        Ok(())
    }

    fn key(&mut self, key: &ListedKey<'_>) -> io::Result<()> {
        let path = units(&spelled(key));
        let state = match (key.deleted, key.link) {
            (true, _) => State::Deleted,
            (false, true) => State::Link,
            (false, false) => State::Present,
        };
        self.export.key(&Key { path: &path, last_write: None, at: At::Line(key.line), state })?;
        for value in key.values.iter().filter(|value| self.only.is_none_or(|only| only.matches(value.name.units()))) {
            self.found = true;
            match &value.value {
                Ok(stored) => {
                    let (name, at) = (value.name.units(), At::Line(value.line));
                    let value = Value { name, kind: stored.kind, data: &stored.data, at, deleted: false };
                    self.export.value(&value)?;
                }
                Err(error) => {
                    self.status = UNREADABLE;
                    self.export.damage(&path, error)?;
                }
            }
        }
        Ok(())
    }
}

/// The path as the file has it: with its own mount instead of the place that the hive belongs to.
fn spelled(key: &ListedKey<'_>) -> String {
    if key.mount.is_empty() {
        return KeyPath(key.path.to_vec()).to_string();
    }
    let rest = KeyPath(key.path.get(2..).unwrap_or_default().to_vec());
    format!("{}\\{rest}", key.mount.trim_end_matches('\\'))
}
