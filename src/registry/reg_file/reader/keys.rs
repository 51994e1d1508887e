//! Key lines: which key they open, create or delete, and whether anybody asks about it.

use super::super::extent::KeyLine;
use super::super::interest::{Relevance, Start};
use super::super::kept::{Folded, Full};
use super::super::lex::{BACKSLASH, Dialect};
use super::super::roots::{self, BadRoot, Located};
use super::super::wine::{self, Base};
use super::{Reader, Scope, excerpt};
use crate::diagnostic::{Code, Severity};
use crate::windows::control_set::is_control_set;
use crate::windows::path::Name;

/// Characters of a key's name. Windows refuses longer ones (Microsoft, "Registry Element Size Limits").
const KEY_NAME_UNITS: usize = 255;

impl Reader<'_> {
    pub(super) fn wine_comment(&mut self, units: &[u16], number: u64) -> Result<(), Full> {
        if let Some(base) = wine::base(units) {
            // The file is all that there is below this key: what it does not list does not exist.
            let path = base.path.clone();
            self.base = Some(base);
            return match path.as_deref().and_then(roots::machine) {
                Some(located) => self.open(located.start, &[], located.rest, number),
                None => Ok(()),
            };
        }
        match &self.scope {
            Scope::Kept { origin, path } if wine::is_link(units) => self.kept.link(*origin, path),
            _ => Ok(()),
        }
    }

    fn wine_key(&mut self, path: &[u16], number: u64) -> Result<(), Full> {
        self.scope = Scope::Unwanted;
        let head = match &self.base {
            Some(Base { path: Some(path) }) => path.clone(),
            Some(Base { path: None }) => return Ok(()),
            None => Vec::new(),
        };
        let path: Vec<u16> = head.into_iter().chain([BACKSLASH]).chain(wine::unescape(path)).collect();
        match roots::machine(&path) {
            Some(located) => self.open(located.start, &[], located.rest, number),
            None => Ok(()),
        }
    }

    /// Takes a key on a line of so many units.
    pub(super) fn key(&mut self, path: &[u16], delete: bool, units: usize, number: u64) -> Result<(), Full> {
        self.scope = Scope::Nowhere;
        if self.dialect == Dialect::Wine {
            return self.wine_key(path, number);
        }
        let located = match self.located(path, number) {
            Ok(located) => located,
            Err(bad) => {
                self.bad_root(bad, path, number);
                return Ok(());
            }
        };
        if let Some(watch) = &mut self.watch {
            watch.key(&KeyLine { number, units, path, delete, located: &located });
        }
        if located.mount.first() == Some(&BACKSLASH) && !std::mem::replace(&mut self.rootless, true) {
            self.tell_as(Severity::Note, number, Code::RegKeyWithoutRoot, || {
                "keys start with a backslash instead of a root, as hivexregedit writes them; regedit would skip them"
                    .to_owned()
            });
        }
        if delete { self.delete(&located, path, number) } else { self.open_located(&located, number) }
    }

    /// Where a path belongs: as an import takes it, where the changes of one are asked for.
    fn located<'p>(&mut self, path: &'p [u16], number: u64) -> Result<Located<'p>, BadRoot> {
        let read = roots::locate(path)?;
        if self.journal.is_none() {
            return Ok(read);
        }
        let imported = roots::imported(path)?;
        if !read.mount.is_empty() && !std::mem::replace(&mut self.mounted, true) {
            self.lose(number, Code::RegImportMounted, || {
                let mount = String::from_utf16_lossy(read.mount);
                format!(
                    "an import writes to {mount} itself: this machine's SYSTEM and SOFTWARE stay as they are, also where \
                     later lines name a mounted hive"
                )
            });
        }
        Ok(imported)
    }

    fn bad_root(&mut self, bad: BadRoot, path: &[u16], number: u64) {
        match bad {
            BadRoot::Abbreviated => self.lose(number, Code::RegKeyAbbreviatedRoot, || {
                format!(
                    "roots may not be abbreviated in a .reg file; the key and its values are skipped: {}",
                    excerpt(path)
                )
            }),
            BadRoot::Missing => self.lose(number, Code::RegKeyWithoutRoot, || {
                format!(
                    "keys start with a backslash instead of a root, as hivexregedit writes them; an import skips them and \
                     their values: {}",
                    excerpt(path)
                )
            }),
            BadRoot::Unknown => self.lose(number, Code::RegKeyUnknownRoot, || {
                format!("this key starts with no known root; it and its values are skipped: {}", excerpt(path))
            }),
        }
    }

    fn open_located(&mut self, located: &Located<'_>, number: u64) -> Result<(), Full> {
        self.scope = Scope::Unwanted;
        if located.start == Start::Root && !located.mount.is_empty() {
            return Ok(());
        }
        self.open(located.start, located.mount, located.rest, number)
    }

    fn open(&mut self, start: Start, mount: &[u16], rest: &[u16], number: u64) -> Result<(), Full> {
        if start == Start::System {
            self.note_set(rest)?;
        }
        let mut above = Vec::new();
        let below_names = prefix(start).len();
        let relevance =
            self.interest.relevance(start, roots::names(rest), |n| above.push(n.saturating_add(below_names)));
        if relevance == Relevance::None {
            return Ok(());
        }
        let Some(path) = self.folded(start, rest, number) else { return Ok(()) };
        let origin = self.kept.origin(&origin_name(mount))?;
        if relevance == Relevance::Below {
            if let (Some(journal), Some(&names)) = (&mut self.journal, above.last()) {
                let wanted = spelled(start, rest).into_iter().take(names).collect();
                journal.open(wanted, number)?;
            }
            return self.kept.imply(origin, &path, &above, number);
        }
        if let Some(journal) = &mut self.journal {
            journal.open(spelled(start, rest), number)?;
        }
        self.kept.open(origin, &path, &above, number)?;
        self.kept.spell(origin, &path, || spelled(start, rest))?;
        if relevance == Relevance::Wanted || self.dialect == Dialect::Wine {
            self.scope = Scope::Kept { origin, path };
        }
        Ok(())
    }

    fn note_set(&mut self, rest: &[u16]) -> Result<(), Full> {
        match roots::names(rest).next() {
            Some(name) if is_control_set(name) => self.kept.control_set(name),
            _ => Ok(()),
        }
    }

    /// The upcased full path, unless Windows could not have such a key.
    fn folded(&mut self, start: Start, rest: &[u16], number: u64) -> Option<Folded> {
        let names = prefix(start).len().saturating_add(roots::names(rest).take(self.limits.depth).count());
        let long = roots::names(rest).any(|name| name.len() > KEY_NAME_UNITS);
        if names > self.limits.depth || long {
            self.scope = Scope::Nowhere;
            self.lose(number, Code::RegKeyTooLarge, || {
                let text = excerpt(rest);
                format!("Windows has no keys this deep, or with names this long; it and its values are skipped: {text}")
            });
            return None;
        }
        let head = prefix(start).iter().map(|&name| Name::from(name).folded());
        Some(head.chain(roots::names(rest).map(|name| Name::from_units(name).folded())).collect())
    }

    fn delete(&mut self, located: &Located<'_>, path: &[u16], number: u64) -> Result<(), Full> {
        if located.start == Start::System {
            self.note_set(located.rest)?;
        }
        if roots::names(path).take(2).count() < 2 && located.mount.first() != Some(&BACKSLASH) {
            self.lose(number, Code::RegKeyNotDeletable, || format!("a root cannot be deleted: {}", excerpt(path)));
            return Ok(());
        }
        if located.start == Start::Root && !located.mount.is_empty() {
            // A whole mount: both hives that it may be.
            let origin = self.kept.origin(&origin_name(located.mount))?;
            for start in [Start::System, Start::Software] {
                let Some(path) = self.folded(start, &[], number) else { continue };
                if let Some(journal) = &mut self.journal {
                    journal.delete(spelled(start, &[]), number)?;
                }
                self.kept.delete(origin, &path, number)?;
            }
            return Ok(());
        }
        let relevance = self.interest.relevance(located.start, roots::names(located.rest), |_| {});
        if matches!(relevance, Relevance::None | Relevance::Below) {
            return Ok(());
        }
        let Some(path) = self.folded(located.start, located.rest, number) else { return Ok(()) };
        let origin = self.kept.origin(&origin_name(located.mount))?;
        if let Some(journal) = &mut self.journal {
            journal.delete(spelled(located.start, located.rest), number)?;
        }
        self.kept.delete(origin, &path, number)?;
        self.kept.spell(origin, &path, || spelled(located.start, located.rest))
    }
}

/// The names above where a path starts.
pub(in super::super) fn prefix(start: Start) -> &'static [&'static str] {
    match start {
        Start::Root => &[],
        Start::Machine => &["HKEY_LOCAL_MACHINE"],
        Start::System => &["HKEY_LOCAL_MACHINE", "SYSTEM"],
        Start::Software => &["HKEY_LOCAL_MACHINE", "SOFTWARE"],
    }
}

/// The full path as the file has it.
fn spelled(start: Start, rest: &[u16]) -> Vec<Name> {
    prefix(start).iter().map(|&name| Name::from(name)).chain(roots::names(rest).map(Name::from_units)).collect()
}

fn origin_name(mount: &[u16]) -> String {
    let names: Vec<String> = roots::names(mount).map(String::from_utf16_lossy).collect();
    if names.is_empty() && !mount.is_empty() { r"\".to_owned() } else { names.join(r"\") }
}
