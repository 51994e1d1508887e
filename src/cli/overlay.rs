//! The files of `--overlay`.

use std::path::{Path, PathBuf};

use super::args::{OverlayViewArg, OwnerArg};
use super::exit::Failure;
use super::policy::wrong;
use crate::host::{Input, OverlayFile};
use crate::limits::Limits;
use crate::registry::group_policy::Owner;
use crate::registry::overlay::View;
use crate::registry::reg_file::Interest;

/// Reads what the files change, within the interest.
pub(super) fn read(
    paths: &[PathBuf],
    interest: &Interest,
    codepage: Option<&'static encoding_rs::Encoding>,
    registry_pol: OwnerArg,
    digest: bool,
    limits: &Limits,
) -> Result<Vec<OverlayFile>, Failure> {
    let one = |path: &PathBuf| read_one(path, interest, codepage, registry_pol, digest, limits);
    paths.iter().map(one).collect()
}

fn read_one(
    path: &Path,
    interest: &Interest,
    codepage: Option<&'static encoding_rs::Encoding>,
    registry_pol: OwnerArg,
    digest: bool,
    limits: &Limits,
) -> Result<OverlayFile, Failure> {
    if path.is_dir() {
        return Err(wrong(path, "a folder, not a file that could be imported"));
    }
    let (input, file) = Input::overlay(path, digest).map_err(|error| Failure::of_file(path, &error))?;
    Ok(OverlayFile::read(input, &file, interest, limits, codepage, registry_pol.into()))
}

impl From<OverlayViewArg> for View {
    fn from(arg: OverlayViewArg) -> Self {
        match arg {
            OverlayViewArg::Bits64 => View::Bits64,
            OverlayViewArg::Bits32 => View::Bits32,
        }
    }
}

impl From<OwnerArg> for Option<Owner> {
    fn from(arg: OwnerArg) -> Self {
        match arg {
            OwnerArg::Auto => None,
            OwnerArg::Machine => Some(Owner::Machine),
            OwnerArg::User => Some(Owner::User),
        }
    }
}
