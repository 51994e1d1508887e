//! Rules and codes for people: one explained, all listed, and the lists that stand in the README. All from the tables themselves,
//! so that none of them can tell another story than the audit.

use std::io::{self, Write};

use super::escape::escape;
use crate::diagnostic::Code;
use crate::policy::{Check, Policy, Rule};
use crate::windows::state::State;
use crate::windows::subject::DESCRIBED;

/// Where a paragraph is broken.
const WIDTH: usize = 100;

/// What the rule of this id checks, why, how to fix it, and where that is written, by the first of the policies that has
/// it; the others are named. False if none has it.
///
/// # Errors
/// When the writer fails.
pub fn explain(policies: &[Policy], id: &str, out: &mut dyn Write) -> io::Result<bool> {
    let mut found =
        policies.iter().filter_map(|policy| Some((policy, policy.rules.iter().find(|rule| rule.id == id)?)));
    let Some((policy, rule)) = found.next() else { return Ok(false) };
    one(policy, rule, out)?;
    let others: Vec<&str> = found.map(|(policy, _)| policy.id.as_str()).collect();
    if !others.is_empty() {
        writeln!(out, "\nAlso in\n  {} (--policy shows their reasons and sources)", others.join(", "))?;
    }
    Ok(true)
}

/// What a code of diagnostics or lints says, why that matters, and what to do.
///
/// # Errors
/// When the writer fails.
pub fn explain_code(code: Code, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{code}: {}\n{}, about: {}\n\nWhy", code.what(), code.severity().word(), code.area())?;
    paragraph(code.why(), out)?;
    writeln!(out, "\nNext")?;
    paragraph(code.next(), out)?;
    if !code.source().is_empty() {
        writeln!(out, "\nSource")?;
        paragraph(code.source(), out)?;
    }
    Ok(())
}

/// The codes as the README lists them, by what they are about.
pub fn code_list() -> String {
    let row = |code: &Code| format!("| `{code}` | {} | {} |\n", code.severity().word(), code.what());
    let areas = Code::ALL.chunk_by(|one, next| one.area() == next.area());
    let lists = areas.map(|codes| {
        let area = codes.first().map(|code| code.area()).unwrap_or_default();
        let rows: String = codes.iter().map(row).collect();
        format!(
            "<details><summary>{area}</summary>\n\n| code | as a rule | it says |\n|---|---|---|\n{rows}\n</details>\n"
        )
    });
    lists.collect::<Vec<_>>().join("\n")
}

fn one(policy: &Policy, rule: &Rule, out: &mut dyn Write) -> io::Result<()> {
    let kind = if rule.required { "required" } else { "advisory" };
    writeln!(out, "{}: {}", rule.id, escape(&rule.title))?;
    writeln!(out, "{kind} in policy {} {} ({})\n", policy.id, escape(&policy.version), escape(&policy.title))?;
    writeln!(out, "Checks")?;
    match &rule.check {
        Check::Value(setting) => {
            let wanted = &setting.expect.value;
            let number = wanted.as_dword().unwrap_or_default();
            writeln!(out, "  {}", escape(&setting.key.to_string()))?;
            let absent = if setting.absent_passes { ", or is not set" } else { "" };
            let name = setting.value.to_string();
            writeln!(out, "  {} is {} {number}{}{absent}", escape(&name), wanted.kind, setting.expect.accept)?;
        }
        Check::State(effect) => {
            writeln!(out, "  {} is {} in effect", effect.subject, State::listed(&effect.expect, " or "))?;
            paragraph(&format!("({})", effect.subject.meaning().replace('`', "")), out)?;
        }
    }
    let only = rule.only.to_string();
    if !only.is_empty() {
        writeln!(out, "  only on: {only}")?;
    }
    writeln!(out, "\nWhy")?;
    paragraph(&rule.why, out)?;
    writeln!(out, "\nFix\n  {}\n\nSource", escape(&rule.fix()))?;
    paragraph(&rule.source, out)?;
    if policy.source != rule.source {
        paragraph(&format!("The policy: {}", policy.source), out)?;
    }
    Ok(())
}

/// The rules of some policies: id and title.
///
/// # Errors
/// When the writer fails.
pub fn list(policies: &[Policy], out: &mut dyn Write) -> io::Result<()> {
    for (i, policy) in policies.iter().enumerate() {
        if i > 0 {
            writeln!(out)?;
        }
        writeln!(out, "{} {}: {}", policy.id, escape(&policy.version), escape(&policy.title))?;
        let width = policy.rules.iter().map(|rule| rule.id.len()).max().unwrap_or_default();
        for rule in &policy.rules {
            let advisory = if rule.required { "" } else { " (advisory)" };
            writeln!(out, "  {:width$}  {}{advisory}", rule.id, escape(&rule.title))?;
        }
    }
    Ok(())
}

/// The effective states that rules can ask for, as the README lists them.
pub fn subject_list() -> String {
    let rows: String = DESCRIBED.iter().map(|(names, meaning)| format!("| {names} | {meaning} |\n")).collect();
    format!("| effective state of | states |\n|---|---|\n{rows}")
}

/// The rules of some policies as the README lists them.
pub fn rule_list(policies: &[Policy]) -> String {
    policies.iter().map(section).collect::<Vec<_>>().join("\n")
}

fn section(policy: &Policy) -> String {
    let Policy { id, version, title, source, .. } = policy;
    let rows: String = policy.rules.iter().map(row).collect();
    format!("#### `{id}` {version}\n\n{title}. Rests on: {source}.\n\n| rule | asks for | |\n|---|---|---|\n{rows}")
}

fn row(rule: &Rule) -> String {
    let mut notes: Vec<String> = Vec::new();
    if !rule.required {
        notes.push("advisory".to_owned());
    }
    let only = rule.only.to_string();
    if !only.is_empty() {
        notes.push(format!("only {only}"));
    }
    format!("| `{}` | {} | {} |\n", rule.id, rule.title, notes.join("; "))
}

/// Text broken between words and set in by two blanks.
pub(super) fn paragraph(text: &str, out: &mut dyn Write) -> io::Result<()> {
    let text = text.split_whitespace().map(escape);
    let mut line = String::new();
    for word in text {
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > WIDTH {
            writeln!(out, "  {line}")?;
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(&word);
    }
    writeln!(out, "  {line}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(f: impl Fn(&mut dyn Write) -> io::Result<()>) -> String {
        let mut out = Vec::new();
        f(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn an_explanation_has_all_five_parts() {
        let policy = Policy::default_policy().unwrap();
        let rule = &policy.rules[0];
        let text = text(|out| one(&policy, rule, out));
        for part in [&rule.id, "required", "Checks\n", "Why\n", "Fix\n  reg add ", "Source\n", "64-bit Windows"] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(text.lines().filter(|line| !line.contains("reg add")).all(|line| line.len() < 130), "{text}");
    }

    /// A policy file is somebody else's text, and is printed on a terminal.
    #[test]
    fn what_a_policy_says_is_escaped() {
        let policy = Policy::parse(
            "id='p'\nversion='1'\ndate='2026-01-01'\ntitle=\"t\\u001b[31m\"\nsource=\"s\\u202e\"\n[[rule]]\nid='r'\n\
             title=\"a\\u0007\"\nwhy=\"b\\u009bc\"\nsource=\"d\\u202e\"\neffective='winhttp/64-bit'\nexpect=['on']\n\
             fix=\"e\\u001b\"\n",
        )
        .unwrap();
        let both =
            text(|out| one(&policy, &policy.rules[0], out)) + &text(|out| list(std::slice::from_ref(&policy), out));
        assert!(!both.contains(|c: char| c != '\n' && super::super::escape::is_unsafe(c)), "{both:?}");
    }

    #[test]
    fn paragraphs_break_between_words() {
        let words = "word ".repeat(50);
        let text = text(|out| paragraph(&words, out));
        assert!(text.lines().all(|line| line.len() <= WIDTH + 2 && line.starts_with("  word")), "{text}");
        assert_eq!(text.split_whitespace().count(), 50);
    }
}
