//! Random changes and doubts by way of a symbolic link and beside it: what is asked by either path.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use tlshive::error::{At, Error};
use tlshive::limits::Limits;
use tlshive::place::Place;
use tlshive::read_at::LocalFile;
use tlshive::registry::change::{Change, Changes};
use tlshive::registry::hive::{Hive, Mounted};
use tlshive::registry::overlay::{Import, View};
use tlshive::registry::{Lookup, Registry};
use tlshive::windows::keys::system;
use tlshive::windows::path::{KeyPath, Name};
use tlshive::windows::value::Value;

use crate::common::random::{XorShift, rounds};

/// The link, and where it leads.
const TREES: [&str; 2] = [r"Control\SecurityProviders\SCHANNEL", r"Control\Alt\SCHANNEL"];
const ABOVE: &str = r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\SecurityProviders";
const BELOW: [&str; 5] =
    [r"Protocols\TLS 1.2\Client", r"Protocols\TLS 1.2\Server", r"Protocols\TLS 1.2", r"Protocols", r"New\Key"];
const VALUES: [&str; 2] = ["Enabled", "new"];

type Key = (usize, &'static str);

/// What the imports make of the two trees, once the link is followed.
#[derive(Default)]
struct Model {
    /// The link was deleted with the key above it.
    unlinked: bool,
    /// The last word about a value; where there is none, the base has it.
    values: BTreeMap<(Key, &'static str), Option<u32>>,
    doubts: BTreeSet<Key>,
}

fn starts(key: &str, above: &str) -> bool {
    key == above || key.strip_prefix(above).is_some_and(|rest| rest.starts_with('\\'))
}

impl Model {
    /// Where a path leads.
    fn real(&self, (tree, below): Key) -> Key {
        (if self.unlinked { tree } else { 1 }, below)
    }

    fn doubted(&self, key: Key) -> bool {
        let here = |(tree, below): Key| self.doubts.iter().any(|(t, doubt)| *t == tree && starts(below, doubt));
        here(key) || here(self.real(key))
    }

    /// One step of an import.
    fn step(&mut self, chance: &mut XorShift) -> Changes {
        let place = Place::new(&"import".into(), At::Line(1));
        let key = (chance.below(2), chance.of(&BELOW));
        let set = chance.of(&["CurrentControlSet", "controlset001"]);
        let path = KeyPath::parse(&format!(r"HKEY_LOCAL_MACHINE\SYSTEM\{set}\{}\{}", TREES[key.0], key.1));
        let (real, value) = (self.real(key), chance.of(&VALUES));
        let name = Name::from(value);
        let mut changes = Changes { first: Some(place.clone()), ..Changes::default() };
        let change = match chance.below(12) {
            0 => {
                self.unlinked = true;
                self.values.retain(|((tree, _), _), _| *tree == 1);
                for below in BELOW {
                    self.values.extend(VALUES.map(|value| (((0, below), value), None)));
                }
                Change::DeleteKey(KeyPath::parse(ABOVE))
            }
            1 => {
                for below in BELOW.into_iter().filter(|below| starts(below, key.1)) {
                    self.values.extend(VALUES.map(|value| (((real.0, below), value), None)));
                }
                Change::DeleteKey(path)
            }
            2 | 3 => {
                // The link was there, or it was not: a doubt is about either time.
                self.doubts.extend([key, (1, key.1)]);
                let error = Error::unsupported(At::Line(1), "in doubt");
                changes.doubts.push((path, error, place));
                return changes;
            }
            4 | 5 => {
                self.values.insert((real, value), None);
                Change::DeleteValue { key: path, name }
            }
            _ => {
                let n = u32::try_from(chance.below(9)).unwrap();
                self.values.insert((real, value), Some(n));
                Change::Set { key: path, name, value: Value::dword(n) }
            }
        };
        changes.changes.push((change, place));
        changes
    }
}

#[test]
fn either_path_of_a_link_answers_for_what_was_done_by_the_other() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/hosts/symlink/SYSTEM");
    let file = LocalFile::open(&path).unwrap();
    let hive = Hive::open(Box::new(file), Arc::from("SYSTEM"), &Limits::default()).unwrap();
    let names = vec![Name::from("ControlSet001"), Name::from("CurrentControlSet")];
    let base = Registry::new(vec![Box::new(Mounted::new(system(), hive))], 16).with_control_set(Ok(names.clone()));
    let import = Import { view: View::Bits64, wow64: Some(true), current: names, keys: 1 << 13 };
    let ask = |registry: &Registry, set: &str, (tree, below): Key, value: &str| {
        let key = KeyPath::parse(&format!(r"HKEY_LOCAL_MACHINE\SYSTEM\{set}\{}\{below}", TREES[tree]));
        match registry.get(&key, &Name::from(value)) {
            Lookup::Found(found) => Ok(found.value.as_dword()),
            Lookup::KeyAbsent | Lookup::ValueAbsent(_) => Ok(None),
            other => Err(format!("{other:?}")),
        }
    };
    let (mut known, mut doubted) = (0, 0);
    for round in 0..rounds(super::ROUNDS) {
        let mut chance = XorShift(round.wrapping_mul(0x3c6e_f372_fe94_f82b) | 1);
        chance.next();
        let mut model = Model::default();
        let files: Vec<Changes> = (0..1 + chance.below(7)).map(|_| model.step(&mut chance)).collect();
        let after = base.with_overlay(&files, &import);
        for key in (0..2).flat_map(|tree| BELOW.map(|below| (tree, below))) {
            for (value, set) in
                VALUES.iter().flat_map(|value| [(*value, "CurrentControlSet"), (*value, "ControlSet001")])
            {
                let said = ask(&after, set, key, value);
                if model.doubted(key) {
                    assert!(
                        said.as_ref().is_err_and(|why| why.contains("in doubt")),
                        "{key:?} {value}: {said:?}\n{files:#?}"
                    );
                    doubted += 1;
                    continue;
                }
                let real = model.real(key);
                let want = match model.values.get(&(real, value)) {
                    Some(value) => *value,
                    None => ask(&base, set, real, value).unwrap(),
                };
                assert_eq!(said, Ok(want), "{key:?} {value}\n{files:#?}");
                known += 1;
            }
        }
    }
    assert!(known > 500 && doubted > 200, "{known} {doubted}");
}
