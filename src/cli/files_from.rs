//! Inputs from a list, one a line.

use std::ffi::OsString;
use std::io::{self, BufRead};
use std::path::{Path, PathBuf};

use super::exit::Failure;
use super::{reader, stderr};

/// Bytes of one line that are read. Linux allows paths of 4,096.
const LINE: usize = 1 << 16;

/// The paths of a list, each as soon as its line is there. Empty lines are passed over.
pub(super) fn listed(list: &Path, null: bool) -> Result<Box<dyn Iterator<Item = PathBuf> + Send>, Failure> {
    let from = reader::open(list).map_err(|error| Failure::of_file(list, &error))?;
    let name = list.display().to_string();
    Ok(Box::new(Lines { from, name, end: if null { 0 } else { b'\n' } }.filter(|path| !path.as_os_str().is_empty())))
}

struct Lines {
    from: Box<dyn BufRead + Send>,
    name: String,
    end: u8,
}

impl Iterator for Lines {
    type Item = PathBuf;

    fn next(&mut self) -> Option<PathBuf> {
        let mut line = Vec::new();
        let read = io::Read::take(&mut self.from, LINE as u64).read_until(self.end, &mut line);
        match read {
            Ok(0) => return None,
            Ok(_) => {}
            Err(error) => {
                stderr::line(format_args!("{}: the list breaks off: {error}", self.name));
                return None;
            }
        }
        if line.last() == Some(&self.end) {
            line.pop();
            if self.end == b'\n' && line.last() == Some(&b'\r') {
                line.pop();
            }
        }
        Some(path(line))
    }
}

#[cfg(unix)]
fn path(line: Vec<u8>) -> PathBuf {
    use std::os::unix::ffi::OsStringExt;
    OsString::from_vec(line).into()
}

#[cfg(not(unix))]
fn path(line: Vec<u8>) -> PathBuf {
    OsString::from(String::from_utf8_lossy(&line).into_owned()).into()
}
