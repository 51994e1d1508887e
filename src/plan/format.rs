//! The formats that a changeset can be written in.

use super::reg::RegFormat;
use super::{Back, Changeset, ansible, cmd, dsc, gpp, intune, lgpo, pol, ps1, reg};

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
}

/// A file to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// What it is called, where there are several.
    pub name: Option<&'static str>,
    /// What is in it.
    pub bytes: Vec<u8>,
}

impl Format {
    /// All of them.
    pub const ALL: [Format; 11] = [
        Format::Reg,
        Format::Reg4,
        Format::Pol,
        Format::Lgpo,
        Format::Gpp,
        Format::GppCollection,
        Format::Ps1,
        Format::Cmd,
        Format::Intune,
        Format::Ansible,
        Format::Dsc,
    ];

    /// Whether there are several files, which need a folder.
    pub fn is_folder(self) -> bool {
        self == Format::Intune
    }
}

/// The files that carry out a changeset. `back` is what takes it back, for formats that can do both; without it,
/// taking back is deleting the values that are set.
///
/// # Errors
/// When the format cannot express a change exactly. Nothing is left out and nothing is approximated.
pub fn files(format: Format, changeset: &Changeset, back: Option<&Back>) -> Result<Vec<File>, String> {
    let bytes = match format {
        Format::Reg => reg::bytes(changeset, RegFormat::Version5),
        Format::Reg4 => reg::bytes(changeset, RegFormat::Version4),
        Format::Pol => pol::bytes(changeset),
        Format::Lgpo => lgpo::bytes(changeset),
        Format::Gpp => gpp::bytes(changeset, true),
        Format::GppCollection => gpp::bytes(changeset, false),
        Format::Ps1 => ps1::bytes(changeset, back),
        Format::Cmd => cmd::bytes(changeset),
        Format::Intune => {
            let files = intune::NAMES.into_iter().zip(intune::files(changeset)?);
            return Ok(files.map(|(name, bytes)| File { name: Some(name), bytes }).collect());
        }
        Format::Ansible => ansible::bytes(changeset),
        Format::Dsc => dsc::bytes(changeset),
    };
    Ok(vec![File { name: None, bytes: bytes? }])
}

#[cfg(test)]
mod tests;
