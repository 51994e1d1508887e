//! Random `.reg` files and a model of what their import leaves, made side by side; the reader must agree with the model on
//! every key and value. `TLSHIVE_MUTATIONS=100000 cargo test --test reg_model` looks longer.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a panic is how a test fails")]

#[allow(dead_code, reason = "each test program uses a part of it")]
mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use common::random::{XorShift, rounds};
use tlshive::limits::Limits;
use tlshive::registry::Lookup;
use tlshive::registry::reg_file::{Interest, RegFile, RegIs};
use tlshive::windows::path::{KeyPath, Name};

/// Files in a usual run.
const ROUNDS: u64 = 500;
const BASE: [[&str; 2]; 4] = [
    ["HKEY_LOCAL_MACHINE", "hkey_local_machine"],
    ["SOFTWARE", "Software"],
    ["Policies", "POLICIES"],
    ["Model", "mODEL"],
];

/// Spellings of one name each, so that nothing here needs to know what upper case is.
const KEYS: [[&str; 3]; 7] = [
    ["Alpha", "ALPHA", "alpha"],
    ["b", "B", "b"],
    ["Größe", "GRößE", "grÖßE"],
    ["with blank", "With Blank", "WITH BLANK"],
    ["[x]y", "[X]Y", "[x]Y"],
    ["semi;colon", "Semi;Colon", "SEMI;COLON"],
    ["q\"=-", "Q\"=-", "q\"=-"],
];
const VALUES: [[&str; 3]; 8] = [
    ["", "", ""],
    ["Enabled", "ENABLED", "enabled"],
    ["back\\slash", "Back\\Slash", "BACK\\SLASH"],
    ["q\"uote", "Q\"UOTE", "q\"Uote"],
    ["a=b", "A=B", "a=B"],
    ["Straße", "STRAßE", "straße"],
    ["[k]", "[K]", "[k]"],
    [";c\\", ";C\\", ";c\\"],
];

/// Below the base, keys by the places of their names in [`KEYS`]; in each, values by theirs in [`VALUES`].
type Path = Vec<usize>;
type Model = BTreeMap<Path, BTreeMap<usize, (String, u32, Vec<u8>)>>;

/// What is known though nothing is listed there.
#[derive(Default, Clone)]
struct Said {
    /// Keys with a line of their own.
    listed: BTreeSet<Path>,
    /// Keys that were deleted: below them, nothing is left of what was there before.
    gone: BTreeSet<Path>,
    /// Values that were deleted.
    no_value: BTreeSet<(Path, usize)>,
}

impl Said {
    /// Whether the file says that a value is not there, given that none is.
    fn absent(&self, path: &Path, value: usize, export: bool) -> bool {
        let above = |keys: &BTreeSet<Path>| (0..=path.len()).any(|names| keys.contains(&path[..names]));
        above(&self.gone) || (export && above(&self.listed)) || self.no_value.contains(&(path.clone(), value))
    }
}

struct Writer {
    random: XorShift,
    eol: &'static str,
    text: String,
    model: Model,
    said: Said,
    /// The key that values go to.
    open: Option<Path>,
}

impl Writer {
    fn blanks(&mut self) -> &'static str {
        self.random.of(&["", "", "", " ", "\t", " \t "])
    }

    fn end_line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push_str(self.eol);
    }

    fn path(&mut self) -> (Path, String) {
        let path: Path = (0..self.random.below(4)).map(|_| self.random.below(KEYS.len())).collect();
        let base = BASE.map(|spellings| self.random.of(&spellings));
        let names = path.iter().map(|&name| self.random.of(&KEYS[name])).collect::<Vec<_>>();
        let mut spelled = String::new();
        for name in base.iter().chain(&names) {
            if !spelled.is_empty() {
                spelled += self.random.of(&["\\", "\\", "\\", "\\\\", "\\\\\\"]);
            }
            spelled += name;
        }
        if self.random.once_in(12) {
            spelled.push('\\');
        }
        (path, spelled)
    }

    fn key(&mut self) {
        let (path, spelled) = self.path();
        let delete = self.random.once_in(5);
        let line = format!("{}[{}{spelled}]{}", self.blanks(), if delete { "-" } else { "" }, self.blanks());
        self.end_line(&line);
        if delete {
            self.model.retain(|key, _| !key.starts_with(&path));
            self.said.listed.retain(|key| !key.starts_with(&path));
            self.said.no_value.retain(|(key, _)| !key.starts_with(&path));
            self.said.gone.insert(path);
            self.open = None;
        } else {
            for names in 0..=path.len() {
                self.model.entry(path[..names].to_vec()).or_default();
            }
            self.said.listed.insert(path.clone());
            self.open = Some(path);
        }
    }

    /// Text between quotes.
    fn quoted(&mut self, text: &str) -> String {
        let mut out = String::from("\"");
        for c in text.chars() {
            match c {
                '\n' => out += "\\n",
                '\r' => out += "\\r",
                '"' | '\\' => out.extend(['\\', c]),
                // A backslash before any other character changes nothing.
                'A'..='Z' if self.random.once_in(6) => out.extend(['\\', c]),
                _ => out.push(c),
            }
        }
        out + "\""
    }

    fn name(&mut self, value: usize) -> (String, String) {
        let name = (self.random.of(&VALUES[value])).to_owned();
        let spelled = if name.is_empty() && !self.random.once_in(3) { "@".to_owned() } else { self.quoted(&name) };
        (name, spelled)
    }

    fn hex(&mut self, bytes: &[u8]) -> String {
        let mut out = String::new();
        for (i, byte) in bytes.iter().enumerate() {
            let last = i + 1 == bytes.len();
            out += &match self.random.below(4) {
                0 if *byte < 16 => format!("{byte:x}"),
                1 => format!("{byte:02X}"),
                _ => format!("{byte:02x}"),
            };
            if !last || self.random.once_in(8) {
                out.push(',');
            }
            if !last && self.random.once_in(6) {
                out += self.blanks();
                out += "\\";
                out += self.random.of(&["", "", " ", " ; more"]);
                out += self.eol;
                while self.random.once_in(5) {
                    out += self.random.of(&["", "  ", "; between", " ;\"Enabled\"=dword:7"]);
                    out += self.eol;
                }
                out += self.blanks();
            }
        }
        out
    }

    /// The right-hand side of a value line, and what it stores.
    fn data(&mut self) -> (String, Option<(u32, Vec<u8>)>) {
        match self.random.below(8) {
            0 => ("-".to_owned(), None),
            1 | 2 => {
                let number = u32::try_from(self.random.next() >> (32 + self.random.below(32))).unwrap();
                let text = match self.random.below(3) {
                    0 => format!("dword:{number:x}"),
                    1 => format!("dword:{number:08X}"),
                    _ => format!("dword: {number:08x}"),
                };
                (text, Some((4, number.to_le_bytes().to_vec())))
            }
            3 | 4 => {
                let parts = ["", "a", "Ü", "\\", "\"", "\n", "\r", ";", "=", "€", "😀", "X", " "];
                let text: String = (0..self.random.below(8)).map(|_| self.random.of(&parts)).collect();
                let stored = text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect();
                (self.quoted(&text), Some((1, stored)))
            }
            _ => {
                let kind = self.random.of(&[0, 1, 2, 3, 4, 5, 6, 7, 8, 11, 0x100, 0xffff_0001]);
                let mut bytes: Vec<u8> =
                    (0..self.random.below(40)).map(|_| self.random.next().to_le_bytes()[0]).collect();
                let head = if kind == 3 && !self.random.once_in(3) { "hex:".into() } else { format!("hex({kind:x}):") };
                let text = head + &self.hex(&bytes);
                // regedit ends strings that have no end; a half unit stays before it.
                let ended = bytes.len() >= 2 && bytes.as_chunks::<2>().0.last() == Some(&[0, 0]);
                if matches!(kind, 1 | 2 | 7) && !bytes.is_empty() && !ended {
                    bytes.extend([0, 0]);
                }
                (text, Some((kind, bytes)))
            }
        }
    }

    fn value(&mut self) {
        let value = self.random.below(VALUES.len());
        let (name, spelled) = self.name(value);
        let (data, stored) = self.data();
        let line = format!("{}{spelled}{}={}{data}", self.blanks(), self.blanks(), self.blanks());
        let comment = self.random.of(&["", "", " ", ";c", " ; \"Enabled\"=dword:9", "\t;\\"]);
        self.end_line(&(line + comment));
        let Some(path) = self.open.clone() else { return };
        let values = self.model.get_mut(&path).unwrap();
        match stored {
            Some((kind, bytes)) => drop(values.insert(value, (name, kind, bytes))),
            None => drop(values.remove(&value)),
        }
        match values.contains_key(&value) {
            true => self.said.no_value.remove(&(path, value)),
            false => self.said.no_value.insert((path, value)),
        };
    }

    /// A line that sets nothing.
    fn nothing(&mut self) {
        let line = self.random.of(&[
            "",
            "  ",
            "; comment",
            ";[HKEY_LOCAL_MACHINE\\SOFTWARE\\Policies\\Model]",
            "# \"Enabled\"=dword:1",
            "junk",
            "\"Enabled\"=dword:123456789",
            "\"Enabled\"=DWORD:1",
            "\"Enabled\"=\"no end",
            "\"Enabled\"=hex:123",
            "\"Enabled\" dword:1",
            "[ HKEY_LOCAL_MACHINE\\blank",
        ]);
        self.end_line(line);
    }
}

/// A file as bytes, its text, and its model.
fn generate(seed: u64) -> (Vec<u8>, String, Model, Said) {
    let mut random = XorShift(seed | 1);
    random.next();
    let eol = random.of(&["\r\n", "\n", "\r"]);
    let encoding = random.below(4);
    let mut writer =
        Writer { random, eol, text: String::new(), model: Model::new(), said: Said::default(), open: None };
    // In a REGEDIT4 file of 8 bits strings in hex are of 8 bits too, which is not modelled here.
    let old = encoding < 2 && writer.random.once_in(3);
    writer.end_line(if old { "REGEDIT4" } else { "Windows Registry Editor Version 5.00" });
    for _ in 0..writer.random.below(60) {
        match writer.random.below(10) {
            0..3 => writer.key(),
            3 => writer.nothing(),
            _ => writer.value(),
        }
    }
    if writer.random.once_in(4) {
        writer.text.truncate(writer.text.trim_end_matches(['\r', '\n']).len());
    }
    let marked = || ['\u{feff}'].into_iter().chain(writer.text.chars()).collect::<String>();
    let bytes = match encoding {
        0 => marked().encode_utf16().flat_map(u16::to_le_bytes).collect(),
        1 => marked().encode_utf16().flat_map(u16::to_be_bytes).collect(),
        2 => marked().into_bytes(),
        _ => writer.text.clone().into_bytes(),
    };
    (bytes, writer.text, writer.model, writer.said)
}

fn place(name: &Name, list: &[[&str; 3]]) -> usize {
    let same = |spelling: &&str| spelling.encode_utf16().eq(name.units().iter().copied());
    list.iter().position(|spellings| spellings.iter().any(same)).unwrap()
}

/// What the reader kept, in the model's terms.
fn read(file: &RegFile, base: &KeyPath) -> Model {
    let kept = file.kept_below(base, false).into_iter().filter(|key| !key.deleted);
    kept.map(|key| {
        let path = key.path[BASE.len()..].iter().map(|name| place(name, &KEYS)).collect();
        let values = key.values.iter().map(|value| {
            let stored = value.value.clone().unwrap();
            (place(value.name, &VALUES), (value.name.to_string(), stored.kind.0, stored.data.clone()))
        });
        (path, values.collect())
    })
    .collect()
}

/// Every value asked for one by one, there or not.
fn look_up(file: &RegFile, model: &Model, said: &Said, export: bool, text: &str) {
    let deleted = said.gone.iter().chain(said.no_value.iter().map(|(path, _)| path));
    for path in model.keys().chain(deleted).cloned().chain([vec![0, 1], vec![2], vec![]]) {
        let names = BASE.iter().map(|base| base[0]).chain(path.iter().map(|&name| KEYS[name][1]));
        let key = KeyPath(names.map(Name::from).collect());
        for (i, spellings) in VALUES.iter().enumerate() {
            let expected = model.get(&path).and_then(|values| values.get(&i)).map(|(_, kind, data)| (*kind, &data[..]));
            let found = file.lookup(&key, &Name::from(spellings[2]));
            match &found {
                Lookup::Found(found) => {
                    assert_eq!(Some((found.value.kind.0, &found.value.data[..])), expected, "{text}");
                }
                Lookup::Unreadable(error, _) => panic!("{error}: {text}"),
                _ => {
                    assert_eq!(None, expected, "{key} {i}: {found:?}\n{text}");
                    let absent = said.absent(&path, i, export);
                    assert_eq!(found != Lookup::NotCovered, absent, "{key} {i} {export}: {found:?}\n{text}");
                    let exists = model.contains_key(&path);
                    match file.key(&key) {
                        Lookup::ValueAbsent(_) => assert!(exists, "{key}\n{text}"),
                        Lookup::KeyAbsent => assert!(absent && !exists, "{key}\n{text}"),
                        Lookup::NotCovered => assert!(!absent && !exists, "{key}\n{text}"),
                        other => panic!("{key}: {other:?}\n{text}"),
                    }
                }
            }
        }
    }
}

#[test]
fn a_reg_file_means_what_the_model_says() {
    let base = KeyPath(BASE.iter().map(|base| Name::from(base[0])).collect());
    let mut interest = Interest::new();
    interest.tree(&base);
    let mut values = 0;
    for round in 0..rounds(ROUNDS) {
        let (bytes, text, model, said) = generate(round.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        for is in [RegIs::Auto, RegIs::Script, RegIs::Export] {
            let file = RegFile::read(&bytes, &Arc::from("model.reg"), &interest, &Limits::default(), None).taken_as(is);
            assert_eq!(file.stopped(), None, "round {round}");
            assert_eq!(read(&file, &base), model, "round {round}:\n{text}");
            // None of these is as regedit writes, but for one key by itself.
            let export = file.extent().is_export() == Some(true);
            assert!(is != RegIs::Auto || !export || said.listed.len() == 1, "{}:\n{text}", file.extent());
            look_up(&file, &model, &said, export, &text);
        }
        values += model.values().map(BTreeMap::len).sum::<usize>();
    }
    assert!(values > 100, "the files set next to nothing");
}
