//! A backup of a Group Policy Object, as `Import-GPO` takes it: a folder with `manifest.xml` and, below the backup's id, `Backup.xml`,
//! `bkupInfo.xml` and the files of the object.
//!
//! No document of Microsoft describes it. The layout is that of 257 backups that Windows made; what stands in for a domain (no
//! security groups, an invalid domain name, an unknown controller) is what Windows Server 2025 was seen to import
//! (hraedon/gpo-studio, evidence of October 2026). The groups of extensions: \[MS-GPREG\] 1.9, \[MS-GPPREF\] 1.9.
//!
//! Ids are made from what is in the object, so that the same changeset gives the same backup.

use super::exact::remarks;
use super::format::File;
use super::refusal::Refusal;
use super::{Changeset, gpp, pol};
use crate::digest::{guid, sha256_hex};
use crate::windows::time::FileTime;

/// How the values are set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Settings {
    /// By `Machine\registry.pol`.
    Policy,
    /// By `Machine\Preferences\Registry\Registry.xml`.
    Preferences,
}

/// The group of extensions that reads `registry.pol`.
pub(super) const POLICY: &str = "[{35378EAC-683F-11D2-A89A-00C04FBBCFA2}{D02B1F72-3407-48AE-BA88-E8213C6761F1}]";

/// The groups of extensions that read `Registry.xml`.
pub(super) const PREFERENCES: &str = "[{00000000-0000-0000-0000-000000000000}{BEE07A6A-EC9F-4659-B8C9-0B1937907C83}]\
     [{B087BE9D-ED37-454F-AF9C-04291E351182}{BEE07A6A-EC9F-4659-B8C9-0B1937907C83}]";

const NAMESPACE: &str = "http://www.microsoft.com/GroupPolicy/GPOOperations";

/// A domain that cannot be anybody's (RFC 6761, 6.4), and a controller that nobody has.
const DOMAIN: &str = "tlshive.invalid";
const CONTROLLER: &str = "UNKNOWN";

/// `O:BAG:BAD:(A;;GA;;;SY)(A;;GA;;;BA)`, self-relative: no account of a domain is in it, and an import does not use it.
const SECURITY: &str = "01 00 04 80 14 00 00 00 24 00 00 00 00 00 00 00 34 00 00 00 01 02 00 00 00 00 00 05 20 00 00 00 \
     20 02 00 00 01 02 00 00 00 00 00 05 20 00 00 00 20 02 00 00 02 00 34 00 02 00 00 00 00 00 14 00 00 00 00 10 01 01 00 00 \
     00 00 00 05 12 00 00 00 00 00 18 00 00 00 00 10 01 02 00 00 00 00 00 05 20 00 00 00 20 02 00 00";

/// The longest name that the object gets.
const LONGEST: usize = 100;

/// The files, by their paths below the folder. `time` is when the backup is said to have been made.
pub(super) fn files(changeset: &Changeset, settings: Settings, time: FileTime) -> Result<Vec<File>, Refusal> {
    let (path, bytes) = match settings {
        Settings::Policy => ("registry.pol", pol::bytes(changeset)?),
        Settings::Preferences => (r"Preferences\Registry\Registry.xml", gpp::bytes(changeset, true)?),
    };
    let first = remarks(changeset, &[], false).into_iter().next().unwrap_or_default();
    let name = name(&first);
    let of = format!("{path}\0{name}\0{}", sha256_hex(&bytes));
    let id = |what: &str| guid(format!("{what}\0{of}").as_bytes());
    let (backup, object, domain) = (id("backup"), id("object"), id("domain"));
    let time = time.rfc3339(0);
    let time = time.trim_end_matches('Z');
    let instance = |namespace: &str| {
        format!(
            "<BackupInst{namespace}><GPOGuid><![CDATA[{object}]]></GPOGuid><GPODomain><![CDATA[{DOMAIN}]]></GPODomain>\
             <GPODomainGuid><![CDATA[{domain}]]></GPODomainGuid>\
             <GPODomainController><![CDATA[{CONTROLLER}]]></GPODomainController>\
             <BackupTime><![CDATA[{time}]]></BackupTime><ID><![CDATA[{backup}]]></ID><Comment><![CDATA[]]></Comment>\
             <GPODisplayName><![CDATA[{name}]]></GPODisplayName></BackupInst>"
        )
    };
    let manifest = format!(
        "<Backups xmlns=\"{NAMESPACE}/Manifest\" xmlns:mfst=\"{NAMESPACE}/Manifest\" mfst:version=\"1.0\">{}</Backups>",
        instance("")
    );
    let object_files = Listed { object: &object };
    let (policy, others, extensions) = match settings {
        Settings::Policy => (object_files.file("MACH", "Machine", path), String::new(), POLICY),
        Settings::Preferences => {
            let folders = ["Preferences", r"Preferences\Registry"].map(|folder| object_files.folder(folder)).concat();
            (String::new(), folders + &object_files.file("MACH", "Machine", path), PREFERENCES)
        }
    };
    let comment = object_files.file("", "", "GPO.cmt");
    let adm = object_files.pattern(r"Adm\*.*");
    let description = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n\
         <GroupPolicyBackupScheme bkp:version=\"2.0\" bkp:type=\"GroupPolicyBackupTemplate\" xmlns:bkp=\"{NAMESPACE}\" \
         xmlns=\"{NAMESPACE}\">\n\
         <GroupPolicyObject><SecurityGroups/><FilePaths/><GroupPolicyCoreSettings><ID><![CDATA[{object}]]></ID>\
         <Domain><![CDATA[{DOMAIN}]]></Domain><SecurityDescriptor>{SECURITY}</SecurityDescriptor>\
         <DisplayName><![CDATA[{name}]]></DisplayName><Options><![CDATA[0]]></Options>\
         <UserVersionNumber><![CDATA[0]]></UserVersionNumber><MachineVersionNumber><![CDATA[65537]]></MachineVersionNumber>\
         <MachineExtensionGuids><![CDATA[{extensions}]]></MachineExtensionGuids><UserExtensionGuids/><WMIFilter/>\
         </GroupPolicyCoreSettings>\n\
         <GroupPolicyExtension bkp:ID=\"{{35378EAC-683F-11D2-A89A-00C04FBBCFA2}}\" bkp:DescName=\"Registry\">{policy}{adm}\
         </GroupPolicyExtension>\n\
         <GroupPolicyExtension bkp:ID=\"{{F15C46CD-82A0-4C2D-A210-5D0D3182A418}}\" bkp:DescName=\"Unknown Extension\">\
         {comment}{others}</GroupPolicyExtension>\n</GroupPolicyObject></GroupPolicyBackupScheme>\n"
    );
    let machine = path.replace('\\', "/");
    let info = instance(&format!(" xmlns=\"{NAMESPACE}/Manifest\""));
    Ok([
        (format!("{backup}/DomainSysvol/GPO/Machine/{machine}"), bytes),
        (format!("{backup}/DomainSysvol/GPO/GPO.cmt"), comment_text(changeset, &backup, settings)),
        (format!("{backup}/Backup.xml"), description.into_bytes()),
        (format!("{backup}/bkupInfo.xml"), info.into_bytes()),
        ("manifest.xml".to_owned(), manifest.into_bytes()),
    ]
    .into_iter()
    .map(|(name, bytes)| File { name: Some(name), bytes })
    .collect())
}

/// What the object is called: by the first remark, up to the end of a word.
fn name(first: &str) -> String {
    let whole = format!("tlshive: {first}").replace("]]>", "]] >");
    let cut: String = whole.chars().take(LONGEST).collect();
    let cut =
        if cut.len() < whole.len() { cut.rsplit_once(' ').map_or(cut.as_str(), |(words, _)| words) } else { &cut };
    cut.trim_end_matches([' ', '.', ':']).to_owned()
}

/// The text that becomes the description of the object: UTF-16LE without a byte order mark.
fn comment_text(changeset: &Changeset, backup: &str, settings: Settings) -> Vec<u8> {
    let import =
        format!("Import-GPO -BackupId '{backup}' -Path FOLDER -TargetName NAME -CreateIfNeeded (not Restore-GPO)");
    let mut notes = vec![
        import.as_str(),
        "The import erases all former settings of its target, and links it nowhere.",
        "Values outside the Policies keys stay when the object goes away.",
    ];
    if settings == Settings::Preferences {
        notes.push("LGPO.exe /g does nothing with this: it reads registry.pol alone.");
    }
    let lines = remarks(changeset, &notes, false);
    lines.join("\r\n").encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// The files of the object, as `Backup.xml` lists them.
struct Listed<'a> {
    object: &'a str,
}

impl Listed<'_> {
    fn origin(&self, path: &str) -> String {
        format!(r"\\{CONTROLLER}\sysvol\{DOMAIN}\Policies\{}\{path}", self.object)
    }

    /// A file of a side, or of the object itself.
    fn file(&self, variable: &str, side: &str, path: &str) -> String {
        self.entry("FSObjectFile", variable, side, path)
    }

    /// A folder of the machine's side.
    fn folder(&self, path: &str) -> String {
        self.entry("FSObjectDir", "MACH", "Machine", path)
    }

    fn entry(&self, element: &str, variable: &str, side: &str, path: &str) -> String {
        let variable = if variable.is_empty() { "GPO_FSPATH".to_owned() } else { format!("GPO_{variable}_FSPATH") };
        let below = if side.is_empty() { path.to_owned() } else { format!(r"{side}\{path}") };
        let origin = self.origin(&below);
        format!(
            "<{element} bkp:Path=\"%{variable}%\\{path}\" bkp:SourceExpandedPath=\"{origin}\" \
             bkp:Location=\"DomainSysvol\\GPO\\{below}\"/>"
        )
    }

    /// Files that are not there.
    fn pattern(&self, path: &str) -> String {
        format!("<FSObjectFile bkp:Path=\"%GPO_FSPATH%\\{path}\" bkp:SourceExpandedPath=\"{}\"/>", self.origin(path))
    }
}
