//! Disk images and archives: opened, and what is in them handed on.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};

use super::again::Again;
use super::bytes::{Bytes, Container, Files, Inside, Members, member, start};
use super::classify::{About, Class, Disks, classify};
use super::disk::Image;
use super::installation::is_expected;
use super::ledger::{Entry, Fate};
use super::logs::InsideLog;
use super::opener::{Among, Beside, ByPath, Parts, Used, member_path};
use super::parts::parts;
use super::past::{copy_of, is_past, plain, top};
use super::policy_place::expected;
use super::sniff::{Content, LEN, sniff, sniff_at};
use super::telling::{LOOK, promised};
use super::walk::{Holder, Walk};
use super::{Artifact, Kind, inside, is_in_config, name, step};
use crate::archive::{self, Archive};
use crate::diagnostic::{Code, Severity};
use crate::error::{At, Error};
use crate::files;
use crate::image::{Disk, disk, ends_like_disk};
use crate::limits::Limits;
use crate::read_at::{Metered, ReadAt};
use crate::windows::keys::is_hive_file;

fn open_file(path: &Path) -> Result<Arc<dyn ReadAt>, Error> {
    let file = files::open(path).map_err(|error| Error::io(At::Whole, "file", &error))?;
    Ok(Arc::new(file))
}

pub(super) fn open_disk(
    path: &Path,
    allow: &[PathBuf],
    parts: &Arc<Parts>,
    limits: &Limits,
) -> Result<Arc<Disk>, Error> {
    let opener = Beside::new(path, allow, parts, limits);
    disk(&open_file(path)?, &opener, limits).map(Arc::new)
}

impl Walk<'_> {
    pub(super) fn local_image(&mut self, holder: &Holder) {
        let called = name(&holder.path);
        let parts = Arc::new(Parts::default());
        let opened = open_disk(&holder.path, self.search.allow, &parts, &self.limits);
        self.out.containers.extend(parts.all().into_iter().skip(1).map(|(_, path)| path));
        let opened = match opened {
            Ok(opened) => opened,
            Err(error) => return self.broken(&called, &error),
        };
        let image = self.image_at(&holder.path, &opened, parts.all());
        self.is(opened.format.clone());
        self.disk(&image, &opened, holder.named);
    }

    /// An image on this machine that was opened, with the files that it consists of.
    pub(super) fn image_at(&self, path: &Path, opened: &Arc<Disk>, parts: Vec<(Arc<str>, PathBuf)>) -> Image {
        let (own, allow, limits) = (path.to_path_buf(), self.search.allow.to_vec(), Arc::clone(&self.limits));
        let again = Again::new(&self.recent, move || open_disk(&own, &allow, &Arc::default(), &limits)).with(opened);
        let disk = Arc::new(again);
        Image { name: name(path), path: path.to_path_buf(), files: Files::new(parts), archive: None, disk }
    }

    pub(super) fn local_archive(&mut self, holder: &Holder, kind: Archive) {
        let (called, path) = (name(&holder.path), holder.path.clone());
        let files = Files::new(vec![(Arc::clone(&called), path.clone())]);
        let open = Arc::new({
            let (path, meter) = (path.clone(), self.meter.clone());
            move || {
                let file = open_file(&path)?;
                Ok(match &meter {
                    Some(meter) => Arc::new(Metered::new(file, meter)),
                    None => file,
                })
            }
        });
        let (inside_of, named) = (None, holder.named);
        self.archive(&ArchiveAt { name: called, path, named, files, inside_of, open }, kind);
    }

    /// Looks into an archive, wherever it is.
    pub(super) fn archive(&mut self, at: &ArchiveAt, kind: Archive) {
        let called = Arc::clone(&at.name);
        let mut unread: Vec<Unread> = Vec::new();
        let opened = open_archive(&at.path, &*at.open, kind, &self.limits, &mut |path, start| {
            let content = sniff(start);
            unread.extend(Unread::new(path, &content, start));
            wanted(path, &content)
        });
        let contents = match opened {
            Ok(contents) => contents,
            Err(error) => return self.broken(&called, &error),
        };
        self.out.files = self.out.files.saturating_add(contents.files);
        for note in &contents.notes {
            self.remark(&called, Code::Archive, note.clone());
        }
        if let Some(error) = &contents.damaged {
            self.unreadable(&called, format!("there may be more in it than was found: {error}"));
        }
        let files = Arc::clone(&at.files);
        let format = match &at.inside_of {
            Some(outer) => format!("{kind}, in {outer}"),
            None => kind.to_string(),
        };
        let container =
            Container { format: format.clone(), files: Arc::clone(&files), notes: contents.notes, as_of: None };
        let found: Vec<_> = contents.members.iter().map(|member| (member.path.clone(), member.modified)).collect();
        let members: Arc<Members> = Arc::new(contents.members.into_iter().map(|member| member.bytes).collect());
        let (path, open, limits) = (at.path.clone(), Arc::clone(&at.open), Arc::clone(&self.limits));
        let again = Again::new(&self.recent, move || {
            let contents = open_archive(&path, &*open, kind, &limits, &mut |path, start| wanted(path, &sniff(start)))?;
            Ok(Arc::new(contents.members.into_iter().map(|member| member.bytes).collect::<Members>()))
        });
        let archive = Opened {
            name: Arc::clone(&called),
            container: Arc::new(container),
            members: Arc::new(again.with(&members)),
            by_path: Arc::new(ByPath::new(found.iter().map(|(path, _)| path.clone()).collect())),
        };
        let mut any = false;
        let mut images = Vec::new();
        let mut failed: Vec<(Arc<str>, Error)> = Vec::new();
        let mut times: HashMap<&str, u64> = HashMap::new();
        let mut left_out: BTreeMap<String, u64> = BTreeMap::new();
        let paths: BTreeSet<String> = found.iter().map(|(path, _)| path.to_ascii_lowercase()).collect();
        for (number, ((path, modified), bytes)) in found.iter().zip(members.iter()).enumerate() {
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            let file_name = path.rsplit('/').next().unwrap_or_default();
            let beside = |hive: &str| paths.contains(&member_path(folder, hive).to_ascii_lowercase());
            let backup = is_past(Path::new(path)) || copy_of(file_name).is_some_and(beside);
            let called = inside(&called, path);
            // A path that is there twice is two folders, so that the files of one are not taken as those of the other.
            let twice = times.entry(path).and_modify(|times| *times = times.saturating_add(1)).or_default();
            let base = if *twice > 0 { step(&at.path, format_args!("again {twice}")) } else { at.path.clone() };
            let full = path.split('/').fold(base, |full, part| full.join(part));
            let read = bytes.as_ref().map_err(Error::clone).and_then(|bytes| {
                let mut buf = [0u8; LEN];
                let start = start(&**bytes, &mut buf).map_err(|error| Error::io(At::Whole, "member", &error))?;
                Ok((sniff_at(start, &full), bytes.len()))
            });
            let is_hive = is_hive_file(plain(file_name));
            if backup && !self.search.include_backups {
                if !matches!(read, Ok((ref content, _)) if !content.counts_as_past()) {
                    let place =
                        top(Path::new(path)).map_or_else(|| path.clone(), |top| top.to_string_lossy().into_owned());
                    left_out.entry(place).and_modify(|files| *files = files.saturating_add(1)).or_insert(1);
                }
                continue;
            }
            let (content, size) = match read {
                Ok(read) => read,
                // There is a machine of which nothing can be told.
                Err(error) if is_hive => (Content::Registry(Kind::BrokenHive(error)), 0),
                Err(error) => match expected(&full) {
                    Some(form) => (Content::Registry(Kind::PolicyFile(form)), 0),
                    None if is_log_name(path) => {
                        failed.push((Arc::clone(&called), error));
                        (Content::Log, 1)
                    }
                    None => {
                        failed.push((called, error));
                        continue;
                    }
                },
            };
            let (container, file) =
                (Arc::clone(&archive.container), Inside::Member(Arc::clone(&archive.members), number));
            let bytes = Bytes::Inside { container, file, size, modified: *modified };
            let (logs, named) = (Vec::new(), false);
            let about = About {
                file_name: plain(file_name),
                size,
                certain: is_in_config(Path::new(folder)),
                past: false,
                log: size > 0 && is_log_name(path),
                disks: Disks::Large,
                ends_like_disk: &|| ends(&members, number),
            };
            match classify(content, &about) {
                Class::Registry(kind) => {
                    any = true;
                    if is_log_name(path) {
                        self.member_log(&full, path, &called, bytes.clone());
                    }
                    self.out.artifacts.push(Artifact { path: full, name: called, kind, logs, backup, named, bytes });
                }
                Class::Log => self.member_log(&full, path, &called, bytes),
                Class::NearlyReg(why) => self.unreadable(&called, why.to_owned()),
                Class::Image => images.push((called, full, number)),
                // Those that could hold a machine are told of with what is not read.
                Class::Archive(_) | Class::Nothing => {}
            }
        }
        any |= !images.is_empty() || !left_out.is_empty();
        for (place, files) in left_out {
            self.left_out(&inside(&called, place), files);
        }
        self.member_images(&archive, images);
        self.failed(&called, &failed);
        let nothing = !any && unread.is_empty() && failed.is_empty();
        self.unread(&called, unread, any);
        if nothing {
            self.nothing_archived(&called, at.named);
        }
    }

    /// Members that cannot be read: the first few by name, the others counted.
    fn failed(&mut self, archive: &Arc<str>, failed: &[(Arc<str>, Error)]) {
        for (called, error) in failed.iter().take(FAILED) {
            self.broken(called, error);
        }
        let more = failed.len().saturating_sub(FAILED);
        if more > 0 {
            self.unreadable(archive, format!("{more} more members cannot be read"));
        }
    }

    /// Members that could hold a machine and are not read. Beside what was found, those that lie where a machine has its own
    /// files are such files.
    fn unread(&mut self, archive: &Arc<str>, unread: Vec<Unread>, any: bool) {
        for Unread { path, kind, code, why, next } in unread {
            let counts = !any || !is_of_a_machine(&path);
            let called = inside(archive, &path);
            let mut entry = Entry::new(&called, kind, Fate::NotRead).because(code, why.clone(), next);
            entry.counts = counts;
            self.out.ledger.push(entry);
            let severity = if counts { Severity::Error } else { Severity::Note };
            self.remark_as(severity, &called, code, why);
        }
    }

    fn member_log(&mut self, full: &Path, path: &str, called: &Arc<str>, bytes: Bytes) {
        let folder = full.parent().unwrap_or(Path::new("")).to_path_buf();
        let file = path.rsplit('/').next().unwrap_or_default().to_owned();
        self.inside_logs.entry(folder).or_default().push(InsideLog { file, name: Arc::clone(called), bytes });
    }

    /// The disk images among the members: all but those that are only a part of another one.
    fn member_images(&mut self, archive: &Opened, images: Vec<(Arc<str>, PathBuf, usize)>) {
        let place: HashMap<usize, usize> = images.iter().map(|(_, _, number)| *number).zip(0..).collect();
        let (mut opened, mut uses) = (Vec::new(), Vec::new());
        for (called, path, number) in images {
            let used = Used::default();
            let disk = Arc::new(self.member_disk(archive, number, &used));
            let first = disk.get();
            let used = used.lock().unwrap_or_else(PoisonError::into_inner).clone();
            uses.push(used.iter().filter_map(|number| place.get(number).copied()).collect());
            // Not kept open: there may be many.
            opened.push((called, path, disk, first.map(|_| ())));
        }
        let is_part = parts(&uses, &[]);
        for ((called, path, disk, first), part) in opened.into_iter().zip(is_part) {
            if part {
                let message = "a part of another disk image in the archive: read with that one".to_owned();
                self.remark(&called, Code::ImagePart, message);
                continue;
            }
            let first = match first.and_then(|()| disk.get()) {
                Ok(first) => first,
                Err(error) => {
                    self.broken(&called, &error);
                    continue;
                }
            };
            let image = Image {
                name: called,
                path,
                files: Arc::clone(&archive.container.files),
                archive: Some(archive.container.format.clone()),
                disk,
            };
            self.disk(&image, &first, false);
        }
    }

    /// How the disk in this member is opened; `used` gets the members that it needs besides.
    fn member_disk(&self, archive: &Opened, number: usize, used: &Used) -> Again<Disk> {
        let (members, by_path, name) =
            (Arc::clone(&archive.members), Arc::clone(&archive.by_path), Arc::clone(&archive.name));
        let (limits, used) = (Arc::clone(&self.limits), Arc::clone(used));
        Again::new(&self.recent, move || {
            let members = members.get()?;
            let opener = Among::new(&name, &by_path, &members, number, &used, &limits);
            disk(&member(&members, number)?, &opener, &limits).map(Arc::new)
        })
    }
}

/// An archive, where it is, and how to open it.
pub(super) struct ArchiveAt {
    pub(super) name: Arc<str>,
    pub(super) path: PathBuf,
    pub(super) named: bool,
    /// What it stands in.
    pub(super) files: Arc<Files>,
    /// What that is, unless it is a file of this machine itself.
    pub(super) inside_of: Option<String>,
    pub(super) open: Arc<Open>,
}

type Open = dyn Fn() -> Result<Arc<dyn ReadAt>, Error> + Send + Sync;

/// An archive that was opened, and can be again.
struct Opened {
    name: Arc<str>,
    container: Arc<Container>,
    members: Arc<Again<Members>>,
    /// Of its members, in the same order.
    by_path: Arc<ByPath>,
}

/// A member that could hold a machine, and is not read.
struct Unread {
    path: String,
    kind: String,
    code: Code,
    why: String,
    next: Option<&'static str>,
}

impl Unread {
    fn new(path: &str, content: &Content, start: &[u8]) -> Option<Self> {
        let unread = |kind: String, code, why, next| Some(Self { path: path.to_owned(), kind, code, why, next });
        match content {
            Content::Archive(Archive::Unread { name, next }) => {
                unread((*name).to_owned(), Code::NestedArchive, format!("{name} is not read"), Some(next))
            }
            Content::Archive(kind) => {
                let why = format!("{kind} inside an archive: not read");
                unread(kind.to_string(), Code::NestedArchive, why, Some("unpack the outer one first"))
            }
            // What may be a part of an image is looked at with the images.
            Content::Empty | Content::Other if start.is_empty() || !wanted(path, content) => {
                let promised = promised(path)?;
                let what = if start.is_empty() { "it is empty" } else { "its content is nothing that is known" };
                let why = format!("its name says \"{}\", but {what}", promised.name);
                unread(String::new(), Code::NotAsNamed, why, Some(LOOK))
            }
            _ => None,
        }
    }
}

/// Whether a member lies where a machine has its own files: below Windows, its programs, its users.
fn is_of_a_machine(path: &str) -> bool {
    const OWN: [&str; 7] = [
        "windows",
        "program files",
        "program files (x86)",
        "programdata",
        "users",
        "documents and settings",
        "$recycle.bin",
    ];
    path.split('/').any(|part| OWN.iter().any(|own| part.eq_ignore_ascii_case(own)))
}

/// How many members that cannot be read are named.
const FAILED: usize = 5;

fn open_archive(
    path: &Path,
    open: &Open,
    kind: Archive,
    limits: &Limits,
    wanted: &mut dyn FnMut(&str, &[u8]) -> bool,
) -> Result<archive::Contents, Error> {
    let called = path.file_name().unwrap_or_default().to_string_lossy();
    archive::open(&open()?, &called, kind, limits, wanted)
}

/// Whether a member of an archive is to be kept: for what it holds, or because it may be a part of an image.
fn wanted(path: &str, content: &Content) -> bool {
    match content {
        Content::Registry(_) | Content::NearlyReg(_) | Content::Log | Content::Image | Content::Disk => true,
        Content::Archive(_) => false,
        Content::Empty => {
            is_hive_file(path.rsplit('/').next().unwrap_or_default()) || expected(Path::new(path)).is_some()
        }
        Content::Other => {
            let name = path.rsplit('/').next().unwrap_or_default();
            let end = path.rsplit('.').next().unwrap_or_default();
            let numbered = end.len() == 3 && end.bytes().all(|b| b.is_ascii_digit());
            is_expected(plain(name))
                || expected(Path::new(path)).is_some()
                || numbered
                || ["vmdk", "vhd", "raw", "img", "dd", "data"].iter().any(|known| end.eq_ignore_ascii_case(known))
        }
    }
}

fn ends(members: &Members, number: usize) -> bool {
    member(members, number).is_ok_and(|bytes| ends_like_disk(&bytes))
}

fn is_log_name(path: &str) -> bool {
    let end = path.rsplit('.').next().unwrap_or_default();
    ["log", "log1", "log2"].iter().any(|ending| end.eq_ignore_ascii_case(ending))
}
