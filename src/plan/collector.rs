//! A script that collects from a machine that runs what a verdict needs. What it reads is the table of what is read
//! ([`Reading`]); the form of what it writes is told in `registry/reg_file/collected.rs`.

use super::powershell::{IS_CONSTRAINED, file, full_path, literal, literal_name};
use super::refusal::Refusal;
use crate::audit::effective;
use crate::host::facts;
use crate::policy::Policy;
use crate::windows::control_set::{alias, in_control_set};
use crate::windows::keys::system;
use crate::windows::path::{KeyPath, Name};
use crate::windows::reading::{Part, Reading};

const HELP: &str = include_str!("collector/help.ps1");
const PARAMETERS: &str = include_str!("collector/parameters.ps1");
const COLLECT: &str = include_str!("collector/collect.ps1");
const END: &str = include_str!("collector/end.ps1");

/// What to say where no method may be called.
const CONSTRAINED: &str = "PowerShell runs this script in ConstrainedLanguage mode (WDAC or AppLocker), which lets it read no registry. \
     Nothing was collected. Sign the script with a certificate that your policy trusts.";

/// The script for audits by these policies.
///
/// # Errors
/// When a key or a value of the policy has a name that PowerShell cannot say.
pub fn ps1(policies: &[Policy]) -> Result<Vec<u8>, Refusal> {
    let mut text = format!(
        "{HELP}{PARAMETERS}if ({IS_CONSTRAINED}) {{\n    throw '{CONSTRAINED}'\n}}\n{COLLECT}\nStart-Collection\n"
    );
    let mut known: Vec<Reading> = Vec::new();
    for (why, readings) in sections(policies) {
        let new: Vec<Reading> = merged(readings).into_iter().filter(|reading| !is_within(reading, &known)).collect();
        if new.is_empty() {
            continue;
        }
        text.push_str(&format!("\n# {why}\n"));
        for reading in &new {
            text.push_str(&call(reading)?);
        }
        known.extend(new);
    }
    text.push_str(END);
    Ok(file(&text))
}

/// What is read, by what it is for.
fn sections(policies: &[Policy]) -> Vec<(String, Vec<Reading>)> {
    let set = KeyPath(system().0.into_iter().chain([alias()]).collect());
    let machine = [vec![Reading::new(set, Part::Existence)], facts()].concat();
    let rules =
        |policy: &Policy| (format!("Values that rules of {} ask for.", policy.id.escape_default()), policy.readings());
    let mut sections = vec![
        ("Which machine and which Windows it is, and what scripts of tlshive changed there.".to_owned(), machine),
        ("What decides which protocols, cipher suites and products are in use.".to_owned(), effective::readings()),
    ];
    sections.extend(policies.iter().map(rules));
    sections
}

/// The same with each key once, where values of it are read.
fn merged(readings: Vec<Reading>) -> Vec<Reading> {
    let mut merged: Vec<Reading> = Vec::new();
    for reading in readings {
        let there = merged.iter_mut().find(|there| there.key.folded() == reading.key.folded());
        match (there.map(|there| &mut there.part), &reading.part) {
            (Some(Part::Values(known)), Part::Values(new)) => {
                for name in new {
                    if !known.iter().any(|known| known.matches(name.units())) {
                        known.push(name.clone());
                    }
                }
            }
            _ => merged.push(reading),
        }
    }
    merged
}

/// Whether all that is to be read is read anyway.
fn is_within(reading: &Reading, known: &[Reading]) -> bool {
    known.iter().any(|known| {
        let below = reading.key.below(&known.key);
        match (&known.part, below, &reading.part) {
            (Part::Tree, Some(_), _) => true,
            (Part::AllValues, Some([]), Part::AllValues | Part::Values(_)) => true,
            (Part::Values(known), Some([]), Part::Values(new)) => {
                new.iter().all(|new| known.iter().any(|known| known.matches(new.units())))
            }
            (_, Some([]), Part::Existence | Part::Traces) => true,
            _ => false,
        }
    })
}

/// The command that reads it.
fn call(reading: &Reading) -> Result<String, Refusal> {
    let path = full_path(&in_control_set(&reading.key, &alias()))?;
    let names = |names: &[Name]| -> Result<String, Refusal> {
        let names: Result<Vec<String>, Refusal> = names.iter().map(literal_name).collect();
        Ok(format!("@({})", names?.join(", ")))
    };
    Ok(match &reading.part {
        Part::Existence | Part::Traces => format!("Read-Part {path} Existence\n"),
        Part::AllValues => format!("Read-Part {path} Values\n"),
        Part::Tree => format!("Read-Part {path} Tree\n"),
        Part::Values(values) => format!("Read-Part {path} Only {}\n", names(values)?),
        Part::Entries { values, where_any } => {
            let keys: Result<Vec<String>, Refusal> =
                where_any.iter().map(|key| full_path(&in_control_set(key, &alias()))).collect();
            format!("Read-Part {path} Entries {} @({})\n", names(values)?, keys?.join(", "))
        }
        Part::EntriesWith { texts, values } => {
            let texts: Vec<String> = texts.iter().map(|text| literal(Name::from(text.as_str()).units())).collect();
            format!("Read-Part {path} EntriesWith {} @({})\n", names(values)?, texts.join(", "))
        }
    })
}
