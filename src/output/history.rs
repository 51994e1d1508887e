//! Histories of machines: as text, JSON, CSV and HTML.

mod json;
mod text;

use std::io::{self, Write};
use std::sync::Arc;

use super::overview::Layout;
use crate::audit::Verdict;
use crate::audit::effective::OverallState;
use crate::audit::history::{Change, History, KeyTime, Line, Moment, Part, Seen, Source, Time, Watched, When};
use crate::host::PastKind;
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
    }
}

/// A time for people.
fn at(time: FileTime) -> String {
    time.rfc3339(0)
}

/// What a moment says of something.
fn word(seen: &Seen) -> String {
    match seen {
        Seen::Value(value) => super::text::shown(value),
        Seen::NotSet { .. } => "not set".to_owned(),
        Seen::State(state) => state.to_string(),
        Seen::Silent => "not told".to_owned(),
        Seen::Unknown(_) => "unknown".to_owned(),
    }
}

/// What something is called, below its key.
fn name(watched: &Watched) -> String {
    match watched {
        Watched::Value(_, value) => value.to_string(),
        Watched::State(subject) => subject.clone(),
    }
}

/// The key that something stands in.
fn key(watched: &Watched) -> Option<&KeyPath> {
    match watched {
        Watched::Value(key, _) => Some(key),
        Watched::State(_) => None,
    }
}

/// A key as `reg` takes it.
fn short(key: &KeyPath) -> String {
    let key = key.to_string();
    key.strip_prefix(MACHINE).map_or(key.clone(), |rest| format!("HKLM{rest}"))
}

/// Where a moment was read.
fn source(moment: &Moment) -> String {
    let part = moment.part.as_ref().map(ToString::to_string);
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
fn times(line: &Line, is_last: bool, is_now: bool) -> String {
    let first = time(line.first_time());
    match (line.until(), is_last && is_now) {
        (None, true) => format!("now ({first})"),
        (Some(_), true) => format!("{first}, and the same until now"),
        (Some(until), false) => format!("{first}, and the same until {}", time(until)),
        (None, false) => first,
    }
}

/// What is known of when something was changed.
fn when(change: &Change) -> String {
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
fn quiet(written: &KeyTime) -> String {
    format!("since {}: none of these keys was written later ({} was, then)", at(written.time), short(&written.key))
}

/// TLS 1.2 in effect, in a word.
fn in_effect(state: OverallState) -> &'static str {
    match state {
        OverallState::On => "on",
        OverallState::Partly => "partly on",
        OverallState::Off => "off",
        OverallState::Unknown => "unknown",
    }
}

/// TLS 1.2 in effect through time: each state that is another than the one before, with the day or the place of it.
fn course(history: &History) -> Vec<(OverallState, String)> {
    let mut course: Vec<(OverallState, String)> = Vec::new();
    let last = history.lines.len().saturating_sub(1);
    for (number, line) in history.lines.iter().enumerate().filter(|(_, line)| !line.aside) {
        let Some(whole) = &line.whole else { continue };
        let state = whole.overall.state;
        if course.last().is_some_and(|(before, _)| *before == state) {
            continue;
        }
        let when = match line.first_time().known() {
            _ if number == last && history.is_now && line.moments.len() == 1 => "now".to_owned(),
            Some(time) => time.rfc3339(0).split('T').next().unwrap_or_default().to_owned(),
            None => "no time".to_owned(),
        };
        course.push((state, when));
    }
    course
}

/// The verdict on the machine as it is, in words.
fn verdict(history: &History) -> String {
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

/// What was set in no moment, each by its key and name.
fn never(report: &Report<'_>, history: &History) -> Vec<String> {
    let numbered = report.watched.iter().enumerate().filter(|(number, _)| !history.is_set(*number));
    numbered.filter_map(|(_, watched)| Some(format!("{} {}", short(key(watched)?), name(watched)))).collect()
}

/// The sources of a line, each once: of the entries of a log that say the same, the first and the last.
fn sources(line: &Line) -> Vec<String> {
    let entries = |moment: &Moment| matches!(moment.part, Some(Part::AfterEntries { .. }));
    let mut all: Vec<String> = Vec::new();
    let mut moments = line.moments.iter().peekable();
    while let Some(moment) = moments.next() {
        let mut said = source(moment);
        if entries(moment) {
            let mut last = None;
            while let Some(next) = moments.next_if(|next| entries(next) && next.place == moment.place) {
                last = Some(next);
            }
            if let Some(last) = last.and_then(|last| last.part.as_ref()) {
                said = format!("{said} to {last}");
            }
        }
        let when = match moment.time() {
            Time::NotKnown => String::new(),
            known if line.moments.len() > 1 => {
                format!(" of {}", time(known))
            }
            _ => String::new(),
        };
        all.push(match moment.source {
            // It lies where the machine does.
            Source::Past(PastKind::Shadow(_)) => format!("{said}{when}"),
            _ => format!("{said}{when}: {}", moment.place),
        });
    }
    all
}
