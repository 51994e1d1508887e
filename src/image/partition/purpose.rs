//! What types of partitions are for, where that is not a file system.

use super::super::mapped::Guid;

/// The purpose of a partition of an MBR. Brouwer, "Partition types: List of partition identifiers for PCs".
pub(super) fn of_mbr(kind: u8) -> Option<&'static str> {
    Some(match kind {
        0x11 | 0x14 | 0x16 | 0x17 | 0x1b | 0x1c | 0x1e => "hidden",
        0x12 | 0xde => "manufacturer's tools",
        0x27 => "Windows recovery",
        0x42 => "LDM data",
        0x82 => "Linux swap",
        0x8e => "Linux LVM",
        0xe7 => "Storage Spaces",
        0xe8 => "LUKS",
        0xef => "EFI system",
        0xfb => "VMware VMFS",
        0xfc => "VMware diagnostics",
        0xfd => "Linux RAID",
        _ => return None,
    })
}

/// The purpose of a partition of a GPT. Microsoft, "PARTITION_INFORMATION_GPT structure"; "Discoverable Partitions
/// Specification"; VMware knowledge base, article 1036609.
pub(super) fn of_gpt(kind: [u8; 16]) -> Option<&'static str> {
    Some(match Guid::from_stored(&kind).to_string().as_str() {
        "c12a7328-f81f-11d2-ba4b-00a0c93ec93b" => "EFI system",
        "e3c9e316-0b5c-4db8-817d-f92df00215ae" => "Microsoft reserved",
        "de94bba4-06d1-4d40-a16a-bfd50179d6ac" => "Windows recovery",
        "5808c8aa-7e8f-42e0-85d2-e1e90434cfb3" => "LDM metadata",
        "af9b60a0-1431-4f62-bc68-3311714a69ad" => "LDM data",
        "e75caf8f-f680-4cee-afa3-b001e56efc2d" => "Storage Spaces",
        "558d43c5-a1ac-43c0-aac8-d1472b2923d1" => "Storage Replica",
        "e6d6d379-f507-44c2-a23c-238f2a3df928" => "Linux LVM",
        "a19d880f-05fc-4d3b-a006-743f0f84911e" => "Linux RAID",
        "0657fd6d-a4ab-43c4-84e5-0933c84b4f4f" => "Linux swap",
        "ca7d7ccb-63ed-4c53-861c-1742536059cc" => "LUKS",
        "21686148-6449-6e6f-744e-656564454649" => "BIOS boot",
        "aa31e02a-400f-11db-9590-000c2911d1b8" => "VMware VMFS",
        "9198effc-31c0-11db-8f78-000c2911d1b8" => "VMware reserved",
        "9d275380-40ad-11db-bf97-000c2911d1b8" => "VMware diagnostics",
        _ => return None,
    })
}
