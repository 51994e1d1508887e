//! `Limits`: every budget that a hostile input could exhaust, each with the reason for its number.

/// Budgets. The defaults fit every real registry; they exist so that crafted input costs bounded time and memory.
#[derive(Debug, Clone)]
pub struct Limits {
    /// 4 KiB hive pages kept in memory per hive. 256 pages (1 MiB) hold the working set of any audit (under
    /// 50 pages, and one or two for each uninstall entry where Entra Connect is installed).
    pub cached_pages: usize,
    /// 64 KiB blocks kept in memory during a walk of a whole hive. A hive lies nearly in the order in which it is walked: with
    /// 64 of them (4 MiB) hardly a block is read twice, and more cost more in fresh memory than they save in reads
    /// (measured on a SYSTEM hive of 15 MB: 16 take 2.5 times as long, 512 half as long again).
    pub walk_blocks: usize,
    /// Bytes of one value's data in a walk. Windows has no limit but memory; hives of running machines hold single values
    /// of several MiB.
    pub walk_value_bytes: usize,
    /// How often a walk may pass as many bytes of keys, lists and values as the hive has. Each cell belongs to one key, so
    /// that once is enough for a sound hive; twice leaves room for a damaged one, and ends a crafted one.
    pub walk_passes: u64,
    /// Keys along one path. Windows allows 512 levels (Microsoft, "Registry Element Size Limits").
    pub depth: usize,
    /// Subkey list entries looked at for one name. Real machines stay under 100,000 (HKCR\CLSID, Interface); each may cost a
    /// page, and an audit asks some dozens of times.
    pub list_entries: u64,
    /// Bytes in memory of the names that one key lists. 100,000 names of GUIDs fit.
    pub list_bytes: u64,
    /// Values of one key looked at for one name. Real keys stay under 65,536.
    pub values: u64,
    /// Bytes of one value's data. Windows has no limit but memory; nothing that a rule reads passes 1 MiB.
    pub value_bytes: usize,
    /// Symbolic links followed in one look-up. Windows stops after 64 reparses (CmpParseKey); real chains have one.
    pub links: usize,
    /// UTF-16 units of one logical line of a `.reg` file, continuation lines joined. Fits a value of [`Self::value_bytes`].
    pub line_units: usize,
    /// Diagnostics kept for one artifact; the rest are counted.
    pub diagnostics: usize,
    /// Keys kept of one `.reg` file. What is asked about is a few dozen, and the uninstall entries, which stay
    /// under 1,000; a file that repeats more is hostile.
    pub reg_keys: usize,
    /// Bytes kept of one `.reg` file, names and data. Real files keep a few KiB; 16 values of [`Self::value_bytes`] fit.
    pub reg_bytes: usize,
    /// Bytes of a hive that the second reader, which needs it whole, may take. Real SYSTEM and SOFTWARE hives stay well under it.
    pub whole_hive: u64,
    /// Bytes of one transaction log; a longer one is refused. A log holds at most what its hive has dirty: logs of real
    /// machines stay under 64 MiB, and those of a hive that was just defragmented under its size. All may have to be
    /// read and hashed, which takes about half a second.
    pub log_bytes: u64,
    /// Log entries replayed over one hive. Windows writes the hive after an hour at most; real logs have a few hundred.
    pub log_entries: u64,
    /// Runs of dirty pages replayed over one hive: three logs of [`Self::log_bytes`] hold fewer single 4 KiB pages.
    pub log_pages: u64,
    /// Folder levels walked below an input. Windows paths reach 128 levels at 260 characters; triage trees add few.
    pub folder_depth: usize,
    /// Disk images that build on one another: differencing disks, backing files. Hyper-V and VMware advise against more than a
    /// few; backup programs that never consolidate reach some dozens.
    pub image_chain: usize,
    /// Files in the root folder of a volume that are looked into.
    pub root_files: usize,
    /// Bytes of a policy or waiver file. A thousand rules take less than half of it.
    pub user_file: u64,
    /// Keys that imports may change for a what-if audit, or that it asks for. Each costs a look-up in the hives, for links. What
    /// is asked about is a few dozen keys and the uninstall entries, which stay under 1,000.
    pub overlay_keys: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            cached_pages: 256,
            walk_blocks: 64,
            walk_value_bytes: 16 << 20,
            walk_passes: 2,
            depth: 512,
            list_entries: 1 << 17,
            list_bytes: 16 << 20,
            values: 1 << 16,
            value_bytes: 1 << 20,
            links: 16,
            line_units: 8 << 20,
            diagnostics: 1000,
            reg_keys: 1 << 16,
            reg_bytes: 16 << 20,
            whole_hive: 512 << 20,
            log_bytes: 128 << 20,
            log_entries: 1 << 16,
            log_pages: 1 << 17,
            folder_depth: 256,
            image_chain: 32,
            root_files: 1000,
            user_file: 1 << 20,
            overlay_keys: 1 << 13,
        }
    }
}
