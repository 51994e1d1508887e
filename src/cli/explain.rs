//! `tlshive explain`

use std::io::{self, BufWriter, Write};

use super::args::ExplainArgs;
use super::exit::Failure;
use super::policy::load;
use super::similar::did_you_mean;
use crate::diagnostic::Code;
use crate::output::{explain, explain_code, explain_topic, list, topic_words};
use crate::policy::Policy;
use crate::source::known::{Holds, by_code};

pub(super) fn run(args: &ExplainArgs) -> Result<u8, Failure> {
    let policies = match &args.policy {
        Some(policy) => vec![load(policy)?],
        None => Policy::builtins()?,
    };
    let mut out = BufWriter::new(io::stdout().lock());
    match &args.rule {
        None => list(&policies, &mut out)?,
        Some(id) if explain(&policies, id, &mut out)? => {}
        Some(id) => match Code::parse(id) {
            Some(code) if args.policy.is_none() => explain_code(code, &mut out)?,
            None if args.policy.is_none() && (kind(id, &mut out)? || explain_topic(id, &mut out)?) => {}
            _ => return Err(unknown(id, &policies, args.policy.as_deref())),
        },
    }
    out.flush()?;
    Ok(0)
}

/// What is to be done with files of a kind that is told and not read; whether there is one of this id.
fn kind(id: &str, out: &mut dyn Write) -> io::Result<bool> {
    let Some(known) = by_code(id) else { return Ok(false) };
    let holds = match known.holds {
        Holds::Machine => "It could hold a Windows machine. It is not read, and the run is incomplete for it.",
        Holds::Nothing => "It holds no registry of a machine, and is passed over.",
    };
    writeln!(out, "{id}: a kind of file, {}\n\nWhy\n  {holds}", known.name)?;
    if !known.next.is_empty() {
        writeln!(out, "\nNext\n  {}", known.next)?;
    }
    Ok(true)
}

fn unknown(id: &str, policies: &[Policy], policy: Option<&str>) -> Failure {
    let who = policy.map_or_else(|| "no policy that is built in has a".to_owned(), |name| format!("{name} has no"));
    let or_code = if policy.is_none() { ", code or topic" } else { "" };
    let ids = policies.iter().flat_map(|policy| policy.rules.iter().map(|rule| rule.id.as_str()));
    let codes = Code::ALL.iter().map(|code| code.as_str()).filter(|_| policy.is_none());
    let topics = topic_words().filter(|_| policy.is_none());
    let hint = did_you_mean(id, ids.chain(codes).chain(topics));
    Failure::Message(format!("{who} rule{or_code} \"{id}\"{hint}; `tlshive explain` without a rule lists them"))
}
