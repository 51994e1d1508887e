use super::fold::fold;
use super::*;
use crate::audit::effective::OverallState;
use crate::host::{AsOf, PastPlace};

fn time(day: u64) -> FileTime {
    FileTime::of_unix_seconds(day * 86_400)
}

fn key() -> KeyPath {
    KeyPath::parse(r"HKEY_LOCAL_MACHINE\SYSTEM\K")
}

/// A value, by its number, in a key that was last written on a day, in a hive of another.
fn set(n: u32, written: u64, known: u64) -> Row {
    let seen = Seen::Value(Value::dword(n));
    Row { seen, written: Some(KeyTime { key: key(), time: time(written) }), known_at: Some(time(known)) }
}

fn silent() -> Row {
    Row { seen: Seen::Silent, written: None, known_at: None }
}

fn unknown() -> Row {
    Row { seen: Seen::Unknown("damaged".to_owned()), ..silent() }
}

fn whole(state: OverallState) -> Option<Whole> {
    let overall = Overall { state, why: state.word().to_owned(), parts: Vec::new() };
    Some(Whole { verdict: Verdict::Compliant, verdicts: Vec::new(), overall })
}

fn moment(part: Option<Part>, day: u64, rows: Vec<Row>) -> Moment {
    let snapshot = Snapshot {
        rows,
        whole: None,
        time: Some(time(day)),
        base: Some(time(day)),
        implausible: None,
        in_use: in_use(1),
        is_complete: true,
    };
    Moment { source: Source::Now, part, place: "x".into(), snapshot }
}

/// The first control set, and when `Select` was last written.
fn in_use(day: u64) -> Option<InUse> {
    let written = Some(KeyTime { key: KeyPath::parse(r"HKEY_LOCAL_MACHINE\SYSTEM\Select"), time: time(day) });
    Some(InUse { name: "ControlSet001".to_owned(), written })
}

fn history(lines: Vec<Line>) -> History {
    History { name: String::new(), guid: None, is_now: true, notes: Vec::new(), lines, recovered: Vec::new() }
}

fn control_set() -> Option<Part> {
    Some(Part::ControlSet { name: "ControlSet002".to_owned(), words: vec!["LastKnownGood"] })
}

/// How many moments each line has, and how many changes.
fn shape(lines: &[Line]) -> Vec<(usize, usize)> {
    lines.iter().map(|line| (line.moments.len(), line.changes.len())).collect()
}

#[test]
fn equal_moments_are_one_line_and_a_change_says_when() {
    let lines = fold(vec![
        moment(None, 1, vec![set(1, 1, 1)]),
        moment(None, 5, vec![set(1, 1, 5)]),
        moment(None, 9, vec![set(0, 7, 9)]),
    ]);
    assert_eq!(shape(&lines), [(2, 0), (1, 1)]);
    assert_eq!((lines[0].first_time(), lines[0].until()), (Time::Written(time(1)), Some(Time::Written(time(5)))));
    // Still there on day 5, and never written after day 7.
    let written = KeyTime { key: key(), time: time(7) };
    assert_eq!(lines[1].changes[0].when, When::Between(Some(time(5)), written));
}

#[test]
fn times_that_contradict_each_other_prove_nothing() {
    let lines = fold(vec![moment(None, 5, vec![set(1, 1, 5)]), moment(None, 9, vec![set(0, 3, 9)])]);
    assert_eq!(lines[1].changes[0].when, When::Contradicted(KeyTime { key: key(), time: time(3) }));
    assert_eq!(history(lines).quiet_since(&[Watched::Value(key(), Name::from("Enabled"))]), None);
}

#[test]
fn nothing_is_called_unchanged_unless_all_of_it_is_told_by_the_machine_as_it_is() {
    let watched = [
        Watched::Value(key(), Name::from("Enabled")),
        Watched::Decides(KeyPath::parse(r"HKEY_LOCAL_MACHINE\SYSTEM\L"), Name::from("x")),
    ];
    let since = |now: Moment| {
        let lines = fold(vec![moment(None, 1, vec![set(1, 1, 1), set(1, 1, 1)]), now]);
        history(lines).quiet_since(&watched).map(|written| written.time)
    };
    let absent = |day| Row { seen: Seen::NotSet { key: false }, ..set(1, day, 9) };
    // The newest of all: of a value that is not set as well as of one that is.
    assert_eq!(since(moment(None, 9, vec![set(1, 1, 9), absent(7)])), Some(time(7)));
    let with = |change: &dyn Fn(&mut Snapshot)| {
        let mut now = moment(None, 9, vec![set(1, 1, 9), absent(3)]);
        change(&mut now.snapshot);
        since(now)
    };
    assert_eq!(with(&|_| {}), Some(time(3)));
    assert_eq!(with(&|now| now.in_use = in_use(8)), Some(time(8)), "the set in use was another one");
    assert_eq!(with(&|now| now.in_use = None), None);
    assert_eq!(with(&|now| now.is_complete = false), None);
    // What older moments said is not what the machine says now.
    assert_eq!(with(&|now| now.rows[1] = silent()), None);
    assert_eq!(with(&|now| now.rows[0] = unknown()), None);
    assert_eq!(with(&|now| now.rows[0].written = None), None);
}

#[test]
fn another_control_set_in_use_says_nothing_of_when_a_value_was_changed() {
    let mut other = moment(None, 9, vec![set(0, 7, 9)]);
    other.snapshot.in_use = Some(InUse { name: "ControlSet002".to_owned(), written: None });
    let lines = fold(vec![moment(None, 5, vec![set(1, 1, 5)]), other.clone()]);
    assert_eq!(lines[1].changes[0].when, When::After(time(5)));
    let mut all = [met("A", "g", "b/SYSTEM", None, 9), met("A", "g", "a/SYSTEM", None, 3)];
    all[0].moments = vec![other];
    let (history, _) = histories(&all).remove(0);
    assert!(history.notes[0].starts_with("ControlSet001 was in use before, then ControlSet002"), "{:?}", history.notes);
}

#[test]
fn a_key_that_was_written_between_two_equal_moments_may_have_been_another_for_a_while() {
    let line = |written| fold(vec![moment(None, 1, vec![set(1, 1, 3)]), moment(None, 9, vec![set(1, written, 9)])]);
    assert_eq!(line(7)[0].written_between(), [&key()]);
    assert_eq!(line(3)[0].written_between(), Vec::<&KeyPath>::new());
}

#[test]
fn a_copy_that_is_called_by_its_day_has_nothing_of_a_later_one() {
    let mut copy = moment(None, 5, vec![set(1, 4, 5), silent()]).snapshot;
    copy.made(time(6));
    assert_eq!((copy.time, copy.rows[0].known_at), (Some(time(6)), Some(time(6))));
    copy.made(time(2));
    assert_eq!(copy.rows[1], silent());
    assert!(matches!(copy.rows[0].seen, Seen::Unknown(_)));
}

#[test]
fn what_a_moment_does_not_say_is_no_change() {
    let lines = fold(vec![
        moment(None, 1, vec![set(1, 1, 1), set(1, 1, 1)]),
        moment(Some(Part::WithoutLogs(HiveKind::System)), 2, vec![silent(), set(1, 1, 2)]),
        moment(None, 3, vec![set(0, 3, 3), set(1, 1, 3)]),
    ]);
    assert_eq!(shape(&lines), [(2, 0), (1, 1)]);
    assert_eq!(lines[1].changes[0].before, Seen::Value(Value::dword(1)));
}

#[test]
fn a_value_is_not_set_whether_its_key_is_there_or_not() {
    let row = |key| Row { seen: Seen::NotSet { key }, ..silent() };
    let lines = fold(vec![moment(None, 1, vec![row(true)]), moment(None, 2, vec![row(false)])]);
    assert_eq!(shape(&lines), [(2, 0)]);
}

#[test]
fn what_cannot_be_told_is_a_line_of_its_own_and_hides_no_change() {
    let lines = fold(vec![
        moment(None, 1, vec![set(1, 1, 1)]),
        moment(None, 2, vec![unknown()]),
        moment(None, 3, vec![unknown()]),
        moment(None, 4, vec![set(1, 1, 4)]),
        moment(None, 5, vec![set(0, 5, 5)]),
    ]);
    assert_eq!(shape(&lines), [(1, 0), (2, 1), (1, 0), (1, 1)]);
    assert_eq!(lines[3].changes[0].before, Seen::Value(Value::dword(1)));
}

#[test]
fn a_control_set_is_held_against_the_one_in_use_and_nothing_against_it() {
    let lines = fold(vec![
        moment(None, 1, vec![set(1, 1, 1)]),
        moment(control_set(), 2, vec![set(0, 1, 2)]),
        moment(None, 2, vec![set(1, 1, 2)]),
    ]);
    // The set in use says the same all the time.
    assert_eq!(shape(&lines), [(1, 1), (2, 0)]);
    assert!(lines[0].aside && !lines[1].aside);
    assert_eq!(lines[0].moments[0].time(), Time::NotKnown);
    let alike = fold(vec![moment(control_set(), 2, vec![set(1, 1, 2)]), moment(None, 2, vec![set(1, 1, 2)])]);
    assert_eq!(shape(&alike), [(2, 0)]);
    assert_eq!(alike[0].moments[1].part, None);
    let lost = fold(vec![moment(control_set(), 2, vec![unknown()]), moment(None, 2, vec![set(1, 1, 2)])]);
    assert!(lost[0].aside, "what cannot be read is as nothing else");
    // What is known of the set in use is not what is known of it.
    assert_eq!((lost[0].row(0), lost[1].row(0)), (Some(&unknown()), Some(&set(1, 1, 2))));
}

#[test]
fn another_effect_with_the_same_values_is_a_line() {
    let with = |day, state| {
        let mut moment = moment(None, day, vec![set(1, 1, day)]);
        moment.snapshot.whole = whole(state);
        moment
    };
    let lines = fold(vec![with(1, OverallState::Off), with(2, OverallState::On)]);
    assert_eq!(lines[1].effect.as_ref().map(|effect| effect.before.state), Some(OverallState::Off));
}

/// A machine of a name and a MachineGuid, which may be empty.
fn met(name: &str, guid: &str, place: &str, past: Option<(PastKind, &str)>, day: u64) -> Met {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Met {
        shown: name.to_owned(),
        name: some(name),
        guid: some(guid),
        past: past.map(|(kind, home)| PastPlace { kind, home: home.to_owned() }),
        place: place.into(),
        moments: vec![moment(None, day, vec![set(u32::try_from(day).unwrap(), day, day)])],
        notes: Vec::new(),
        recovered: Vec::new(),
    }
}

/// The machines: name, which one is its last moment, the sources in order.
fn told(met: &[Met]) -> Vec<(String, usize, Vec<Source>)> {
    let of = |(history, last): Told| {
        let moments = history.lines.iter().flat_map(|line| &line.moments);
        (history.name.clone(), last, moments.map(|moment| moment.source.clone()).collect())
    };
    histories(met).into_iter().map(of).collect()
}

#[test]
fn images_of_one_machine_are_one_history_and_the_newest_is_now() {
    let all =
        [met("DC1", "g", "b/SYSTEM", None, 9), met("dc1", "G", "a/SYSTEM", None, 3), met("DC2", "h", "c", None, 1)];
    let told = told(&all);
    assert_eq!(told[0], ("DC1".to_owned(), 0, vec![Source::Older, Source::Now]));
    assert_eq!(told[1], ("DC2".to_owned(), 2, vec![Source::Now]));
}

#[test]
fn the_time_of_the_hives_says_which_is_the_newest_and_that_of_a_key_does_not() {
    let mut all = [met("A", "g", "a/SYSTEM", None, 3), met("A", "g", "b/SYSTEM", None, 9)];
    all[0].moments[0].snapshot.time = Some(time(30));
    assert_eq!(told(&all)[0].1, 1);
}

#[test]
fn of_images_of_one_time_the_worst_decides() {
    let with = |verdict| {
        let mut met = met("DC1", "g", "a/SYSTEM", None, 3);
        met.moments[0].snapshot.whole = whole(OverallState::On).map(|whole| Whole { verdict, ..whole });
        met
    };
    let all = [with(Verdict::NotCompliant), with(Verdict::Compliant)];
    assert_eq!(told(&all)[0].1, 0);
}

#[test]
fn clones_and_namesakes_stay_apart_and_it_is_said() {
    let clones = [met("A", "g", "a/SYSTEM", None, 1), met("B", "g", "b/SYSTEM", None, 2)];
    let namesakes = [met("A", "g", "a/SYSTEM", None, 1), met("A", "h", "b/SYSTEM", None, 2)];
    for all in [clones, namesakes] {
        let told = histories(&all);
        assert_eq!(told.len(), 2);
        assert!(told.iter().all(|(history, _)| history.notes.iter().any(|note| note.contains("not put together"))));
    }
    // By the name alone, where one of them does not say more.
    let all = [met("A", "g", "a/SYSTEM", None, 1), met("A", "", "b/SYSTEM", None, 2)];
    assert_eq!(histories(&all).len(), 1);
    // Nothing says that these are one.
    let all = [met("", "", "a.reg", None, 1), met("", "", "b.reg", None, 2)];
    assert_eq!(histories(&all).len(), 2);
}

#[test]
fn a_shadow_copy_is_of_the_windows_in_its_place_whatever_it_was_called() {
    let as_of = AsOf { copy: 1, created: time(2) };
    let shadow = Some((PastKind::Shadow(as_of), "d › C › Windows\\"));
    let all = [
        met("NEW", "g", "d › C › Windows\\SYSTEM", None, 5),
        met("OTHER", "h", "d › D › Windows\\SYSTEM", None, 5),
        met("OLD", "i", "d › C › shadow copy 1 of x › Windows\\SYSTEM", shadow, 2),
    ];
    let told = histories(&all);
    assert_eq!((told.len(), told[0].0.moments()), (2, 2));
    assert!(told[0].0.notes.iter().any(|note| note.contains("called OLD in shadow copy 1")), "{:?}", told[0].0.notes);
}

#[test]
fn an_old_windows_is_of_the_only_machine_beside_it_unless_it_is_another() {
    let old = Some((PastKind::WindowsOld, "c/"));
    let config = "c/Windows/System32/config/SYSTEM";
    let all = [met("A", "g", config, None, 5), met("A", "h", "c/Windows.old/SYSTEM", old, 2)];
    assert_eq!(told(&all), [("A".to_owned(), 0, vec![Source::Past(PastKind::WindowsOld), Source::Now])]);
    for (name, guid, place) in [("B", "h", config), ("B", "", config), ("", "", "c/x/SYSTEM"), ("A", "h", "c/x/SYSTEM")]
    {
        let all = [met("A", "g", place, None, 5), met(name, guid, "c/Windows.old/SYSTEM", old, 2)];
        assert_eq!(histories(&all).len(), 2, "{name} {guid} {place}");
    }
    // A folder without a name says nothing of where it is.
    let old = Some((PastKind::WindowsOld, ""));
    let all = [met("A", "g", "Windows/System32/config/SYSTEM", None, 5), met("", "", "Windows.old/SYSTEM", old, 2)];
    assert_eq!(histories(&all).len(), 2);
}

#[test]
fn without_the_machine_itself_the_newest_copy_is_last_and_not_now() {
    let copy = |day| met("A", "g", "c/RegBack/SYSTEM", Some((PastKind::RegBack, "c/")), day);
    let told = histories(&[copy(5), copy(2)]);
    assert_eq!((told.len(), told[0].1, told[0].0.is_now), (1, 0, false));
}
