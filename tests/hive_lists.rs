//! Looking for many keys below one: what it costs, and that what is remembered on the way changes no answer.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests state what must hold")]

#[path = "common/random.rs"]
mod random;

use std::fmt::Write as _;
use std::sync::Arc;

use random::{XorShift, rounds};
use tlshive::limits::Limits;
use tlshive::registry::Listing;
use tlshive::registry::hive::{Hive, Listed};
use tlshive::windows::path::Name;

const BASE: usize = 4096;

/// A hive whose root has so many subkeys, called `k00000` and so on, in lists of this form and length. An index root names
/// the lists, if they are several.
struct Made {
    bytes: Vec<u8>,
}

impl Made {
    fn new(form: &[u8; 2], keys: u32, per_list: usize) -> Self {
        let mut made = Self { bytes: vec![0; BASE + 32] };
        let root = made.cell(&[0; 80]);
        let names: Vec<String> = (0..keys).map(|n| format!("k{n:05}")).collect();
        let offsets: Vec<u32> = names.iter().map(|name| made.key(name, root)).collect();
        let mut lists = Vec::new();
        for (names, offsets) in names.chunks(per_list).zip(offsets.chunks(per_list)) {
            let mut list = [form.as_slice(), &u16::try_from(names.len()).unwrap().to_le_bytes()].concat();
            for (name, offset) in names.iter().zip(offsets) {
                list.extend(offset.to_le_bytes());
                match form {
                    b"lh" => list.extend(hash(name).to_le_bytes()),
                    b"lf" => list.extend(&name.as_bytes()[..4]),
                    _ => {}
                }
            }
            lists.push(made.cell(&list));
        }
        let list = match lists.as_slice() {
            [only] => *only,
            several => {
                let mut list = [b"ri".as_slice(), &u16::try_from(several.len()).unwrap().to_le_bytes()].concat();
                several.iter().for_each(|offset| list.extend(offset.to_le_bytes()));
                made.cell(&list)
            }
        };
        let node = node("ROOT", 0, keys, list);
        let at = BASE + root as usize + 4;
        made.bytes[at..at + node.len()].copy_from_slice(&node);
        made.finish(root);
        made
    }

    /// Adds an allocated cell: its offset.
    fn cell(&mut self, data: &[u8]) -> u32 {
        let (at, size) = (self.bytes.len(), (4 + data.len()).next_multiple_of(8));
        self.bytes.extend((-i32::try_from(size).unwrap()).to_le_bytes());
        self.bytes.extend(data);
        self.bytes.resize(at + size, 0);
        u32::try_from(at - BASE).unwrap()
    }

    fn key(&mut self, name: &str, parent: u32) -> u32 {
        self.cell(&node(name, parent, 0, u32::MAX))
    }

    /// One bin for all, and the base block.
    fn finish(&mut self, root: u32) {
        let end = self.bytes.len();
        self.bytes.resize((end + 8).next_multiple_of(4096), 0);
        let (free, size) = (self.bytes.len() - end, u32::try_from(self.bytes.len() - BASE).unwrap());
        put(&mut self.bytes, end, &u32::try_from(free).unwrap().to_le_bytes());
        put(&mut self.bytes, BASE, b"hbin");
        put(&mut self.bytes, BASE + 8, &size.to_le_bytes());
        put(&mut self.bytes, 0, b"regf");
        for (at, number) in [(4, 1), (8, 1), (20, 1), (24, 5), (32, 1), (36, root), (40, size), (44, 1)] {
            put(&mut self.bytes, at, &u32::to_le_bytes(number));
        }
        let sum = self.bytes[..508].as_chunks::<4>().0.iter().fold(0, |sum, &word| sum ^ u32::from_le_bytes(word));
        put(&mut self.bytes, 508, &sum.to_le_bytes());
    }
}

fn put(bytes: &mut [u8], at: usize, new: &[u8]) {
    bytes[at..at + new.len()].copy_from_slice(new);
}

fn node(name: &str, parent: u32, subkeys: u32, list: u32) -> Vec<u8> {
    let mut node = vec![0; 76];
    put(&mut node, 0, b"nk\x20\0");
    for (at, number) in
        [(16, parent), (20, subkeys), (28, list), (32, u32::MAX), (40, u32::MAX), (44, u32::MAX), (48, u32::MAX)]
    {
        put(&mut node, at, &u32::to_le_bytes(number));
    }
    put(&mut node, 72, &u16::try_from(name.len()).unwrap().to_le_bytes());
    node.extend(name.as_bytes());
    node
}

fn hash(name: &str) -> u32 {
    name.to_ascii_uppercase().bytes().fold(0, |sum: u32, byte| sum.wrapping_mul(37).wrapping_add(u32::from(byte)))
}

fn open(bytes: &[u8], cached_pages: usize) -> Option<Hive> {
    let limits = Limits { cached_pages, ..Limits::default() };
    Hive::open(Box::new(bytes.to_vec()), Arc::from("made"), &limits).ok()
}

fn name(number: u32) -> Name {
    Name::from(format!("K{number:05}").as_str())
}

/// Pages that are read to list all keys and then to look at each, with hardly a page in memory.
fn pages(form: &[u8; 2], keys: u32) -> u64 {
    let hive = open(&Made::new(form, keys, 0xffff).bytes, 2).unwrap();
    let Ok(Listing::Found { names, .. }) = hive.list(&[], Listed::Keys) else { panic!("no list") };
    assert_eq!(names.len(), keys as usize);
    for name in names {
        let answer = format!("{:?}", hive.lookup(std::slice::from_ref(&name), None));
        assert!(answer.contains("ValueAbsent"), "{name}: {answer}");
    }
    hive.pages_read()
}

#[test]
fn keys_that_are_listed_and_looked_at_cost_the_same_each_however_many_they_are() {
    for form in [b"lh", b"lf", b"li"] {
        let [few, more, most] = [4000, 8000, 16_000].map(|keys| pages(form, keys));
        // Twice as many, and for each one more halving of a list.
        assert!(more * 10 < few * 25 && most * 10 < more * 25, "{few} {more} {most}");
    }
}

/// Everything that is asked of a hive in turn, as it answers.
fn told(questions: &[(bool, u32)], hive: impl Fn() -> Option<Arc<Hive>>) -> String {
    questions.iter().fold(String::new(), |mut all, &(list, number)| {
        let Some(hive) = hive() else { return all };
        let key = [name(number)];
        let _ = match (list, number % 4) {
            (true, 0) => writeln!(all, "{:?}", hive.list(&key, Listed::Keys)),
            (true, _) => writeln!(all, "{:?}", hive.list(&[], Listed::Keys)),
            (false, 0) => writeln!(all, "{:?}", hive.find(&key)),
            (false, _) => writeln!(all, "{:?}", hive.lookup(&key, None)),
        };
        all
    })
}

#[test]
fn what_a_hive_remembers_changes_no_answer() {
    let mut random = XorShift(0x9e37_79b9_7f4a_7c15);
    for round in 0..rounds(600) {
        let form = random.of(&[b"lh", b"lf", b"li"]);
        let mut bytes = Made::new(form, 24, random.of(&[24, 7])).bytes;
        let nodes: Vec<usize> = (BASE..bytes.len() - 2).filter(|&at| bytes[at..at + 2] == *b"nk").collect();
        for _ in 0..random.below(4) {
            match random.below(4) {
                // An entry of the list, or a byte of it.
                0 => {
                    let list = (BASE..bytes.len() - 2).find(|&at| bytes[at..at + 2] == *form).unwrap();
                    let (to, from) = (list + 4 + 4 * random.below(24), list + 4 + 4 * random.below(24));
                    let word: [u8; 4] = bytes[from..from + 4].try_into().unwrap();
                    put(&mut bytes, to, &word);
                }
                // Whether the key is a link, or a predefined handle.
                1 => bytes[random.of(&nodes) + 2] ^= random.of(&[0x10, 0x40]),
                // A letter of its name.
                2 => bytes[random.of(&nodes) + 76 + random.below(6)] = random.of(b"0123k"),
                _ => {
                    let at = BASE + 32 + random.below(bytes.len() - BASE - 32);
                    bytes[at] ^= random.of(&[1, 2, 0x10, 0x80, 0xff]);
                }
            }
        }
        let questions: Vec<(bool, u32)> =
            (0..40).map(|_| (random.once_in(6), u32::try_from(random.below(30)).unwrap())).collect();
        let kept = open(&bytes, 256).map(Arc::new);
        let remembered = told(&questions, || kept.clone());
        let afresh = told(&questions, || open(&bytes, 256).map(Arc::new));
        assert_eq!(remembered, afresh, "round {round}, {}", form.escape_ascii());
    }
}
