//! Hives and logs made here, of both formats, whole and damaged.
#![allow(clippy::arithmetic_side_effects, reason = "offsets of test data")]

use std::sync::Arc;

use super::super::base_block::checksum;
use super::marvin::hash;
use super::{Recovery, log_fits, replay};
use crate::limits::Limits;
use crate::read_at::ReadAt;

const PAGE: usize = 4096;
const TIME: u64 = 1000;

fn put(bytes: &mut [u8], offset: usize, word: u32) {
    bytes[offset..offset + 4].copy_from_slice(&word.to_le_bytes());
}

fn seal(block: &mut [u8]) {
    let sum = checksum(&block[..508]);
    put(block, 508, sum);
}

fn block(numbers: (u32, u32), file_type: u32, pages: usize, time: u64) -> Vec<u8> {
    let mut b = vec![0u8; 512];
    b[..4].copy_from_slice(b"regf");
    let size = u32::try_from(pages * PAGE).unwrap();
    for (offset, word) in
        [(4, numbers.0), (8, numbers.1), (20, 1), (24, 5), (28, file_type), (32, 1), (36, 32), (40, size), (44, 1)]
    {
        put(&mut b, offset, word);
    }
    b[12..20].copy_from_slice(&time.to_le_bytes());
    b[48..56].copy_from_slice(b"H\0I\0V\0E\0");
    seal(&mut b);
    b
}

/// A bin of one page, filled with a letter.
fn bin(number: usize, letter: u8) -> Vec<u8> {
    let mut page = vec![letter; PAGE];
    page[..4].copy_from_slice(b"hbin");
    put(&mut page, 4, u32::try_from(number * PAGE).unwrap());
    put(&mut page, 8, 4096);
    page[20..28].copy_from_slice(&TIME.to_le_bytes());
    page
}

/// A hive whose bins are all `.`, as many as `pages`.
fn hive(numbers: (u32, u32), pages: usize) -> Vec<u8> {
    let mut bytes = block(numbers, 0, pages, TIME);
    bytes.resize(PAGE, 0);
    (0..pages).for_each(|n| bytes.extend(bin(n, b'.')));
    bytes
}

/// An entry that fills pages with letters, in a hive of `pages` pages.
fn entry(sequence: u32, pages: usize, dirty: &[(usize, u8)]) -> Vec<u8> {
    let mut e = vec![0u8; 40];
    e[..4].copy_from_slice(b"HvLE");
    for (number, _) in dirty {
        e.extend(u32::try_from(number * PAGE).unwrap().to_le_bytes());
        e.extend(4096u32.to_le_bytes());
    }
    dirty.iter().for_each(|&(number, letter)| e.extend(bin(number, letter)));
    e.resize(e.len().next_multiple_of(512), 0);
    let size = u32::try_from(e.len()).unwrap();
    let words = [(4, size), (12, sequence), (16, u32::try_from(pages * PAGE).unwrap())];
    words.into_iter().for_each(|(offset, word)| put(&mut e, offset, word));
    put(&mut e, 20, u32::try_from(dirty.len()).unwrap());
    seal_entry(&mut e);
    e
}

fn seal_entry(e: &mut [u8]) {
    let one = hash(&e[40..]);
    e[24..32].copy_from_slice(&one.to_le_bytes());
    let two = hash(&e[..32]);
    e[32..40].copy_from_slice(&two.to_le_bytes());
}

fn new_log(start: u32, entries: &[Vec<u8>]) -> Vec<u8> {
    let mut log = block((start, start), 6, 4, TIME);
    entries.iter().for_each(|entry| log.extend(entry));
    log
}

/// A log of the old format over a hive of `pages` pages.
fn old_log(sequence: u32, time: u64, pages: usize, dirty: &[(usize, u8)]) -> Vec<u8> {
    let mut log = block((sequence, sequence), 1, pages, time);
    let mut vector = b"DIRT".to_vec();
    vector.extend((0..pages).map(|n| if dirty.iter().any(|&(d, _)| d == n) { 0xff } else { 0 }));
    vector.resize(vector.len().next_multiple_of(512), 0);
    log.extend(vector);
    dirty.iter().for_each(|&(number, letter)| log.extend(bin(number, letter)));
    log
}

fn run_with(primary: Vec<u8>, logs: &[Vec<u8>], limits: &Limits) -> (Box<dyn ReadAt>, Recovery) {
    let names = ["LOG1", "LOG2", "LOG"].into_iter().map(Arc::from);
    let logs = names.zip(logs.iter().map(|log| Box::new(log.clone()) as Box<dyn ReadAt>)).collect();
    replay(Box::new(primary), logs, limits)
}

/// The letter of each page of the recovered hive, its state, and the logs applied.
fn run(primary: Vec<u8>, logs: &[Vec<u8>]) -> (String, String, String) {
    let (source, recovery) = run_with(primary, logs, &Limits::default());
    let mut bytes = vec![0; usize::try_from(source.len()).unwrap()];
    assert_eq!(source.read_at(0, &mut bytes).unwrap(), bytes.len());
    let letters = bytes[PAGE..].chunks(PAGE).map(|page| char::from(page[100])).collect();
    let used = match &recovery {
        Recovery::Replayed { logs, last, .. } => {
            let base = super::BaseBlock::parse(&bytes).unwrap();
            assert_eq!((base.primary_sequence, base.secondary_sequence), (*last, *last));
            logs.join(" ")
        }
        Recovery::Clean | Recovery::Dirty { .. } => String::new(),
    };
    (letters, recovery.to_string(), used)
}

fn replayed(letters: &str, entries: &str, used: &str) -> (String, String, String) {
    (letters.to_owned(), format!("replayed ({entries})"), used.to_owned())
}

fn dirty(letters: &str) -> (String, String, String) {
    (letters.to_owned(), "dirty, no usable log".to_owned(), String::new())
}

#[test]
fn a_clean_hive_is_read_as_it_lies() {
    let log = new_log(7, &[entry(7, 4, &[(0, b'a')])]);
    assert_eq!(run(hive((7, 7), 4), &[log]), ("....".to_owned(), "clean".to_owned(), String::new()));
}

#[test]
fn entries_follow_each_other_across_both_logs_in_either_order() {
    let one = new_log(7, &[entry(7, 4, &[(0, b'a'), (1, b'a')]), entry(8, 4, &[(1, b'b')])]);
    let two = new_log(9, &[entry(9, 4, &[(2, b'c'), (0, b'c')])]);
    let want = |used| replayed("cbc.", "3 entries, sequence 7–9", used);
    assert_eq!(run(hive((8, 7), 4), &[one.clone(), two.clone()]), want("LOG1 LOG2"));
    assert_eq!(run(hive((8, 7), 4), &[two.clone(), one.clone()]), want("LOG2 LOG1"));
    assert_eq!(run(hive((8, 7), 4), &[Vec::new(), two, one]), want("LOG LOG2"));
}

#[test]
fn a_gap_ends_the_replay() {
    let one = new_log(7, &[entry(7, 4, &[(0, b'a')]), entry(9, 4, &[(1, b'b')])]);
    let two = new_log(10, &[entry(10, 4, &[(2, b'c')])]);
    assert_eq!(run(hive((8, 7), 4), &[one, two]), replayed("a...", "1 entry, sequence 7–7", "LOG1"));
}

#[test]
fn a_torn_entry_ends_its_log_and_the_next_log_may_go_on() {
    let mut torn = entry(8, 4, &[(1, b'b')]);
    torn[2000] ^= 1;
    let one = new_log(7, &[entry(7, 4, &[(0, b'a')]), torn]);
    let two = new_log(8, &[entry(8, 4, &[(2, b'c')])]);
    let (_, recovery) = run_with(hive((8, 7), 4), std::slice::from_ref(&one), &Limits::default());
    assert!(recovery.refused()[0].why.contains("Hash-1"), "{recovery:?}");
    assert_eq!(run(hive((8, 7), 4), &[one, two]), replayed("a.c.", "2 entries, sequence 7–8", "LOG1 LOG2"));
}

#[test]
fn without_the_first_entry_a_later_log_is_not_applied() {
    let mut torn = entry(7, 4, &[(1, b'b')]);
    torn[2000] ^= 1;
    let two = new_log(8, &[entry(8, 4, &[(2, b'c')])]);
    assert_eq!(run(hive((8, 7), 4), &[new_log(7, &[torn]), two]), dirty("...."));
}

#[test]
fn the_log_may_start_after_the_hive_but_not_before_it() {
    let log = |start| new_log(start, &[entry(start, 4, &[(0, b'a')])]);
    assert_eq!(run(hive((8, 7), 4), &[log(30)]), replayed("a...", "1 entry, sequence 30–30", "LOG1"));
    assert_eq!(run(hive((8, 7), 4), &[log(6)]), dirty("...."));
    // The older of two is passed over.
    assert_eq!(run(hive((8, 7), 4), &[log(6), log(7)]), replayed("a...", "1 entry, sequence 7–7", "LOG2"));
    // Numbers wrap around.
    let wrapping = new_log(u32::MAX, &[entry(u32::MAX, 4, &[(0, b'a')]), entry(0, 4, &[(1, b'b')])]);
    let two = new_log(1, &[entry(1, 4, &[(2, b'c')])]);
    let want = replayed("abc.", &format!("3 entries, sequence {}–1", u32::MAX), "LOG2 LOG1");
    assert_eq!(run(hive((0, u32::MAX), 4), &[two, wrapping]), want);
}

#[test]
fn the_hive_grows_to_what_the_last_entry_says() {
    let log = new_log(7, &[entry(7, 5, &[(4, b'a')]), entry(8, 6, &[(5, b'b')])]);
    assert_eq!(run(hive((8, 7), 4), &[log]), replayed("....ab", "2 entries, sequence 7–8", "LOG1"));
    // A page that neither has is not made up.
    let (source, _) = run_with(hive((8, 7), 4), &[new_log(7, &[entry(7, 6, &[(5, b'a')])])], &Limits::default());
    let mut page = [0; PAGE];
    assert!(source.read_at(5 * 4096, &mut page).is_err());
    assert_eq!(source.read_at(6 * 4096, &mut page).unwrap(), PAGE);
}

#[test]
fn logs_of_other_hives_are_refused() {
    let spoilt = |edit: fn(&mut [u8])| {
        let mut log = new_log(7, &[entry(7, 4, &[(0, b'a')])]);
        edit(&mut log);
        seal(&mut log);
        let (_, recovery) = run_with(hive((8, 7), 4), std::slice::from_ref(&log), &Limits::default());
        let fits = log_fits(&hive((8, 7), 4), Box::new(log), &Limits::default());
        assert_eq!(fits.unwrap_err().to_string(), recovery.refused()[0].why);
        recovery.refused()[0].why.clone()
    };
    assert!(spoilt(|log| log[48] = b'X').contains("another hive"));
    assert!(spoilt(|log| put(log, 4, 9)).contains("secondary sequence number"));
    assert!(spoilt(|log| put(log, 28, 0)).contains("file type"));
    assert!(spoilt(|log| put(log, 24, 9)).contains("version"));
    assert!(spoilt(|log| put(log, 32, 2)).contains("file format"));
    assert!(spoilt(|log| log[0] = b'x').contains("signature"));
    let mut known = hive((8, 7), 4);
    known[112] = 1;
    seal(&mut known);
    let mut log = new_log(7, &[entry(7, 4, &[(0, b'a')])]);
    assert_eq!(run(known.clone(), std::slice::from_ref(&log)).2, "LOG1");
    log[112] = 2;
    seal(&mut log);
    assert_eq!(run(known, &[log]), dirty("...."));
}

#[test]
fn a_damaged_base_block_is_mended_from_the_latest_log_alone() {
    let one = new_log(7, &[entry(7, 4, &[(0, b'a')])]);
    let two = new_log(8, &[entry(8, 4, &[(1, b'b')])]);
    let mut torn = hive((8, 7), 4);
    torn[100] ^= 1;
    assert_eq!(run(torn.clone(), &[two, one]), replayed(".b..", "1 entry, sequence 8–8", "LOG1"));
    let old = |time| old_log(8, time, 4, &[(2, b'o')]);
    assert_eq!(run(torn.clone(), &[old(TIME)]), replayed("..o.", "1 entry, sequence 8–8", "LOG1"));
    assert_eq!(run(torn.clone(), &[old(TIME - 1)]), dirty("...."));
    torn[..PAGE].fill(0);
    assert_eq!(run(torn.clone(), &[old(TIME)]), replayed("..o.", "1 entry, sequence 8–8", "LOG1"));
    assert_eq!(run(torn, &[]), dirty("...."));
}

/// A base block whose checksum holds is taken by its word, so that no log takes its place.
#[test]
fn a_file_format_that_is_not_loaded_is_not_mended_by_a_log() {
    let log = new_log(7, &[entry(7, 4, &[(0, b'a')])]);
    let mut other = hive((8, 7), 4);
    put(&mut other, 32, 2);
    seal(&mut other);
    let refused = log_fits(&other, Box::new(log.clone()), &Limits::default()).unwrap_err().to_string();
    assert!(refused.starts_with("file format at 0x20"), "{refused}");
    let (source, recovery) = run_with(other, &[log], &Limits::default());
    let mut block = [0; 512];
    source.read_at(0, &mut block).unwrap();
    assert!(super::BaseBlock::parse(&block).is_err(), "{recovery:?}");
}

#[test]
fn of_two_logs_of_the_old_format_the_later_one_counts() {
    let log = |time, letter| old_log(8, time, 4, &[(1, letter), (3, letter)]);
    let want = |letters, used| replayed(letters, "1 entry, sequence 8–8", used);
    let run = |logs: &[Vec<u8>]| run(hive((8, 7), 4), logs);
    assert_eq!(run(&[log(TIME, b'a')]), want(".a.a", "LOG1"));
    assert_eq!(run(&[log(TIME, b'a'), log(TIME, b'b')]), want(".a.a", "LOG1"));
    assert_eq!(run(&[log(TIME, b'a'), log(TIME + 1, b'b')]), want(".b.b", "LOG2"));
    assert_eq!(run(&[log(TIME - 1, b'a')]), dirty("...."));
    let mut cut = log(TIME + 1, b'b');
    cut.pop();
    assert_eq!(run(&[log(TIME, b'a'), cut]), want(".a.a", "LOG1"));
    let mut moved = log(TIME, b'a');
    put(&mut moved, 1024 + 4, 0);
    assert_eq!(run(&[moved]), dirty("...."));
    assert_eq!(run(&[old_log(8, TIME, 4, &[])]), dirty("...."));
    assert_eq!(run(&[old_log(6, TIME, 4, &[(0, b'a')])]), dirty("...."));
    // The new format goes first.
    assert_eq!(run(&[log(TIME, b'a'), new_log(8, &[entry(8, 4, &[(0, b'n')])])]), want("n...", "LOG2"));
}

#[test]
fn a_budget_that_runs_out_leaves_the_hive_as_it_lies() {
    let log = new_log(7, &[entry(7, 4, &[(0, b'a'), (1, b'a')]), entry(8, 4, &[(1, b'b')])]);
    let defaults = Limits::default;
    for limits in [
        Limits { log_bytes: 1000, ..defaults() },
        Limits { log_entries: 1, ..defaults() },
        Limits { log_pages: 2, ..defaults() },
    ] {
        let (source, recovery) = run_with(hive((8, 7), 4), std::slice::from_ref(&log), &limits);
        assert_eq!(recovery.to_string(), "dirty, no usable log");
        assert!(recovery.refused()[0].why.contains("limit"), "{recovery:?}");
        let mut page = [0; PAGE];
        source.read_at(4096, &mut page).unwrap();
        assert_eq!(page[100], b'.');
    }
}

#[test]
fn damaged_logs_never_panic_nor_make_the_hive_larger_than_the_format_allows() {
    let mut x = 0x2545_f491u32;
    let mut random = |below: usize| {
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        usize::try_from(x).unwrap() % below
    };
    let seeds = [
        new_log(7, &[entry(7, 4, &[(0, b'a')]), entry(8, 5, &[(1, b'b'), (4, b'b')]), entry(9, 4, &[(3, b'c')])]),
        old_log(8, TIME, 4, &[(0, b'a'), (2, b'b')]),
    ];
    let interesting = [0u32, 1, 7, 511, 512, 4096, 0x7fff_ffff, 0x8000_0000, 0xffff_f000, u32::MAX];
    let (mut applied, mut read) = (0, [0; 3 * PAGE]);
    for round in 0..5_000 {
        let mut log = seeds[round % 2].clone();
        for _ in 0..=random(4) {
            // Most damage where it counts: the headers, the references, the bitmap.
            let at = if random(3) == 0 { random(log.len() - 4) } else { [0, 512][random(2)] + random(64) };
            match random(3) {
                0 => log[at] ^= 1 << random(8),
                1 => put(&mut log, at & !3, interesting[random(interesting.len())]),
                _ => log.truncate(log.len() - random(log.len() / 4)),
            }
            log.resize(log.len().max(1024), 0);
        }
        // The checks behind the checksums are to be reached, too.
        if random(4) > 0 {
            seal(&mut log);
            let size = u32::from_le_bytes(log[516..520].try_into().unwrap()) as usize;
            if let Some(entry) = log.get_mut(512..512usize.saturating_add(size)).filter(|entry| entry.len() > 40) {
                seal_entry(entry);
            }
        }
        let mut primary = hive((8, 7), 4);
        if random(8) == 0 {
            primary[random(512)] ^= 1;
        }
        let (source, recovery) = run_with(primary, &[log, seeds[0].clone()], &Limits::default());
        applied += usize::from(matches!(recovery, Recovery::Replayed { .. }));
        assert!(source.len() <= (1 << 32) + 4096);
        for at in [0, 4096, 3 * 4096, source.len().saturating_sub(5000)] {
            let _ = source.read_at(at, &mut read);
        }
    }
    assert!((500..5_000).contains(&applied), "{applied}");
}
