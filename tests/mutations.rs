//! Damaged hives: whatever bytes change, nothing panics or reads without end, no rule passes that did not before, and no value goes
//! absent that was there, unless the bytes of the value itself were touched. `TLSHIVE_MUTATIONS=100000 cargo test --test mutations` looks longer.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::print_stderr,
    reason = "a panic is how a test fails; offsets are those of small files"
)]

#[allow(dead_code, reason = "each test program uses a part of it")]
mod common;
#[path = "mutations/hive_map.rs"]
mod hive_map;

use std::fs;
use std::ops::Range;
use std::path::Path;

use common::random::{XorShift, rounds};
use hive_map::HiveMap;
use tlshive::audit::{HostReport, Outcome};
use tlshive::host::Options;
use tlshive::limits::Limits;
use tlshive::policy::{Policy, Rule};
use tlshive::run::{Inspection, Record, records_of};

/// Mutations of each host in a usual run.
const ROUNDS: u64 = 600;
/// Pages that an audit of a damaged host may read. A single page is kept here, so that each one counts anew.
const PAGES: u64 = 400;
const HIVES: [&str; 2] = ["SYSTEM", "SOFTWARE"];

/// Numbers that readers trip over: nothing, one, all bits, the largest and smallest signed ones.
const INTERESTING: [u32; 5] = [0, 1, 0xffff_ffff, 0x7fff_ffff, 0x8000_0000];

/// Changes 1 to 8 places of a hive; what was done, for the report of a failure.
fn mutate(bytes: &mut Vec<u8>, random: &mut XorShift) -> Vec<String> {
    let mut done = Vec::new();
    for _ in 0..=random.below(8) {
        let len = bytes.len();
        if len < 64 {
            break;
        }
        // One in eight goes to the used part of the base block, the others to the bins.
        let at = if random.below(8) == 0 || len <= 4096 {
            random.below(len.min(512))
        } else {
            4096 + random.below(len - 4096)
        };
        let dword = at.min(len - 4) / 4 * 4;
        match random.below(16) {
            0..6 => {
                bytes[at] ^= 1 << random.below(8);
                done.push(format!("flip a bit at {at:#x}"));
            }
            6..10 => {
                let n = INTERESTING[random.below(INTERESTING.len())];
                bytes[dword..dword + 4].copy_from_slice(&n.to_le_bytes());
                done.push(format!("{n:#x} at {dword:#x}"));
            }
            // An offset, count or hash of another structure: the damage that looks most like the real thing.
            10..14 => {
                let from = random.below(len / 4) * 4;
                bytes.copy_within(from..from + 4, dword);
                done.push(format!("dword of {from:#x} to {dword:#x}"));
            }
            14 => {
                let (from, n) = (random.below(len / 8) * 8, 8 * (1 + random.below(12)));
                let n = n.min(len - from).min(len - dword);
                bytes.copy_within(from..from + n, dword);
                done.push(format!("{n} bytes of {from:#x} to {dword:#x}"));
            }
            _ if random.below(8) == 0 => {
                bytes.truncate(random.below(len));
                done.push(format!("cut at {:#x}", bytes.len()));
            }
            _ => {
                bytes[at] = random.next() as u8;
                done.push(format!("a byte at {at:#x}"));
            }
        }
    }
    // Half of the time Windows' own check of the base block is made to hold, so that what lies behind it is reached.
    if bytes.len() >= 512 && random.below(2) == 0 {
        hive_map::seal(bytes);
        done.push("sealed".into());
    }
    done
}

/// The audit as the program does it, but for pages: with one kept, all work in other places shows in how many are read. No
/// machines where it panicked, which a run makes a record of.
fn judge(folder: &Path, policy: &Policy) -> Option<Vec<HostReport>> {
    let limits = Limits { cached_pages: 1, ..Limits::default() };
    let options = Options::new(&limits);
    let mut reports = Vec::new();
    for record in records_of(&[folder.to_path_buf()], &Inspection::new(policy, &options)).0 {
        match record {
            Record::Host(host) => reports.push(host.report),
            Record::Input(input) if input.diagnostics.iter().any(|remark| remark.code == "internal-error") => {
                return None;
            }
            _ => {}
        }
    }
    Some(reports)
}

/// The rules about values of the default policy.
fn values() -> Policy {
    let mut policy = Policy::default_policy().unwrap();
    policy.rules.retain(|rule| rule.setting().is_some());
    policy
}

/// The bytes of the untouched hive that say what the rule's value is: the key's count and list of values, the entries of
/// that list, and the value's record and data. Another value of the right name that these lead to is a real answer.
fn own_bytes(rule: &Rule, hive: &str, map: &HiveMap<'_>) -> Vec<Range<usize>> {
    let names = rule
        .setting()
        .unwrap()
        .key
        .names()
        .iter()
        .map(|name| name.to_string().replace("CurrentControlSet", "ControlSet001"));
    let path: Vec<String> = names.collect();
    if path[1] != hive {
        return Vec::new();
    }
    map.value_bytes(&path[2..], &rule.name())
}

/// Mutates one hive of the host at a time. Where the values are `set` as asked, damage elsewhere may make them unknown, never
/// absent; where they are not, it may never make a rule pass.
fn hold(host: &str, set: bool) {
    let policy = values();
    let original = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/hosts").join(host);
    let sound = HIVES.map(|hive| fs::read(original.join(hive)).unwrap());
    let own = HIVES.map(|hive| {
        let bytes = &sound[usize::from(hive == "SOFTWARE")];
        let map = HiveMap(bytes);
        policy.rules.iter().map(|rule| own_bytes(rule, hive, &map)).collect::<Vec<_>>()
    });
    let folder = tempfile::tempdir().unwrap();
    let write = |which: usize, bytes: &[u8]| fs::write(folder.path().join(HIVES[which]), bytes).unwrap();
    write(0, &sound[0]);
    write(1, &sound[1]);
    let rounds = rounds(ROUNDS);
    let seed = host.bytes().fold(0xcbf2_9ce4_8422_2325, |n: u64, b| (n ^ u64::from(b)).wrapping_mul(0x100_0000_01b3));
    let (mut passed, mut unknown, mut most) = (0u64, 0u64, 0u64);
    for round in 0..rounds {
        let mut random = XorShift(seed.wrapping_add(round.wrapping_mul(0x9e37_79b9_7f4a_7c15)) | 1);
        let which = random.below(2);
        let mut bytes = sound[which].clone();
        let done = mutate(&mut bytes, &mut random);
        write(which, &bytes);
        let what = || format!("{host}/{} round {round}: {}", HIVES[which], done.join(", "));
        let reports = judge(folder.path(), &policy).unwrap_or_else(|| panic!("panicked: {}", what()));
        let pages: u64 = reports.iter().map(|report| report.pages_read).sum();
        most = most.max(pages);
        assert!(pages < PAGES, "reads {pages} pages: {}", what());
        for (i, finding) in reports.iter().flat_map(|report| report.findings.iter().enumerate()) {
            unknown += u64::from(finding.outcome == Outcome::Unknown);
            passed += u64::from(finding.outcome == Outcome::Pass);
            let changed = |at: usize| bytes.get(at).is_some_and(|byte| *byte != sound[which][at]);
            let touched = own[which][i].iter().any(|range| range.clone().any(changed));
            let rule = &finding.rule.id;
            if set {
                let absent = finding.outcome == Outcome::Fail && finding.found.is_none();
                assert!(!absent || touched, "{rule} is absent by itself: {}", what());
            } else {
                assert!(finding.outcome != Outcome::Pass || touched, "{rule} passes by itself: {}", what());
            }
        }
        write(which, &sound[which]);
    }
    eprintln!("{host}: {rounds} mutations, {passed} findings pass, {unknown} unknown, {most} pages at most");
    assert!(unknown > 0, "the mutations reach nothing");
}

#[test]
fn a_disabled_host_never_passes_by_damage() {
    hold("disabled", false);
}

#[test]
fn a_host_without_settings_never_passes_by_damage() {
    hold("nothing-set", false);
}

#[test]
fn damage_to_a_compliant_host_never_reads_as_absent() {
    hold("compliant", true);
}

#[test]
fn damage_beside_damage_never_reads_as_absent() {
    hold("damaged-sibling", true);
}

#[test]
fn damage_to_nested_lists_never_reads_as_absent() {
    hold("lists-ri", true);
}

#[test]
fn damage_to_wide_names_and_big_data_never_reads_as_absent() {
    hold("unicode-names", true);
}

#[test]
fn the_bytes_of_a_value_are_found_where_the_audit_finds_it() {
    let policy = values();
    for host in ["disabled", "lists-ri", "compliant"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/hosts").join(host);
        let report = judge(&folder, &policy).unwrap().remove(0);
        for finding in &report.findings {
            let hive = finding.rule.setting().unwrap().key.names()[1].to_string();
            let bytes = fs::read(folder.join(&hive)).unwrap();
            let own = own_bytes(&finding.rule, &hive, &HiveMap(&bytes));
            let place = finding.place.as_ref().unwrap().to_string();
            let at = usize::from_str_radix(place.rsplit("0x").next().unwrap(), 16).unwrap();
            assert!(own.iter().any(|range| range.start == at), "{host}: {place} is not in {own:x?}");
        }
    }
}

/// The outcomes of the compliant host after an edit of its SYSTEM hive.
fn after(edit: impl FnOnce(&mut Vec<u8>)) -> Vec<Outcome> {
    let original = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/hosts/compliant");
    let folder = tempfile::tempdir().unwrap();
    fs::copy(original.join("SOFTWARE"), folder.path().join("SOFTWARE")).unwrap();
    let mut bytes = fs::read(original.join("SYSTEM")).unwrap();
    edit(&mut bytes);
    fs::write(folder.path().join("SYSTEM"), bytes).unwrap();
    let report = judge(folder.path(), &values()).unwrap().remove(0);
    report.findings.iter().map(|finding| finding.outcome).collect()
}

const SCHANNEL: [&str; 4] = ["ControlSet001", "Control", "SecurityProviders", "SCHANNEL"];

#[test]
fn a_list_that_belongs_to_another_key_says_nothing_of_this_one() {
    let outcomes = after(|bytes| {
        let map = HiveMap(bytes);
        let (from, to) = (map.key_node(&SCHANNEL[..3]).unwrap(), map.key_node(&SCHANNEL).unwrap());
        assert_eq!(bytes[from + 20..from + 24], bytes[to + 20..to + 24], "as many subkeys");
        bytes.copy_within(from + 28..from + 32, to + 28);
    });
    assert_eq!(outcomes[4..], [Outcome::Unknown; 4]);
}

#[test]
fn a_tombstone_means_nothing_outside_of_differencing_hives() {
    let outcomes = after(|bytes| {
        let key = HiveMap(bytes).key_node(&SCHANNEL).unwrap();
        bytes[key + 13] = 1;
    });
    assert_eq!(outcomes, [Outcome::Pass; 8]);
}
