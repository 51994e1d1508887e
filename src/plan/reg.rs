//! `.reg` files, as regedit itself would export them.
//!
//! regashii serialises the body; the encoding, the byte order mark, CR LF and the comment header are ours.

use regashii::{Format, Key, KeyName, Registry, ValueName};

use super::Changeset;
use crate::registry::change::Change;
use crate::registry::path::Name;
use crate::registry::value::Value;

/// Which `.reg` format to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RegFormat {
    /// `Windows Registry Editor Version 5.00`: UTF-16LE with a byte order mark.
    Version5,
    /// `REGEDIT4`: the ANSI code page.
    Version4,
}

/// The text of the file, with LF line ends and without a byte order mark: for reading on a terminal.
///
/// # Errors
/// When a value is not one that this writer expresses exactly.
pub fn text(changeset: &Changeset, format: RegFormat) -> Result<String, String> {
    let plain = |change: &Change| matches!(change, Change::Set { value, .. } if value.as_dword().is_some());
    if !changeset.changes.iter().all(plain) {
        return in_order(changeset, format);
    }
    let mut registry = Registry::new(match format {
        RegFormat::Version5 => Format::Regedit5,
        RegFormat::Version4 => Format::Regedit4,
    });
    for change in &changeset.changes {
        let Change::Set { key, name, value } = change else { return Err(format!("{change:?} is not written")) };
        let number = value.as_dword().ok_or_else(|| format!("{name}: only REG_DWORD values are written"))?;
        let set = Key::new().with(ValueName::named(name.to_string()), regashii::Value::Dword(number));
        registry.insert(KeyName::new(key.to_string()), set);
    }
    let body = registry.serialize();
    let (header, keys) = body.split_once('\n').ok_or("regashii wrote no header")?;
    let remarks: String = changeset.remarks.iter().map(|line| format!("; {line}\n")).collect();
    Ok(format!("{header}\n\n{remarks}{keys}\n"))
}

/// The text where not all of it sets numbers: in the order of the changes.
fn in_order(changeset: &Changeset, format: RegFormat) -> Result<String, String> {
    let mut text = match format {
        RegFormat::Version5 => "Windows Registry Editor Version 5.00\n\n".to_owned(),
        RegFormat::Version4 => "REGEDIT4\n\n".to_owned(),
    };
    changeset.remarks.iter().for_each(|line| text.push_str(&format!("; {line}\n")));
    let mut open = None;
    for change in &changeset.changes {
        let key = change.key();
        if let Change::DeleteKey(_) = change {
            text.push_str(&format!("\n[-{key}]\n"));
            open = None;
            continue;
        }
        if open != Some(key) {
            text.push_str(&format!("\n[{key}]\n"));
            open = Some(key);
        }
        match change {
            Change::DeleteValue { name, .. } => text.push_str(&format!("{}=-\n", quoted(name))),
            Change::Set { name, value, .. } => text.push_str(&format!("{}={}\n", quoted(name), data(value))),
            Change::DeleteValues(key) => return Err(format!("{key}: a .reg file cannot delete all values of a key")),
            Change::CreateKey(_) | Change::DeleteKey(_) => {}
        }
    }
    text.push('\n');
    Ok(text)
}

fn quoted(name: &Name) -> String {
    match name.to_string() {
        name if name.is_empty() => "@".to_owned(),
        name => format!("\"{}\"", name.replace('\\', r"\\").replace('"', "\\\"")),
    }
}

fn data(value: &Value) -> String {
    if let Some(number) = value.as_dword() {
        return format!("dword:{number:08x}");
    }
    let plain =
        |text: &String| Value::sz(text) == *value && text.chars().all(|c| c == ' ' || c.is_ascii_alphanumeric());
    if let Some(text) = value.as_text().filter(plain) {
        return format!("\"{text}\"");
    }
    let bytes: Vec<String> = value.data.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("hex({:x}):{}", value.kind.0, bytes.join(","))
}

/// The bytes of the file, ready for import.
///
/// # Errors
/// As [`text`], and when `REGEDIT4` is asked for and something is not ASCII.
pub fn bytes(changeset: &Changeset, format: RegFormat) -> Result<Vec<u8>, String> {
    let text = text(changeset, format)?.replace('\n', "\r\n");
    match format {
        RegFormat::Version5 => Ok([0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()),
        RegFormat::Version4 if text.is_ascii() => Ok(text.into_bytes()),
        RegFormat::Version4 => Err("REGEDIT4 files are written in ASCII alone".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Plan;
    use crate::policy::Policy;
    use crate::registry::path::KeyPath;

    fn two() -> Changeset {
        let set = |name, n| Change::Set {
            key: KeyPath::parse(r"HKEY_LOCAL_MACHINE\K"),
            name: Name::from(name),
            value: Value::dword(n),
        };
        let changes = vec![set("A", 1), set("B", 0xffff_ffff)];
        Changeset { remarks: vec!["Why.".into()], changes, left_out: Vec::new() }
    }

    #[test]
    fn the_file_reads_as_regedit_would_export_it() {
        let want = "Windows Registry Editor Version 5.00\r\n\r\n; Why.\r\n\r\n[HKEY_LOCAL_MACHINE\\K]\r\n\"A\"=dword:00000001\r\n\"B\"=dword:ffffffff\r\n\r\n";
        let bytes = bytes(&two(), RegFormat::Version5).unwrap();
        assert_eq!(bytes[..2], [0xff, 0xfe]);
        let units: Vec<u16> = bytes[2..].chunks(2).map(|c| u16::from_le_bytes([c[0], c[1]])).collect();
        assert_eq!(String::from_utf16(&units).unwrap(), want);
    }

    #[test]
    fn regedit4_is_ascii() {
        let bytes = bytes(&two(), RegFormat::Version4).unwrap();
        assert!(bytes.starts_with(b"REGEDIT4\r\n\r\n; Why.\r\n\r\n[HKEY_LOCAL_MACHINE\\K]\r\n"));
        let policy = Policy::default_policy().unwrap();
        let disable = Plan::Disable.changeset(&policy, &[], None).unwrap();
        let text = text(&disable, RegFormat::Version4).unwrap();
        assert!(text.contains("; NOT RECOMMENDED"));
        assert_eq!(text.matches("dword:").count(), 8);
    }
}
