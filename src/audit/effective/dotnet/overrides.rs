//! Protocols that are set for single programs, by the program's full path.

use super::{V4, View};
use crate::audit::effective::{Lint, ask};
use crate::diagnostic::Code;
use crate::place::Place;
use crate::registry::{Listing, Lookup, Registry};
use crate::windows::path::KeyPath;
use crate::windows::value::Value;

/// Settings that are read of one key. Real machines have none.
const OVERRIDES: usize = 256;
pub(super) const SECURITY_PROTOCOL: &str = "SecurityProtocol";

/// Protocols set for one program by its path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    /// Which view it is set in.
    pub view: View,
    /// Which runtime reads it: `v4.0.30319` or `v2.0.50727`.
    pub runtime: &'static str,
    /// `SystemDefaultTlsVersions` or `SecurityProtocol`.
    pub setting: &'static str,
    /// The program's path. A `.reg` file gives it in capitals.
    pub program: String,
    /// The value.
    pub data: String,
    pub(super) value: Value,
    /// Whether it is a program of Entra Connect.
    pub entra_connect: bool,
    /// Where it stands.
    pub place: Option<Place>,
}

/// Reads the settings of one kind in one view, and says why that may not be all.
pub(super) fn read(
    registry: &Registry,
    view: View,
    runtime: &'static str,
    setting: &'static str,
    key: &KeyPath,
    lints: &mut Vec<Lint>,
) -> (Vec<Override>, Option<String>) {
    let names = match registry.value_names(key) {
        Listing::Found { names, .. } => names,
        Listing::KeyAbsent => return (Vec::new(), None),
        Listing::NotCovered => return (Vec::new(), Some(ask::not_covered(key))),
        Listing::Unreadable(error, place) => {
            lints.extend(unreadable(view, runtime, setting, &error.to_string(), Some(place)));
            return (Vec::new(), Some(format!("settings of single programs cannot be read: {error}")));
        }
    };
    let mut doubt = None;
    if names.len() > OVERRIDES {
        let why = format!(
            "{} {} .NET programs have settings of their own ({setting}); {OVERRIDES} are listed",
            names.len(),
            view.text()
        );
        doubt = Some(why.clone());
        lints.push(Lint::new(Code::DotnetManyOverrides, why, None));
    }
    let mut found = Vec::new();
    for name in names.iter().take(OVERRIDES).filter(|name| !name.units().is_empty()) {
        let value = match registry.get(key, name) {
            Lookup::Found(value) => value,
            other => {
                // A damaged key would say the same of each of its values.
                if doubt.is_none() {
                    let (why, place) = ask::no_answer(other, key);
                    lints.extend(unreadable(view, runtime, setting, &format!("{name}: {why}"), place));
                    doubt = Some(format!("the setting of {name} cannot be read: {why}"));
                }
                continue;
            }
        };
        let program = name.to_string();
        let text = value.value.as_dword().map(ask::shown).or_else(|| value.value.as_text());
        let data = text.unwrap_or_else(|| format!("{} {}", value.value.kind, value.value.hex()));
        let entra_connect = is_entra_connect(&program);
        let why = format!("{program} ({} view, {runtime}) has a setting of its own: {setting} = {data}", view.text());
        lints.push(match entra_connect {
            true => Lint::new(Code::DotnetOverrideEntraConnect, why, Some(value.place.clone())),
            false => Lint::new(Code::DotnetOverride, why, Some(value.place.clone())),
        });
        let (value, place) = (value.value, Some(value.place));
        found.push(Override { view, runtime, setting, program, data, value, entra_connect, place });
    }
    (found, doubt)
}

/// What is not known of one view must not look like what is not there.
/// Both runtimes have their keys side by side, so that it is told of one.
fn unreadable(view: View, runtime: &str, setting: &str, why: &str, place: Option<Place>) -> Option<Lint> {
    let why = format!("settings of single {} .NET programs ({setting}) cannot be read: {why}", view.text());
    (runtime == V4).then(|| Lint::new(Code::DotnetOverridesUnreadable, why, place))
}

/// Whether this is the sync engine or the wizard.
fn is_entra_connect(program: &str) -> bool {
    let program = program.to_lowercase();
    program.ends_with(r"\miiserver.exe")
        || program.contains(r"\microsoft azure ad sync\")
        || program.contains(r"\microsoft azure active directory connect\")
        || program.ends_with(r"\azureadconnect.exe")
}
