//! A second opinion: values that decided a verdict are read again through nt-hive, an independent parser.
//!
//! nt-hive 0.3.0 makes mistakes of its own, which must not count as ours: its binary search misses healthy keys beside a
//! damaged or misplaced one; its look-up of a value answers with another value whose name it cannot read; some damaged
//! offsets make it panic. Its listings do not have the first two, so keys that its search misses and all values are looked
//! up in those; and it runs behind `catch_unwind`.

use std::cell::Cell;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;
use std::thread;

use nt_hive::{Hive, KeyNode, NtHiveError};

use super::Lookup;
use crate::windows::path::Name;
use crate::windows::value::{Value, ValueType};

/// How the second reader's answer stands to ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Agreement {
    /// It reads the same.
    Agree,
    /// It reads something else.
    Disagree {
        /// What it reads.
        theirs: String,
    },
    /// It has no answer.
    CouldNotRead {
        /// Why not.
        why: String,
    },
}

impl fmt::Display for Agreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Agreement::Agree => f.write_str("nt-hive agrees"),
            Agreement::Disagree { theirs } => write!(f, "nt-hive disagrees: it reads {theirs}"),
            Agreement::CouldNotRead { why } => write!(f, "nt-hive could not read it: {why}"),
        }
    }
}

/// Reads a value through nt-hive from the bytes of a hive, and holds it against our answer.
pub(super) fn cross_check(bytes: &[u8], path: &[Name], value: &Name, ours: &Lookup) -> Agreement {
    let theirs = quietly(|| read(bytes, path, value));
    let theirs = match theirs {
        Ok(Ok(theirs)) => theirs,
        Ok(Err(error)) => return Agreement::CouldNotRead { why: error.to_string() },
        Err(_) => return Agreement::CouldNotRead { why: "it panicked".to_owned() },
    };
    let ours = match ours {
        Lookup::Found(found) => Some(&found.value),
        Lookup::KeyAbsent | Lookup::ValueAbsent(_) => None,
        Lookup::NotCovered | Lookup::Unreadable(..) => {
            return Agreement::CouldNotRead { why: "there is no answer of tlshive's to hold it against".to_owned() };
        }
    };
    if ours == theirs.as_ref() {
        return Agreement::Agree;
    }
    let theirs = theirs.map_or_else(|| "no such value".to_owned(), |value| format!("{} {}", value.kind, value.hex()));
    Agreement::Disagree { theirs }
}

thread_local! {
    /// Whether a panic on this thread is one that is caught here.
    static CAUGHT: Cell<bool> = const { Cell::new(false) };
}

/// Runs the second reader. Its panics are caught; the message that the standard hook prints for each would only frighten, so
/// that the hook is told once to be silent about them.
fn quietly<T>(read: impl FnOnce() -> T) -> thread::Result<T> {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let hook = take_hook();
        set_hook(Box::new(move |panic| {
            if !CAUGHT.get() {
                hook(panic);
            }
        }));
    });
    CAUGHT.set(true);
    let read = catch_unwind(AssertUnwindSafe(read));
    CAUGHT.set(false);
    read
}

fn read(bytes: &[u8], path: &[Name], value: &Name) -> Result<Option<Value>, NtHiveError> {
    // Its strict mode refuses every hive that was copied from a running machine.
    let hive = Hive::without_validation(bytes)?;
    let mut node = hive.root_key_node()?;
    for name in path {
        match subkey(&node, name)? {
            Some(child) => node = child,
            None => return Ok(None),
        }
    }
    let Some(values) = node.values() else { return Ok(None) };
    let mut doubt = None;
    for record in values? {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                doubt.get_or_insert(error);
                continue;
            }
        };
        match record.name() {
            Ok(name) if value.matches(&units(&name.to_string_lossy())) => {
                let data = record.data()?.into_vec()?;
                return Ok(Some(Value { kind: ValueType(record.data_type()? as u32), data }));
            }
            Ok(_) => {}
            Err(error) => {
                doubt.get_or_insert(error);
            }
        }
    }
    doubt.map_or(Ok(None), Err)
}

fn subkey<'h, 'b>(node: &KeyNode<'h, &'b [u8]>, name: &Name) -> Result<Option<KeyNode<'h, &'b [u8]>>, NtHiveError> {
    if let Some(Ok(child)) = node.subkey(&name.to_string()) {
        return Ok(Some(child));
    }
    let Some(listed) = node.subkeys() else { return Ok(None) };
    let mut doubt = None;
    for child in listed? {
        let read = child.and_then(|child| Ok((units(&child.name()?.to_string_lossy()), child)));
        match read {
            Ok((found, child)) if name.matches(&found) => return Ok(Some(child)),
            Ok(_) => {}
            Err(error) => {
                doubt.get_or_insert(error);
            }
        }
    }
    doubt.map_or(Ok(None), Err)
}

fn units(name: &str) -> Vec<u16> {
    name.encode_utf16().collect()
}
