//! The eight values through nt-hive, as a program would read them that trusts its input: each key once, both its values.

use nt_hive::{Hive, KeyNode};

const NET: &str = r"Microsoft\.NETFramework\v4.0.30319";
const WOW: &str = r"WOW6432Node\Microsoft\.NETFramework\v4.0.30319";
const TLS: &str = r"Control\SecurityProviders\SCHANNEL\Protocols\TLS 1.2";

/// A value of the registry: its key, its name, and its number if it is there.
pub(crate) type Row = (String, &'static str, Option<u32>);

/// Reads them from the bytes of a SYSTEM and a SOFTWARE hive.
pub(crate) fn read(system: &[u8], software: &[u8]) -> nt_hive::Result<Vec<Row>> {
    let mut rows = Vec::new();
    let software = hive(software)?;
    let root = software.root_key_node()?;
    for key in [WOW, NET] {
        both(&root, key, ["SystemDefaultTlsVersions", "SchUseStrongCrypto"], &mut rows)?;
    }
    let system = hive(system)?;
    let root = system.root_key_node()?;
    let set = match root.subpath("Select").transpose()? {
        Some(select) => number(&select, "Current")?.unwrap_or(1),
        None => 1,
    };
    for side in ["Server", "Client"] {
        let key = format!(r"ControlSet{set:03}\{TLS}\{side}");
        both(&root, &key, ["Enabled", "DisabledByDefault"], &mut rows)?;
    }
    Ok(rows)
}

/// Strict where the hive allows it: a dirty one is refused then, and can only be read without any check.
fn hive(bytes: &[u8]) -> nt_hive::Result<Hive<&[u8]>> {
    Hive::new(bytes).or_else(|_| Hive::without_validation(bytes))
}

fn both(root: &KeyNode<'_, &[u8]>, path: &str, names: [&'static str; 2], rows: &mut Vec<Row>) -> nt_hive::Result<()> {
    let key = root.subpath(path).transpose()?;
    for name in names {
        let number = key.as_ref().map_or(Ok(None), |key| number(key, name))?;
        rows.push((path.to_owned(), name, number));
    }
    Ok(())
}

fn number(key: &KeyNode<'_, &[u8]>, name: &str) -> nt_hive::Result<Option<u32>> {
    key.value(name).map(|value| value?.dword_data()).transpose()
}
