//! Where output goes.

use std::fs::OpenOptions;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::exit::Failure;
use crate::read_at::LocalFile;
use crate::source::evidence;

/// Standard output, or a file that is not overwritten unless `force` says so; evidence not even then: neither what is being
/// read (`inputs`), nor any hive, disk image or archive.
pub(super) fn writer(path: Option<&Path>, force: bool, inputs: &[PathBuf]) -> Result<Box<dyn Write>, Failure> {
    let Some(path) = path else { return Ok(Box::new(BufWriter::new(io::stdout().lock()))) };
    let shown = path.display().to_string();
    let failed = |what: String| Failure::Message(format!("{shown}: {what}"));
    let mut options = OpenOptions::new();
    options.write(true);
    if force {
        spare_evidence(path, inputs).map_err(failed)?;
        options.create(true).truncate(true);
    } else {
        options.create_new(true);
    }
    let file = options.open(path).map_err(|error| {
        let hint = if error.kind() == io::ErrorKind::AlreadyExists { " (--force overwrites it)" } else { "" };
        failed(format!("{error}{hint}"))
    })?;
    Ok(Box::new(BufWriter::new(file)))
}

fn spare_evidence(output: &Path, inputs: &[PathBuf]) -> Result<(), String> {
    let Ok(there) = output.canonicalize() else { return Ok(()) };
    // Not by path: a hard link is the same file under another one.
    if inputs.iter().any(|input| same_file::is_same_file(input, &there).unwrap_or(false)) {
        return Err("that is an input, and not overwritten".to_owned());
    }
    match LocalFile::open(&there).ok().and_then(|file| evidence(&file)) {
        Some(what) => Err(format!("that is {what}, and not overwritten")),
        None => Ok(()),
    }
}
