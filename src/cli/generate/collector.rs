//! `tlshive generate collector`

use std::path::PathBuf;

use super::super::args::{ChangesArg, GenerateArgs};
use super::super::exit::Failure;
use super::super::policy;
use super::{Target, put};
use crate::plan::collector;
use crate::plan::format::{File, Format};
use crate::policy::Policy;

pub(super) fn run(args: &GenerateArgs) -> Result<u8, Failure> {
    let refused = [
        (!args.state.inputs.is_empty(), "--for", "it is the same for every machine"),
        (!args.values.is_empty(), "--values", "it brings what all rules of the policy ask for"),
        (!args.root.is_empty(), "--root", "it reads the registry of the Windows that runs it"),
        (args.control_set != Target::Current, "--control-set", "it reads the set in use"),
        (args.format.is_some_and(|ChangesArg(format)| format != Format::Ps1), "--format", "it is written as ps1 alone"),
    ];
    if let Some((_, option, why)) = refused.into_iter().find(|(given, ..)| *given) {
        return Err(format!("{option} is not for a collector: {why}").into());
    }
    // Who has collected does not want to collect again for another policy.
    let mut policies = Policy::builtins()?;
    for name in &args.policy {
        policies.push(policy::load(name)?);
    }
    let inputs: Vec<PathBuf> = policy::files(&args.policy).collect();
    put(args, &[File { name: None, bytes: collector::ps1(&policies)? }], &inputs)?;
    Ok(0)
}
