//! What a second reader says of the values that decided.

use super::deciding::deciding;
use super::report::{HostReport, Outcome};
use crate::diagnostic::{Code, Diagnostic};
use crate::error::At;
use crate::host::{Host, Input, InputKind};
use crate::place::Place;
use crate::registry::cross_check::Agreement;
use crate::windows::path::KeyPath;

/// Asks the second reader about the values that decided each rule, or their absence. A disagreement is an error in the
/// report.
pub fn cross_check(report: &mut HostReport, host: &Host) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    for finding in report.findings.iter_mut().filter(|f| matches!(f.outcome, Outcome::Pass | Outcome::Fail)) {
        for (key, value) in deciding(&finding.rule) {
            let Some(next) = host.registry.cross_check(&key, &value) else { continue };
            if let Agreement::Disagree { .. } = &next {
                let place = finding.place.clone().unwrap_or_else(|| whole(host, &key));
                let message = format!("rule {}, {value}: {next}", finding.rule.id);
                diagnostics.push(Diagnostic::new(Code::CrossCheckDisagrees, message, place));
            }
            finding.cross_check = match (finding.cross_check.take(), next) {
                (None | Some(Agreement::Agree), next) => Some(next),
                (Some(_), next @ Agreement::Disagree { .. }) => Some(next),
                (earlier, _) => earlier,
            };
        }
    }
    diagnostics
}

/// The input that answers for a key.
fn whole(host: &Host, key: &KeyPath) -> Place {
    let answers =
        |input: &&Input| matches!(input.kind, InputKind::Hive { hive, .. } if key.below(&hive.root()).is_some());
    let input = host.inputs.iter().find(answers).or(host.inputs.first());
    Place { artifact: input.map(|input| input.name.clone()).unwrap_or_default(), at: At::Whole }
}
