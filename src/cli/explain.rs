//! `tlshive explain`

use std::io::{self, BufWriter, Write};

use super::ExplainArgs;
use super::exit::Failure;
use super::policy::load;
use super::similar::did_you_mean;
use crate::diagnostic::Code;
use crate::output::{explain, explain_code, list};
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
        Some(id) => match Code::ALL.iter().find(|code| code.as_str() == id) {
            Some(code) if args.policy.is_none() => explain_code(*code, &mut out)?,
            _ => return Err(unknown(id, &policies, args.policy.as_deref())),
        },
    }
    out.flush()?;
    Ok(0)
}

fn unknown(id: &str, policies: &[Policy], policy: Option<&str>) -> Failure {
    let who = policy.map_or_else(|| "no policy that is built in has a".to_owned(), |name| format!("{name} has no"));
    let or_code = if policy.is_none() { " or code" } else { "" };
    let ids = policies.iter().flat_map(|policy| policy.rules.iter().map(|rule| rule.id.as_str()));
    let codes = Code::ALL.iter().map(|code| code.as_str()).filter(|_| policy.is_none());
    let hint = did_you_mean(id, ids.chain(codes));
    Failure::Message(format!("{who} rule{or_code} \"{id}\"{hint}; `tlshive explain` without a rule lists them"))
}
