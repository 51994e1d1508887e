//! The least that a program can do for the eight values: it opens both hives and reads the pages that the values need, and checks
//! nothing but that it stays within them. usage: floor SYSTEM SOFTWARE [TIMES]
//!
//! Names are looked for by the hashes and hints of lists alone. No log is read, and what is absent may be damage as well: it is no
//! reader, but what readers are measured by.
#![allow(
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark prints its values, and stops when it cannot run or the hive is damaged"
)]

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use tlshive::read_at::{LocalFile, ReadAt};

const NET: [&str; 2] = [r"WOW6432Node\Microsoft\.NETFramework\v4.0.30319", r"Microsoft\.NETFramework\v4.0.30319"];
const TLS: &str = r"Control\SecurityProviders\SCHANNEL\Protocols\TLS 1.2";

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let [system, software, rest @ ..] = args.as_slice() else {
        return println!("usage: floor SYSTEM SOFTWARE [TIMES]");
    };
    let mut out = String::new();
    for _ in 0..rest.first().map_or(1, |times| times.parse().unwrap()) {
        out.clear();
        values(Path::new(system), Path::new(software), &mut out);
    }
    print!("{out}");
}

fn values(system: &Path, software: &Path, out: &mut String) {
    let hive = Hive::open(system);
    let root = hive.u32(36).unwrap();
    let current = hive.key(root, "Select").and_then(|key| hive.dword(key, "Current")).unwrap_or(1);
    let tls = hive.key(root, &format!(r"ControlSet{current:03}\{TLS}"));
    for side in ["Server", "Client"] {
        let key = tls.and_then(|tls| hive.key(tls, side));
        both(&hive, key, side, ["Enabled", "DisabledByDefault"], out);
    }
    let hive = Hive::open(software);
    let root = hive.u32(36).unwrap();
    for path in NET {
        both(&hive, hive.key(root, path), path, ["SystemDefaultTlsVersions", "SchUseStrongCrypto"], out);
    }
}

fn both(hive: &Hive, key: Option<u32>, path: &str, names: [&str; 2], out: &mut String) {
    for name in names {
        let value = key.and_then(|key| hive.dword(key, name)).map_or("absent".to_owned(), |value| value.to_string());
        writeln!(out, "{path} {name} {value}").unwrap();
    }
}

struct Hive {
    file: LocalFile,
    pages: RefCell<BTreeMap<u64, Box<[u8; 4096]>>>,
}

impl Hive {
    fn open(path: &Path) -> Self {
        Self { file: LocalFile::open(path).unwrap(), pages: RefCell::default() }
    }

    fn read(&self, offset: u64, buf: &mut [u8]) -> Option<()> {
        let mut pages = self.pages.borrow_mut();
        let mut at = offset;
        let mut rest = buf;
        while !rest.is_empty() {
            let page = pages.entry(at / 4096).or_insert_with(|| {
                let mut page = Box::new([0; 4096]);
                self.file.read_at(at / 4096 * 4096, &mut page[..]).unwrap();
                page
            });
            let from = page.get(usize::try_from(at % 4096).ok()?..)?;
            let n = from.len().min(rest.len());
            let (to, tail) = rest.split_at_mut(n);
            to.copy_from_slice(from.get(..n)?);
            (rest, at) = (tail, at + n as u64);
        }
        Some(())
    }

    fn u32(&self, offset: u64) -> Option<u32> {
        let mut bytes = [0; 4];
        self.read(offset, &mut bytes)?;
        Some(u32::from_le_bytes(bytes))
    }

    /// The data of a cell: where it starts, and its length.
    fn cell(&self, offset: u32) -> Option<(u64, usize)> {
        let at = u64::from(offset) + 4096;
        let size = i32::from_ne_bytes(self.u32(at)?.to_ne_bytes());
        (size < -4).then(|| (at + 4, usize::try_from(-i64::from(size)).unwrap() - 4))
    }

    fn key(&self, from: u32, path: &str) -> Option<u32> {
        path.split('\\').try_fold(from, |key, name| {
            let list = self.u32(self.cell(key)?.0 + 28)?;
            let hash = name.bytes().fold(0u32, |sum, byte| sum.wrapping_mul(37) + u32::from(byte.to_ascii_uppercase()));
            self.listed(list, name, hash)
        })
    }

    fn listed(&self, list: u32, name: &str, hash: u32) -> Option<u32> {
        let (at, len) = self.cell(list)?;
        let mut bytes = vec![0; len];
        self.read(at, &mut bytes)?;
        let (form, entries) = (bytes.get(..2)?.to_vec(), usize::from(u16::from_le_bytes([bytes[2], bytes[3]])));
        let number = |bytes: &[u8]| u32::from_le_bytes(bytes.try_into().unwrap());
        let wide = matches!(&form[..], b"lf" | b"lh");
        bytes.get(4..)?.chunks_exact(if wide { 8 } else { 4 }).take(entries).find_map(|entry| {
            let key = number(&entry[..4]);
            let fits = match &form[..] {
                b"ri" => return self.listed(key, name, hash),
                b"lh" => number(&entry[4..]) == hash,
                b"lf" => entry[4..].iter().zip(name.bytes()).all(|(&a, b)| a == 0 || a.eq_ignore_ascii_case(&b)),
                _ => true,
            };
            (fits && self.is_called(key, name)?).then_some(key)
        })
    }

    fn is_called(&self, key: u32, name: &str) -> Option<bool> {
        let mut head = [0; 76];
        let at = self.cell(key)?.0;
        self.read(at, &mut head)?;
        self.is(at + 76, u16::from_le_bytes([head[72], head[73]]), head[2] & 0x20 != 0, name)
    }

    fn is(&self, at: u64, len: u16, compressed: bool, name: &str) -> Option<bool> {
        let mut bytes = [0; 512];
        let bytes = bytes.get_mut(..usize::from(len))?;
        self.read(at, bytes)?;
        Some(match compressed {
            true => bytes.eq_ignore_ascii_case(name.as_bytes()),
            false => bytes.chunks_exact(2).map(|unit| unit[0]).eq(name.bytes()),
        })
    }

    fn dword(&self, key: u32, name: &str) -> Option<u32> {
        let at = self.cell(key)?.0;
        let (count, list) = (self.u32(at + 36)?, self.cell(self.u32(at + 40)?)?.0);
        (0..u64::from(count)).find_map(|n| {
            let at = self.cell(self.u32(list + n * 4)?)?.0;
            let mut head = [0; 20];
            self.read(at, &mut head)?;
            let compressed = head[16] & 1 != 0;
            if !self.is(at + 20, u16::from_le_bytes([head[2], head[3]]), compressed, name)? {
                return None;
            }
            let number = |from: usize| u32::from_le_bytes(head[from..from + 4].try_into().unwrap());
            (number(12) == 4 && number(4) == 0x8000_0004).then(|| number(8))
        })
    }
}
