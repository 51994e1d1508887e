//! The ledger's side of the walk: what became of each file, and what is to be told of it.

use std::path::Path;
use std::sync::Arc;

use super::bytes::start;
use super::known;
use super::ledger::{Cause, Entry, Fate};
use super::name;
use super::sniff::LEN;
use super::walk::Walk;
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::error::{At, Error};
use crate::place::Place;
use crate::read_at::ReadAt;

pub(super) const LOOK: &str = "look at how it was made: a backup or a copy may have failed";

impl Walk<'_> {
    /// Says what a file is that holds nothing which is read: by its content, or by what its name promises.
    pub(super) fn tell(&mut self, called: &Arc<str>, named: bool, file: &dyn ReadAt) {
        let mut buf = [0u8; LEN];
        let Ok(start) = start(file, &mut buf) else { return };
        let size = file.len();
        let file_name = called.rsplit(['/', '\\']).next().unwrap_or_default();
        let (content, told) = (known::by_content(start, file), known::tell(start, file, file_name));
        let promised = told.filter(|told| told.holds == known::Holds::Machine && content != Some(*told));
        let next = |known: &'static known::Known| Some(known.next).filter(|next| !next.is_empty());
        if let Some(promised) = promised {
            let what = match (size, content) {
                (0, _) => "it is empty".to_owned(),
                (_, Some(known)) => format!("its content is {}", known.name),
                (_, None) => "its content is nothing that is known".to_owned(),
            };
            let why = format!("its name says \"{}\", but {what}", promised.name);
            self.settle(called, "", Fate::NotRecognised, true, (Code::NotAsNamed, &why, Some(LOOK)));
            self.remark(called, Code::NotAsNamed, why);
        } else if let Some(known) = content.filter(|known| known.holds == known::Holds::Machine) {
            let why = format!("{} is not read", known.name);
            self.settle(called, known.name, Fate::NotRead, true, (known, &why, next(known)));
            self.remark(called, Code::UnreadableInput, why);
        } else if let Some(known) = content {
            self.settle(called, known.name, Fate::NotAboutWindows, false, (known, "", None));
            self.nothing_in(called, named);
        } else if size == 0 {
            self.settle(called, "empty file", Fate::NotAboutWindows, false, (Code::EmptyFile, "", None));
            self.empty(called, named);
        } else {
            let why = "what it is cannot be told";
            self.settle(called, "", Fate::NotRecognised, false, (Code::NotRecognised, why, None));
            self.nothing_in(called, named);
        }
    }

    /// What became of what is looked at now, or of something in it.
    pub(super) fn settle(
        &mut self,
        called: &Arc<str>,
        kind: &'static str,
        fate: Fate,
        counts: bool,
        (code, why, next): (impl Into<Cause>, &str, Option<&'static str>),
    ) {
        let mut entry = Entry::new(called, kind, fate).because(code, why, next);
        entry.counts = counts;
        match self.own.and_then(|own| self.out.ledger.get_mut(own)).filter(|own| own.name == *called) {
            Some(own) => *own = Entry { path: own.path.take(), size: own.size, named: own.named, ..entry },
            None => self.out.ledger.push(entry),
        }
    }

    /// Opens the ledger's line on a file of this machine.
    pub(super) fn enter(&mut self, path: &Path, named: bool, size: u64, kind: &'static str, fate: Fate) {
        let entry = Entry::new(&name(path), kind, fate);
        self.own = Some(self.out.ledger.len());
        self.out.ledger.push(Entry { path: Some(path.to_path_buf()), size: Some(size), named, ..entry });
    }

    /// What kind of file the one is that is looked into now.
    pub(super) fn is(&mut self, kind: String) {
        if let Some(entry) = self.own.and_then(|own| self.out.ledger.get_mut(own)) {
            entry.kind = kind.into();
        }
    }

    pub(super) fn empty(&mut self, name: &Arc<str>, named: bool) {
        if named {
            self.remark(name, Code::EmptyFile, "an empty file: nothing to audit".to_owned());
        }
    }

    /// An archive in which there is nothing that an audit is about, unless its name promises that.
    pub(super) fn nothing_archived(&mut self, called: &Arc<str>, named: bool) {
        self.out.other_files += 1;
        match promised(called) {
            Some(promised) => {
                let why = format!("its name says \"{}\", but it holds nothing that is known", promised.name);
                self.settle(called, "", Fate::NotRecognised, true, (Code::NotAsNamed, &why, Some(LOOK)));
                self.remark(called, Code::NotAsNamed, why);
            }
            None => self.nothing_in(called, named),
        }
    }

    pub(super) fn nothing_in(&mut self, name: &Arc<str>, named: bool) {
        if named {
            let message =
                "neither a registry hive, a .reg or policy file, a disk image nor an archive: nothing to audit";
            self.remark(name, Code::NotARegistryFile, message.to_owned());
        }
    }

    /// Copies from an earlier day that were not asked for.
    pub(super) fn left_out(&mut self, name: &Arc<str>, files: u64) {
        let message = format!(
            "copies from an earlier day (files: {files}): left out; audit --include-backups and history read them"
        );
        let next = Some("--include-backups reads them");
        let entry = Entry { files, ..Entry::new(name, "copies from an earlier day", Fate::Past) };
        self.out.ledger.push(entry.because(Code::BackupLeftOut, message.clone(), next));
        self.remark(name, Code::BackupLeftOut, message);
    }

    /// What could hold a machine and cannot be read, or not to its end.
    pub(super) fn unreadable(&mut self, name: &Arc<str>, message: String) {
        self.leave(name, message, None);
    }

    /// The same, where an error is the reason.
    pub(super) fn broken(&mut self, name: &Arc<str>, error: &Error) {
        self.leave(name, error.to_string(), error.next());
    }

    fn leave(&mut self, name: &Arc<str>, message: String, next: Option<&'static str>) {
        match self.own.and_then(|own| self.out.ledger.get_mut(own)).filter(|entry| entry.name == *name) {
            Some(entry) if entry.reason.is_none() => {
                entry.fate = Fate::NotRead;
                *entry = entry.clone().that_counts().because(Code::UnreadableInput, message.clone(), next);
            }
            _ => {
                let entry = Entry::new(name, "", Fate::NotRead).that_counts();
                self.out.ledger.push(entry.because(Code::UnreadableInput, message.clone(), next));
            }
        }
        self.remark(name, Code::UnreadableInput, message);
    }

    pub(super) fn remark(&mut self, name: &Arc<str>, code: Code, message: String) {
        self.remark_as(code.severity(), name, code, message);
    }

    /// A remark that matters more or less than most of its code.
    pub(super) fn remark_as(&mut self, severity: Severity, name: &Arc<str>, code: Code, message: String) {
        let remark = Diagnostic::new(code, message, Place::new(name, At::Whole)).with_severity(severity);
        self.out.diagnostics.push(remark);
    }
}

/// What could hold a machine by what its name promises.
pub(super) fn promised(called: &str) -> Option<&'static known::Known> {
    let file_name = called.rsplit(['/', '\\']).next().unwrap_or_default();
    known::by_name(file_name).filter(|promised| promised.holds == known::Holds::Machine)
}
