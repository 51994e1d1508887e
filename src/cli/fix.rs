//! The fix for a machine, as a report shows it.

use crate::audit::HostReport;
use crate::host::Host;
use crate::limits::Limits;
use crate::plan::format::{Format, files};
use crate::plan::{Machine, Plan, Request};
use crate::policy::Policy;
use crate::run::Fix;

/// What `generate fix` writes for a machine, which was judged by the policy, or why it writes nothing.
pub(super) fn fix(policy: &Policy, host: &Host, judged: &HostReport, limits: &Limits) -> Fix {
    let request = Request { policy, values: &[], control_set: None };
    let machine = Machine { host, remarks: &[], judged: Some(judged), limits };
    let made = match Plan::Fix.machine(&request, &machine) {
        Ok(made) => made,
        Err(error) => return Fix { reg: None, remarks: vec![error.to_string()] },
    };
    let mut remarks: Vec<String> = made.said.into_iter().map(|remark| remark.text).collect();
    if made.changeset.changes.is_empty() {
        return Fix { reg: None, remarks };
    }
    match files(Format::Reg, &made.changeset, Some(&host.registry)) {
        Ok(files) => Fix { reg: files.into_iter().next().map(|file| text(&file.bytes)), remarks },
        Err(refusal) => {
            remarks.push(refusal.to_string());
            Fix { reg: None, remarks }
        }
    }
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
