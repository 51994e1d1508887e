//! `tlshive policy`, and what `--policy` names.

use std::io::{self, Read, Write};
use std::path::Path;

use super::PolicyCommand;
use super::exit::Failure;
use crate::limits::Limits;
use crate::near::nearest;
use crate::output::escape;
use crate::policy::Policy;

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

/// The policy that is built in under this id, or else the file that is named. A built-in one wins, so that no file that
/// happens to lie about changes what a command means.
pub(super) fn load(name: &str) -> Result<Policy, Failure> {
    if let Some(text) = Policy::builtin_text(name) {
        return Ok(Policy::parse(text)?);
    }
    if name.contains(['/', std::path::MAIN_SEPARATOR]) || name.ends_with(".toml") {
        return parse(Path::new(name));
    }
    Err(unknown(name))
}

fn unknown(name: &str) -> Failure {
    let known: Vec<&str> = Policy::builtin_ids().collect();
    let hint = nearest(name, known.iter().copied()).map(|meant| format!("; did you mean \"{meant}\"?"));
    Failure::Message(format!(
        "no policy is called \"{name}\"{}: expected one of {}, or a file, whose name ends in .toml or has a separator in it",
        hint.unwrap_or_default(),
        known.join(", ")
    ))
}

fn parse(path: &Path) -> Result<Policy, Failure> {
    Policy::parse(&text(path)?).map_err(|error| wrong(path, &error))
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
    let file = std::fs::File::open(path).map_err(|error| wrong(path, &error.to_string()))?;
    let mut text = String::new();
    file.take(limit.saturating_add(1)).read_to_string(&mut text).map_err(|error| wrong(path, &error.to_string()))?;
    if u64::try_from(text.len()).is_ok_and(|len| len > limit) {
        return Err(wrong(path, &format!("longer than {limit} bytes: neither a policy nor a list of waivers")));
    }
    Ok(text)
}
