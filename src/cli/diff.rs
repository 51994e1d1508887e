//! `tlshive diff`, and what is new against a baseline.

use std::io::{self, BufRead};
use std::path::Path;
use std::sync::Arc;

use super::args::{DiffArgs, PrintedArg};
use super::exit::Failure;
use super::writer::writer;
use super::{audit, policy, progress, reader, stderr};
use crate::diff::{Class, Comparison, Machine, Pair, RuleChange, Side, compare};
use crate::host::Options;
use crate::limits::Limits;
use crate::output::diff::{Format, write};
use crate::output::{escape, saved};
use crate::policy::Policy;
use crate::run::{Counts, FailOn, Inputs, Inspection, run as inspect_all};
use crate::saved::record::Verdict;
use crate::saved::{Ending, read};

pub(super) fn run(args: &DiffArgs) -> Result<u8, Failure> {
    let policy = policy::load_all(&args.policy)?;
    let mut inputs = vec![args.old.clone(), args.new.clone()];
    inputs.extend(policy::files(&args.policy));
    let mut out = writer(args.to.output.as_deref(), args.to.force, &inputs)?.lasting();
    let old = side(&args.old, &policy, args)?;
    let new = side(&args.new, &policy, args)?;
    let comparison = compare(&old, &new);
    if !comparison.same_policy() && !args.across_policies {
        return Err(Failure::Lines(other_policies(&old, &new)));
    }
    let format = match args.printed.format {
        PrintedArg::Text => Format::Text,
        PrintedArg::Json => Format::Json,
        PrintedArg::Csv => Format::Csv,
        PrintedArg::Html => Format::Html,
    };
    write(&comparison, format, &mut out)?;
    out.finish()?;
    Ok(comparison.status())
}

fn other_policies(old: &Side, new: &Side) -> Vec<String> {
    let shown = |side: &Side| {
        let policies = side.policies.iter();
        let policies = policies.map(|policy| policy::digested(&policy.id, &policy.version, &policy.sha256));
        format!("  {}: {}", side.name, policies.collect::<Vec<_>>().join(", "))
    };
    let first = "the runs were held against different policies, so that their verdicts cannot be compared: audit again with \
                 one of them (tlshive diff --across-policies compares all the same):";
    vec![first.to_owned(), shown(old), shown(new)]
}

/// A saved run, or what an audit of an input says now.
fn side(path: &Path, policy: &Policy, args: &DiffArgs) -> Result<Side, Failure> {
    match from_run(path)? {
        Some(side) => Ok(side),
        None => audited(path, policy, args),
    }
}

/// A saved run; nothing if the file is no such thing.
fn from_run(path: &Path) -> Result<Option<Side>, Failure> {
    let name = path.display().to_string();
    let failed = |error: &io::Error| Failure::of_file(path, error);
    if path.is_dir() {
        return Ok(None);
    }
    let mut from = reader::open(path).map_err(|error| failed(&error))?;
    // A line of records begins with an object; no image and no registry file does.
    let begins = from.fill_buf().map_err(|error| failed(&error))?.first().copied();
    if begins != Some(b'{') {
        return match path.as_os_str() == "-" {
            true => Err("standard input: no saved run (audit --format jsonl)".to_owned().into()),
            false => Ok(None),
        };
    }
    let mut side = Side::new(name.as_str());
    let ending = read(&mut *from, &mut |record| {
        // What is not of its form is not compared, and the run not whole.
        if let Err(error) = side.take(&record) {
            side.broken.get_or_insert_with(|| format!("a record is not as it should be: {error}"));
        }
        Ok(())
    });
    match ending.map_err(|error| failed(&error))? {
        Ending::Whole => {}
        Ending::Cut => side.broken = Some("it was cut short".to_owned()),
        Ending::Damaged(1, why) => {
            return Err(Failure::Message(format!("{name}: no saved run (audit --format jsonl): {why}")));
        }
        Ending::Damaged(line, why) => side.broken = Some(format!("line {line}: {why}")),
    }
    Ok(Some(side))
}

fn audited(path: &Path, policy: &Policy, args: &DiffArgs) -> Result<Side, Failure> {
    let limits = Limits::default();
    let options = Options::new(&limits);
    let progress = Arc::default();
    let (jobs, watched) = (audit::jobs(args.jobs), Some(&*progress));
    let inspection = Inspection { jobs, progress: watched, ..Inspection::new(policy, &options) };
    let shown = progress::show(&progress, &args.progress, false);
    let mut side = Side::new(path.display().to_string());
    side.tool = env!("CARGO_PKG_VERSION").to_owned();
    side.policies.extend(held_against(policy));
    let inputs = [path.to_path_buf()];
    let take = |record: io::Result<crate::saved::Saved>| -> Result<(), Failure> {
        side.take(&record?).map_err(io::Error::from)?;
        Ok(())
    };
    let end = inspect_all(Inputs::Named(&inputs), &inspection, |record| saved(&record), take)?;
    drop(shown);
    match end.counts.hosts {
        _ if end.counts.missing > 0 => Err(Failure::of_file(path, &io::ErrorKind::NotFound.into())),
        0 => Err(format!("{}: neither a saved run nor anything to audit", path.display()).into()),
        _ => Ok(side),
    }
}

/// The run that another is to be held against, which must be of the same policy.
pub(super) fn baseline(path: &Path, policy: &Policy) -> Result<Side, Failure> {
    let none = || Failure::Message(format!("{}: no saved run (audit --format jsonl)", path.display()));
    let old = from_run(path)?.ok_or_else(none)?;
    let mut new = Side::new("this run");
    new.policies.extend(held_against(policy));
    if old.policies == new.policies { Ok(old) } else { Err(Failure::Lines(other_policies(&old, &new))) }
}

/// The policies as runs name them.
fn held_against(policy: &Policy) -> impl Iterator<Item = crate::diff::Policy> + '_ {
    policy.each().iter().map(|policy| {
        let (id, version, sha256) = (policy.id.clone(), policy.version.clone(), policy.sha256.clone());
        crate::diff::Policy { id, version, sha256 }
    })
}

/// What fails now and did not in the baseline, or could be told there.
pub(super) struct News {
    /// Lines for people.
    lines: Vec<String>,
    /// What the status of the run is by it.
    status: u8,
    /// Which failures that status tells of.
    fail_on: FailOn,
}

/// What is new against a baseline, and what of it counts.
///
/// `is_whole` is whether this run looked at everything that the baseline did.
pub(super) fn news(comparison: &Comparison<'_>, fail_on: FailOn, is_whole: bool) -> News {
    let (mut lines, mut status) = (Vec::new(), 0);
    let mut worst = |is: u8| {
        status = match (status, is) {
            (before, 1) if fail_on == FailOn::Never => before,
            (1, _) | (_, 1) => 1,
            (before, now) => before.max(now),
        };
    };
    for pair in &comparison.pairs {
        let Some(new) = pair.new else {
            let looked_at = |old: &&Machine| is_whole && comparison.new.looked_at(comparison.old, old);
            if let Some(old) = pair.old.filter(looked_at) {
                worst(3);
                let note = pair.note.as_ref().map(|note| format!("; {note}")).unwrap_or_default();
                lines.push(format!("{}: in the baseline, and not in this run ({}){note}", old.identity, old.unit));
            }
            continue;
        };
        let (name, unit) = (new.identity.to_string(), &new.unit);
        let several = comparison.has_several_policies();
        let rules = |is: &dyn Fn(&RuleChange<'_>) -> bool| named(pair, several, is);
        match (pair.class, new.verdict) {
            (Class::Worse, _) => {
                worst(1);
                lines.push(format!(
                    "{name}: fails now, and did not in the baseline: {} ({unit})",
                    rules(&|rule| rule.is_worse())
                ));
            }
            (Class::New, Verdict::NotCompliant) => {
                worst(1);
                lines.push(format!("{name}: not compliant, and not in the baseline ({unit})"));
            }
            (Class::NoLongerJudged, _) => {
                worst(3);
                lines.push(format!("{name}: can no longer be told: {} ({unit})", rules(&|rule| rule.is_lost())));
            }
            (Class::New, Verdict::Unknown) => {
                worst(3);
                lines.push(format!("{name}: unknown, and not in the baseline ({unit})"));
            }
            _ => {}
        }
        let advice = if fail_on == FailOn::Advisory { pair.new_advice() } else { Vec::new() };
        if !advice.is_empty() {
            worst(1);
            let advice = advice.join(", ");
            lines.push(format!("{name}: fails advisory rules, and did not in the baseline: {advice} ({unit})"));
        }
    }
    for input in &comparison.not_read {
        worst(3);
        lines.push(format!("{}: not read, and the baseline does not say so: {}", input.path, input.why));
    }
    for doubt in &comparison.doubts {
        worst(if doubt.more_fail() > 0 { 1 } else { 3 });
        lines.push(doubt.to_string());
    }
    if let Some(why) = &comparison.old.broken {
        worst(3);
        lines.push(format!("the baseline is not whole: {why}"));
    }
    if comparison.old.options != comparison.new.options || comparison.old.overlays != comparison.new.overlays {
        worst(3);
        lines.push(format!("the baseline was run otherwise: {}", comparison.differences().join("; ")));
    }
    News { lines, status, fail_on }
}

impl News {
    /// The exit status of a run of which only what is new counts.
    pub(super) fn status(&self, counts: &Counts) -> u8 {
        match self.status {
            _ if counts.missing > 0 || counts.hosts == 0 => counts.status_for(self.fail_on),
            0 if counts.disagreements > 0 => 3,
            status => status,
        }
    }

    /// Says what is new.
    pub(super) fn say(&self, baseline: &Path) {
        let n = self.lines.len();
        stderr::line(format_args!("new against the baseline {}: {n}", escape(&baseline.display().to_string())));
        self.lines.iter().for_each(|line| stderr::further(format!("  {line}").as_str()));
    }
}

/// The rules of a machine that this is so of.
fn named(pair: &Pair<'_>, several: bool, is: &dyn Fn(&RuleChange<'_>) -> bool) -> String {
    let rules = pair.rules.iter().filter(|rule| is(rule) && rule.new.is_some());
    let rules: Vec<String> = rules.map(|rule| rule.name(several)).collect();
    if rules.is_empty() { "its verdict".to_owned() } else { rules.join(", ") }
}
