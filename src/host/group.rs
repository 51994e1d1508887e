//! Which artifacts are one machine.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use crate::diagnostic::{Diagnostic, Severity};
use crate::error::At;
use crate::limits::Limits;
use crate::place::Place;
use crate::registry::hive::{Answer, BaseBlock};
use crate::registry::path::{KeyPath, Name};
use crate::registry::{Lookup, software, system};
use crate::source::{Artifact, Kind, is_backup};

/// The hives that rules ask about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HiveKind {
    /// `HKEY_LOCAL_MACHINE\SYSTEM`
    System,
    /// `HKEY_LOCAL_MACHINE\SOFTWARE`
    Software,
}

impl HiveKind {
    /// The key that the hive's root is.
    pub fn root(self) -> KeyPath {
        match self {
            HiveKind::System => system(),
            HiveKind::Software => software(),
        }
    }
}

impl fmt::Display for HiveKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            HiveKind::System => "SYSTEM",
            HiveKind::Software => "SOFTWARE",
        })
    }
}

/// Artifacts that are one machine.
#[derive(Debug, Default)]
pub struct Group {
    /// What to call the machine when its registry does not say.
    pub name: String,
    /// Its hives.
    pub hives: Vec<(HiveKind, Artifact)>,
    /// Its `.reg` files, and files of Group Policy.
    pub reg_files: Vec<Artifact>,
    /// Whether the hives are copies that Windows keeps aside (`RegBack`, `Windows.old`).
    pub backup: bool,
    /// Whether nothing but their folder says that the hives belong together.
    pub by_folder_alone: bool,
}

/// Groups artifacts into machines: hives that lie in one folder belong together, each `.reg` file, and each of Group Policy, is a machine of its own;
/// with `join`, all are one machine. Hives that are neither SYSTEM nor SOFTWARE are left out and counted.
pub fn group(artifacts: &[Artifact], join: bool, limits: &Limits) -> (Vec<Group>, Vec<Diagnostic>, u64) {
    let mut folders: BTreeMap<usize, Vec<(HiveKind, Artifact)>> = BTreeMap::new();
    let mut first_of: BTreeMap<PathBuf, usize> = BTreeMap::new();
    let mut groups: BTreeMap<usize, Vec<Group>> = BTreeMap::new();
    let mut diagnostics = Vec::new();
    let mut other_hives = 0u64;
    let mut joined = Group { name: "joined inputs".into(), ..Group::default() };
    for (i, artifact) in artifacts.iter().enumerate() {
        let kind = match &artifact.kind {
            Kind::RegFile | Kind::PolicyFile(_) if join => {
                joined.reg_files.push(artifact.clone());
                continue;
            }
            Kind::RegFile | Kind::PolicyFile(_) => {
                let name = file_name(&artifact.path);
                groups.entry(i).or_default().push(Group {
                    name,
                    reg_files: vec![artifact.clone()],
                    ..Group::default()
                });
                continue;
            }
            Kind::Hive(base) => hive_kind(artifact, base, limits),
            Kind::BrokenHive(_) => kind_by_name(&artifact.path),
        };
        match kind {
            Some(kind) if join => joined.hives.push((kind, artifact.clone())),
            Some(kind) => {
                let folder = artifact.path.parent().unwrap_or(Path::new("")).to_path_buf();
                let first = *first_of.entry(folder).or_insert(i);
                folders.entry(first).or_default().push((kind, artifact.clone()));
            }
            None => {
                other_hives = other_hives.saturating_add(1);
                let place = Place::new(&artifact.name, At::Whole);
                let message = "a hive, but neither SYSTEM nor SOFTWARE: not audited".to_owned();
                diagnostics.push(Diagnostic { severity: Severity::Note, code: "other-hive", message, place });
            }
        }
    }
    if join {
        let empty = joined.hives.is_empty() && joined.reg_files.is_empty();
        return (if empty { Vec::new() } else { vec![joined] }, diagnostics, other_hives);
    }
    for (first, hives) in folders {
        groups.entry(first).or_default().extend(by_folder(hives));
    }
    (groups.into_values().flatten().collect(), diagnostics, other_hives)
}

/// Splits the hives of one folder: a SYSTEM and a SOFTWARE whose names differ in that word alone are a pair, and so are
/// the only two where a name says nothing. Anything else would be a guess, and a wrong pair a wrong verdict.
fn by_folder(hives: Vec<(HiveKind, Artifact)>) -> Vec<Group> {
    let count = |kind| hives.iter().filter(|(k, _)| *k == kind).count();
    let lone_pair = count(HiveKind::System) == 1 && count(HiveKind::Software) == 1;
    let nameless = hives.iter().any(|(_, artifact)| kind_word(&artifact.path).is_none());
    let mut order: Vec<String> = Vec::new();
    let mut pairs: BTreeMap<String, Vec<(HiveKind, Artifact)>> = BTreeMap::new();
    for (i, (kind, artifact)) in hives.into_iter().enumerate() {
        let key = match kind_word(&artifact.path) {
            _ if lone_pair && nameless => String::new(),
            Some(rest) => format!("by name {rest}"),
            None => format!("alone {i}"),
        };
        let key = match pairs.get(&key) {
            Some(there) if there.iter().any(|(k, _)| *k == kind) => format!("{key} again {i}"),
            _ => key,
        };
        if !order.contains(&key) {
            order.push(key.clone());
        }
        pairs.entry(key).or_default().push((kind, artifact));
    }
    let groups = order.iter().filter_map(|key| pairs.remove(key));
    groups.map(hive_group).collect()
}

fn hive_group(mut hives: Vec<(HiveKind, Artifact)>) -> Group {
    hives.sort_by_key(|(kind, _)| *kind);
    let path = hives.first().map(|(_, artifact)| artifact.path.clone()).unwrap_or_default();
    // Steps into an image or archive are no names.
    let folder = path.parent().map(file_name).filter(|folder| !folder.starts_with('\0')).unwrap_or_default();
    let backup = is_backup(&path);
    let called = || hives.first().map(|(_, artifact)| artifact.name.to_string()).unwrap_or_default();
    let name = if hives.len() > 1 && !folder.is_empty() { folder } else { called() };
    let by_folder_alone = hives.len() > 1 && hives.iter().any(|(_, artifact)| kind_word(&artifact.path).is_none());
    Group { name, hives, reg_files: Vec::new(), backup, by_folder_alone }
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// The file's name with the word SYSTEM or SOFTWARE taken out, if it has one.
fn kind_word(path: &Path) -> Option<String> {
    let name = file_name(path).to_ascii_lowercase();
    ["software", "system"].iter().find(|word| name.contains(**word)).map(|word| name.replacen(word, "*", 1))
}

/// A hive that cannot be opened has no content to be told by; its name then decides whose verdict becomes unknown.
fn kind_by_name(path: &Path) -> Option<HiveKind> {
    let name = file_name(path);
    let is = |kind: HiveKind| name.eq_ignore_ascii_case(&kind.to_string());
    [HiveKind::System, HiveKind::Software].into_iter().find(|kind| is(*kind))
}

/// Tells which hive this is: by the name that Windows keeps in the base block, else by the keys at the root.
pub(crate) fn hive_kind(artifact: &Artifact, base: &BaseBlock, limits: &Limits) -> Option<HiveKind> {
    let noted = base.file_name.to_ascii_uppercase();
    for kind in [HiveKind::System, HiveKind::Software] {
        if noted == kind.to_string() || noted.ends_with(&format!("\\CONFIG\\{kind}")) {
            return Some(kind);
        }
    }
    let (hive, _) = artifact.open_hive(limits).ok()?;
    let has = |path: &str, value: Option<&str>| {
        let value = value.map(Name::from);
        let answer = hive.lookup(KeyPath::parse(path).names(), value.as_ref());
        match value {
            None => matches!(answer, Answer::Link(_) | Answer::Lookup(Lookup::ValueAbsent(_))),
            Some(_) => matches!(answer, Answer::Lookup(Lookup::Found(_))),
        }
    };
    if has("Select", Some("Current")) || has("ControlSet001", None) || has("ControlSet002", None) {
        return Some(HiveKind::System);
    }
    // A user's own Software key, saved as a hive, has Microsoft\Windows NT\CurrentVersion too, but not these.
    let machine = has(r"Microsoft\Windows NT\CurrentVersion", Some("CurrentBuildNumber"))
        || has(r"Microsoft\Windows NT\CurrentVersion", Some("ProductName"))
        || has(r"Microsoft\.NETFramework", None);
    machine.then_some(HiveKind::Software)
}
