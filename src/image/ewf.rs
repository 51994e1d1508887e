//! Stub.

use std::sync::Arc;

use super::{Disk, Opener};
use crate::error::Error;
use crate::limits::Limits;
use crate::read_at::ReadAt;

pub(super) fn open(file: &Arc<dyn ReadAt>, opener: &dyn Opener, limits: &Limits) -> Result<Option<Disk>, Error> {
    let _ = (file, opener.file_name(), limits.depth);
    Ok(None)
}
