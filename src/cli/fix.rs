//! The fix for a machine, as a report shows it.

use crate::host::Host;
use crate::limits::Limits;
use crate::plan::format::{Format, files};
use crate::plan::{Machine, Plan, Request};
use crate::policy::Policy;
use crate::run::Fix;

/// What `generate fix` writes for a machine; none where there is no plan.
pub(super) fn fix(policy: &Policy, host: &Host, limits: &Limits) -> Option<Fix> {
    let request = Request { policy, values: &[], control_set: None };
    let machine = Machine { host, remarks: &[], limits };
    let made = Plan::Fix.machine(&request, &machine).ok()?;
    let remarks = made.said.into_iter().map(|remark| remark.text).collect();
    let written =
        (!made.changeset.changes.is_empty()).then(|| files(Format::Reg, &made.changeset, Some(&host.registry)));
    let reg = written.and_then(Result::ok).and_then(|files| files.into_iter().next()).map(|file| text(&file.bytes));
    Some(Fix { reg, remarks })
}

/// The text of a `.reg` file, without remarks.
fn text(bytes: &[u8]) -> String {
    let units: Vec<u16> = bytes.as_chunks::<2>().0.iter().map(|&pair| u16::from_le_bytes(pair)).collect();
    let all = String::from_utf16_lossy(&units);
    let lines = all.trim_start_matches('\u{feff}').lines().filter(|line| !line.starts_with(';'));
    let mut text = String::new();
    for line in lines {
        // What stands between remarks leaves no gap.
        if !(line.is_empty() && text.ends_with("\n\n")) {
            text.push_str(line);
            text.push('\n');
        }
    }
    format!("{}\n", text.trim_end())
}
