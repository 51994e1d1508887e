//! The registry that a 32-bit program on 64-bit Windows writes to.

use super::Import;
use crate::windows::keys::software;
use crate::windows::path::{KeyPath, Name};

/// Which program imports a file: what it writes below `SOFTWARE` goes where programs of its own kind read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum View {
    /// A 64-bit one, or any program of a 32-bit Windows.
    #[default]
    Bits64,
    /// A 32-bit one, such as `SysWOW64\regedit.exe` or `reg import /reg:32`.
    Bits32,
}

const NODE: &str = "WOW6432Node";

/// The keys below `SOFTWARE` that Windows 7, Server 2008 R2 and later share between the views, with what is below them
/// (Microsoft, "Registry Keys Affected by Windows Installations That Include WOW Support", second column). Those below
/// `Classes` that are not shared after all are of no use here: nothing that is asked for is among them.
const SHARED: [&str; 49] = [
    r"Classes",
    r"Clients",
    r"Microsoft\COM3",
    r"Microsoft\Cryptography\Calais\Current",
    r"Microsoft\Cryptography\Calais\Readers",
    r"Microsoft\Cryptography\Services",
    r"Microsoft\CTF\SystemShared",
    r"Microsoft\CTF\TIP",
    r"Microsoft\DFS",
    r"Microsoft\Driver Signing",
    r"Microsoft\EnterpriseCertificates",
    r"Microsoft\EventSystem",
    r"Microsoft\MSMQ",
    r"Microsoft\Non-Driver Signing",
    r"Microsoft\Notepad\DefaultFonts",
    r"Microsoft\OLE",
    r"Microsoft\RAS",
    r"Microsoft\RPC",
    r"Microsoft\Shared Tools\MSInfo",
    r"Microsoft\SystemCertificates",
    r"Microsoft\TermServLicensing",
    r"Microsoft\TransactionServer",
    r"Microsoft\Windows\CurrentVersion\App Paths",
    r"Microsoft\Windows\CurrentVersion\Control Panel\Cursors\Schemes",
    r"Microsoft\Windows\CurrentVersion\Explorer\AutoplayHandlers",
    r"Microsoft\Windows\CurrentVersion\Explorer\DriveIcons",
    r"Microsoft\Windows\CurrentVersion\Explorer\KindMap",
    r"Microsoft\Windows\CurrentVersion\Group Policy",
    r"Microsoft\Windows\CurrentVersion\Policies",
    r"Microsoft\Windows\CurrentVersion\PreviewHandlers",
    r"Microsoft\Windows\CurrentVersion\Setup",
    r"Microsoft\Windows\CurrentVersion\Telephony\Locations",
    r"Microsoft\Windows NT\CurrentVersion\Console",
    r"Microsoft\Windows NT\CurrentVersion\FontDpi",
    r"Microsoft\Windows NT\CurrentVersion\FontLink",
    r"Microsoft\Windows NT\CurrentVersion\FontMapper",
    r"Microsoft\Windows NT\CurrentVersion\Fonts",
    r"Microsoft\Windows NT\CurrentVersion\FontSubstitutes",
    r"Microsoft\Windows NT\CurrentVersion\Gre_Initialize",
    r"Microsoft\Windows NT\CurrentVersion\Image File Execution Options",
    r"Microsoft\Windows NT\CurrentVersion\Language Pack",
    r"Microsoft\Windows NT\CurrentVersion\NetworkCards",
    r"Microsoft\Windows NT\CurrentVersion\Perflib",
    r"Microsoft\Windows NT\CurrentVersion\Ports",
    r"Microsoft\Windows NT\CurrentVersion\Print",
    r"Microsoft\Windows NT\CurrentVersion\ProfileList",
    r"Microsoft\Windows NT\CurrentVersion\Time Zones",
    r"Policies",
    r"RegisteredApplications",
];

/// Where an import writes to instead of a key.
pub(super) enum Redirected {
    No,
    To(KeyPath),
    /// To either: the architecture is not known.
    Unknown(KeyPath),
}

impl Redirected {
    pub(super) fn of(key: &KeyPath, import: &Import) -> Self {
        if import.view == View::Bits64 || import.wow64 == Some(false) {
            return Redirected::No;
        }
        match (in_32_bit_view(key), import.wow64) {
            (None, _) => Redirected::No,
            (Some(path), Some(_)) => Redirected::To(path),
            (Some(path), None) => Redirected::Unknown(path),
        }
    }

    /// Every key that it may be.
    pub(super) fn paths(self, key: &KeyPath) -> Vec<KeyPath> {
        match self {
            Redirected::No => vec![key.clone()],
            Redirected::To(path) => vec![path],
            Redirected::Unknown(path) => vec![key.clone(), path],
        }
    }
}

/// The key that a 32-bit program on 64-bit Windows comes to, if that is another one.
fn in_32_bit_view(key: &KeyPath) -> Option<KeyPath> {
    let below = key.below(&software())?;
    if below.first().is_some_and(|name| Name::from(NODE).matches(name.units())) {
        return None;
    }
    let path = KeyPath(below.to_vec());
    let shared = SHARED.iter().any(|shared| path.below(&KeyPath::parse(shared)).is_some());
    (!shared).then(|| KeyPath(software().0.iter().chain([&Name::from(NODE)]).chain(below).cloned().collect()))
}

/// The key of the 64-bit view from which an import with a 32-bit program comes to this one; none for the node itself.
pub fn native_twin(key: &KeyPath) -> Option<KeyPath> {
    let (node, below) = key.below(&software())?.split_first()?;
    (Name::from(NODE).matches(node.units()) && !below.is_empty())
        .then(|| KeyPath(software().0.iter().chain(below).cloned().collect()))
}

/// The key of the other view that may be this one, below what the views share.
pub(super) fn shared_twin(key: &KeyPath) -> Option<KeyPath> {
    let shared = |below: &[Name]| {
        let path = KeyPath(below.to_vec());
        SHARED.iter().any(|shared| path.below(&KeyPath::parse(shared)).is_some())
    };
    let below = key.below(&software())?;
    if let Some(native) = native_twin(key) {
        return native.below(&software()).is_some_and(shared).then_some(native);
    }
    shared(below).then(|| KeyPath(software().0.iter().chain([&Name::from(NODE)]).chain(below).cloned().collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn software_is_redirected_but_for_shared_keys() {
        for (key, to) in [
            (
                r"SOFTWARE\Microsoft\.NETFramework\v4.0.30319",
                r"SOFTWARE\WOW6432Node\Microsoft\.NETFramework\v4.0.30319",
            ),
            (r"software\MICROSOFT", r"SOFTWARE\WOW6432Node\MICROSOFT"),
            (r"SOFTWARE", r"SOFTWARE\WOW6432Node"),
            (r"SOFTWARE\wow6432node\Microsoft", ""),
            (r"SOFTWARE\Policies\Microsoft\Cryptography", ""),
            (r"SOFTWARE\microsoft\windows nt\currentversion\Fonts", ""),
            (r"SOFTWARE\microsoft\windows nt\currentversion\time zones\x", ""),
            (
                r"SOFTWARE\Microsoft\Windows NT\CurrentVersion",
                r"SOFTWARE\WOW6432Node\Microsoft\Windows NT\CurrentVersion",
            ),
            (r"SYSTEM\CurrentControlSet\Control", ""),
        ] {
            let path = |text: &str| KeyPath::parse(&format!(r"HKEY_LOCAL_MACHINE\{text}"));
            let want = (!to.is_empty()).then(|| path(to));
            assert_eq!(in_32_bit_view(&path(key)), want, "{key}");
        }
    }

    #[test]
    fn only_shared_keys_may_be_one_in_both_views() {
        let path = |text: &str| KeyPath::parse(&format!(r"HKEY_LOCAL_MACHINE\SOFTWARE\{text}"));
        for (one, other) in [(r"Policies\X", r"WOW6432Node\Policies\X"), (r"Clients", r"WOW6432Node\Clients")] {
            assert_eq!(shared_twin(&path(one)), Some(path(other)));
            assert_eq!(shared_twin(&path(other)), Some(path(one)));
        }
        for one in [r"Microsoft\X", r"WOW6432Node\Microsoft\X", "WOW6432Node", ""] {
            assert_eq!(shared_twin(&path(one)), None, "{one}");
        }
    }

    #[test]
    fn a_twin_is_what_is_redirected_to_the_key() {
        let path = |text: &str| KeyPath::parse(&format!(r"HKEY_LOCAL_MACHINE\SOFTWARE\{text}"));
        assert_eq!(native_twin(&path(r"WOW6432Node\Microsoft")), Some(path("Microsoft")));
        assert_eq!(native_twin(&path(r"Microsoft")), None);
        assert_eq!(native_twin(&path(r"WOW6432Node")), None);
    }
}
