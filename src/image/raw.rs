//! Raw images, whole or in numbered pieces.

use std::sync::Arc;

use super::{Disk, Opener};
use crate::error::Error;
use crate::limits::Limits;
use crate::read_at::ReadAt;

pub(super) fn open(file: &Arc<dyn ReadAt>, opener: &dyn Opener, limits: &Limits) -> Result<Disk, Error> {
    let _ = (opener.file_name(), limits.depth);
    Ok(Disk { bytes: Arc::clone(file), format: "raw".to_owned(), sector: None, notes: Vec::new() })
}
