//! Files for several machines: one for each set of changes, and a table of which is for whom.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use super::super::exit::Failure;
use super::super::stderr;
use super::super::writer;
use super::NOTHING;
use super::state::{Found, first};
use crate::digest::sha256_hex;
use crate::output::csv::Table;
use crate::plan::format::{File, Format, files};
use crate::plan::{Changeset, Made};
use crate::run::Entry;

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

/// What is kept of the machines: a line of the table each, and what is to be written once for each set of changes.
#[derive(Default)]
pub(super) struct Estate {
    rows: Vec<Row>,
    alike: Vec<Alike>,
    numbers: HashMap<String, usize>,
    stuck: usize,
}

/// A line of the table.
struct Row {
    name: String,
    control_set: String,
    inputs: String,
    /// The set of changes; none where there are no changes.
    alike: Option<usize>,
    not_fixed: String,
    notes: String,
}

/// A set of changes, and the machines that it is for.
struct Alike {
    /// The first of them.
    name: String,
    first: Changeset,
    /// The same, with what is to be said of all of them alone.
    shared: Changeset,
    machines: usize,
    /// The first few of them.
    names: Vec<String>,
}

/// Where it is written, and as what.
pub(super) struct Files<'a> {
    pub(super) folder: &'a Path,
    /// What files begin with: the name of the plan.
    pub(super) plan: &'a str,
    pub(super) format: Format,
    pub(super) force: bool,
}

impl Estate {
    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Takes the next machine.
    pub(super) fn take(&mut self, machine: &Planned) {
        let (not_fixed, notes) = match &machine.made {
            Ok(made) => {
                let notes: Vec<&str> = made.said.iter().map(|said| said.text.as_str()).collect();
                (made.changeset.left_out.join("; "), notes.join("; "))
            }
            Err(failure) => (String::new(), format!("nothing could be planned: {failure}")),
        };
        self.stuck += usize::from(machine.made.as_ref().map_or(true, Made::is_nothing));
        let changes = machine.made.as_ref().ok().map(|made| &made.changeset).filter(|set| !set.changes.is_empty());
        let alike = changes.map(|changeset| self.alike(machine, changeset));
        let Planned { name, control_set, inputs, .. } = machine;
        let (name, control_set, inputs) = (name.clone(), control_set.clone(), inputs.clone());
        self.rows.push(Row { name, control_set, inputs, alike, not_fixed, notes });
    }

    /// The number of the set of changes of a machine.
    fn alike(&mut self, machine: &Planned, changeset: &Changeset) -> usize {
        let number = *self.numbers.entry(machine.digest.clone()).or_insert(self.alike.len());
        match self.alike.get_mut(number) {
            Some(alike) => {
                alike.machines += 1;
                alike.shared.keep_shared(changeset);
                if alike.names.len() < NAMED {
                    alike.names.push(machine.name.clone());
                }
            }
            None => {
                let mut shared = changeset.clone();
                shared.keep_shared(changeset);
                let (name, names) = (machine.name.clone(), vec![machine.name.clone()]);
                self.alike.push(Alike { name, first: changeset.clone(), shared, machines: 1, names });
            }
        }
        number
    }

    /// Writes the files and the table, all or none, and gives the status.
    pub(super) fn write(&self, to: &Files<'_>, found: &Found, inputs: &[PathBuf]) -> Result<u8, Failure> {
        let mut taken = Names::default();
        let mut all: Vec<(String, Vec<u8>)> = Vec::new();
        let mut names: Vec<String> = Vec::new();
        for alike in &self.alike {
            let name = taken.file(to.plan, &alike.name, alike.machines - 1, to.format.extension());
            for file in files(to.format, &alike.changes(), None)? {
                let path = file.name.as_ref().map_or_else(|| name.clone(), |inner| format!("{name}/{inner}"));
                all.push((path, file.bytes));
            }
            names.push(name);
        }
        all.push((INDEX.to_owned(), self.table(&names, &found.unread)?));
        let contents = all.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice()));
        writer::folder(to.folder, contents, to.force, inputs)?;
        first(found.remarks.clone()).iter().for_each(stderr::warning);
        let unread = found.unread.len();
        self.say(to.folder, unread);
        Ok(if self.stuck > 0 || unread > 0 { NOTHING } else { 0 })
    }

    fn say(&self, folder: &Path, unread: usize) {
        let done = self.rows.iter().filter(|row| row.alike.is_some()).count();
        let nothing = self.rows.len() - done - self.stuck;
        let mut said = vec![format!("{}: files: {}, for machines: {done}", folder.display(), self.alike.len())];
        for (count, what) in [
            (nothing, "machines that need none"),
            (self.stuck, "machines for which nothing could be planned"),
            (unread, "inputs that were not read"),
        ] {
            if count > 0 {
                said.push(format!("{what}: {count}"));
            }
        }
        stderr::note(format_args!("{}; {INDEX} has them all", said.join("; ")));
    }

    /// A row a machine, and one for each input that was not read.
    fn table(&self, names: &[String], unread: &[Entry]) -> Result<Vec<u8>, Failure> {
        let mut bytes = Vec::new();
        let mut table = Table::new(&mut bytes, &HEADINGS)?;
        for row in &self.rows {
            let alike = row.alike.and_then(|number| self.alike.get(number));
            let changes: Vec<String> =
                alike.iter().flat_map(|alike| &alike.first.changes).map(ToString::to_string).collect();
            let file = row.alike.and_then(|number| names.get(number)).map_or("", String::as_str);
            let (count, what) = (changes.len().to_string(), changes.join("; "));
            let Row { name, control_set, inputs, not_fixed, notes, .. } = row;
            table.row([name, control_set, inputs, file, &count, &what, not_fixed, notes])?;
        }
        for entry in unread {
            let why = entry.reason.as_ref().map(|reason| reason.why.as_str());
            let why: Vec<&str> = [&*entry.kind].into_iter().chain(why).filter(|text| !text.is_empty()).collect();
            table.row(["", "", &entry.name, "", "0", "", "", &format!("not read: {}", why.join(": "))])?;
        }
        table.end()?;
        Ok(bytes)
    }

    /// That there are several machines where one is needed.
    pub(super) fn several(&self) -> Vec<String> {
        let how = "-o FOLDER/ writes a file for each, --host, --control-set and --join choose";
        let count = self.rows.len();
        let many = format!("--for: {count} machines or control sets, where one is needed ({how}):");
        let one = |machine: &Row| {
            let set = if machine.control_set.is_empty() { "" } else { ", " };
            format!("  {}{set}{}: {}", machine.name, machine.control_set, machine.inputs.replace("; ", ", "))
        };
        std::iter::once(many).chain(self.rows.iter().map(one)).collect()
    }
}

impl Alike {
    /// The changes, with what is to be said of all these machines.
    fn changes(&self) -> Changeset {
        if self.machines == 1 {
            return self.first.clone();
        }
        let more = match self.machines - self.names.len() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let (count, names) = (self.machines, self.names.join(", "));
        let last = format!("For {count} machines: {names}{more}; {INDEX} beside it says what is to be known of each.");
        let mut changes = self.shared.clone();
        changes.remarks.push(last);
        changes
    }
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
