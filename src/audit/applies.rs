//! Whether a rule is about a host at all.

use super::states::{Installed, States};
use crate::host::Windows;
use crate::policy::{Only, Product};

/// Whether the conditions of a rule hold.
pub(super) enum Applies {
    Yes,
    No(String),
    /// Why it cannot be told, and what would tell.
    Unknown(String, &'static str),
}

const ADD_SOFTWARE: &str = "add the machine's SOFTWARE hive, which names the build and the installation type";
const ADD_BOTH: &str = "give the machine's SYSTEM and SOFTWARE hives, which together tell what is installed";

pub(super) fn applies(only: &Only, windows: &Windows, states: &dyn States) -> Applies {
    let checks =
        [architecture(only, windows), build(only, windows), installation(only, windows), product(only, states)];
    // One condition that does not hold settles it, whatever the others are.
    let mut doubt = Applies::Yes;
    for check in checks {
        match (check, &doubt) {
            (Applies::Yes, _) | (Applies::Unknown(..), Applies::Unknown(..)) => {}
            (no @ Applies::No(_), _) => return no,
            (unknown, _) => doubt = unknown,
        }
    }
    doubt
}

/// An unknown architecture is left to the look-up, which also sees whether there is a 32-bit view.
fn architecture(only: &Only, windows: &Windows) -> Applies {
    if only.only_64_bit && windows.architecture.has_wow64() == Some(false) {
        return Applies::No(format!("{} Windows has no 32-bit view of the registry", windows.architecture));
    }
    Applies::Yes
}

fn build(only: &Only, windows: &Windows) -> Applies {
    if only.min_build.is_none() && only.max_build.is_none() {
        return Applies::Yes;
    }
    let about = Only { min_build: only.min_build, max_build: only.max_build, ..Only::default() };
    match windows.build {
        None => Applies::Unknown(format!("the rule is about {about}, and no input names the build"), ADD_SOFTWARE),
        Some(b) if only.min_build.is_none_or(|min| min <= b) && only.max_build.is_none_or(|max| b <= max) => {
            Applies::Yes
        }
        Some(b) => Applies::No(format!("the rule is about {about}, not {b}")),
    }
}

fn installation(only: &Only, windows: &Windows) -> Applies {
    if only.installation.is_empty() {
        return Applies::Yes;
    }
    let about = Only { installation: only.installation.clone(), ..Only::default() };
    match &windows.installation_type {
        None => Applies::Unknown(format!("the rule is about {about}, and no input names it"), ADD_SOFTWARE),
        Some(found) if only.installation.iter().any(|kind| kind.name().eq_ignore_ascii_case(found)) => Applies::Yes,
        Some(found) => Applies::No(format!("the rule is about {about}, not {found}")),
    }
}

fn product(only: &Only, states: &dyn States) -> Applies {
    let Some(product) = &only.product else { return Applies::Yes };
    let unknown = |what: String| Applies::Unknown(format!("the rule is about {product}, and {what}"), ADD_BOTH);
    match states.entra_connect() {
        Some(Installed::NotCovered) if product.known => {
            Applies::No("no input says whether Entra Connect is installed".to_owned())
        }
        None | Some(Installed::NotCovered) => unknown("whether that is installed is not known".to_owned()),
        Some(Installed::No) => Applies::No("Entra Connect is not installed".to_owned()),
        Some(_) if *product == Product::default() => Applies::Yes,
        Some(Installed::Unversioned(why)) => unknown(why),
        Some(Installed::Version(found)) => match found.parse() {
            Ok(version) if product.contains(version) => Applies::Yes,
            Ok(_) => Applies::No(format!("the rule is about {product}, not {found}")),
            Err(_) => unknown(format!("the version that is installed is called \"{found}\"")),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::Told;
    use crate::host::Architecture;
    use crate::policy::Installation;
    use crate::windows::state::State;
    use crate::windows::subject::Subject;

    struct Connect(Option<Installed>);

    impl States for Connect {
        fn state(&self, _: Subject) -> Told {
            Told { state: State::Unknown, why: String::new() }
        }

        fn entra_connect(&self) -> Option<Installed> {
            self.0.clone()
        }
    }

    fn server(build: Option<u32>) -> Windows {
        let installation_type = build.map(|_| "Server".to_owned());
        Windows { build, installation_type, architecture: Architecture::X64, ..Windows::default() }
    }

    fn judged(only: &Only, windows: &Windows, connect: Option<Installed>) -> &'static str {
        match applies(only, windows, &Connect(connect)) {
            Applies::Yes => "yes",
            Applies::No(_) => "no",
            Applies::Unknown(..) => "unknown",
        }
    }

    #[test]
    fn builds_and_installation_types_are_looked_up() {
        let since_2022 = Only { min_build: Some(20348), ..Only::default() };
        let until_2019 = Only { max_build: Some(17763), ..Only::default() };
        let core = Only { installation: vec![Installation::ServerCore], ..Only::default() };
        let both = Only { installation: vec![Installation::Client], ..since_2022.clone() };
        let x86 = Windows { architecture: Architecture::X86, ..server(None) };
        let cases = [
            (&since_2022, server(Some(20348)), "yes"),
            (&since_2022, server(Some(17763)), "no"),
            (&since_2022, server(None), "unknown"),
            (&until_2019, server(Some(17763)), "yes"),
            (&until_2019, server(Some(20348)), "no"),
            (&core, server(Some(20348)), "no"),
            (&core, server(None), "unknown"),
            (&both, server(Some(20348)), "no"),
            (&Only { only_64_bit: true, ..both.clone() }, x86, "no"),
        ];
        for (only, windows, want) in cases {
            assert_eq!(judged(only, &windows, None), want, "{only} on {:?}", windows.build);
        }
    }

    #[test]
    fn a_product_must_be_known_to_be_installed() {
        let version = |text: &str| Some(text.parse().unwrap());
        let product = Product { min: version("2.3.20.0"), max: version("2.4.129.0"), known: false };
        let bounded = Only { product: Some(product), ..Only::default() };
        let any = Only { product: Some(Product::default()), ..Only::default() };
        let known = Only { product: Some(Product { known: true, ..Product::default() }), ..Only::default() };
        let installed = |text: &str| Some(Installed::Version(text.to_owned()));
        let cases = [
            (&known, None, "unknown"),
            (&known, Some(Installed::NotCovered), "no"),
            (&known, Some(Installed::No), "no"),
            (&known, Some(Installed::Unversioned(String::new())), "unknown"),
            (&known, installed("beta"), "unknown"),
            (&known, installed("1.6.16.0"), "yes"),
            (&bounded, None, "unknown"),
            (&bounded, Some(Installed::NotCovered), "unknown"),
            (&bounded, Some(Installed::No), "no"),
            (&bounded, installed("2.4.21.0"), "yes"),
            (&bounded, installed("2.5.3.0"), "no"),
            (&bounded, installed("beta"), "unknown"),
            (&any, installed("beta"), "yes"),
            (&any, Some(Installed::No), "no"),
        ];
        for (only, connect, want) in cases {
            assert_eq!(judged(only, &server(None), connect), want, "{only}");
        }
    }
}
