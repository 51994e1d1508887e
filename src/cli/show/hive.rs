//! Keys of a hive.

use std::io;

use super::super::args::{ShowArgs, ShowFormatArg};
use super::super::exit::Failure;
use super::super::similar::did_you_mean;
use super::super::stderr;
use super::{ABSENT, Remarks, UNREADABLE, called, deleted, key, print, units, value};
use crate::error::{At, Error};
use crate::host::{HiveKind, Recovery, hive_kind};
use crate::limits::Limits;
use crate::output::export::{Export, Key, State, Value};
use crate::registry::Lookup;
use crate::registry::hive::{Answer, BaseBlock, Enter, Hive, KeyRef, KeyView, Position, ValueView, Visit};
use crate::source::Artifact;
use crate::windows::FileTime;
use crate::windows::control_set;
use crate::windows::keys::system;
use crate::windows::path::{KeyPath, Name};

/// Why there is no key to print: the exit status, and what to say.
type Missing = (u8, String);

pub(super) fn run(args: &ShowArgs, artifact: &Artifact, base: &BaseBlock, limits: &Limits) -> Result<u8, Failure> {
    let (hive, recovery) = match artifact.open_hive(limits) {
        Ok(opened) => opened,
        Err(error) => {
            stderr::line(format_args!("{}: {error}", artifact.name));
            return Ok(UNREADABLE);
        }
    };
    if recovery != Recovery::Clean {
        stderr::line(format_args!("{}: note: the hive is {recovery}", artifact.name));
    }
    let kind = hive_kind(artifact, base, limits);
    let root = match (kind, &args.root) {
        (_, Some(root)) => KeyPath::parse(root),
        (Some(kind), None) => kind.root(),
        (None, None) => guessed_root(artifact),
    };
    // Links and CurrentControlSet go by where Windows has the hive, whatever it is to be called here.
    let place = Place { hive: &hive, home: kind.map_or_else(|| root.clone(), HiveKind::root), limits };
    let wanted = key(args);
    if args.deleted {
        let names = place.names(&wanted, &root).and_then(|names| place.with_control_set(names, is_full(&wanted)));
        return match names {
            Ok(names) => {
                let below = KeyPath(root.0.iter().chain(&names).cloned().collect());
                deleted::run(args, artifact, &hive, &units(&root.to_string()), &units(&below.to_string()))
            }
            Err((status, message)) => {
                stderr::line(format_args!("{}: {message}", artifact.name));
                Ok(status)
            }
        };
    }
    let found = place.names(&wanted, &root).and_then(|names| place.find(names, is_full(&wanted)));
    let (start, path) = match found {
        Ok(found) => found,
        Err((status, message)) => {
            stderr::line(format_args!("{}: {message}", artifact.name));
            return Ok(status);
        }
    };
    let path = units(&KeyPath(root.0.iter().chain(&path.0).cloned().collect()).to_string());
    // What a differencing hive does not hold may stand in another one.
    let whole = args.recursive && !base.is_differencing();
    print(args, artifact, whole, |export| {
        let mut shown = Shown {
            export,
            recursive: args.recursive,
            subkeys: args.recursive || (args.value.is_none() && args.format != ShowFormatArg::Reg),
            only: value(args),
            waiting: None,
            found: false,
            held: None,
            remarks: Remarks::new(args),
            artifact: &artifact.name,
        };
        hive.walk(start, &path, &mut shown)?;
        for odd in hive.remarks() {
            stderr::line(format_args!("{}: note: {odd}", artifact.name));
        }
        shown.status(base)
    })
}

/// What the root of a hive is called that is neither SYSTEM nor SOFTWARE: users' hives by where Windows has them, any other
/// by its file's name below `HKEY_LOCAL_MACHINE`, as `SAM` and `SECURITY` are.
fn guessed_root(artifact: &Artifact) -> KeyPath {
    let stem = artifact.path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let stem: String = stem.chars().map(|c| if c == '\\' || c.is_control() { '_' } else { c }).collect();
    let upper = stem.to_ascii_uppercase();
    KeyPath::parse(&match upper.as_str() {
        _ if upper.starts_with("NTUSER") => "HKEY_CURRENT_USER".to_owned(),
        _ if upper.starts_with("USRCLASS") => r"HKEY_CURRENT_USER\Software\Classes".to_owned(),
        _ => format!(r"HKEY_LOCAL_MACHINE\{stem}"),
    })
}

/// Whether a path starts at a root key.
fn is_full(key: &KeyPath) -> bool {
    key.0.first().is_some_and(|name| name.to_string().to_ascii_uppercase().starts_with("HKEY_"))
}

/// A hive and where Windows has it.
struct Place<'a> {
    hive: &'a Hive,
    home: KeyPath,
    limits: &'a Limits,
}

impl Place<'_> {
    /// The names below the hive's root of a path that may start at a root key.
    fn names(&self, key: &KeyPath, root: &KeyPath) -> Result<Vec<Name>, Missing> {
        if !is_full(key) {
            return Ok(key.0.clone());
        }
        let below = key.below(root).or_else(|| key.below(&self.home));
        below.map(<[Name]>::to_vec).ok_or_else(|| (ABSENT, format!("{key} is not in this hive, whose root is {root}")))
    }

    /// Goes to the key, through links that stay inside the hive. A path that is not `full` is one from the hive's root, where
    /// a key called `CurrentControlSet` may stand.
    fn find(&self, mut names: Vec<Name>, mut full: bool) -> Result<(KeyRef, KeyPath), Missing> {
        for _ in 0..=self.limits.links {
            names = self.with_control_set(names, full)?;
            full = true;
            match self.hive.find(&names) {
                Position::Key(key, path) => return Ok((key, path)),
                Position::Link(target) => {
                    let Some(below) = target.below(&self.home) else {
                        return Err((
                            UNREADABLE,
                            format!("a symbolic link leads to {target}, which is not in this hive"),
                        ));
                    };
                    stderr::line(format_args!("note: a symbolic link leads to {target}"));
                    names = below.to_vec();
                }
                Position::Lookup(Lookup::Unreadable(error, _)) => return Err((UNREADABLE, error.to_string())),
                Position::Lookup(_) => return Err((ABSENT, self.absent(&names))),
            }
        }
        Err((UNREADABLE, format!("more than {} symbolic links", self.limits.links)))
    }

    /// That a key is not there, what it may be called, and how far the path leads.
    fn absent(&self, names: &[Name]) -> String {
        let is_there = |count: &usize| {
            let path = names.get(..*count).unwrap_or_default();
            matches!(self.hive.find(path), Position::Key(..))
        };
        let there = (0..names.len()).rev().find(is_there).unwrap_or_default();
        let (above, wrong) = (names.get(..there).unwrap_or_default(), names.get(there));
        let wrong = wrong.map(ToString::to_string).unwrap_or_default();
        let children: Vec<String> =
            self.hive.children(above).unwrap_or_default().iter().map(ToString::to_string).collect();
        let meant = did_you_mean(&wrong, children.iter().map(String::as_str));
        let last = match above {
            [] => "the root of the hive".to_owned(),
            names => KeyPath(names.to_vec()).to_string(),
        };
        format!("no key {}: {last} has no key \"{wrong}\"{meant}", KeyPath(names.to_vec()))
    }

    /// With `CurrentControlSet` as the set that `Select\Current` names, unless the hive has a key of that name and the path
    /// is one from its root.
    fn with_control_set(&self, mut names: Vec<Name>, full: bool) -> Result<Vec<Name>, Missing> {
        let alias = control_set::alias();
        let Some(set) = names.first_mut().filter(|name| self.home == system() && name.matches(alias.units())) else {
            return Ok(names);
        };
        match self.hive.own_control_set() {
            Some(_) if !full => {
                stderr::line(format_args!(
                    r"note: this is the hive's own key CurrentControlSet, which Windows never reads; what it calls so is HKLM\SYSTEM\CurrentControlSet",
                ));
                return Ok(names);
            }
            Some(_) => stderr::line(format_args!(
                r"note: the hive has a key CurrentControlSet of its own, which Windows never reads; the path without HKLM\SYSTEM shows it",
            )),
            None => {}
        }
        let current = self.hive.lookup(&[Name::from("Select")], Some(&Name::from("Current")));
        let number = match current {
            Answer::Lookup(Lookup::Found(found)) => found.value.as_dword(),
            Answer::Lookup(Lookup::Unreadable(error, _)) => {
                return Err((UNREADABLE, format!("CurrentControlSet cannot be told: {error}")));
            }
            _ => None,
        };
        let Some(number) = number else {
            return Err((ABSENT, r"CurrentControlSet cannot be told: Select\Current is no number".to_owned()));
        };
        *set = control_set::numbered(number);
        stderr::line(format_args!(r"note: CurrentControlSet is {set} (Select\Current)"));
        Ok(names)
    }
}

/// Hands what a walk comes to on to the output.
struct Shown<'e> {
    export: &'e mut dyn Export,
    recursive: bool,
    /// Whether the keys right below are named at least.
    subkeys: bool,
    /// The one value that is wanted.
    only: Option<Name>,
    /// The key, held back until that value is found.
    waiting: Option<(Vec<u16>, FileTime, At, State)>,
    found: bool,
    /// The first damage met beside a value that is looked for.
    held: Option<Error>,
    remarks: Remarks,
    artifact: &'e str,
}

impl Visit for Shown<'_> {
    type Error = io::Error;

    fn key(&mut self, key: &KeyView<'_>) -> io::Result<Enter> {
        if key.depth > 0 && !self.recursive {
            self.export.subkey(key.name)?;
            return Ok(Enter { values: false, subkeys: false });
        }
        let state = match (key.tombstone, key.link, key.handle) {
            (true, ..) => State::Deleted,
            (false, true, _) => State::Link,
            (false, false, Some(handle)) => State::Handle(handle),
            (false, false, None) => State::Present,
        };
        let at = At::Offset(key.offset);
        if self.only.is_some() {
            self.waiting = Some((key.path.to_vec(), key.last_write, at, state));
            return Ok(Enter { values: true, subkeys: false });
        }
        self.export.key(&Key { path: key.path, last_write: key.last_write.known(), at, state })?;
        Ok(Enter { values: true, subkeys: self.subkeys })
    }

    fn value(&mut self, value: &ValueView<'_>) -> io::Result<()> {
        if self.only.as_ref().is_some_and(|only| !only.matches(value.name)) {
            return Ok(());
        }
        if let Some((path, time, at, state)) = self.waiting.take() {
            self.export.key(&Key { path: &path, last_write: time.known(), at, state })?;
        }
        self.found = true;
        let at = At::Offset(value.offset);
        let ValueView { name, kind, data, tombstone: deleted, .. } = *value;
        self.export.value(&Value { name, kind, data, at, deleted })
    }

    fn damage(&mut self, path: &[u16], error: &Error) -> io::Result<()> {
        if self.only.is_some() {
            // Counts only if the value is not found: the damaged one may be it.
            self.held.get_or_insert_with(|| error.clone());
            return Ok(());
        }
        self.remarks.add(&format!("{}: error: {}: {error}", self.artifact, String::from_utf16_lossy(path)));
        self.export.damage(path, error)
    }
}

impl Shown<'_> {
    fn status(&self, base: &BaseBlock) -> io::Result<u8> {
        self.remarks.end();
        let Some(only) = self.only.as_ref().filter(|_| !self.found) else {
            return Ok(if self.remarks.count > 0 { UNREADABLE } else { 0 });
        };
        if let Some(error) = &self.held {
            stderr::line(format_args!(
                "{}: the {} was not found, and may be what cannot be read: {error}",
                self.artifact,
                called(only)
            ));
            return Ok(UNREADABLE);
        }
        if let Some((.., State::Handle(handle))) = self.waiting {
            let what =
                format!("the key is a predefined handle ({handle:#010x}): Windows opens another key in its place");
            stderr::line(format_args!("{}: {what}", self.artifact));
            return Ok(UNREADABLE);
        }
        if base.is_differencing() {
            let what = "is not in this differencing hive, and may be in the hive that this one is laid over";
            stderr::line(format_args!("{}: the {} {what}", self.artifact, called(only)));
            return Ok(UNREADABLE);
        }
        stderr::line(format_args!("{}: the key has no {}", self.artifact, called(only)));
        Ok(ABSENT)
    }
}
