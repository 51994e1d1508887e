//! Hives whose headers are not as Windows writes them, and what is recovered of what was deleted.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a panic is how a test fails"
)]

#[allow(dead_code, reason = "each test program uses a part of it")]
mod common;

use std::fs;

use common::{Run, root, run, scratch};
use serde_json::Value as Json;

/// Puts a checksum that holds in the base block: XOR of the words before it.
fn seal(hive: &mut [u8]) {
    let words = hive[..508].chunks_exact(4).map(|word| u32::from_le_bytes(word.try_into().unwrap()));
    let sum = words.fold(0, |sum, word| sum ^ word);
    hive[508..512].copy_from_slice(&sum.to_le_bytes());
}

/// An audit of a host whose SYSTEM is another: the exit status, and the report.
fn audited(host: &str, edit: impl FnOnce(&mut Vec<u8>)) -> (i32, Json) {
    let (_keep, folder) = scratch();
    for entry in fs::read_dir(root().join("fixtures/hosts").join(host)).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), folder.join(entry.file_name())).unwrap();
    }
    let mut system = fs::read(folder.join("SYSTEM")).unwrap();
    edit(&mut system);
    seal(&mut system);
    fs::write(folder.join("SYSTEM"), system).unwrap();
    let run = run(&["audit", "--format", "json", folder.to_str().unwrap()]);
    (run.status, run.json())
}

fn notes(report: &Json) -> Vec<&str> {
    report["hosts"][0]["notes"].as_array().unwrap().iter().map(|note| note.as_str().unwrap()).collect()
}

/// What an audit of a fixture finds for a rule, in hex; none where it finds no value.
fn found(report: &Json, rule: &str) -> Option<String> {
    let mut findings = report["hosts"][0]["findings"].as_array().unwrap().iter();
    let finding = findings.find(|finding| finding["rule"] == rule).unwrap();
    finding["found"]["raw"].as_str().map(str::to_owned)
}

#[test]
fn values_that_other_readers_misread_are_what_windows_reads() {
    let audit = |host: &str| run(&["audit", "--format", "json", &format!("fixtures/hosts/{host}")]).json();
    let report = audit("data-cells");
    for (name, raw) in [("enabled", "00000000"), ("disabled-by-default", "01000000")] {
        for side in ["client", "server"] {
            assert_eq!(found(&report, &format!("tls12-{side}-{name}")).unwrap(), raw, "{side} {name}");
        }
    }
    let report = audit("type-above-16-bits");
    assert_eq!(found(&report, "tls12-client-enabled").unwrap(), "01000000");
    assert!(report.to_string().contains("its type is 0x20004, not REG_DWORD"));
    let report = audit("utf-16-flag");
    assert_eq!(found(&report, "tls12-client-enabled"), None);
    assert_eq!(found(&report, "tls12-server-enabled"), None);
    assert_eq!(found(&report, "tls12-server-disabled-by-default").unwrap(), "00000000");
}

#[test]
fn a_log_makes_the_hive_grow_and_ends_where_its_numbers_do() {
    for (host, entries) in [("dirty-growing", 1), ("dirty-left-over-entries", 2)] {
        let host = format!("fixtures/hosts/{host}");
        let report = run(&["audit", "--format", "json", &host]).json();
        assert_eq!(
            report["hosts"][0]["inputs"][0]["recovery"]["entries"], entries,
            "{host}: {}",
            report["hosts"][0]["inputs"]
        );
        assert_eq!(found(&report, "tls12-server-enabled").unwrap(), "01000000", "{host}");
        assert_eq!(run(&["audit", "-q", "--no-logs", &host]).status, 1, "{host}");
    }
}

#[test]
fn a_file_format_that_windows_does_not_load_leaves_the_rules_open() {
    for host in ["compliant", "dirty-with-logs"] {
        let (status, report) = audited(host, |system| system[32] = 2);
        assert_eq!(status, 3, "{host}");
        let findings = report["hosts"][0]["findings"].as_array().unwrap();
        let open: Vec<&Json> = findings.iter().filter(|finding| finding["outcome"] == "unknown").collect();
        // With the service key, what the machine is cannot be told either.
        assert_eq!(open.len(), 5, "{host}");
        let why = open[0]["why"].as_str().unwrap();
        assert!(why.contains("file format at 0x20: expected 1 (direct memory load), found 2"), "{host}: {why}");
    }
}

#[test]
fn another_clustering_factor_is_said_and_changes_nothing() {
    let (status, report) = audited("compliant", |system| system[44] = 8);
    assert_eq!(status, 0);
    let [note] = notes(&report)[..] else { panic!("{report}") };
    assert!(note.contains("clustering factor at 0x2c: expected 1, found 8"), "{note}");
}

#[test]
fn a_bin_without_its_header_is_said_where_it_is_on_the_way_to_a_value() {
    for at in [0x1000, 0x2000] {
        let (status, report) = audited("compliant", |system| system[at..at + 4].fill(0));
        let said = format!("hive bin at {at:#x}: expected \"hbin\"");
        assert_eq!(status, 0);
        assert!(notes(&report).iter().any(|note| note.contains(&said)), "{at:#x}: {:?}", notes(&report));
    }
    assert!(notes(&audited("compliant", |_| ()).1).is_empty());
}

/// The SYSTEM of a fixture, in which things are deleted as Windows deletes them.
struct Deleting {
    bytes: Vec<u8>,
}

impl Deleting {
    fn of(host: &str) -> Self {
        Self { bytes: fs::read(root().join(format!("fixtures/hosts/{host}/SYSTEM"))).unwrap() }
    }

    fn word(&self, at: usize) -> usize {
        u32::from_le_bytes(self.bytes[at..at + 4].try_into().unwrap()) as usize
    }

    fn put(&mut self, at: usize, word: usize) {
        self.bytes[at..at + 4].copy_from_slice(&u32::try_from(word).unwrap().to_le_bytes());
    }

    /// Where what an offset in the hive leads to starts behind the size field.
    fn at(&self, field: usize) -> usize {
        self.word(field) + 4096 + 4
    }

    /// Frees the cell whose data starts there.
    fn free(&mut self, at: usize) {
        let size = i32::from_le_bytes(self.bytes[at - 4..at].try_into().unwrap());
        assert!(size < 0);
        self.put(at - 4, usize::try_from(-size).unwrap());
    }

    /// Where the data of a key's node starts: by the list of its parent.
    fn key(&self, path: &str) -> usize {
        path.split('\\').fold(self.at(36), |above, name| {
            let list = self.at(above + 28);
            let mut entries = (0..self.word(list) >> 16).map(|n| self.at(list + 4 + n * 8));
            entries.find(|&at| self.bytes[at + 76..].starts_with(name.as_bytes())).unwrap()
        })
    }

    /// Where the records of its values start.
    fn values(&self, key: usize) -> Vec<usize> {
        let list = self.at(key + 40);
        (0..self.word(key + 36)).map(|n| self.at(list + n * 4)).collect()
    }

    /// Takes the last value out of the list.
    fn last_value(&mut self, key: usize) {
        let last = *self.values(key).last().unwrap();
        self.free(last);
        self.put(key + 36, self.word(key + 36) - 1);
    }

    /// Takes all values, and the list.
    fn all_values(&mut self, key: usize) {
        self.values(key).into_iter().for_each(|value| self.free(value));
        self.free(self.at(key + 40));
        self.put(key + 36, 0);
        self.put(key + 40, 0xffff_ffff);
    }

    /// Takes the key out of its parent's list, frees it with its values, and leaves its own fields as they are.
    fn delete(&mut self, key: usize) {
        let parent = self.at(key + 16);
        let list = self.at(parent + 28);
        let count = self.word(list) >> 16;
        let entry = (0..count).map(|n| list + 4 + n * 8).find(|&entry| self.at(entry) == key).unwrap();
        self.bytes.copy_within(entry + 8..list + 4 + count * 8, entry);
        self.put(list, self.word(list) - (1 << 16));
        self.put(parent + 20, count - 1);
        if count == 1 {
            self.free(list);
            self.put(parent + 28, 0xffff_ffff);
        }
        if self.word(key + 36) > 0 {
            self.values(key).into_iter().for_each(|value| self.free(value));
            self.free(self.at(key + 40));
        }
        self.free(key);
    }

    /// What `show` prints of it.
    fn show(&self, args: &[&str]) -> Run {
        let (_keep, folder) = scratch();
        let path = folder.join("SYSTEM");
        fs::write(&path, &self.bytes).unwrap();
        run(&[&["show", path.to_str().unwrap()], args].concat())
    }

    /// The objects of `show --deleted`, each as what it is, its key, and its values with their data or why that is gone.
    fn recovered(&self, key: &[&str]) -> Vec<(String, String, Vec<String>)> {
        let run = self.show(&[&["--deleted", "--format", "json"], key].concat());
        let lines = run.out();
        let objects = lines.lines().map(|line| serde_json::from_str::<Json>(line).unwrap());
        let text = |json: &Json| json.as_str().unwrap_or_default().to_owned();
        let value = |value: &Json| format!("{} {}{}", text(&value["name"]), text(&value["raw"]), text(&value["lost"]));
        let found: Vec<_> = objects
            .map(|o| {
                let values = o["values"].as_array().unwrap().iter().map(value).collect();
                (text(&o["recovered"]), text(&o["key"]), values)
            })
            .collect();
        assert_eq!(run.status, i32::from(found.is_empty()), "{}", run.err());
        found
    }
}

const CLIENT: &str = r"ControlSet001\Control\SecurityProviders\SCHANNEL\Protocols\TLS 1.2\Client";

fn owned(what: &str, key: &str, values: &[&str]) -> (String, String, Vec<String>) {
    let key = if key.is_empty() { String::new() } else { format!(r"HKEY_LOCAL_MACHINE\SYSTEM\{key}") };
    (what.to_owned(), key, values.iter().map(|&value| value.to_owned()).collect())
}

#[test]
fn a_value_that_its_list_still_names_is_recovered_with_its_key() {
    let mut hive = Deleting::of("compliant");
    assert!(hive.recovered(&[]).is_empty());
    hive.last_value(hive.key(CLIENT));
    let want = [owned("values", CLIENT, &["DisabledByDefault 00000000"])];
    assert_eq!(hive.recovered(&[]), want);
    assert_eq!(hive.recovered(&[r"HKLM\System\CurrentControlSet\Control\SecurityProviders\schannel"]), want);
    assert_eq!(hive.recovered(&[r"ControlSet001\Control\SecurityProviders\SCHANNEL\Protocols\TLS 1.2\Clie"]), []);
    let there = hive.show(&["--recursive"]).out();
    assert!(!there.contains("deleted"), "{there}");
    let said = hive.show(&["--deleted"]).out();
    assert!(said.starts_with("Deleted, and no part of the registry") && !said.contains("Enabled"), "{said}");
}

#[test]
fn a_deleted_key_is_recovered_below_a_key_that_is_there() {
    let mut hive = Deleting::of("compliant");
    let above = CLIENT.trim_end_matches(r"\Client");
    let key = hive.key(CLIENT);
    hive.delete(key);
    let client = owned("key", CLIENT, &["Enabled 01000000", "DisabledByDefault 00000000"]);
    for key in [&[][..], &[CLIENT]] {
        assert_eq!(hive.recovered(key), std::slice::from_ref(&client));
    }
    hive.delete(hive.key(&format!(r"{above}\Server")));
    let server = owned("key", &format!(r"{above}\Server"), &["Enabled 01000000", "DisabledByDefault 00000000"]);
    hive.delete(hive.key(above));
    assert_eq!(hive.recovered(&[]), [owned("key", above, &[]), client.clone(), server]);
    // Where nothing above them is known, its path is not either.
    hive.put(key + 16, 0x20 + 8);
    assert!(hive.recovered(&[]).contains(&("unplaced_key".into(), "Client".into(), client.2)));
    assert_eq!(hive.recovered(&[CLIENT]), []);
}

#[test]
fn values_that_nothing_lists_have_no_key() {
    let mut hive = Deleting::of("compliant");
    hive.all_values(hive.key(CLIENT));
    let want = owned("unlisted_values", "", &["Enabled 01000000", "DisabledByDefault 00000000"]);
    assert_eq!(hive.recovered(&[]), [want]);
    assert_eq!(hive.recovered(&[CLIENT]), []);
}

#[test]
fn data_in_a_cell_that_is_in_use_again_is_not_given() {
    let path = r"ControlSet001\Control\ProductOptions";
    let mut hive = Deleting::of("compliant");
    let key = hive.key(path);
    let data = hive.at(hive.values(key)[0] + 8);
    hive.delete(key);
    assert_eq!(hive.recovered(&[path]), [owned("key", path, &["ProductType its data cell is in use again"])]);
    hive.free(data);
    let raw = "530065007200760065007200\
               4e0054000000";
    assert_eq!(hive.recovered(&[path]), [owned("key", path, &[&format!("ProductType {raw}")])]);
}

#[test]
fn what_was_deleted_is_no_part_of_a_verdict() {
    let delete = |system: &mut Vec<u8>| {
        let mut hive = Deleting { bytes: std::mem::take(system) };
        hive.delete(hive.key(CLIENT));
        *system = hive.bytes;
    };
    let (status, report) = audited("compliant", delete);
    assert_eq!(status, 1);
    assert_eq!(found(&report, "tls12-client-enabled"), None);
}

#[test]
fn a_history_tells_what_was_deleted_of_the_policy_apart_from_its_moments() {
    let recovered = |hive: &Deleting| -> (i32, Vec<(String, String, String, Json)>) {
        let (_keep, folder) = scratch();
        let path = folder.join("SYSTEM");
        fs::write(&path, &hive.bytes).unwrap();
        let run = run(&["history", "--deleted", "--format", "json", path.to_str().unwrap()]);
        let document: Json = serde_json::from_slice(&run.stdout).unwrap();
        let machine = &document["machines"][0];
        assert_eq!(machine["lines"].as_array().unwrap().len(), 1, "what was deleted is no moment");
        let text = |json: &Json| json.as_str().unwrap_or_default().to_owned();
        let all = machine["recovered"].as_array().unwrap().iter();
        let of = |r: &Json| (text(&r["of"]), text(&r["key"]), text(&r["value"]), r["data"]["dword"].clone());
        (run.status, all.map(of).collect())
    };
    let full = format!(r"HKEY_LOCAL_MACHINE\SYSTEM\{CLIENT}");
    let of = |what: &str, key: &str, value: &str, data: Json| (what.to_owned(), key.to_owned(), value.to_owned(), data);
    let mut hive = Deleting::of("compliant");
    assert_eq!(recovered(&hive).1, []);
    hive.last_value(hive.key(CLIENT));
    assert_eq!(recovered(&hive).1, [of("key", &full, "DisabledByDefault", 0.into())]);
    hive.delete(hive.key(CLIENT));
    let client = [of("deleted_key", &full, "", Json::Null), of("deleted_key", &full, "Enabled", 1.into())];
    let (status, found) = recovered(&hive);
    assert_eq!(found, [&client[..], &[of("nobody", "", "DisabledByDefault", 0.into())]].concat());
    // It is judged by what is there: the client side is not set.
    assert_eq!(status, 1);
    // A value called Enabled is nothing without its key.
    let mut hive = Deleting::of("compliant");
    hive.all_values(hive.key(CLIENT));
    assert_eq!(recovered(&hive).1, [of("nobody", "", "DisabledByDefault", 0.into())]);
    // The end of a path is enough, if it is more than one name.
    let mut hive = Deleting::of("compliant");
    let above = hive.key(CLIENT.trim_end_matches(r"\Client"));
    hive.delete(hive.key(CLIENT));
    hive.delete(hive.key(&CLIENT.replace("Client", "Server")));
    hive.delete(above);
    hive.put(above + 16, 0x20 + 8);
    let found = recovered(&hive).1;
    assert!(found.contains(&of("unplaced_key", r"TLS 1.2\Client", "Enabled", 1.into())), "{found:?}");
}

#[test]
fn what_was_deleted_is_not_for_import() {
    let hive = Deleting::of("compliant");
    for args in [&["--deleted", "--format", "reg"][..], &["--deleted", "--format", "raw"], &["--deleted", "-r"]] {
        assert_eq!(hive.show(args).status, 2, "{args:?}");
    }
    assert_eq!(run(&["show", "--deleted", "fixtures/reg/disabled.reg"]).status, 2);
}

/// Deletions on the bytes of fixtures, and what other readers recover. Runs where they lie beside the checkout, and says so
/// where they do not.
#[test]
fn what_other_readers_recover_is_recovered() {
    let Ok(cases) = fs::read(root().join("../shared/cases/deleted/cases.json")) else {
        eprintln!("skipped: no cases of deletions");
        return;
    };
    let cases: Json = serde_json::from_slice(&cases).unwrap();
    for case in cases["cases"].as_array().unwrap() {
        let mut hive = Deleting { bytes: fs::read(root().join(case["base"].as_str().unwrap())).unwrap() };
        for edit in case["edits"].as_array().unwrap() {
            let digits: Vec<u8> =
                edit[1].as_str().unwrap().chars().map(|c| u8::try_from(c.to_digit(16).unwrap()).unwrap()).collect();
            for (pair, at) in digits.chunks_exact(2).zip(usize::try_from(edit[0].as_u64().unwrap()).unwrap()..) {
                hive.bytes[at] = pair[0] << 4 | pair[1];
            }
        }
        let found = hive.recovered(&[]);
        let mut wanted = 0;
        for item in case["ez"].as_array().unwrap().iter().chain(case["yarp"].as_array().unwrap()) {
            let Some(key) = item["key"].as_str() else { continue };
            let key = format!(r"HKEY_LOCAL_MACHINE\SYSTEM\{}", key.trim_start_matches(r"ROOT\"));
            let (_, _, values) = found.iter().find(|(_, own, _)| *own == key).unwrap();
            if let Some(name) = item["name"].as_str() {
                let value = format!("{name} {}", item["data"].as_str().unwrap());
                assert!(values.contains(&value), "{}: {value}: {values:?}", case["case"]);
            }
            wanted += 1;
        }
        assert!(wanted > 0 && found.len() == 1, "{}: {found:?}", case["case"]);
    }
}

/// Value records side by side, each with a name that reaches over all that follow.
#[test]
fn names_in_one_another_cost_no_more_than_the_hive() {
    let mut hive = Deleting::of("compliant");
    let (start, size) = (hive.bytes.len(), 4 << 20);
    hive.bytes.extend(b"hbin");
    hive.bytes.extend([start - 4096, size].map(|word| u32::try_from(word).unwrap().to_le_bytes()).concat());
    hive.bytes.resize(start + 32, 0);
    let mut record = [b'A'; 32];
    record[..8].copy_from_slice(&[32, 0, 0, 0, b'v', b'k', 0xfe, 0x7f]);
    record[8..24].copy_from_slice(&[4, 0, 0, 0x80, 1, 0, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0]);
    hive.bytes.extend(record.repeat(size / 32 - 1));
    hive.put(start + 32, size - 32);
    hive.put(40, start - 4096 + size);
    seal(&mut hive.bytes);
    let run = hive.show(&["--deleted"]);
    assert!(run.status == 3 && run.err().contains("walked no further"), "{}", run.err());
}
