//! The directions between modules that `src/lib.rs` draws, held: every path that crosses from one top-level module to
//! another must be on the list here, and a crate that parses a format may be named in its own modules alone.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a panic is how a test fails")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// What each module may name. Nothing may name `cli`.
const ALLOWED: &[(&str, &[&str])] = &[
    // What everybody stands on. Among themselves they lean on `error` and `place` alone.
    ("error", &[]),
    ("limits", &[]),
    ("number", &[]),
    // Data that is built in, whatever it is about.
    ("packed", &[]),
    ("progress", &[]),
    ("read_at", &["number", "progress"]),
    ("place", &["error"]),
    // Of this machine, or objects in stores: whoever opens what was named asks here.
    ("files", &["number", "read_at"]),
    ("diagnostic", &["error", "place"]),
    ("digest", &["number", "read_at"]),
    ("fields", &["error", "number"]),
    ("near", &[]),
    ("glob", &[]),
    // The stream of records, read again, and two of them held against each other.
    ("saved", &["diagnostic"]), // the ids of codes that its sums count
    ("diff", &["place", "saved"]),
    // What Windows calls things: names and values, no bytes and no files.
    ("windows", &[]),
    // Bytes to values: readers know nothing of rules.
    ("registry", &["diagnostic", "error", "fields", "limits", "number", "place", "read_at", "windows"]),
    // Bytes to bytes: a disk out of its container, a volume out of its disk, a file out of its volume.
    ("image", &["error", "fields", "limits", "number", "read_at"]),
    // Likewise: members out of their archive.
    ("archive", &["error", "fields", "limits", "number", "read_at", "windows"]),
    // Beyond the drawing: a file is told by what `registry`'s own readers recognise (base block, `.reg` header), so that
    // there is one truth about what can be read.
    (
        "source",
        &[
            "archive",
            "diagnostic",
            "error",
            "files",
            "image",
            "limits",
            "number",
            "place",
            "progress",
            "read_at",
            "registry",
            "windows",
        ],
    ),
    (
        "host",
        &[
            "diagnostic",
            "digest",
            "error",
            "files",
            "glob",
            "limits",
            "place",
            "read_at",
            "registry",
            "source",
            "windows",
        ],
    ),
    // Rules know nothing of file formats, and of no machine.
    ("policy", &["digest", "glob", "number", "packed", "windows"]),
    // Pure: no `read_at`, no `source`. Tables have a digest, so that a run says which it rests on. A report carries the readers' diagnostics, and its findings their places and errors.
    ("audit", &["diagnostic", "digest", "error", "host", "near", "packed", "place", "policy", "registry", "windows"]),
    // A plan for a machine asks the audit what fails, and what its changes make of the machine. The digest makes ids from names.
    ("plan", &["audit", "diagnostic", "digest", "error", "host", "limits", "place", "policy", "registry", "windows"]),
    // The door: from what was named to records.
    (
        "run",
        &[
            "audit",
            "diagnostic",
            "digest",
            "error",
            "files",
            "glob",
            "host",
            "limits",
            "number",
            "place",
            "policy",
            "progress",
            "source",
            "windows",
        ],
    ),
    // Renderers see the report. Beyond the drawing: the report's own parts are of these types (inputs and facts of `host`,
    // rules of `policy`, which are also explained, paths and values of `registry`, places, diagnostics); they look nothing
    // up (held below).
    (
        "output",
        &[
            "audit",
            "diagnostic",
            "diff",
            "digest",
            "error",
            "host",
            "number",
            "place",
            "policy",
            "registry",
            "run",
            "saved",
            "windows",
        ],
    ),
    (
        "cli",
        &[
            "audit",
            "diagnostic",
            "diff",
            "digest",
            "error",
            "files",
            "glob",
            "host",
            "limits",
            "near",
            "number",
            "output",
            "place",
            "plan",
            "policy",
            "progress",
            "read_at",
            "registry",
            "run",
            "saved",
            "source",
            "windows",
        ],
    ),
];

/// Modules that may see only these rooms of `registry`.
const ROOMS: &[(&str, &[&str])] = &[
    ("plan", &["change", "reg_text", "Listing", "Lookup", "Registry"]),
    ("output", &["reg_text", "cross_check"]),
    // Questions and what they answer, never how.
    ("audit", &["cross_check", "overlay", "Found", "KeyInfo", "Listing", "Lookup", "Registry"]),
    // The sniffers of the formats.
    ("source", &["hive", "group_policy", "reg_file"]),
    // `show` prints what the readers themselves see, without the stages in between; the writer spares whatever is a hive.
    ("cli", &["change", "cross_check", "overlay", "hive", "group_policy", "reg_file", "Lookup", "Registry"]),
];

/// The files, or folders of them, that may name a crate. Each dependency must be here.
const CRATES: &[(&str, &[&str])] = &[
    ("anstyle", &["output/text.rs", "output/text/effective.rs", "output/overview.rs", "output/history/text.rs"]),
    ("anstyle_query", &["cli.rs"]),
    ("askama", &["output/html"]),
    ("clap", &["cli.rs", "cli/args.rs", "cli/args", "cli/man.rs"]),
    ("clap_complete", &["cli/args.rs", "cli/completions.rs"]),
    ("clap_mangen", &["cli/man.rs"]),
    // Checksums of disk images, and of archives.
    ("crc32c", &["image/vhdx"]),
    ("crc32fast", &["image/partition", "archive"]),
    ("csv", &["output/csv.rs"]),
    // A code page is chosen on the command line (`cli`) and handed through (`host`) to the one reader that decodes.
    (
        "encoding_rs",
        &[
            "registry/reg_file",
            "cli/args.rs",
            "cli/args",
            "cli/audit.rs",
            "cli/overlay.rs",
            "host.rs",
            "host/overlay.rs",
            "image/vmdk",
        ],
    ),
    // Times of the registry, days of waivers, and the clock, which `cli` alone reads.
    ("flate2", &["image/ewf", "image/unpack.rs"]),
    ("indicatif", &["cli/progress.rs"]),
    (
        "jiff",
        &["windows/time.rs", "policy/waiver.rs", "cli/clock.rs", "cli/audit/about.rs", "archive/zip", "image/vhd"],
    ),
    // Beside flate2, whose decoder cannot be copied, and so not be kept at a point to go on from.
    ("miniz_oxide", &["archive"]),
    // Object stores, in the feature `remote`.
    ("futures_util", &["files/remote"]),
    ("object_store", &["files/remote"]),
    ("reqwest", &["files/remote"]),
    ("rustls", &["files/remote"]),
    ("tokio", &["files/remote"]),
    ("nt_hive", &["registry/cross_check.rs"]),
    ("quick_junit", &["output/junit.rs"]),
    ("quick_xml", &["plan/gpp.rs", "registry/group_policy/gpp"]),
    ("regashii", &["plan/reg"]),
    ("ruzstd", &["image/unpack.rs", "archive"]),
    ("same_file", &["cli/audit.rs", "cli/writer.rs"]),
    ("strsim", &["near.rs"]),
    ("tempfile", &["cli/writer.rs", "output.rs", "output/merged.rs"]),
    ("terminal_size", &["cli/reports.rs", "cli/stderr.rs"]),
    // What Windows does of itself is kept in tables: `audit/effective/data`.
    (
        "serde",
        &[
            "output/json",
            "output/export/json.rs",
            "output/export/recovered.rs",
            "output/topics.rs",
            "output/records.rs",
            "saved/record.rs",
            "policy/fields.rs",
            "policy/file.rs",
            "policy/waiver.rs",
            "packed.rs",
            "audit/effective/lifecycle.rs",
            "audit/effective/os_defaults.rs",
            "audit/effective/product/agents.rs",
            "audit/effective/product/versions.rs",
            "audit/effective/suites.rs",
            "audit/effective/tables.rs",
        ],
    ),
    (
        "serde_json",
        &[
            "output/json",
            "output/estate/words.rs",
            "output/diff/json.rs",
            "output/history/json.rs",
            "output/merged.rs",
            "output.rs",
            "output/records.rs",
            "output/sarif.rs",
            "saved.rs",
            "saved/record.rs",
            "diff/side.rs",
            "cli/report.rs",
            "archive/velociraptor.rs",
            "audit/effective/suites.rs",
            "audit/effective/tables.rs",
        ],
    ),
    // What is built in is read by the types that read its text.
    ("serde_spanned", &["packed.rs"]),
    ("sha2", &["digest.rs"]),
    (
        "toml",
        &[
            "policy/file.rs",
            "policy/waiver.rs",
            "audit/effective/lifecycle.rs",
            "audit/effective/os_defaults.rs",
            "audit/effective/product/agents.rs",
            "audit/effective/product/versions.rs",
            "audit/effective/suites.rs",
            "audit/effective/tables.rs",
            "output/topics.rs",
        ],
    ),
    ("walkdir", &["source/units.rs", "source/walk.rs"]),
];

/// What one file names.
#[derive(Debug, Default, PartialEq)]
struct Names {
    /// Other top-level modules, and what is taken from each (its first room or item).
    modules: BTreeSet<(String, String)>,
    crates: BTreeSet<String>,
}

/// What is wrong with a file's names; `path` is relative to `src`.
fn faults(path: &str, source: &str, crates: &[&str]) -> Vec<String> {
    let names = names(path, source, crates);
    let own = module(path);
    let mut faults = Vec::new();
    for (other, room) in &names.modules {
        let allowed = ALLOWED.iter().find(|(name, _)| *name == own).map(|(_, others)| *others).unwrap_or_default();
        let rooms = ROOMS.iter().find(|(name, _)| *name == own).map(|(_, rooms)| *rooms);
        if !allowed.contains(&other.as_str()) {
            faults.push(format!("src/{path}: {own} → {other} ({room}) is not among the directions"));
        } else if other == "registry" && rooms.is_some_and(|rooms| !rooms.contains(&room.as_str())) {
            faults.push(format!("src/{path}: {own} may not see {room} of registry"));
        }
    }
    for name in &names.crates {
        let homes = CRATES.iter().find(|(krate, _)| krate == name).map(|(_, homes)| *homes).unwrap_or_default();
        if !homes
            .iter()
            .any(|home| path == *home || path.starts_with(&format!("{home}/")) || path == format!("{home}.rs"))
        {
            faults.push(format!("src/{path}: names the crate {name}"));
        }
    }
    faults
}

/// The top-level module that a file belongs to.
fn module(path: &str) -> &str {
    path.split('/').next().unwrap().trim_end_matches(".rs")
}

fn names(path: &str, source: &str, crates: &[&str]) -> Names {
    let code = without_tests(&code(source));
    let words = words(&code);
    let mut names = Names::default();
    // `super` from a file at depth 1 is the root of the crate.
    let depth = path.split('/').count();
    for (i, word) in words.iter().enumerate() {
        let after = |n: usize| words.get(i + n).map(String::as_str).unwrap_or_default();
        let before = i.checked_sub(1).map(|i| words[i].as_str()).unwrap_or_default();
        if before == "::" && i >= 2 && words[i - 2] != "{" && word != "super" {
            continue; // inside a path: its head was looked at
        }
        if crates.contains(&word.as_str()) && (after(1) == "::" || before == "use") {
            names.crates.insert(word.clone());
        }
        let supers = (0..).take_while(|n| after(2 * n) == "super" && after(2 * n + 1) == "::").count();
        let root = match word.as_str() {
            "crate" if after(1) == "::" => i + 2,
            "super" if before != "::" && supers >= depth => i + 2 * supers,
            _ => continue,
        };
        for (other, room) in heads(&words, root) {
            if other != module(path) {
                names.modules.insert((other, room));
            }
        }
    }
    names
}

/// The first two names of the path or of each path of the group that starts at word `at`.
fn heads(words: &[String], at: usize) -> Vec<(String, String)> {
    let word = |i: usize| words.get(i).map(String::as_str).unwrap_or_default();
    if word(at) == "{" {
        return group(words, at).into_iter().flat_map(|start| heads(words, start)).collect();
    }
    let head = word(at).to_owned();
    match (word(at + 1), word(at + 2)) {
        ("::", "{") => group(words, at + 2).into_iter().map(|i| (head.clone(), word(i).to_owned())).collect(),
        ("::", room) => vec![(head, room.to_owned())],
        _ => vec![(head.clone(), head)],
    }
}

/// Where each entry of the group that opens at word `at` starts.
fn group(words: &[String], at: usize) -> Vec<usize> {
    let mut starts = Vec::new();
    let mut open = 0;
    for (i, word) in words.iter().enumerate().skip(at) {
        match word.as_str() {
            "{" => open += 1,
            "}" => open -= 1,
            _ if open == 1 && matches!(words[i - 1].as_str(), "{" | ",") => starts.push(i),
            _ => {}
        }
        if open == 0 {
            break;
        }
    }
    starts
}

/// Identifiers, `::`, and every other mark by itself.
fn words(code: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut chars = code.chars().peekable();
    while let Some(c) = chars.next() {
        if c.is_alphanumeric() || c == '_' {
            let mut word = String::from(c);
            while let Some(c) = chars.next_if(|c| c.is_alphanumeric() || *c == '_') {
                word.push(c);
            }
            words.push(word);
        } else if c == ':' && chars.next_if_eq(&':').is_some() {
            words.push("::".into());
        } else if !c.is_whitespace() {
            words.push(c.into());
        }
    }
    words
}

/// The source without comments and without what stands in string and character literals.
fn code(source: &str) -> String {
    let chars: Vec<char> = source.chars().collect();
    let at = |i: usize| chars.get(i).copied().unwrap_or('\0');
    let mut code = String::new();
    let mut i = 0;
    while i < chars.len() {
        let hashes = (1..).take_while(|n| at(i + n) == '#').count();
        let word_before = i > 0 && (at(i - 1).is_alphanumeric() || at(i - 1) == '_') && at(i - 1) != 'b';
        if at(i) == '/' && at(i + 1) == '/' {
            while i < chars.len() && at(i) != '\n' {
                i += 1;
            }
        } else if at(i) == '/' && at(i + 1) == '*' {
            while i < chars.len() && !(at(i) == '*' && at(i + 1) == '/') {
                i += 1;
            }
            i += 2;
        } else if at(i) == 'r' && !word_before && at(i + hashes + 1) == '"' {
            i += hashes + 2;
            while i < chars.len() && !(at(i) == '"' && (1..=hashes).all(|n| at(i + n) == '#')) {
                i += 1;
            }
            i += hashes + 1;
        } else if at(i) == '"' {
            i += 1;
            while i < chars.len() && at(i) != '"' {
                i += if at(i) == '\\' { 2 } else { 1 };
            }
            i += 1;
        } else if at(i) == '\'' && (at(i + 1) == '\\' || at(i + 2) == '\'') {
            i += if at(i + 1) == '\\' { 3 } else { 2 };
            while i < chars.len() && at(i) != '\'' {
                i += 1;
            }
            i += 1;
        } else {
            code.push(at(i));
            i += 1;
        }
    }
    code
}

/// The code without `#[cfg(test)]` modules: tests may reach wherever they need.
fn without_tests(code: &str) -> String {
    let Some((before, after)) = code.split_once("#[cfg(test)]") else { return code.to_owned() };
    let mut open = 0;
    for (i, c) in after.char_indices() {
        match c {
            '{' => open += 1,
            '}' => open -= 1,
            ';' if open == 0 => return format!("{before}{}", without_tests(after.get(i + 1..).unwrap_or_default())),
            _ => continue,
        }
        if open == 0 {
            return format!("{before}{}", without_tests(after.get(i + 1..).unwrap_or_default()));
        }
    }
    before.to_owned()
}

/// Every source file but those that are tests alone.
fn sources() -> BTreeMap<String, String> {
    fn below(folder: &Path, all: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.ends_with("tests.rs") || path.ends_with("tests") {
                continue; // the tests of the module above, which may reach wherever they need
            }
            if path.is_dir() {
                below(&path, all);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                all.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut all = Vec::new();
    below(&root, &mut all);
    let name = |path: &Path| path.strip_prefix(&root).unwrap().to_str().unwrap().replace('\\', "/");
    all.iter().map(|path| (name(path), fs::read_to_string(path).unwrap())).collect()
}

fn dependencies() -> Vec<String> {
    let manifest = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml")).unwrap();
    let manifest: toml::Table = manifest.parse().unwrap();
    let everywhere = manifest["dependencies"].as_table().unwrap();
    let somewhere =
        manifest["target"].as_table().unwrap().values().map(|target| target["dependencies"].as_table().unwrap());
    std::iter::once(everywhere)
        .chain(somewhere)
        .flat_map(|table| table.keys())
        .map(|name| name.replace('-', "_"))
        .collect()
}

#[test]
fn modules_depend_in_the_directions_of_the_design_alone() {
    let dependencies = dependencies();
    let crates: Vec<&str> = dependencies.iter().map(String::as_str).collect();
    let faults: Vec<String> = sources().iter().flat_map(|(path, source)| faults(path, source, &crates)).collect();
    assert!(faults.is_empty(), "{faults:#?}");
}

/// What people read is written for them, and goes to standard error through the one place that makes it harmless.
#[test]
fn nothing_is_said_in_the_form_for_debugging_or_past_the_one_door() {
    for (path, source) in sources() {
        let source = without_tests(&source);
        // The form for debugging itself.
        if path != "windows/path.rs" {
            assert!(!source.contains(":?}") && !source.contains(":#?}"), "src/{path} writes a debug form");
        }
        if path != "cli/stderr.rs" {
            assert!(
                !source.contains("io::stderr()") && !source.contains("eprint"),
                "src/{path} says something past the door"
            );
        }
    }
}

#[test]
fn the_lists_hold_nothing_that_is_not_used() {
    let dependencies = dependencies();
    let crates: Vec<&str> = dependencies.iter().map(String::as_str).collect();
    let mut used = BTreeSet::new();
    let mut named = BTreeSet::new();
    for (path, source) in sources() {
        let names = names(&path, &source, &crates);
        used.extend(names.modules.into_iter().map(|(other, _)| (module(&path).to_owned(), other)));
        named.extend(names.crates);
    }
    for (own, others) in ALLOWED.iter().filter(|(own, _)| *own != "cli") {
        for other in *others {
            assert!(used.contains(&((*own).to_owned(), (*other).to_owned())), "{own} → {other} is listed and not used");
        }
    }
    let listed: BTreeSet<String> = CRATES.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(listed, dependencies.iter().cloned().collect(), "each dependency has its place");
    assert_eq!(named, listed, "each dependency is used");
}

#[test]
fn bad_edges_are_found_however_they_are_written() {
    let found = |path: &str, source: &str| faults(path, source, &["quick_xml", "serde_json"]).len();
    for (path, source) in [
        ("registry/hive.rs", "use crate::policy::Rule;"),
        ("registry/hive.rs", "use crate::{error::Error, policy::{self}};"),
        ("registry/hive.rs", "fn f() { let p = crate::policy::Policy::default_policy(); }"),
        ("registry/hive.rs", "use super::super::policy::Rule;"),
        ("registry.rs", "use super::host;"),
        ("audit/check.rs", "use crate::read_at::LocalFile;"),
        ("output/text.rs", "use crate::registry::{reg_text::quoted, Registry};"),
        ("output/text.rs", "use crate::registry::hive::Hive;"),
        ("policy/file.rs", "use crate::registry::Lookup;"),
        ("host/group.rs", "use crate::cli::run;"),
        ("plan.rs", "use quick_xml::Writer;"),
        ("output/text.rs", "fn f(v: &serde_json::Value) {}"),
        ("audit.rs", "#[cfg(test)]\nmod tests { }\nuse crate::source::discover;"),
        ("audit.rs", "const S: &str = \"\\\"\"; use crate::source::discover;"),
    ] {
        assert_eq!(found(path, source), 1, "{path}: {source}");
    }
    for (path, source) in [
        ("registry/hive.rs", "use crate::error::{At, Error};\nuse super::path::Name;"),
        ("registry/hive.rs", "//! See [`crate::policy`].\n/* crate::policy::Rule */"),
        ("registry/hive.rs", "const S: &str = \"crate::policy::Rule\"; const C: char = '\"';"),
        ("registry/hive.rs", "#[cfg(test)]\nmod tests { use crate::policy::Policy; fn f() {} }"),
        ("registry/hive.rs", "pub(crate) fn f() {}"),
        ("registry/reg_file/lex.rs", "use super::super::path::Name;"),
        ("plan/gpp.rs", "use quick_xml::Writer;"),
    ] {
        assert_eq!(found(path, source), 0, "{path}: {source}");
    }
}
