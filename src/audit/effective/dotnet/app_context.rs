//! AppContext switches that are set for the whole machine. Each turns a default of .NET 4 around: `DontEnable…` at "true" makes
//! absent values mean off for every program, at "false" it makes them mean on.
//!
//! Sources: the .NET Framework reference source, `AppContextDefaultValues.DesktopOverrides.cs` (the key, both views; a text that
//! is "true" or "false" in any case, anything else is as if it were not there) and `ServicePointManager.Configuration.cs` (what
//! the switches turn around); Microsoft, "AppContext for library consumers". A program's own .config file wins over it.

use super::{STRONG, SYSTEM_DEFAULT, home};
use crate::audit::effective::{Lint, View, ask};
use crate::diagnostic::Code;
use crate::place::Place;
use crate::registry::{KeyInfo, Lookup, Registry};
use crate::windows::path::{KeyPath, Name};
use crate::windows::reading::Reading;
use crate::windows::value::ValueType;

const PREFIX: &str = "Switch.System.Net.DontEnable";

/// One switch, as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Switch {
    /// Not set: what the program was built for decides.
    ByTarget,
    /// The default is on, or off, for every program.
    Default(bool),
    /// It cannot be told.
    Unknown,
}

impl Switch {
    /// What absent values may mean to a program to which they mean this by itself.
    pub(super) fn defaults(self, by_target: bool) -> Vec<bool> {
        match self {
            Switch::ByTarget => vec![by_target],
            Switch::Default(on) => vec![on],
            Switch::Unknown => vec![true, false],
        }
    }
}

/// Both switches of a view.
#[derive(Debug, Clone)]
pub(super) struct Switches {
    pub(super) system: Switch,
    pub(super) strong: Switch,
    /// What is set, for people; empty where nothing is.
    pub(super) why: String,
    /// The key, where one of them is set or may be.
    pub(super) key: Option<KeyInfo>,
}

pub(super) fn key(wow: bool) -> KeyPath {
    ask::child(&home(wow), &Name::from("AppContext"))
}

pub(super) fn reading(wow: bool) -> Reading {
    let names = [SYSTEM_DEFAULT, STRONG].map(|name| format!("{PREFIX}{name}"));
    Reading::values(key(wow), &names.each_ref().map(String::as_str))
}

pub(super) fn read(registry: &Registry, view: View, wow: bool, lints: &mut Vec<Lint>) -> Switches {
    let mut said = Vec::new();
    let mut set = None;
    let mut one = |name: &str| {
        let (switch, why, found) = switch(registry, &key(wow), name);
        if let Some((key, place)) = found {
            set = Some(key);
            lints.push(lint(view, name, switch, &why, place));
        }
        said.extend((!why.is_empty()).then_some(why));
        switch
    };
    let (system, strong) = (one(SYSTEM_DEFAULT), one(STRONG));
    said.dedup();
    Switches { system, strong, why: said.join(", "), key: set }
}

type Found = Option<(KeyInfo, Place)>;

fn switch(registry: &Registry, key: &KeyPath, name: &str) -> (Switch, String, Found) {
    let name = format!("{PREFIX}{name}");
    match registry.get(key, &Name::from(name.as_str())) {
        Lookup::Found(found) => {
            let text = match found.value.kind {
                ValueType::SZ | ValueType::EXPAND_SZ => found.value.as_text(),
                _ => None,
            };
            let switch = match text.as_deref().map(|text| text.trim().to_ascii_lowercase()).as_deref() {
                Some("true") => Switch::Default(false),
                Some("false") => Switch::Default(true),
                _ => Switch::ByTarget,
            };
            let why = match (&text, switch) {
                (_, Switch::ByTarget) => String::new(),
                (text, _) => format!("AppContext {name} = \"{}\"", text.as_deref().unwrap_or_default().trim()),
            };
            (switch, why, Some((found.key, found.place)))
        }
        Lookup::KeyAbsent | Lookup::ValueAbsent(_) => (Switch::ByTarget, String::new(), None),
        other => {
            let (why, _) = ask::no_answer(other, key);
            (Switch::Unknown, format!("AppContext switches: {why}"), None)
        }
    }
}

fn lint(view: View, name: &str, switch: Switch, why: &str, place: Place) -> Lint {
    let view = view.text();
    match switch {
        Switch::Default(false) => {
            let effect = "absent values mean off to every .NET 4 program, whatever it was built for";
            Lint::new(Code::DotnetAppContext, format!("{why} ({view} view): {effect}"), Some(place))
        }
        Switch::Default(true) => {
            let effect = "absent values mean on to every .NET 4 program, old ones included";
            Lint::new(Code::DotnetAppContextOn, format!("{why} ({view} view): {effect}"), Some(place))
        }
        Switch::ByTarget | Switch::Unknown => {
            let why =
                format!("AppContext {PREFIX}{name} ({view} view) is neither \"true\" nor \"false\": .NET ignores it");
            Lint::new(Code::DotnetAppContext, why, Some(place))
        }
    }
}
