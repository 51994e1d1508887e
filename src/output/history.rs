//! Histories of machines: as text, JSON, CSV and HTML.

mod json;
mod rows;
mod text;

use std::io::{self, Write};
use std::sync::Arc;

use super::html::history as page;
use super::overview::Layout;
use crate::audit::Verdict;
use crate::audit::effective::OverallState;
use crate::audit::history::{Change, History, KeyTime, Line, Moment, Part, Seen, Source, Time, Watched, When};
use crate::host::{PastKind, Recovered, Whose};
use crate::windows::FileTime;
use crate::windows::path::KeyPath;
use crate::windows::roots::MACHINE;

/// An output format of histories.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// For people.
    Text(Layout),
    /// One JSON document.
    Json,
    /// A row for each value of each line.
    Csv,
    /// One page of HTML, as a time line.
    Html,
}

/// Histories, and what there is to say besides.
#[derive(Debug)]
pub struct Report<'a> {
    /// The policies, each with its version.
    pub policies: String,
    /// What is followed through time.
    pub watched: &'a [Watched],
    /// The machines, in the order in which they were met.
    pub histories: &'a [History],
    /// Copies of earlier days that cannot be read: what each is called, and why.
    pub lost: &'a [(Arc<str>, String)],
    /// What was given and not judged: what it is called, and why.
    pub not_judged: &'a [(Arc<str>, String)],
    /// The exit status.
    pub status: u8,
}

/// Writes histories.
///
/// # Errors
/// When the writer fails.
pub fn write(report: &Report<'_>, format: Format, out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Text(layout) => text::write(report, layout, out),
        Format::Json => json::write(report, out),
        Format::Csv => rows::write(report, out),
        Format::Html => page::write(report, out),
    }
}

/// A time for people.
fn at(time: FileTime) -> String {
    time.rfc3339(0)
}

/// What a moment says of something.
pub(super) fn word(seen: &Seen) -> String {
    match seen {
        Seen::Value(value) => super::text::shown(value),
        Seen::NotSet { .. } => "not set".to_owned(),
        Seen::State(state) => state.to_string(),
        Seen::Silent => "not told".to_owned(),
        Seen::Unknown(_) => "unknown".to_owned(),
    }
}

/// What something is called, below its key.
pub(super) fn name(watched: &Watched) -> String {
    match watched {
        Watched::Value(_, value) | Watched::Decides(_, value) => value.to_string(),
        Watched::State(subject) => subject.clone(),
    }
}

/// The key that something stands in.
pub(super) fn key(watched: &Watched) -> Option<&KeyPath> {
    match watched {
        Watched::Value(key, _) | Watched::Decides(key, _) => Some(key),
        Watched::State(_) => None,
    }
}

/// A key as `reg` takes it.
pub(super) fn short(key: &KeyPath) -> String {
    let key = key.to_string();
    key.strip_prefix(MACHINE).map_or(key.clone(), |rest| format!("HKLM{rest}"))
}

/// Where a moment was read; of the states of a log from the first to the last.
fn source(moment: &Moment, last: Option<&Moment>) -> String {
    let part = match (&moment.part, last.and_then(|last| last.part.as_ref())) {
        (
            Some(Part::AfterEntries { hive, entries, sequence }),
            Some(Part::AfterEntries { entries: to, sequence: end, .. }),
        ) => {
            Some(format!("{hive} after each of the entries {entries} to {to} of its logs (sequence {sequence}–{end})"))
        }
        (part, _) => part.as_ref().map(ToString::to_string),
    };
    let source = match &moment.source {
        Source::Now => None,
        Source::Older => Some("an older copy of the machine".to_owned()),
        // The place says when it was made.
        Source::Past(kind) => Some(kind.to_string()),
    };
    match (part, source) {
        (Some(part), Some(source)) => format!("{part}, in {source}"),
        (Some(part), None) => part,
        (None, Some(source)) => source,
        (None, None) => "the machine as it is".to_owned(),
    }
}

/// The word for a source that programs read.
fn source_word(moment: &Moment) -> &'static str {
    match (&moment.part, &moment.source) {
        (Some(Part::ControlSet { .. }), _) => "control_set",
        (Some(Part::WithoutLogs(_)), _) => "without_logs",
        (Some(Part::AfterEntries { .. }), _) => "log_entry",
        (None, Source::Now) => "now",
        (None, Source::Older) => "older_copy",
        (None, Source::Past(kind)) => kind.word(),
    }
}

/// When a moment was.
fn time(time: Time) -> String {
    match time {
        Time::Made(time) => at(time),
        Time::Written(time) => format!("{} or later", at(time)),
        _ => "no time of its own".to_owned(),
    }
}

/// When a line was.
pub(super) fn times(line: &Line, is_last: bool, is_now: bool) -> String {
    let first = time(line.first_time());
    let between: Vec<String> = line.written_between().into_iter().map(short).collect();
    if !between.is_empty()
        && let Some(until) = line.until()
    {
        let until = if is_last && is_now { "now".to_owned() } else { time(until) };
        return format!("{first}, and again {until}; written in between: {}", between.join(", "));
    }
    match (line.until(), is_last && is_now) {
        (None, true) => format!("now ({first})"),
        (Some(_), true) => format!("{first}, and the same until now"),
        (Some(until), false) => format!("{first}, and the same until {}", time(until)),
        (None, false) => first,
    }
}

/// What is known of when something was changed.
pub(super) fn when(change: &Change) -> String {
    match &change.when {
        When::Between(Some(still), written) => {
            format!("changed between {} and {}, when the key was last written", at(*still), at(written.time))
        }
        When::Between(None, written) => {
            format!("not changed after {}, when the key was last written", at(written.time))
        }
        When::After(still) => format!("changed after {}", at(*still)),
        When::Contradicted(written) => format!(
            "when it was changed is not known: the key was last written {}, by its own time, and still had the old value later",
            at(written.time)
        ),
        _ => "when it was changed is not known".to_owned(),
    }
}

/// That nothing was changed since.
pub(super) fn quiet(written: &KeyTime) -> String {
    format!("since {}: none of these keys was written later ({} was, then)", at(written.time), short(&written.key))
}

/// TLS 1.2 in effect, in a word.
pub(super) fn in_effect(state: OverallState) -> &'static str {
    match state {
        OverallState::On => "on",
        OverallState::Partly => "partly on",
        OverallState::Off => "off",
        OverallState::Unknown => "unknown",
    }
}

/// TLS 1.2 in effect through time: each state that is another than the one before, with the day or the place of it.
pub(super) fn course(history: &History) -> Vec<(OverallState, String)> {
    let mut course: Vec<(OverallState, String)> = Vec::new();
    let last = history.lines.len().saturating_sub(1);
    for (number, line) in history.lines.iter().enumerate().filter(|(_, line)| !line.aside) {
        let Some(whole) = &line.whole else { continue };
        let state = whole.overall.state;
        if course.last().is_some_and(|(before, _)| *before == state) {
            continue;
        }
        let day = |time: FileTime| time.rfc3339(0).split('T').next().unwrap_or_default().to_owned();
        let when = match line.first_time() {
            _ if number == last && history.is_now && line.moments.len() == 1 => "now".to_owned(),
            Time::Made(time) => day(time),
            Time::Written(time) => format!("{} or later", day(time)),
            _ => "no time".to_owned(),
        };
        course.push((state, when));
    }
    course
}

/// The verdict on the machine as it is, in words.
pub(super) fn verdict(history: &History) -> String {
    let whole = history.lines.last().and_then(|line| line.whole.as_ref());
    let word = whole.map_or(Verdict::Unknown, |whole| whole.verdict).word();
    if history.is_now {
        format!("{word} now")
    } else {
        format!("{word} in the newest copy; the machine itself was not given")
    }
}

/// Numbers of values, by key, in the order of the policy, that are set, or were, or cannot be told.
fn groups(report: &Report<'_>, history: &History) -> Vec<(Option<KeyPath>, Vec<usize>)> {
    let mut groups: Vec<(Option<KeyPath>, Vec<usize>)> = Vec::new();
    for (number, watched) in report.watched.iter().enumerate().filter(|(number, _)| history.is_set(*number)) {
        let key = key(watched).cloned();
        match groups.iter_mut().find(|(other, _)| *other == key) {
            Some((_, numbers)) => numbers.push(number),
            None => groups.push((key, vec![number])),
        }
    }
    groups
}

/// What was set in no moment, and what no source speaks of: each by its key, with the names.
fn never(report: &Report<'_>, history: &History) -> (Vec<String>, Vec<String>) {
    let of = |wanted: &dyn Fn(usize) -> bool| {
        let mut keys: Vec<(&KeyPath, Vec<String>)> = Vec::new();
        for (_, watched) in report.watched.iter().enumerate().filter(|(number, _)| wanted(*number)) {
            let Some(key) = key(watched) else { continue };
            match keys.iter_mut().find(|(other, _)| *other == key) {
                Some((_, names)) => names.push(name(watched)),
                None => keys.push((key, vec![name(watched)])),
            }
        }
        keys.into_iter().map(|(key, names)| format!("{} ({})", short(key), names.join(", "))).collect::<Vec<_>>()
    };
    let is_said = |number| history.lines.iter().any(|line| line.says(number));
    (of(&|number| is_said(number) && !history.is_set(number)), of(&|number| !is_said(number)))
}

/// The sources of a line, each once: of the entries of a log that say the same, the first and the last.
pub(super) fn sources(line: &Line) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    let mut place = None;
    let mut moments = line.moments.iter().peekable();
    while let Some(moment) = moments.next() {
        let mut last = None;
        while let Some(next) = moments.next_if(|next| are_entries(moment, next)) {
            last = Some(next);
        }
        let mut said = source(moment, last);
        if let (Some(time), true) = (moment.time().known(), line.moments.len() > 1) {
            let or_later = if matches!(moment.time(), Time::Made(_)) { "" } else { " or later" };
            said.push_str(&format!(", {}{or_later}", at(time)));
        }
        // A shadow copy lies where the machine does.
        if !matches!(moment.source, Source::Past(PastKind::Shadow(_))) && place != Some(&moment.place) {
            said.push_str(&format!(": {}", moment.place));
            place = Some(&moment.place);
        }
        all.push(said);
    }
    all
}

/// Whether both are states of the logs of one hive.
fn are_entries(one: &Moment, other: &Moment) -> bool {
    let is = |moment: &Moment| matches!(moment.part, Some(Part::AfterEntries { .. }));
    is(one) && is(other) && one.place == other.place
}

/// Why something cannot be told, each reason once.
pub(super) fn reasons(line: &Line) -> Vec<&str> {
    let mut reasons: Vec<&str> = Vec::new();
    for row in line.moments.iter().flat_map(|moment| &moment.snapshot.rows) {
        if let Seen::Unknown(why) = &row.seen
            && !reasons.contains(&why.as_str())
        {
            reasons.push(why);
        }
    }
    reasons
}

/// How much is told, and by which policy.
pub(super) fn headline(report: &Report<'_>) -> String {
    let count = |n: usize, what: &str| if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") };
    let moments = report.histories.iter().map(History::moments).sum();
    format!("{}, {} · policy {}", count(report.histories.len(), "machine"), count(moments, "moment"), report.policies)
}

/// The heading above what was recovered.
pub(super) const RECOVERED: &str =
    "Recovered from free cells (deleted once, on a day that nobody knows; no part of a verdict):";

/// Something that was recovered, in a line.
pub(super) fn recovered(recovered: &Recovered) -> String {
    let written = |time: &Option<FileTime>| time.map(|time| format!(", last written {}", at(time))).unwrap_or_default();
    let (key, whose) = match &recovered.whose {
        Whose::Key(path) => (short(path), "the key is there".to_owned()),
        Whose::Deleted(path, time) => (short(path), format!("of a deleted key{}", written(time))),
        Whose::Unplaced(path, time) => {
            (format!("…\\{path}"), format!("of a deleted key whose place is not known{}", written(time)))
        }
        _ => (String::new(), "nothing says of which key".to_owned()),
    };
    let what = match (&recovered.name, &recovered.value) {
        (Some(name), Some(Ok(value))) => format!("{key} {name} {}", super::text::shown(value)),
        (Some(name), Some(Err(why))) => format!("{key} {name}, data gone: {why}"),
        _ => format!("{key}, the key itself"),
    };
    format!("{} at 0x{:x} of {} ({whose})", what.trim_start(), recovered.offset, recovered.artifact)
}
