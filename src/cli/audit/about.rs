//! What a run is about, as its first record says: what it was started with, and what decides its verdicts.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::super::args::{AuditArgs, OverlayViewArg, OwnerArg, RegIsArg};
use super::super::clock;
use super::super::exit::Failure;
use super::super::policy::{self, text};
use super::super::similar::did_you_mean;
use super::super::tables as taken;
use crate::audit::effective::tables::{self, Table};
use crate::diagnostic::Diagnostic;
use crate::digest::sha256_of;
use crate::host::Wanted;
use crate::policy::Policy;
use crate::policy::waiver::{Date, Waiver, Waivers};
use crate::read_at::LocalFile;
use crate::run::About;
use crate::source::Shadows;

/// The arguments, but for the number of threads: the report is the same for any.
fn arguments(all: impl Iterator<Item = std::ffi::OsString>) -> Vec<String> {
    let mut kept = Vec::new();
    let mut all = all.map(|arg| arg.to_string_lossy().into_owned());
    while let Some(arg) = all.next() {
        match arg.as_str() {
            "-j" | "--jobs" => drop(all.next()),
            joined if joined.starts_with("-j") || joined.starts_with("--jobs=") => {}
            _ => kept.push(arg),
        }
    }
    kept
}

/// The options that decide verdicts, but for the policy.
fn deciding(args: &AuditArgs, tables: &[Table]) -> Vec<String> {
    let mut options = Vec::new();
    for (is, option) in [
        (args.join, "--join"),
        (args.include_backups, "--include-backups"),
        (args.no_logs, "--no-logs"),
        (args.require_clean, "--require-clean"),
        (args.cross_check, "--cross-check"),
        (args.require_complete, "--require-complete"),
        (args.reg_is == RegIsArg::Export, "--reg-is export"),
        (args.reg_is == RegIsArg::Script, "--reg-is script"),
        (args.registry_pol == OwnerArg::Machine, "--registry-pol machine"),
        (args.registry_pol == OwnerArg::User, "--registry-pol user"),
        (args.overlay_view == OverlayViewArg::Bits32, "--overlay-view 32"),
    ] {
        options.extend(is.then(|| option.to_owned()));
    }
    let control_set = match &args.control_set {
        Wanted::Current => None,
        Wanted::Default => Some("default".to_owned()),
        Wanted::LastKnownGood => Some("last-known-good".to_owned()),
        Wanted::All => Some("all".to_owned()),
        Wanted::Number(number) => Some(number.to_string()),
    };
    options.extend(control_set.map(|set| format!("--control-set {set}")));
    options.extend(taken::option(tables));
    options.extend(args.host.iter().map(|host| format!("--host {host}")));
    options.extend(args.codepage.map(|codepage| format!("--codepage {}", codepage.name())));
    options.extend(args.shadow_copies.map(shadows));
    options.extend(args.disk.volume.map(|volume| format!("--volume {volume}")));
    options.extend(args.disk.offset.map(|offset| format!("--offset {offset}")));
    let files = |option: &str, files: &[PathBuf]| -> Vec<String> {
        files.iter().map(|file| format!("{option} {}", file.display())).collect()
    };
    options.extend(files("--log", &args.log));
    options.extend(files("--allow-dir", &args.disk.allow_dir));
    options.extend(args.allow.iter().map(|(files, reason)| format!("--allow {files}={reason}")));
    options.extend(files("--overlay", &args.overlay));
    options.extend(files("--waivers", args.waivers.as_slice()));
    options
}

/// Which shadow copies are read, as the option has it.
fn shadows(which: Shadows) -> String {
    let which = match which {
        Shadows::Latest => "latest".to_owned(),
        Shadows::Number(number) => number.to_string(),
        Shadows::Made(from, _) => from.rfc3339(0).split('T').next().unwrap_or_default().to_owned(),
        _ => "all".to_owned(),
    };
    format!("--shadow-copies {which}")
}

/// Files with the SHA-256 of each.
fn digests(files: &[PathBuf]) -> Result<Vec<(String, String)>, Failure> {
    let digest = |path: &PathBuf| {
        let sha256 = LocalFile::open(path).and_then(|file| sha256_of(&file));
        let sha256 = sha256.map_err(|error| Failure::of_file(path, &error))?;
        Ok((path.display().to_string(), sha256))
    };
    files.iter().map(digest).collect()
}

pub(super) fn about(
    args: &AuditArgs,
    policy: &Policy,
    waivers: Option<(Waivers, Date)>,
    diagnostics: Vec<Diagnostic>,
) -> Result<About, Failure> {
    let folder = std::env::current_dir()?;
    let tables = tables::all();
    let of_tables = taken::remarks(&tables, clock::now().to_zoned(jiff::tz::TimeZone::UTC).date());
    Ok(About {
        shard: args.shard,
        only: args.only.iter().map(|only| only.word()).collect(),
        arguments: arguments(std::env::args_os().skip(1)),
        folder: folder.to_string_lossy().into_owned(),
        started: clock::second(),
        options: deciding(args, &tables),
        overlays: digests(&args.overlay)?,
        resumes: args.resume.iter().map(|part| part.display().to_string()).collect(),
        policy: policy.clone(),
        waivers,
        tables,
        diagnostics: of_tables.into_iter().chain(diagnostics).collect(),
    })
}

/// The waivers of a file. One of a rule that the policy does not have would never waive anything; one of a rule that several have
/// would waive more than was accepted.
pub(super) fn waivers(path: &Path, policy: &Policy) -> Result<Waivers, Failure> {
    let name = path.display().to_string();
    let waivers = Waivers::parse(&text(path)?, &name).map_err(|error| policy::wrong(path, &error.to_string()))?;
    let of = |waiver: &Waiver| policy.rules.iter().filter(|rule| waiver.is_of(&rule.policy, &rule.id)).count();
    if let Some(waiver) = waivers.waivers.iter().find(|waiver| of(waiver) > 1) {
        let having: Vec<&str> =
            policy.rules.iter().filter(|rule| rule.id == waiver.rule).map(|rule| &*rule.policy).collect();
        let Waiver { rule, line, .. } = waiver;
        let what = format!(
            "line {line}: several policies have the rule \"{rule}\": say policy = \"…\", one of {}",
            having.join(", ")
        );
        return Err(policy::wrong(path, &what));
    }
    match waivers.waivers.iter().find(|waiver| of(waiver) == 0) {
        Some(waiver) => {
            let rules: BTreeSet<&str> = policy.rules.iter().map(|rule| rule.id.as_str()).collect();
            let (rule, line) = (&waiver.rule, waiver.line);
            if let Some(named) = waiver.policy.as_deref().filter(|_| rules.contains(rule.as_str())) {
                let what =
                    format!("line {line}: the rule \"{rule}\" is in no policy of this run that is called {named}");
                return Err(policy::wrong(path, &what));
            }
            let meant = did_you_mean(rule, rules.iter().copied());
            let who = if policy.parts.is_empty() { "policy" } else { "none of the policies" };
            let has = if policy.parts.is_empty() { "has no" } else { "has the" };
            let what = format!("line {line}: {who} {} {has} rule \"{rule}\"{meant}", policy.id);
            Err(policy::wrong(path, &what))
        }
        None => Ok(waivers),
    }
}
