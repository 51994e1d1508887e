//! `.reg` files: what regedit would import of them, and a diagnostic for each thing that it would not.
//!
//! A file is streamed once: memory is bounded by one line and by what the caller's [`Interest`] keeps. The grammar is
//! that of Wine's `programs/regedit/regproc.c` and of the tests beside it (`programs/regedit/tests/regedit.c`,
//! `programs/reg/tests/import.c`), which Wine's developers run on Windows:
//!
//! ```text
//! file      header EOL *line                        EOL is CR LF, LF or CR; the last line needs none
//! header    *WS, then exactly REGEDIT4 or Windows Registry Editor Version 5.00
//! line      *WS ( key | value | anything else )     anything else is skipped
//! key       "[" ["-"] path "]"                      up to the last "]"; roots in full; "-" deletes the tree
//! value     ( "@" | quoted ) *WS "=" *WS data *WS
//! quoted    \\ \" \n \r; \0 refuses the value; any other escaped character is itself
//! data      quoted | "dword:" *WS 1*8HEX | "hex:" bytes | "hex(" 1*8HEX "):" bytes | "-"    then *WS [";" comment]
//! bytes     [byte *("," byte) [","]]                a byte is one or two digits
//! continue  bytes "," *WS "\"                       blank and ; lines between; the next must start with a digit
//! ```
//!
//! Below the header `REGEDIT` alone, lines are those of Windows 3.1 instead: `HKEY_CLASSES_ROOT\path = text`.
//!
//! A string ends on the line on which it starts, or it is lost, and a diagnostic says so. regedit is said to export
//! strings that hold line ends as they are; no test is known in which it imports one.
//!
//! Names and strings are UTF-16 code units throughout, so that unpaired surrogates survive.

mod answers;
mod collected;
mod encoding;
mod extent;
mod header;
mod hex;
mod interest;
mod journal;
mod kept;
mod lex;
mod lines;
mod list;
mod reader;
mod refusal;
mod roots;
mod windows31;
mod wine;

use std::sync::Arc;

use encoding_rs::Encoding;

pub use collected::{Collected, Flaw};
pub use encoding::Charset;
pub use extent::{Doubt, Extent, Proof, RegIs, Tree};
pub use header::{Format, Header, Sniffed, sniff};
pub use interest::Interest;
pub use list::{ListedKey, ListedValue, normalised};

use super::change::Changes;
use super::hive::Listed;
use super::{Found, KeyInfo, Listing, Lookup};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::error::{At, Error};
use crate::limits::Limits;
use crate::number::wide;
use crate::place::Place;
use crate::read_at::ReadAt;
use crate::windows::path::{KeyPath, Name};
use encoding::Units;
use extent::By;
use journal::Journal;
use kept::{Full, Kept, Said, Slot};
use lines::Lines;
use reader::Reader;

/// What is kept of one `.reg` file.
#[derive(Debug)]
pub struct RegFile {
    artifact: Arc<str>,
    format: Format,
    interest: Interest,
    kept: Kept,
    diagnostics: Diagnostics,
    /// Why reading stopped before the end, and where.
    stopped: Option<(Error, Place)>,
}

impl RegFile {
    /// Reads a file to its end and keeps what `interest` asks for.
    ///
    /// `artifact` is what places call the file. `code_page` is the encoding of a file without a byte order mark; when it
    /// is `None`, that is windows-1252, but lines that are valid UTF-8 are read as UTF-8.
    ///
    /// Never fails: when the file cannot be read to its end, every look-up answers [`Lookup::Unreadable`].
    pub fn read(
        source: &dyn ReadAt,
        artifact: &Arc<str>,
        interest: &Interest,
        limits: &Limits,
        code_page: Option<&'static Encoding>,
    ) -> Self {
        Self::read_with(source, artifact, interest, limits, code_page, None).0
    }

    /// As [`RegFile::read`], but by the letter, as an import goes: names of mounted hives mean nothing. Besides, every change
    /// that the import makes within the interest, in the order of the file: the state that is left does not tell what was
    /// deleted on the way.
    ///
    /// What regedit would refuse as a whole, and what is not read to its end, is [`Changes::stopped`].
    pub fn read_changes(
        source: &dyn ReadAt,
        artifact: &Arc<str>,
        interest: &Interest,
        limits: &Limits,
        code_page: Option<&'static Encoding>,
    ) -> (Self, Changes) {
        let journal = Journal::new(artifact, limits);
        let (file, journal) = Self::read_with(source, artifact, interest, limits, code_page, Some(journal));
        let mut changes = journal.map(Journal::changes).unwrap_or_default();
        let refused = |what| (Error::unsupported(At::Line(1), what), Place::new(artifact, At::Line(1)));
        changes.stopped = file.stopped.clone().or_else(|| file.format.refusal().map(refused));
        (file, changes)
    }

    fn read_with(
        source: &dyn ReadAt,
        artifact: &Arc<str>,
        interest: &Interest,
        limits: &Limits,
        code_page: Option<&'static Encoding>,
        journal: Option<Journal>,
    ) -> (Self, Option<Journal>) {
        let mut head = vec![0; 4096];
        let n = source.read_at(0, &mut head).unwrap_or(0);
        head.truncate(n);
        let (charset, skip) = Charset::of(&head, code_page);
        let mut lines = Lines::new(Units::new(source, charset, skip), limits.line_units);
        let first = lines.next().map(|line| Header::of(line.unwrap_or_default()));
        let header = *first.as_ref().unwrap_or(&Header::None);
        let mut reader = Reader::new(artifact, interest, limits, header, charset);
        reader.journal = journal;
        if first.is_ok() {
            about_format(&mut reader, header, charset, &head);
        }
        let mut collector = collected::Watch::default();
        let imports =
            |header: Header| if header.imports() { run(&mut lines, &mut reader, &mut collector) } else { Ok(()) };
        let result = first.and_then(imports);
        if let Some(line) = lines.utf8_line() {
            reader.tell(line, Code::RegUtf8Unmarked, || {
                "this line is read as UTF-8, though nothing says so; regedit would read it in the ANSI code page".into()
            });
        }
        if lines.odd() {
            reader.tell(lines.number(), Code::RegHalfUnit, || "half a UTF-16 unit ends the file".into());
        }
        let stopped = result.err().map(|error| {
            let at = match &error {
                Error::Io { at, .. } | Error::Limit { at, .. } => *at,
                _ => At::Line(lines.number()),
            };
            let place = Place::new(artifact, at);
            let message = format!("not read to its end: {error}");
            reader.diagnostics.push(Diagnostic::new(Code::RegStopped, message, place.clone()));
            (error, place)
        });
        // An import goes by the letter: comments say nothing.
        let collected = collector.close().filter(|_| reader.journal.is_none()).map(|found| found.map(Arc::new));
        let flaw = collected.as_ref().and_then(|found| found.as_ref().err());
        let flawed = flaw.map(|flaw| (flaw.error(), Place::new(artifact, flaw.error().at())));
        if let Some((error, place)) = &flawed {
            reader.diagnostics.push(Diagnostic::new(Code::RegCollectedBroken, error.to_string(), place.clone()));
        }
        if let Some(line) = reader.watch.as_ref().and_then(extent::Watch::view_32) {
            reader.tell(line, Code::Reg32BitView, || {
                "InstallRoot is the folder of 32-bit .NET: a 32-bit program exported this, so that what stands below SOFTWARE \
                 here is what Windows has below SOFTWARE\\WOW6432Node, or Windows itself is 32-bit"
                    .to_owned()
            });
        }
        let Reader { mut kept, journal, diagnostics, rootless, watch, base, .. } = reader;
        kept.extent = match (collected, watch) {
            (Some(collected), _) => Extent { trees: Vec::new(), by: By::Collector(collected) },
            (None, Some(watch)) => watch.end(lines.number(), lines.regular() && !lines.odd(), stopped.is_some()),
            (None, None) if header == Header::Wine => {
                Extent { trees: Vec::new(), by: By::Wine { told: base.is_some() } }
            }
            (None, None) => Extent { trees: Vec::new(), by: By::File },
        };
        let format = Format { header, charset, rootless };
        let (artifact, interest) = (Arc::clone(artifact), interest.clone());
        // A line that is missing could have set or deleted anything, too.
        let stopped = stopped.or(flawed);
        (Self { artifact, format, interest, kept, diagnostics, stopped }, journal)
    }

    /// How the input is called in reports.
    pub fn artifact(&self) -> &Arc<str> {
        &self.artifact
    }

    /// How the file is written, such as `version 5.00, UTF-16LE`.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Everything there is to say about the file; an error among it when it was not read to its end.
    pub fn diagnostics(&self) -> &Diagnostics {
        &self.diagnostics
    }

    /// The same file, as the user says that it is.
    #[must_use]
    pub fn taken_as(mut self, is: RegIs) -> Self {
        // What a collector did not read is not absent, whatever the user says.
        if is == RegIs::Script || (is == RegIs::Export && !self.kept.extent.is_collectors()) {
            if let By::Collector(Err(flaw)) = &self.kept.extent.by
                && self.stopped() == Some(&flaw.error())
            {
                self.stopped = None;
            }
            self.kept.extent.by = By::User(is);
        }
        self
    }

    /// What the file's silence says.
    pub fn extent(&self) -> &Extent {
        &self.kept.extent
    }

    /// Why reading stopped before the end, if it did.
    pub fn stopped(&self) -> Option<&Error> {
        self.stopped.as_ref().map(|(error, _)| error)
    }

    /// The control sets that the file speaks of, as it first spells them, in that order: `CurrentControlSet`,
    /// `ControlSet001`, …
    pub fn control_sets(&self) -> &[Name] {
        self.kept.control_sets()
    }

    /// What the file says of a value: what the registry holds of it after an import, as far as that follows from it.
    ///
    /// `key` is a full path: `HKEY_LOCAL_MACHINE\SYSTEM\<control set as in the file>\…`. What the file does not list is
    /// covered below an export ([`Extent`]), and where it deletes what was there. Keys outside of the interest never are.
    pub fn lookup(&self, key: &KeyPath, value: &Name) -> Lookup {
        match self.ask(key, Some(value)) {
            (_, true) => Lookup::NotCovered,
            (answer, false) => answer,
        }
    }

    /// What the file says of a key: [`Lookup::ValueAbsent`] that it exists.
    pub fn key(&self, key: &KeyPath) -> Lookup {
        match self.ask(key, None).0 {
            Lookup::Found(found) => Lookup::ValueAbsent(found.key),
            answer => answer,
        }
    }

    /// What the file says of a value, and whether it says no more than that the key exists.
    fn ask(&self, key: &KeyPath, value: Option<&Name>) -> (Lookup, bool) {
        if !self.interest.wants(key) {
            return (Lookup::NotCovered, false);
        }
        if let Some((error, place)) = &self.stopped {
            // A later line could have set or deleted anything.
            return (Lookup::Unreadable(error.clone(), place.clone()), false);
        }
        let folded = key.folded();
        let value = value.map(Name::folded);
        let said = self.kept.say(folded.names(), value.as_ref().unwrap_or(&Name::default()));
        let there = !said.is_empty();
        let said_by_collector = self.extent().collected().map(|by| by.answer(folded.names(), value.as_ref(), there));
        let covered = match said_by_collector {
            Some(collected::Answer::Unreadable { why, line }) => return (self.not_collected(why, line), false),
            answer => answer == Some(collected::Answer::Covered),
        };
        let Some((origin, only)) = said.first() else {
            return (if covered { Lookup::KeyAbsent } else { Lookup::NotCovered }, false);
        };
        // Where another mount has other keys of the same hive, those of the two are no one machine's.
        let mut origins = self.kept.origins_of(folded.names());
        origins.extend(said.iter().map(|(origin, _)| *origin));
        if origins.iter().all(|other| other == origin) {
            return (self.answer(only, key), matches!(only, Said::Open { .. }) && !covered);
        }
        let name = |name: &&str| if name.is_empty() { "HKEY_LOCAL_MACHINE".to_owned() } else { (*name).to_owned() };
        let names: Vec<String> = origins.iter().take(4).map(name).collect();
        let what =
            format!("the file speaks of {key}, or of keys beside it, in more than one hive: {}", names.join(", "));
        (Lookup::Unreadable(Error::Ambiguous { what }, Place::new(&self.artifact, At::Whole)), false)
    }

    /// What the file says that a key holds: the names of subkeys or of values. The list is whole when what is not
    /// listed there is covered, as for [`RegFile::lookup`].
    pub fn list(&self, key: &KeyPath, what: Listed) -> Listing {
        if !self.interest.wants(key) {
            return Listing::NotCovered;
        }
        if let Some((error, place)) = &self.stopped {
            return Listing::Unreadable(error.clone(), place.clone());
        }
        let folded = key.folded();
        let (mut names, mut whole) = match what {
            Listed::Keys => self.kept.children(folded.names()),
            Listed::Values => self.kept.value_names(folded.names()),
        };
        if let Some(collected) = self.extent().collected() {
            whole = match what {
                Listed::Keys => collected.has_keys(folded.names()),
                Listed::Values => {
                    names.extend(collected.unreadable_values(folded.names()).cloned());
                    collected.has_values(folded.names())
                }
            };
        }
        match (names.is_empty(), self.key(key)) {
            (true, Lookup::KeyAbsent) => Listing::KeyAbsent,
            (_, Lookup::Unreadable(error, place)) => Listing::Unreadable(error, place),
            (true, Lookup::NotCovered) => Listing::NotCovered,
            _ => Listing::Found { names, whole },
        }
    }

    /// What the collector could not read.
    fn not_collected(&self, why: &str, line: u64) -> Lookup {
        let at = At::Line(line);
        Lookup::Unreadable(
            Error::Io { at, what: "the collector", reason: why.to_owned() },
            Place::new(&self.artifact, at),
        )
    }

    fn answer(&self, said: &Said<'_>, key: &KeyPath) -> Lookup {
        let place = |line: u64| Place::new(&self.artifact, At::Line(line));
        let info = |line: u64| KeyInfo { last_write: None, place: place(line) };
        match *said {
            Said::Value { slot: Slot::Value(value, line), key } => {
                Lookup::Found(Found { value: value.clone(), place: place(*line), key: info(key) })
            }
            Said::Value { slot: Slot::Deleted, key } => Lookup::ValueAbsent(info(key)),
            Said::Value { slot: Slot::TooLarge(line, limit), .. } => {
                let what = "the bytes of a value";
                Lookup::Unreadable(Error::Limit { at: At::Line(*line), what, limit: *limit }, place(*line))
            }
            Said::ValueAbsent { key } | Said::Open { key } => Lookup::ValueAbsent(info(key)),
            Said::KeyAbsent => Lookup::KeyAbsent,
            Said::Link { key: line } => {
                let what = format!("a symbolic link above or at {key}; links in .reg files are not followed");
                Lookup::Unreadable(Error::Unsupported { at: At::Line(line), what }, place(line))
            }
        }
    }
}

/// Reads every line below the header.
fn run(lines: &mut Lines<'_>, reader: &mut Reader<'_>, collector: &mut collected::Watch) -> Result<(), Error> {
    let mut number = lines.number();
    let full = |number: u64, Full(what, limit): Full| {
        let limit = wide(limit);
        Error::Limit { at: At::Line(number), what, limit }
    };
    while let Some(line) = lines.next()? {
        number += 1;
        collector.line(line, number);
        reader.line(line, number).map_err(|e| full(number, e))?;
    }
    reader.end().map_err(|e| full(number, e))
}

/// What there is to say of the header and the encoding.
fn about_format(reader: &mut Reader<'_>, header: Header, charset: Charset, head: &[u8]) {
    let mut tell = |code, text: &str| reader.tell(1, code, || text.to_owned());
    match charset {
        Charset::Utf16Be => {
            tell(Code::RegUtf16be, "UTF-16BE, which regedit does not recognise: it would refuse the file");
        }
        Charset::Utf8 => {
            tell(Code::RegUtf8Bom, "UTF-8 with a byte order mark, which regedit may refuse");
        }
        Charset::Utf16Le | Charset::CodePage { .. } => {}
    }
    match header {
        Header::Version5 | Header::Regedit4 => {}
        Header::Wine => tell(Code::RegWine, "a registry file of Wine, which regedit would refuse"),
        Header::Windows31 => {
            tell(
                Code::RegWindows31,
                "a Windows 3.1 file: its lines set default values below HKEY_CLASSES_ROOT, and nothing else counts",
            );
        }
        Header::Ignored => tell(
            Code::RegHeaderIgnored,
            "the header starts with REGEDIT but is not REGEDIT4: regedit reports success and imports nothing",
        ),
        Header::None => {
            let reason = match sniff(head) {
                Some(Sniffed::LooksLikeReg { reason }) => reason,
                _ => "the first line is no header of a registry script; regedit would refuse the file",
            };
            tell(Code::RegNoHeader, reason);
        }
    }
}
