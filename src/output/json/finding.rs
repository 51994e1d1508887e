//! Findings: the rule, what was found, and what became of it.

use serde::Serialize;

use super::{PlaceV2, ValueV2, place, value};
use crate::audit::{Finding, Outcome};
use crate::policy::{Accept, Check, Expectation, Setting};
use crate::registry::cross_check::Agreement;
use crate::windows::state::State;

#[derive(Serialize)]
pub(super) struct FindingV2<'a> {
    policy: &'a str,
    rule: &'a str,
    title: &'a str,
    required: bool,
    outcome: &'static str,
    key: Option<String>,
    value: Option<String>,
    subject: Option<String>,
    expected: Option<ExpectedV2>,
    expected_states: Option<Vec<&'static str>>,
    found: Option<ValueV2>,
    state: Option<&'a str>,
    why: &'a str,
    fix: Option<&'a str>,
    last_write: Option<String>,
    place: Option<PlaceV2<'a>>,
    cross_check: Option<CrossCheckV2>,
    overlay: bool,
    waived: Option<WaivedV2<'a>>,
}

#[derive(Serialize)]
struct WaivedV2<'a> {
    reason: &'a str,
    expires: Option<String>,
}

#[derive(Serialize)]
struct CrossCheckV2 {
    result: &'static str,
    detail: String,
}

#[derive(Serialize)]
struct ExpectedV2 {
    #[serde(flatten)]
    value: ValueV2,
    any_non_zero: bool,
    accepted: Vec<u32>,
    absent_passes: bool,
}

pub(super) fn finding(finding: &Finding) -> FindingV2<'_> {
    let rule = &finding.rule;
    let (setting, effect) = match &rule.check {
        Check::Value(setting) => (Some(setting), None),
        Check::State(effect) => (None, Some(effect)),
    };
    FindingV2 {
        policy: &rule.policy,
        rule: &rule.id,
        title: &rule.title,
        required: rule.required,
        outcome: match finding.outcome {
            Outcome::Pass => "pass",
            Outcome::Fail => "fail",
            Outcome::Unknown => "unknown",
            Outcome::NotApplicable => "not_applicable",
        },
        key: setting.map(|setting| setting.key.to_string()),
        value: setting.map(|setting| setting.value.to_string()),
        subject: effect.map(|effect| effect.subject.to_string()),
        expected: setting.map(expected),
        expected_states: effect.map(|effect| effect.expect.iter().map(|state| state.word()).collect()),
        found: finding.found.as_ref().map(value),
        state: finding.state.map(State::word),
        why: &finding.why,
        fix: finding.fix.as_deref(),
        last_write: finding.last_write.map(|time| time.to_string()),
        place: finding.place.as_ref().map(place),
        cross_check: finding.cross_check.as_ref().map(cross_check),
        overlay: finding.overlay.is_some(),
        waived: finding
            .waived
            .as_ref()
            .map(|waived| WaivedV2 { reason: &waived.reason, expires: waived.expires.map(|day| day.to_string()) }),
    }
}

fn expected(setting: &Setting) -> ExpectedV2 {
    let Expectation { value: wanted, accept } = &setting.expect;
    let accepted = match accept {
        Accept::Numbers(numbers) => numbers.clone(),
        Accept::Nothing | Accept::NonZero => Vec::new(),
    };
    let any_non_zero = *accept == Accept::NonZero;
    ExpectedV2 { value: value(wanted), any_non_zero, accepted, absent_passes: setting.absent_passes }
}

fn cross_check(agreement: &Agreement) -> CrossCheckV2 {
    let result = match agreement {
        Agreement::Agree => "agree",
        Agreement::Disagree { .. } => "disagree",
        Agreement::CouldNotRead { .. } => "could_not_read",
    };
    CrossCheckV2 { result, detail: agreement.to_string() }
}
