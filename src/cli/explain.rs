//! `tlshive explain`

use std::io::{self, BufWriter, Write};

use super::ExplainArgs;
use super::exit::Failure;
use super::policy::load;
use super::similar::did_you_mean;
use crate::output::{explain, list};
use crate::policy::Policy;

pub(super) fn run(args: &ExplainArgs) -> Result<u8, Failure> {
    let policies = match &args.policy {
        Some(policy) => vec![load(policy)?],
        None => Policy::builtins()?,
    };
    let mut out = BufWriter::new(io::stdout().lock());
    match &args.rule {
        None => list(&policies, &mut out)?,
        Some(id) if explain(&policies, id, &mut out)? => {}
        Some(id) => return Err(unknown(id, &policies, args.policy.as_deref())),
    }
    out.flush()?;
    Ok(0)
}

fn unknown(id: &str, policies: &[Policy], policy: Option<&str>) -> Failure {
    let who = policy.map_or_else(|| "no policy that is built in has a".to_owned(), |name| format!("{name} has no"));
    let ids = policies.iter().flat_map(|policy| policy.rules.iter().map(|rule| rule.id.as_str()));
    let hint = did_you_mean(id, ids);
    Failure::Message(format!("{who} rule \"{id}\"{hint}; `tlshive explain` without a rule lists them"))
}
