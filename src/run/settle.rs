//! What became of each file, once the machines are judged, and what there is to say of each.

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use super::InputRecord;
use crate::diagnostic::{Code, Diagnostic};
use crate::error::At;
use crate::host::{Group, Input, InputKind};
use crate::place::{INTO, Place};
use crate::source::{Artifact, Entry, Fate, ImageSeen, LogFile};

/// A group, how many hosts it is, and what was read for it.
pub(super) type Judged<'a> = (&'a Group, usize, Vec<Input>);

/// The records of what was looked at, in a stable order: what machines were judged by, then the rest of the ledger.
pub(super) fn records(
    judged: &[Judged<'_>],
    ledger: Vec<Entry>,
    images: Vec<ImageSeen>,
    diagnostics: Vec<Diagnostic>,
) -> Vec<InputRecord> {
    let mut entries: Vec<Entry> = Vec::new();
    let mut hosts_in: HashMap<Arc<str>, u64> = HashMap::new();
    for (group, hosts, inputs) in judged {
        let hosts = *hosts as u64;
        entries.extend(entries_of(group, hosts, inputs));
        for input in inputs.iter().filter(|input| matches!(input.kind, InputKind::Container(_))) {
            *hosts_in.entry(Arc::clone(&input.name)).or_default() += hosts;
        }
    }
    for mut entry in ledger {
        if let Some(hosts) = hosts_in.remove(&entry.name) {
            entry.hosts = hosts;
            entry.fate = Fate::Judged;
        }
        entries.push(entry);
    }
    let mut records: Vec<InputRecord> = entries.into_iter().map(record).collect();
    let mut numbers: HashMap<Arc<str>, usize> = HashMap::new();
    for (number, record) in records.iter().enumerate() {
        numbers.entry(Arc::clone(&record.entry.name)).or_insert(number);
    }
    for image in images {
        if let Some(record) = about(&image.name, &numbers).and_then(|number| records.get_mut(number)) {
            record.images.push(image);
        }
    }
    for diagnostic in diagnostics {
        let name = Arc::clone(&diagnostic.place.artifact);
        let number = about(&name, &numbers).unwrap_or_else(|| {
            // What there is to say of a folder.
            records.push(record(Entry { files: 0, ..Entry::new(&name, "", Fate::Part) }));
            numbers.insert(name, records.len() - 1);
            records.len() - 1
        });
        records.get_mut(number).into_iter().for_each(|record| record.diagnostics.push(diagnostic.clone()));
    }
    records
}

fn record(entry: Entry) -> InputRecord {
    InputRecord { entry, images: Vec::new(), diagnostics: Vec::new() }
}

/// The record that is about what is called so, or about what that lies in.
fn about(name: &str, numbers: &HashMap<Arc<str>, usize>) -> Option<usize> {
    let mut name = name;
    loop {
        if let Some(number) = numbers.get(name) {
            return Some(*number);
        }
        (name, _) = name.rsplit_once(INTO)?;
    }
}

/// What became of the artifacts of a group.
fn entries_of(group: &Group, hosts: u64, inputs: &[Input]) -> Vec<Entry> {
    let input = |artifact: &Artifact| inputs.iter().find(|input| input.name == artifact.name);
    let mut entries = Vec::new();
    if hosts == 0 {
        let of = |artifact: &Artifact| of_artifact(artifact, "".into(), Fate::NotAskedFor);
        return group.artifacts().chain(&group.policies).map(of).collect();
    }
    for (kind, artifact) in &group.hives {
        entries.push(judged(artifact, format!("{kind} hive"), input(artifact), hosts));
        entries.extend(artifact.logs.iter().map(|log| log_entry(artifact, log)));
    }
    for artifact in &group.reg_files {
        let kind = match input(artifact).map(|input| &input.kind) {
            Some(InputKind::PolicyFile(form) | InputKind::RegFile { form, .. }) => form.clone(),
            _ => ".reg file".to_owned(),
        };
        entries.push(judged(artifact, kind, input(artifact), hosts));
    }
    for artifact in &group.policies {
        entries.push(of_artifact(artifact, "Group Policy file".into(), Fate::Judged));
    }
    entries
}

fn judged(artifact: &Artifact, kind: String, input: Option<&Input>, hosts: u64) -> Entry {
    let mut entry = of_artifact(artifact, kind.into(), Fate::Judged);
    entry.hosts = hosts;
    if let Some(InputKind::Unreadable(error)) = input.map(|input| &input.kind) {
        entry.fate = Fate::NotRead;
        entry = entry.that_counts().because(Code::UnreadableInput, error.to_string(), error.next());
    }
    entry
}

fn of_artifact(artifact: &Artifact, kind: Cow<'static, str>, fate: Fate) -> Entry {
    let path = artifact.container().is_none().then(|| artifact.path.clone());
    let size = artifact.meta().0;
    Entry { path, size, named: artifact.named, ..Entry::new(&artifact.name, kind, fate) }
}

fn log_entry(artifact: &Artifact, log: &LogFile) -> Entry {
    let path = artifact.container().is_none().then(|| log.path.clone());
    let entry = Entry { path, size: log.meta().0, ..Entry::new(&log.name, "transaction log", Fate::Part) };
    match &log.ignored {
        Some(why) => entry.because(Code::LogRefused, why.clone(), None),
        None => entry,
    }
}

/// What there is to say where the program failed: at a file, or somewhere.
pub(super) fn broke(path: Option<&Path>) -> InputRecord {
    let name: Arc<str> = path.map_or_else(|| "an input".into(), |path| path.to_string_lossy().into());
    let why = "tlshive failed over it: this is a fault of tlshive";
    let entry = Entry { path: path.map(Path::to_path_buf), ..Entry::new(&name, "", Fate::NotRead) }.that_counts();
    let entry = entry.because(Code::InternalError, why, Some("please report it, if you can with the file"));
    let diagnostic = Diagnostic::new(Code::InternalError, why, Place::new(&name, At::Whole));
    InputRecord { entry, images: Vec::new(), diagnostics: vec![diagnostic] }
}
