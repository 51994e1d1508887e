//! How fast a whole hive is exported, beside nt-hive's walk over the same hive in memory, and hivexregedit as a process.
//!
//! `TLSHIVE_BENCH_HIVE` names the hive; without it, the largest one of the corpus beside the checkout.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a benchmark reports on stdout"
)]

use std::hint::black_box;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Instant;

use tlshive::error::{At, Error};
use tlshive::limits::Limits;
use tlshive::output::export::{Export, Format, Key, State, Value, export};
use tlshive::read_at::LocalFile;
use tlshive::registry::hive::{Enter, Hive, KeyView, Position, ValueView, Visit};

const PASSES: usize = 15;

fn main() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus/hives/regipy/SYSTEM_WIN_10_1709");
    let path = std::env::var_os("TLSHIVE_BENCH_HIVE").map_or(corpus, PathBuf::from);
    if !path.is_file() {
        println!("skipped: no hive at {}", path.display());
        return;
    }
    let mut count = Count::default();
    walk(&path, &mut count);
    println!("{} keys, {} values, {} bytes of data, {} damaged", count.keys, count.values, count.bytes, count.damaged);
    let walked = median("walk of keys, values and data, from the file", || walk(&path, &mut Count::default()));
    let exported =
        median("export as .reg to a null writer, from the file", || to_null(&path, Format::Reg { terminal: false }));
    median("export as JSON lines to a null writer", || to_null(&path, Format::Json));
    median("export as text to a null writer", || to_null(&path, Format::Text { verbose: true }));
    let bytes = std::fs::read(&path).unwrap();
    println!("nt-hive: {:?} keys and values", nt_walk(&bytes));
    let nt = median("nt-hive walk of keys, values and data, in memory", || {
        black_box(nt_walk(&bytes));
    });
    let nt_read = median("nt-hive the same, with reading the file", || {
        black_box(nt_walk(&std::fs::read(&path).unwrap()));
    });
    println!("walk / nt-hive in memory: {:.2}; with reading: {:.2}", walked / nt, walked / nt_read);
    println!("export / nt-hive in memory: {:.2}; with reading: {:.2}", exported / nt, exported / nt_read);
    processes(&path);
    if let Ok(status) = std::fs::read_to_string("/proc/self/status") {
        status
            .lines()
            .filter(|line| line.starts_with("VmHWM"))
            .for_each(|line| println!("{line} (nt-hive's copy included)"));
    }
}

fn processes(path: &Path) {
    let mut own = Command::new(env!("CARGO_BIN_EXE_tlshive"));
    own.arg("show").arg(path).args(["--recursive", "--format", "reg"]).stdout(Stdio::null()).stderr(Stdio::null());
    let mut hivex = Command::new("hivexregedit");
    hivex.arg("--export").arg(path).arg("\\").stdout(Stdio::null()).stderr(Stdio::null());
    let own = median("process: tlshive show --recursive --format reg", || drop(own.status()));
    if hivex.status().is_err() {
        return println!("skipped: no hivexregedit");
    }
    let start = Instant::now();
    let worked = hivex.status().is_ok_and(|status| status.success());
    let hivex = start.elapsed().as_secs_f64() * 1e3;
    println!("{hivex:9.2} ms  process: hivexregedit --export, once{}", if worked { "" } else { " (it failed)" });
    println!("hivexregedit / tlshive: {:.0}", hivex / own);
}

/// Median of some passes, in milliseconds.
fn median(what: &str, mut pass: impl FnMut()) -> f64 {
    let mut times: Vec<f64> = (0..PASSES)
        .map(|_| {
            let start = Instant::now();
            pass();
            start.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    times.sort_by(f64::total_cmp);
    let median = times.get(PASSES / 2).copied().unwrap_or_default();
    println!("{median:9.2} ms  {what}");
    median
}

fn walk<V: Visit>(path: &Path, visit: &mut V)
where
    V::Error: std::fmt::Debug,
{
    let hive = Hive::open(Box::new(LocalFile::open(path).unwrap()), Arc::from("bench"), &Limits::default()).unwrap();
    let Position::Key(root, _) = hive.find(&[]) else { return println!("no root") };
    let name: Vec<u16> = r"HKEY_LOCAL_MACHINE\SYSTEM".encode_utf16().collect();
    hive.walk(root, &name, visit).unwrap();
}

fn to_null(path: &Path, format: Format) {
    let mut out = io::sink();
    let mut export = export(format, "bench", &mut out).unwrap();
    walk(path, &mut To(export.as_mut()));
    export.end().unwrap();
}

const ALL: Enter = Enter { values: true, subkeys: true };

/// Looks at everything, keeps nothing.
#[derive(Default)]
struct Count {
    keys: u64,
    values: u64,
    bytes: usize,
    damaged: u64,
}

impl Visit for Count {
    type Error = io::Error;

    fn key(&mut self, key: &KeyView<'_>) -> io::Result<Enter> {
        black_box(key);
        self.keys += 1;
        Ok(ALL)
    }

    fn value(&mut self, value: &ValueView<'_>) -> io::Result<()> {
        black_box(value);
        self.values += 1;
        self.bytes += value.data.len();
        Ok(())
    }

    fn damage(&mut self, _: &[u16], _: &Error) -> io::Result<()> {
        self.damaged += 1;
        Ok(())
    }
}

struct To<'e>(&'e mut dyn Export);

impl Visit for To<'_> {
    type Error = io::Error;

    fn key(&mut self, key: &KeyView<'_>) -> io::Result<Enter> {
        let at = At::Offset(key.offset);
        self.0.key(&Key { path: key.path, last_write: Some(key.last_write), at, state: State::Present })?;
        Ok(ALL)
    }

    fn value(&mut self, value: &ValueView<'_>) -> io::Result<()> {
        let ValueView { name, kind, data, offset, tombstone: deleted } = *value;
        self.0.value(&Value { name, kind, data, at: At::Offset(offset), deleted })
    }

    fn damage(&mut self, path: &[u16], error: &Error) -> io::Result<()> {
        self.0.damage(path, error)
    }
}

/// Every key name, value name and value's data that nt-hive reads: how many keys and values.
fn nt_walk(bytes: &[u8]) -> Option<(u64, u64)> {
    let hive = nt_hive::Hive::without_validation(bytes).ok()?;
    let mut count = (0, 0);
    nt_node(&hive.root_key_node().ok()?, &mut count);
    Some(count)
}

fn nt_node(node: &nt_hive::KeyNode<'_, &[u8]>, count: &mut (u64, u64)) {
    count.0 += 1;
    black_box(node.name().is_ok());
    if let Some(Ok(values)) = node.values() {
        for value in values.flatten() {
            count.1 += 1;
            black_box(value.name().is_ok());
            match value.data() {
                Ok(nt_hive::KeyValueData::Small(data)) => {
                    black_box(data);
                }
                Ok(nt_hive::KeyValueData::Big(slices)) => slices.for_each(|slice| {
                    black_box(slice.is_ok());
                }),
                Err(_) => {}
            }
        }
    }
    if let Some(Ok(below)) = node.subkeys() {
        for key in below.flatten() {
            nt_node(&key, count);
        }
    }
}
