//! `tlshive show`: what it prints, and that an export, read again, is the hive that it was made of.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a panic is how a test fails"
)]

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;

use tlshive::error::Error;
use tlshive::limits::Limits;
use tlshive::read_at::LocalFile;
use tlshive::registry::hive::{Enter, Hive, KeyView, Position, ValueView, Visit};
use tlshive::registry::reg_file::{Interest, RegFile};
use tlshive::windows::path::KeyPath;

const ROOT: &str = r"HKEY_LOCAL_MACHINE\SOFTWARE";

fn fixture(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(path)
}

fn show(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tlshive")).arg("show").args(args).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Keys by upcased path, and values by upcased name.
type Keys = BTreeMap<Vec<Vec<u16>>, BTreeMap<Vec<u16>, (u32, Vec<u8>)>>;

fn folded(path: &KeyPath) -> Vec<Vec<u16>> {
    path.folded().names().iter().map(|name| name.units().to_vec()).collect()
}

/// What an import adds to strings without a terminator.
fn imported(kind: u32, data: &[u8]) -> Vec<u8> {
    let string = matches!(kind, 1 | 2 | 7) && !data.is_empty();
    let ended = data.chunks_exact(2).last() == Some(&[0, 0]);
    if string && !ended { [data, &[0, 0]].concat() } else { data.to_vec() }
}

/// Everything in a hive that a .reg file can hold, as its import gives it.
#[derive(Default)]
struct Collect {
    keys: Keys,
    path: Option<Vec<Vec<u16>>>,
    damaged: u64,
    left_out: u64,
}

impl Visit for Collect {
    type Error = io::Error;

    fn key(&mut self, key: &KeyView<'_>) -> io::Result<Enter> {
        if key.tombstone {
            self.path = None;
            return Ok(Enter { values: false, subkeys: true });
        }
        let expressible = !key.path.iter().any(|unit| matches!(unit, 0 | 10 | 13));
        let names = key.path.split(|&unit| unit == 0x5c).filter(|name| !name.is_empty());
        let path = KeyPath(names.map(tlshive::windows::path::Name::from_units).collect());
        self.path = expressible.then(|| folded(&path));
        match &self.path {
            Some(path) => drop(self.keys.entry(path.clone()).or_default()),
            None => self.left_out += 1,
        }
        Ok(Enter { values: true, subkeys: true })
    }

    fn value(&mut self, value: &ValueView<'_>) -> io::Result<()> {
        let name = tlshive::windows::path::Name::from_units(value.name).folded().units().to_vec();
        match &self.path {
            Some(_) if value.tombstone => {}
            Some(path) if !name.contains(&0) => {
                let data = imported(value.kind.0, value.data);
                self.keys.get_mut(path).unwrap().insert(name, (value.kind.0, data));
            }
            _ => self.left_out += 1,
        }
        Ok(())
    }

    fn damage(&mut self, _: &[u16], _: &Error) -> io::Result<()> {
        self.damaged += 1;
        Ok(())
    }
}

/// The hive's own keys; `None` when it cannot be opened, or has no root.
fn keys_of_hive(path: &Path) -> Option<Collect> {
    let hive = Hive::open(Box::new(LocalFile::open(path).unwrap()), Arc::from("hive"), &Limits::default()).ok()?;
    let Position::Key(root, _) = hive.find(&[]) else { return None };
    let mut collect = Collect::default();
    hive.walk(root, &ROOT.encode_utf16().collect::<Vec<_>>(), &mut collect).unwrap();
    Some(collect)
}

/// The keys that a .reg file opens, below the root of the test.
fn keys_of_reg(bytes: &[u8]) -> Keys {
    let limits = Limits {
        reg_keys: usize::MAX,
        reg_bytes: usize::MAX,
        value_bytes: 16 << 20,
        line_units: 64 << 20,
        ..Limits::default()
    };
    let mut interest = Interest::new();
    interest.everything(&KeyPath::default());
    let file = RegFile::read(&bytes.to_vec(), &Arc::from("export"), &interest, &limits, None);
    assert_eq!(file.stopped(), None);
    let keys = file.kept_below(&KeyPath::default(), false).into_iter();
    keys.filter(|key| !key.deleted)
        .map(|key| {
            let values = key.values.iter().map(|value| {
                let stored = value.value.clone().unwrap();
                (value.name.folded().units().to_vec(), (stored.kind.0, stored.data.clone()))
            });
            (folded(&KeyPath(key.path.to_vec())), values.collect())
        })
        .collect()
}

fn differences(own: &Keys, other: &Keys) -> Vec<String> {
    let show = |path: &Vec<Vec<u16>>| path.iter().map(|n| String::from_utf16_lossy(n)).collect::<Vec<_>>().join("\\");
    let mut out = Vec::new();
    for path in own.keys().chain(other.keys().filter(|path| !own.contains_key(*path))) {
        if own.get(path) != other.get(path) {
            out.push(format!("{}: {:?} / {:?}", show(path), own.get(path), other.get(path)));
        }
    }
    out.truncate(3);
    out
}

/// Exports a hive and compares what its import would give. Tells whether the hive could be read at all.
fn round_trip(path: &Path) -> bool {
    let Some(own) = keys_of_hive(path) else { return false };
    let out = show(&[path.to_str().unwrap(), "--no-logs", "--recursive", "--format", "reg", "--root", ROOT]);
    let status = if own.damaged + own.left_out > 0 { 3 } else { 0 };
    assert_eq!(out.status.code(), Some(status), "{}: {}", path.display(), String::from_utf8_lossy(&out.stderr));
    assert!(out.stdout.starts_with(b"\xff\xfeW\0"));
    let again = keys_of_reg(&out.stdout);
    let differences: Vec<String> =
        differences(&own.keys, &again).iter().map(|d| d.chars().take(300).collect()).collect();
    assert_eq!(differences, [""; 0], "{}", path.display());
    true
}

/// What a `.reg` file is taken for.
fn is_export(bytes: &[u8]) -> bool {
    let file = RegFile::read(&bytes.to_vec(), &Arc::from("shown"), &Interest::new(), &Limits::default(), None);
    file.extent().is_export() == Some(true)
}

/// All of a key with everything below it is an export, and less must not look like one.
#[test]
fn a_part_of_a_key_is_no_export() {
    let schannel = r"HKLM\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL";
    let protocols = format!(r"{schannel}\Protocols");
    let hive = fixture("hosts/compliant/SYSTEM");
    let hive = hive.to_str().unwrap();
    let shown = |file: &str, args: &[&str]| {
        let out = show(&[&[file, "--format", "reg"], args].concat());
        assert_eq!(out.status.code(), Some(0), "{args:?}: {}", String::from_utf8_lossy(&out.stderr));
        out.stdout
    };
    let whole = shown(hive, &[&protocols, "-r"]);
    assert!(is_export(&whole));
    assert!(!is_export(&shown(hive, &[&protocols])), "the keys below are left out");
    assert!(!is_export(&shown(hive, &[r"Select", "Current"])), "the other values are left out");
    assert!(!is_export(&shown(hive, &[schannel, "-r"])), "this machine has no Ciphers, which every Windows has");
    // The same out of a .reg file: an export stays one, and a script does not become one.
    let folder = std::env::temp_dir().join(format!("tlshive-show-extent-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("protocols.reg");
    let path = path.to_str().unwrap();
    std::fs::write(path, &whole).unwrap();
    let key = r"HKLM\SYSTEM\ControlSet001\Control\SecurityProviders\SCHANNEL\Protocols";
    let below = format!(r"{key}\TLS 1.2");
    // Without a key, the parents of the first key are shown as well.
    for (args, export) in [(&["-r"][..], false), (&[key, "-r"], true), (&[&below, "-r"], true), (&[key], false)] {
        assert_eq!(is_export(&shown(path, args)), export, "{args:?}");
    }
    let text = "Windows Registry Editor Version 5.00\n; a fix\n[HKEY_LOCAL_MACHINE\\SYSTEM\\ControlSet001\\Control\\\
                SecurityProviders\\SCHANNEL\\Protocols]\n[HKEY_LOCAL_MACHINE\\SYSTEM\\ControlSet001\\Control\\\
                SecurityProviders\\SCHANNEL\\Protocols\\TLS 1.2]\n";
    std::fs::write(path, text).unwrap();
    for args in [&["-r"][..], &[key, "-r"], &[&below, "-r"], &[key]] {
        assert!(!is_export(&shown(path, args)), "{args:?}");
    }
    assert!(is_export(&shown(path, &[key, "-r", "--reg-is", "export"])));
    std::fs::remove_dir_all(folder).unwrap();
}

fn files(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files(&path, out) } else { out.push(path) }
    }
    out.sort();
}

fn fixture_hives() -> Vec<PathBuf> {
    let mut hives = Vec::new();
    files(&fixture("hosts"), &mut hives);
    hives.retain(|path| path.extension().is_none());
    hives
}

#[test]
fn an_export_of_each_fixture_reads_back_the_same() {
    let hives = fixture_hives();
    let read = hives.iter().filter(|hive| round_trip(hive)).count();
    assert_eq!(read, hives.len());
    assert!(read > 30);
}

#[test]
fn an_export_of_each_real_hive_reads_back_the_same() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus");
    if !corpus.is_dir() {
        eprintln!("skipped: no corpus at {}", corpus.display());
        return;
    }
    let mut all = Vec::new();
    for folder in ["hives", "recovered"] {
        files(&corpus.join(folder), &mut all);
    }
    // Without optimisation the large ones take minutes.
    let small = |path: &PathBuf| !cfg!(debug_assertions) || path.metadata().unwrap().len() < 3 << 20;
    let hive = |path: &PathBuf| std::fs::read(path).unwrap().starts_with(b"regf");
    let hives: Vec<PathBuf> = all.into_iter().filter(|path| small(path) && hive(path)).collect();
    let read = hives.iter().filter(|hive| round_trip(hive)).count();
    eprintln!("{read} of {} hives exported and read back", hives.len());
    assert!(read > 50);
}

#[test]
fn hivexregedit_exports_the_same_values() {
    if Command::new("hivexregedit").arg("--help").output().is_err() {
        eprintln!("skipped: no hivexregedit");
        return;
    }
    let mut compared = 0;
    for hive in fixture_hives() {
        let own = keys_of_hive(&hive).unwrap();
        // It refuses what is damaged, and does not tell links.
        if own.damaged > 0 {
            continue;
        }
        let out =
            Command::new("hivexregedit").args(["--export", "--prefix", ROOT]).arg(&hive).arg("\\").output().unwrap();
        if !out.status.success() {
            eprintln!("{}: {}", hive.display(), String::from_utf8_lossy(&out.stderr));
            continue;
        }
        assert_eq!(differences(&own.keys, &keys_of_reg(&out.stdout)), [""; 0], "{}", hive.display());
        compared += 1;
    }
    eprintln!("{compared} fixtures compared");
    assert!(compared > 20);
}

fn system(host: &str) -> String {
    fixture(&format!("hosts/{host}/SYSTEM")).to_str().unwrap().to_owned()
}

const PROTOCOL: &str = r"HKLM\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols\TLS 1.2\Client";

#[test]
fn text_shows_a_key_with_times_and_places() {
    let out = show(&[&system("compliant"), "Select"]);
    assert_eq!(out.status.code(), Some(0));
    let expected = "\
HKEY_LOCAL_MACHINE\\SYSTEM\\Select
    last written 2024-05-14T08:14:00.0000000Z, at 0x2020
    Current        REG_DWORD  0x20a0  0x00000001 (1)
    Default        REG_DWORD  0x20c0  0x00000001 (1)
    Failed         REG_DWORD  0x20e0  0x00000000 (0)
    LastKnownGood  REG_DWORD  0x2100  0x00000001 (1)
";
    assert_eq!(text(&out.stdout), expected);
    let out = show(&[&system("compliant")]);
    assert!(text(&out.stdout).ends_with("    \\ControlSet001\n    \\Select\n"), "{}", text(&out.stdout));
}

#[test]
fn json_is_one_object_a_key() {
    let out = show(&[&system("compliant"), "select", "CURRENT", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!(json["schema_version"], 1);
    assert_eq!(json["key"], r"HKEY_LOCAL_MACHINE\SYSTEM\Select", "as the hive spells it");
    assert_eq!((&json["offset"], &json["state"]), (&0x2020.into(), &"present".into()));
    let value =
        serde_json::json!([{"name": "Current", "type": "REG_DWORD", "data": 1, "raw": "01000000", "offset": 0x20a0}]);
    assert_eq!(json["values"], value);
    let out = show(&[&system("damaged-sibling"), "--recursive", "--format", "json"]);
    assert_eq!(out.status.code(), Some(3));
    let lines: Vec<serde_json::Value> =
        text(&out.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.iter().filter(|line| line.get("damage").is_some()).count(), 1);
    assert!(lines.iter().any(|line| line["key"].as_str().unwrap().ends_with(r"Protocols\TLS 1.2\Client")));
}

#[test]
fn damage_is_a_comment_in_a_reg_file() {
    let out = show(&[&system("damaged-sibling"), "-r", "--format", "reg"]);
    assert_eq!(out.status.code(), Some(3));
    let units: Vec<u16> = out.stdout.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
    assert!(String::from_utf16(&units).unwrap().contains("\r\n; damaged: HKEY_LOCAL_MACHINE\\SYSTEM\\ControlSet001\\"));
    assert!(text(&out.stderr).contains("expected signature"));
}

#[test]
fn absent_and_unreadable_are_two_statuses() {
    let status = |args: &[&str]| show(args).status.code();
    let healthy = system("compliant");
    assert_eq!(status(&[&healthy, PROTOCOL, "Enabled"]), Some(0));
    assert_eq!(status(&[&healthy, "Nope"]), Some(1));
    assert_eq!(status(&[&healthy, "Select", "Nope"]), Some(1));
    assert_eq!(status(&[&healthy, "Select", "@"]), Some(1));
    assert_eq!(status(&[&healthy, "Select/Current"]), Some(1));
    assert_eq!(status(&[&healthy, r"HKLM\SOFTWARE\Microsoft"]), Some(1));
    assert_eq!(status(&[&system("symlink-loop"), PROTOCOL]), Some(3));
    assert_eq!(status(&["/nonexistent"]), Some(3));
    assert_eq!(status(&[fixture("hosts").to_str().unwrap()]), Some(2));
    assert_eq!(status(&[&healthy, "Select", "Current", "--recursive"]), Some(2));
    assert_eq!(status(&[&healthy, "-o", &healthy, "--force"]), Some(2), "the input is never overwritten");
    assert!(show(&[&healthy, "Select", "Nope"]).stdout.is_empty());
    let other = show(&[fixture("README.md").to_str().unwrap()]);
    assert_eq!(other.status.code(), Some(3));
    assert!(text(&other.stderr).ends_with("nothing to show\n"), "{}", text(&other.stderr));
}

#[test]
fn links_are_followed_above_a_key_and_shown_at_its_end() {
    let link = PROTOCOL.strip_suffix(r"\Protocols\TLS 1.2\Client").unwrap();
    let out = show(&[&system("symlink"), link]);
    assert!(text(&out.stdout).contains("a symbolic link\n    SymbolicLinkValue  REG_LINK"), "{}", text(&out.stdout));
    let out = show(&[&system("symlink"), PROTOCOL, "Enabled"]);
    assert!(text(&out.stderr).contains("note: a symbolic link leads to"));
    assert!(text(&out.stdout).contains("Enabled  REG_DWORD"));
}

#[test]
fn a_reg_file_shows_lines_and_its_own_spelling() {
    let file = fixture("reg/compliant-utf16le.reg");
    let out = show(&[file.to_str().unwrap(), r"hklm\software\microsoft\.netframework\V4.0.30319"]);
    let expected = r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\.NETFramework\v4.0.30319
    at line 15
    SystemDefaultTlsVersions  REG_DWORD  line 16  0x00000001 (1)
    SchUseStrongCrypto        REG_DWORD  line 17  0x00000001 (1)
";
    assert_eq!(text(&out.stdout), expected);
    let two = fixture("reg/two-control-sets.reg");
    let out = show(&[two.to_str().unwrap(), r"HKLM\SYSTEM\CurrentControlSet\Control"]);
    for key in ["ControlSet001", "ControlSet002"] {
        assert!(
            text(&out.stdout).contains(&format!("HKEY_LOCAL_MACHINE\\SYSTEM\\{key}\\Control\n")),
            "{}",
            text(&out.stdout)
        );
    }
    let folder = tempfile::tempdir().unwrap();
    let gone = folder.path().join("gone.reg");
    std::fs::write(&gone, format!("REGEDIT4\n[-{ROOT}\\Gone]\n")).unwrap();
    let out = show(&[gone.to_str().unwrap()]);
    assert!(text(&out.stdout).contains(&format!("{ROOT}\\Gone\n")), "{}", text(&out.stdout));
    assert_eq!(show(&[two.to_str().unwrap(), r"HKLM\SAM"]).status.code(), Some(1));
    assert_eq!(show(&[two.to_str().unwrap(), "SAM"]).status.code(), Some(2));
}

/// An export is read to its end, however much an audit would keep of it: more keys than that, and a value longer than its.
#[test]
fn a_reg_file_is_shown_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.reg");
    let limits = Limits::default();
    let mut lines = format!("REGEDIT4\n[{ROOT}\\Large]\n\"long\"=\"{}\"\n", "x".repeat(limits.value_bytes));
    for n in 0..limits.reg_keys {
        lines += &format!("[{ROOT}\\Large\\{n:08}]\n");
    }
    std::fs::write(&path, lines).unwrap();
    let out = show(&[path.to_str().unwrap(), "--format", "json"]);
    assert_eq!(out.status.code(), Some(0), "{}", text(&out.stderr));
    let last = format!("{:08}\"", limits.reg_keys - 1);
    assert!(text(&out.stdout).lines().last().unwrap().contains(&last));
    assert!(text(&out.stdout).lines().count() > limits.reg_keys);
}

#[test]
fn a_list_out_of_order_and_a_predefined_handle_are_told_of() {
    let key = r"ControlSet001\Control\SecurityProviders\SCHANNEL\Protocols";
    let unsorted = fixture("hosts/lists-unsorted/SYSTEM");
    let shown = show(&[unsorted.to_str().unwrap(), key]);
    assert_eq!(shown.status.code(), Some(3));
    assert!(text(&shown.stderr).contains("order of their names"), "{}", text(&shown.stderr));
    let (client, handle) = (format!(r"{key}\TLS 1.2\Client"), fixture("hosts/predefined-handle/SYSTEM"));
    let shown = show(&[handle.to_str().unwrap(), &client]);
    assert_eq!(shown.status.code(), Some(0));
    assert!(text(&shown.stdout).contains("a predefined handle (0x80000004)"), "{}", text(&shown.stdout));
    let value = show(&[handle.to_str().unwrap(), &client, "Enabled"]);
    assert_eq!((value.status.code(), value.stdout.len()), (Some(3), 0));
    let json = show(&[handle.to_str().unwrap(), &client, "--format", "json"]);
    assert!(text(&json.stdout).contains(r#""state":"handle""#));
}

#[test]
fn a_control_set_of_the_hive_itself_is_reached_by_the_path_from_its_root() {
    let system = fixture("hosts/own-control-set/SYSTEM");
    let system = system.to_str().unwrap();
    let own =
        show(&[system, r"CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols\TLS 1.2\Client", "Enabled"]);
    assert_eq!(own.status.code(), Some(0));
    assert!(text(&own.stdout).contains(r"SYSTEM\CurrentControlSet\Control"), "{}", text(&own.stdout));
    assert!(text(&own.stderr).contains("never reads"), "{}", text(&own.stderr));
    let used = show(&[system, r"HKLM\SYSTEM\CurrentControlSet\Control"]);
    assert!(text(&used.stdout).starts_with(r"HKEY_LOCAL_MACHINE\SYSTEM\ControlSet001\Control"));
    assert!(text(&used.stderr).contains("of its own"), "{}", text(&used.stderr));
    // Where there is none, both are the set in use.
    let compliant = fixture("hosts/compliant/SYSTEM");
    let other = show(&[compliant.to_str().unwrap(), r"CurrentControlSet\Control"]);
    assert!(text(&other.stdout).starts_with(r"HKEY_LOCAL_MACHINE\SYSTEM\ControlSet001\Control"));
    let audit = Command::new(env!("CARGO_BIN_EXE_tlshive")).args(["audit", system]).output().unwrap();
    assert!(text(&audit.stdout).contains("[control-set-unread]"), "{}", text(&audit.stdout));
}

#[test]
fn a_time_that_was_never_noted_is_not_1601() {
    let mut bytes = std::fs::read(fixture("hosts/compliant/SYSTEM")).unwrap();
    bytes[12..20].fill(0);
    let root = 4096 + usize::try_from(u32::from_le_bytes(bytes[36..40].try_into().unwrap())).unwrap() + 4;
    bytes[root + 4..root + 12].fill(0);
    let sum = bytes[..508].as_chunks::<4>().0.iter().fold(0, |sum, word| sum ^ u32::from_le_bytes(*word));
    bytes[508..512].copy_from_slice(&sum.to_le_bytes());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("SYSTEM");
    std::fs::write(&path, bytes).unwrap();
    let path = path.to_str().unwrap();
    assert!(text(&show(&[path]).stdout).contains("last written not known"));
    assert!(text(&show(&[path, "--format", "json"]).stdout).contains(r#""last_write":null"#));
    for (format, want) in [("text", "last written not known"), ("json", r#""last_written": null"#)] {
        let audit = Command::new(env!("CARGO_BIN_EXE_tlshive")).args(["audit", path, "--format", format]).output();
        let out = text(&audit.unwrap().stdout);
        assert!(out.contains(want) && !out.contains("1601"), "{out}");
    }
}
