//! What stands at the head of a file.

use super::{Changeset, Machine, Request};
use crate::host::{Input, InputKind};

/// The first lines: what it does, by which policy, and what to mind.
pub(super) fn head(does: &str, request: &Request<'_>) -> Vec<String> {
    let policy = request.policy;
    let mut lines = vec![
        format!("{does} policy {}: {}.", policy.names(), policy.title),
        format!("Written by tlshive {}.", env!("CARGO_PKG_VERSION")),
    ];
    lines.extend(request.control_set.map(|n| {
        format!(
            "Written for control set {n} of a hive that is not in use; on a running Windows it may not be the current one."
        )
    }));
    lines.push("Windows must be restarted for the change to take effect everywhere.".to_owned());
    lines
}

/// What the lines begin with, or hold, that say what changes were computed from.
const STATE: &str = "Computed from the state of ";
const DIGEST: &str = ", SHA-256 ";

/// Which machine, and by which files, the changes were computed from.
pub(super) fn state(machine: &Machine<'_>) -> Vec<String> {
    let host = machine.host;
    let set = host.control_set.as_ref().map(|set| format!(", {}", set.name)).unwrap_or_default();
    let shown = |input: &Input| {
        let what = match &input.kind {
            InputKind::Hive { hive, .. } => hive.to_string(),
            InputKind::Log(hive) => format!("log of {hive}"),
            InputKind::RegFile { .. } => ".reg file".to_owned(),
            InputKind::PolicyFile(form) => form.clone(),
            _ => return None,
        };
        let digest = input.sha256.as_ref().and_then(|digest| digest.clone().ok());
        let (name, digest) = (without_folders(&input.name), digest.unwrap_or_else(|| "unknown".to_owned()));
        Some(format!("  {what} {name}{DIGEST}{digest}"))
    };
    std::iter::once(format!("{STATE}{}{set}:", host.name)).chain(host.inputs.iter().filter_map(shown)).collect()
}

impl Changeset {
    /// Keeps what is to be said of another machine, too, to which the same is to be done: not the states that it was computed from.
    pub fn keep_shared(&mut self, other: &Changeset) {
        let is_state = |line: &str| line.starts_with(STATE) || line.starts_with("  ") && line.contains(DIGEST);
        self.remarks.retain(|line| !is_state(line) && other.remarks.contains(line));
    }
}

/// A file's name without the folders that it lies in: those may name a person, and the file goes to others. What is inside an
/// image or archive stays.
fn without_folders(name: &str) -> String {
    let (outer, inner) = name.split_once(INSIDE).map_or((name, None), |(outer, inner)| (outer, Some(inner)));
    let file = outer.rsplit(['/', '\\']).next().unwrap_or(outer);
    inner.map_or_else(|| file.to_owned(), |inner| format!("{file}{INSIDE}{inner}"))
}

/// What stands between an image and what is in it.
const INSIDE: &str = " › ";

/// The longest line: names are those of somebody's files and machines, and a batch file has no room for more.
const LONGEST: usize = 1000;

/// A text as one line in which nothing ends the comment that it stands in, or looks like something else. Where only ASCII
/// is read safely, other letters are spelled out too.
pub(super) fn harmless(text: &str, ascii: bool) -> String {
    let mut line = String::new();
    for c in text.chars() {
        if c == ' ' || c.is_ascii_graphic() || (!ascii && c.is_alphanumeric()) {
            line.push(c);
        } else {
            line.extend(c.escape_unicode());
        }
        if line.len() > LONGEST {
            line.push_str(" ...");
            break;
        }
    }
    line
}
