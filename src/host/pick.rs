//! Machines that are asked for by name or by place, of all that the inputs hold.

use std::collections::BTreeSet;

use super::Host;
use crate::glob::matches;
use crate::place::INTO;

/// What machines are asked for: their names as in the report, or the places of their files. `*` and `?` stand for anything.
#[derive(Debug, Clone, Copy, Default)]
pub struct Pick<'a> {
    asked: &'a [String],
}

impl<'a> Pick<'a> {
    /// Machines of these names or places; all, where there are none.
    pub fn new(asked: &'a [String]) -> Self {
        Self { asked }
    }

    /// Whether it leaves anything out.
    pub fn is_all(&self) -> bool {
        self.asked.is_empty()
    }

    /// Whether a machine is asked for.
    pub fn takes(&self, host: &Host) -> bool {
        let inputs = || host.inputs.iter().map(|input| &*input.name);
        self.is_all() || self.numbers(&host.name, host.machine.name.as_deref(), inputs).next().is_some()
    }

    /// The numbers of the names and places by which a machine is asked for.
    pub fn numbers<'i, I: Iterator<Item = &'i str>>(
        &self,
        name: &'i str,
        machine: Option<&'i str>,
        inputs: impl Fn() -> I,
    ) -> impl Iterator<Item = usize> {
        let is = move |asked: &str| {
            let named = matches(asked, name) || machine.is_some_and(|name| matches(asked, name));
            named || inputs().any(|input| is_at(asked, input))
        };
        self.asked.iter().enumerate().filter(move |(_, asked)| is(asked)).map(|(number, _)| number)
    }

    /// Those by which nobody was asked for, of whom these numbers were met.
    pub fn missing(&self, met: &BTreeSet<usize>) -> impl Iterator<Item = &'a str> {
        let numbered = self.asked.iter().enumerate();
        numbered.filter(|(number, _)| !met.contains(number)).map(|(_, asked)| asked.as_str())
    }
}

/// Whether a file is called so, or lies in what is called so: a folder, an image, a volume.
fn is_at(asked: &str, name: &str) -> bool {
    let asked = asked.trim_end_matches(['/', '\\']);
    let ends = name.match_indices(['/', '\\']).map(|(at, _)| at).chain(name.match_indices(INTO).map(|(at, _)| at));
    let above = ends.filter_map(|at| name.get(..at)).any(|above| !above.is_empty() && matches(asked, above));
    matches(asked, name) || above
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_file_or_what_it_lies_in() {
        let hive = "/cases/a/dc01.vhdx › GPT 3 (NTFS \"System\") › Windows\\System32\\config\\SYSTEM";
        for (asked, is) in [
            ("/cases/a/dc01.vhdx", true),
            ("/cases/a/", true),
            ("/cases/a", true),
            ("/cases", true),
            ("/cases/a/dc01.vhdx › GPT 3 (NTFS \"System\")", true),
            ("/cases/a/DC01.vhdx › GPT 3 *", true),
            ("*dc0?.vhdx", true),
            (hive, true),
            ("/cases/a/dc0", false),
            ("/cases/a/dc01.vhdx › GPT", false),
            ("dc01", false),
            ("", false),
        ] {
            assert_eq!(is_at(asked, hive), is, "{asked}");
        }
    }
}
