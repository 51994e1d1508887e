//! Which artifacts are one machine.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::path::{Path, PathBuf};

use super::pair;
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::error::At;
use crate::limits::Limits;
use crate::place::Place;
use crate::registry::Lookup;
use crate::registry::hive::{Answer, BaseBlock};
use crate::source::{Artifact, Entry, Fate, Kind, Machines};
use crate::windows::keys::{software, system};
use crate::windows::path::{KeyPath, Name};

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
    /// Its `.reg` files, and files of Group Policy that are to be judged.
    pub reg_files: Vec<Artifact>,
    /// Files of Group Policy that lie on it: what they would set is told, and touches no verdict.
    pub policies: Vec<Artifact>,
    /// Whether the hives are copies from an earlier day (`RegBack`, `Windows.old`, a shadow copy).
    pub backup: bool,
    /// Whether nothing but their folder says that the hives belong together.
    pub by_folder_alone: bool,
}

impl Group {
    /// All of it, but for files that touch no verdict.
    pub fn artifacts(&self) -> impl Iterator<Item = &Artifact> {
        self.hives.iter().map(|(_, artifact)| artifact).chain(&self.reg_files)
    }
}

/// What artifacts are.
#[derive(Debug, Default)]
pub struct Grouping {
    /// Machines, in the order of their first artifact.
    pub groups: Vec<Group>,
    /// What there is to say of the artifacts.
    pub diagnostics: Vec<Diagnostic>,
    /// Artifacts that are no part of a machine.
    pub others: Vec<Entry>,
}

/// Groups artifacts into machines: hives that lie in one folder belong together, and files of Group Policy to the machine that
/// they lie on; each `.reg` file is a machine of its own, and so is each file of Group Policy that is named or lies elsewhere.
/// With `join`, all are one machine. Hives that are neither SYSTEM nor SOFTWARE are left out.
pub fn group(artifacts: &[Artifact], join: bool, limits: &Limits) -> Grouping {
    let mut out = Grouping::default();
    let kinds = kinds(artifacts, limits, &mut out);
    let each = || artifacts.iter().zip(&kinds);
    let mut folders: BTreeMap<usize, Vec<(HiveKind, Artifact)>> = BTreeMap::new();
    let mut first_in: HashMap<&Path, usize> = HashMap::new();
    for (i, (artifact, role)) in each().enumerate() {
        if let Role::Hive(kind) = role {
            let first = *first_in.entry(folder(&artifact.path)).or_insert(i);
            folders.entry(first).or_default().push((*kind, artifact.clone()));
        }
    }
    let mut groups: Vec<(usize, Group)> = Vec::new();
    for (first, hives) in folders {
        groups.extend(by_folder(hives, limits, &mut out.diagnostics).into_iter().map(|group| (first, group)));
    }
    let owners = Owners::new(groups.iter().map(|(_, group)| group));
    for (i, (artifact, role)) in each().enumerate() {
        let owner = match role {
            Role::File => None,
            Role::Policy => owners.of(artifact),
            Role::Hive(_) | Role::OtherHive | Role::Nothing => continue,
        };
        match owner.and_then(|owner| groups.get_mut(owner)) {
            Some((_, group)) => group.policies.push(artifact.clone()),
            None => {
                let (name, reg_files) = (file_name(&artifact.path), vec![artifact.clone()]);
                groups.push((i, Group { name, reg_files, backup: artifact.backup, ..Group::default() }));
            }
        }
    }
    groups.sort_by_key(|(first, _)| *first);
    out.groups = groups.into_iter().map(|(_, group)| group).collect();
    if join && !out.groups.is_empty() {
        out.diagnostics.retain(|remark| remark.code != Code::NotAPair);
        let mut joined = Group { name: "joined inputs".into(), ..Group::default() };
        for group in out.groups.drain(..) {
            joined.hives.extend(group.hives);
            joined.reg_files.extend(group.reg_files);
            joined.policies.extend(group.policies);
        }
        out.groups.push(joined);
    }
    out
}

/// What an artifact is to the machines.
enum Role {
    Hive(HiveKind),
    OtherHive,
    /// A `.reg` file.
    File,
    Policy,
    /// Nothing to judge.
    Nothing,
}

/// What each artifact is.
fn kinds(artifacts: &[Artifact], limits: &Limits, out: &mut Grouping) -> Vec<Role> {
    let mut roles: Vec<Role> = Vec::new();
    // Of each folder, the kinds of the hives that are there.
    let mut there: HashMap<&Path, Vec<Option<HiveKind>>> = HashMap::new();
    for artifact in artifacts {
        let kind = match &artifact.kind {
            Kind::RegFile => Role::File,
            Kind::PolicyFile(_) => Role::Policy,
            Kind::NoHive(_) => Role::Nothing,
            Kind::Hive(base) => hive_kind(artifact, base, limits).map_or(Role::OtherHive, Role::Hive),
            Kind::BrokenHive(_) => kind_by_name(&artifact.path).map_or(Role::OtherHive, Role::Hive),
        };
        match kind {
            Role::Hive(kind) => there.entry(folder(&artifact.path)).or_default().push(Some(kind)),
            Role::OtherHive => {
                there.entry(folder(&artifact.path)).or_default().push(None);
                let message = "a hive, but neither SYSTEM nor SOFTWARE: not audited".to_owned();
                out.others.push(entry(artifact, "registry hive", Fate::NotAboutWindows).because(
                    Code::OtherHive,
                    message.clone(),
                    None,
                ));
                out.diagnostics.push(remark(artifact, Code::OtherHive, message));
            }
            Role::File | Role::Policy | Role::Nothing => {}
        }
        roles.push(kind);
    }
    for (artifact, role) in artifacts.iter().zip(&mut roles) {
        let (Kind::NoHive(error), Some(kind)) = (&artifact.kind, kind_by_name(&artifact.path)) else { continue };
        let beside = there.get(folder(&artifact.path)).map(Vec::as_slice).unwrap_or_default();
        let exact = file_name(&artifact.path) == kind.to_string();
        // Many a file is called "system" that has nothing to do with Windows.
        if (artifact.named || exact || !beside.is_empty()) && !beside.contains(&Some(kind)) {
            *role = Role::Hive(kind);
            out.diagnostics.push(remark(artifact, Code::NoHive, error.to_string()).with_severity(Severity::Error));
        } else {
            let message = format!("{error}: passed over");
            let passed = entry(artifact, "", Fate::NotRecognised).because(Code::NoHive, message.clone(), None);
            out.others.push(passed);
            out.diagnostics.push(remark(artifact, Code::NoHive, message));
        }
    }
    roles
}

/// The ledger's line on an artifact.
fn entry(artifact: &Artifact, kind: &'static str, fate: Fate) -> Entry {
    let path = artifact.container().is_none().then(|| artifact.path.clone());
    let size = artifact.meta().0;
    Entry { path, size, named: artifact.named, ..Entry::new(&artifact.name, kind, fate) }
}

fn remark(artifact: &Artifact, code: Code, message: String) -> Diagnostic {
    Diagnostic::new(code, message, Place::new(&artifact.name, At::Whole))
}

fn folder(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new(""))
}

/// Whose the files of Group Policy are.
struct Owners {
    machines: Machines,
    /// The groups of each folder that has hives.
    folders: HashMap<PathBuf, Vec<usize>>,
}

impl Owners {
    fn new<'a>(groups: impl Iterator<Item = &'a Group>) -> Self {
        let (mut machines, mut folders) = (Machines::default(), HashMap::<PathBuf, Vec<usize>>::new());
        for (number, group) in groups.enumerate() {
            let Some((_, artifact)) = group.hives.first() else { continue };
            let folder = folder(&artifact.path);
            machines.add(folder, number);
            folders.entry(folder.to_path_buf()).or_default().push(number);
        }
        Self { machines, folders }
    }

    /// The machine that the file lies on, unless the user named the file: it is to be judged then.
    fn of(&self, artifact: &Artifact) -> Option<usize> {
        if artifact.named {
            return None;
        }
        self.machines.owner(&artifact.path).or_else(|| match self.folders.get(folder(&artifact.path))?.as_slice() {
            [only] => Some(*only),
            _ => None,
        })
    }
}

/// Splits the hives of one folder: a SYSTEM and a SOFTWARE whose names differ in that word alone are a pair, and so are
/// the only two, unless something speaks against it. Anything else would be a guess, and a wrong pair a wrong verdict.
fn by_folder(hives: Vec<(HiveKind, Artifact)>, limits: &Limits, diagnostics: &mut Vec<Diagnostic>) -> Vec<Group> {
    if let Some((system, software)) = lone_pair(&hives) {
        let Some(why) = pair::against(system, software, limits) else { return vec![hive_group(hives)] };
        let message = format!(
            "the only SYSTEM and the only SOFTWARE of this folder are not taken as one machine: {why} (--join takes them \
             as one)"
        );
        diagnostics.push(remark(system, Code::NotAPair, message));
        return hives.into_iter().map(|hive| hive_group(vec![hive])).collect();
    }
    let mut pairs: Vec<Vec<(HiveKind, Artifact)>> = Vec::new();
    let mut by_name: HashMap<String, usize> = HashMap::new();
    for (kind, artifact) in hives {
        let known = kind_word(&artifact.path).map(|word| *by_name.entry(word).or_insert(pairs.len()));
        match known.and_then(|number| pairs.get_mut(number)) {
            Some(pair) if pair.iter().all(|(other, _)| *other != kind) => pair.push((kind, artifact)),
            _ => pairs.push(vec![(kind, artifact)]),
        }
    }
    pairs.into_iter().map(hive_group).collect()
}

/// The only SYSTEM and the only SOFTWARE of a folder, where their names do not pair them.
fn lone_pair(hives: &[(HiveKind, Artifact)]) -> Option<(&Artifact, &Artifact)> {
    let (system, software) = match hives {
        [(HiveKind::System, system), (HiveKind::Software, software)]
        | [(HiveKind::Software, software), (HiveKind::System, system)] => (system, software),
        _ => return None,
    };
    (!paired_by_name(&system.path, &software.path)).then_some((system, software))
}

/// Whether the names of two hives differ in the word SYSTEM or SOFTWARE alone.
pub(crate) fn paired_by_name(one: &Path, other: &Path) -> bool {
    let (one, other) = (kind_word(one), kind_word(other));
    one.is_some() && one == other
}

fn hive_group(mut hives: Vec<(HiveKind, Artifact)>) -> Group {
    hives.sort_by_key(|(kind, _)| *kind);
    let path = hives.first().map(|(_, artifact)| artifact.path.clone()).unwrap_or_default();
    let folder = telling_folder(&path);
    let backup = hives.iter().any(|(_, artifact)| artifact.backup);
    let called = || hives.first().map(|(_, artifact)| artifact.name.to_string()).unwrap_or_default();
    let name = if hives.len() > 1 && !folder.is_empty() { folder } else { called() };
    let by_folder_alone = match hives.as_slice() {
        [(_, one), (_, other)] => !paired_by_name(&one.path, &other.path),
        _ => false,
    };
    Group { name, hives, backup, by_folder_alone, ..Group::default() }
}

/// The folder that tells one machine from another: not `C\Windows\System32\config`, which all have, nor a step into an image or
/// an archive, but what lies around these.
fn telling_folder(path: &Path) -> String {
    let nearest = path.parent().map(file_name).unwrap_or_default();
    let mut folders = path.ancestors().skip(1).map(file_name);
    if ["config", "system32"].iter().all(|wanted| folders.next().is_some_and(|name| name.eq_ignore_ascii_case(wanted)))
    {
        // That of Windows says nothing, either. A drive's name is a letter.
        let telling = |name: &String| name.chars().count() > 1 && !name.starts_with('\0') && !name.ends_with("%3A");
        return folders.skip(1).find(telling).unwrap_or(nearest);
    }
    if nearest.starts_with('\0') { String::new() } else { nearest }
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
    let words = || name.split(|c: char| !c.is_alphanumeric());
    let is_log = |word: &str| ["log", "log1", "log2"].iter().any(|log| word.eq_ignore_ascii_case(log));
    if words().next_back().is_some_and(is_log) {
        return None;
    }
    words().find_map(|word| {
        let is = |kind: &HiveKind| word.eq_ignore_ascii_case(&kind.to_string());
        [HiveKind::System, HiveKind::Software].into_iter().find(is)
    })
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
