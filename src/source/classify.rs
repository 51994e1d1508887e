//! What becomes of a file, wherever it lies: in a folder, in a volume, in an archive.

use super::sniff::{BOOT_COPY, Content, SMALLEST_DISK};
use super::{Kind, no_hive};
use crate::archive::Archive;
use crate::windows::keys::is_hive_file;

/// What is known of a file besides its first bytes.
pub(super) struct About<'a> {
    /// Its name, without what restore points put before it.
    pub(super) file_name: &'a str,
    /// Its bytes.
    pub(super) size: u64,
    /// Whether a machine keeps its hives in this folder: what is called like one is one then, whatever is in it.
    pub(super) certain: bool,
    /// Whether it is of an earlier day: nothing is missing where a copy is no hive.
    pub(super) past: bool,
    /// Whether what is called like a transaction log is one, even if its start is torn.
    pub(super) log: bool,
    /// What is taken for a disk.
    pub(super) disks: Disks,
    /// Whether the end of the file is that of a disk. Asked only where nothing else tells.
    pub(super) ends_like_disk: &'a dyn Fn() -> bool,
}

/// What is taken for a disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Disks {
    /// What starts or ends like one and is large enough: programs also keep copies of boot sectors.
    Large,
    /// What starts or ends like one.
    All,
    /// Everything of which nothing else is known, since the user says where in it a volume is.
    Anything,
}

/// What becomes of a file.
pub(super) enum Class {
    /// A hive, a `.reg` file or a file of Group Policy, or what stands in the place of one.
    Registry(Kind),
    /// A transaction log.
    Log,
    /// Not quite a `.reg` file, and why Windows would not import it.
    NearlyReg(&'static str),
    /// A disk or a volume, by itself or in a container.
    Image,
    /// An archive, which may be one that is not read.
    Archive(Archive),
    /// Nothing that is read.
    Nothing,
}

/// Tells what becomes of a file.
pub(super) fn classify(content: Content, about: &About<'_>) -> Class {
    let is_hive = is_hive_file(about.file_name) && !about.past;
    let broken = || no_hive(about.file_name, about.size == 0);
    match content {
        Content::Registry(kind) => Class::Registry(kind),
        Content::Log => Class::Log,
        // There is a machine, of which nothing can be told.
        _ if is_hive && about.certain => Class::Registry(Kind::BrokenHive(broken())),
        Content::Empty | Content::Other if is_hive => Class::Registry(Kind::NoHive(broken())),
        // The report is to say why it is not applied.
        Content::Empty | Content::Other | Content::Disk if about.log => Class::Log,
        Content::NearlyReg(why) => Class::NearlyReg(why),
        Content::Archive(kind) => Class::Archive(kind),
        Content::Image => Class::Image,
        Content::Disk if about.disks != Disks::Large || about.size > BOOT_COPY => Class::Image,
        Content::Other if about.disks == Disks::Anything => Class::Image,
        Content::Other if about.size >= SMALLEST_DISK && (about.ends_like_disk)() => Class::Image,
        Content::Empty | Content::Disk | Content::Other => Class::Nothing,
    }
}
