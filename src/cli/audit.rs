//! `tlshive audit`

use std::collections::BTreeSet;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use super::exit::{Failure, status};
use super::overlay;
use super::policy::{self, text};
use super::similar::did_you_mean;
use super::stderr;
use super::writer::writer;
use super::{AuditArgs, ColourArg, FormatArg};
use crate::audit::{HostReport, Outcome, Report, Seen, audit, deciding, effective, waive};
use crate::diagnostic::{Diagnostic, Severity};
use crate::error::At;
use crate::host::{Host, Input, InputKind, Options, Overlays, Wanted, group, open, overlay_interest};
use crate::limits::Limits;
use crate::output::{self, Format};
use crate::place::Place;
use crate::policy::Policy;
use crate::policy::waiver::Waivers;
use crate::registry::cross_check::Agreement;
use crate::source::{Artifact, Discovery, discover};
use crate::windows::path::KeyPath;

/// Remarks printed for one file before the rest is counted.
const REMARKS_PER_FILE: usize = 5;

/// Code of the diagnostic that tells of a disagreement between the readers.
const DISAGREES: &str = "cross-check-disagrees";

pub(super) fn control_set(text: &str) -> Result<Wanted, String> {
    match text {
        "current" => Ok(Wanted::Current),
        "default" => Ok(Wanted::Default),
        "last-known-good" => Ok(Wanted::LastKnownGood),
        "all" => Ok(Wanted::All),
        _ => match text.parse() {
            Ok(n @ 1..=999) => Ok(Wanted::Number(n)),
            _ => Err("expected current, default, last-known-good, all, or a number from 1 to 999".to_owned()),
        },
    }
}

/// Bytes, decimal or after `0x` hexadecimal, or sectors of 512 bytes with an `s` behind.
pub(super) fn offset(text: &str) -> Result<u64, String> {
    let (number, unit) = text.strip_suffix('s').map_or((text, 1), |number| (number, 512));
    let number = match number.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16),
        None => number.parse(),
    };
    number
        .ok()
        .and_then(|number| number.checked_mul(unit))
        .ok_or_else(|| "expected bytes (1048576 or 0x100000), or sectors of 512 bytes (2048s)".to_owned())
}

pub(super) fn codepage(label: &str) -> Result<&'static encoding_rs::Encoding, String> {
    match encoding_rs::Encoding::for_label(label.as_bytes()) {
        Some(e) if e == encoding_rs::UTF_16LE || e == encoding_rs::UTF_16BE => {
            Err("UTF-16 files are told by their byte order mark".to_owned())
        }
        Some(encoding) => Ok(encoding),
        None => Err("unknown code page; try windows-1252, windows-1251, shift_jis, gbk or utf-8".to_owned()),
    }
}

pub(super) fn run(args: &AuditArgs) -> Result<u8, Failure> {
    let policy = policy::load(&args.policy)?;
    let waivers = args.waivers.as_deref().map(|path| waivers(path, &policy)).transpose()?;
    let limits = Limits::default();
    let (mut interest, trees) = effective::interest();
    interest.extend(policy.keys());
    let wanted = overlay_interest(&interest, &trees);
    let files = overlay::read(&args.overlay, &wanted, args.codepage, args.registry_pol, args.digest, &limits)?;
    let overlays = Overlays { files: &files, view: args.overlay_view.into() };
    let search = args.disk.search(&args.log, args.no_logs, args.include_backups);
    let found = discover(&args.inputs, &search, &limits);
    // Before the audit, so that a report that cannot be written costs nothing.
    let mut inputs: Vec<PathBuf> = found.artifacts.iter().flat_map(Artifact::files).collect();
    let named = args.inputs.iter().chain(&args.log).chain(&args.waivers).chain(&args.overlay);
    inputs.extend(named.chain(&found.containers).cloned());
    inputs.extend(policy::file(&args.policy).map(Path::to_owned));
    let mut out = writer(args.output.as_deref(), args.force, &inputs)?;
    let options = Options {
        control_set: args.control_set.clone(),
        codepage: args.codepage,
        reg_is: args.reg_is.into(),
        digest: args.digest,
        digest_images: args.digest_images,
        interest: &interest,
        require_clean: args.require_clean,
        trees: &trees,
        registry_pol: args.registry_pol.into(),
        overlays,
        limits: &limits,
    };
    let mut report = report(args, &policy, found, &options);
    if let Some(waivers) = &waivers {
        let today = args.date.unwrap_or_else(|| jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date());
        report.diagnostics.extend(waive(waivers, &mut report.hosts, today));
    }
    if !args.quiet {
        remarks(&report, args.verbose);
        if report.hosts.is_empty() {
            nothing(&report.seen);
        }
    }
    if !args.quiet || args.output.is_some() {
        match output::write(&report, format(args), &mut out).map_err(Failure::from).and_then(|()| out.finish()) {
            // Nobody reads on, but the status must not turn into "compliant" for that.
            Ok(()) | Err(Failure::BrokenPipe) => {}
            Err(failure) => return Err(failure),
        }
    }
    Ok(status(&report))
}

/// The waivers of a file. One of a rule that the policy does not have would never waive anything.
fn waivers(path: &Path, policy: &Policy) -> Result<Waivers, Failure> {
    let name = path.display().to_string();
    let waivers = Waivers::parse(&text(path)?, &name).map_err(|error| policy::wrong(path, &error))?;
    let rules: BTreeSet<&str> = policy.rules.iter().map(|rule| rule.id.as_str()).collect();
    match waivers.waivers.iter().find(|waiver| !rules.contains(waiver.rule.as_str())) {
        Some(waiver) => {
            let (rule, line) = (&waiver.rule, waiver.line);
            let meant = did_you_mean(rule, rules.iter().copied());
            let what = format!("line {line}: policy {} has no rule \"{rule}\"{meant}", policy.id);
            Err(policy::wrong(path, &what))
        }
        None => Ok(waivers),
    }
}

fn report(args: &AuditArgs, policy: &Policy, found: Discovery, options: &Options<'_>) -> Report {
    let (groups, remarks, other_hives) = group(&found.artifacts, args.join, options.limits);
    let mut diagnostics = found.diagnostics;
    diagnostics.extend(options.overlays.files.iter().flat_map(|file| file.diagnostics.iter().cloned()));
    diagnostics.extend(remarks);
    let mut hosts = Vec::new();
    for group in &groups {
        let (opened, remarks) = open(group, options);
        diagnostics.extend(remarks);
        for host in &opened {
            let mut report = audit(policy, host);
            if args.cross_check {
                diagnostics.extend(cross_check(&mut report, host));
            }
            hosts.push(report);
        }
    }
    let disagreements = diagnostics.iter().filter(|d| d.code == DISAGREES).count();
    let seen = Seen {
        files: found.files,
        other_files: found.other_files,
        other_hives,
        unreadable: found.unreadable,
        disagreements: u64::try_from(disagreements).unwrap_or(u64::MAX),
    };
    Report {
        policy: policy.id.clone(),
        policy_version: policy.version.clone(),
        policy_sha256: policy.sha256.clone(),
        arguments: std::env::args_os().skip(1).map(|arg| arg.to_string_lossy().into_owned()).collect(),
        hosts,
        diagnostics,
        images: found.images,
        left_out: found.left_out,
        seen,
    }
}

/// Asks the second reader about the values that decided each rule, or their absence. A disagreement is an error in the
/// report.
fn cross_check(report: &mut HostReport, host: &Host) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    for finding in report.findings.iter_mut().filter(|f| matches!(f.outcome, Outcome::Pass | Outcome::Fail)) {
        for (key, value) in deciding(&finding.rule) {
            let Some(next) = host.registry.cross_check(&key, &value) else { continue };
            if let Agreement::Disagree { .. } = &next {
                let place = finding.place.clone().unwrap_or_else(|| whole(host, &key));
                let message = format!("rule {}, {value}: {next}", finding.rule.id);
                diagnostics.push(Diagnostic { severity: Severity::Error, code: DISAGREES, message, place });
            }
            finding.cross_check = match (finding.cross_check.take(), next) {
                (None | Some(Agreement::Agree), next) => Some(next),
                (Some(_), next @ Agreement::Disagree { .. }) => Some(next),
                (earlier, _) => earlier,
            };
        }
    }
    diagnostics
}

/// The input that answers for a key.
fn whole(host: &Host, key: &KeyPath) -> Place {
    let answers =
        |input: &&Input| matches!(input.kind, InputKind::Hive { hive, .. } if key.below(&hive.root()).is_some());
    let input = host.inputs.iter().find(answers).or(host.inputs.first());
    Place { artifact: input.map(|input| input.name.clone()).unwrap_or_default(), at: At::Whole }
}

fn format(args: &AuditArgs) -> Format {
    match args.format {
        FormatArg::Text => Format::Text { colour: colour(args), verbose: args.verbose },
        FormatArg::Json => Format::Json,
        FormatArg::Jsonl => Format::Jsonl,
        FormatArg::Script => Format::Script,
    }
}

fn colour(args: &AuditArgs) -> bool {
    let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    match args.color {
        ColourArg::Always => true,
        ColourArg::Never => false,
        ColourArg::Auto => wanted && args.output.is_none() && io::stdout().is_terminal(),
    }
}

/// A short list on standard error: the first remarks of each file, and how many more there are.
fn remarks(report: &Report, verbose: bool) {
    let wanted = |d: &&Diagnostic| verbose || d.severity > Severity::Note;
    let mut wanted = report.diagnostics.iter().filter(wanted).peekable();
    while let Some(first) = wanted.next() {
        let same = |d: &&Diagnostic| d.place.artifact == first.place.artifact;
        let mut more = 0usize;
        let mut printed = 1usize;
        stderr::line(line(first));
        while let Some(next) = wanted.next_if(same) {
            if verbose || printed < REMARKS_PER_FILE {
                stderr::line(line(next));
                printed = printed.saturating_add(1);
            } else {
                more = more.saturating_add(1);
            }
        }
        if more > 0 {
            let artifact = &first.place.artifact;
            stderr::line(format_args!("{artifact}: {more} more remarks (-v or --format json shows them)"));
        }
    }
}

fn nothing(seen: &Seen) {
    let Seen { files, other_files, other_hives, unreadable, .. } = seen;
    stderr::line(format_args!(
        "nothing to audit (files: {files}; hives other than SYSTEM and SOFTWARE: {other_hives}; \
         other files: {other_files}; unreadable: {unreadable})"
    ));
}

fn line(d: &Diagnostic) -> String {
    format!("{}: {}: {}", d.place, d.severity.word(), d.message)
}
