//! Markdown (GitHub's), for a ticket or a pull request: the answer, what is wrong by kind with the fix, what was not judged,
//! and the machines.

use std::io::{self, Write};

use super::escape::escape;
use super::estate::{Compared, Estate, Kind, both, kinds, letters, names, reason, sign, windows, word};
use super::overview::{DIFFERS, SIX, also, answer};
use crate::saved::record::{Host, Verdict};

/// Names of machines of one kind, before the rest is counted.
const NAMES: usize = 20;

/// Machines that the table has; a page takes no more (65,536 characters).
const ROWS: usize = 200;

/// Writes the report.
pub(super) fn write(estate: &Estate, out: &mut dyn Write) -> io::Result<()> {
    let kinds = kinds(estate);
    let letters = letters(&kinds);
    writeln!(out, "# {}\n", text(&answer(estate).join(" ")))?;
    for line in estate.by_policy() {
        writeln!(out, "- {}", text(&line))?;
    }
    if estate.hosts.iter().any(|host| host.verdicts.len() > 1) {
        writeln!(out)?;
    }
    let run = estate.first();
    let started = run.map(|run| run.started.as_str()).unwrap_or_default();
    let version = run.map(|run| run.tool.version.as_str()).unwrap_or_default();
    writeln!(out, "tlshive {} · policy {} · {}\n", text(version), text(&estate.policies()), text(started))?;
    if !kinds.is_empty() {
        writeln!(out, "## What is wrong, by kind\n")?;
    }
    for kind in &kinds {
        of_kind(kind, out)?;
    }
    if let Some(compared) = estate.compared() {
        differing(&compared, out)?;
    }
    if !estate.unjudged.is_empty() || !estate.troubles.is_empty() {
        writeln!(out, "## Not judged\n\n| input | why | next |\n| --- | --- | --- |")?;
        for input in &estate.unjudged {
            let why = [input.kind.as_deref(), input.why.as_deref()];
            let why = why.into_iter().flatten().collect::<Vec<_>>().join(": ");
            writeln!(
                out,
                "| {} | {} | {} |",
                code(&input.path),
                text(&why),
                text(input.next.as_deref().unwrap_or(""))
            )?;
        }
        for trouble in &estate.troubles {
            writeln!(out, "| | {} | |", text(trouble))?;
        }
        writeln!(out)?;
    }
    writeln!(out, "## Machines\n\n<details><summary>{} machines</summary>\n", estate.hosts.len())?;
    writeln!(out, "| verdict | kind | machine | Windows | {} | source |", SIX.join(" | "))?;
    writeln!(out, "|{}", " --- |".repeat(SIX.len() + 5))?;
    let order = [Verdict::NotCompliant, Verdict::Unknown, Verdict::Compliant];
    let all = order.into_iter().flat_map(|verdict| estate.hosts.iter().filter(move |host| host.verdict == verdict));
    for host in all.take(ROWS) {
        let letter = letters.get(&std::ptr::from_ref(host)).map(|kind| kind.letter.as_str()).unwrap_or_default();
        writeln!(out, "{}", row(host, letter))?;
    }
    let more = estate.hosts.len().saturating_sub(ROWS);
    if more > 0 {
        writeln!(out, "\n{more} more machines are in the other formats.")?;
    }
    writeln!(out, "\n</details>")?;
    for line in also(estate) {
        writeln!(out, "\n{}", text(&line))?;
    }
    Ok(())
}

fn differing(compared: &Compared<'_>, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "## {DIFFERS}\n")?;
    for kind in &compared.kinds {
        writeln!(out, "### {}\n", text(&kind.title()))?;
        for difference in &kind.differences {
            writeln!(out, "- {}: {}", text(difference.name), text(&difference.most))?;
            for (had, who) in &difference.others {
                writeln!(out, "  - {}: {}", text(had), text(who))?;
            }
        }
        writeln!(out)?;
    }
    compared.few.iter().try_for_each(|few| writeln!(out, "{}\n", text(few)))
}

fn of_kind(kind: &Kind<'_>, out: &mut dyn Write) -> io::Result<()> {
    let count = kind.hosts.len();
    let machines = if count == 1 { "machine" } else { "machines" };
    writeln!(out, "### {}. {}: {count} {machines}\n", kind.letter, text(&kind.title))?;
    writeln!(out, "**{}.** {}\n", capital(kind.risk.word()), kind.risk.sentence())?;
    writeln!(out, "{}\n", text(&names(&kind.hosts, NAMES)))?;
    for finding in &kind.failing {
        writeln!(out, "- {}: {}", code(&kind.example.rule_name(finding)), text(&finding.why))?;
    }
    writeln!(out)?;
    match (&kind.same_fix_as, kind.example.fix.as_ref().and_then(|fix| fix.reg.as_deref())) {
        (Some(before), _) => writeln!(out, "The fix is the same file as for kind {before}.\n"),
        (None, Some(reg)) => {
            let lines: Vec<String> = reg.lines().map(|line| escape(line).into_owned()).collect();
            // Longer than any fence within: a saved run may have been changed.
            let fence = "`".repeat(longest_run('`', reg).max(2) + 1);
            writeln!(out, "{fence}reg\n{}\n{fence}\n\nRestart Windows afterwards.\n", lines.join("\n"))
        }
        (None, None) => {
            for fix in kind.failing.iter().filter_map(|finding| finding.fix.as_deref()) {
                writeln!(out, "- {}", text(fix))?;
            }
            writeln!(out)
        }
    }
}

/// How often a mark stands in a row, at most.
fn longest_run(mark: char, text: &str) -> usize {
    text.split(|c| c != mark).map(str::len).max().unwrap_or_default()
}

fn row(host: &Host, letter: &str) -> String {
    let cells: Vec<String> = SIX.iter().map(|protocol| both(host, protocol)).collect();
    let verdict = format!("{} {}", sign(host.verdict), word(host.verdict));
    let why = match host.verdict {
        Verdict::Unknown => format!(" ({})", text(&reason(host))),
        _ => String::new(),
    };
    let each = host.verdicts().iter().map(|verdict| format!("<br>{}", text(verdict))).collect::<String>();
    let (name, product) = (text(&host.name), text(&windows(host)));
    format!("| {verdict}{why}{each} | {letter} | {name} | {product} | {} | {} |", cells.join(" | "), code(&host.unit))
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// Text that is nothing but text: each mark that Markdown or HTML knows is escaped, and a mention calls nobody.
fn text(text: &str) -> String {
    let mut safe = String::new();
    for c in escape(text).chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            // Neither a mention nor a reference begins with these.
            '@' => safe.push_str("&#64;"),
            '#' => safe.push_str("&#35;"),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '(' | ')' | '|' | '!' | '~' | '$' => {
                safe.push('\\');
                safe.push(c);
            }
            _ => safe.push(c),
        }
    }
    // A bare address would become a link.
    safe.replace("://", ":&#47;&#47;").replace("www.", "www&#46;")
}

/// Text in a span of code. In HTML's words, since a pipe ends a table's cell even there.
fn code(of: &str) -> String {
    format!("<code>{}</code>", text(of))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_text() {
        assert_eq!(text("<img src=x onerror=alert(1)>"), r"&lt;img src=x onerror=alert\(1\)&gt;");
        assert_eq!(text("a|b `c` @team #1"), r"a\|b \`c\` &#64;team &#35;1");
        assert_eq!(text("http://x"), "http:&#47;&#47;x");
        assert_eq!(text("a\nb\u{202e}"), r"a\\u\{a\}b\\u\{202e\}");
    }
}
