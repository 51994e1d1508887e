//! `tlshive history`

use std::collections::BTreeSet;
use std::sync::Arc;

use super::args::{HistoryArgs, PrintedArg};
use super::audit::{jobs, no_such_machine};
use super::exit::Failure;
use super::reports::layout;
use super::writer::writer;
use super::{policy, progress, stderr};
use crate::audit::Verdict;
use crate::audit::history::{History, histories, watched};
use crate::files;
use crate::host::{Options, Pick};
use crate::limits::Limits;
use crate::output::history::{Format, Report, write};
use crate::run::{Counts, InputRecord, Inputs, Inspection, Recalled, is_of_past, past_too, recall};
use crate::source::{Fate, Search};
use crate::windows::keys::is_hive_file;

pub(super) fn run(args: &HistoryArgs) -> Result<u8, Failure> {
    if let Some(refused) = args.inputs.iter().chain(&args.disk.allow_dir).find_map(|input| files::refused(input)) {
        return Err(refused.to_string().into());
    }
    let policy = policy::load_all(&args.policy)?;
    let limits = Limits::default();
    let options = Options::new(&limits);
    let progress = Arc::default();
    let search = Search { shadow_copies: args.shadow_copies, ..args.disk.search(&[], args.no_logs, true) };
    let inspection = Inspection {
        search: past_too(search),
        jobs: jobs(args.jobs),
        progress: Some(&progress),
        ..Inspection::new(&policy, &options)
    };
    let mut named = args.inputs.clone();
    named.extend(policy::files(&args.policy));
    let mut out = writer(args.to.output.as_deref(), args.to.force, &named)?.lasting();
    let watched = watched(&policy);
    let mut met = Vec::new();
    let mut unread = Unread::default();
    let shown = progress::show(&progress, &args.progress, false);
    recall(Inputs::Named(&args.inputs), &inspection, &watched, args.deleted, |recalled| {
        match recalled {
            Recalled::Machine(machine) => met.push(*machine),
            Recalled::Lost(name, why) => unread.lost(name, why),
            Recalled::Input(input) => unread.input(&input),
        }
        Ok::<(), Failure>(())
    })?;
    drop(shown);
    let (histories, missing) = picked(histories(&met), &args.host);
    missing.iter().for_each(|host| unread.input(&no_such_machine(host)));
    let mut counts = unread.counts;
    // An audit leaves copies of earlier days out, unless there is nothing else.
    let is_now = histories.iter().any(|history| history.is_now);
    for history in histories.iter().filter(|history| history.is_now == is_now) {
        let whole = history.lines.last().and_then(|line| line.whole.as_ref());
        counts.add_host(whole.map_or(Verdict::Unknown, |whole| whole.verdict), 0, 0);
    }
    let status = counts.status();
    let format = match args.printed.format {
        PrintedArg::Text => Format::Text(layout(args.color, args.to.output.is_none())),
        PrintedArg::Json => Format::Json,
        PrintedArg::Csv => Format::Csv,
        PrintedArg::Html => Format::Html,
    };
    let report = Report {
        policies: policy.names(),
        watched: &watched,
        histories: &histories,
        lost: &unread.lost,
        not_judged: &unread.not_judged,
        status,
    };
    write(&report, format, &mut out)?;
    out.finish()?;
    if histories.is_empty() {
        stderr::line("nothing to audit was found");
    }
    Ok(status)
}

/// The machines that are asked for, and by which names nobody was met.
fn picked(told: Vec<(History, usize)>, asked: &[String]) -> (Vec<History>, Vec<String>) {
    let pick = Pick::new(asked);
    let mut met = BTreeSet::new();
    let takes = |history: &History| {
        let places = || history.lines.iter().flat_map(|line| &line.moments).map(|moment| &*moment.place);
        let numbers: Vec<usize> = pick.numbers(&history.name, None, places).collect();
        met.extend(numbers.iter().copied());
        pick.is_all() || !numbers.is_empty()
    };
    let mut takes = takes;
    let histories = told.into_iter().map(|(history, _)| history).filter(|history| takes(history)).collect();
    let missing = pick.missing(&met).map(str::to_owned).collect();
    (histories, missing)
}

/// What could not be read: of the past, and of the machines as they are. What is of the past leaves nothing open of these.
#[derive(Default)]
struct Unread {
    counts: Counts,
    lost: Vec<(Arc<str>, String)>,
    not_judged: Vec<(Arc<str>, String)>,
}

impl Unread {
    fn lost(&mut self, name: Arc<str>, why: String) {
        if self.lost.iter().all(|(other, _)| *other != name) {
            self.lost.push((name, why));
        }
    }

    fn input(&mut self, input: &InputRecord) {
        let entry = &input.entry;
        let why =
            || entry.reason.as_ref().map_or_else(|| entry.fate.word().replace('_', " "), |reason| reason.why.clone());
        let is_lost = self.lost.iter().any(|(name, _)| *name == entry.name);
        if (is_of_past(input) || is_lost) && !entry.is_missing() {
            let file = entry.name.rsplit(['/', '\\']).next().unwrap_or_default();
            match entry.fate {
                Fate::NotRead | Fate::NotRecognised => self.lost(Arc::clone(&entry.name), why()),
                // Since Windows 10 1803 those of RegBack are so.
                Fate::NotAboutWindows if is_hive_file(file) => {
                    self.lost(Arc::clone(&entry.name), format!("it is no hive: {}", entry.kind));
                }
                _ => {}
            }
            return;
        }
        self.counts.input(input);
        if entry.is_unjudged() {
            self.not_judged.push((Arc::clone(&entry.name), why()));
        }
    }
}
