//! JUnit: a test suite a machine (and a policy, where there are several), a test a rule, as programs that build images and watch
//! over tests read it. What was not judged is a suite of its own, whose tests are errors.

use std::collections::HashMap;
use std::io::{self, Write};

use quick_junit::{NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestSuite};

use super::escape::escape;
use super::estate::Estate;
use crate::saved::record::{Finding, Host, Input, Outcome};

/// Writes the report.
pub(super) fn write(estate: &Estate, out: &mut dyn Write) -> io::Result<()> {
    let what_if = estate.what_if().map(|what_if| format!("; {what_if}")).unwrap_or_default();
    let mut report = Report::new(format!("tlshive: {}", escape(&format!("{}{what_if}", estate.policies()))));
    for (host, title) in estate.hosts.iter().zip(titles(&estate.hosts)) {
        match host.verdicts.as_slice() {
            [] | [_] => drop(report.add_test_suite(suite(estate, host, &title, None))),
            several => {
                report.add_test_suites(several.iter().map(|judged| suite(estate, host, &title, Some(&judged.policy))));
            }
        }
    }
    if !estate.unjudged.is_empty() || !estate.troubles.is_empty() {
        let mut suite = TestSuite::new("not judged");
        suite.add_test_cases(estate.unjudged.iter().map(input));
        suite.add_test_cases(estate.troubles.iter().map(|trouble| error(trouble, trouble)));
        report.add_test_suite(suite);
    }
    // The crate's own error does not tell why nothing could be written.
    let text = report.to_string().map_err(io::Error::other)?;
    out.write_all(without_sum_of_skipped(&text).as_bytes())
}

/// The schema of Jenkins' xUnit plugin refuses a file whose root says how many tests were skipped. Each suite may say it.
fn without_sum_of_skipped(text: &str) -> String {
    let Some((before, after)) = text.split_once(" skipped=\"") else { return text.to_owned() };
    let rest = after.split_once('"').map(|(_, rest)| rest).unwrap_or_default();
    format!("{before}{rest}")
}

/// What the tests of each machine are filed under: its name, and what tells it from others of its name. Programs that read the
/// report put tests of one name together.
fn titles(hosts: &[Host]) -> Vec<String> {
    let ways: [fn(&Host) -> String; 3] = [
        |host| host.name.clone(),
        |host| format!("{} ({})", host.name, host.unit),
        |host| format!("{} ({}, {})", host.name, host.unit, host.control_set.as_deref().unwrap_or_default()),
    ];
    let mut titles: Vec<Option<String>> = vec![None; hosts.len()];
    for way in ways {
        let mut seen: HashMap<String, usize> = HashMap::new();
        let told: Vec<String> = hosts.iter().map(way).collect();
        for text in &told {
            *seen.entry(text.clone()).or_default() += 1;
        }
        for (title, text) in titles.iter_mut().zip(told) {
            if title.is_none() && seen.get(&text) == Some(&1) {
                *title = Some(text);
            }
        }
    }
    hosts
        .iter()
        .zip(titles)
        .map(|(host, title)| title.unwrap_or_else(|| format!("{} ({})", host.name, host.id)))
        .collect()
}

/// The rules of one policy, or of the only one.
fn suite(estate: &Estate, host: &Host, title: &str, policy: Option<&str>) -> TestSuite {
    let title = policy.map_or_else(|| title.to_owned(), |policy| format!("{title} ({policy})"));
    let title = escape(&title);
    let mut suite = TestSuite::new(title.as_ref());
    let mut property = |name: &str, value: &str| {
        suite.add_property(Property::new(name, escape(value).into_owned()));
    };
    property("source", &host.unit);
    property("id", &host.id);
    property("tls12", &host.effective.tls12.state);
    property("tls12_why", &host.effective.tls12.why);
    if let Some(run) = estate.first() {
        property("started", &run.started);
    }
    for file in estate.overlays() {
        property("overlay", file);
    }
    let findings = host.findings.iter().filter(|finding| policy.is_none_or(|policy| finding.policy == policy));
    suite.add_test_cases(findings.map(|finding| case(&title, finding)));
    suite
}

fn case(title: &str, finding: &Finding) -> TestCase {
    let message = |text: &str| escape(text).into_owned();
    let mut description = message(&finding.title);
    for part in [finding.key.as_ref(), finding.value.as_ref(), finding.fix.as_ref()].into_iter().flatten() {
        description.push_str(&format!("\n{}", escape(part)));
    }
    let mut said = None;
    let status = match (finding.outcome, &finding.waived) {
        (Outcome::Pass, _) => TestCaseStatus::success(),
        (Outcome::NotApplicable, _) => skipped(&format!("not applicable: {}", finding.why)),
        (_, Some(waived)) => skipped(&format!("waived: {}", waived.reason)),
        // Advice turns no build red, as it turns no verdict.
        (Outcome::Fail | Outcome::Unknown, None) if !finding.required => {
            said = Some(format!("advisory, not met: {}", message(&finding.why)));
            TestCaseStatus::success()
        }
        (Outcome::Fail, None) => not_passed(NonSuccessKind::Failure, &finding.why, &description),
        (Outcome::Unknown, None) => not_passed(NonSuccessKind::Error, &finding.why, &description),
    };
    let mut case = TestCase::new(finding.rule.as_str(), status);
    case.set_classname(title);
    if let Some(said) = said {
        case.set_system_out(said);
    }
    case
}

fn skipped(why: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::skipped();
    status.set_message(escape(why).into_owned());
    status
}

fn not_passed(kind: NonSuccessKind, why: &str, description: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    status.set_message(escape(why).into_owned());
    status.set_description(description);
    status
}

fn input(input: &Input) -> TestCase {
    let parts = [input.kind.as_deref(), input.why.as_deref(), input.next.as_deref()];
    error(&input.path, &parts.into_iter().flatten().collect::<Vec<_>>().join("; "))
}

fn error(name: &str, why: &str) -> TestCase {
    let mut case = TestCase::new(escape(name).into_owned(), not_passed(NonSuccessKind::Error, why, &escape(why)));
    case.set_classname("not judged");
    case
}
