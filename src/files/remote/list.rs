//! Lists of objects: in the order in which the store gives them, and never more in memory than is asked for.

use std::io;
use std::path::{Path, PathBuf};

use futures_util::StreamExt;
use object_store::ObjectMeta;

use super::remote;
use super::store::{At, told};
use crate::files::{Is, Listed};

/// Objects that are gone through to list those right below a prefix.
const MOST: usize = 20_000;

/// An object below a prefix.
pub(crate) struct Found {
    pub(crate) path: PathBuf,
    pub(crate) size: u64,
}

/// Lists all objects below a prefix, page by page, until `take` has enough.
pub(crate) fn walk(prefix: &Path, take: &mut dyn FnMut(Found) -> bool) -> io::Result<()> {
    let at = remote()?.stores.at(prefix)?;
    let root = prefix.to_str().unwrap_or_default();
    let bucket = root.split_once("://").and_then(|(scheme, rest)| Some((scheme, rest.split('/').next()?)));
    let (scheme, bucket) = bucket.unwrap_or_default();
    each(&at, &mut |meta| {
        take(Found { path: format!("{scheme}://{bucket}/{}", meta.location).into(), size: meta.size })
    })
}

/// Keeps what a walk has found right below a prefix, so that nobody has to list it again.
pub(crate) fn keep(folder: &Path, listed: Vec<Listed>) {
    if let Ok(remote) = remote() {
        remote.kept().keep_list(folder, listed.into());
    }
}

/// The objects right below a prefix.
pub(super) fn of_folder(at: &At) -> io::Result<Vec<Listed>> {
    let (mut listed, mut met) = (Vec::new(), 0);
    each(at, &mut |meta| {
        met += 1;
        let parts = meta.location.prefix_match(&at.key).map(|rest| rest.take(2).map(|part| part.as_ref().to_owned()));
        if let Some([name]) = parts.map(Iterator::collect::<Vec<String>>).as_deref() {
            listed.push(Listed { name: name.into(), what: Is::File(meta.size) });
        }
        met <= MOST
    })?;
    if met > MOST {
        return Err(io::Error::other(format!("more than {MOST} objects lie below it")));
    }
    Ok(listed)
}

fn each(at: &At, take: &mut dyn FnMut(ObjectMeta) -> bool) -> io::Result<()> {
    let prefix = (!at.key.as_ref().is_empty()).then_some(&at.key);
    let mut objects = at.store.list(prefix);
    while let Some(object) = at.requests.block_on(objects.next()) {
        let object = object.map_err(|error| io::Error::other(told(&error)))?;
        if !take(object) {
            break;
        }
    }
    Ok(())
}
