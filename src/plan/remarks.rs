//! What stands at the head of a file.

use crate::policy::Policy;

/// The first lines: what it does, by which policy, and what to mind.
pub(super) fn head(does: &str, policy: &Policy, control_set: Option<u32>) -> Vec<String> {
    let mut lines = vec![
        remark(&format!("{does} policy {} {}: {}.", policy.id, policy.version, policy.title)),
        format!("Written by tlshive {}.", env!("CARGO_PKG_VERSION")),
    ];
    lines.extend(control_set.map(|n| {
        format!(
            "Written for control set {n} of a hive that is not in use; on a running Windows it may not be the current one."
        )
    }));
    lines.push("Windows must be restarted for the change to take effect everywhere.".to_owned());
    lines
}

/// Which machine, and by which files, the changes were computed from: `(what, its name, its SHA-256)`.
pub fn state(host: &str, control_set: Option<&str>, inputs: &[(String, String, String)]) -> Vec<String> {
    let set = control_set.map(|set| format!(", {set}")).unwrap_or_default();
    let mut lines = vec![remark(&format!("Computed from the state of {host}{set}:"))];
    for (what, name, sha256) in inputs {
        lines.push(remark(&format!("  {what} {name}, SHA-256 {sha256}")));
    }
    lines
}

/// What a file makes worse, a line each.
pub fn weakens(worse: &[String]) -> Vec<String> {
    worse.iter().map(|what| remark(&format!("WEAKENS: {what}."))).collect()
}

/// A text as one line of ASCII: names are those of somebody's files and machines, and must not end the comment they stand in.
pub(super) fn remark(text: &str) -> String {
    text.chars()
        .map(|c| if c == ' ' || c.is_ascii_graphic() { c.to_string() } else { c.escape_unicode().to_string() })
        .collect()
}
