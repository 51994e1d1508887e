//! Sparse uploads of Velociraptor: the parts of a file that are not sparse stand one after the other in the member, and a
//! member beside it, called the same with `.idx`, says where each belongs (Velociraptor, `actions.proto`, message `Index`;
//! `reporting/container.go`, `maybeCollectSparseFile`).

use std::sync::Arc;

use serde_json::Value;

use super::failed;
use super::mapped::{Mapped, Part};
use crate::error::{At, Error};
use crate::limits::Limits;
use crate::read_at::ReadAt;

const WHAT: &str = "index of a sparse upload";

/// Accessors whose holes are those of the file, by NTFS. Others, `sparse` first of all, leave out what they were told to.
const HOLES_ARE_ZEROS: [&str; 6] = ["auto", "ntfs", "lazy_ntfs", "ntfs_vss", "lazy_auto", "mft"];

/// The path of the upload whose index the member at `path` is, if it is called like one.
pub(super) fn index_of(path: &str) -> Option<&str> {
    path.strip_suffix(".idx").filter(|_| accessor(path).is_some())
}

/// The name after `uploads` in a path: how Velociraptor read the file.
fn accessor(path: &str) -> Option<&str> {
    let mut names = path.split('/');
    names.find(|name| *name == "uploads").and_then(|_| names.next())
}

/// The upload at `path` as the file that it was, by its index.
///
/// # Errors
/// When the index is no index, or not that of `data`.
pub(super) fn mapped(
    path: &str,
    data: &Arc<dyn ReadAt>,
    index: &dyn ReadAt,
    limits: &Limits,
) -> Result<Arc<dyn ReadAt>, Error> {
    if index.len() > limits.archive_header {
        return Err(Error::Limit {
            at: At::Whole,
            what: "bytes of an index of a sparse upload",
            limit: limits.archive_header,
        });
    }
    let mut json = vec![0u8; usize::try_from(index.len()).unwrap_or_default()];
    let json = index.fill_at(0, &mut json).map_err(|e| failed(At::Whole, WHAT, &e))?;
    let bad = |found: String| Error::damaged(At::Whole, WHAT, "the ranges of the file beside it", found);
    let json: Value = serde_json::from_slice(json).map_err(|e| bad(e.to_string()))?;
    let ranges = json.get("ranges").and_then(Value::as_array).ok_or_else(|| bad("no ranges".to_owned()))?;
    let zeros = accessor(path).is_some_and(|accessor| HOLES_ARE_ZEROS.contains(&accessor));
    let hole = if zeros { Part::Zero } else { Part::Missing };
    let mut file = Mapped::new(Arc::clone(data));
    let mut stored = 0u64;
    for range in ranges {
        let field = |snake, camel| number(range, snake, camel).ok_or_else(|| bad(range.to_string()));
        let (from, at) = (field("file_offset", "fileOffset")?, field("original_offset", "originalOffset")?);
        let (in_file, len) = (field("file_length", "fileLength")?, field("length", "length")?);
        // Where a read came up short, Velociraptor pads the data but counts what it read: what follows has moved.
        if from != stored || !(in_file == 0 || in_file == len) {
            return Err(bad(format!("a range that does not follow the one before it: {range}")));
        }
        let part = if in_file == 0 { hole } else { Part::Data(from) };
        file.add(at, len, part, Part::Missing)?;
        stored = stored.saturating_add(in_file);
    }
    if stored != data.len() {
        return Err(bad(format!("ranges of {stored} bytes for data of {}", data.len())));
    }
    Ok(Arc::new(file))
}

/// A field of a range; one that is left out is 0, as protocol buffers have it, and 64 bits may be written as text.
fn number(range: &Value, snake: &str, camel: &str) -> Option<u64> {
    match range.as_object()?.get(snake).or_else(|| range.get(camel)) {
        None => Some(0),
        Some(Value::String(text)) => text.parse().ok(),
        Some(value) => value.as_u64(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(path: &str, data: &[u8], index: &str) -> Result<Arc<dyn ReadAt>, Error> {
        let data: Arc<dyn ReadAt> = Arc::new(data.to_vec());
        mapped(path, &data, &index.as_bytes().to_vec(), &Limits::default())
    }

    const INDEX: &str = r#"{"ranges":[{"file_length":4,"length":4},
        {"file_offset":4,"original_offset":4,"length":8},
        {"file_offset":"4","original_offset":"12","file_length":"2","length":"2"}]}"#;

    #[test]
    fn a_sparse_upload_is_the_file_that_it_was() {
        let file = read("uploads/ntfs/C/x", b"abcdef", INDEX).unwrap();
        let mut all = vec![0xffu8; 14];
        file.read_exact_at(0, &mut all).unwrap();
        assert_eq!((file.len(), &*all), (14, &b"abcd\0\0\0\0\0\0\0\0ef"[..]));
    }

    #[test]
    fn what_was_left_out_on_demand_is_not_zero() {
        let file = read("uploads/sparse/C/x", b"abcdef", INDEX).unwrap();
        let mut four = [0u8; 4];
        file.read_exact_at(0, &mut four).unwrap();
        assert!(file.read_exact_at(4, &mut four).is_err());
        let gap = r#"{"ranges":[{"file_length":4,"length":4},{"file_offset":4,"original_offset":8,"file_length":2,"length":2}]}"#;
        let file = read("uploads/ntfs/C/x", b"abcdef", gap).unwrap();
        assert!(file.read_exact_at(4, &mut four).is_err());
    }

    #[test]
    fn an_index_that_does_not_fit_is_refused() {
        for index in [
            "",
            "[]",
            "{}",
            r#"{"ranges":[]}"#,
            r#"{"ranges":[{"length":-1}]}"#,
            r#"{"ranges":[1]}"#,
            r#"{"ranges":[{"file_length":4,"length":4}]}"#,
            r#"{"ranges":[{"file_length":4,"length":6},{"file_offset":4,"original_offset":6,"file_length":2,"length":2}]}"#,
            r#"{"ranges":[{"file_length":4,"length":4},{"file_offset":3,"original_offset":4,"file_length":2,"length":2}]}"#,
            r#"{"ranges":[{"file_length":4,"length":4},{"file_offset":4,"original_offset":2,"file_length":2,"length":2}]}"#,
            r#"{"ranges":[{"original_offset":18446744073709551615,"file_length":6,"length":6}]}"#,
        ] {
            assert!(read("uploads/ntfs/C/x", b"abcdef", index).is_err(), "{index}");
        }
    }

    #[test]
    fn indexes_are_told_by_path() {
        assert_eq!(index_of("uploads/ntfs/C/x.idx"), Some("uploads/ntfs/C/x"));
        assert_eq!(
            index_of("clients/C.1/collections/F.1/uploads/auto/C/x.idx"),
            Some("clients/C.1/collections/F.1/uploads/auto/C/x")
        );
        assert_eq!(index_of("C/x.idx"), None);
        assert_eq!(index_of("uploads/ntfs/C/x"), None);
    }
}
