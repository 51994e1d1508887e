//! Files for several machines: one for each set of changes, and a table of which is for whom.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use super::super::exit::Failure;
use super::super::stderr;
use super::super::writer;
use super::NOTHING;
use super::state::{Found, first, lines};
use crate::digest::sha256_hex;
use crate::output::csv::Table;
use crate::plan::format::{File, Format, files};
use crate::plan::{Changeset, Made, together};
use crate::source::Entry;

/// What came of a machine.
pub(super) struct Planned {
    pub(super) name: String,
    pub(super) control_set: String,
    /// The files that it was read from.
    pub(super) inputs: String,
    pub(super) made: Result<Made, Failure>,
    /// The same for machines to which the same is to be done.
    pub(super) digest: String,
}

/// What tells changes apart, whatever is said of them.
pub(super) fn digest(files: &[File]) -> String {
    let all: Vec<u8> = files.iter().flat_map(|file| file.bytes.iter().copied()).collect();
    sha256_hex(&all)
}

/// The table.
const INDEX: &str = "index.csv";
const HEADINGS: [&str; 8] =
    ["machine", "control_set", "inputs", "file", "changes", "what_it_changes", "not_fixed", "notes"];

/// Machines that a file names; the table has them all.
const NAMED: usize = 20;

/// What is to be written, and where.
pub(super) struct Estate<'a> {
    pub(super) folder: &'a Path,
    /// What files begin with: the name of the plan.
    pub(super) plan: &'a str,
    pub(super) format: Format,
    pub(super) force: bool,
}

impl Estate<'_> {
    /// Writes the files and the table, all or none, and gives the status.
    pub(super) fn write(&self, planned: &[Planned], found: &Found, inputs: &[PathBuf]) -> Result<u8, Failure> {
        let mut alike: Vec<Vec<&Planned>> = Vec::new();
        let mut number: HashMap<&str, usize> = HashMap::new();
        for machine in planned.iter().filter(|machine| machine.changes() > 0) {
            let n = *number.entry(&machine.digest).or_insert_with(|| {
                alike.push(Vec::new());
                alike.len().saturating_sub(1)
            });
            alike.get_mut(n).into_iter().for_each(|machines| machines.push(machine));
        }
        let mut names = Names::default();
        let mut all: Vec<(String, Vec<u8>)> = Vec::new();
        let mut named: HashMap<&str, String> = HashMap::new();
        for machines in &alike {
            let Some((machine, others)) = machines.split_first() else { continue };
            let name = names.file(self.plan, &machine.name, others.len(), self.format.extension());
            for file in files(self.format, &changes(machines), None)? {
                let path = file.name.as_ref().map_or_else(|| name.clone(), |inner| format!("{name}/{inner}"));
                all.push((path, file.bytes));
            }
            named.insert(&machine.digest, name);
        }
        let unread: Vec<&Entry> = found.ledger.iter().filter(|entry| entry.counts).collect();
        let file = |machine: &Planned| named.get(machine.digest.as_str()).filter(|_| machine.changes() > 0);
        all.push((INDEX.to_owned(), table(planned, &unread, |machine| file(machine).map_or("", String::as_str))?));
        let contents = all.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice()));
        writer::folder(self.folder, contents, self.force, inputs)?;
        first(lines(&found.remarks)).iter().for_each(stderr::warning);
        let stuck = planned.iter().filter(|machine| machine.is_stuck()).count();
        self.say(planned, alike.len(), stuck, unread.len());
        Ok(if stuck > 0 || !unread.is_empty() { NOTHING } else { 0 })
    }

    fn say(&self, planned: &[Planned], files: usize, stuck: usize, unread: usize) {
        let done = planned.iter().filter(|machine| machine.changes() > 0).count();
        let nothing = planned.len() - done - stuck;
        let mut said = vec![format!("{}: files: {files}, for machines: {done}", self.folder.display())];
        for (count, what) in [
            (nothing, "machines that need none"),
            (stuck, "machines for which nothing could be planned"),
            (unread, "inputs that were not read"),
        ] {
            if count > 0 {
                said.push(format!("{what}: {count}"));
            }
        }
        stderr::note(format_args!("{}; {INDEX} has them all", said.join("; ")));
    }
}

impl Planned {
    fn changes(&self) -> usize {
        self.made.as_ref().map_or(0, |made| made.changeset.changes.len())
    }

    /// Whether something was to be written, and nothing can be.
    fn is_stuck(&self) -> bool {
        self.made.as_ref().map_or(true, Made::is_nothing)
    }
}

/// The changes, with what is to be said of all these machines.
fn changes(machines: &[&Planned]) -> Changeset {
    let made: Vec<&Changeset> =
        machines.iter().filter_map(|machine| machine.made.as_ref().ok()).map(|made| &made.changeset).collect();
    if let [one] = made.as_slice() {
        return (*one).clone();
    }
    let names: Vec<&str> = machines.iter().take(NAMED).map(|machine| machine.name.as_str()).collect();
    let more = match machines.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let (count, names) = (machines.len(), names.join(", "));
    let last = format!("For {count} machines: {names}{more}; {INDEX} beside it says what is to be known of each.");
    together(&made, last)
}

/// A row a machine, and one for each input that was not read.
fn table<'p>(
    planned: &'p [Planned],
    unread: &[&Entry],
    file: impl Fn(&'p Planned) -> &'p str,
) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let mut table = Table::new(&mut bytes, &HEADINGS)?;
    for machine in planned {
        let (what, not_fixed, notes) = match &machine.made {
            Ok(made) => {
                let what: Vec<String> = made.changeset.changes.iter().map(ToString::to_string).collect();
                let notes: Vec<&str> = made.said.iter().map(|said| said.text.as_str()).collect();
                (what.join("; "), made.changeset.left_out.join("; "), notes.join("; "))
            }
            Err(failure) => (String::new(), String::new(), format!("nothing could be planned: {failure}")),
        };
        let changes = machine.changes().to_string();
        let Planned { name, control_set, inputs, .. } = machine;
        table.row([name, control_set, inputs, file(machine), &changes, &what, &not_fixed, &notes])?;
    }
    for entry in unread {
        let why = entry.reason.as_ref().map(|reason| reason.why.as_str());
        let why: Vec<&str> = [&*entry.kind].into_iter().chain(why).filter(|text| !text.is_empty()).collect();
        table.row(["", "", &entry.name, "", "0", "", "", &format!("not read: {}", why.join(": "))])?;
    }
    table.end()?;
    Ok(bytes)
}

/// Names of files, each once, whatever its case.
#[derive(Default)]
struct Names {
    taken: HashSet<String>,
}

/// The longest part of a machine's name in that of a file.
const LONGEST: usize = 40;

impl Names {
    fn file(&mut self, plan: &str, machine: &str, others: usize, extension: &str) -> String {
        let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_') { c } else { '_' };
        let machine: String = machine.chars().map(plain).take(LONGEST).collect();
        let more = if others > 0 { format!("-and-{others}-more") } else { String::new() };
        let mut number = 1;
        loop {
            let again = if number > 1 { format!("-{number}") } else { String::new() };
            let name = format!("{plan}-{machine}{more}{again}{extension}");
            if self.taken.insert(name.to_ascii_lowercase()) {
                return name;
            }
            number += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_called_by_its_first_machine() {
        let mut names = Names::default();
        let mut name = |machine: &str, others| names.file("fix", machine, others, ".reg");
        assert_eq!(name("AADC-01", 0), "fix-AADC-01.reg");
        assert_eq!(name("aadc-01", 0), "fix-aadc-01-2.reg");
        assert_eq!(name("AADC-01", 11), "fix-AADC-01-and-11-more.reg");
        assert_eq!(name("../x\u{202e}", 0), "fix-___x_.reg");
    }
}
