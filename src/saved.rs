//! Saved runs: the stream of records (`--format jsonl`), read again.

pub mod record;

use std::collections::BTreeMap;
use std::io::{self, BufRead, Read};

use serde_json::Value as Json;

use crate::diagnostic::Code;

/// The version of the records that are read, which is that which is written.
const SCHEMA_VERSION: u64 = 2;

/// Bytes of one line. A machine with thousands of remarks takes some MiB.
const LINE: u64 = 256 << 20;

/// One record of a saved run.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Saved {
    /// What the run was about.
    Run(Json),
    /// A machine.
    Host(Json),
    /// What became of something that was named or found.
    Input(Json),
    /// The end.
    End(Json),
}

/// How a saved run ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// With its last record: it is whole.
    Whole,
    /// Before it: the run was cut short.
    Cut,
    /// With something that is no record, in this line.
    Damaged(u64, String),
}

/// Reads a saved run, record by record.
///
/// # Errors
/// When it cannot be read, and what `each` gives.
pub fn read(from: &mut dyn BufRead, each: &mut dyn FnMut(Saved) -> io::Result<()>) -> io::Result<Ending> {
    let mut whole = false;
    let mut sums = Sums::default();
    let mut number = 0;
    loop {
        number += 1;
        let mut line = Vec::new();
        if Read::take(&mut *from, LINE).read_until(b'\n', &mut line)? == 0 {
            return Ok(if whole { Ending::Whole } else { Ending::Cut });
        }
        let ends = line.last() == Some(&b'\n');
        let record = match Saved::parse(&line) {
            Ok(record) => record,
            // The last line was being written when the run was killed.
            Err(_) if !ends && !whole && number > 1 => return Ok(Ending::Cut),
            Err(why) => return Ok(Ending::Damaged(number, why)),
        };
        match (&record, number, whole) {
            (Saved::Run(_), 1, _) => {}
            (_, 1, _) => return Ok(Ending::Damaged(1, "no record of a run at its start".to_owned())),
            (Saved::Run(_), _, _) | (_, _, true) => {
                return Ok(Ending::Damaged(number, "another run begins: give each as a file of its own".to_owned()));
            }
            _ => {}
        }
        sums.add(&record);
        if let Saved::End(end) = &record {
            whole = true;
            if let Some(why) = sums.differ_from(end) {
                return Ok(Ending::Damaged(number, why));
            }
        }
        each(record)?;
    }
}

/// What the records of a run sum up to: its end says it too.
#[derive(Default)]
struct Sums {
    counts: BTreeMap<&'static str, u64>,
    /// The kinds of machines that have records; all have where it is empty.
    only: Vec<String>,
}

/// The sums that are counted, and the records whose lack leaves a sum open.
const SUMS: [(&str, Option<&str>); 8] = [
    ("hosts", None),
    ("compliant", None),
    ("not_compliant", Some("failing")),
    ("unknown", Some("not_judged")),
    ("waived", None),
    ("advisory", None),
    ("unreadable", Some("not_judged")),
    ("missing", Some("not_judged")),
];

impl Sums {
    fn add(&mut self, record: &Saved) {
        match record {
            Saved::Run(run) => {
                let only = run.get("only").and_then(Json::as_array).into_iter().flatten();
                self.only = only.filter_map(Json::as_str).map(str::to_owned).collect();
            }
            Saved::Host(host) => self.host(host),
            Saved::Input(input) => {
                let is_missing =
                    |code: &str| [Code::NoSuchFile, Code::NoSuchMachine].iter().any(|c| c.as_str() == code);
                self.count("unreadable", input.get("incomplete") == Some(&Json::Bool(true)));
                self.count("missing", input.get("code").and_then(Json::as_str).is_some_and(is_missing));
            }
            Saved::End(_) => {}
        }
    }

    fn host(&mut self, host: &Json) {
        self.count("hosts", true);
        let verdict = match host.get("verdict").and_then(Json::as_str) {
            Some("compliant") => "compliant",
            Some("not_compliant") => "not_compliant",
            _ => "unknown",
        };
        self.count(verdict, true);
        for finding in host.get("findings").and_then(Json::as_array).into_iter().flatten() {
            let is_waived = finding.get("waived").is_some_and(|waived| !waived.is_null());
            let is_advice = finding.get("required") == Some(&Json::Bool(false));
            let fails = finding.get("outcome").and_then(Json::as_str) == Some("fail");
            self.count("waived", is_waived);
            self.count("advisory", is_advice && fails && !is_waived);
        }
    }

    fn count(&mut self, name: &'static str, is: bool) {
        *self.counts.entry(name).or_default() += u64::from(is);
    }

    fn differ_from(&self, end: &Json) -> Option<String> {
        let has =
            |kind: Option<&str>| self.only.is_empty() || kind.is_some_and(|kind| self.only.iter().any(|o| o == kind));
        SUMS.iter().filter(|(_, kind)| has(*kind)).find_map(|(name, _)| {
            let found = self.counts.get(name).copied().unwrap_or_default();
            let said = end.get("summary").and_then(|summary| summary.get(name));
            (said.and_then(Json::as_u64) != Some(found)).then(|| {
                let said = said.map_or_else(|| "nothing".to_owned(), ToString::to_string);
                format!("records are missing or were changed: {found} of {name}, and the end says {said}")
            })
        })
    }
}

impl Saved {
    /// What it says.
    pub fn json(&self) -> &Json {
        match self {
            Saved::Run(json) | Saved::Host(json) | Saved::Input(json) | Saved::End(json) => json,
        }
    }

    /// Reads one line.
    ///
    /// # Errors
    /// Why it is no record.
    pub fn parse(line: &[u8]) -> Result<Self, String> {
        serde_json::from_slice(line).map_err(|error| error.to_string()).and_then(record)
    }
}

fn record(mut line: Json) -> Result<Saved, String> {
    let kind = line.as_object_mut().and_then(|members| members.shift_remove("record"));
    match kind.as_ref().and_then(Json::as_str) {
        Some("run") => match line.get("schema_version").and_then(Json::as_u64) {
            Some(SCHEMA_VERSION) => Ok(Saved::Run(line)),
            Some(other) => Err(format!("schema_version {other}, which this version of tlshive does not read")),
            None => Err("a run without schema_version".to_owned()),
        },
        Some("host") => Ok(Saved::Host(line)),
        Some("input") => Ok(Saved::Input(line)),
        Some("end") => Ok(Saved::End(line)),
        Some(other) => Err(format!("a record of an unknown kind, {other}")),
        None => Err("no record".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ending(text: &str) -> (Ending, usize) {
        let mut count = 0;
        let ending = read(&mut text.as_bytes(), &mut |_| {
            count += 1;
            Ok(())
        });
        (ending.unwrap(), count)
    }

    #[test]
    fn a_run_is_whole_cut_or_damaged() {
        let run = "{\"record\":\"run\",\"schema_version\":2}\n";
        let host = "{\"record\":\"host\",\"verdict\":\"compliant\"}\n";
        let end = |hosts: u64| {
            let others = "\"waived\":0,\"advisory\":0,\"unreadable\":0,\"missing\":0";
            let sums = format!("\"hosts\":{hosts},\"compliant\":{hosts},\"not_compliant\":0,\"unknown\":0,{others}");
            format!("{{\"record\":\"end\",\"summary\":{{{sums}}}}}\n")
        };
        assert_eq!(ending(&format!("{run}{host}{}", end(1))), (Ending::Whole, 3));
        // Of a run that has records of failing machines alone, only these can be counted.
        let some = run.replace("2}", "2,\"only\":[\"failing\"]}");
        let sums = |hosts: u64, failing: u64| {
            end(hosts).replace("\"not_compliant\":0", &format!("\"not_compliant\":{failing}"))
        };
        assert_eq!(ending(&format!("{some}{}", sums(2, 0))), (Ending::Whole, 2));
        assert_eq!(ending(&format!("{run}{host}")), (Ending::Cut, 2));
        assert_eq!(ending(&format!("{run}{host}{{\"record\":\"ho")), (Ending::Cut, 2));
        assert_eq!(ending(""), (Ending::Cut, 0));
        for (text, line) in [
            (format!("{run}no record\n{}", end(0)), 2),
            (format!("{host}{}", end(1)), 1),
            (format!("{run}{}{run}", end(0)), 3),
            // A machine is missing, or is another than it was.
            (format!("{run}{}", end(1)), 2),
            (format!("{run}{}{}", host.replace("compliant", "unknown"), end(1)), 3),
            (format!("{run}{host}{{\"record\":\"end\"}}\n"), 3),
            // So is an input that could hold a machine.
            (format!("{run}{host}{}", end(1).replace("\"unreadable\":0", "\"unreadable\":1")), 3),
            (format!("{run}{{\"record\":\"input\",\"incomplete\":true}}\n{}", end(0)), 3),
            (format!("{some}{}", sums(2, 1)), 2),
            (format!("{run}{{\"record\":\"other\"}}\n"), 2),
            (run.replace('2', "1"), 1),
        ] {
            assert!(matches!(ending(&text).0, Ending::Damaged(at, _) if at == line), "{text}");
        }
    }
}
