//! Transaction logs: the corpus' dirty hives replayed, and logs with every kind of damage. The corpus' part runs where it
//! lies beside the checkout, and says so where it does not.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "a panic is how a test fails")]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tlshive::limits::Limits;
use tlshive::read_at::{LocalFile, ReadAt};
use tlshive::registry::hive::{Hive, Recovery, replay};

fn corpus() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus");
    if !path.is_dir() {
        eprintln!("skipped: no corpus at {}", path.display());
        return None;
    }
    Some(path)
}

fn source(path: &Path) -> Box<dyn ReadAt> {
    Box::new(LocalFile::open(path).unwrap())
}

fn replayed(folder: &Path, hive: &str, logs: &[&str]) -> (Box<dyn ReadAt>, Recovery) {
    let logs = logs.iter().map(|log| (Arc::from(*log), source(&folder.join(log)))).collect();
    replay(source(&folder.join(hive)), logs, &Limits::default())
}

fn bytes(source: &dyn ReadAt) -> Vec<u8> {
    let mut bytes = vec![0; usize::try_from(source.len()).unwrap()];
    assert_eq!(source.read_at(0, &mut bytes).unwrap(), bytes.len());
    bytes
}

struct Case {
    folder: &'static str,
    hive: &'static str,
    logs: [&'static str; 2],
    state: &'static str,
    /// The log that came last, by number.
    used: &'static [usize],
    /// What others made of it: its hive bins are the same bytes.
    equal: &'static str,
}

const fn case(
    folder: &'static str,
    hive: &'static str,
    logs: [&'static str; 2],
    state: &'static str,
    used: &'static [usize],
    equal: &'static str,
) -> Case {
    Case { folder, hive, logs, state, used, equal }
}

const NEW: [&str; 2] = ["NewDirtyHive.LOG1", "NewDirtyHive.LOG2"];
const OLD: [&str; 2] = ["OldDirtyHive.LOG1", "OldDirtyHive.LOG2"];
const BAD: [&str; 2] = ["BadLogHive.LOG1", "BadLogHive.LOG2"];
const DIRTY: &str = "dirty, no usable log";

/// Every dirty hive of the corpus that has logs. What yarp makes of them is under `recovered/`; `RecoveredHive_Windows10`
/// is what Windows itself made.
const CASES: [Case; 12] = [
    case(
        "regipy",
        "SYSTEM_B",
        ["SYSTEM_B.LOG1", "SYSTEM_B.LOG2"],
        "replayed (24 entries, sequence 2107–2130)",
        &[0, 1],
        "recovered/hives__regipy__SYSTEM_B",
    ),
    case(
        "regipy",
        "UsrClass.dat",
        ["UsrClass.dat.LOG1", "UsrClass.dat.LOG2"],
        "replayed (14 entries, sequence 287–300)",
        &[0, 1],
        "recovered/hives__regipy__UsrClass.dat",
    ),
    case(
        "regipy",
        "transactions_NTUSER.DAT",
        ["transactions_ntuser.dat.log1", "transactions_ntuser.dat.log2"],
        "replayed (23 entries, sequence 566–588)",
        &[0],
        "recovered/hives__regipy__transactions_NTUSER.DAT",
    ),
    case(
        "yarp/NewDirtyHive1",
        "NewDirtyHive",
        NEW,
        "replayed (4 entries, sequence 2–5)",
        &[0, 1],
        "recovered/hives__yarp__NewDirtyHive1__NewDirtyHive",
    ),
    case(
        "yarp/NewDirtyHive1",
        "NewDirtyHive",
        ["NewDirtyHive.LOG2", "NewDirtyHive.LOG1"],
        "replayed (4 entries, sequence 2–5)",
        &[1, 0],
        "hives/yarp/NewDirtyHive1/RecoveredHive_Windows10",
    ),
    case(
        "yarp/NewDirtyHive2",
        "NewDirtyHive",
        NEW,
        "replayed (3 entries, sequence 3–5)",
        &[1],
        "recovered/hives__yarp__NewDirtyHive2__NewDirtyHive",
    ),
    case(
        "yarp/OldDirtyHive",
        "OldDirtyHive",
        OLD,
        "replayed (1 entry, sequence 5–5)",
        &[0],
        "recovered/hives__yarp__OldDirtyHive__OldDirtyHive",
    ),
    case("yarp/BadLogHive1", "BadLogHive", BAD, DIRTY, &[], "hives/yarp/BadLogHive1/BadLogHive"),
    case("yarp/BadLogHive2", "BadLogHive", BAD, DIRTY, &[], "hives/yarp/BadLogHive2/BadLogHive"),
    case("yarp/BadLogHive3", "BadLogHive", BAD, DIRTY, &[], "hives/yarp/BadLogHive3/BadLogHive"),
    case(
        "yarp/BadBaseBlockHive",
        "BadBaseBlockHive",
        ["BadBaseBlockHive.LOG1", "BadBaseBlockHive.LOG2"],
        "replayed (1 entry, sequence 5–5)",
        &[0],
        "recovered/hives__yarp__OldDirtyHive__OldDirtyHive",
    ),
    // The logs of another hive.
    case("yarp/OldDirtyHive", "OldDirtyHive", ["../NewDirtyHive1/NewDirtyHive.LOG1", OLD[1]], DIRTY, &[], ""),
];

#[test]
fn dirty_hives_become_what_others_make_of_them() {
    let Some(corpus) = corpus() else { return };
    for case in &CASES {
        let (hive, recovery) = replayed(&corpus.join("hives").join(case.folder), case.hive, &case.logs);
        let why: Vec<String> = recovery.refused().iter().map(|r| format!("{}: {}", r.log, r.why)).collect();
        eprintln!("{}/{}: {recovery} {why:?}", case.folder, case.hive);
        assert_eq!(recovery.to_string(), case.state, "{}", case.folder);
        let want: Vec<&str> = case.used.iter().map(|&i| case.logs[i]).collect();
        match &recovery {
            Recovery::Replayed { logs, .. } => assert!(logs.iter().map(|log| &**log).eq(want), "{logs:?}"),
            Recovery::Clean | Recovery::Dirty { .. } => assert!(want.is_empty()),
        }
        if case.equal.is_empty() {
            continue;
        }
        let (ours, theirs) = (bytes(&*hive), bytes(&*source(&corpus.join(case.equal))));
        assert_eq!(ours.len(), theirs.len(), "{}", case.folder);
        assert!(ours[4096..] == theirs[4096..], "{}: hive bins differ", case.folder);
        let differ: Vec<usize> = (0..4096).filter(|&i| ours[i] != theirs[i]).collect();
        eprintln!("   base block differs at {differ:?}");
        let base = Hive::open(hive, Arc::from("test"), &Limits::default()).unwrap().base().clone();
        assert_eq!(base.is_dirty(), case.used.is_empty(), "{}", case.folder);
    }
}
