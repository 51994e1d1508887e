//! Protocols that are set for single programs, by the program's full path.

use super::View;
use crate::audit::effective::{Lint, ask};
use crate::diagnostic::Code;
use crate::place::Place;
use crate::registry::{Listing, Lookup, Registry};
use crate::windows::path::KeyPath;

/// Settings that are read of one key. Real machines have none.
const OVERRIDES: usize = 256;

/// Protocols set for one program by its path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    /// Which view it is set in.
    pub view: View,
    /// `SystemDefaultTlsVersions` or `SecurityProtocol`.
    pub setting: &'static str,
    /// The program's path. A `.reg` file gives it in capitals.
    pub program: String,
    /// The value.
    pub data: String,
    /// Whether it is a program of Entra Connect.
    pub entra_connect: bool,
    /// Where it stands.
    pub place: Option<Place>,
}

/// Reads the settings of one kind in one view.
pub(super) fn read(
    registry: &Registry,
    view: View,
    setting: &'static str,
    key: &KeyPath,
    lints: &mut Vec<Lint>,
) -> Vec<Override> {
    let names = match registry.value_names(key) {
        Listing::Found { names, .. } => names,
        Listing::KeyAbsent | Listing::NotCovered => return Vec::new(),
        Listing::Unreadable(error, place) => {
            lints.push(unreadable(view, setting, &error.to_string(), Some(place)));
            return Vec::new();
        }
    };
    if names.len() > OVERRIDES {
        let why = format!(
            "{} {} .NET programs have settings of their own ({setting}); {OVERRIDES} are listed",
            names.len(),
            view.text()
        );
        lints.push(Lint::new(Code::DotnetManyOverrides, why, None));
    }
    let mut found = Vec::new();
    let mut doubted = false;
    for name in names.iter().take(OVERRIDES).filter(|name| !name.units().is_empty()) {
        let value = match registry.get(key, name) {
            Lookup::Found(value) => value,
            other => {
                // A damaged key would say the same of each of its values.
                if !doubted {
                    let (why, place) = ask::no_answer(other, key);
                    lints.push(unreadable(view, setting, &format!("{name}: {why}"), place));
                    doubted = true;
                }
                continue;
            }
        };
        let program = name.to_string();
        let text = value.value.as_dword().map(ask::shown).or_else(|| value.value.as_text());
        let data = text.unwrap_or_else(|| format!("{} {}", value.value.kind, value.value.hex()));
        let entra_connect = is_entra_connect(&program);
        let why = format!("{program} ({} view) has a setting of its own: {setting} = {data}", view.text());
        lints.push(match entra_connect {
            true => Lint::new(Code::DotnetOverrideEntraConnect, why, Some(value.place.clone())),
            false => Lint::new(Code::DotnetOverride, why, Some(value.place.clone())),
        });
        found.push(Override { view, setting, program, data, entra_connect, place: Some(value.place) });
    }
    found
}

/// What is not known of one view must not look like what is not there.
fn unreadable(view: View, setting: &str, why: &str, place: Option<Place>) -> Lint {
    let why = format!("settings of single {} .NET programs ({setting}) cannot be read: {why}", view.text());
    Lint::new(Code::DotnetOverridesUnreadable, why, place)
}

/// Whether this is the sync engine or the wizard.
fn is_entra_connect(program: &str) -> bool {
    let program = program.to_lowercase();
    program.ends_with(r"\miiserver.exe")
        || program.contains(r"\microsoft azure ad sync\")
        || program.contains(r"\microsoft azure active directory connect\")
}
