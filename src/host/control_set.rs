//! Control sets: which `ControlSetNNN` the name `CurrentControlSet` stands for.

use crate::error::Error;
use crate::place::Place;
use crate::registry::{Lookup, Registry};
use crate::windows::control_set::{alias, is_alias, is_control_set, numbered};
use crate::windows::keys::system;
use crate::windows::path::{KeyPath, Name};

/// Which control sets are to be judged.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Wanted {
    /// The one in use: `Select\Current`. Of a `.reg` file without `Select`, each one that it speaks of.
    #[default]
    Current,
    /// The one that the next start uses: `Select\Default`.
    Default,
    /// `Select\LastKnownGood`
    LastKnownGood,
    /// `ControlSetNNN` by its number.
    Number(u32),
    /// Every one that there is.
    All,
}

/// A control set that a host is judged by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ControlSet {
    /// Its name in the input, such as `ControlSet001`.
    pub name: String,
    /// Whether it is what the running machine calls `CurrentControlSet`.
    pub in_use: bool,
    /// The set that the next start uses, where this is the one in use and that is another.
    pub next: Option<String>,
}

/// What `CurrentControlSet` is to stand for.
pub(super) struct Selected {
    pub(super) set: Option<ControlSet>,
    pub(super) names: Result<Vec<Name>, Error>,
    pub(super) notes: Vec<String>,
}

impl Selected {
    fn set(name: &Name) -> Self {
        let in_use = is_alias(name.units());
        let set = ControlSet { name: name.to_string(), in_use, next: None };
        Self { set: Some(set), names: Ok(vec![name.clone()]), notes: Vec::new() }
    }

    fn unknown(what: String) -> Self {
        Self { set: None, names: Err(Error::Ambiguous { what }), notes: Vec::new() }
    }
}

/// A machine, as it is and as imports leave it.
pub(super) struct Machine<'a> {
    pub(super) now: &'a Registry,
    /// The same as `now` where there is no import.
    pub(super) after: &'a Registry,
    /// The control sets that the imports speak of.
    pub(super) spoken_of: &'a [Name],
}

/// The control sets to judge, at least one. What stands in `Select` after the imports counts, but for the set in use: that
/// is what it was when Windows started.
pub(super) fn select(machine: &Machine<'_>, wanted: &Wanted) -> Vec<Selected> {
    let mut selected = wanted_sets(machine, wanted);
    if let Some(current) = number(machine.now, "Current") {
        let current = numbered(current).to_string();
        for set in selected.iter_mut().filter_map(|selected| selected.set.as_mut()) {
            set.in_use |= set.name.eq_ignore_ascii_case(&current);
        }
    }
    if let (Wanted::Current | Wanted::Number(_), Some(now), Some(next)) =
        (wanted, number(machine.now, "Current"), number(machine.after, "Default"))
        && now != next
    {
        for set in selected.iter_mut().filter_map(|selected| selected.set.as_mut()).filter(|set| set.in_use) {
            set.next = Some(numbered(next).to_string());
        }
    }
    selected
}

/// The names of the set in use, as far as they can be told: its own, and [`ALIAS`], where that is the same. An input that has
/// no `Select` but speaks of one set alone is taken to speak of the one in use.
pub(super) fn in_use(registry: &Registry) -> Vec<Name> {
    if number(registry, "Current").is_some() {
        let mut names = in_force(registry).names.unwrap_or_default();
        if !names.is_empty() && !names.iter().any(|name| is_alias(name.units())) {
            names.push(alias());
        }
        return names;
    }
    match (listed(registry), own_alias(registry)) {
        ((_, Some(_)), _) => Vec::new(),
        ((_, None), Some(alias)) => vec![alias],
        ((sets, None), None) => match <[Name; 1]>::try_from(sets) {
            Ok([only]) => vec![only, alias()],
            Err(sets) if sets.is_empty() => vec![alias()],
            Err(_) => Vec::new(),
        },
    }
}

fn wanted_sets(machine: &Machine<'_>, wanted: &Wanted) -> Vec<Selected> {
    let has_hive = machine.now.sources().any(|source| source.is_hive(&system()));
    let speaks = |registry, which| match select_value(registry, which) {
        Lookup::NotCovered => false,
        Lookup::KeyAbsent | Lookup::ValueAbsent(_) => has_hive,
        Lookup::Found(_) | Lookup::Unreadable(..) => true,
    };
    let which = match wanted {
        Wanted::Default => "Default",
        Wanted::LastKnownGood => "LastKnownGood",
        Wanted::Current | Wanted::Number(_) | Wanted::All => "Current",
    };
    if !speaks(machine.now, "Current") && (*wanted == Wanted::Current || !speaks(machine.after, which)) {
        return without_select(machine, wanted);
    }
    match wanted {
        Wanted::All => {
            let (sets, damage) = machine.real();
            let mut all: Vec<Selected> = sets.iter().map(Selected::set).collect();
            // What stands beyond the damage is judged too: as unknown.
            all.extend(damage.map(|error| Selected::unknown(format!("there may be more control sets: {error}"))));
            if all.is_empty() { vec![Selected::unknown("no control set can be found".into())] } else { all }
        }
        Wanted::Number(n) => vec![machine.existing(&numbered(*n))],
        Wanted::Current => vec![current(machine)],
        Wanted::Default => vec![machine.by_select("Default")],
        Wanted::LastKnownGood => vec![machine.by_select("LastKnownGood")],
    }
}

/// No input has a `Select` key: a `.reg` file is then judged by each set that it speaks of.
fn without_select(machine: &Machine<'_>, wanted: &Wanted) -> Vec<Selected> {
    let listed = if *wanted == Wanted::All { machine.listed().0 } else { listed(machine.now).0 };
    let needs = |which: &str| vec![Selected::unknown(format!("Select\\{which} is in none of the inputs"))];
    match wanted {
        Wanted::Default => needs("Default"),
        Wanted::LastKnownGood => needs("LastKnownGood"),
        Wanted::Number(n) => vec![Selected::set(&numbered(*n))],
        Wanted::Current | Wanted::All if listed.is_empty() => {
            vec![Selected { set: None, names: Ok(vec![alias()]), notes: Vec::new() }]
        }
        Wanted::Current | Wanted::All => listed.iter().map(Selected::set).collect(),
    }
}

/// The set in use, and what is to be known of it.
fn current(machine: &Machine<'_>) -> Selected {
    let mut selected = in_force(machine.now);
    let Some(now) = number(machine.now, "Current") else { return selected };
    if let Some(other) = number(machine.after, "Current").filter(|other| *other != now) {
        selected.notes.push(format!(
            "an import sets Select\\Current to {other}: Windows goes on with {}, and writes Current anew when it starts",
            numbered(now)
        ));
    }
    selected
}

/// The set in use. Where `Select` names one that is not there, the inputs' own `CurrentControlSet` is judged (exports of a
/// running machine have it, Wine has nothing else), or the only set that there is.
fn in_force(registry: &Registry) -> Selected {
    let machine = Machine { now: registry, after: registry, spoken_of: &[] };
    let mut selected = machine.by_select("Current");
    match &mut selected.names {
        // Exports of a running machine have the set in use under both names.
        Ok(names) => names.push(alias()),
        Err(why) => match (own_alias(registry).or_else(|| only(registry)), select_value(registry, "Current")) {
            (None, _) | (_, Lookup::Unreadable(..)) => return selected,
            (Some(only), _) => {
                let note = format!("{why}: {only}, the only control set there is, is judged");
                selected = Selected { notes: vec![note], ..Selected::set(&only) };
            }
        },
    }
    if let Some(set) = &mut selected.set {
        set.in_use = true;
    }
    selected
}

impl Machine<'_> {
    fn by_select(&self, which: &str) -> Selected {
        match (number(self.after, which), select_value(self.after, which)) {
            (Some(0), _) => Selected::unknown(format!("Select\\{which} is 0: there is no such control set")),
            (Some(n), _) => self.existing(&numbered(n)),
            (None, Lookup::Unreadable(error, place)) => self.unreadable(which, error, &place),
            (None, Lookup::Found(_)) => Selected::unknown(format!("Select\\{which} is no REG_DWORD")),
            (None, _) => Selected::unknown(format!("Select\\{which} is missing")),
        }
    }

    /// `Select` cannot be read, which is no fault of its own where nothing at all is known from a file.
    fn unreadable(&self, which: &str, error: Error, place: &Place) -> Selected {
        if matches!(self.after.first_change(), Some(Err(_))) {
            // Every answer says why.
            let mut names = in_use(self.now);
            if names.is_empty() {
                names.push(alias());
            }
            return Selected { set: None, names: Ok(names), notes: Vec::new() };
        }
        let mut sources = self.now.sources();
        let asked = sources.find(|source| *source.artifact() == place.artifact);
        match asked.is_some_and(|source| source.stopped().is_some()) {
            true if self.now.sources().count() == 1 => Selected { set: None, names: Err(error), notes: Vec::new() },
            true => Selected::unknown(format!("{place}: {error}")),
            false => Selected::unknown(format!("Select\\{which} in {place}: {error}")),
        }
    }

    /// The set of this name, unless it is known not to exist. The list of all sets costs a read of every key at the hive's
    /// root, so it is made only where the key itself does not settle it.
    fn existing(&self, name: &Name) -> Selected {
        let why = match self.after.key(&path(name)) {
            Lookup::KeyAbsent => "does not exist",
            Lookup::NotCovered => "is in none of the inputs",
            _ => return Selected::set(name),
        };
        if !self.real().0.iter().any(|set| set.matches(name.units())) {
            return Selected::unknown(format!("{name} {why}"));
        }
        Selected::set(name)
    }

    /// The control sets under their own names, and what kept the list from being whole.
    fn real(&self) -> (Vec<Name>, Option<Error>) {
        let (mut sets, damage) = self.listed();
        sets.retain(|name| !is_alias(name.units()));
        (sets, damage)
    }

    /// As [`listed`], after the imports.
    fn listed(&self) -> (Vec<Name>, Option<Error>) {
        let (mut sets, damage) = listed(self.now);
        if !self.after.is_overlaid() {
            return (sets, damage);
        }
        sets.retain(|set| self.after.key(&path(set)) != Lookup::KeyAbsent);
        // The set in use is there by its own name, where that is known.
        let used = in_use(self.now);
        let second = |set: &Name| used.len() > 1 && used.iter().any(|name| name.matches(set.units()));
        for set in self.spoken_of.iter().filter(|set| is_control_set(set.units()) && !second(set)) {
            let there = || matches!(self.after.key(&path(set)), Lookup::ValueAbsent(_) | Lookup::Unreadable(..));
            if !sets.iter().any(|known| known.matches(set.units())) && there() {
                sets.push(set.clone());
            }
        }
        (sets, damage)
    }
}

/// The key of a control set.
fn path(set: &Name) -> KeyPath {
    KeyPath(system().0.iter().chain([set]).cloned().collect())
}

fn select_value(registry: &Registry, which: &str) -> Lookup {
    registry.get(&KeyPath::parse(r"HKEY_LOCAL_MACHINE\SYSTEM\Select"), &Name::from(which))
}

/// The words by which `Select` calls sets that are not the one in use, each with the set's name. `Failed` is the one that a start
/// with the last known good set put aside.
pub fn select_words(registry: &Registry) -> Vec<(&'static str, String)> {
    let word = |word: &'static str| number(registry, word).filter(|n| *n != 0).map(|n| (word, numbered(n).to_string()));
    ["Default", "LastKnownGood", "Failed"].into_iter().filter_map(word).collect()
}

fn number(registry: &Registry, which: &str) -> Option<u32> {
    match select_value(registry, which) {
        Lookup::Found(found) => found.value.as_dword(),
        _ => None,
    }
}

/// `CurrentControlSet`, where an input has it as a key.
fn own_alias(registry: &Registry) -> Option<Name> {
    listed(registry).0.into_iter().find(|name| is_alias(name.units()))
}

/// The control set that is the only one. With a damaged list of sets, that cannot be told.
fn only(registry: &Registry) -> Option<Name> {
    match (Machine { now: registry, after: registry, spoken_of: &[] }).real() {
        (sets, None) => <[Name; 1]>::try_from(sets).ok().map(|[only]| only),
        (_, Some(_)) => None,
    }
}

/// The control sets that the inputs have or speak of, and what kept the list from being whole.
fn listed(registry: &Registry) -> (Vec<Name>, Option<Error>) {
    let mut sets: Vec<Name> = Vec::new();
    let mut damage = None;
    for source in registry.sources() {
        let (names, stopped) = source.control_sets();
        damage = damage.or(stopped);
        for name in names.into_iter().filter(|name| is_control_set(name.units())) {
            if !sets.iter().any(|set| set.matches(name.units())) {
                sets.push(name);
            }
        }
    }
    (sets, damage)
}
