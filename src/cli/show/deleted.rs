//! Deleted keys and values of a hive.

use std::io;

use super::super::args::ShowArgs;
use super::super::exit::Failure;
use super::super::stderr;
use super::super::writer::writer;
use super::{ABSENT, Remarks, ShowFormatArg, UNREADABLE, read};
use crate::error::{At, Error};
use crate::output::export::recovered::{DeletedKey, Lines, Owner, Recovered, Text, Value};
use crate::registry::hive::{self, DeletedValue, Hive, VisitDeleted};
use crate::source::Artifact;

/// Prints what was deleted in the key at `below` and in all below it; `root` is what the hive's root is called.
pub(super) fn run(
    args: &ShowArgs,
    artifact: &Artifact,
    hive: &Hive,
    root: &[u16],
    below: &[u16],
) -> Result<u8, Failure> {
    let mut out = writer(args.to.output.as_deref(), args.to.force, &read(args, artifact))?;
    let mut to: Box<dyn Recovered + '_> = match args.format {
        ShowFormatArg::Text => Box::new(Text::new(&mut out, args.verbose)),
        ShowFormatArg::Json => Box::new(Lines::new(&mut out, &artifact.name)),
        ShowFormatArg::Reg | ShowFormatArg::Raw => {
            let what = "--deleted gives text and JSON: what was deleted is not to be imported or taken for the hive";
            return Err(Failure::Message(what.to_owned()));
        }
    };
    let mut found = Found { to: to.as_mut(), any: false, remarks: Remarks::new(args), artifact: &artifact.name };
    hive.deleted(root, below, &mut found)?;
    found.remarks.end();
    let (any, damaged) = (found.any, found.remarks.count > 0);
    to.end()?;
    drop(to);
    out.finish()?;
    if damaged {
        return Ok(UNREADABLE);
    }
    if any {
        return Ok(0);
    }
    stderr::line(format_args!("{}: nothing that was deleted is left there", artifact.name));
    Ok(ABSENT)
}

struct Found<'e> {
    to: &'e mut dyn Recovered,
    any: bool,
    remarks: Remarks,
    artifact: &'e str,
}

fn key<'a>(key: &hive::DeletedKey<'a>) -> DeletedKey<'a> {
    let hive::DeletedKey { path, last_write, offset, values, recovered } = *key;
    DeletedKey { path, last_write: last_write.known(), at: At::Offset(offset), values, recovered }
}

impl VisitDeleted for Found<'_> {
    type Error = io::Error;

    fn owner(&mut self, owner: &hive::Owner<'_>) -> io::Result<()> {
        self.any = true;
        self.to.owner(&match owner {
            hive::Owner::Key { path } => Owner::Key(path),
            hive::Owner::Deleted(deleted) => Owner::Deleted(key(deleted)),
            hive::Owner::Unplaced(deleted) => Owner::Unplaced(key(deleted)),
            hive::Owner::Nobody => Owner::Nobody,
        })
    }

    fn value(&mut self, value: &DeletedValue<'_>) -> io::Result<()> {
        let DeletedValue { name, kind, data, offset } = *value;
        self.to.value(&Value { name, kind, data, at: At::Offset(offset) })
    }

    fn damage(&mut self, error: &Error) -> io::Result<()> {
        self.remarks.add(&format!("{}: error: {error}", self.artifact));
        self.to.damage(error)
    }
}
