//! Files whose import is judged before it is done.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use super::{Host, Input, InputKind, Windows, control_set, facts};
use crate::diagnostic::{Code, Diagnostic};
use crate::digest::sha256_of;
use crate::error::{At, Error};
use crate::limits::Limits;
use crate::place::Place;
use crate::read_at::{LocalFile, ReadAt};
use crate::registry::Registry;
use crate::registry::change::Changes;
use crate::registry::group_policy::{self, Form, Layout, Owner};
use crate::registry::overlay::{Import, View, native_twin};
use crate::registry::reg_file::{Interest, RegFile};
use crate::windows::keys::system;
use crate::windows::path::{KeyPath, Name};

/// A file that is laid over each machine.
#[derive(Debug, Clone)]
pub struct OverlayFile {
    /// The file, as an input of the machine.
    pub input: Input,
    /// What it changes.
    pub changes: Changes,
    /// What there is to say of it.
    pub diagnostics: Vec<Diagnostic>,
}

/// Files laid over each machine, in the order of their import, and by which program they are imported.
#[derive(Debug, Clone, Copy, Default)]
pub struct Overlays<'a> {
    /// The files.
    pub files: &'a [OverlayFile],
    /// The program.
    pub view: View,
}

/// What is to be kept of files that are laid over a machine: also what an import moves to where somebody asks for it.
pub fn overlay_interest(keys: &[KeyPath], trees: &[KeyPath]) -> Interest {
    let mut interest = super::interest(keys, trees);
    keys.iter().filter_map(native_twin).for_each(|key| interest.key(&key));
    trees.iter().filter_map(native_twin).for_each(|key| interest.tree(&key));
    interest
}

impl OverlayFile {
    /// Reads what a file changes, within the interest: a `.reg` file, or what its first bytes show to be of Group Policy.
    pub fn read(
        input: Input,
        source: &dyn ReadAt,
        interest: &Interest,
        limits: &Limits,
        codepage: Option<&'static encoding_rs::Encoding>,
        registry_pol: Option<Owner>,
    ) -> Self {
        let mut start = vec![0; 4096];
        let n = source.read_at(0, &mut start).unwrap_or(0);
        start.truncate(n);
        match group_policy::sniff(&start) {
            Some(form) => {
                let layout = layout(&input.name, Some(Path::new(&*input.name)), registry_pol);
                Self::policy_file(input, source, (form, layout), interest, limits)
            }
            None => Self::reg_file(input, source, interest, limits, codepage),
        }
    }

    /// Reads what a file of Group Policy changes.
    fn policy_file(
        mut input: Input,
        source: &dyn ReadAt,
        (form, layout): (Form, Layout),
        interest: &Interest,
        limits: &Limits,
    ) -> Self {
        let name = Arc::clone(&input.name);
        let (mut changes, mut diagnostics) = group_policy::read(source, &name, layout, form, limits);
        input.kind = InputKind::Overlay(form.to_string());
        let doubted = || changes.doubts.iter().find(|(key, ..)| interest.reaches(key)).map(|(.., place)| place.clone());
        changes.first = interest.first_touched(&changes.changes).or_else(doubted);
        if keys(&changes) > limits.overlay_keys / 2 {
            changes.changes.retain(|(change, _)| interest.touched_by(change));
            diagnostics.push(large(&name));
        }
        Self { input, changes, diagnostics }
    }

    /// Reads what a `.reg` file changes, within the interest.
    fn reg_file(
        mut input: Input,
        source: &dyn ReadAt,
        interest: &Interest,
        limits: &Limits,
        codepage: Option<&'static encoding_rs::Encoding>,
    ) -> Self {
        let name = Arc::clone(&input.name);
        let (file, mut changes) = RegFile::read_changes(source, &name, interest, limits, codepage);
        changes.first = interest.first_touched(&changes.changes);
        input.kind = InputKind::Overlay(file.format().to_string());
        let mut diagnostics = file.diagnostics().all(&name);
        let told = file.stopped().is_some();
        if let Some((error, place)) = changes.stopped.clone().filter(|_| !told) {
            diagnostics.push(unreadable(&error.to_string(), place));
        }
        for (_, error, place) in &changes.doubts {
            diagnostics.push(unreadable(&error.to_string(), place.clone()));
        }
        if changes.stopped.is_none() {
            // A link may lead from a key that nobody asks about to one that somebody does, and back.
            let mut everything = Interest::new();
            everything.everything(&KeyPath::default());
            let (_, all) = RegFile::read_changes(source, &name, &everything, limits, codepage);
            if all.stopped.is_none() && keys(&all) <= limits.overlay_keys / 2 {
                changes.doubts.extend(all.doubts.into_iter().filter(|(key, ..)| key.names().len() > 2));
                changes.changes = all.changes;
            } else {
                diagnostics.push(large(&name));
            }
        }
        Self { input, changes, diagnostics }
    }
}

impl Input {
    /// A file that the user named, and that is told nothing of but its name, size and time.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn overlay(path: &Path, digest: bool) -> Result<(Self, LocalFile), std::io::Error> {
        let file = LocalFile::open(path)?;
        let meta = std::fs::metadata(path)?;
        let error = |error: std::io::Error| Error::io(At::Whole, "digest", &error);
        let input = Self {
            name: path.to_string_lossy().into(),
            kind: InputKind::Overlay(String::new()),
            size: Some(meta.len()),
            modified: meta.modified().ok(),
            sha256: digest.then(|| sha256_of(&file).map_err(error)),
        };
        Ok((input, file))
    }
}

/// Names looked at in a folder before it is taken for one that says nothing.
const NAMES: usize = 4096;

/// What the place of a policy file says of whose it is. Only beside a file that lies in a folder can be looked.
pub(super) fn layout(name: &str, local: Option<&Path>, said: Option<Owner>) -> Layout {
    let folder = local.and_then(|path| match path.parent() {
        Some(folder) if folder != Path::new("") => folder.canonicalize().ok(),
        _ => Path::new(".").canonicalize().ok(),
    });
    let whole = folder.as_ref().map(|folder| folder.join("Registry.pol"));
    let whole = whole.map_or_else(|| name.to_owned(), |path| path.to_string_lossy().into_owned());
    Layout::of(&whole, said, |of_policy| {
        let above = folder.as_deref().and_then(Path::parent);
        let names = above.and_then(|above| std::fs::read_dir(above).ok()).into_iter().flatten().flatten();
        names.take(NAMES).any(|entry| of_policy(&entry.file_name().to_string_lossy()))
    })
}

/// How many keys are changed.
fn keys(changes: &Changes) -> usize {
    changes.changes.iter().map(|(change, _)| change.key().folded()).collect::<BTreeSet<_>>().len()
}

fn large(name: &Arc<str>) -> Diagnostic {
    let message =
        "a large file: of what it changes besides, nothing is looked at, even where symbolic links lead there";
    Diagnostic::new(Code::OverlayLarge, message, Place::new(name, At::Whole))
}

fn unreadable(why: &str, place: Place) -> Diagnostic {
    let message = format!("what the import of this file changes cannot be told: {why}");
    Diagnostic::new(Code::OverlayUnreadable, message, place)
}

/// What is imported into one machine, and on what it falls: the machine as it is running.
pub(super) struct Imports {
    changes: Vec<Changes>,
    import: Import,
    sets: Vec<Name>,
    notes: Vec<String>,
}

impl Imports {
    /// The files as they fall on this machine; none without files.
    pub(super) fn new(registry: &Registry, overlays: &Overlays<'_>, limits: &Limits) -> Option<Self> {
        if overlays.files.is_empty() {
            return None;
        }
        let changes: Vec<Changes> = overlays.files.iter().map(|file| file.changes.clone()).collect();
        let import = import(registry, overlays.view, limits);
        let notes = overlays.files.iter().map(|file| note(file, overlays.view)).collect();
        Some(Self { sets: sets(&changes), changes, import, notes })
    }

    /// The registry as the imports leave it.
    pub(super) fn over(&self, registry: &Registry) -> Registry {
        let windows = || Windows::read(registry).architecture.has_wow64();
        let import = Import { wow64: self.import.wow64.or_else(windows), ..self.import.clone() };
        registry.with_overlay(&self.changes, &import)
    }

    /// The same, where `CurrentControlSet` is the set in use, if that is known.
    pub(super) fn over_the_set_in_use(&self, registry: &Registry) -> Registry {
        self.over(&of_the_set_in_use(registry, &self.import.current))
    }

    /// The control sets that the files speak of.
    pub(super) fn sets(&self) -> &[Name] {
        &self.sets
    }

    /// What to know of a registry that they are laid over.
    pub(super) fn notes(&self, before: &Registry, after: &Registry) -> Vec<String> {
        let mut notes = self.notes.clone();
        // Of a file that cannot be told, more is said than that a fact is not known.
        if !matches!(after.first_change(), Some(Err(_))) {
            let changed = facts::changed(before, after);
            if !changed.is_empty() {
                notes.push(format!("what is imported changes facts about the machine: {}", changed.join(", ")));
            }
        }
        notes
    }
}

/// On what an import falls: `CurrentControlSet` is the set in use, and the architecture is that of the machine before.
fn import(registry: &Registry, view: View, limits: &Limits) -> Import {
    let current = control_set::in_use(registry);
    let windows = Windows::read(&of_the_set_in_use(registry, &current));
    Import { view, wow64: windows.architecture.has_wow64(), current, keys: limits.overlay_keys }
}

fn of_the_set_in_use(registry: &Registry, current: &[Name]) -> Registry {
    if current.is_empty() { registry.clone() } else { registry.with_control_set(Ok(current.to_vec())) }
}

/// The names right below `SYSTEM` that changes speak of, each once.
fn sets(files: &[Changes]) -> Vec<Name> {
    let changed = files.iter().flat_map(|file| file.changes.iter().map(|(change, _)| change.key()));
    let keys = changed.chain(files.iter().flat_map(|file| file.doubts.iter().map(|(key, ..)| key)));
    let mut sets: BTreeMap<Name, Name> = BTreeMap::new();
    for set in keys.filter_map(|key| key.below(&system())?.first()) {
        sets.entry(set.folded()).or_insert_with(|| set.clone());
    }
    sets.into_values().collect()
}

/// That a file counts as imported, and by which program.
fn note(file: &OverlayFile, view: View) -> String {
    let program = match view {
        View::Bits64 => "64-bit",
        View::Bits32 => "32-bit",
    };
    let nothing = if file.changes.first.is_none() && file.changes.stopped.is_none() {
        ", which changes nothing that is looked at"
    } else {
        ""
    };
    let by = if file.changes.native { "as policy" } else { program };
    format!("judged as it would be after importing {} ({by}){nothing}", file.input.name)
}

impl Host {
    /// The same machine as it would be after these imports, with 64-bit programs.
    #[must_use]
    pub fn after(&self, imports: &[Changes], limits: &Limits) -> Self {
        let base = self.registry.without_overlay().with_stale();
        let after = base.with_overlay(imports, &import(&base, View::Bits64, limits));
        Self { windows: Windows::after(&base, &after), registry: after.without_stale(), ..self.clone() }
    }
}
