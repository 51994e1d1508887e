//! Objects in stores, as files: S3, Azure Blob Storage, Google Cloud Storage, and single files of web servers. Readers are
//! blocking, as all of tlshive is; requests run on one thread of their own.
//!
//! Credentials come from the environment alone, and no message carries them.

mod block;
mod list;
mod object;
mod recent;
mod store;

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use futures_util::future::join_all;

use crate::files::{Is, Listed};
pub(crate) use list::{Found, keep, walk};
pub(crate) use object::Object;
pub use object::set_block_size;
use recent::Recent;
use store::Stores;
pub(crate) use store::refused;

/// Objects that are kept open for who opens them again: a hive is opened to tell what it is, to tell which one it is, and to be
/// read.
const OPEN: usize = 1024;

/// Bytes of objects in memory. What is kept open is let go beyond that.
const BYTES: u64 = 96 << 20;

/// Folders whose lists are kept: those of the units that are under way.
const FOLDERS: usize = 1024;

/// Objects of which it is known in which version they were read.
const VERSIONS: usize = 1 << 16;

/// What is kept of all stores.
#[derive(Default)]
struct Kept {
    open: Recent<Object>,
    folders: Recent<Vec<Listed>>,
    versions: HashMap<PathBuf, String>,
    /// Why objects could not be opened ahead, for who opens them next.
    failed: HashMap<PathBuf, io::Error>,
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
    let failed = remote.kept().failed.remove(path);
    failed.map_or_else(|| remote.stores.block_on(remote.open(path)), Err)
}

/// Opens objects that will be opened one after the other, all at a time. What cannot be opened is told when that is done.
pub(crate) fn open_ahead(paths: &[&Path]) {
    let Some(Ok(remote)) = (paths.len() > 1).then(remote) else { return };
    let opening = paths
        .iter()
        .copied()
        .map(|path| async move { remote.open(path).await.err().map(|error| (path.to_path_buf(), error)) });
    let failed = remote.stores.block_on(join_all(opening));
    remote.kept().failed.extend(failed.into_iter().flatten());
}

impl Remote {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn open(&self, path: &Path) -> io::Result<Arc<Object>> {
        let (known, size) = {
            let kept = self.kept();
            (kept.open.get(path), kept.size_of(path))
        };
        if let Some(object) = known {
            // It may have been read since.
            self.kept().let_go();
            return Ok(object);
        }
        let object = Arc::new(Object::open(self.stores.at(path)?, size).await?);
        let mut kept = self.kept();
        if let Some(version) = object.version() {
            match kept.versions.get(path) {
                Some(before) if *before != version => return Err(object::changed()),
                Some(_) => {}
                None if kept.versions.len() >= VERSIONS => {}
                None => drop(kept.versions.insert(path.to_path_buf(), version)),
            }
        }
        kept.open.put(path, Arc::clone(&object));
        kept.let_go();
        Ok(object)
    }
}

impl Kept {
    /// Lets go of what was opened first, where there is too much.
    fn let_go(&mut self) {
        while self.open.len() > OPEN || self.open.len() > 1 && object::in_memory() > BYTES {
            self.open.forget_oldest();
        }
    }

    /// The size that a list gave.
    fn size_of(&self, path: &Path) -> Option<u64> {
        let listed = self.folders.get(path.parent()?)?;
        let listed = listed.iter().find(|listed| Some(listed.name.as_os_str()) == path.file_name())?;
        match listed.what {
            Is::File(size) => Some(size),
            _ => None,
        }
    }

    fn keep_list(&mut self, folder: &Path, list: Arc<Vec<Listed>>) {
        self.folders.put(folder, list);
        if self.folders.len() > FOLDERS {
            self.folders.forget_oldest();
        }
    }
}

/// The objects right below a prefix.
pub(crate) fn list(folder: &Path) -> io::Result<Arc<Vec<Listed>>> {
    let remote = remote()?;
    let known = remote.kept().folders.get(folder);
    if let Some(list) = known {
        return Ok(list);
    }
    let list = Arc::new(list::of_folder(&remote.stores.at(folder)?)?);
    remote.kept().keep_list(folder, Arc::clone(&list));
    Ok(list)
}
