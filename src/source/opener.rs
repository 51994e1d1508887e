//! Which files an image may make us read: those beside it, and those in folders that the user allows.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::bytes::{Members, member};
use super::{inside, name};
use crate::error::{At, Error};
use crate::files;
use crate::image::{Opened, Opener};
use crate::limits::Limits;
use crate::number::wide;

/// Files of this machine that were opened, in order, each once.
#[derive(Default)]
pub(super) struct Parts(Mutex<Vec<(Arc<str>, PathBuf)>>);

impl Parts {
    fn add(&self, name: &Arc<str>, path: &Path) {
        let mut parts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if parts.iter().all(|(_, there)| there != path) {
            parts.push((Arc::clone(name), path.to_path_buf()));
        }
    }

    pub(super) fn all(&self) -> Vec<(Arc<str>, PathBuf)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Opens what an image on this machine names.
pub(super) struct Beside {
    path: PathBuf,
    file_name: String,
    /// The files that led here, this one included, without links.
    chain: Vec<PathBuf>,
    /// Folders that files may be in besides that of `path`, without links.
    allowed: Arc<Vec<PathBuf>>,
    parts: Arc<Parts>,
    depth: usize,
}

impl Beside {
    /// For the image at `path`.
    pub(super) fn new(path: &Path, allow: &[PathBuf], parts: &Arc<Parts>, limits: &Limits) -> Self {
        parts.add(&name(path), path);
        Self {
            path: path.to_path_buf(),
            file_name: file_name(path),
            chain: files::real(path).into_iter().collect(),
            allowed: Arc::new(allow.to_vec()),
            parts: Arc::clone(parts),
            depth: limits.image_chain,
        }
    }

    fn folder(&self) -> &Path {
        match self.path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        }
    }

    /// Where the file that is called `named` could be: as it says, and by its last name alone in each folder that is allowed,
    /// since images are moved together and keep the paths of where they were made.
    fn candidates(&self, named: &str) -> Result<Vec<PathBuf>, String> {
        // A backslash is a separator to Windows, whose images name most files; a file that has one in its name is found
        // under the whole name first.
        let unix = Path::new(named);
        let words: Vec<&str> = named.split(['/', '\\']).filter(|word| !word.is_empty() && *word != ".").collect();
        let last = words.last().copied().filter(|last| *last != ".." && !last.ends_with(':'));
        let (Some(last), false) = (last, named.contains('\0')) else {
            return Err(format!("\"{named}\" names no file"));
        };
        let climbs = words.contains(&"..");
        let absolute = named.starts_with(['/', '\\']) || words.first().is_some_and(|first| first.ends_with(':'));
        let mut candidates = Vec::new();
        if unix.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir)) {
            // Without the dots and slashes that change nothing: it is called the same on every system.
            let parts = unix.components().filter(|part| *part != Component::CurDir);
            candidates.push(parts.fold(self.folder().to_path_buf(), |path, part| path.join(part)));
        }
        if unix.is_absolute() && !climbs {
            candidates.push(unix.to_path_buf());
        }
        if !absolute && !climbs {
            candidates.push(words.iter().fold(self.folder().to_path_buf(), |path, word| path.join(word)));
        }
        candidates.push(self.folder().join(last));
        candidates.extend(self.allowed.iter().map(|folder| folder.join(last)));
        Ok(candidates)
    }

    /// The file at `path`, or one that is called like it but for case.
    fn there(path: &Path) -> Option<PathBuf> {
        if files::is_there(path) {
            return Some(path.to_path_buf());
        }
        let wanted = path.file_name()?.to_str()?.to_lowercase();
        let entries = files::list(path.parent()?).ok()?;
        let same = |name: &str| name.to_lowercase() == wanted;
        let mut found =
            entries.into_iter().filter_map(Result::ok).filter(|entry| entry.name.to_str().is_some_and(same));
        match (found.next(), found.next()) {
            (Some(one), None) => Some(path.with_file_name(one.name)),
            _ => None, // which of several it is would be a guess
        }
    }

    /// What lies at `path`, without links, if it may be read.
    fn allowed(&self, path: &Path) -> Result<PathBuf, String> {
        let real = files::real(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let own = files::real(self.folder());
        let folders = own.iter().chain(self.allowed.iter());
        if folders.into_iter().any(|folder| real.starts_with(folder)) {
            return Ok(real);
        }
        Err(format!("{} is outside the image's folder (--allow-dir allows another one)", path.display()))
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

fn not_there(names: &[&str], reasons: &[String]) -> Error {
    let named = names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ");
    let mut what = format!("the image needs another file, {named}, which cannot be read");
    if reasons.is_empty() {
        what.push_str(": it is not there, nor in a folder given by --allow-dir");
    } else {
        what.push_str(&format!(": {}", reasons.join("; ")));
    }
    Error::unsupported(At::Whole, what)
}

impl Opener for Beside {
    fn open(&self, names: &[&str]) -> Result<Opened, Error> {
        if self.depth == 0 {
            let limit = wide(self.chain.len());
            return Err(Error::Limit { at: At::Whole, what: "images that build on one another", limit });
        }
        let mut reasons = Vec::new();
        for named in names {
            let candidates = match self.candidates(named) {
                Ok(candidates) => candidates,
                Err(reason) => {
                    reasons.push(reason);
                    continue;
                }
            };
            for path in candidates {
                let Some(path) = Self::there(&path) else { continue };
                let real = match self.allowed(&path) {
                    Ok(real) => real,
                    Err(reason) => {
                        if !reasons.contains(&reason) {
                            reasons.push(reason);
                        }
                        continue;
                    }
                };
                if self.chain.contains(&real) {
                    let what = format!("the image builds on {}, which builds on the image again", path.display());
                    return Err(Error::unsupported(At::Whole, what));
                }
                let file = files::open(&real).map_err(|error| Error::io(At::Whole, "a file of the image", &error))?;
                let called = name(&path);
                self.parts.add(&called, &path);
                let chain = self.chain.iter().cloned().chain([real]).collect();
                let opener = Beside {
                    file_name: file_name(&path),
                    path,
                    chain,
                    allowed: Arc::clone(&self.allowed),
                    parts: Arc::clone(&self.parts),
                    depth: self.depth.saturating_sub(1),
                };
                return Ok(Opened { bytes: Arc::new(file), name: called, opener: Arc::new(opener) });
            }
        }
        Err(not_there(names, &reasons))
    }

    fn open_if_there(&self, name: &str) -> Result<Option<Opened>, Error> {
        let there = self.candidates(name).is_ok_and(|all| all.iter().any(|path| Self::there(path).is_some()));
        if there { self.open(&[name]).map(Some) } else { Ok(None) }
    }

    fn file_name(&self) -> &str {
        &self.file_name
    }
}

/// The paths of an archive's members, and the members by their paths in lower case.
pub(super) struct ByPath {
    paths: Vec<String>,
    numbers: BTreeMap<String, Vec<usize>>,
}

impl ByPath {
    pub(super) fn new(paths: Vec<String>) -> Self {
        let mut numbers: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (number, path) in paths.iter().enumerate() {
            numbers.entry(path.to_lowercase()).or_default().push(number);
        }
        Self { paths, numbers }
    }

    fn path(&self, number: usize) -> &str {
        self.paths.get(number).map_or("", String::as_str)
    }
}

/// The numbers of members that an image in an archive needed, besides its own.
pub(super) type Used = Arc<Mutex<BTreeSet<usize>>>;

/// Opens what an image in an archive names: other members of the same folder there.
pub(super) struct Among {
    archive: Arc<str>,
    by_path: Arc<ByPath>,
    members: Arc<Members>,
    used: Used,
    /// The members that led here, this one last.
    chain: Vec<usize>,
    depth: usize,
}

impl Among {
    /// For the member `number`; `used` gets those that are opened.
    pub(super) fn new(
        archive: &Arc<str>,
        by_path: &Arc<ByPath>,
        members: &Arc<Members>,
        number: usize,
        used: &Used,
        limits: &Limits,
    ) -> Self {
        Self {
            archive: Arc::clone(archive),
            by_path: Arc::clone(by_path),
            members: Arc::clone(members),
            used: Arc::clone(used),
            chain: vec![number],
            depth: limits.image_chain,
        }
    }

    fn path(&self) -> &str {
        self.chain.last().map_or("", |number| self.by_path.path(*number))
    }
}

pub(super) fn member_path(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

impl Opener for Among {
    fn open(&self, names: &[&str]) -> Result<Opened, Error> {
        if self.depth == 0 {
            let limit = wide(self.chain.len());
            return Err(Error::Limit { at: At::Whole, what: "images that build on one another", limit });
        }
        let folder = self.path().rsplit_once('/').map_or("", |(folder, _)| folder);
        for named in names {
            let Some(last) = named.rsplit(['/', '\\']).next().filter(|last| !last.is_empty()) else { continue };
            let path = member_path(folder, last).to_lowercase();
            let number = match self.by_path.numbers.get(&path).map(Vec::as_slice) {
                None | Some([]) => continue,
                Some([only]) => *only,
                Some([_, ..]) => {
                    let what = format!("the image needs \"{path}\", and the archive has several members of that name");
                    return Err(Error::Ambiguous { what });
                }
            };
            let path = self.by_path.path(number);
            if self.chain.contains(&number) {
                let what = format!("the image builds on \"{path}\", which builds on the image again");
                return Err(Error::unsupported(At::Whole, what));
            }
            self.used.lock().unwrap_or_else(PoisonError::into_inner).insert(number);
            let opener = Among {
                archive: Arc::clone(&self.archive),
                by_path: Arc::clone(&self.by_path),
                members: Arc::clone(&self.members),
                used: Arc::clone(&self.used),
                chain: self.chain.iter().copied().chain([number]).collect(),
                depth: self.depth.saturating_sub(1),
            };
            let name = inside(&self.archive, path);
            let bytes = member(&self.members, number)?;
            return Ok(Opened { bytes, name, opener: Arc::new(opener) });
        }
        Err(not_there(names, &["the archive has no such member beside the image".to_owned()]))
    }

    fn open_if_there(&self, name: &str) -> Result<Option<Opened>, Error> {
        let folder = self.path().rsplit_once('/').map_or("", |(folder, _)| folder);
        if self.by_path.numbers.contains_key(&member_path(folder, name).to_lowercase()) {
            return self.open(&[name]).map(Some);
        }
        Ok(None)
    }

    fn file_name(&self) -> &str {
        self.path().rsplit('/').next().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::read_at::ReadAt;

    struct Folders {
        keep: tempfile::TempDir,
    }

    impl Folders {
        fn new() -> Self {
            let keep = tempfile::tempdir().unwrap();
            for file in ["own/child.vhdx", "own/Base.vhdx", "own/sub/deep.vmdk", "other/elsewhere.vhd", "secret"] {
                let path = keep.path().join(file);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, file).unwrap();
            }
            Self { keep }
        }

        fn path(&self, file: &str) -> PathBuf {
            self.keep.path().join(file)
        }

        fn opener(&self, allow: &[PathBuf]) -> Beside {
            Beside::new(&self.path("own/child.vhdx"), allow, &Arc::default(), &Limits::default())
        }

        /// What the opener finds: the file's content, which is its name.
        fn open(&self, names: &[&str], allow: &[PathBuf]) -> Result<String, String> {
            let opened = self.opener(allow).open(names).map_err(|error| error.to_string())?;
            let mut bytes = vec![0u8; usize::try_from(opened.bytes.len()).unwrap()];
            opened.bytes.read_exact_at(0, &mut bytes).unwrap();
            Ok(String::from_utf8(bytes).unwrap())
        }
    }

    #[test]
    fn what_lies_beside_the_image_is_found_however_it_is_named() {
        let folders = Folders::new();
        for name in
            ["Base.vhdx", r".\Base.vhdx", r"C:\VMs\Base.vhdx", "/var/lib/images/Base.vhdx", "base.VHDX", "../Base.vhdx"]
        {
            assert_eq!(folders.open(&[name], &[]).unwrap(), "own/Base.vhdx", "{name}");
        }
        for name in ["sub/deep.vmdk", r"sub\deep.vmdk", r".\SUB\..\sub\deep.vmdk"] {
            assert_eq!(folders.open(&[name], &[]).is_ok(), !name.contains(".."), "{name}");
        }
        assert_eq!(folders.open(&["no such", "Base.vhdx"], &[]).unwrap(), "own/Base.vhdx", "the first that is there");
    }

    #[test]
    fn what_lies_elsewhere_is_refused_unless_its_folder_is_allowed() {
        let folders = Folders::new();
        let secret = folders.path("secret");
        for name in [secret.to_str().unwrap(), "../secret", r"..\..\secret", "/etc/hostname", "", "..", "C:", "a\0b"] {
            assert!(folders.open(&[name], &[]).is_err(), "{name}");
        }
        let refused = folders.open(&[secret.to_str().unwrap()], &[]).unwrap_err();
        assert!(refused.contains("--allow-dir"), "{refused}");
        let other = [folders.path("other")];
        assert!(folders.open(&["elsewhere.vhd"], &[]).is_err());
        for name in [r"D:\x\elsewhere.vhd", "../other/elsewhere.vhd"] {
            assert_eq!(folders.open(&[name], &other).unwrap(), "other/elsewhere.vhd", "{name}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn links_that_lead_out_are_refused_and_those_that_do_not_are_followed() {
        let folders = Folders::new();
        std::os::unix::fs::symlink(folders.path("secret"), folders.path("own/out.vhdx")).unwrap();
        std::os::unix::fs::symlink("Base.vhdx", folders.path("own/in.vhdx")).unwrap();
        std::os::unix::fs::symlink(folders.keep.path(), folders.path("own/up")).unwrap();
        assert!(folders.open(&["out.vhdx"], &[]).unwrap_err().contains("outside"));
        assert!(folders.open(&["up/secret"], &[]).unwrap_err().contains("outside"));
        assert_eq!(folders.open(&["in.vhdx"], &[]).unwrap(), "own/Base.vhdx");
    }

    #[test]
    fn loops_and_long_chains_end() {
        let folders = Folders::new();
        assert!(folders.open(&["child.vhdx"], &[]).unwrap_err().contains("again"));
        let base = folders.opener(&[]).open(&["Base.vhdx"]).unwrap();
        assert!(base.opener.open(&["child.vhdx"]).is_err());
        for n in 0..40 {
            fs::write(folders.path(&format!("own/{n}")), "").unwrap();
        }
        let mut opener = folders.opener(&[]).open(&["0"]).unwrap().opener;
        let chain = (1..40).take_while(|n| match opener.open(&[&n.to_string()]) {
            Ok(opened) => {
                opener = opened.opener;
                true
            }
            Err(error) => {
                assert!(matches!(error, Error::Limit { .. }));
                false
            }
        });
        assert_eq!(chain.count() + 1, Limits::default().image_chain);
    }

    #[test]
    fn an_image_in_an_archive_finds_the_members_beside_it() {
        let paths = ["vm/disk.vmdk", "vm/disk-Flat.vmdk", "other.vmdk", "vm/twice.vmdk", "vm/Twice.vmdk"];
        let member = |path: &str| Ok(Arc::new(path.as_bytes().to_vec()) as Arc<dyn ReadAt>);
        let members: Arc<Members> = Arc::new(paths.map(member).into_iter().collect());
        let by_path = Arc::new(ByPath::new(paths.map(str::to_owned).to_vec()));
        let used = Used::default();
        let opener = Among::new(&Arc::from("a.zip"), &by_path, &members, 0, &used, &Limits::default());
        let flat = opener.open(&["disk-flat.vmdk"]).unwrap();
        assert_eq!((flat.bytes.len(), &*flat.name), (17, "a.zip › vm/disk-Flat.vmdk"));
        assert!(opener.open(&["other.vmdk"]).is_err());
        assert!(opener.open(&["../other.vmdk"]).is_err());
        assert!(opener.open(&["disk.vmdk"]).is_err());
        assert!(matches!(opener.open(&["twice.vmdk"]), Err(Error::Ambiguous { .. })));
        assert!(flat.opener.open(&["disk.vmdk"]).is_err());
        assert_eq!(*used.lock().unwrap(), BTreeSet::from([1]));
    }
}
