//! Files whose import is judged before it is done.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use super::{Host, Input, InputKind, control_set};
use crate::diagnostic::{Diagnostic, Severity};
use crate::digest::sha256_of;
use crate::error::{At, Error};
use crate::limits::Limits;
use crate::place::Place;
use crate::read_at::{LocalFile, ReadAt};
use crate::registry::Registry;
use crate::registry::change::Changes;
use crate::registry::overlay::{Import, View, native_twin};
use crate::registry::path::KeyPath;
use crate::registry::policy_file::{self, Form};
use crate::registry::reg_file::{Interest, RegFile};

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
    ) -> Self {
        let mut start = vec![0; 4096];
        let n = source.read_at(0, &mut start).unwrap_or(0);
        start.truncate(n);
        match policy_file::sniff(&start) {
            Some(form) => Self::policy_file(input, source, form, interest, limits),
            None => Self::reg_file(input, source, interest, limits, codepage),
        }
    }

    /// Reads what a file of Group Policy changes.
    fn policy_file(mut input: Input, source: &dyn ReadAt, form: Form, interest: &Interest, limits: &Limits) -> Self {
        let name = Arc::clone(&input.name);
        let (mut changes, mut diagnostics) = policy_file::read(source, &name, Path::new(&*name), form, limits);
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

/// How many keys are changed.
fn keys(changes: &Changes) -> usize {
    changes.changes.iter().map(|(change, _)| change.key().folded()).collect::<BTreeSet<_>>().len()
}

fn large(name: &Arc<str>) -> Diagnostic {
    let message =
        "a large file: of what it changes besides, nothing is looked at, even where symbolic links lead there";
    let (severity, place) = (Severity::Warning, Place::new(name, At::Whole));
    Diagnostic { severity, code: "overlay-large", message: message.to_owned(), place }
}

fn unreadable(why: &str, place: Place) -> Diagnostic {
    let message = format!("what the import of this file changes cannot be told: {why}");
    Diagnostic { severity: Severity::Error, code: "overlay-unreadable", message, place }
}

/// The registry as the imports leave it, and what to know of that.
pub(super) fn lay(
    registry: &Registry,
    overlays: &Overlays<'_>,
    wow64: Option<bool>,
    limits: &Limits,
) -> (Registry, Vec<String>) {
    let current = control_set::in_use(registry);
    let import = Import { view: overlays.view, wow64, current, keys: limits.overlay_keys };
    let changes: Vec<Changes> = overlays.files.iter().map(|file| file.changes.clone()).collect();
    let program = match overlays.view {
        View::Bits64 => "64-bit",
        View::Bits32 => "32-bit",
    };
    let notes = overlays.files.iter().map(|file| {
        let nothing = if file.changes.first.is_none() && file.changes.stopped.is_none() {
            ", which changes nothing that is looked at"
        } else {
            ""
        };
        format!(
            "judged as it would be after importing {} ({}){nothing}",
            file.input.name,
            if file.changes.native { "as policy" } else { program }
        )
    });
    (registry.with_overlay(&changes, &import), notes.collect())
}

impl Host {
    /// The same machine as it would be after these imports, with 64-bit programs.
    #[must_use]
    pub fn after(&self, imports: &[Changes], limits: &Limits) -> Self {
        let base = self.registry.without_overlay();
        let wow64 = self.windows.architecture.has_wow64();
        let import =
            Import { view: View::Bits64, wow64, current: control_set::in_use(&base), keys: limits.overlay_keys };
        Self { registry: base.with_overlay(imports, &import), ..self.clone() }
    }
}
