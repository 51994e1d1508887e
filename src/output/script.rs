//! The table that the PowerShell check of Microsoft's document prints: same rows, same order, same words.

use std::io::{self, Write};

use super::escape::escape;
use crate::audit::{Finding, HostReport, Outcome};
use crate::windows::path::KeyPath;
use crate::windows::roots;
use crate::windows::value::{Value, ValueType};

const HEADINGS: [&str; 3] = ["Path", "Name", "Value"];

/// A machine's name.
pub(super) fn heading(host: &HostReport, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "\n{}", escape(&host.name))
}

/// A machine's table.
pub(super) fn table(host: &HostReport, out: &mut dyn Write) -> io::Result<()> {
    rows(host, out)?;
    waived(host, out)
}

fn rows(host: &HostReport, out: &mut dyn Write) -> io::Result<()> {
    // The check knows no rules about states: those that do not apply are no rows.
    let is_row = |f: &&Finding| f.rule.setting().is_some() || f.outcome != Outcome::NotApplicable;
    let rows: Vec<[String; 3]> = host.findings.iter().filter(is_row).map(row).collect();
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.chain(HEADINGS.get(column).map(|heading| heading.len())).max().unwrap_or_default()
    };
    let (path, name, value) = (width(0), width(1), width(2));
    // PowerShell aligns a column by the type of its first value: numbers to the right.
    let right = rows.first().is_some_and(|[_, _, value]| value.parse::<i64>().is_ok());
    writeln!(out)?;
    let rules = HEADINGS.map(|heading| "-".repeat(heading.len()));
    for [p, n, v] in [&HEADINGS.map(str::to_owned), &rules].into_iter().chain(&rows) {
        let line = if right { format!("{p:path$} {n:name$} {v:>value$}") } else { format!("{p:path$} {n:name$} {v}") };
        writeln!(out, "{}", line.trim_end())?;
    }
    writeln!(out)
}

/// The check knows no waivers; where there are none, nothing is added to its table.
fn waived(host: &HostReport, out: &mut dyn Write) -> io::Result<()> {
    let waived: Vec<_> = host.findings.iter().filter_map(|f| f.waived.as_ref().map(|waived| (f, waived))).collect();
    for (finding, waived) in &waived {
        writeln!(out, "Waived: {}: {}", finding.rule.id, escape(&super::waiver(waived)))?;
    }
    if waived.is_empty() { Ok(()) } else { writeln!(out) }
}

fn row(finding: &Finding) -> [String; 3] {
    let value = match (&finding.found, &finding.state, finding.outcome) {
        (Some(value), _, _) => powershell(value),
        (None, Some(state), _) => state.to_string(),
        // The check runs on the machine itself and knows no third state: what cannot be told must not read "Not Found".
        (None, None, Outcome::Unknown) => "Unknown".to_owned(),
        (None, None, _) => "Not Found".to_owned(),
    };
    let path = match finding.rule.setting() {
        Some(setting) => {
            let key = setting.key.below(&KeyPath::parse(roots::MACHINE)).unwrap_or_default();
            format!("HKLM:\\{}", KeyPath(key.to_vec()))
        }
        // The check knows no such rows.
        None => "Effective state".to_owned(),
    };
    [path, finding.rule.name(), value].map(|cell| escape(&cell).into_owned())
}

/// Data as PowerShell shows it: lists stand in braces, and numbers have no sign (the registry provider gives unsigned ones).
/// A text that looks like a number is marked: in the check's own table nobody can tell it from one.
fn powershell(value: &Value) -> String {
    if let Some(n) = value.as_dword() {
        return n.to_string();
    }
    if let Some(text) = value.as_text() {
        let number = text.trim().parse::<f64>().is_ok() || text.trim().to_ascii_lowercase().starts_with("0x");
        return if number { format!("{text} ({})", value.kind) } else { text };
    }
    if let Some(texts) = value.as_texts() {
        return format!("{{{}}}", texts.join(", "));
    }
    if value.kind == ValueType::QWORD
        && let Ok(bytes) = <[u8; 8]>::try_from(value.data.as_slice())
    {
        return u64::from_le_bytes(bytes).to_string();
    }
    let bytes: Vec<String> = value.data.iter().map(ToString::to_string).collect();
    format!("{{{}}}", bytes.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_reads_as_in_powershell() {
        assert_eq!(powershell(&Value::dword(1)), "1");
        assert_eq!(powershell(&Value::dword(0xffff_ffff)), "4294967295");
        let quad = Value { kind: ValueType::QWORD, data: vec![0xff; 8] };
        assert_eq!(powershell(&quad), "18446744073709551615");
        assert_eq!(powershell(&Value::sz("1")), "1 (REG_SZ)");
        assert_eq!(powershell(&Value::sz("on")), "on");
        assert_eq!(powershell(&Value { kind: ValueType::BINARY, data: vec![1, 0] }), "{1, 0}");
    }
}
