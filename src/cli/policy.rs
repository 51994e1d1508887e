//! `tlshive policy`, and what `--policy` names.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::args::PolicyCommand;
use super::exit::Failure;
use super::similar::did_you_mean;
use crate::limits::Limits;
use crate::output::escape;
use crate::policy::Policy;
use crate::read_at::{LocalFile, ReadAt};

pub(super) fn run(command: &PolicyCommand) -> Result<u8, Failure> {
    let mut out = io::stdout().lock();
    match command {
        PolicyCommand::List => {
            let policies = Policy::builtins()?;
            let width = policies.iter().map(|policy| policy.id.len()).max().unwrap_or_default();
            for Policy { id, version, title, .. } in &policies {
                writeln!(out, "{id:width$}  {version}  {title}")?;
            }
        }
        PolicyCommand::Show { id } => {
            let text = Policy::builtin_text(id).ok_or_else(|| unknown(id))?;
            out.write_all(text.as_bytes())?;
        }
        PolicyCommand::Check { file } => {
            let policy = parse(file)?;
            writeln!(out, "{}: policy {}, {} rules", escape(&file.to_string_lossy()), policy.id, policy.rules.len())?;
        }
    }
    Ok(0)
}

/// The policies that are named, as one.
pub(super) fn load_all(names: &[String]) -> Result<Policy, Failure> {
    let policies = names.iter().map(|name| load(name)).collect::<Result<Vec<_>, _>>()?;
    Policy::join(policies).map_err(|twice| Failure::Message(format!("--policy: {twice}")))
}

/// The files that policies are read from.
pub(super) fn files(names: &[String]) -> impl Iterator<Item = PathBuf> + '_ {
    names.iter().filter_map(|name| file(name)).map(Path::to_owned)
}

/// The policy that is built in under this id, or else the file that is named. A built-in one wins, so that no file that
/// happens to lie about changes what a command means.
pub(super) fn load(name: &str) -> Result<Policy, Failure> {
    match (Policy::builtin(name), file(name)) {
        (Some(policy), _) => Ok(policy?),
        (None, Some(path)) => parse(path),
        (None, None) => Err(unknown(name)),
    }
}

/// The file that a policy is read from, unless it is a built-in one.
fn file(name: &str) -> Option<&Path> {
    let is_file = name.contains(['/', std::path::MAIN_SEPARATOR]) || name.ends_with(".toml");
    (is_file && Policy::builtin_text(name).is_none()).then_some(Path::new(name))
}

/// A policy with the start of its digest: policies of one name and version may have other rules.
pub(super) fn digested(id: &str, version: &str, sha256: &str) -> String {
    let start: String = sha256.chars().take(12).collect();
    format!("{id} {version} (SHA-256 {start}…)")
}

fn unknown(name: &str) -> Failure {
    let known: Vec<&str> = Policy::builtin_ids().collect();
    Failure::Message(format!(
        "no policy is called \"{}\"{}: expected one of {}, or a file, whose name ends in .toml or has a separator in it",
        name,
        did_you_mean(name, known.iter().copied()),
        known.join(", ")
    ))
}

fn parse(path: &Path) -> Result<Policy, Failure> {
    Policy::parse(&text(path)?).map_err(|error| wrong(path, &error.to_string()))
}

/// What is wrong with a file that the user named. The message quotes the file, which may be somebody else's.
pub(super) fn wrong(path: &Path, error: &str) -> Failure {
    let mut lines = error.trim_end().lines();
    let first = format!("{}: {}", path.to_string_lossy(), lines.next().unwrap_or_default());
    Failure::Lines(std::iter::once(first).chain(lines.map(str::to_owned)).collect())
}

/// The text of a file that the user wrote.
pub(super) fn text(path: &Path) -> Result<String, Failure> {
    let limit = Limits::default().user_file;
    let failed = |error: io::Error| Failure::of_file(path, &error);
    let file = LocalFile::open(path).map_err(failed)?;
    if file.len() > limit {
        return Err(wrong(path, &format!("longer than {limit} bytes: neither a policy nor a list of waivers")));
    }
    let mut bytes = vec![0; usize::try_from(file.len()).unwrap_or_default()];
    file.read_exact_at(0, &mut bytes).map_err(failed)?;
    String::from_utf8(bytes).map_err(|error| wrong(path, &format!("no text in UTF-8: {}", error.utf8_error())))
}
