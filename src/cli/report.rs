//! `tlshive report`: saved runs put together.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};

use serde_json::Value as Json;

use super::args::{MergedFormatArg, ReportArgs};
use super::exit::Failure;
use super::policy;
use super::reader;
use super::reports::{Beside, FileFormat, begin, compared, layout};
use super::stderr;
use super::writer::writer;
use crate::digest::sha256_hex;
use crate::number::wide;
use crate::output::merged::Document;
use crate::output::reports::{ReportFormat, Reports};
use crate::output::saved_run;
use crate::run::{About, Counts, Shard};
use crate::saved::record::{End, Host, Input, Record, Run, Summary, parsed};
use crate::saved::{Ending, Saved, read};

pub(super) fn run(args: &ReportArgs) -> Result<u8, Failure> {
    let mut out = writer(args.to.output.as_deref(), args.to.force, &args.parts)?.lasting();
    let mut beside = Beside::open(&args.reports, args.to.output.as_deref(), args.to.force, &args.parts)?;
    if let Some((_, file)) = args.reports.wanted.iter().find(|(format, _)| *format == FileFormat::Jsonl) {
        let file = file.display();
        return Err(format!("--report jsonl={file}: runs are put together as json; jsonl is what audit writes").into());
    }
    let reports = begin(&mut beside.reports, args.reports.bom)?;
    let documents = beside.streams.iter_mut().map(|(_, out)| Document::new(out)).collect();
    let mut sinks = Sinks { documents, reports };
    let main = (!matches!(args.format, MergedFormatArg::Json)).then(|| report_format(args.format, args));
    compared(&mut sinks.reports, &args.reports, main)?;
    match args.format {
        MergedFormatArg::Json => sinks.documents.push(Document::new(&mut out)),
        other => sinks.reports.add(report_format(other, args), args.reports.bom, &mut out)?,
    }
    let mut merging = Merging { parts: args.parts.clone(), ..Merging::default() };
    for part in &args.parts {
        let name = part.display().to_string();
        // What cannot be written is no fault of the part.
        let mut written = Ok(());
        let ending = match reader::open(part) {
            Ok(mut from) => read(&mut *from, &mut |record| {
                written = merging.take(&name, &record, &mut sinks);
                if written.is_ok() { Ok(()) } else { Err(io::ErrorKind::Other.into()) }
            }),
            Err(error) => Err(error),
        };
        written?;
        match ending {
            Ok(Ending::Whole) => {}
            Ok(Ending::Cut) => merging.cut.push(name),
            Ok(Ending::Damaged(line, why)) => {
                merging.broken(format!("{name}:{line}: {why}: what follows is not taken"));
            }
            Err(error) => {
                merging.counts.missing += u64::from(error.kind() == io::ErrorKind::NotFound);
                merging.broken(Failure::of_file(part, &error).to_string());
            }
        }
    }
    merging.made_good();
    merging.missing_shards();
    merging.close_folders(&mut sinks)?;
    if merging.policies.len() > 1 {
        let policies: Vec<&str> = merging.policies.iter().map(String::as_str).collect();
        merging.broken(format!("the runs are held against different policies: {}", policies.join(", ")));
    }
    merging.troubles.iter().take(TROUBLES).for_each(stderr::line);
    let more = merging.troubles.len().saturating_sub(TROUBLES);
    if more > 0 {
        stderr::line(format_args!("and {more} more of these (--format json names them)"));
    }
    let status = merging.counts.status_for(args.reports.fail_on.into());
    sinks.finish(&merging, status)?;
    beside.finish()?;
    out.finish()?;
    Ok(args.reports.exit(status))
}

/// Where the records go.
struct Sinks<'w> {
    documents: Vec<Document<'w>>,
    reports: Reports<'w>,
}

impl Sinks<'_> {
    fn finish(self, merging: &Merging, status: u8) -> io::Result<()> {
        self.documents.into_iter().try_for_each(|mut document| document.end(&merging.counts, &merging.troubles))?;
        self.reports.finish(merging.counts, status, &merging.troubles)
    }
}

fn report_format(format: MergedFormatArg, args: &ReportArgs) -> ReportFormat {
    match format {
        MergedFormatArg::Report(format) => format,
        MergedFormatArg::Text | MergedFormatArg::Json => {
            ReportFormat::Overview(layout(args.color, args.to.output.is_none()))
        }
    }
}

/// Troubles that are named; JSON has them all.
const TROUBLES: usize = 20;

/// What was taken so far.
#[derive(Default)]
struct Merging {
    counts: Counts,
    policies: BTreeSet<String>,
    troubles: Vec<String>,
    /// Parts that were cut short.
    cut: Vec<String>,
    /// Parts that another one goes on with, and which one that is.
    resumed: Vec<(PathBuf, String)>,
    /// All parts that are given.
    parts: Vec<PathBuf>,
    /// Whether the run that is taken now goes on with another one. A run that is killed may have written a machine and not
    /// yet the files that it was judged by: then it is judged again, and nothing is wrong with that.
    goes_on: bool,
    /// Machines that were taken, by their ids, with a hash of what is said of them.
    hosts: HashMap<String, String>,
    /// Inputs that were taken, by their folders and paths, with what became of them.
    inputs: HashMap<String, (String, bool)>,
    /// The first part and what its run was about.
    first: Option<(String, Json)>,
    /// The folder of the run that is taken now: paths are relative to it.
    folder: String,
    /// Folders that were named, each with its machines in all parts, in the order in which they were met.
    folders: Vec<Json>,
    /// Where each of them is, by its name.
    folder_numbers: HashMap<String, usize>,
    /// Whether the run that is taken now has records of some machines alone, so that its end counts them.
    is_partial: bool,
    /// How many shards runs are of, and the numbers of those that are there.
    shards: BTreeMap<u64, BTreeSet<u64>>,
}

impl Merging {
    fn broken(&mut self, what: String) {
        self.counts.unreadable += 1;
        self.troubles.push(what);
    }

    /// A part that was cut short is no trouble where another goes on with it. That one has not what the first is done with.
    fn made_good(&mut self) {
        let resumed = std::mem::take(&mut self.resumed);
        for part in std::mem::take(&mut self.cut) {
            if !resumed.iter().any(|(before, _)| is_one_file(before, Path::new(&part))) {
                self.broken(format!("{part}: cut short: what comes after its last line is missing"));
            }
        }
        let parts = std::mem::take(&mut self.parts);
        for (before, part) in resumed {
            if !parts.iter().any(|given| is_one_file(&before, given)) {
                let before = before.display();
                self.broken(format!(
                    "{part}: goes on with {before}, which is not given: what that is done with is missing"
                ));
            }
        }
    }

    /// Shards of which others are there.
    fn missing_shards(&mut self) {
        for (count, there) in std::mem::take(&mut self.shards) {
            let missing = count - wide(there.len()).min(count);
            let first = (0..count).filter(|index| !there.contains(index)).take(TROUBLES);
            let names: Vec<String> = first.map(|index| format!("{index}/{count}")).collect();
            if missing > 0 {
                let more = if missing > wide(names.len()) { ", …" } else { "" };
                self.broken(format!("{missing} of {count} shards are missing: {}{more}", names.join(", ")));
            }
        }
    }

    /// What is said of folders that were walked, maybe in parts.
    fn close_folders(&mut self, sinks: &mut Sinks<'_>) -> io::Result<()> {
        for input in std::mem::take(&mut self.folders) {
            if let Ok(read) = parsed(&input) {
                sinks.reports.take(Record::Input(read))?;
            }
            sinks.documents.iter_mut().try_for_each(|document| document.input(&input))?;
        }
        Ok(())
    }

    fn add_folder(&mut self, key: String, input: &Json) {
        let hosts = |input: &Json| input.get("hosts").and_then(Json::as_u64).unwrap_or(0);
        let number = *self.folder_numbers.entry(key).or_insert(self.folders.len());
        let Some(before) = self.folders.get_mut(number) else {
            return self.folders.push(input.clone());
        };
        let sum = hosts(before) + hosts(input);
        if hosts(before) == 0 {
            before.clone_from(input);
        }
        if let Some(members) = before.as_object_mut() {
            members.insert("hosts".to_owned(), sum.into());
        }
    }

    /// Takes a record. What is not of its form is a trouble with the part; what cannot be written is an error.
    fn take(&mut self, part: &str, record: &Saved, sinks: &mut Sinks<'_>) -> io::Result<()> {
        let taken = match record {
            Saved::Run(run) => parsed(run).map(|read| self.run(part, run, read, sinks)),
            Saved::Host(host) => parsed(host).map(|read| self.host(part, host, read, sinks)),
            Saved::Input(input) => parsed(input).map(|read| self.input(part, input, read, sinks)),
            Saved::End(end) => parsed(end).map(|read| {
                self.end(read, sinks);
                Ok(())
            }),
        };
        taken.unwrap_or_else(|error| {
            let what = ["name", "path"].into_iter().find_map(|member| record.json().get(member)?.as_str());
            self.broken(format!("{part}: the record of {} is not as it should be: {error}", what.unwrap_or("the run")));
            Ok(())
        })
    }

    fn run(&mut self, part: &str, json: &Json, run: Run, sinks: &mut Sinks<'_>) -> io::Result<()> {
        self.goes_on = !run.resumes.is_empty();
        self.folder.clone_from(&run.folder);
        self.is_partial = !run.only.is_empty();
        if let Some(shard) = run.shard.as_ref().and_then(|shard| shard.parse::<Shard>().ok()) {
            self.shards.entry(shard.count()).or_default().insert(shard.index());
        }
        let resumed = run.resumes.iter().map(|name| (Path::new(&self.folder).join(name), part.to_owned()));
        self.resumed.extend(resumed);
        // Policies of one name may have other rules.
        let shown = run.policies.iter().map(|policy| policy::digested(&policy.id, &policy.version, &policy.sha256));
        self.policies.insert(shown.collect::<Vec<_>>().join(" and "));
        match &self.first {
            None => self.first = Some((part.to_owned(), json.clone())),
            Some((first, before)) => {
                let all = differences(json, before).filter(|what| !OF_PARTS.contains(what));
                let all: Vec<&str> = all.collect();
                let first = first.clone();
                for what in all {
                    let said = format!("{part}: run with {what} than {first}");
                    // Machines as they are and as they would be are no one run.
                    if what == OTHER_OVERLAYS { self.broken(said) } else { self.troubles.push(said) }
                }
            }
        }
        sinks.reports.run(run);
        sinks.documents.iter_mut().try_for_each(|document| document.run(part, json))
    }

    fn host(&mut self, part: &str, json: &Json, host: Box<Host>, sinks: &mut Sinks<'_>) -> io::Result<()> {
        // What was judged twice counts once, unless the two say different things.
        let said = sha256_hex(json.to_string().as_bytes());
        match self.hosts.insert(host.id.clone(), said.clone()) {
            None => {}
            Some(before) if before == said && self.goes_on => return Ok(()),
            Some(before) if before == said => {
                self.troubles.push(format!("{part}: {} in {} was judged before", host.name, host.unit));
                return Ok(());
            }
            Some(_) => self.broken(format!(
                "{part}: {} in {} was judged before, with another result: both are taken",
                host.name, host.unit
            )),
        }
        if !self.is_partial {
            host.count(&mut self.counts);
        }
        sinks.reports.take(Record::Host(host))?;
        sinks.documents.iter_mut().try_for_each(|document| document.host(json))
    }

    fn input(&mut self, part: &str, json: &Json, input: Box<Input>, sinks: &mut Sinks<'_>) -> io::Result<()> {
        let key = format!("{}\0{}", self.folder, input.path);
        // A folder that was walked in parts has a record in each.
        if input.named && input.kind.as_deref() == Some("folder") {
            self.add_folder(key, json);
            return Ok(());
        }
        let became = (input.outcome.clone(), input.incomplete);
        match self.inputs.insert(key, became.clone()) {
            None => {}
            Some(before) if before == became => {
                if input.named && !self.goes_on {
                    self.troubles.push(format!("{part}: {} was looked at before", input.path));
                }
                return Ok(());
            }
            Some(_) => {
                self.broken(format!(
                    "{part}: {} was looked at before, and became something else: both are taken",
                    input.path
                ));
            }
        }
        if !self.is_partial {
            input.count(&mut self.counts);
        }
        sinks.reports.take(Record::Input(input))?;
        sinks.documents.iter_mut().try_for_each(|document| document.input(json))
    }

    fn end(&mut self, end: End, sinks: &mut Sinks<'_>) {
        self.counts.files = self.counts.files.saturating_add(end.summary.files);
        self.counts.other_files = self.counts.other_files.saturating_add(end.summary.other_files);
        if self.is_partial {
            add(&mut self.counts, &end.summary);
        }
        sinks.reports.run_ended(end);
    }
}

const OTHER_POLICY: &str = "another policy";
const OTHER_FOLDER: &str = "another folder";
const OTHER_OVERLAYS: &str = "other files of --overlay";
const OTHER_SHARD: &str = "another --shard";
const OTHER_RECORDS: &str = "other records (--only)";

/// What parts of one run may differ in.
const OF_PARTS: [&str; 4] = [OTHER_POLICY, OTHER_FOLDER, OTHER_SHARD, OTHER_RECORDS];

/// Adds the sums of a run that has not all of its records.
fn add(counts: &mut Counts, summary: &Summary) {
    for (count, more) in [
        (&mut counts.hosts, summary.hosts),
        (&mut counts.compliant, summary.compliant),
        (&mut counts.not_compliant, summary.not_compliant),
        (&mut counts.unknown, summary.unknown),
        (&mut counts.waived, summary.waived),
        (&mut counts.advisory, summary.advisory),
        (&mut counts.other_hives, summary.other_hives),
        (&mut counts.unreadable, summary.unreadable),
        (&mut counts.left_out, summary.left_out),
        (&mut counts.missing, summary.missing),
        (&mut counts.disagreements, summary.disagreements),
    ] {
        *count = count.saturating_add(more); // the file may say anything
    }
}

/// What two runs were run with that is not the same.
fn differences(one: &Json, other: &Json) -> impl Iterator<Item = &'static str> {
    [
        ("/policies", OTHER_POLICY),
        ("/waivers", "other waivers, or those of another day (--date),"),
        ("/tables", "other tables"),
        ("/overlays", OTHER_OVERLAYS),
        ("/folder", OTHER_FOLDER),
        ("/tool/version", "another version of tlshive"),
        ("/options", "other options"),
        ("/shard", OTHER_SHARD),
        ("/only", OTHER_RECORDS),
    ]
    .into_iter()
    .filter(|(pointer, _)| one.pointer(pointer) != other.pointer(pointer))
    .map(|(_, what)| what)
}

/// Whether two paths lead to one file; to one of the same name, where the first is not there any more.
fn is_one_file(before: &Path, given: &Path) -> bool {
    match (before.canonicalize(), given.canonicalize()) {
        (Ok(before), Ok(given)) => before == given,
        (Err(_), _) => before.file_name() == given.file_name(),
        _ => false,
    }
}

/// What saved runs that another one goes on with are done with.
#[derive(Default)]
pub(super) struct Done {
    /// The names of inputs.
    pub(super) inputs: HashSet<String>,
    /// What became of them.
    pub(super) counts: Counts,
}

impl Done {
    /// Takes what is whole in a record; what is not is not done.
    fn take(&mut self, record: &Saved) {
        match record {
            Saved::Host(host) => {
                parsed::<Box<Host>>(host).into_iter().for_each(|host| host.count(&mut self.counts));
            }
            Saved::Input(input) => {
                let Ok(input) = parsed::<Box<Input>>(input) else { return };
                input.count(&mut self.counts);
                self.inputs.insert(input.path);
            }
            _ => {}
        }
    }
}

/// Adds what a saved run, which may be cut short, is done with.
pub(super) fn done(part: &Path, about: &About, done: &mut Done) -> Result<(), Failure> {
    let wanted = saved_run(about)?;
    let failed = |error: io::Error| Failure::of_file(part, &error);
    let mut other = None;
    let mut from = reader::open(part).map_err(failed)?;
    let ending = read(&mut *from, &mut |record| {
        match record {
            Saved::Run(run) => {
                let only = run.get("only").and_then(Json::as_array).is_some_and(|only| !only.is_empty());
                let why = "--only: it does not say of each input that it is done, other";
                other = only.then_some(why).or_else(|| differences(&run, &wanted).next());
            }
            other => done.take(&other),
        }
        Ok(())
    });
    if let Some(what) = other {
        let what = format!("it was run with {what} than this one: what it is done with cannot be left out of this run");
        return Err(Failure::Message(format!("{}: {what}", part.display())));
    }
    match ending.map_err(failed)? {
        Ending::Whole | Ending::Cut => Ok(()),
        Ending::Damaged(line, why) => Err(Failure::Message(format!("{}:{line}: {why}", part.display()))),
    }
}
