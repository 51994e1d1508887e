//! Objects in stores, as files: S3, Azure Blob Storage, Google Cloud Storage, and single files of web servers. Readers are
//! blocking, as all of tlshive is; requests run on one thread of their own.
//!
//! Credentials come from the environment alone, and no message carries them.

mod block;
mod list;
mod object;
mod store;

use std::collections::{HashMap, VecDeque};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::files::Listed;
pub(crate) use list::{Found, keep, walk};
pub(crate) use object::Object;
pub use object::set_block_size;
use store::Stores;
pub(crate) use store::refused;

/// Objects that are kept open for who opens them again: a hive is opened to tell what it is, to tell which one it is, and to be
/// read.
const OPEN: usize = 128;

/// Bytes of objects in memory. What is kept open is let go beyond that.
const BYTES: u64 = 96 << 20;

/// Folders whose lists are kept: those of the units that are under way.
const FOLDERS: usize = 1024;

/// Objects of which it is known in which version they were read.
const VERSIONS: usize = 1 << 16;

/// What is kept of all stores.
#[derive(Default)]
struct Kept {
    open: VecDeque<(PathBuf, Arc<Object>)>,
    folders: VecDeque<(PathBuf, Arc<Vec<Listed>>)>,
    versions: HashMap<PathBuf, String>,
}

struct Remote {
    stores: Stores,
    kept: Mutex<Kept>,
}

fn remote() -> io::Result<&'static Remote> {
    static REMOTE: OnceLock<Result<Remote, String>> = OnceLock::new();
    let start = || {
        let stores = Stores::new().map_err(|error| error.to_string())?;
        Ok(Remote { stores, kept: Mutex::default() })
    };
    REMOTE.get_or_init(start).as_ref().map_err(|why| io::Error::other(why.clone()))
}

/// Opens an object, or gives it as it is open.
pub(crate) fn open(path: &Path) -> io::Result<Arc<Object>> {
    let remote = remote()?;
    let kept = || remote.kept.lock().unwrap_or_else(PoisonError::into_inner);
    let known = kept().open.iter().find(|(there, _)| there == path).map(|(_, object)| Arc::clone(object));
    if let Some(object) = known {
        return Ok(object);
    }
    let size = size_of(&kept(), path);
    let at = remote.stores.at(path)?;
    let object = Arc::new(Object::open(at, size)?);
    let mut kept = kept();
    if let Some(version) = object.version() {
        match kept.versions.get(path) {
            Some(before) if *before != version => return Err(object::changed()),
            Some(_) => {}
            None if kept.versions.len() >= VERSIONS => {}
            None => drop(kept.versions.insert(path.to_path_buf(), version)),
        }
    }
    kept.open.push_back((path.to_path_buf(), Arc::clone(&object)));
    while kept.open.len() > OPEN || kept.open.len() > 1 && object::in_memory() > BYTES {
        kept.open.pop_front();
    }
    Ok(object)
}

/// The size that a list gave.
fn size_of(kept: &Kept, path: &Path) -> Option<u64> {
    let (_, listed) = kept.folders.iter().rev().find(|(folder, _)| Some(folder.as_path()) == path.parent())?;
    let listed = listed.iter().find(|listed| Some(listed.name.as_os_str()) == path.file_name())?;
    match listed.what {
        crate::files::Is::File(size) => Some(size),
        _ => None,
    }
}

/// The objects right below a prefix.
pub(crate) fn list(folder: &Path) -> io::Result<Arc<Vec<Listed>>> {
    let remote = remote()?;
    let kept = || remote.kept.lock().unwrap_or_else(PoisonError::into_inner);
    let known = kept().folders.iter().rev().find(|(there, _)| there == folder).map(|(_, list)| Arc::clone(list));
    if let Some(list) = known {
        return Ok(list);
    }
    let list = Arc::new(list::of_folder(&remote.stores.at(folder)?)?);
    keep_list(&mut kept(), folder, Arc::clone(&list));
    Ok(list)
}

fn keep_list(kept: &mut Kept, folder: &Path, list: Arc<Vec<Listed>>) {
    kept.folders.push_back((folder.to_path_buf(), list));
    if kept.folders.len() > FOLDERS {
        kept.folders.pop_front();
    }
}
