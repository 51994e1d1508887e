//! Volume shadow copies: listed always, and read where they are asked for. What is found in one is the past of the machine.

use std::fmt;
use std::sync::Arc;

use super::again::Again;
use super::bytes::{Container, Files};
use super::disk::{Collections, Image, Volume};
use super::installation::{self, What};
use super::ledger::{Entry, Fate};
use super::walk::Walk;
use super::{inside, step};
use crate::diagnostic::{Code, Severity};
use crate::error::{At, Error};
use crate::image::{ShadowCopies, ShadowCopy, Tree};
use crate::read_at::ReadAt;
use crate::windows::FileTime;

/// Which shadow copies of a volume are read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Shadows {
    /// None: they are listed alone.
    #[default]
    Listed,
    /// The newest one.
    Latest,
    /// All.
    All,
    /// The one with this number: the oldest is 1.
    Number(usize),
    /// Those that were made from the first of these moments on, and before the second.
    Made(FileTime, FileTime),
}

/// The shadow copy that something was read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AsOf {
    /// Its number: the oldest of the volume is 1.
    pub copy: usize,
    /// When it was made.
    pub created: FileTime,
}

impl fmt::Display for AsOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "shadow copy {} of {}", self.copy, self.created.rfc3339(0))
    }
}

/// What was seen of a shadow copy.
#[derive(Debug, Clone)]
pub struct CopySeen {
    /// Which one it is, and when it was made.
    pub as_of: AsOf,
    /// Its number in the order in which copies of this volume were made, as Windows counts.
    pub sequence: u64,
    /// By which its data is called.
    pub store: String,
    /// Its own id, and that of the set that it was made with, as `vssadmin` shows them.
    pub ids: Option<(String, String)>,
    /// The kind of copy, in Windows' words.
    pub kind: Option<&'static str>,
    /// Whether it was looked into.
    pub read: bool,
    /// Why it cannot be read.
    pub not_read: Option<String>,
}

impl CopySeen {
    fn new(copy: &ShadowCopy) -> Self {
        Self {
            as_of: AsOf { copy: copy.number, created: FileTime(copy.created) },
            sequence: copy.sequence,
            store: copy.store.to_string(),
            ids: copy.about.as_ref().ok().map(|about| (about.id.to_string(), about.set.to_string())),
            kind: copy.kind(),
            read: false,
            not_read: copy.unreadable.as_ref().map(ToString::to_string),
        }
    }
}

impl fmt::Display for CopySeen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (sequence {}", self.as_of, self.sequence)?;
        if let Some((_, set)) = &self.ids {
            write!(f, ", set {set}")?;
        }
        f.write_str(")")
    }
}

impl Shadows {
    /// Which of these copies are asked for.
    fn pick(self, copies: &[ShadowCopy]) -> Vec<&ShadowCopy> {
        let made = |copy: &ShadowCopy| FileTime(copy.created);
        match self {
            Shadows::Listed => Vec::new(),
            Shadows::Latest => copies.last().into_iter().collect(),
            Shadows::All => copies.iter().collect(),
            Shadows::Number(number) => copies.iter().filter(|copy| copy.number == number).collect(),
            Shadows::Made(from, to) => copies.iter().filter(|copy| from <= made(copy) && made(copy) < to).collect(),
        }
    }
}

/// A volume whose shadow copies are looked at.
pub(super) struct Shadowed<'a> {
    pub(super) image: &'a Image,
    /// How the volume is called in the image.
    pub(super) short: &'a str,
    /// The same with what it holds, and the image.
    pub(super) name: Arc<str>,
    pub(super) files: Arc<Files>,
    pub(super) format: String,
    /// What there is to say of the disk.
    pub(super) notes: &'a [String],
    /// The volume as it is now, where that can be read.
    pub(super) now: Option<Arc<Tree>>,
    /// Whether Windows is on it.
    pub(super) has_windows: bool,
    /// What gives the bytes of the volume again.
    pub(super) open: Arc<dyn Fn() -> Result<Arc<dyn ReadAt>, Error> + Send + Sync>,
}

/// Copies that are named in a remark; JSON has them all.
const NAMED: usize = 5;

impl Walk<'_> {
    /// Lists the copies of a volume, and looks into those that are asked for.
    pub(super) fn shadow_copies(&mut self, volume: &Shadowed<'_>, bytes: &Arc<dyn ReadAt>) -> Vec<CopySeen> {
        let place = inside(&volume.name, "shadow copies");
        let copies = match ShadowCopies::open(bytes, &self.limits) {
            Ok(Some(copies)) => copies,
            Ok(None) => {
                self.none_asked_for(volume, &place, "there are none");
                return Vec::new();
            }
            Err(error) => {
                self.copy_not_read(&place, &error);
                return Vec::new();
            }
        };
        if let Some(error) = copies.incomplete() {
            self.copy_not_read(&place, &Error::Stale { what: format!("the list of them is not whole: {error}") });
        }
        let mut seen: Vec<CopySeen> = copies.copies().iter().map(CopySeen::new).collect();
        if seen.is_empty() {
            if copies.incomplete().is_none() {
                self.none_asked_for(volume, &place, "there are none");
            }
            return seen;
        }
        self.remark(&place, Code::ShadowCopies, listed(&seen));
        let wanted: Vec<usize> =
            self.search.shadow_copies.pick(copies.copies()).iter().map(|copy| copy.number).collect();
        if wanted.is_empty() {
            self.none_asked_for(volume, &place, &format!("there is none like that; there are {}", seen.len()));
        }
        let again = {
            let (open, limits) = (Arc::clone(&volume.open), Arc::clone(&self.limits));
            Again::new(&self.recent, move || {
                let gone = || Error::Stale { what: "the volume changed while it was read".to_owned() };
                ShadowCopies::open(&open()?, &limits)?.ok_or_else(gone)
            })
        };
        let again = Arc::new(again.with(&copies));
        for seen in seen.iter_mut().filter(|seen| wanted.contains(&seen.as_of.copy)) {
            match self.copy(volume, &again, seen.as_of) {
                Ok(()) => seen.read = true,
                Err(error) => {
                    self.copy_not_read(&inside(&volume.name, seen.as_of), &error);
                    seen.not_read = Some(error.to_string());
                }
            }
        }
        let unread = seen.iter().filter(|seen| !seen.read && !wanted.contains(&seen.as_of.copy));
        for (name, why) in unread.filter_map(|seen| Some((inside(&volume.name, seen.as_of), seen.not_read.clone()?))) {
            self.remark_as(Severity::Note, &name, Code::ShadowCopyNotRead, why);
        }
        seen
    }

    /// Looks into a copy.
    fn copy(&mut self, volume: &Shadowed<'_>, copies: &Arc<Again<ShadowCopies>>, as_of: AsOf) -> Result<(), Error> {
        let again = {
            let (copies, limits) = (Arc::clone(copies), Arc::clone(&self.limits));
            Again::new(&self.recent, move || Tree::open(copies.get()?.volume(as_of.copy)?, &limits))
        };
        let tree = again.get()?;
        if let (Some(Tree::Ntfs(now)), Tree::Ntfs(then)) = (volume.now.as_deref(), &*tree)
            && now.serial() != then.serial()
        {
            let (now, then) = (now.serial(), then.serial());
            let what = format!("it is a copy of another volume: its serial number is {then:x}, and not {now:x}");
            return Err(Error::unsupported(At::Whole, what));
        }
        let found = installation::find(&tree, false, &self.limits);
        let short = volume.short;
        let mut notes = volume.notes.to_vec();
        notes.extend(tree.notes().into_iter().map(|note| format!("{short}: {as_of}: {note}")));
        notes.push(format!(
            "this is the past: it was read from {as_of}; parts of files that Windows left out of the copy may be of a later day"
        ));
        let name = inside(&volume.name, as_of);
        let is_empty = !found.files.iter().any(|file| file.what != What::Any);
        if volume.has_windows && found.problems.is_empty() && is_empty {
            let what = "no Windows was found in it, though the volume has one now: made before that, or damaged";
            return Err(Error::unsupported(At::Whole, what));
        }
        for (path, error) in found.problems {
            self.copy_not_read(&inside(&name, path), &error);
        }
        let past = Volume {
            name,
            path: step(&step(&volume.image.path, short), as_of),
            container: Arc::new(Container {
                format: volume.format.clone(),
                files: Arc::clone(&volume.files),
                notes,
                as_of: Some(as_of),
            }),
            again: Arc::new(again),
        };
        // What lies beside Windows is of no machine, and it was looked at as it is now.
        for file in found.files.iter().filter(|file| file.what != What::Any) {
            self.file_of_volume(&past, &tree, file, Collections::Aside);
        }
        Ok(())
    }

    /// What there is to say where a copy was asked for that is not there: of volumes without Windows nobody expects one.
    fn none_asked_for(&mut self, volume: &Shadowed<'_>, place: &Arc<str>, why: &str) {
        match self.search.shadow_copies {
            Shadows::Listed => {}
            _ if !volume.has_windows => {}
            Shadows::Latest | Shadows::All => self.remark(place, Code::ShadowCopies, why.to_owned()),
            Shadows::Number(_) | Shadows::Made(..) => {
                self.copy_not_read(place, &Error::unsupported(At::Whole, why.to_owned()));
            }
        }
    }

    /// A copy, or the list of them, that cannot be read. That makes the run incomplete where copies are asked for.
    fn copy_not_read(&mut self, place: &Arc<str>, error: &Error) {
        let asked = self.search.shadow_copies != Shadows::Listed;
        let mut entry = Entry::new(place, "shadow copy", Fate::NotRead);
        entry.counts = asked;
        self.out.ledger.push(entry.because(Code::ShadowCopyNotRead, error.to_string(), error.next()));
        let severity = if asked { Severity::Error } else { Severity::Note };
        self.remark_as(severity, place, Code::ShadowCopyNotRead, error.to_string());
    }
}

/// The copies in one sentence.
fn listed(copies: &[CopySeen]) -> String {
    let named: Vec<String> = copies.iter().rev().take(NAMED).map(ToString::to_string).collect();
    let more = match copies.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} older ones"),
    };
    let what = if copies.len() == 1 { "1 shadow copy" } else { &format!("{} shadow copies", copies.len()) };
    format!("{what}, the newest first: {}{more}", named.join(", "))
}
