//! Files of Group Policy that lie on a machine, for people: what they would change.

use std::io::{self, Write};

use super::{Painter, shown};
use crate::host::{MachinePolicy, PolicyPlace, Would, WouldBe};

/// Changes of one file that are told; JSON has them all.
const TOLD: usize = 20;

impl Painter {
    /// What the policies of a machine would change, and in detail which there are.
    pub(super) fn policies(&self, policies: &[MachinePolicy], out: &mut dyn Write) -> io::Result<()> {
        for policy in policies {
            let (place, name) = (policy.place, &policy.input.name);
            if self.verbose {
                self.fact(out, "policy file", &format!("{name}, {place}"))?;
            }
            if let Some(error) = &policy.unread {
                self.note(
                    &format!("{place} cannot be read, and what it would set is not known: {error} ({name})"),
                    out,
                )?;
            }
            for would in policy.would.iter().take(TOLD) {
                self.note(&format!("{place} {}", told(would)), out)?;
            }
            let more = policy.would.len().saturating_sub(TOLD);
            if more > 0 {
                self.note(&format!("{place} would change {more} values more ({name})"), out)?;
            }
        }
        let domain = policies.iter().filter(|policy| policy.place == PolicyPlace::Domain).count();
        if domain > 0 {
            let policies = if domain == 1 { "policy" } else { "policies" };
            let what = "of the domain, for whichever machines that may be: not looked at";
            self.note(&format!("its SYSVOL has {domain} {policies} {what}"), out)?;
        }
        Ok(())
    }
}

fn told(would: &Would) -> String {
    let (key, place) = (&would.key, &would.place);
    let called = |name: &str| if name.is_empty() { "the default value".to_owned() } else { name.to_owned() };
    match &would.what {
        WouldBe::Set(name, value) => {
            let name = called(&name.to_string());
            format!("would set {name}={} below {key}, not applied yet ({place})", shown(value))
        }
        WouldBe::Deleted(name) => {
            format!("would delete {} below {key}, not applied yet ({place})", called(&name.to_string()))
        }
        WouldBe::KeyDeleted => format!("would delete {key}, not applied yet ({place})"),
        WouldBe::Perhaps(why) => format!("may change what is at {key}: {why} ({place})"),
    }
}
