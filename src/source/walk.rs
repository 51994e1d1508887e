//! Files of this machine: each one told by its content, and those that hold others put aside to be looked into.

use std::collections::{BTreeMap, HashSet};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use walkdir::WalkDir;

use super::again::Recent;
use super::bytes::{Bytes, start};
use super::classify::{About, Class, Disks, classify};
use super::disk::ImageSeen;
use super::dynamic::Member;
use super::ledger::{Entry, Fate};
use super::logs::{InsideLog, attach};
use super::past::{copy_of, is_past};
use super::policy_place::expected;
use super::sniff::{LEN, sniff, sniff_at};
use super::units::{Trouble, Unit, UnitFile, Walker};
use super::{Artifact, Kind, Search, is_in_config, name};
use crate::archive::Archive;
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::error::At;
use crate::files;
use crate::image::ends_like_disk;
use crate::limits::Limits;
use crate::place::Place;
use crate::progress::Meter;
use crate::read_at::{LocalFile, ReadAt};

/// What was found, and what was met on the way.
#[derive(Debug, Default)]
pub struct Discovery {
    /// Hives and `.reg` files, in the order in which they were met; those in images and archives come last.
    pub artifacts: Vec<Artifact>,
    /// Disk images that were looked into.
    pub images: Vec<ImageSeen>,
    /// Disk images and archives that were met, and the files that they name: evidence, whatever was found in them.
    pub containers: Vec<PathBuf>,
    /// What became of each file that is no artifact and no log of one.
    pub ledger: Vec<Entry>,
    /// What could not be read, and what was named but is nothing that can be audited.
    pub diagnostics: Vec<Diagnostic>,
    /// How many regular files were looked at, hives of installations in images and members of archives included.
    pub files: u64,
    /// How many of those are nothing that an audit is about.
    pub other_files: u64,
}

/// Files that are told apart at a time, as far as their stores allow.
pub(super) const AHEAD: usize = 32;

/// Looks at every input at once: a file is told by its content, a folder is walked; disk images and archives are looked into.
/// Symbolic links below a folder are not followed (in a mounted image they lead out of the evidence), and pipes and devices
/// are not opened. Each hive gets its transaction logs; one whose base block is damaged counts as readable when a log holds a
/// better one.
pub fn discover(inputs: &[PathBuf], search: &Search<'_>, limits: &Limits) -> Discovery {
    let mut walk = Walk::new(search, Arc::new(limits.clone()));
    let mut holders = Vec::new();
    let mut give = |unit: Unit| {
        walk.survey(&unit);
        unit.above.announce(HashSet::new());
        holders.append(&mut walk.containers);
        true
    };
    // It goes on as long as it is asked to.
    let _ = Walker::new(search, limits, &mut give).all(inputs);
    let is_part = walk.parts_among(&holders).is_part;
    for (holder, part) in holders.iter().zip(is_part) {
        walk.look_into_holder(holder, part);
    }
    walk.dynamic_volumes();
    walk.attach_logs();
    walk.out
}

/// What to do where a name is that of no file.
pub(crate) fn instead(name: &str) -> &'static str {
    let drive = |name: &str| name.get(1..3) == Some(":\\");
    match name {
        "-" => {
            "standard input holds no machine; save what it gives to a file, or use --files-from - for a list of names"
        }
        _ if name.starts_with(['“', '”', '„', '«', '‘', '’']) => {
            "the quotation marks are a part of the name: type plain ones"
        }
        _ if name.contains(['*', '?']) && cfg!(windows) => "nothing here is called so: check the folder",
        _ if name.contains(['*', '?']) => {
            "the shell left the wildcard as it is, since nothing here is called so; check the folder, or name it as a whole"
        }
        _ if cfg!(not(windows)) && drive(name) => {
            "a path of Windows; name the file by where it lies on this machine: a mounted volume, an image or a copy"
        }
        _ if name.starts_with("HK") && name.contains('\\') => {
            "a key, and no file: name the hive or the .reg file that holds it"
        }
        _ => "check the spelling, and the folder that it is to be looked for in",
    }
}

/// A file that holds others.
#[derive(Clone)]
pub(crate) struct Holder {
    pub(super) path: PathBuf,
    /// Whether the user named it.
    pub(crate) named: bool,
    pub(super) kind: HolderKind,
    size: u64,
}

impl Holder {
    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// How it is called in reports.
    pub(crate) fn name(&self) -> Arc<str> {
        name(&self.path)
    }

    /// Whether it is a disk image.
    pub(crate) fn is_image(&self) -> bool {
        matches!(self.kind, HolderKind::Image)
    }
}

#[derive(Clone, Copy)]
pub(super) enum HolderKind {
    Image,
    Archive(Archive),
}

/// What is found, while it is found: by one worker, of one unit or a part of it.
pub(crate) struct Walk<'a> {
    pub(crate) out: Discovery,
    pub(super) search: Search<'a>,
    pub(super) limits: Arc<Limits>,
    pub(super) recent: Arc<Recent>,
    /// Logs in images and archives, by their folders.
    pub(super) inside_logs: BTreeMap<PathBuf, Vec<InsideLog>>,
    /// Transaction logs, and whether they were named.
    logs: Vec<(PathBuf, bool)>,
    /// Disk images and archives: looked into once all of a unit are known, since some are parts of others.
    pub(crate) containers: Vec<Holder>,
    /// Dynamic disks, whose volumes may need several of them.
    pub(crate) dynamic: Vec<Member>,
    /// Images that are looked into, or will be, without links.
    pub(crate) images: HashSet<PathBuf>,
    /// The line of the ledger that is about what is looked into now.
    pub(super) own: Option<usize>,
    /// Is told how far an archive of this machine is read.
    pub(crate) meter: Option<Arc<Meter>>,
}

impl<'a> Walk<'a> {
    pub(crate) fn new(search: &Search<'a>, limits: Arc<Limits>) -> Self {
        Self {
            out: Discovery::default(),
            search: *search,
            limits,
            recent: Arc::new(Recent::default()),
            inside_logs: BTreeMap::new(),
            logs: Vec::new(),
            containers: Vec::new(),
            dynamic: Vec::new(),
            images: HashSet::new(),
            own: None,
            meter: None,
        }
    }

    /// Looks at the files of a unit, but not into those that hold others.
    pub(crate) fn survey(&mut self, unit: &Unit) {
        for trouble in &unit.troubles {
            match trouble {
                Trouble::Unreadable(folder, why) => self.unreadable(folder, why.clone()),
                Trouble::Policies(folder, why) => {
                    self.remark(folder, Code::PolicyFolder, why.clone());
                }
                Trouble::Volume(folder) => {
                    let message = "the folder of a Windows volume: its installations alone are read; \
                                   name a folder below it to have all of that read";
                    self.remark(folder, Code::WindowsVolume, message.to_owned());
                }
                Trouble::Past(folder) => self.aside(folder),
                Trouble::Missing(path) => {
                    let why = path.symlink_metadata().err();
                    self.missing(path, &why.map_or_else(|| "not there".to_owned(), |error| error.to_string()));
                }
                Trouble::Passed(path, link) => self.passed(path, *link),
                Trouble::Split(folder) => {
                    let message = "a list names its files in several places, or more of them than are looked at together: \
                                   files of one machine may be taken apart, or judged twice; name the folder";
                    self.remark(folder, Code::SplitUnit, message.to_owned());
                }
                #[cfg(feature = "remote")]
                Trouble::LeftOut(folder, files) => self.left_out(folder, *files),
                #[cfg(feature = "remote")]
                Trouble::ByName(folder, objects) => {
                    self.out.files += objects;
                    self.out.other_files += objects;
                    let why = format!("{objects} objects below it are not looked into, by their names");
                    let entry = Entry::new(folder, "objects of other names", Fate::NotAboutWindows);
                    let entry =
                        entry.because(Code::OtherObjects, why, Some("name such an object to have it looked into"));
                    self.out.ledger.push(Entry { files: *objects, ..entry });
                }
                Trouble::Apart(file) => {
                    let message = "it lies on a machine, and a list names it apart from that: it is judged by itself; \
                                   name the folder of the machine";
                    self.remark(file, Code::SplitUnit, message.to_owned());
                }
            }
        }
        for files in unit.files.chunks(AHEAD) {
            #[cfg(feature = "remote")]
            files::open_ahead(files.iter().map(|file| file.path.as_path()));
            files.iter().for_each(|file| self.file(file));
        }
    }

    /// Looks at files that nobody named.
    pub(crate) fn found_beside(&mut self, paths: &[PathBuf]) {
        for path in paths {
            self.file(&UnitFile { path: path.clone(), named: false, in_past: false, past_too: false });
        }
    }

    /// Counts what lies in a folder of copies from an earlier day.
    fn aside(&mut self, folder: &Path) {
        let (mut files, mut all) = (0u64, 0u64);
        let walk = WalkDir::new(folder).max_depth(self.limits.folder_depth);
        let regular = walk.into_iter().filter_map(Result::ok).filter(|entry| entry.file_type().is_file());
        for entry in regular {
            let mut buf = [0u8; LEN];
            let read = LocalFile::open(entry.path()).and_then(|file| start(&file, &mut buf).map(sniff));
            files += u64::from(read.map_or(true, |content| content.counts_as_past()));
            all += 1;
        }
        if files > 0 {
            self.left_out(&name(folder), files);
        } else if all > 0 {
            // Nothing is said of it aloud, but it is on record.
            let entry = Entry::new(&name(folder), "folder of an earlier day", Fate::Past);
            self.out.ledger.push(Entry { files: 0, ..entry });
        }
    }

    /// A symbolic link, or a pipe or a device, below a folder.
    fn passed(&mut self, path: &Path, link: bool) {
        let (kind, next) = match link {
            true => ("symbolic link", "name it to have it followed"),
            false => ("pipe, socket or device", "copy what it gives into a file"),
        };
        let entry = Entry { path: Some(path.to_path_buf()), ..Entry::new(&name(path), kind, Fate::NotRead) };
        self.out.ledger.push(entry.because(Code::NotFollowed, format!("{kind}: not followed"), Some(next)));
    }

    /// A file that the user named and that is not there.
    fn missing(&mut self, path: &Path, why: &str) {
        let entry = Entry { path: Some(path.to_path_buf()), named: true, ..Entry::new(&name(path), "", Fate::NotRead) };
        let next = instead(&path.to_string_lossy());
        self.out.ledger.push(entry.that_counts().because(Code::NoSuchFile, why.to_owned(), Some(next)));
        self.remark(&name(path), Code::NoSuchFile, format!("{why}: {next}"));
    }

    /// A file, which the user named, or which lies below a folder.
    pub(super) fn file(&mut self, found: &UnitFile) {
        let UnitFile { path, named, in_past, past_too } = found;
        let (path, named) = (path.as_path(), *named);
        let backup = *in_past || is_past(path) || is_copy_beside(path);
        let called = name(path);
        let mut buf = [0u8; LEN];
        let read = files::open(path).and_then(|file| {
            let start = start(&file, &mut buf)?;
            Ok((sniff_at(start, path), file))
        });
        let file_name = path.file_name().unwrap_or_default().to_string_lossy();
        let mut artifact = |kind| {
            let (path, name, logs, bytes) = (path.to_path_buf(), Arc::clone(&called), Vec::new(), Bytes::Local);
            self.out.artifacts.push(Artifact { path, name, kind, logs, backup, named, bytes });
        };
        let (content, file) = match (read, expected(path)) {
            (Ok(read), _) => read,
            (Err(_), Some(form)) if !named => return artifact(Kind::PolicyFile(form)),
            (Err(error), _) if named && files::is_remote(path) && error.kind() == ErrorKind::NotFound => {
                return self.missing(path, &error.to_string());
            }
            (Err(error), _) => {
                let entry = Entry { path: Some(path.to_path_buf()), named, ..Entry::new(&called, "", Fate::NotRead) };
                self.own = Some(self.out.ledger.len());
                self.out.ledger.push(entry);
                return self.unreadable(&called, error.to_string());
            }
        };
        self.out.files += 1;
        let picked = named && (self.search.offset.is_some() || self.search.volume.is_some());
        let size = file.len();
        let holder = |kind| Holder { path: path.to_path_buf(), named, kind, size };
        let about = About {
            file_name: &file_name,
            size,
            certain: !backup && is_in_config(path.parent().unwrap_or(Path::new(""))),
            past: backup,
            log: false,
            disks: match (picked, named) {
                (true, _) => Disks::Anything,
                (false, true) => Disks::All,
                (false, false) => Disks::Large,
            },
            ends_like_disk: &|| ends_like_disk(&file),
        };
        match classify(content, &about) {
            Class::Registry(_) if backup && !past_too && !self.search.include_backups => self.left_out(&called, 1),
            Class::Registry(kind) => artifact(kind),
            Class::NearlyReg(why) => {
                self.enter(path, named, size, ".reg file", Fate::NotRead);
                self.unreadable(&called, why.to_owned());
            }
            Class::Log => self.logs.push((path.to_path_buf(), named)),
            Class::Archive(Archive::Unread { .. }) => {
                self.enter(path, named, size, "", Fate::NotRead);
                self.tell(&called, named, &file);
            }
            Class::Archive(kind) => self.containers.push(holder(HolderKind::Archive(kind))),
            Class::Image => self.containers.push(holder(HolderKind::Image)),
            Class::Nothing => {
                self.enter(path, named, size, "", Fate::NotRecognised);
                self.out.other_files += 1;
                self.tell(&called, named, &file);
            }
        }
    }

    /// Looks into an image or an archive, unless it is only a part of another one.
    pub(crate) fn look_into_holder(&mut self, holder: &Holder, part: bool) {
        self.out.containers.push(holder.path.clone());
        self.enter(&holder.path, holder.named, holder.size, "", Fate::NotAboutWindows);
        match holder.kind {
            HolderKind::Image if part => {
                let message = "a part of another disk image: read with that one; name it to have it read by itself";
                self.is("disk image".to_owned());
                if let Some(entry) = self.out.ledger.last_mut() {
                    entry.fate = Fate::Part;
                }
                self.remark(&name(&holder.path), Code::ImagePart, message.to_owned());
            }
            HolderKind::Image => self.local_image(holder),
            HolderKind::Archive(kind) => {
                self.is(kind.to_string());
                self.local_archive(holder, kind);
            }
        }
        self.own = None;
    }

    /// Takes over what another worker found in an image of the same unit, with its dynamic disks.
    pub(crate) fn absorb(&mut self, found: Discovery, dynamic: Vec<Member>) {
        let before = self.out.images.len();
        self.dynamic.extend(dynamic.into_iter().map(|member| member.after(before)));
        self.out.artifacts.extend(found.artifacts);
        self.out.images.extend(found.images);
        self.out.containers.extend(found.containers);
        self.out.ledger.extend(found.ledger);
        self.out.diagnostics.extend(found.diagnostics);
        self.out.files += found.files;
        self.out.other_files += found.other_files;
    }

    pub(crate) fn attach_logs(&mut self) {
        let inside = std::mem::take(&mut self.inside_logs);
        let limits = Arc::clone(&self.limits);
        let attached = attach(&mut self.out.artifacts, inside, &self.search, &limits);
        // A log whose own base block is torn looks like a damaged hive; its name, beside a hive, shows what it is.
        let is_log = |a: &Artifact| matches!(a.kind, Kind::BrokenHive(_)) && attached.paths.contains(&a.path);
        self.out.artifacts.retain(|artifact| !is_log(artifact));
        for (path, named) in std::mem::take(&mut self.logs) {
            if !attached.paths.contains(&path) {
                let severity = if named { Severity::Warning } else { Severity::Note };
                let message = "a transaction log without its hive: nothing to audit".to_owned();
                let entry = Entry::new(&name(&path), "transaction log", Fate::NotRead);
                let entry = Entry { path: Some(path.clone()), named, ..entry };
                self.out.ledger.push(entry.because(Code::LogAlone, message.clone(), Some("give it with its hive")));
                self.remark_as(severity, &name(&path), Code::LogAlone, message);
            }
        }
        self.own = None;
        for (path, why, unreadable) in attached.alone {
            if unreadable {
                self.unreadable(&name(&path), why);
            } else {
                self.remark(&name(&path), Code::LogAlone, why);
            }
        }
        for artifact in &mut self.out.artifacts {
            if let Kind::BrokenHive(error) = &artifact.kind {
                match artifact.open_hive(&limits) {
                    Ok((hive, _)) => artifact.kind = Kind::Hive(hive.base().clone()),
                    Err(_) => {
                        let message = format!("a hive that cannot be used: {error}");
                        let place = Place::new(&artifact.name, At::Whole);
                        self.out.diagnostics.push(Diagnostic::new(Code::UnreadableInput, message, place));
                    }
                }
            }
        }
    }
}

/// Whether the file is called as a copy of a hive, and that hive lies beside it.
fn is_copy_beside(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    copy_of(&name).is_some_and(|hive| {
        let spelled = [hive.to_owned(), hive.to_ascii_uppercase(), hive.to_ascii_lowercase()];
        spelled.iter().any(|hive| files::is_file(&path.with_file_name(hive)))
    })
}
