//! Changes to hives that are loaded under other names, as in the recovery environment of Windows.

use super::{Made, PlanError};
use crate::host::HiveKind;
use crate::windows::control_set::in_control_set;
use crate::windows::path::{KeyPath, Name};

/// Where a hive is loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root {
    /// Which hive.
    pub hive: HiveKind,
    /// The key that its root is.
    pub key: KeyPath,
}

impl Made {
    /// The same changes, made to hives that are loaded elsewhere; of others, nothing is written. `set` is the control set to
    /// write to, since a hive that is not in use has no `CurrentControlSet`.
    ///
    /// # Errors
    /// When the control set is not known, and when nothing is left.
    pub fn under(mut self, roots: &[Root], set: Option<&str>) -> Result<Self, PlanError> {
        let mut left_out: Vec<HiveKind> = Vec::new();
        let mut changes = Vec::new();
        for change in std::mem::take(&mut self.changeset.changes) {
            let key = match set {
                Some(set) => in_control_set(change.key(), &Name::from(set)),
                None => change.key().clone(),
            };
            let kinds = [HiveKind::System, HiveKind::Software].into_iter();
            let Some((hive, below)) = kinds.filter_map(|hive| Some((hive, key.below(&hive.root())?))).next() else {
                return Err(PlanError::NoHive { key });
            };
            let Some(root) = roots.iter().find(|root| root.hive == hive) else {
                if !left_out.contains(&hive) {
                    left_out.push(hive);
                }
                continue;
            };
            let alias = Name::from("CurrentControlSet");
            if below.first().is_some_and(|name| hive == HiveKind::System && name.matches(alias.units())) {
                return Err(PlanError::NoControlSet);
            }
            let key = KeyPath(root.key.names().iter().chain(below).cloned().collect());
            changes.push(change.at(key));
        }
        if changes.is_empty() && !left_out.is_empty() {
            let hives = left_out.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ");
            return Err(PlanError::NothingUnder { hives });
        }
        for hive in left_out {
            let how = format!("load it too, and name it with --root {hive}=HKLM\\NAME");
            self.remark(&format!("Left out: what is to be changed in {hive}: {how}"));
        }
        for Root { hive, key } in roots {
            let key = key.to_string().replacen("HKEY_LOCAL_MACHINE", "HKLM", 1);
            self.changeset.remarks.push(format!(
                "For the hive {hive} that is loaded as {key}: before, reg load {key} D:\\Windows\\System32\\config\\{hive}"
            ));
            self.changeset
                .remarks
                .push(format!("(D: is the drive of the broken Windows); afterwards, reg unload {key}"));
        }
        self.changeset.changes = changes;
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::change::Change;
    use crate::windows::value::Value;

    #[test]
    fn changes_go_where_the_hive_is_loaded() {
        let set = |key: &str| Change::Set { key: KeyPath::parse(key), name: Name::from("V"), value: Value::dword(1) };
        let system = r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control";
        let software = r"HKEY_LOCAL_MACHINE\SOFTWARE\WOW6432Node\Microsoft";
        let made = || Made::new(Vec::new(), vec![set(system), set(software)]);
        let root = |hive, key: &str| Root { hive, key: KeyPath::parse(key) };
        let broken = [root(HiveKind::System, r"HKEY_LOCAL_MACHINE\BROKEN"), root(HiveKind::Software, r"HKEY_USERS\S")];
        let both = made().under(&broken, Some("ControlSet002")).unwrap();
        let there =
            [r"HKEY_LOCAL_MACHINE\BROKEN\ControlSet002\Control", r"HKEY_USERS\S\WOW6432Node\Microsoft"].map(set);
        assert_eq!((both.changeset.changes.as_slice(), both.said.len()), (&there[..], 0));
        let one = made().under(&broken[..1], Some("ControlSet002")).unwrap();
        assert_eq!((one.changeset.changes.as_slice(), one.said.len()), (&there[..1], 1));
        assert_eq!(made().under(&broken, None).unwrap_err(), PlanError::NoControlSet);
        let none = Made::new(Vec::new(), vec![set(software)]).under(&broken[..1], None).unwrap_err();
        assert_eq!(none, PlanError::NothingUnder { hives: "SOFTWARE".to_owned() });
        let other = Made::new(Vec::new(), vec![set(r"HKEY_LOCAL_MACHINE\SAM\K")]).under(&broken, None).unwrap_err();
        assert!(matches!(other, PlanError::NoHive { .. }));
    }
}
