//! The formats that a changeset can be written in.

use super::gpo_backup::{self, Settings};
use super::refusal::Refusal;
use super::reg::RegFormat;
use super::{Changeset, ansible, cmd, dsc, dsc3, gpp, intune, lgpo, pol, ps1, reg};
use crate::registry::Registry;
use crate::windows::time::FileTime;

/// A format of files that make changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `.reg`, version 5.00.
    Reg,
    /// `.reg`, `REGEDIT4`.
    Reg4,
    /// `Registry.pol` of a Group Policy Object.
    Pol,
    /// The text that LGPO.exe reads.
    Lgpo,
    /// `Registry.xml` of Group Policy Preferences.
    Gpp,
    /// The `<Collection>` of such a file, to be pasted.
    GppCollection,
    /// A backup of a Group Policy Object that `Import-GPO` takes: a folder.
    GpoBackup {
        /// How it sets the values.
        settings: Settings,
        /// When it is said to have been made.
        time: FileTime,
    },
    /// A PowerShell script.
    Ps1,
    /// A batch file.
    Cmd,
    /// Detection and remediation script for Intune: two files.
    Intune,
    /// Tasks for Ansible.
    Ansible,
    /// A PowerShell DSC configuration.
    Dsc,
    /// A document of Microsoft DSC v3.
    Dsc3,
}

/// A file to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// What it is called, where there are several: a path with slashes.
    pub name: Option<String>,
    /// What is in it.
    pub bytes: Vec<u8>,
}

impl Format {
    /// All of them.
    pub const ALL: [Format; 14] = [
        Format::Reg,
        Format::Reg4,
        Format::Pol,
        Format::Lgpo,
        Format::Gpp,
        Format::GppCollection,
        Format::GpoBackup { settings: Settings::Policy, time: FileTime(0) },
        Format::GpoBackup { settings: Settings::Preferences, time: FileTime(0) },
        Format::Ps1,
        Format::Cmd,
        Format::Intune,
        Format::Ansible,
        Format::Dsc,
        Format::Dsc3,
    ];

    /// What the name of a file ends in; nothing for several files, which need a folder.
    pub fn extension(self) -> &'static str {
        self.row().1
    }

    /// What it is called on the command line.
    pub fn name(self) -> &'static str {
        self.row().0
    }

    /// What it is for, as the help says it.
    pub fn about(self) -> &'static str {
        self.row().2
    }

    /// Name, extension, and what it is for.
    fn row(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Format::Reg => ("reg", ".reg", "For regedit: version 5.00, UTF-16LE with a byte order mark"),
            Format::Reg4 => ("reg4", ".reg", "For old tools: REGEDIT4, ANSI"),
            Format::Pol => ("pol", ".pol", "Registry.pol of a Group Policy Object; LGPO.exe /m imports it"),
            Format::Lgpo => ("lgpo", ".txt", "Text for LGPO.exe /t"),
            Format::Gpp => ("gpp", ".xml", "Registry.xml of Group Policy Preferences"),
            Format::GppCollection => {
                ("gpp-collection", ".xml", "The collection in such a file alone, to be pasted into the editor")
            }
            Format::GpoBackup { settings: Settings::Policy, .. } => (
                "gpo-backup",
                "",
                "Folder that Import-GPO takes (-o names it), with registry.pol. The import erases the former settings of its \
                 target and links it nowhere; Compress-Archive drops files that Windows hid",
            ),
            Format::GpoBackup { settings: Settings::Preferences, .. } => (
                "gpo-backup-preferences",
                "",
                "The same with Registry.xml of Group Policy Preferences; LGPO.exe /g does nothing with it",
            ),
            Format::Ps1 => ("ps1", ".ps1", "PowerShell script with -WhatIf and -Undo"),
            Format::Cmd => ("cmd", ".cmd", "Batch file"),
            Format::Intune => {
                ("intune", "", "Detection and remediation script for Intune, in the folder that -o names")
            }
            Format::Ansible => ("ansible", ".yml", "Tasks for Ansible (ansible.windows.win_regedit)"),
            Format::Dsc => ("dsc", ".ps1", "PowerShell DSC configuration (xPSDesiredStateConfiguration)"),
            Format::Dsc3 => ("dsc3", ".yml", "Document of Microsoft DSC v3, which winget configure takes too"),
        }
    }

    /// Whether there are several files, which need a folder.
    pub fn is_folder(self) -> bool {
        matches!(self, Format::Intune | Format::GpoBackup { .. })
    }
}

/// The files that carry out a changeset; `machine` is what they are made for, where that is known.
///
/// # Errors
/// When the format cannot express a change exactly. Nothing is left out and nothing is approximated.
pub fn files(format: Format, changeset: &Changeset, machine: Option<&Registry>) -> Result<Vec<File>, Refusal> {
    let bytes = match format {
        Format::Reg => reg::bytes(changeset, RegFormat::Version5),
        Format::Reg4 => reg::bytes(changeset, RegFormat::Version4),
        Format::Pol => pol::bytes(changeset),
        Format::Lgpo => lgpo::bytes(changeset),
        Format::Gpp => gpp::bytes(changeset, true),
        Format::GppCollection => gpp::bytes(changeset, false),
        Format::Ps1 => ps1::bytes(changeset, machine),
        Format::Cmd => cmd::bytes(changeset),
        Format::Intune => {
            let files = intune::NAMES.into_iter().zip(intune::files(changeset, machine)?);
            return Ok(files.map(|(name, bytes)| File { name: Some(name.to_owned()), bytes }).collect());
        }
        Format::GpoBackup { settings, time } => return gpo_backup::files(changeset, settings, time),
        Format::Ansible => ansible::bytes(changeset, machine),
        Format::Dsc => dsc::bytes(changeset, machine),
        Format::Dsc3 => dsc3::bytes(changeset),
    };
    Ok(vec![File { name: None, bytes: bytes? }])
}

#[cfg(test)]
mod tests;
