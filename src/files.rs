//! Files that are named: those of this machine, and objects in stores where the feature `remote` is built in. Everything that
//! opens, lists or resolves what may be either asks here.

#[cfg(feature = "remote")]
pub(crate) mod remote;
#[cfg(feature = "remote")]
pub use remote::set_block_size;

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::read_at::{LocalFile, ReadAt, is_device};

/// Schemes of what is an object in a store.
const SCHEMES: [&str; 5] = ["s3://", "az://", "gs://", "https://", "http://"];

/// Whether it names an object, or objects, and no file of this machine.
pub fn is_remote(path: &Path) -> bool {
    path.to_str().is_some_and(|text| SCHEMES.iter().any(|scheme| text.starts_with(scheme)))
}

/// Why a name is not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The name, without what may be a secret in it.
    pub shown: String,
    /// Why.
    pub why: &'static str,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.shown, self.why)
    }
}

/// Why a name is not taken, if it is one of objects, or of a device of Windows.
pub fn refused(path: &Path) -> Option<Refused> {
    if is_device(path) {
        let why = "a device, and no file: an image of a disk is judged (E01, VHDX, raw), or a copy of the hives";
        return Some(Refused { shown: path.display().to_string(), why });
    }
    let (scheme, rest) = path.to_str().filter(|_| is_remote(path))?.split_once("://")?;
    let bucket = rest.split('/').next().and_then(|bucket| bucket.rsplit('@').next()).unwrap_or_default();
    #[cfg(feature = "remote")]
    let why = remote::refused(path);
    #[cfg(not(feature = "remote"))]
    let why = Some("this tlshive was built without the feature \"remote\", which reads object stores");
    why.map(|why| Refused { shown: format!("{scheme}://{bucket}/…"), why })
}

/// Whether it names all objects below a prefix: it ends in a slash, or is a bucket.
pub(crate) fn is_prefix(path: &Path) -> bool {
    let Some(text) = path.to_str().filter(|_| is_remote(path)) else { return false };
    let rest = text.split_once("://").map_or("", |(_, rest)| rest);
    rest.ends_with('/') || !rest.contains('/')
}

/// Whether it is a folder of this machine, or a prefix.
pub(crate) fn is_folder(path: &Path) -> bool {
    if is_remote(path) { is_prefix(path) } else { path.is_dir() }
}

/// Whether these are files of this machine, and folders with nothing but files right in them, together no more than `most`.
pub(crate) fn are_few(paths: &[PathBuf], most: usize) -> bool {
    let mut left = most;
    paths.iter().all(|path| {
        let files = match path.metadata() {
            Ok(meta) if meta.is_dir() && !is_remote(path) => files_alone(path, left),
            Ok(meta) if meta.is_file() => Some(1),
            _ => None,
        };
        let rest = files.and_then(|files| left.checked_sub(files));
        left = rest.unwrap_or_default();
        rest.is_some()
    })
}

/// How many files lie in a folder, if there is nothing else and there are no more than `most`.
fn files_alone(folder: &Path, most: usize) -> Option<usize> {
    let mut files = 0;
    for entry in fs::read_dir(folder).ok()? {
        files += 1;
        if files > most || !entry.and_then(|entry| entry.file_type()).is_ok_and(|kind| kind.is_file()) {
            return None;
        }
    }
    Some(files)
}

/// A file that is open for reading.
pub(crate) enum File {
    Local(LocalFile),
    #[cfg(feature = "remote")]
    Remote(std::sync::Arc<remote::Object>),
}

impl ReadAt for File {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        match self {
            File::Local(file) => file.read_at(offset, buf),
            #[cfg(feature = "remote")]
            File::Remote(object) => object.read_at(offset, buf),
        }
    }

    fn len(&self) -> u64 {
        match self {
            File::Local(file) => file.len(),
            #[cfg(feature = "remote")]
            File::Remote(object) => object.len(),
        }
    }
}

/// Opens a regular file, or an object.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    #[cfg(feature = "remote")]
    if is_remote(path) {
        return remote::open(path).map(File::Remote);
    }
    LocalFile::open(path).map(File::Local)
}

/// Says which files will be opened next, one after the other: objects are asked for all at a time.
#[cfg(feature = "remote")]
pub(crate) fn open_ahead<'p>(paths: impl Iterator<Item = &'p Path>) {
    remote::open_ahead(&paths.filter(|path| is_remote(path)).collect::<Vec<_>>());
}

/// Its size, and when it was last modified.
pub(crate) fn meta(path: &Path) -> io::Result<(u64, Option<SystemTime>)> {
    #[cfg(feature = "remote")]
    if is_remote(path) {
        return remote::open(path).map(|object| (object.len(), object.modified()));
    }
    fs::metadata(path).map(|meta| (meta.len(), meta.modified().ok()))
}

/// Where it is, without links. An object is where its name says.
pub(crate) fn real(path: &Path) -> io::Result<PathBuf> {
    if is_remote(path) { Ok(path.to_path_buf()) } else { path.canonicalize() }
}

/// Whether a regular file or a link is there, or an object.
pub(crate) fn is_there(path: &Path) -> bool {
    if is_remote(path) {
        let (folder, name) = (path.parent().unwrap_or(Path::new("")), path.file_name());
        return list(folder).is_ok_and(|there| there.iter().flatten().any(|one| Some(one.name.as_os_str()) == name));
    }
    path.symlink_metadata().is_ok()
}

/// Whether a regular file is there, which is no link, or an object.
pub(crate) fn is_file(path: &Path) -> bool {
    if is_remote(path) { is_there(path) } else { path.symlink_metadata().is_ok_and(|meta| meta.is_file()) }
}

/// What lies in a folder.
#[derive(Debug, Clone)]
pub(crate) struct Listed {
    pub(crate) name: std::ffi::OsString,
    /// Its size, or why that is not known.
    pub(crate) what: Is,
}

/// What kind of file it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Is {
    /// A regular file, with its size.
    File(u64),
    Link,
    /// A folder, a pipe, a device.
    Other,
    /// Why it cannot be told.
    Untold(String),
}

/// What lies in a folder, in no order; of objects those right below the prefix.
pub(crate) fn list(folder: &Path) -> io::Result<Vec<io::Result<Listed>>> {
    if is_remote(folder) {
        #[cfg(feature = "remote")]
        return remote::list(folder).map(|there| there.iter().cloned().map(Ok).collect());
        #[cfg(not(feature = "remote"))]
        return Err(io::ErrorKind::Unsupported.into());
    }
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let listed = |entry: io::Result<fs::DirEntry>| {
        let entry = entry?;
        let what = match entry.metadata() {
            Ok(meta) if meta.is_file() => Is::File(meta.len()),
            Ok(meta) if meta.is_symlink() => Is::Link,
            Ok(_) => Is::Other,
            Err(error) => Is::Untold(error.to_string()),
        };
        Ok(Listed { name: entry.file_name(), what })
    };
    Ok(fs::read_dir(folder)?.map(listed).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_files_are_told_from_a_tree_of_them() {
        let temp = tempfile::tempdir().unwrap();
        let (flat, deep) = (temp.path().join("flat"), temp.path().join("deep"));
        fs::create_dir_all(deep.join("below")).unwrap();
        fs::create_dir(&flat).unwrap();
        ["a", "b", "c"].iter().for_each(|name| fs::write(flat.join(name), "").unwrap());
        let few =
            |paths: &[&Path], most| are_few(&paths.iter().map(|path| path.to_path_buf()).collect::<Vec<_>>(), most);
        assert!(few(&[&flat], 3) && few(&[&flat, &flat.join("a")], 4) && few(&[], 0));
        assert!(!few(&[&flat], 2) && !few(&[&flat, &flat.join("a")], 3));
        assert!(!few(&[&deep], 9) && !few(&[&flat.join("none")], 9) && !few(&[Path::new("s3://bucket/")], 9));
    }
}
