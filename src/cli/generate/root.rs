//! Where hives are loaded that are not in use: `--root`.

use crate::host::HiveKind;
use crate::plan::Root;
use crate::windows::path::KeyPath;

/// Reads `HKLM\NAME`, where the name shows which hive it is, or `SYSTEM=HKLM\NAME`.
pub(in crate::cli) fn root(text: &str) -> Result<Root, String> {
    let kinds = [HiveKind::System, HiveKind::Software];
    let (said, place) = match text.split_once('=') {
        Some((hive, place)) => {
            let kind = kinds.into_iter().find(|kind| kind.to_string().eq_ignore_ascii_case(hive.trim()));
            let kind = kind.ok_or_else(|| format!("\"{hive}\" is no hive that is written to: SYSTEM or SOFTWARE"))?;
            (Some(kind), place)
        }
        None => (None, text),
    };
    let long = |text: &str| {
        let short = [("HKLM", "HKEY_LOCAL_MACHINE"), ("HKU", "HKEY_USERS")];
        let full =
            short.iter().find(|(short, full)| text.eq_ignore_ascii_case(short) || text.eq_ignore_ascii_case(full));
        full.map(|(_, full)| *full)
    };
    let names =
        place.trim().split_once('\\').and_then(|(first, rest)| Some((long(first.trim_end_matches(':'))?, rest)));
    let Some((first, name)) = names.filter(|(_, name)| !name.is_empty() && !name.contains('\\')) else {
        return Err(r"expected the key that the hive is loaded as, such as HKLM\BROKENSYSTEM".to_owned());
    };
    let is_live = kinds.into_iter().any(|kind| name.eq_ignore_ascii_case(&kind.to_string()));
    if first == "HKEY_LOCAL_MACHINE" && is_live {
        return Err(format!("HKLM\\{name} is the registry of the Windows that runs, not a hive that is loaded"));
    }
    let shown = kinds.into_iter().filter(|kind| name.to_ascii_uppercase().contains(&kind.to_string()));
    let shown: Vec<HiveKind> = shown.collect();
    let hive = match (said, shown.as_slice()) {
        (Some(hive), _) => hive,
        (None, [hive]) => *hive,
        (None, _) => return Err(format!("which hive is it? SYSTEM={place} or SOFTWARE={place}")),
    };
    Ok(Root { hive, key: KeyPath::parse(&format!("{first}\\{name}")) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_root_names_its_hive_or_shows_it() {
        let read = |text: &str| root(text).map(|root| format!("{} {}", root.hive, root.key));
        assert_eq!(read(r"HKLM\BROKENSYSTEM").unwrap(), r"SYSTEM HKEY_LOCAL_MACHINE\BROKENSYSTEM");
        assert_eq!(read(r"hklm:\offline_software").unwrap(), r"SOFTWARE HKEY_LOCAL_MACHINE\offline_software");
        assert_eq!(read(r"software=HKEY_USERS\X").unwrap(), r"SOFTWARE HKEY_USERS\X");
        for wrong in [
            "",
            "BROKENSYSTEM",
            r"HKLM\",
            r"HKLM\X",
            r"HKLM\SYSTEM",
            r"SAM=HKLM\X",
            r"HKLM\SYSTEM\Setup",
            r"HKCU\SYSTEM1",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
