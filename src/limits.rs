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
    /// Names that are remembered at a time to tell whether a `.reg` file lists one twice: those side by side along one path.
    /// HKCR\CLSID and Interface stay under 100,000. A million take 8 MiB.
    pub reg_names: usize,
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
    /// States of one hive's logs that a history looks at, the newest of them: each is replayed anew. Real logs have a few hundred
    /// entries, of which a handful touch what is asked for.
    pub history_entries: u64,
    /// Bytes of logs that are read for these states, all together: a few seconds.
    pub history_log_bytes: u64,
    /// Control sets that a history looks at: Windows keeps two to four.
    pub history_sets: usize,
    /// Deleted values of one hive that a history lists. A registry cleaner leaves a few of one name.
    pub history_recovered: usize,
    /// Folder levels walked below an input. Windows paths reach 128 levels at 260 characters; triage trees add few.
    pub folder_depth: usize,
    /// Disk images that build on one another: differencing disks, backing files. Hyper-V and VMware advise against more than a
    /// few; backup programs that never consolidate reach some dozens.
    pub image_chain: usize,
    /// Files in the root folder of a volume that are looked into.
    pub root_files: usize,
    /// Bytes of a policy or waiver file. A thousand rules take less than half of it.
    pub user_file: u64,
    /// Bytes of the log of a VHDX image; one with a longer log is refused. Windows and QEMU make it 1 MiB.
    pub vhdx_log_bytes: u64,
    /// How often as many bytes as the log of a VHDX image has may be hashed in the search for its entries. Entries do not
    /// overlap, and each is hashed once; what earlier rounds left half overwritten is hashed in vain, which hardly doubles it.
    pub vhdx_log_passes: u64,
    /// Descriptors of a VHDX image's log that are replayed: a log of 1 MiB holds no more.
    pub vhdx_log_descriptors: u64,
    /// Bytes of the entries of a GPT. 128 entries of 128 bytes are usual; 8192 fit.
    pub gpt_bytes: u64,
    /// Bytes of the database of a dynamic disk. Windows makes it 1 MiB.
    pub ldm_bytes: u64,
    /// Files beside a dynamic disk that are looked at for the other disks of its group.
    pub ldm_neighbours: usize,
    /// Logical partitions of an MBR. Windows gives letters to 24 at most; Linux shows 60.
    pub logical_partitions: usize,
    /// Files that one image is split into. Pieces of 650 MB of a disk of 6 TB are fewer; each stays open.
    pub image_pieces: usize,
    /// Sections of an Expert Witness image. A disk of 16 TB has 40,000 tables of 16,375 chunks, and with each come a copy
    /// and the data; there are a few more in each file.
    pub ewf_sections: u64,
    /// Tables of chunks of an Expert Witness image, about 100 bytes of memory each: 16 TB at the usual 32 KiB a chunk.
    pub ewf_tables: usize,
    /// Chunks in one such table. EnCase wrote 16,375 at most, later programs have no limit of their own; 16 million are 64 MiB
    /// of table, which are read once for their checksum, and 512 GiB of disk.
    pub ewf_table_chunks: u32,
    /// Bytes of one chunk of an Expert Witness image, the largest of which programs offer: 32,768 sectors.
    pub ewf_chunk_bytes: u64,
    /// Bytes of chunks of an Expert Witness image kept in memory (one chunk, where it has more).
    pub ewf_cache_bytes: usize,
    /// Bytes of what one compressed cluster or grain of a disk image holds. QCOW2 clusters have at most 2 MiB (QEMU, "Qcow2 Image
    /// File Format"), VMDK grains of compressed disks 64 KiB.
    pub unpacked_block: usize,
    /// Bytes of decompressed clusters or grains kept in memory per image: 32 of the usual 64 KiB, or one of the largest.
    pub unpacked_cache: usize,
    /// Bytes that a zstd frame in a disk image may want for its window. No cluster has more; a larger window cannot be used.
    pub zstd_window: u64,
    /// 4 KiB blocks kept in memory of each kind of table (of blocks, of sectors) of a disk image: 64 of them (256 KiB) map 2 GiB
    /// of a QCOW2 image with 64 KiB clusters, 4 GiB of a VMDK with 64 KiB grains, and an audit reads a few hundred MiB here and
    /// there.
    pub table_blocks: usize,
    /// Bytes of a VMDK descriptor. Each of [`Self::vmdk_extents`] takes one line, with a name of 200 characters.
    pub vmdk_descriptor: u64,
    /// Extents of one VMDK, each of which may be a file that is held open. 4,096 files of 2 GB are the 8 TB that VMware's
    /// desktop products allow.
    pub vmdk_extents: usize,
    /// Regular files in one archive. Triage collections of real machines have up to some 100,000; each one costs the
    /// decoding of its first 4 KiB.
    pub archive_members: u64,
    /// Files of one archive that are kept: hives, logs, images. Terminal servers have some thousands of profiles, each with
    /// two hives and their logs.
    pub archive_kept: u64,
    /// Bytes of the paths of those: 65,536 paths of Windows' 260 characters fit.
    pub archive_path_bytes: usize,
    /// Bytes of one extension header of a tar (long name, pax), and of one index of a sparse file. Real ones have a few KiB.
    pub archive_header: u64,
    /// Bytes that one compressed stream may decode to. All of a gzip must be decoded once to know its length, which takes
    /// some minutes for 64 GiB; after that, each place costs up to a 128th of it.
    pub archive_stream: u64,
    /// Bytes of a file in a zip up to which its checksum is verified before it is used: what takes a second or two. Larger
    /// than any real hive; larger are disk images, of which little is read.
    pub archive_checked: u64,
    /// Bytes of all files of a zip that are read to verify their checksums: a minute or two. 64 of the largest that are
    /// verified; hives of a real machine stay under 4 GiB. A zip whose files share their data claims more.
    pub archive_decoded: u64,
    /// Places of one deflate stream from which decoding can go on: 128 of 44 KiB take 5.5 MiB, and a read in a hive of 25 MB
    /// costs at most 1 ms.
    pub archive_checkpoints: usize,
    /// The same for all streams of an archive together: 22 MiB. Those that were not read for longest lose theirs.
    pub archive_all_checkpoints: usize,
    /// Bytes of one file that is decoded into memory, since its compression cannot be entered in the middle. Fits the hives
    /// of any machine.
    pub archive_memory: u64,
    /// The same for all files of an archive together.
    pub archive_all_memory: u64,
    /// Bytes of a zstd frame's window: what zstd itself accepts without being told to, `--long` and level 22 included.
    pub archive_window: u64,
    /// Runs kept of one attribute of an NTFS file. A hive of [`Self::whole_hive`] in single clusters of 4 KiB has so many; they
    /// take 2 MiB.
    pub ntfs_runs: usize,
    /// Bytes of the attribute list of an NTFS file. Windows keeps to 256 KiB.
    pub ntfs_attribute_list: usize,
    /// Names in one NTFS folder, 8.3 names included. The largest folders of Windows (WinSxS) stay under 100,000.
    pub ntfs_names: u64,
    /// Bytes of a `Registry.pol` or a `Registry.xml`. Those of large domains stay under 1 MiB.
    pub policy_bytes: u64,
    /// Elements of a `Registry.xml` within one another. Editors make collections in collections by hand: real files have under
    /// ten.
    pub xml_depth: usize,
    /// Attributes of one of its elements. \[MS-GPPREF\] has under twenty; that none is there twice costs their number squared.
    pub xml_attributes: usize,
    /// Keys that imports may change for a what-if audit, or that it asks for. Each costs a look-up in the hives, for links. What
    /// is asked about is a few dozen keys and the uninstall entries, which stay under 1,000.
    pub overlay_keys: usize,
    /// MFT records and names in folders looked at in one NTFS volume, each of which takes a microsecond or two. Some hundred
    /// lead to the hives; where the index of a folder is damaged, one search takes as many as there are files: 2 million
    /// on large systems, which leaves eight searches.
    pub ntfs_records: u64,
    /// Blocks of 16 KiB of the list of a volume's shadow copies. Windows keeps 512 copies at most, whose entries fill nine.
    pub shadow_catalog_blocks: u64,
    /// Blocks of 16 KiB of the block lists of all shadow copies of a volume. 8,192 of them tell of 4 million changed blocks, which
    /// are 64 GiB; they take 64 MiB of memory, half as much again while they are sorted, and some seconds to read.
    pub shadow_list_blocks: u64,
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
            reg_names: 1 << 20,
            whole_hive: 512 << 20,
            log_bytes: 128 << 20,
            log_entries: 1 << 16,
            log_pages: 1 << 17,
            history_entries: 256,
            history_log_bytes: 1 << 30,
            history_sets: 16,
            history_recovered: 1000,
            folder_depth: 256,
            image_chain: 32,
            root_files: 1000,
            user_file: 1 << 20,
            vhdx_log_bytes: 64 << 20,
            vhdx_log_passes: 4,
            vhdx_log_descriptors: 1 << 15,
            gpt_bytes: 1 << 20,
            ldm_bytes: 4 << 20,
            ldm_neighbours: 1024,
            logical_partitions: 128,
            image_pieces: 10_000,
            ewf_sections: 1 << 18,
            ewf_tables: 1 << 15,
            ewf_table_chunks: 1 << 24,
            ewf_chunk_bytes: 16 << 20,
            ewf_cache_bytes: 2 << 20,
            unpacked_block: 2 << 20,
            unpacked_cache: 2 << 20,
            zstd_window: 2 << 20,
            table_blocks: 64,
            vmdk_descriptor: 1 << 20,
            vmdk_extents: 4096,
            archive_members: 1 << 20,
            archive_kept: 1 << 16,
            archive_path_bytes: 16 << 20,
            archive_header: 1 << 20,
            archive_stream: 64 << 30,
            archive_checked: 512 << 20,
            archive_decoded: 32 << 30,
            archive_checkpoints: 128,
            archive_all_checkpoints: 512,
            archive_memory: 256 << 20,
            archive_all_memory: 512 << 20,
            archive_window: 128 << 20,
            ntfs_runs: 1 << 17,
            ntfs_attribute_list: 256 << 10,
            ntfs_names: 1 << 18,
            policy_bytes: 4 << 20,
            xml_depth: 64,
            xml_attributes: 64,
            overlay_keys: 1 << 13,
            ntfs_records: 1 << 24,
            shadow_catalog_blocks: 64,
            shadow_list_blocks: 1 << 13,
        }
    }
}
