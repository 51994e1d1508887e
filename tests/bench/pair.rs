//! Audits one SYSTEM + SOFTWARE pair 10,000 times in one process, and holds that against the limit (the same number of
//! reads and nothing else) and against nt-hive reading the same eight values. Batches of all contestants take turns, so
//! that a busy machine slows all of them alike: trust the ratios.
#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a benchmark prints its figures, and stops when it cannot run"
)]

mod input;
mod nt_hive_eight;

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::Instant;

use tlshive::audit::audit;
use tlshive::host::{Options, group, open};
use tlshive::limits::Limits;
use tlshive::policy::Policy;
use tlshive::read_at::{LocalFile, ReadAt};
use tlshive::source::{Search, discover};
use tlshive::windows::path::KeyPath;

const AUDITS: u32 = 10_000;
const BATCHES: u32 = 20;
/// Reading whole files takes milliseconds: once a batch is enough.
const WHOLE_FILES: u32 = 1;

fn main() {
    let pair = input::pair();
    println!("pair: {}", pair.folder.display());
    for path in [&pair.system, &pair.software] {
        println!("  {} ({} bytes)", path.display(), std::fs::metadata(path).expect("a file of the pair").len());
    }
    let policy = Policy::default_policy().expect("the built-in policy");
    let inputs = [pair.system.clone(), pair.software.clone()];
    let pages = one_audit(&policy, &inputs);
    let bytes = inputs.clone().map(|path| std::fs::read(path).expect("a readable file"));
    let each = AUDITS / BATCHES;
    let mut contestants = [
        Contestant::new("tlshive audit (open, group, audit)", each, || one_audit(&policy, &inputs)),
        Contestant::new("limit: 2 opens, the same page reads", each, || bare_reads(&inputs, pages)),
        Contestant::new("nt-hive, eight values, bytes in memory", each, || {
            nt_hive_eight::read(&bytes[0], &bytes[1]).map_or(0, |values| values.len() as u64)
        }),
        Contestant::new("nt-hive, eight values, files read whole", WHOLE_FILES, || {
            let [system, software] = inputs.clone().map(|path| std::fs::read(path).expect("a readable file"));
            nt_hive_eight::read(&system, &software).map_or(0, |values| values.len() as u64)
        }),
    ];
    for _ in 0..BATCHES {
        contestants.iter_mut().for_each(Contestant::batch);
    }
    println!(
        "{pages} pages of 4 KiB read per pair; µs per pair, median and best of {BATCHES} batches, and ratio to tlshive:"
    );
    let own = contestants[0].median();
    for contestant in &contestants {
        let (median, best) = (contestant.median(), contestant.best());
        let ratio = median / own;
        println!("{median:>12.1} {best:>12.1} {ratio:>9.3}   {}", contestant.name);
    }
}

/// What `tlshive audit SYSTEM SOFTWARE` does between its arguments and its output. Gives the pages that were read.
fn one_audit(policy: &Policy, inputs: &[PathBuf]) -> u64 {
    let limits = Limits::default();
    let found = discover(inputs, &Search::default(), &limits);
    let groups = group(&found.artifacts, false, &limits).groups;
    let interest: Vec<KeyPath> = policy.keys();
    let options = Options { interest: &interest, ..Options::new(&limits) };
    let hosts = groups.iter().flat_map(|group| open(group, &options).0);
    hosts.map(|host| black_box(audit(policy, &host)).pages_read).sum()
}

/// The least that an audit can cost: both files opened, and as many pages read from places all over them.
fn bare_reads(inputs: &[PathBuf; 2], pages: u64) -> u64 {
    let open = |path: &Path| LocalFile::open(path).expect("a file of the pair");
    let files = [open(&inputs[0]), open(&inputs[1])];
    let mut page = [0u8; 4096];
    let mut sum = 0;
    for n in 0..pages {
        let file = if n % 2 == 0 { &files[0] } else { &files[1] };
        let offset = file.len() / 4096 * n / pages.max(1) * 4096;
        file.read_at(offset, &mut page).expect("a page");
        sum += u64::from(page[0]);
    }
    sum
}

struct Contestant<'a> {
    name: &'static str,
    runs: u32,
    work: Box<dyn FnMut() -> u64 + 'a>,
    /// Microseconds for one run, by batch.
    batches: Vec<f64>,
}

impl<'a> Contestant<'a> {
    fn new(name: &'static str, runs: u32, work: impl FnMut() -> u64 + 'a) -> Self {
        Self { name, runs, work: Box::new(work), batches: Vec::new() }
    }

    fn batch(&mut self) {
        let start = Instant::now();
        for _ in 0..self.runs {
            black_box((self.work)());
        }
        self.batches.push(start.elapsed().as_secs_f64() * 1e6 / f64::from(self.runs));
    }

    fn median(&self) -> f64 {
        let mut sorted = self.batches.clone();
        sorted.sort_by(f64::total_cmp);
        sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
    }

    fn best(&self) -> f64 {
        self.batches.iter().copied().fold(f64::INFINITY, f64::min)
    }
}
