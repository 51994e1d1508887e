//! Transaction logs: the corpus' dirty hives replayed, and logs with every kind of damage. The corpus' part runs where it
//! lies beside the checkout, and says so where it does not.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "a panic is how a test fails")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tlshive::audit::{HostReport, Outcome, Verdict};
use tlshive::diagnostic::Diagnostic;
use tlshive::error::At;
use tlshive::host::{InputKind, Options};
use tlshive::limits::Limits;
use tlshive::policy::Policy;
use tlshive::read_at::{LocalFile, ReadAt};
use tlshive::registry::Lookup;
use tlshive::registry::hive::{Answer, Hive, Recovery, replay};
use tlshive::run::{Inspection, Record, records_of};
use tlshive::source::Search;
use tlshive::windows::path::{KeyPath, Name};
use tlshive::windows::value::Value;

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

/// Windows 7 wrote the hive again after it had recovered it, so that pages differ, and no key or value does.
#[test]
fn the_recovered_hive_holds_what_windows_7_made_of_it() {
    let Some(corpus) = corpus() else { return };
    let folder = corpus.join("hives/yarp/OldDirtyHive");
    let open = |source| Hive::open(source, Arc::from("test"), &Limits::default()).unwrap();
    let ours = open(replayed(&folder, "OldDirtyHive", &OLD).0);
    let theirs = open(source(&folder.join("RecoveredHive_Windows7")));
    let root = KeyPath::parse("key_with_many_subkeys");
    let names = |hive: &Hive| hive.children(root.names()).unwrap();
    let all = names(&ours);
    assert!(all.len() > 4900 && all == names(&theirs));
    let look = |hive: &Hive, path: &str, value: Option<&str>| match hive
        .lookup(KeyPath::parse(path).names(), value.map(Name::from).as_ref())
    {
        Answer::Lookup(Lookup::ValueAbsent(key)) => (key.last_write, None),
        Answer::Lookup(Lookup::Found(found)) => (found.key.last_write, Some(found.value)),
        other => panic!("{path}: {other:?}"),
    };
    let some = all.iter().step_by(97).map(|name| format!(r"key_with_many_subkeys\{name}"));
    for path in some.chain([r"key_with_many_subkeys\5000\find_me_in_log".to_owned()]) {
        assert_eq!(look(&ours, &path, None), look(&theirs, &path, None), "{path}");
    }
    let value = look(&ours, r"key_with_many_subkeys\4500", Some("V"));
    assert_eq!(value.1.as_ref().and_then(Value::as_texts), Some(["a", "bb", "ccc"].map(String::from).to_vec()));
    assert_eq!(value, look(&theirs, r"key_with_many_subkeys\4500", Some("V")));
}

/// What a run says: of machines, by their rules about values, and of what it read.
struct Found {
    reports: Vec<HostReport>,
    diagnostics: Vec<Diagnostic>,
}

impl Found {
    /// Every hive that was opened, with its logs.
    fn hives(&self) -> Vec<(&str, usize)> {
        let mut hives = Vec::new();
        for report in &self.reports {
            for input in &report.inputs {
                match (&input.kind, hives.last_mut()) {
                    (InputKind::Hive { .. }, _) => hives.push((&*input.name, 0)),
                    (InputKind::Log(_), Some((_, logs))) => *logs += 1,
                    other => panic!("{other:?}"),
                }
            }
        }
        hives
    }

    /// The verdict on the one host, and the state of its SYSTEM.
    fn verdict(&self) -> (Verdict, String) {
        let [host] = self.reports.as_slice() else { panic!("{} hosts", self.reports.len()) };
        match &host.inputs.first().unwrap().kind {
            InputKind::Hive { recovery, .. } => (host.verdict, recovery.to_string()),
            other => panic!("{other:?}"),
        }
    }

    fn codes(&self) -> Vec<&str> {
        self.diagnostics.iter().map(|remark| remark.code.as_str()).collect()
    }

    /// How many files it says cannot be read.
    fn unreadable(&self) -> usize {
        self.codes().into_iter().filter(|code| *code == "unreadable-input").count()
    }
}

fn judge(inputs: &[PathBuf], search: Search<'_>, require_clean: bool) -> Found {
    let (limits, mut policy) = (Limits::default(), Policy::default_policy().unwrap());
    policy.rules.retain(|rule| rule.setting().is_some());
    let options = Options { require_clean, ..Options::new(&limits) };
    let (records, end) = records_of(inputs, &Inspection { search, ..Inspection::new(&policy, &options) });
    let mut found = Found { reports: Vec::new(), diagnostics: end.diagnostics };
    for record in records {
        match record {
            Record::Host(host) => found.reports.push(host.report),
            Record::Input(input) => found.diagnostics.extend(input.diagnostics),
            other => panic!("{other:?}"),
        }
    }
    found
}

fn find(inputs: &[PathBuf], by_hand: &[PathBuf]) -> Found {
    judge(inputs, Search { logs: by_hand, ..Search::default() }, false)
}

fn as_it_lies(folder: &Path, require_clean: bool) -> Found {
    judge(&[folder.to_path_buf()], Search { apply_logs: false, ..Search::default() }, require_clean)
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/hosts").join(name)
}

/// A folder of this test's own, with these files of a fixture under these names.
fn copy(test: &str, host: &str, files: &[(&str, &str)]) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("logs").join(test);
    let _ = fs::remove_dir_all(&folder);
    for (from, to) in files {
        let to = folder.join(to);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::write(to, fs::read(fixture(host).join(from)).unwrap()).unwrap();
    }
    folder
}

const NEW_STATE: &str = "replayed (2 entries, sequence 7–8)";
/// Both logs of the fixture are read; in the second, an entry of an earlier day stands behind the last one.
const LEFT_OVER: &str = "log-refused";
const OLD_STATE: &str = "replayed (1 entry, sequence 8–8)";

#[test]
fn settings_that_stand_in_the_logs_decide() {
    for (host, state) in [("dirty-with-logs", NEW_STATE), ("dirty-old-log", OLD_STATE)] {
        let folder = fixture(host);
        let clean = judge(std::slice::from_ref(&folder), Search::default(), true);
        assert_eq!(clean.verdict(), (Verdict::Compliant, state.to_owned()), "{host}");
        assert_eq!(as_it_lies(&folder, false).verdict(), (Verdict::NotCompliant, DIRTY.to_owned()), "{host}");
        assert_eq!(as_it_lies(&folder, true).verdict(), (Verdict::Unknown, DIRTY.to_owned()), "{host}");
    }
    assert_eq!(find(&[fixture("dirty")], &[]).verdict(), (Verdict::Compliant, DIRTY.to_owned()));
}

#[test]
fn what_decides_is_found_where_the_report_says() {
    let names = ["SYSTEM", "SYSTEM.LOG1", "SYSTEM.LOG2", "SOFTWARE"].map(|name| (name, name));
    let folder = copy("places", "dirty-with-logs", &names);
    let found = find(&[folder], &[]);
    for finding in found.reports.iter().flat_map(|host| &host.findings) {
        let place = finding.place.as_ref().unwrap();
        let At::Offset(at) = place.at else { panic!("{place}") };
        let mut value = [0; 20];
        source(Path::new(&*place.artifact)).read_at(at, &mut value).unwrap();
        // A value node, behind its size: signature, length of the name, length and data of a DWORD.
        let data: Vec<u8> = value.iter().skip(12).take(4).copied().collect();
        assert_eq!(
            (value.get(4..6), &data),
            (Some(b"vk".as_slice()), &finding.rule.setting().unwrap().expect.value.data),
            "{place}"
        );
        let in_log = place.artifact.contains(".LOG");
        assert_eq!(in_log, finding.rule.id.starts_with("tls12"), "{place}");
    }
}

#[test]
fn require_clean_leaves_open_what_depends_on_the_dirty_hive_alone() {
    let hosts = as_it_lies(&fixture("dirty-with-logs"), true).reports;
    assert_eq!(hosts[0].name, "AADC-LOGS");
    for finding in &hosts[0].findings {
        let system = finding.rule.id.starts_with("tls12");
        assert_eq!(finding.outcome, if system { Outcome::Unknown } else { Outcome::Pass }, "{}", finding.rule.id);
        assert_eq!(finding.why.contains("SYSTEM is dirty"), system, "{}", finding.why);
    }
}

#[test]
fn logs_are_found_beside_a_hive_in_any_case() {
    for (case, one, two) in [
        ("upper", "SYSTEM.LOG1", "SYSTEM.LOG2"),
        ("lower", "system.log1", "system.log2"),
        ("mixed", "System.Log2", "SYSTEM.log"),
    ] {
        let files = [("SYSTEM", "SYSTEM"), ("SYSTEM.LOG1", one), ("SYSTEM.LOG2", two)];
        let folder = copy(case, "dirty-with-logs", &files);
        // The folder, or the hive alone: its logs are taken either way, and are nothing of their own.
        for input in [folder.clone(), folder.join("SYSTEM")] {
            let found = find(&[input], &[]);
            assert_eq!(found.hives().len(), 1);
            assert_eq!(found.codes(), [LEFT_OVER], "{:?}", found.diagnostics);
            assert_eq!(found.verdict().1, NEW_STATE, "{case}");
        }
    }
}

#[test]
fn a_log_goes_to_the_hive_that_is_called_exactly_like_it() {
    let files = [("SYSTEM", "a/system"), ("SYSTEM", "a/SYSTEM"), ("SYSTEM.LOG1", "a/SYSTEM.LOG1")];
    let found = find(&[copy("exact", "dirty-with-logs", &files)], &[]);
    let [(first, 1), (second, 0)] = found.hives()[..] else { panic!("{:?}", found.hives()) };
    assert!(first.ends_with("SYSTEM") && second.ends_with("system"), "{first} {second}");
}

/// A hive that was renamed is found by its logs where no other hive can own them.
#[test]
fn a_log_goes_to_the_only_hive_that_can_own_it() {
    for (test, hive, replayed) in [
        ("owner-prefix", "DC1_SYSTEM", true),
        ("owner-ending", "SYSTEM.hiv", true),
        ("owner-inside", "carved-0017", true), // by the name that the hive itself notes
    ] {
        let folder = copy(
            test,
            "dirty-with-logs",
            &[("SYSTEM", hive), ("SYSTEM.LOG1", "SYSTEM.LOG1"), ("SYSTEM.LOG2", "SYSTEM.LOG2")],
        );
        let found = find(&[folder], &[]);
        let [(_, logs)] = found.hives()[..] else { panic!("{test}: {:?}", found.hives()) };
        assert_eq!(logs == 2, replayed, "{test}: {logs} logs");
    }
    let two = [("SYSTEM", "DC1_SYSTEM"), ("SYSTEM", "DC2_SYSTEM"), ("SYSTEM.LOG1", "SYSTEM.LOG1")];
    let found = find(&[copy("owner-two", "dirty-with-logs", &two)], &[]);
    assert!(matches!(found.hives()[..], [(_, 0), (_, 0)]), "{:?}", found.hives());
    assert!(found.diagnostics.iter().any(|remark| remark.code == "log-alone"));
}

#[test]
fn a_log_given_by_hand_goes_to_the_hive_that_it_fits() {
    let files = [("SYSTEM", "SYSTEM"), ("SYSTEM.LOG1", "logs/1"), ("SYSTEM.LOG2", "logs/2")];
    let folder = copy("by-hand", "dirty-with-logs", &files);
    let logs = ["logs/1", "logs/2"].map(|log| folder.join(log));
    let one = [folder.join("SYSTEM")];
    assert_eq!(find(&one, &logs).verdict().1, NEW_STATE);
    // Among several hives: the dirty one, since the SOFTWARE hive has another name and the other SYSTEM is clean.
    let several = [folder.join("SYSTEM"), fixture("compliant/SOFTWARE"), fixture("compliant/SYSTEM")];
    let found = find(&several, &logs);
    let count: Vec<usize> = found.hives().into_iter().map(|(_, logs)| logs).collect();
    assert_eq!((count, found.codes()), (vec![2, 0, 0], vec![LEFT_OVER]), "{:?}", found.diagnostics);
    // Two that it fits, and none.
    let two = [folder.join("SYSTEM"), fixture("dirty/SYSTEM")];
    assert_eq!(find(&two, &logs).diagnostics[0].code.as_str(), "log-alone");
    let none = find(&several[1..], &[logs[0].clone(), folder.join("missing")]);
    assert_eq!(none.codes(), ["unreadable-input", "log-alone"]);
    assert_eq!(find(&logs, &[]).diagnostics.len(), 2);
}

#[test]
fn a_hive_without_a_usable_base_block_is_read_by_its_logs() {
    for (case, host, state) in
        [("torn-new", "dirty-with-logs", "replayed (1 entry, sequence 8–8)"), ("torn-old", "dirty-old-log", OLD_STATE)]
    {
        for wiped in [false, true] {
            let names = ["SYSTEM", "SYSTEM.LOG1", "SYSTEM.LOG2", "SOFTWARE"].map(|name| (name, name));
            let folder = copy(case, host, &names);
            let mut bytes = fs::read(folder.join("SYSTEM")).unwrap();
            if wiped {
                bytes[..4096].fill(0);
            } else {
                bytes[200] ^= 1;
            }
            fs::write(folder.join("SYSTEM"), bytes).unwrap();
            let found = find(std::slice::from_ref(&folder), &[]);
            assert_eq!((found.unreadable(), found.verdict().1.as_str()), (0, state), "{case}");
            let notes = &found.reports[0].notes;
            assert!(notes[0].contains("the base block of SYSTEM is damaged"), "{notes:?}");
            let as_it_lies = as_it_lies(&folder, false);
            assert_eq!((as_it_lies.unreadable(), as_it_lies.reports[0].verdict), (1, Verdict::Unknown));
        }
    }
}

#[test]
fn refused_logs_are_named_with_the_reason() {
    let files = [("SYSTEM", "SYSTEM"), ("SYSTEM.LOG2", "SYSTEM.LOG1")];
    let folder = copy("refused", "dirty-with-logs", &files);
    let mut log = fs::read(folder.join("SYSTEM.LOG1")).unwrap();
    log[48] ^= 1;
    fs::write(folder.join("SYSTEM.LOG1"), log).unwrap();
    let found = find(&[folder], &[]);
    // A log with a damaged base block is no hive.
    assert_eq!(found.codes(), ["log-refused"], "{:?}", found.diagnostics);
    let notes = &found.reports[0].notes;
    assert!(notes[0].contains("SYSTEM.LOG1: base block checksum"), "{notes:?}");
}

#[test]
fn a_log_that_was_cut_short_shows_in_the_notes() {
    let names = ["SYSTEM", "SYSTEM.LOG1", "SYSTEM.LOG2", "SOFTWARE"].map(|name| (name, name));
    let folder = copy("cut", "dirty-with-logs", &names);
    let log = fs::read(folder.join("SYSTEM.LOG1")).unwrap();
    fs::write(folder.join("SYSTEM.LOG1"), log.get(..5000).unwrap()).unwrap();
    let found = find(&[folder], &[]);
    let notes = &found.reports[0].notes;
    assert!(
        notes[0].contains("newest changes of SYSTEM are not whole") && notes[0].contains("SYSTEM.LOG"),
        "{notes:?}"
    );
}
