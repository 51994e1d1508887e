//! Whose settings a `Registry.pol` holds: its bytes do not say.

use crate::windows::control_set::is_control_set;
use crate::windows::path::{KeyPath, Name};

/// Whose settings they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// The machine's: its keys are below `HKEY_LOCAL_MACHINE`.
    Machine,
    /// A user's: they are below `HKEY_CURRENT_USER`.
    User,
}

/// What is known of it from elsewhere than its keys.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Layout {
    /// What somebody said.
    pub said: Option<Owner>,
    /// The file lies in a folder `User`.
    pub folder_user: bool,
    /// And that folder in one of Group Policy.
    pub in_policy: bool,
}

impl Layout {
    /// What the place of a file says, whatever separates its folders. `beside` is asked for the names in the folder that the
    /// file's own folder lies in.
    pub fn of(path: &str, said: Option<Owner>, beside: impl FnOnce(fn(&str) -> bool) -> bool) -> Self {
        let mut folders = path.rsplit(['/', '\\']).skip(1);
        let folder_user = folders.next().is_some_and(|name| name.eq_ignore_ascii_case("User"));
        let above = folders.next().unwrap_or_default();
        let named = ["GroupPolicy", "GPO"].iter().any(|name| name.eq_ignore_ascii_case(above))
            || (above.starts_with('{') && above.ends_with('}'))
            || above.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("S-1-"));
        let policy = |name: &str| name.eq_ignore_ascii_case("GPT.INI") || name.eq_ignore_ascii_case("Machine");
        Self { said, folder_user, in_policy: folder_user && (named || beside(policy)) }
    }
}

/// Keys that Windows has in a user's hive alone, right below the root.
const OF_USERS: [&str; 9] = [
    "AppEvents",
    "Console",
    "Control Panel",
    "Environment",
    "EUDC",
    "Keyboard Layout",
    "Network",
    "Printers",
    "Volatile Environment",
];

/// Keys that it has, or reads, in the machine's alone; and those of control sets.
const OF_MACHINES: [&str; 3] = [
    r"SOFTWARE\Microsoft\.NETFramework",
    r"SOFTWARE\WOW6432Node",
    r"SOFTWARE\Policies\Microsoft\Cryptography\Configuration",
];

/// Whose a file with these keys is, or why that cannot be told. The keys start at `HKEY_LOCAL_MACHINE`.
pub(super) fn of<'a>(layout: Layout, keys: impl Iterator<Item = &'a KeyPath>) -> Result<Owner, String> {
    if let Some(owner) = layout.said {
        return Ok(owner);
    }
    if layout.in_policy {
        return Ok(Owner::User);
    }
    let machines = OF_MACHINES.map(KeyPath::parse);
    let (mut machine, mut user) = (false, false);
    for key in keys {
        let names = key.names().get(1..).unwrap_or_default();
        let is =
            |at: usize, text: &str| names.get(at).is_some_and(|name: &Name| Name::from(text).matches(name.units()));
        let set =
            is(0, "SYSTEM") && names.get(1).is_some_and(|name| is_control_set(name.units())) && !is(2, "Policies");
        let path = KeyPath(names.to_vec());
        machine |= set || machines.iter().any(|of_machine| path.below(of_machine).is_some());
        user |= OF_USERS.iter().any(|of_user| is(0, of_user));
    }
    let why = match (machine, user, layout.folder_user) {
        (true, false, _) | (false, false, false) => return Ok(Owner::Machine),
        (true, true, _) => "it has keys of a machine and keys of a user",
        (false, true, _) => "its keys are those of a user",
        (false, false, true) => "it lies in a folder \"User\", but not in one of Group Policy",
    };
    Err(format!("whether these are the machine's settings or a user's cannot be told: {why} (--registry-pol says it)"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_tells_by_the_layout_of_group_policy() {
        for (path, folder_user, in_policy) in [
            ("Registry.pol", false, false),
            ("home/user/Registry.pol", true, false),
            ("/home/user/Registry.pol", true, false),
            (r"C:\Windows\System32\GroupPolicy\User\Registry.pol", true, true),
            (r"x.vhdx › NTFS › Windows\System32\GroupPolicy\USER\Registry.pol", true, true),
            (r"Windows\System32\GroupPolicy\Machine\Registry.pol", false, false),
            ("Policies/{31B2F340-016D-11D2-945F-00C04FB984F9}/User/Registry.pol", true, true),
            ("{ID}/DomainSysvol/GPO/User/registry.pol", true, true),
            ("GroupPolicyUsers/S-1-5-32-545/User/Registry.pol", true, true),
            ("GPO/User/more/Registry.pol", false, false),
        ] {
            let layout = Layout { said: None, folder_user, in_policy };
            assert_eq!(Layout::of(path, None, |_| false), layout, "{path}");
        }
        for (name, is) in [("gpt.ini", true), ("MACHINE", true), ("User", false)] {
            assert_eq!(Layout::of("x/User/Registry.pol", None, |policy| policy(name)).in_policy, is, "{name}");
        }
    }

    #[test]
    fn keys_tell_where_the_place_does_not() {
        let (home, policy) = (
            Layout { folder_user: true, ..Layout::default() },
            Layout { folder_user: true, in_policy: true, ..Layout::default() },
        );
        let said = |owner| Layout { said: Some(owner), ..policy };
        let tls = r"SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL";
        let (net, open, desk) =
            (r"software\microsoft\.netframework\v4.0.30319", r"SOFTWARE\Policies\X", r"Control Panel\Desktop");
        for (layout, keys, want) in [
            (Layout::default(), &[open][..], Some(Owner::Machine)),
            (Layout::default(), &[desk, open], None),
            (Layout::default(), &[desk, tls], None),
            (home, &[tls, open], Some(Owner::Machine)),
            (home, &[net], Some(Owner::Machine)),
            (home, &[open], None),
            (home, &[r"SYSTEM\CurrentControlSet\Policies\X"], None),
            (policy, &[tls], Some(Owner::User)),
            (said(Owner::Machine), &[desk], Some(Owner::Machine)),
            (said(Owner::User), &[tls], Some(Owner::User)),
        ] {
            let paths: Vec<KeyPath> =
                keys.iter().map(|key| KeyPath::parse(&format!(r"HKEY_LOCAL_MACHINE\{key}"))).collect();
            assert_eq!(of(layout, paths.iter()).ok(), want, "{layout:?} {keys:?}");
        }
    }
}
