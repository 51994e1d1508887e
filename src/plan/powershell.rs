//! What the PowerShell formats share: literals, and functions that test and make changes.
//!
//! The functions use `Microsoft.Win32.Registry`, not the registry provider, which takes `/` in a key's name (SCHANNEL
//! has `AES 128/128`) for a separator and `*`, `?` and `[` for patterns. Scripts are ASCII, so that no version reads
//! them in another encoding; other characters are spelled as numbers.

use super::exact::{Data, Root, below_root, data, split};
use crate::registry::change::Change;
use crate::registry::path::{KeyPath, Name};

/// Refuses a 32-bit host, which sees another view of SOFTWARE.
pub(super) const IS_WRONG_HOST: &str = "[Environment]::Is64BitOperatingSystem -and -not [Environment]::Is64BitProcess";

/// Functions that tell whether a change is made already.
pub(super) const TESTS: &str = r"
function Test-Key($Root, $Path) {
    $key = $Root.OpenSubKey($Path)
    if ($null -eq $key) { return $false }
    $key.Dispose()
    return $true
}

function Test-Value($Root, $Path, $Name, $Kind, $Data) {
    $key = $Root.OpenSubKey($Path)
    if ($null -eq $key) { return $false }
    try {
        $found = $key.GetValue($Name, $null, [Microsoft.Win32.RegistryValueOptions]::DoNotExpandEnvironmentNames)
        if ($null -eq $found -or $key.GetValueKind($Name) -ne $Kind) { return $false }
        if ($found -isnot [array]) { return [object]::Equals($found, $Data) }
        if ($found.Length -ne $Data.Length) { return $false }
        for ($i = 0; $i -lt $found.Length; $i++) {
            if (-not [object]::Equals($found[$i], $Data[$i])) { return $false }
        }
        return $true
    } finally { $key.Dispose() }
}

function Test-Absent($Root, $Path, $Name) {
    $key = $Root.OpenSubKey($Path)
    if ($null -eq $key) { return $true }
    try {
        if ($null -ne $key.GetValue($Name)) { return $false }
        # .NET has no data for some types, but the name is there.
        foreach ($found in $key.GetValueNames()) {
            if ([string]::Equals($found, $Name, [StringComparison]::OrdinalIgnoreCase)) { return $false }
        }
        return $true
    } finally { $key.Dispose() }
}

function Test-Empty($Root, $Path) {
    $key = $Root.OpenSubKey($Path)
    if ($null -eq $key) { return $true }
    try { return $key.ValueCount -eq 0 } finally { $key.Dispose() }
}
";

/// Functions that make a change where it is not made yet. They ask `Confirm-Change` and count in `$script:changes`.
pub(super) const ACTIONS: &str = r"
function Add-Key($Root, $Path) {
    if (Test-Key $Root $Path) { return }
    if (Confirm-Change $Root $Path 'Create the key') {
        $Root.CreateSubKey($Path).Dispose()
        $script:changes++
    }
}

function Set-Value($Root, $Path, $Name, $Kind, $Data) {
    if (Test-Value $Root $Path $Name $Kind $Data) { return }
    if (Confirm-Change $Root $Path ('Set ' + $Name)) {
        $key = $Root.CreateSubKey($Path)
        try { $key.SetValue($Name, $Data, $Kind) } finally { $key.Dispose() }
        $script:changes++
    }
}

function Remove-Value($Root, $Path, $Name) {
    if (Test-Absent $Root $Path $Name) { return }
    if (Confirm-Change $Root $Path ('Delete ' + $Name)) {
        $key = $Root.OpenSubKey($Path, $true)
        try { $key.DeleteValue($Name, $false) } finally { $key.Dispose() }
        $script:changes++
    }
}

function Clear-Key($Root, $Path) {
    if (Test-Empty $Root $Path) { return }
    if (Confirm-Change $Root $Path 'Delete all values') {
        $key = $Root.OpenSubKey($Path, $true)
        try { foreach ($name in $key.GetValueNames()) { $key.DeleteValue($name, $false) } } finally { $key.Dispose() }
        $script:changes++
    }
}

function Remove-Key($Root, $Path) {
    if (-not (Test-Key $Root $Path)) { return }
    if (Confirm-Change $Root $Path 'Delete the key and all below it') {
        $Root.DeleteSubKeyTree($Path, $false)
        $script:changes++
    }
}
";

/// The command that makes a change.
pub(super) fn action(change: &Change) -> Result<String, String> {
    let place = place(change.key())?;
    Ok(match change {
        Change::CreateKey(_) => format!("Add-Key {place}"),
        Change::DeleteKey(_) => format!("Remove-Key {place}"),
        Change::DeleteValues(_) => format!("Clear-Key {place}"),
        Change::DeleteValue { name, .. } => format!("Remove-Value {place} {}", literal_name(name)?),
        Change::Set { name, value, .. } => {
            let (kind, data) = typed(&data(name, value)?);
            format!("Set-Value {place} {} ([Microsoft.Win32.RegistryValueKind]::{kind}) {data}", literal_name(name)?)
        }
    })
}

/// The condition that holds when a change is made.
pub(super) fn test(change: &Change) -> Result<String, String> {
    let place = place(change.key())?;
    Ok(match change {
        Change::CreateKey(_) => format!("Test-Key {place}"),
        Change::DeleteKey(_) => format!("-not (Test-Key {place})"),
        Change::DeleteValues(_) => format!("Test-Empty {place}"),
        Change::DeleteValue { name, .. } => format!("Test-Absent {place} {}", literal_name(name)?),
        Change::Set { name, value, .. } => {
            let (kind, data) = typed(&data(name, value)?);
            format!("Test-Value {place} {} ([Microsoft.Win32.RegistryValueKind]::{kind}) {data}", literal_name(name)?)
        }
    })
}

fn place(key: &KeyPath) -> Result<String, String> {
    let (root, names): (Root, &[Name]) = below_root(key)?;
    let units: Vec<&[u16]> = names.iter().map(Name::units).collect();
    Ok(format!("([Microsoft.Win32.Registry]::{}) {}", root.dotnet, literal(&units.join(&u16::from(b'\\')))))
}

/// The key with its root, as a literal.
pub(super) fn full_path(key: &KeyPath) -> Result<String, String> {
    let (root, names) = split(key)?;
    let root: Vec<u16> = root.long.encode_utf16().collect();
    let units: Vec<&[u16]> = std::iter::once(root.as_slice()).chain(names.iter().map(Name::units)).collect();
    Ok(literal(&units.join(&u16::from(b'\\'))))
}

/// A value's name as a literal. .NET passes names to Windows with a NUL behind them.
pub(super) fn literal_name(name: &Name) -> Result<String, String> {
    if name.units().contains(&0) {
        return Err(format!("\"{name}\": PowerShell cannot name a value with a NUL in its name"));
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
