//! `tlshive report`: saved runs put together.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use serde_json::Value as Json;

use super::args::{MergedFormatArg, ReportArgs};
use super::exit::Failure;
use super::reports::{Beside, layout};
use super::stderr;
use super::writer::writer;
use crate::digest::sha256_hex;
use crate::output::merged::Document;
use crate::output::model::{self, Record};
use crate::output::reports::{ReportFormat, Reports};
use crate::run::{About, Counts};
use crate::saved::{Ending, Saved, read};

pub(super) fn run(args: &ReportArgs) -> Result<u8, Failure> {
    let mut out = writer(args.output.as_deref(), args.force, &args.parts)?;
    let mut beside = Beside::open(&args.reports, args.force, &args.parts)?;
    let mut sinks = Sinks { document: None, reports: beside.reports(args.reports.bom)? };
    match args.format {
        MergedFormatArg::Json => sinks.document = Some(Document::new(&mut out)),
        other => sinks.reports.add(report_format(other, args), args.reports.bom, &mut out)?,
    }
    let mut merging = Merging::default();
    for part in &args.parts {
        let name = part.display().to_string();
        let ending = match open(part) {
            Ok(mut from) => read(&mut *from, &mut |record| merging.take(&name, record, &mut sinks)),
            Err(error) => Err(error),
        };
        match ending {
            Ok(Ending::Whole) => {}
            Ok(Ending::Cut) => merging.cut.push(name),
            Ok(Ending::Damaged(line, why)) => {
                merging.broken(format!("{name}:{line}: {why}: what follows is not taken"));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                merging.counts.missing += 1;
                merging.broken(format!("{name}: {error}"));
            }
            Err(error) => merging.broken(format!("{name}: {error}")),
        }
    }
    merging.made_good();
    if merging.policies.len() > 1 {
        let policies: Vec<&str> = merging.policies.iter().map(String::as_str).collect();
        merging.broken(format!("the runs are held against several policies: {}", policies.join(", ")));
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
    Ok(status)
}

/// Where the records go.
struct Sinks<'w> {
    document: Option<Document<'w>>,
    reports: Reports<'w>,
}

impl Sinks<'_> {
    fn finish(self, merging: &Merging, status: u8) -> io::Result<()> {
        if let Some(mut document) = self.document {
            document.end(&merging.counts, &merging.troubles)?;
        }
        self.reports.finish(merging.counts, status, &merging.troubles)
    }
}

fn report_format(format: MergedFormatArg, args: &ReportArgs) -> ReportFormat {
    match format {
        MergedFormatArg::Report(format) => format,
        MergedFormatArg::Text | MergedFormatArg::Json => {
            ReportFormat::Overview(layout(args.color, args.output.is_none()))
        }
    }
}

fn open(path: &Path) -> io::Result<Box<dyn BufRead>> {
    if path.as_os_str() == "-" {
        return Ok(Box::new(BufReader::new(io::stdin())));
    }
    Ok(Box::new(BufReader::new(File::open(path)?)))
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
    /// Parts that another one goes on with.
    resumed: HashSet<PathBuf>,
    /// Whether the run that is taken now goes on with another one. A run that is killed may have written a machine and not
    /// yet the files that it was judged by: then it is judged again, and nothing is wrong with that.
    goes_on: bool,
    /// Machines that were taken, by their ids, with a hash of what is said of them.
    hosts: HashMap<String, String>,
    inputs: HashSet<String>,
    /// The folder of the run that is taken now: paths are relative to it.
    folder: String,
}

impl Merging {
    fn broken(&mut self, what: String) {
        self.counts.unreadable += 1;
        self.troubles.push(what);
    }

    /// A part that was cut short is no trouble where another goes on with it.
    fn made_good(&mut self) {
        for part in std::mem::take(&mut self.cut) {
            if !std::fs::canonicalize(&part).is_ok_and(|real| self.resumed.contains(&real)) {
                self.broken(format!("{part}: cut short: what comes after its last line is missing"));
            }
        }
    }

    fn take(&mut self, part: &str, record: Saved, sinks: &mut Sinks<'_>) -> io::Result<()> {
        let text = |json: &Json, name: &str| json.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
        match record {
            Saved::Run(run) => {
                let resumes =
                    run.get("resumes").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str);
                let resumes: Vec<&str> = resumes.collect();
                self.goes_on = !resumes.is_empty();
                self.folder = text(&run, "folder");
                let real = resumes.iter().filter_map(|name| Path::new(&self.folder).join(name).canonicalize().ok());
                self.resumed.extend(real);
                let policies = run.get("policies").and_then(Json::as_array);
                let each = policies.into_iter().flatten();
                self.policies.extend(each.map(|policy| format!("{} {}", text(policy, "id"), text(policy, "version"))));
                sinks.reports.run(model::saved(&run)?);
                sinks.document.as_mut().map_or(Ok(()), |document| document.run(part, &run))
            }
            Saved::Host(host) => {
                // What was judged twice counts once, unless the two say different things.
                let said = sha256_hex(host.to_string().as_bytes());
                match self.hosts.insert(text(&host, "id"), said.clone()) {
                    None => {}
                    Some(before) if before == said && self.goes_on => return Ok(()),
                    Some(before) if before == said => {
                        let unit = text(&host, "unit");
                        self.troubles.push(format!("{part}: {} in {unit} was judged before", text(&host, "name")));
                        return Ok(());
                    }
                    Some(_) => {
                        let unit = text(&host, "unit");
                        self.broken(format!(
                            "{part}: {} in {unit} was judged before, with another result: both are taken",
                            text(&host, "name")
                        ));
                    }
                }
                self.counts.hosts += 1;
                match text(&host, "verdict").as_str() {
                    "compliant" => self.counts.compliant += 1,
                    "not_compliant" => self.counts.not_compliant += 1,
                    _ => self.counts.unknown += 1,
                }
                let findings = host.get("findings").and_then(Json::as_array).into_iter().flatten();
                let findings: Vec<&Json> = findings.collect();
                let advisory = |finding: &&&Json| {
                    finding.get("required") == Some(&Json::Bool(false))
                        && finding.get("outcome").and_then(Json::as_str) == Some("fail")
                        && !finding.get("waived").is_some_and(Json::is_object)
                };
                self.counts.advisory += findings.iter().filter(advisory).count() as u64;
                let waived =
                    findings.iter().filter(|finding| finding.get("waived").is_some_and(Json::is_object)).count();
                self.counts.waived += waived as u64;
                sinks.reports.take(Record::Host(model::saved(&host)?))?;
                sinks.document.as_mut().map_or(Ok(()), |document| document.host(&host))
            }
            Saved::Input(input) => {
                let (named, path) = (input.get("named") == Some(&Json::Bool(true)), text(&input, "path"));
                if !self.inputs.insert(format!("{}\0{path}", self.folder)) {
                    // A folder that was walked in parts has a record in each.
                    if text(&input, "kind") != "folder" && named && !self.goes_on {
                        self.troubles.push(format!("{part}: {path} was looked at before"));
                    }
                    return Ok(());
                }
                let is = |member: &str| input.get(member) == Some(&Json::Bool(true));
                self.counts.unreadable += u64::from(is("incomplete"));
                self.counts.missing += u64::from(text(&input, "code") == "no-such-file");
                self.counts.other_hives += u64::from(text(&input, "code") == "other-hive");
                if text(&input, "outcome") == "past" {
                    self.counts.left_out += input.get("files").and_then(Json::as_u64).unwrap_or(0);
                }
                sinks.reports.take(Record::Input(model::saved(&input)?))?;
                sinks.document.as_mut().map_or(Ok(()), |document| document.input(&input))
            }
            Saved::End(end) => {
                let count = |name: &str| end.pointer(&format!("/summary/{name}")).and_then(Json::as_u64).unwrap_or(0);
                self.counts.files += count("files");
                self.counts.other_files += count("other_files");
                self.counts.disagreements += count("disagreements");
                sinks.reports.run_ended(model::saved(&end)?);
                Ok(())
            }
        }
    }
}

/// What a saved run was run with that this one is not.
fn differs(run: &Json, about: &About) -> Option<&'static str> {
    let is = |pointer: &str, wanted: &str| run.pointer(pointer).and_then(Json::as_str) == Some(wanted);
    let options = run.get("options").and_then(Json::as_array);
    let same = options
        .is_some_and(|options| options.iter().map(Json::as_str).eq(about.options.iter().map(|o| Some(o.as_str()))));
    match () {
        () if !is("/policies/0/sha256", &about.policy.sha256) => Some("another policy"),
        () if !is("/folder", &about.folder) => Some("another folder as the current one"),
        () if !is("/tool/version", env!("CARGO_PKG_VERSION")) => Some("another version of tlshive"),
        () if !same => Some("other options"),
        () => None,
    }
}

/// The names of the inputs that a saved run, which may be cut short, is done with.
pub(super) fn done(part: &Path, about: &About) -> Result<HashSet<String>, Failure> {
    let failed = |error: io::Error| Failure::Message(format!("{}: {error}", part.display()));
    let mut done = HashSet::new();
    let mut other = None;
    let mut from = open(part).map_err(failed)?;
    let ending = read(&mut *from, &mut |record| {
        match record {
            Saved::Run(run) => other = differs(&run, about),
            Saved::Input(input) => done.extend(input.get("path").and_then(Json::as_str).map(ToOwned::to_owned)),
            _ => {}
        }
        Ok(())
    });
    if let Some(what) = other {
        let what = format!("it was run with {what}: what it is done with cannot be left out of this run");
        return Err(Failure::Message(format!("{}: {what}", part.display())));
    }
    match ending.map_err(failed)? {
        Ending::Whole | Ending::Cut => Ok(done),
        Ending::Damaged(line, why) => Err(Failure::Message(format!("{}:{line}: {why}", part.display()))),
    }
}
