//! Histories as one JSON document, for programs.

use std::io::{self, Write};

use serde_json::ser::PrettyFormatter;
use serde_json::{Value as Json, json};

use super::{Report, name, source_word};
use crate::audit::history::{Change, History, KeyTime, Line, Moment, Part, Row, Seen, Time, Watched, When};
use crate::host::{Recovered, Whose};
use crate::output::json::print;
use crate::windows::FileTime;

/// The version of this document.
const VERSION: u32 = 1;

pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let pairs = |pairs: &[(std::sync::Arc<str>, String)]| -> Vec<Json> {
        pairs.iter().map(|(name, why)| json!({ "path": **name, "why": why })).collect()
    };
    let document = json!({
        "history_version": VERSION,
        "policies": report.policies,
        "status": report.status,
        "watched": report.watched.iter().map(watched).collect::<Vec<_>>(),
        "machines": report.histories.iter().map(|history| machine(report, history)).collect::<Vec<_>>(),
        "not_read": pairs(report.lost),
        "not_judged": pairs(report.not_judged),
    });
    print(&document, PrettyFormatter::new(), out)
}

fn watched(watched: &Watched) -> Json {
    match watched {
        Watched::Value(key, value) | Watched::Decides(key, value) => {
            json!({ "key": key.to_string(), "value": value.to_string() })
        }
        Watched::State(subject) => json!({ "effective": subject }),
    }
}

fn machine(report: &Report<'_>, history: &History) -> Json {
    let whole = history.lines.last().and_then(|line| line.whole.as_ref());
    json!({
        "name": history.name,
        "machine_guid": history.guid,
        "is_now": history.is_now,
        "verdict": whole.map(|whole| whole.verdict.word().replace(' ', "_")),
        "not_changed_after": history.quiet_since(report.watched).map(key_time),
        "notes": history.notes,
        "recovered": history.recovered.iter().map(recovered).collect::<Vec<_>>(),
        "lines": history.lines.iter().map(|each| line(report, each)).collect::<Vec<_>>(),
    })
}

fn line(report: &Report<'_>, line: &Line) -> Json {
    let rows = report.watched.iter().enumerate();
    let rows = rows.filter_map(|(number, watched)| Some(row(watched, line.row(number)?, line.says(number))));
    let changes = line.changes.iter().map(|each| change(report, each));
    json!({
        "beside": line.aside,
        "moments": line.moments.iter().map(moment).collect::<Vec<_>>(),
        "verdict": line.whole.as_ref().map(|whole| whole.verdict.word().replace(' ', "_")),
        "verdicts": line.whole.as_ref().map(|whole| {
            let each = whole.verdicts.iter();
            each.map(|(policy, verdict)| json!({ "policy": **policy, "verdict": verdict.word().replace(' ', "_") })).collect::<Vec<_>>()
        }),
        "effective": line.whole.as_ref().map(|whole| json!({ "tls12": whole.overall.state.word(), "why": whole.overall.why })),
        "effective_before": line.effect.as_ref().map(|effect| json!({ "tls12": effect.before.state.word(), "why": effect.before.why })),
        "values": rows.collect::<Vec<_>>(),
        "changes": changes.collect::<Vec<_>>(),
    })
}

fn moment(moment: &Moment) -> Json {
    let (word, time) = match moment.time() {
        Time::Made(time) => ("at", Some(time)),
        Time::Written(time) => ("not_before", Some(time)),
        _ => ("not_known", None),
    };
    json!({
        "source": source_word(moment),
        "part": moment.part.as_ref().map(|part| match part {
            Part::ControlSet { name, words } => json!({ "control_set": name, "select": words }),
            Part::WithoutLogs(hive) => json!({ "hive": hive.to_string() }),
            Part::AfterEntries { hive, entries, sequence } => {
                json!({ "hive": hive.to_string(), "entries": entries, "sequence": sequence })
            }
        }),
        "path": *moment.place,
        "time_is": word,
        "time": time.map(exact),
    })
}

fn row(watched: &Watched, row: &Row, said: bool) -> Json {
    let mut json = seen(&row.seen);
    if let Some(object) = json.as_object_mut() {
        object.insert("name".to_owned(), name(watched).into());
        object.insert("from_before".to_owned(), (!said && row.seen.is_told()).into());
        object.insert("key_last_write".to_owned(), row.written.as_ref().map(key_time).unwrap_or_default());
    }
    json
}

fn seen(seen: &Seen) -> Json {
    match seen {
        Seen::Value(value) => json!({
            "is": "set", "type": value.kind.to_string(), "dword": value.as_dword(), "text": value.as_text(), "hex": value.hex(),
        }),
        Seen::NotSet { key } => json!({ "is": "not_set", "key_exists": key }),
        Seen::State(state) => json!({ "is": "state", "state": state.word() }),
        Seen::Unknown(why) => json!({ "is": "unknown", "why": why }),
        _ => json!({ "is": "not_told" }),
    }
}

fn change(report: &Report<'_>, change: &Change) -> Json {
    let (word, from, written) = match &change.when {
        When::Between(from, written) => ("between", *from, Some(written)),
        When::After(from) => ("after", Some(*from), None),
        When::Contradicted(written) => ("contradicted", None, Some(written)),
        _ => ("not_known", None, None),
    };
    json!({
        "of": report.watched.get(change.row).map(watched),
        "before": seen(&change.before),
        "after": seen(&change.after),
        "when": { "is": word, "old_value_at": from.map(exact), "key_last_write": written.map(key_time) },
    })
}

fn recovered(recovered: &Recovered) -> Json {
    let (word, key, written) = match &recovered.whose {
        Whose::Key(path) => ("key", Some(path), None),
        Whose::Deleted(path, time) => ("deleted_key", Some(path), *time),
        Whose::Unplaced(path, time) => ("unplaced_key", Some(path), *time),
        _ => ("nobody", None, None),
    };
    let value = recovered.value.as_ref();
    json!({
        "hive": *recovered.artifact,
        "offset": recovered.offset,
        "of": word,
        "key": key.map(ToString::to_string),
        "key_last_write": written.map(exact),
        "value": recovered.name.as_ref().map(ToString::to_string),
        "data": value.and_then(|value| value.as_ref().ok()).map(|value| seen(&Seen::Value(value.clone()))),
        "data_gone": value.and_then(|value| value.as_ref().err()),
    })
}

fn key_time(written: &KeyTime) -> Json {
    json!({ "key": written.key.to_string(), "time": exact(written.time) })
}

fn exact(time: FileTime) -> String {
    time.rfc3339(7)
}
