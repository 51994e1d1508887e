//! Inputs in object stores, against a store of S3's kind in this process: what is asked for, and what comes of answers that are
//! late, cut, or of another version. `tests/peers/stores.sh` does the same against others' stores.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a panic is how a test fails")]
#![cfg(all(unix, feature = "remote"))]

#[allow(dead_code, reason = "each test program uses a part of it")]
mod common;

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::Value as Json;

use common::{Run, finish, program, root, run};

/// How a store fails.
#[derive(Clone, Copy, PartialEq)]
enum Fails {
    Never,
    /// Two of three answers are 503.
    Busy,
    /// Every second body is cut in the middle.
    Cut,
    /// It gives everything, whatever range is asked for.
    NoRange,
    /// Objects change after the first request.
    Changes,
    /// It does not know who asks.
    Denies,
}

/// Objects, and what was asked for: a line for each request.
struct Store {
    objects: BTreeMap<String, Vec<u8>>,
    fails: Fails,
    asked: Mutex<Vec<String>>,
}

impl Store {
    fn start(objects: &[(&str, &str)], fails: Fails) -> (Arc<Self>, u16) {
        let read = |(key, file): &(&str, &str)| {
            ((*key).to_owned(), fs::read(root().join("fixtures").join(file)).unwrap_or_default())
        };
        Self::with(objects.iter().map(read).collect(), fails)
    }

    fn with(objects: BTreeMap<String, Vec<u8>>, fails: Fails) -> (Arc<Self>, u16) {
        let store = Arc::new(Self { objects, fails, asked: Mutex::default() });
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::clone(&store);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let store = Arc::clone(&shared);
                thread::spawn(move || store.serve(stream));
            }
        });
        (store, port)
    }

    fn serve(&self, stream: TcpStream) -> Option<()> {
        let mut from = BufReader::new(stream.try_clone().ok()?);
        let mut to = stream;
        loop {
            let (mut first, mut range, mut if_match) = (String::new(), None, None);
            from.read_line(&mut first).ok().filter(|n| *n > 0)?;
            loop {
                let mut line = String::new();
                from.read_line(&mut line).ok()?;
                let Some((name, value)) = line.trim().split_once(": ") else { break };
                match name.to_ascii_lowercase().as_str() {
                    "range" => range = value.strip_prefix("bytes=").map(str::to_owned),
                    "if-match" => if_match = Some(value.to_owned()),
                    _ => {}
                }
            }
            let target = first.split(' ').nth(1)?.to_owned();
            let number = {
                let mut asked = self.asked.lock().unwrap();
                asked.push(format!(
                    "{} {}",
                    first.trim().trim_end_matches(" HTTP/1.1"),
                    range.as_deref().unwrap_or("-")
                ));
                asked.len()
            };
            match self.fails {
                Fails::Busy if number % 3 != 0 => {
                    to.write_all(b"HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\n\r\n").ok()?;
                    continue;
                }
                Fails::Denies => {
                    to.write_all(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 12\r\n\r\n<a>\nno\n</a>\n").ok()?;
                    continue;
                }
                _ => {}
            }
            if let Some((_, query)) = target.split_once('?').filter(|(_, query)| query.contains("list-type=2")) {
                let body = self.listed(query);
                write!(to, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()).ok()?;
                continue;
            }
            let key = target.trim_start_matches("/bucket/").trim_start_matches('/').replace("%20", " ");
            let Some(all) = self.objects.get(&key) else {
                to.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n").ok()?;
                continue;
            };
            let mark = if self.fails == Fails::Changes { format!("\"v{number}\"") } else { "\"v\"".to_owned() };
            if if_match.is_some_and(|wanted| wanted != mark) {
                to.write_all(b"HTTP/1.1 412 Precondition Failed\r\nContent-Length: 0\r\n\r\n").ok()?;
                continue;
            }
            let wanted = range.filter(|_| self.fails != Fails::NoRange);
            let (start, end) = match wanted.as_deref().and_then(|range| range.split_once('-')) {
                Some((start, end)) => (start.parse().ok()?, all.len().min(end.parse::<usize>().ok()? + 1)),
                None => (0, all.len()),
            };
            if wanted.is_some() && start >= all.len() {
                to.write_all(b"HTTP/1.1 416 Range Not Satisfiable\r\nContent-Length: 0\r\n\r\n").ok()?;
                continue;
            }
            let status = if wanted.is_some() { "206 Partial Content" } else { "200 OK" };
            let body = &all[start..end];
            write!(
                to,
                "HTTP/1.1 {status}\r\nContent-Length: {}\r\nETag: {mark}\r\nLast-Modified: Sat, 28 Nov 2026 00:07:51 GMT\r\n",
                body.len()
            )
            .ok()?;
            if wanted.is_some() {
                write!(to, "Content-Range: bytes {start}-{}/{}\r\n", end - 1, all.len()).ok()?;
            }
            to.write_all(b"\r\n").ok()?;
            if self.fails == Fails::Cut && number % 2 == 1 {
                to.write_all(&body[..body.len() / 2]).ok()?;
                return None;
            }
            to.write_all(body).ok()?;
        }
    }

    /// A page of a list: two objects, and where the next begins.
    fn listed(&self, query: &str) -> String {
        let of = |name: &str| {
            let value = query.split('&').find_map(|pair| pair.strip_prefix(&format!("{name}=")));
            value.unwrap_or_default().replace("%2F", "/").replace("%20", " ").replace('+', " ")
        };
        let (prefix, after) = (of("prefix"), of("continuation-token"));
        let mut there = self.objects.iter().filter(|(key, _)| key.starts_with(&prefix) && **key > after);
        let page: Vec<_> = there.by_ref().take(2).collect();
        let mut body = "<ListBucketResult>".to_owned();
        for (key, bytes) in &page {
            body.push_str(&format!(
                "<Contents><Key>{key}</Key><Size>{}</Size><LastModified>2026-11-28T00:07:51.000Z</LastModified><ETag>\"v\"</ETag></Contents>",
                bytes.len()
            ));
        }
        let last = page.last().map(|(key, _)| key.as_str()).unwrap_or_default();
        if there.next().is_some() {
            body.push_str(&format!(
                "<IsTruncated>true</IsTruncated><NextContinuationToken>{last}</NextContinuationToken>"
            ));
        } else {
            body.push_str("<IsTruncated>false</IsTruncated>");
        }
        body + "</ListBucketResult>"
    }

    fn count(&self, what: &str) -> usize {
        self.asked.lock().unwrap().iter().filter(|line| line.contains(what)).count()
    }
}

fn audit(port: u16, args: &[&str]) -> Run {
    let mut command = program(&[&["audit", "--format", "jsonl"], args].concat());
    command.env("AWS_ENDPOINT", format!("http://127.0.0.1:{port}")).env("AWS_ALLOW_HTTP", "true");
    command.env("AWS_ACCESS_KEY_ID", "known").env("AWS_SECRET_ACCESS_KEY", "s3cret").env("AWS_REGION", "us-east-1");
    finish(command)
}

fn records(run: &Run) -> Vec<Json> {
    run.out().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Verdicts by units, sorted.
fn verdicts(run: &Run) -> Vec<(String, String)> {
    let text = |value: &Json| value.as_str().unwrap().to_owned();
    let hosts = records(run).into_iter().filter(|record| record["record"] == "host");
    let mut verdicts: Vec<(String, String)> = hosts.map(|host| (text(&host["unit"]), text(&host["verdict"]))).collect();
    verdicts.sort();
    verdicts
}

const HOSTS: &[(&str, &str)] = &[
    ("b/h1/SOFTWARE", "hosts/compliant/SOFTWARE"),
    ("b/h1/STUFF/notes.txt", "README.md"),
    ("b/h1/SYSTEM", "hosts/compliant/SYSTEM"),
    ("b/h1/SYSTEM.LOG1", "none"),
    ("b/h 2/SOFTWARE", "hosts/dirty-with-logs/SOFTWARE"),
    ("b/h 2/SOFTWARE.LOG1", "hosts/dirty-with-logs/SOFTWARE.LOG1"),
    ("b/h 2/SYSTEM", "hosts/dirty-with-logs/SYSTEM"),
    ("b/h 2/SYSTEM.LOG1", "hosts/dirty-with-logs/SYSTEM.LOG1"),
    ("b/h 2/RegBack/SYSTEM", "hosts/disabled/SYSTEM"),
    ("b/h 2/RegBack/SOFTWARE", "hosts/disabled/SOFTWARE"),
    ("b/tls.reg", "reg/disabled.reg"),
    ("b/vm/backing-base.qcow2", "images/backing-base.qcow2"),
    ("b/vm/backing-over.qcow2", "images/backing-over.qcow2"),
    ("b/vm/luks.qcow2", "images/luks.qcow2"),
    ("b/triage.tar.gz", "images/triage.tar.gz"),
    ("other/SYSTEM", "hosts/disabled/SYSTEM"),
];

#[test]
fn a_prefix_gives_what_the_same_folder_gives() {
    let (store, port) = Store::start(HOSTS, Fails::Never);
    let (_keep, folder) = common::scratch();
    for (key, bytes) in store.objects.iter().filter(|(key, _)| key.starts_with("b/")) {
        let path = folder.join(key);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    let local = run(&["audit", "--format", "jsonl", folder.join("b").to_str().unwrap()]);
    let remote = audit(port, &["s3://bucket/b/"]);
    let moved = |all: Vec<(String, String)>, from: &str| -> Vec<(String, String)> {
        all.into_iter().map(|(unit, verdict)| (unit.replace(from, ""), verdict)).collect()
    };
    let local_verdicts = moved(verdicts(&local), folder.to_str().unwrap());
    assert_eq!(moved(verdicts(&remote), "s3://bucket"), local_verdicts, "{}", remote.err());
    assert_eq!((remote.status, local_verdicts.len() >= 5), (local.status, true));
    let end = |run: &Run| records(run).last().unwrap()["summary"].clone();
    for count in ["hosts", "compliant", "not_compliant", "unknown", "unreadable", "left_out"] {
        assert_eq!(end(&remote)[count], end(&local)[count], "{count}");
    }
    // What is not looked into by its name is counted, and costs no request.
    assert!(remote.out().contains("1 objects below it are not looked into"), "{}", remote.out());
    assert_eq!((store.count("notes.txt "), store.count("RegBack/SYSTEM "), store.count("HEAD")), (0, 0, 0));
    // A small object is one request, however often it is opened; and the list is gone through once.
    for object in ["h1/SYSTEM ", "h1/SOFTWARE ", "h%202/SYSTEM.LOG1 ", "backing-over.qcow2 "] {
        assert_eq!(store.count(object), 1, "{object}: {:#?}", store.asked.lock().unwrap());
    }
    assert_eq!(store.count("list-type"), 8, "{:#?}", store.asked.lock().unwrap());
    // For any number of threads, and in shards.
    assert!(audit(port, &["-j", "1", "s3://bucket/b/"]).out() == remote.out());
    let parts = ["0/2", "1/2"].map(|shard| verdicts(&audit(port, &["--shard", shard, "s3://bucket/b/"])));
    let mut parts = parts.concat();
    parts.sort();
    assert_eq!(parts, verdicts(&remote));
}

#[test]
fn objects_that_are_named_are_looked_into_and_find_what_lies_beside() {
    let (store, port) = Store::start(HOSTS, Fails::Never);
    let pair = audit(port, &["s3://bucket/b/h 2/SYSTEM", "s3://bucket/b/h 2/SOFTWARE"]);
    assert_eq!(verdicts(&pair).len(), 1, "{}", pair.out());
    assert!(pair.out().contains("\"state\":\"replayed\""), "{}", pair.out());
    let image = audit(port, &["s3://bucket/b/vm/backing-over.qcow2"]);
    assert_eq!((image.status, verdicts(&image).len()), (0, 1), "{}", image.err());
    let notes = audit(port, &["s3://bucket/b/h1/STUFF/notes.txt"]);
    assert_eq!((notes.status, store.count("notes.txt ")), (4, 1), "{}", notes.err());
    let gone = audit(port, &["s3://bucket/b/h1"]);
    assert!(gone.status == 2 && gone.err().contains("a prefix ends in a slash"), "{}", gone.err());
    // What is named twice is looked at once, as a folder's files are; what was copied aside is looked at where it is named.
    let twice = ["s3://bucket/b/", "s3://bucket/b/h1/", "s3://bucket/b/h1/SYSTEM", "s3://bucket/b/h1/STUFF/notes.txt"];
    let (both, alone) = (audit(port, &twice), audit(port, &twice[..1]));
    assert_eq!(verdicts(&both), verdicts(&alone), "{}", both.err());
    assert!(both.out().contains("\"path\":\"s3://bucket/b/h1/STUFF/notes.txt\""), "{}", both.out());
    let past = audit(port, &["s3://bucket/b/", "s3://bucket/b/h 2/RegBack/"]);
    assert_eq!(verdicts(&past).len(), verdicts(&alone).len() + 1, "{}", past.out());
    let empty = audit(port, &["s3://bucket/b/h1/SYSTEM.LOG1"]);
    assert!(empty.out().contains("\"files\":1"), "{}", empty.out());
    let web = format!("http://127.0.0.1:{port}/b/tls.reg");
    assert_eq!(verdicts(&audit(port, &[&web])).len(), 1);
}

#[test]
fn large_objects_are_read_by_blocks_and_never_as_a_mix_of_two_versions() {
    let mut system = fs::read(root().join("fixtures/hosts/compliant/SYSTEM")).unwrap();
    // Behind the hive's bins: the file is larger, and says the same.
    system.resize(5 << 20, 0);
    let software = fs::read(root().join("fixtures/hosts/compliant/SOFTWARE")).unwrap();
    let objects =
        || BTreeMap::from([("h/SYSTEM".to_owned(), system.clone()), ("h/SOFTWARE".to_owned(), software.clone())]);
    let (store, port) = Store::with(objects(), Fails::Never);
    let large = audit(port, &["s3://bucket/h/"]);
    assert_eq!(verdicts(&large), [("s3://bucket/h".to_owned(), "compliant".to_owned())], "{}", large.err());
    assert!(
        store.count("h/SYSTEM 0-262143") == 1 && store.count("h/SYSTEM") <= 4,
        "{:#?}",
        store.asked.lock().unwrap()
    );
    let small = audit(port, &["--block-size", "16K", "s3://bucket/h/"]);
    assert_eq!(verdicts(&small), verdicts(&large));
    assert!(store.count("h/SYSTEM 0-16383") == 1);
    let (_, port) = Store::with(objects(), Fails::Changes);
    let changed = audit(port, &["--block-size", "4K", "s3://bucket/h/"]);
    assert!(verdicts(&changed).iter().all(|(_, verdict)| verdict == "unknown"), "{}", changed.out());
    assert!(changed.status == 3 && changed.out().contains("changed while it was read"), "{}", changed.out());
}

#[test]
fn a_store_that_fails_gives_the_right_verdict_or_none() {
    let right = vec![("s3://bucket/b/h1".to_owned(), "compliant".to_owned())];
    for fails in [Fails::Busy, Fails::Cut] {
        let (_, port) = Store::start(HOSTS, fails);
        let run = audit(port, &["s3://bucket/b/h1/"]);
        assert_eq!((run.status, verdicts(&run)), (0, right.clone()), "{}", run.err());
    }
    for (fails, says) in [(Fails::NoRange, "range requested"), (Fails::Denies, "403")] {
        let (_, port) = Store::start(HOSTS, fails);
        let run = audit(port, &["s3://bucket/b/h1/SYSTEM", "s3://bucket/b/h1/SOFTWARE"]);
        assert!(verdicts(&run).iter().all(|(_, verdict)| verdict == "unknown"), "{}", run.out());
        assert!(run.status == 3 && run.out().contains(says), "{}", run.out());
        assert!(!run.out().contains("s3cret") && !run.err().contains("s3cret"));
        assert!(run.err().lines().count() <= 4, "{}", run.err());
    }
    let (_, port) = Store::start(HOSTS, Fails::Denies);
    let prefix = audit(port, &["s3://bucket/b/"]);
    assert!(prefix.status == 3 && prefix.out().contains("403"), "{}", prefix.out());
}

#[test]
fn names_with_secrets_are_refused_and_not_written_down() {
    for name in [
        "https://host/SYSTEM?X-Amz-Signature=s3cret",
        "https://u:s3cret@host/SYSTEM",
        "s3://u:s3cret@bucket/",
        "https://host/",
    ] {
        let named = run(&["audit", "--format", "jsonl", name]);
        assert_eq!((named.status, named.out()), (2, String::new()), "{name}");
        assert!(!named.err().contains("s3cret"), "{}", named.err());
        let (_keep, folder) = common::scratch();
        let list = folder.join("list");
        fs::write(&list, name).unwrap();
        let listed = run(&["audit", "--format", "jsonl", "--files-from", list.to_str().unwrap()]);
        assert!(listed.status == 3 && !listed.out().contains("s3cret") && listed.out().contains("\"incomplete\":true"));
    }
}
