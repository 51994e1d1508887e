//! `tlshive audit`

mod about;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::args::{AuditArgs, FormatArg};
use super::clock;
use super::diff;
use super::exit::Failure;
use super::files_from::listed;
use super::fix;
use super::overlay;
use super::policy;
use super::progress;
use super::report;
use super::reports::{Beside, begin, compared, layout};
use super::stderr;
use super::writer::{spare_folder, writer};
use crate::audit::HostReport;
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::diff::{Side, compare};
use crate::error::At;
use crate::files;
use crate::host::{Host, Options, Overlays, Pick, Wanted, overlay_interest};
use crate::limits::Limits;
use crate::output::records;
use crate::output::reports::{ReportFormat, Reports};
use crate::output::{Format, Layout, Piece, Report, saved, saved_run};
use crate::place::Place;
use crate::run::{Counts, End, InputRecord, Inputs, Inspection, Record, interest, run as inspect_all};
use crate::saved::Saved;
use crate::source::{Entry, Fate, Search};

/// Remarks printed for one file before the rest is counted.
const REMARKS_PER_FILE: usize = 5;

pub(super) fn run(args: &AuditArgs) -> Result<u8, Failure> {
    if let Some(refused) = args.inputs.iter().chain(&args.disk.allow_dir).find_map(|input| files::refused(input)) {
        return Err(refused.to_string().into());
    }
    #[cfg(feature = "remote")]
    files::set_block_size(args.block_size);
    let saves = matches!(args.format, FormatArg::Json | FormatArg::Jsonl)
        || args.reports.wanted.iter().any(|(format, _)| format.saves());
    if !args.only.is_empty() && !saves {
        return Err("--only is for jsonl and json: other reports are about all machines".to_owned().into());
    }
    let policy = policy::load_all(&args.policy)?;
    let waivers = args.waivers.as_deref().map(|path| about::waivers(path, &policy)).transpose()?;
    let limits = Limits::default();
    let files = match args.overlay.as_slice() {
        [] => Vec::new(),
        files => {
            let (interest, trees) = interest(&policy);
            let wanted = overlay_interest(&interest, &trees);
            overlay::read(files, &wanted, args.codepage, args.registry_pol, args.digest, &limits)?
        }
    };
    let overlays = Overlays { files: &files, view: args.overlay_view.into() };
    let options = options(args, overlays, &limits);
    let waivers = waivers.map(|waivers| (waivers, args.date.unwrap_or_else(clock::today)));
    let about = about::about(
        args,
        &policy,
        waivers.clone(),
        files.iter().flat_map(|file| file.diagnostics.iter().cloned()).collect(),
    )?;
    let mut done = report::Done::default();
    args.resume.iter().try_for_each(|part| report::done(part, &about, &mut done))?;
    let progress = Arc::default();
    let fixer = |host: &Host, judged: &HostReport| fix::fix(&policy, host, judged, &limits);
    let mut inspection = Inspection {
        policy: &policy,
        waivers: waivers.as_ref().map(|(waivers, today)| (waivers, *today)),
        search: Search {
            shadow_copies: args.shadow_copies.unwrap_or_default(),
            ..args.disk.search(&args.log, args.no_logs, args.include_backups)
        },
        options: &options,
        join: args.join,
        cross_check: args.cross_check,
        // A plan is for the machine as it is, and for the control set that is in use.
        fixer: (shows_fixes(args) && args.overlay.is_empty() && args.control_set == Wanted::Current).then_some(&fixer),
        require_complete: args.require_complete,
        accepted: &args.allow,
        done: (!args.resume.is_empty()).then_some(&done.inputs),
        shard: args.shard,
        jobs: jobs(args.jobs),
        progress: Some(&progress),
    };
    let baseline = args.baseline.as_deref().map(|run| diff::baseline(run, &policy)).transpose()?;
    // Before the audit, so that a report that cannot be written costs nothing.
    let inputs = named(args);
    let targets = targets(args);
    let near: Vec<PathBuf> = args.inputs.iter().chain(&args.disk.allow_dir).cloned().collect();
    targets.iter().try_for_each(|target| spare_folder(target, &near))?;
    let mut out = writer(args.to.output.as_deref(), args.to.force, &inputs)?.lasting();
    let mut beside = Beside::open(&args.reports, args.to.output.as_deref(), args.to.force, &inputs)?;
    let mut overview = Vec::new();
    let mut reports = begin(&mut beside.reports, args.reports.bom)?;
    let streams = beside.streams.iter_mut().map(|(format, out)| Report::begin(*format, &about, out));
    let mut streams = streams.collect::<io::Result<Vec<_>>>()?;
    let main = main_format(args);
    compared(&mut reports, &args.reports, main.report().filter(|_| !is_silent(args)))?;
    match main {
        _ if is_silent(args) => {}
        Main::Report(format) => reports.add(format, args.reports.bom, &mut out)?,
        Main::Stream(format) => {
            if matches!(format, Format::Text { details: false, .. }) {
                let layout = layout(args.color, args.to.output.is_none());
                let layout = Layout { has_details: true, ..layout };
                reports.add(ReportFormat::Overview(layout), false, &mut overview)?;
            }
            streams.push(Report::begin(format, &about, &mut out)?);
        }
    }
    if !reports.is_empty() {
        reports.run(records::run(&about)?);
    }
    let mut now = baseline.is_some().then(|| Side::new("this run"));
    if let Some(now) = &mut now {
        now.take(&Saved::Run(saved_run(&about)?)).map_err(io::Error::from)?;
    }
    let shown = progress::show(&progress, &args.progress, args.quiet);
    // The first line of a list may be long in coming: what is known before is written by now.
    let (all_inputs, first) = all_inputs(args)?;
    if let (None, Some(more)) = (args.jobs, for_objects(&first)) {
        inspection.jobs = more;
    }
    let end = inspect(args, all_inputs, &inspection, &mut streams, &mut reports, &mut now)?;
    drop(shown);
    let news = match (&baseline, &now) {
        (Some(old), Some(new)) => {
            let is_whole = args.host.is_empty() && new.broken.is_none();
            Some(diff::news(&compare(old, new), args.reports.fail_on.into(), is_whole))
        }
        _ => None,
    };
    let status = match &news {
        Some(news) => news.status(&end.counts),
        // A run that goes on with another one tells of both.
        None => end.counts.with(&done.counts).status_for(args.reports.fail_on.into()),
    };
    let ended = clock::second();
    if !reports.is_empty() {
        reports.run_ended(records::end(&end, &ended)?);
    }
    reports.finish(end.counts, status, &[])?;
    streams.into_iter().try_for_each(|stream| stream.end(&end, &ended, &overview))?;
    beside.finish()?;
    if !args.quiet {
        for remark in about.diagnostics.iter().chain(&end.diagnostics) {
            if args.verbose || remark.severity > Severity::Note {
                stderr::line(line(remark));
            }
        }
        if end.counts.hosts == 0 && done.counts.hosts == 0 {
            nothing(&end.counts);
        }
        if !args.resume.is_empty() {
            goes_on(args, &done.counts);
        }
    }
    if let (Some(news), Some(path), false) = (&news, &args.baseline, args.quiet) {
        news.say(path);
    }
    out.finish()?;
    Ok(args.reports.exit(status))
}

fn options<'a>(args: &'a AuditArgs, overlays: Overlays<'a>, limits: &'a Limits) -> Options<'a> {
    Options {
        control_set: args.control_set.clone(),
        codepage: args.codepage,
        reg_is: args.reg_is.into(),
        digest: args.digest,
        digest_images: args.digest_images,
        require_clean: args.require_clean,
        registry_pol: args.registry_pol.into(),
        overlays,
        pick: Pick::new(&args.host),
        ..Options::new(limits)
    }
}

/// The files that are named, and may not be overwritten.
fn named(args: &AuditArgs) -> Vec<PathBuf> {
    let (inputs, one) = (args.inputs.iter(), [&args.waivers, &args.files_from, &args.baseline].into_iter().flatten());
    let all = inputs.chain(&args.log).chain(&args.overlay).chain(&args.resume).chain(one).cloned();
    all.chain(policy::files(&args.policy)).collect()
}

/// What a worker makes of a record.
struct Said {
    /// Its part of each stream.
    pieces: Vec<Piece>,
    /// The record, as other reports need it.
    record: Option<io::Result<crate::saved::record::Record>>,
    /// Lines for standard error.
    remarks: Vec<String>,
    /// The files that were read.
    opened: Vec<PathBuf>,
    /// By which of `--host` it is asked for.
    asked: Vec<usize>,
    /// Whether it is about a disk image.
    is_image: bool,
    /// What is held against a baseline.
    saved: Option<io::Result<Saved>>,
}

/// Runs the inspection, and writes the reports while it goes on.
fn inspect(
    args: &AuditArgs,
    inputs: Inputs<'_>,
    inspection: &Inspection<'_>,
    streams: &mut [Report<'_>],
    reports: &mut Reports<'_>,
    now: &mut Option<Side>,
) -> Result<End, Failure> {
    let formats: Vec<Format> = streams.iter().map(Report::format).collect();
    let (wanted, targets) = (!reports.is_empty(), targets(args));
    let is_compared = now.is_some();
    let said = |record: Record| -> Said {
        let remarks = match &record {
            Record::Input(input) if !args.quiet => remarks(input, args.verbose),
            _ => Vec::new(),
        };
        let opened = if targets.is_empty() { Vec::new() } else { files_of(&record) };
        let wanted_here = args.only.is_empty() || args.only.iter().any(|only| only.takes(&record));
        let piece = |format: &Format| match format {
            Format::Json | Format::Jsonl if !wanted_here => Piece::default(),
            format => format.piece(&record),
        };
        let pieces = formats.iter().map(piece).collect();
        let saved = is_compared.then(|| saved(&record));
        let asked = asked_by(&record, inspection.options.pick);
        let is_image = matches!(&record, Record::Input(input) if !input.images.is_empty());
        Said { pieces, record: wanted.then(|| records::record(&record)), remarks, opened, asked, is_image, saved }
    };
    let handles = targets.iter().filter_map(|path| Some((path, same_file::Handle::from_path(path).ok()?)));
    let handles: Vec<(&PathBuf, same_file::Handle)> = handles.collect();
    let mut clash: Option<(PathBuf, PathBuf)> = None;
    let (mut asked, mut images) = (BTreeSet::new(), false);
    let mut take = |Said { pieces, record, remarks, opened, saved, .. }: Said| {
        if let (Some(now), Some(record)) = (now.as_mut(), saved) {
            now.take(&record?).map_err(io::Error::from)?;
        }
        remarks.iter().for_each(stderr::line);
        for (target, handle) in &handles {
            let same = opened.iter().find(|path| is_same(path, handle));
            clash = clash.take().or_else(|| Some(((*target).clone(), same?.clone())));
        }
        record.map_or(Ok(()), |record| reports.take(record?))?;
        streams.iter_mut().zip(pieces).try_for_each(|(stream, piece)| stream.take(piece))?;
        Ok::<(), Failure>(())
    };
    let mut end = inspect_all(inputs, inspection, said, |said: Said| {
        asked.extend(said.asked.iter().copied());
        images |= said.is_image;
        take(said)
    })?;
    if args.shadow_copies.is_some() && !images {
        let what = "there is no disk image among the inputs, so that no copy was looked for";
        let place = Place::new(&Arc::from("--shadow-copies"), At::Whole);
        end.diagnostics
            .push(Diagnostic { severity: Severity::Warning, ..Diagnostic::new(Code::ShadowCopies, what, place) });
    }
    for host in inspection.options.pick.missing(&asked) {
        let record = no_such_machine(host);
        end.counts.input(&record);
        take(said(Record::Input(Box::new(record))))?;
    }
    if let Some((output, path)) = clash {
        let (output, path) = (output.display(), path.display());
        return Err(Failure::Message(format!("{output}: that is an input ({path}), and not overwritten")));
    }
    Ok(end)
}

/// Says that the status is that of all parts, and what prints them together.
fn goes_on(args: &AuditArgs, before: &Counts) {
    let parts: Vec<String> = args.resume.iter().map(|part| part.display().to_string()).collect();
    let parts = parts.join(" ");
    let Counts { hosts, not_compliant, unknown, .. } = before;
    stderr::note(format_args!(
        "goes on with {parts}, which has {hosts} machines ({not_compliant} not compliant, {unknown} unknown): the exit status is of \
         both, and `tlshive report {parts} …` puts them together"
    ));
}

/// A machine that was asked for, and is not there.
pub(super) fn no_such_machine(host: &str) -> InputRecord {
    let name: Arc<str> = Arc::from(format!("--host {host}"));
    let why = "no machine is called so or lies there";
    let entry = Entry { named: true, files: 0, ..Entry::new(&name, "machine asked for by --host", Fate::NotRead) };
    let entry = entry.that_counts().because(Code::NoSuchMachine, why, Some(Code::NoSuchMachine.next()));
    let diagnostic = Diagnostic::new(Code::NoSuchMachine, why, Place::new(&name, At::Whole));
    InputRecord { entry, images: Vec::new(), diagnostics: vec![diagnostic] }
}

/// The files that are written.
fn targets(args: &AuditArgs) -> Vec<PathBuf> {
    args.to.output.iter().chain(args.reports.wanted.iter().map(|(_, path)| path)).cloned().collect()
}

/// By which names and places a machine is asked for.
fn asked_by(record: &Record, pick: Pick<'_>) -> Vec<usize> {
    let Record::Host(host) = record else { return Vec::new() };
    let report = &host.report;
    let inputs = || report.inputs.iter().map(|input| &*input.name);
    pick.numbers(&report.name, report.machine.name.as_deref(), inputs).collect()
}

/// The files of this machine that a record tells of.
fn files_of(record: &Record) -> Vec<PathBuf> {
    match record {
        Record::Host(host) => host.report.inputs.iter().map(|input| PathBuf::from(&*input.name)).collect(),
        Record::Input(input) => input.entry.path.iter().cloned().collect(),
    }
}

fn is_same(path: &Path, target: &same_file::Handle) -> bool {
    // Pipes would wait when they are opened.
    path.is_file() && same_file::Handle::from_path(path).is_ok_and(|other| other == *target)
}

/// What the command line names, and the list that it names; and what of it is known from the start, the first line of a list at least.
fn all_inputs(args: &AuditArgs) -> Result<(Inputs<'_>, Vec<PathBuf>), Failure> {
    let Some(list) = args.files_from.as_deref() else {
        return Ok((Inputs::Named(&args.inputs), args.inputs.clone()));
    };
    let mut listed = listed(list, args.null)?;
    let mut first = args.inputs.clone();
    if first.is_empty() {
        first.extend(listed.next());
    }
    Ok((Inputs::Listed(Box::new(first.clone().into_iter().chain(listed))), first))
}

/// As many machines at a time as there are cores, unless it is said.
pub(super) fn jobs(wanted: Option<NonZeroUsize>) -> NonZeroUsize {
    wanted.or_else(|| std::thread::available_parallelism().ok()).unwrap_or(NonZeroUsize::MIN)
}

/// Machines that are looked at at a time where requests take most of it.
fn for_objects(inputs: &[PathBuf]) -> Option<NonZeroUsize> {
    if inputs.iter().any(|input| files::is_remote(input)) { NonZeroUsize::new(32) } else { None }
}

/// What goes to the output: a stream, or a report about all machines.
enum Main {
    Stream(Format),
    Report(ReportFormat),
}

impl Main {
    fn report(&self) -> Option<ReportFormat> {
        match self {
            Main::Report(format) => Some(*format),
            Main::Stream(_) => None,
        }
    }
}

/// Whether anything that is written has the fix of a machine: a plan costs several audits.
fn shows_fixes(args: &AuditArgs) -> bool {
    let main = match main_format(args) {
        _ if is_silent(args) => false,
        Main::Stream(Format::Json | Format::Jsonl) => true,
        Main::Stream(Format::Text { details, .. }) => !details,
        Main::Stream(_) => false,
        Main::Report(format) => format.shows_fixes(),
    };
    main || args.reports.wanted.iter().any(|(format, _)| format.shows_fixes())
}

/// Whether no report goes to the output.
fn is_silent(args: &AuditArgs) -> bool {
    args.quiet && args.to.output.is_none()
}

fn main_format(args: &AuditArgs) -> Main {
    match args.format {
        FormatArg::Text if args.reports.compare => {
            let layout = layout(args.color, args.to.output.is_none());
            Main::Report(ReportFormat::Overview(Layout { has_details: true, ..layout }))
        }
        FormatArg::Text => {
            let colour = layout(args.color, args.to.output.is_none()).colour;
            let details = args.details || args.verbose;
            Main::Stream(Format::Text { colour, verbose: args.verbose, details })
        }
        FormatArg::Json => Main::Stream(Format::Json),
        FormatArg::Jsonl => Main::Stream(Format::Jsonl),
        FormatArg::Script => Main::Stream(Format::Script),
        FormatArg::Report(format) => Main::Report(format),
    }
}

/// Lines for standard error: the first remarks on an input, and how many more there are.
fn remarks(input: &InputRecord, verbose: bool) -> Vec<String> {
    let wanted = input.diagnostics.iter().filter(|d| verbose || d.severity > Severity::Note);
    let mut more: BTreeMap<&str, usize> = BTreeMap::new();
    let mut lines = Vec::new();
    for remark in wanted {
        let printed = more.entry(&remark.place.artifact).or_default();
        *printed += 1;
        if verbose || *printed <= REMARKS_PER_FILE {
            lines.push(line(remark));
        }
    }
    for (artifact, count) in more.into_iter().filter(|(_, count)| !verbose && *count > REMARKS_PER_FILE) {
        let more = count - REMARKS_PER_FILE;
        lines.push(format!("{artifact}: {more} more remarks (-v or --format json shows them)"));
    }
    lines
}

fn nothing(counts: &Counts) {
    let Counts { files, other_files, other_hives, unreadable, left_out, .. } = counts;
    let past = match left_out {
        0 => String::new(),
        copies => format!("; copies from earlier days: {copies}, which --include-backups reads"),
    };
    stderr::line(format_args!(
        "nothing to audit (files: {files}; hives other than SYSTEM and SOFTWARE: {other_hives}; \
         other files: {other_files}; unreadable: {unreadable}{past})"
    ));
    if *unreadable == 0 && *left_out == 0 {
        let what = "the hives SYSTEM and SOFTWARE, .reg exports, disk images, triage collections, or a folder of them";
        stderr::further(format_args!("  an audit takes {what}"));
    }
}

fn line(d: &Diagnostic) -> String {
    format!("{}: {}: {}", d.place, d.severity.word(), d.message)
}
