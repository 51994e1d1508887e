//! Random imports over machines with several control sets: which set is judged, and what is in it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use tlshive::host::{Host, Input, Options, OverlayFile, Overlays, Wanted, overlay_interest};
use tlshive::limits::Limits;
use tlshive::policy::Policy;
use tlshive::registry::Lookup;
use tlshive::registry::overlay::View;
use tlshive::run::Inspection;
use tlshive::windows::path::{KeyPath, Name};

use crate::common::door;
use crate::common::random::{XorShift, rounds};

const KEY: &str = r"Control\Model";

/// Control sets by number, each with the value that it may have; and `Select`.
#[derive(Clone, Default)]
struct Machine {
    sets: BTreeMap<u32, Option<u32>>,
    select: BTreeMap<&'static str, u32>,
}

fn line(path: &str) -> String {
    format!("[HKEY_LOCAL_MACHINE\\SYSTEM\\{path}]\n")
}

fn select(name: &str, n: Option<u32>) -> String {
    let data = n.map_or("-".to_owned(), |n| format!("dword:{n}"));
    format!("{}\"{name}\"={data}\n", line("Select"))
}

impl Machine {
    fn new(chance: &mut XorShift) -> Self {
        let small = |n: usize| u32::try_from(n).unwrap();
        let mut machine = Self::default();
        for n in 1..=3 {
            machine.sets.insert(n, chance.once_in(2).then(|| small(chance.below(9))));
        }
        for name in ["Current", "Default", "LastKnownGood"] {
            machine.select.insert(name, small(1 + chance.below(3)));
        }
        machine
    }

    /// As a file that lists it.
    fn text(&self) -> String {
        let mut text = String::from("REGEDIT4\n");
        for (name, n) in &self.select {
            text.push_str(&select(name, Some(*n)));
        }
        for (n, value) in &self.sets {
            text.push_str(&line(&format!("ControlSet00{n}")));
            if let Some(value) = value {
                text.push_str(&format!("{}\"x\"=dword:{value}\n", line(&format!(r"ControlSet00{n}\{KEY}"))));
            }
        }
        text
    }

    /// A few lines of an import, carried out; `current` is the set in use.
    fn import(&mut self, current: u32, chance: &mut XorShift) -> String {
        let (number, name) = match chance.of(&[0, 0, 1, 2, 3, 4]) {
            0 => (current, chance.of(&["CurrentControlSet", "CURRENTCONTROLSET"]).to_owned()),
            n => (n, format!("{}00{n}", chance.of(&["ControlSet", "controlset"]))),
        };
        let key = format!(r"{name}\{KEY}");
        match chance.below(9) {
            0 => {
                self.sets.remove(&number);
                line(&name).replace('[', "[-")
            }
            1 => {
                self.sets.entry(number).and_modify(|value| *value = None);
                line(&key).replace('[', "[-")
            }
            2 => {
                self.sets.insert(number, None);
                format!("{}\"x\"=-\n", line(&key))
            }
            3..6 => {
                let which = chance.of(&["Current", "Default", "Default", "LastKnownGood"]);
                let n = u32::try_from(chance.below(6)).unwrap();
                if chance.once_in(8) {
                    self.select.remove(which);
                    return select(which, None);
                }
                self.select.insert(which, n);
                select(which, Some(n))
            }
            n => {
                let n = u32::try_from(n).unwrap();
                self.sets.insert(number, Some(n));
                format!("{}\"x\"=dword:{n}\n", line(&key))
            }
        }
    }
}

/// The control sets that are judged, each with the value in it.
fn opened(base: &Path, import: &Path, wanted: Wanted) -> Vec<(Option<String>, Option<u32>)> {
    let limits = Limits::default();
    let interest = [KeyPath::parse(&format!(r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\{KEY}"))];
    let (input, file) = Input::overlay(import, false).unwrap();
    let files = [OverlayFile::read(input, &file, &overlay_interest(&interest, &[]), &limits, None, None)];
    let overlays = Overlays { files: &files, view: View::Bits64 };
    let options = Options { control_set: wanted, interest: &interest, overlays, ..Options::new(&limits) };
    let policy = Policy::default_policy().unwrap();
    let set = |host: &Host| host.control_set.as_ref().map(|set| set.name.to_ascii_lowercase());
    let look = |host: &Host| (set(host), value(host));
    door::each_machine(&[base.to_path_buf()], &Inspection::new(&policy, &options), look)
}

/// The value in the set that is judged; `None` where there is none, or nothing is known.
fn value(host: &Host) -> Option<u32> {
    let key = KeyPath::parse(&format!(r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\{KEY}"));
    match host.registry.get(&key, &Name::from("x")) {
        Lookup::Found(found) => found.value.as_dword(),
        _ => None,
    }
}

#[test]
fn the_set_that_an_import_selects_is_judged_as_the_import_leaves_it() {
    let (_keep, folder) = crate::common::scratch();
    let (base, file) = (folder.join("base.reg"), folder.join("import.reg"));
    let mut chosen = 0;
    for round in 0..rounds(super::ROUNDS) {
        let mut chance = XorShift(round.wrapping_mul(0xbb67_ae85_84ca_a73b) | 1);
        chance.next();
        let before = Machine::new(&mut chance);
        let current = before.select["Current"];
        let mut after = before.clone();
        let lines: String = (0..1 + chance.below(6)).map(|_| after.import(current, &mut chance)).collect();
        fs::write(&base, before.text()).unwrap();
        fs::write(&file, format!("REGEDIT4\n{lines}")).unwrap();
        let what = format!("{}\n{lines}", before.text());
        for (wanted, number) in [
            (Wanted::Current, Some(current)),
            (Wanted::Default, after.select.get("Default").copied()),
            (Wanted::LastKnownGood, after.select.get("LastKnownGood").copied()),
            (Wanted::Number(2), Some(2)),
        ] {
            let hosts = opened(&base, &file, wanted.clone());
            let want = number.and_then(|n| after.sets.get(&n).copied().flatten());
            assert_eq!(hosts.len(), 1, "{wanted:?}\n{what}");
            let (named, value) = hosts[0].clone();
            assert_eq!(value, want, "{wanted:?}\n{what}");
            let there = number.filter(|n| wanted == Wanted::Current || after.sets.contains_key(n));
            assert_eq!(named, there.map(|n| format!("controlset00{n}")), "{wanted:?}\n{what}");
            chosen += usize::from(want.is_some() && want != before.sets.get(&current).copied().flatten());
        }
        let all = opened(&base, &file, Wanted::All);
        let mut found: Vec<_> = all.into_iter().filter_map(|(name, value)| Some((name?, value))).collect();
        found.sort();
        let want: Vec<_> = after.sets.iter().map(|(n, value)| (format!("controlset00{n}"), *value)).collect();
        assert_eq!(found, want, "{what}");
    }
    assert!(chosen > 20, "{chosen}");
}
