//! What the PowerShell formats share: literals, and functions that tell, make and take back changes.
//!
//! Before a script changes anything, it writes what is there into a record, a key below `HKLM\SOFTWARE\tlshive\Undo`:
//! `Plan` and `Written`, and below it a numbered key for each value and key that is changed, with `Key`, `Name` (of a
//! value), `Data` (as it was, with its own type) and, written last, `State`: `Absent`, `Present` or `Unreadable`.
//! `host::undo_record` reads it, so that an audit tells of it.
//!
//! The functions use `Microsoft.Win32.RegistryKey`, not the registry provider, which takes `/` in a key's name (SCHANNEL
//! has `AES 128/128`) for a separator and `*`, `?` and `[` for patterns. Scripts are ASCII, so that no version reads
//! them in another encoding; other characters are spelled as numbers.

use std::fmt::Write as _;

use super::Changeset;
use super::exact::{Data, below_root, data, split};
use super::in_the_way::{now, reads_alike};
use super::refusal::Refusal;
use crate::digest::sha256_hex;
use crate::registry::Registry;
use crate::registry::change::Change;
use crate::windows::path::{KeyPath, Name};

/// The language mode in which such scripts run; in another, no method may be called.
pub(super) const IS_CONSTRAINED: &str = "$ExecutionContext.SessionState.LanguageMode -ne 'FullLanguage'";

/// What to say in another: what stops the script, and what helps.
pub(super) const CONSTRAINED: &str = "PowerShell runs this script in ConstrainedLanguage mode (WDAC or AppLocker), which allows no changes. \
     Nothing was changed. Sign the script with a certificate that your policy trusts, or use the formats reg or pol.";

/// What a script starts with, below its parameters and its test of the language mode.
const HEAD: &str = "\
Set-StrictMode -Version 2
$ErrorActionPreference = 'Stop'
$script:changes = 0
$script:number = 0
$script:roots = @{}
foreach ($table in 'keys', 'values', 'entries') {
    $type = 'System.Collections.Generic.Dictionary[string,object]'
    Set-Variable -Scope Script -Name $table -Value (New-Object $type ([StringComparer]::OrdinalIgnoreCase))
}
";

/// Functions that read the registry.
const STATE: &str = include_str!("powershell/state.ps1");

/// Functions that collect what is wanted, and tell what differs from it.
const STEPS: &str = include_str!("powershell/steps.ps1");

/// Functions that make changes, after what was there is in a record. They ask `Confirm-Change`.
const RECORD: &str = include_str!("powershell/record.ps1");

/// Functions that put back what the record has.
const UNDO: &str = include_str!("powershell/undo.ps1");

/// What a script does with the registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Work {
    /// It tells what is to be changed.
    Detect,
    /// It changes it, too.
    Change,
    /// It changes it, and takes that back.
    ChangeAndUndo,
}

/// The part of a script that all have: functions, where its record stands, and its steps.
///
/// The steps say what is wanted, in order; what is to be done is what then differs, so that a second run does nothing.
pub(super) fn body(changeset: &Changeset, work: Work, machine: Option<&Registry>) -> Result<String, Refusal> {
    changeset.changes.iter().try_for_each(|change| refuse(change, machine))?;
    let steps: Result<Vec<String>, Refusal> = changeset.changes.iter().map(step).collect();
    let steps = steps?.join("\n");
    let mut text = HEAD.to_owned();
    if work != Work::Detect {
        let plan = changeset.remarks.first().map_or("", String::as_str);
        let units: Vec<u16> = plan.encode_utf16().collect();
        let _ = writeln!(text, "$script:record = '{}'\n$script:plan = {}", record(&steps), literal(&units));
    }
    text.push('\n');
    text.push_str(STATE);
    text.push('\n');
    text.push_str(STEPS);
    if work != Work::Detect {
        text.push('\n');
        text.push_str(RECORD);
    }
    if work == Work::ChangeAndUndo {
        text.push('\n');
        text.push_str(UNDO);
    }
    let _ = writeln!(text, "\n{steps}");
    Ok(text)
}

/// Refuses what the scripts would leave as it is: they see what .NET shows of a value.
fn refuse(change: &Change, machine: Option<&Registry>) -> Result<(), Refusal> {
    let Change::Set { key, value, .. } = change else { return Ok(()) };
    match now(change, machine).and_then(|now| reads_alike(value, &now)) {
        Some(why) => Err(Refusal::key(key, format!("PowerShell would leave a value as it is: {why}; use reg"))),
        None => Ok(()),
    }
}

/// Where the record of a plan stands. The same steps have the same record, whichever script makes them.
fn record(steps: &str) -> String {
    let digest: String = sha256_hex(steps.as_bytes()).chars().take(16).collect();
    format!(r"HKEY_LOCAL_MACHINE\SOFTWARE\tlshive\Undo\{digest}")
}

/// The command that says what a change wants.
fn step(change: &Change) -> Result<String, Refusal> {
    let key = change.key();
    below_root(key)?;
    let path = full_path(key)?;
    Ok(match change {
        Change::CreateKey(_) => format!("Add-WantedKey {path}"),
        Change::DeleteKey(_) => format!("Add-UnwantedKey {path}"),
        Change::DeleteValues(_) => format!("Add-EmptiedKey {path}"),
        Change::DeleteValue { name, .. } => format!("Add-UnwantedValue {path} {}", literal_name(name)?),
        Change::Set { name, value, .. } => {
            let (kind, data) = typed(&data(name, value)?);
            format!("Add-WantedValue {path} {} {kind} {data}", literal_name(name)?)
        }
    })
}

/// The key with its root, as a literal.
pub(super) fn full_path(key: &KeyPath) -> Result<String, Refusal> {
    let (root, names) = split(key)?;
    let root: Vec<u16> = root.long.encode_utf16().collect();
    let units: Vec<&[u16]> = std::iter::once(root.as_slice()).chain(names.iter().map(Name::units)).collect();
    Ok(literal(&units.join(&u16::from(b'\\'))))
}

/// A value's name as a literal. .NET passes names to Windows with a NUL behind them.
pub(super) fn literal_name(name: &Name) -> Result<String, Refusal> {
    if name.units().contains(&0) {
        return Err(Refusal::name(name, "PowerShell cannot name a value with a NUL in its name"));
    }
    Ok(literal(name.units()))
}

/// A string literal: single quotes, doubled within; what is not printable ASCII by its number, which also goes for
/// the typographic quotes that PowerShell takes for quotes.
pub(super) fn literal(units: &[u16]) -> String {
    let plain = |unit: &u16| matches!(unit, 0x20..=0x7e);
    let parts: Vec<String> = units
        .chunk_by(|a, b| plain(a) && plain(b))
        .map(|part| match part {
            [unit] if !plain(unit) => format!("[char]0x{unit:04x}"),
            _ => format!("'{}'", String::from_utf16_lossy(part).replace('\'', "''")),
        })
        .collect();
    match parts.as_slice() {
        [] => "''".to_owned(),
        [only] if only.starts_with('\'') => only.clone(),
        // A string first, or two characters would be added as numbers.
        [first, ..] if first.starts_with('[') => format!("('' + {})", parts.join(" + ")),
        _ => format!("({})", parts.join(" + ")),
    }
}

/// The `RegistryValueKind`, and an expression of the type that .NET gives back for it.
fn typed(data: &Data<'_>) -> (&'static str, String) {
    match data {
        Data::Sz(units) => ("String", literal(units)),
        Data::Expand(units) => ("ExpandString", literal(units)),
        Data::Multi(strings) => {
            let strings: Vec<String> = strings.iter().map(|units| literal(units)).collect();
            ("MultiString", format!("([string[]]@({}))", strings.join(", ")))
        }
        // Signed, as .NET has them; negative numbers from text, since a hexadecimal literal is not the same everywhere.
        Data::Dword(n) => ("DWord", signed("int", n.cast_signed().into())),
        Data::Qword(n) => ("QWord", signed("long", n.cast_signed())),
        Data::Binary(bytes) => ("Binary", byte_array(bytes)),
        Data::None(bytes) => ("None", byte_array(bytes)),
    }
}

fn signed(kind: &str, n: i64) -> String {
    if n < 0 { format!("([{kind}]'{n}')") } else { format!("([{kind}]{n})") }
}

fn byte_array(bytes: &[u8]) -> String {
    let bytes: Vec<String> = bytes.iter().map(|byte| format!("0x{byte:02x}")).collect();
    format!("([byte[]]@({}))", bytes.join(", "))
}

/// Lines as a file: ASCII with CR LF.
pub(super) fn file(text: &str) -> Vec<u8> {
    text.lines().flat_map(|line| line.bytes().chain(*b"\r\n")).collect()
}
