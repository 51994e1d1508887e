//! Where hives are loaded that are not in use: `--root`.

use crate::host::HiveKind;
use crate::plan::Root;
use crate::windows::path::KeyPath;
use crate::windows::roots;

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
        let units: Vec<u16> = text.encode_utf16().collect();
        let known = roots::Root::with_short_name(&units).or_else(|| roots::Root::with_long_name(&units));
        known.map(|root| root.long).filter(|long| ["HKEY_LOCAL_MACHINE", "HKEY_USERS"].contains(long))
    };
    let names =
        place.trim().split_once('\\').and_then(|(first, rest)| Some((long(first.trim_end_matches(':'))?, rest)));
    let Some((first, name)) = names.filter(|(_, name)| !name.is_empty() && !name.contains('\\')) else {
        return Err(r"expected the key that the hive is loaded as, such as HKLM\BROKENSYSTEM".to_owned());
    };
    let live: &[&str] = match first {
        "HKEY_LOCAL_MACHINE" => {
            &["SYSTEM", "SOFTWARE", "SAM", "SECURITY", "HARDWARE", "BCD00000000", "COMPONENTS", "DRIVERS"]
        }
        _ => &[".DEFAULT", "S-1-5-18", "S-1-5-19", "S-1-5-20"],
    };
    if live.iter().any(|live| name.eq_ignore_ascii_case(live)) {
        return Err(format!("{first}\\{name} is the registry of the Windows that runs, not a hive that is loaded"));
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

/// Two hives in one place, or one in two, is a slip.
pub(in crate::cli) fn check(roots: &[Root]) -> Result<(), String> {
    for (n, root) in roots.iter().enumerate() {
        let before = roots.iter().take(n).find(|before| before.hive == root.hive || before.key == root.key);
        if let Some(before) = before {
            let (hive, key, other) = (before.hive, &before.key, &root.key);
            return Err(format!(
                "--root: {hive} at {key} and {} at {other}: each hive once, each in a place of its own",
                root.hive
            ));
        }
    }
    Ok(())
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
            r"SYSTEM=HKLM\sam",
            r"SYSTEM=HKU\.DEFAULT",
            r"SAM=HKLM\X",
            r"HKLM\SYSTEM\Setup",
            r"HKCU\SYSTEM1",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
        let all = |texts: &[&str]| check(&texts.iter().map(|text| root(text).unwrap()).collect::<Vec<_>>());
        assert_eq!(all(&[r"HKLM\OLDSYSTEM", r"HKLM\OLDSOFTWARE"]), Ok(()));
        for wrong in [[r"HKLM\OLDSYSTEM", r"HKLM\MYSYSTEM"], [r"SYSTEM=HKLM\X", r"SOFTWARE=HKLM\X"]] {
            assert!(all(&wrong).is_err(), "{wrong:?}");
        }
    }
}
