//! Random states and random imports over them, against a model that knows nothing but maps: the registry with an overlay must
//! answer as the model does after the import, and a plan's undo must lead back. `TLSHIVE_MUTATIONS=100000 cargo test --test
//! overlay_model` looks longer.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a panic is how a test fails")]

#[allow(dead_code, reason = "each test program uses a part of it")]
mod common;
#[path = "overlay_model/links.rs"]
mod links;
#[path = "overlay_model/select.rs"]
mod select;

use std::collections::BTreeMap;
use std::sync::Arc;

use common::random::{XorShift, rounds};
use tlshive::error::At;
use tlshive::limits::Limits;
use tlshive::place::Place;
use tlshive::plan;
use tlshive::registry::change::{Change, Changes};
use tlshive::registry::overlay::{Import, View};
use tlshive::registry::reg_file::{Interest, RegFile, RegIs};
use tlshive::registry::{Listing, Lookup, Registry};
use tlshive::windows::path::{KeyPath, Name};
use tlshive::windows::value::{Value, ValueType};

const ROUNDS: u64 = 60;
const BASE: &str = r"HKEY_LOCAL_MACHINE\SOFTWARE\Model";
const KEYS: [[&str; 2]; 4] = [["Alpha", "ALPHA"], ["beta", "BETA"], ["Größe", "grÖßE"], ["x y", "X Y"]];
const VALUES: [[&str; 2]; 4] = [["", ""], ["Enabled", "ENABLED"], ["a=b", "A=B"], ["back\\slash", "BACK\\slash"]];

type Path = Vec<usize>;
/// Below the base: keys, and the values in them.
type Model = BTreeMap<Path, BTreeMap<usize, Value>>;

struct Maker(XorShift);

impl Maker {
    fn path(&mut self) -> Path {
        (0..self.0.below(4)).map(|_| self.0.below(KEYS.len())).collect()
    }

    fn key(&mut self, path: &Path) -> KeyPath {
        let mut key = KeyPath::parse(BASE);
        key.0.extend(path.iter().map(|&name| Name::from(KEYS[name][self.0.below(2)])));
        key
    }

    fn name(&mut self, value: usize) -> Name {
        Name::from(VALUES[value][self.0.below(2)])
    }

    fn value(&mut self) -> Value {
        let kind = ValueType(self.0.of(&[0, 1, 3, 4, 7, 11, 0x1_0000]));
        Value { kind, data: (0..self.0.below(6)).map(|_| self.0.next().to_le_bytes()[0]).collect() }
    }

    fn create(model: &mut Model, path: &Path) {
        for names in 0..=path.len() {
            model.entry(path[..names].to_vec()).or_default();
        }
    }

    /// A change, made to the model as well.
    fn change(&mut self, model: &mut Model) -> Change {
        let path = self.path();
        let (key, value) = (self.key(&path), self.0.below(VALUES.len()));
        let name = self.name(value);
        match self.0.below(12) {
            0 if !path.is_empty() => {
                model.retain(|key, _| !key.starts_with(&path));
                Change::DeleteKey(key)
            }
            1 => {
                if let Some(values) = model.get_mut(&path) {
                    values.clear();
                }
                Change::DeleteValues(key)
            }
            2 | 3 => {
                if let Some(values) = model.get_mut(&path) {
                    values.remove(&value);
                }
                Change::DeleteValue { key, name }
            }
            4 | 5 => {
                Self::create(model, &path);
                Change::CreateKey(key)
            }
            _ => {
                Self::create(model, &path);
                let data = self.value();
                model.get_mut(&path).unwrap().insert(value, data.clone());
                Change::Set { key, name, value: data }
            }
        }
    }

    fn changes(&mut self, model: &mut Model) -> Vec<Change> {
        (0..self.0.below(14)).map(|_| self.change(model)).collect()
    }
}

/// The state as a `.reg` file that lists every key.
fn text(model: &Model, covers_all: bool) -> String {
    let mut text = String::from("Windows Registry Editor Version 5.00\n");
    text.push_str(&format!("[{}]\n", if covers_all { r"HKEY_LOCAL_MACHINE\SOFTWARE" } else { BASE }));
    for (path, values) in model {
        let names: String = path.iter().map(|&name| format!("\\{}", KEYS[name][0])).collect();
        text.push_str(&format!("[{BASE}{names}]\n"));
        for (&name, value) in values {
            let data: Vec<String> = value.data.iter().map(|byte| format!("{byte:02x}")).collect();
            let name = VALUES[name][0].replace('\\', "\\\\");
            text.push_str(&format!("\"{name}\"=hex({:x}):{}\n", value.kind.0, data.join(",")));
        }
    }
    text
}

fn registry(text: &str) -> Registry {
    let mut interest = Interest::new();
    interest.tree(&KeyPath::parse(r"HKEY_LOCAL_MACHINE\SOFTWARE"));
    let bytes = ['\u{feff}'].into_iter().chain(text.chars()).collect::<String>();
    let bytes: Vec<u8> = bytes.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let file = RegFile::read(&bytes, &Arc::from("state.reg"), &interest, &Limits::default(), None);
    assert_eq!(file.stopped(), None);
    Registry::new(vec![Box::new(file.taken_as(RegIs::Export))], 16)
}

fn over(base: &Registry, imports: &[&[Change]]) -> Registry {
    let place = Place::new(&"import.reg".into(), At::Line(1));
    let import = Import { view: View::Bits64, wow64: Some(true), current: Vec::new(), keys: 1 << 13 };
    let changes = |changes: &&[Change]| Changes {
        changes: changes.iter().map(|change| (change.clone(), place.clone())).collect(),
        ..Changes::default()
    };
    base.with_overlay(&imports.iter().map(changes).collect::<Vec<_>>(), &import)
}

/// Every key of the model's world.
fn world() -> Vec<Path> {
    let mut all: Vec<Path> = vec![vec![]];
    for at in 0.. {
        let Some(path) = all.get(at).cloned() else { break };
        if path.len() < 3 {
            all.extend((0..KEYS.len()).map(|name| [path.clone(), vec![name]].concat()));
        }
    }
    all
}

fn listed(listing: &Listing, spellings: &[[&str; 2]]) -> Option<Vec<usize>> {
    match listing {
        Listing::Found { names, whole: true } => {
            let place = |name: &Name| spellings.iter().position(|s| Name::from(s[0]).matches(name.units())).unwrap();
            let mut places: Vec<usize> = names.iter().map(place).collect();
            places.sort_unstable();
            Some(places)
        }
        Listing::KeyAbsent => None,
        other => panic!("{other:?}"),
    }
}

fn hold(registry: &Registry, model: &Model, maker: &mut Maker, what: &str) {
    for path in world() {
        let key = maker.key(&path);
        let values = model.get(&path);
        assert_eq!(matches!(registry.key(&key), Lookup::ValueAbsent(_)), values.is_some(), "{key}\n{what}");
        for value in 0..VALUES.len() {
            let found = match registry.get(&key, &maker.name(value)) {
                Lookup::Found(found) => Some(found.value),
                Lookup::ValueAbsent(_) if values.is_some() => None,
                Lookup::KeyAbsent if values.is_none() => None,
                other => panic!("{key} {value}: {other:?}\n{what}"),
            };
            assert_eq!(found.as_ref(), values.and_then(|values| values.get(&value)), "{key} {value}\n{what}");
        }
        let below = |(other, _): (&Path, _)| {
            (other.len() == path.len() + 1 && other.starts_with(&path)).then(|| other[path.len()])
        };
        let children = values.map(|_| model.iter().filter_map(below).collect::<Vec<usize>>());
        assert_eq!(listed(&registry.children(&key), &KEYS), children, "{key}\n{what}");
        let names = values.map(|values| values.keys().copied().collect::<Vec<usize>>());
        assert_eq!(listed(&registry.value_names(&key), &VALUES), names, "{key}\n{what}");
    }
}

#[test]
fn an_overlay_answers_as_the_registry_after_the_import_would() {
    let mut undone = 0;
    for round in 0..rounds(ROUNDS) {
        let mut maker = Maker(XorShift(round.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1));
        maker.0.next();
        let mut state = Model::new();
        Maker::create(&mut state, &vec![]);
        maker.changes(&mut state);
        // Only what a .reg file can hold: its import ends strings.
        for value in state.values_mut().flat_map(BTreeMap::values_mut) {
            if matches!(value.kind, ValueType::SZ | ValueType::MULTI_SZ) {
                value.kind = ValueType::BINARY;
            }
        }
        let text = text(&state, true);
        let base = registry(&text);
        hold(&base, &state, &mut maker, &text);
        let mut model = state.clone();
        let (first, second) = (maker.changes(&mut model), maker.changes(&mut model));
        let after = over(&base, &[&first, &second]);
        let what = format!("{text}\n{first:#?}\n{second:#?}");
        hold(&after, &model, &mut maker, &what);

        let all = [first, second].concat();
        let undo = plan::undo(&all, &base, 1000).unwrap();
        let back = over(&base, &[&all, &undo]);
        hold(&back, &state, &mut maker, &format!("{what}\n{undo:#?}"));
        undone += undo.len();
    }
    assert!(undone > 300, "{undone}");
}

/// Every `.reg` file that changes something changes the same whether it is read as a state over nothing or as an import over a
/// hive that holds nothing.
#[test]
fn the_journal_of_a_file_leads_to_what_the_file_leaves() {
    for round in 0..rounds(ROUNDS) {
        let mut maker = Maker(XorShift(round.wrapping_mul(0x6a09_e667_f3bc_c909) | 1));
        maker.0.next();
        let mut model = Model::new();
        Maker::create(&mut model, &vec![]);
        let mut file = format!("Windows Registry Editor Version 5.00\n[-{BASE}]\n[{BASE}]\n");
        for _ in 0..maker.0.below(20) {
            let path = maker.path();
            let key = maker.key(&path);
            if maker.0.once_in(5) && !path.is_empty() {
                model.retain(|key, _| !key.starts_with(&path));
                file.push_str(&format!("[-{key}]\n"));
                continue;
            }
            Maker::create(&mut model, &path);
            file.push_str(&format!("[{key}]\n"));
            for _ in 0..maker.0.below(3) {
                let value = maker.0.below(VALUES.len());
                let name = maker.name(value).to_string().replace('\\', "\\\\");
                if maker.0.once_in(3) {
                    model.get_mut(&path).unwrap().remove(&value);
                    file.push_str(&format!("\"{name}\"=-\n"));
                } else {
                    let n = u32::try_from(maker.0.below(9)).unwrap();
                    model.get_mut(&path).unwrap().insert(value, Value::dword(n));
                    file.push_str(&format!("\"{name}\"=dword:{n}\n"));
                }
            }
        }
        let mut interest = Interest::new();
        interest.tree(&KeyPath::parse(r"HKEY_LOCAL_MACHINE\SOFTWARE"));
        let marked = ['\u{feff}'].into_iter().chain(file.chars()).collect::<String>();
        let bytes: Vec<u8> = marked.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let name = Arc::from("import.reg");
        let (_, changes) = RegFile::read_changes(&bytes, &name, &interest, &Limits::default(), None);
        assert_eq!((changes.stopped.clone(), changes.doubts.len()), (None, 0));
        let import = Import { view: View::Bits64, wow64: None, current: Vec::new(), keys: 1 << 13 };
        let base = registry("REGEDIT4\n").with_overlay(&[changes], &import);
        hold(&base, &model, &mut maker, &file);
    }
}
