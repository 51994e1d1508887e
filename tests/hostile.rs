//! Every file in `fixtures/hostile`, given to each command that takes its kind: none may make the program panic, die of a
//! signal, hang, or end with a status that its help does not name. A crash that is ever found becomes a file there.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a panic is how a test fails")]

#[allow(dead_code, reason = "each test program uses a part of it")]
mod common;

use std::fs;

use common::{root, run, scratch};

/// The status must be among these, and nothing may have panicked, not even a second reader.
fn ends(args: &[&str], statuses: &[i32]) {
    let run = run(args);
    let said = String::from_utf8_lossy(&run.stderr);
    assert!(statuses.contains(&run.status), "{args:?} ended with {}: {said}", run.status);
    assert!(!said.contains("panicked"), "{args:?}: {said}");
}

/// Hives and `.reg` files, and whatever else is called one.
fn registry_file(file: &str) {
    for more in [&[][..], &["--cross-check", "--digest", "--control-set", "all"], &["--no-logs", "-v"]] {
        for format in ["text", "json"] {
            ends(&[&["audit", "--format", format, file], more].concat(), &[0, 1, 3, 4]);
        }
    }
    ends(&["audit", "--policy", "entra-connect-effective", file], &[0, 1, 3, 4]);
    for format in ["text", "json", "reg"] {
        ends(&["show", "--recursive", "--format", format, file], &[0, 1, 3]);
        ends(&["show", "--recursive", "--no-logs", "--verbose", "--format", format, file], &[0, 1, 3]);
    }
    for format in ["text", "json", "reg", "raw"] {
        ends(&["show", "--deleted", "--format", format, file], &[0, 1, 2, 3]);
    }
    ends(&["history", "--deleted", file], &[0, 1, 3, 4]);
    ends(&["show", file, r"HKLM\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL"], &[0, 1, 3]);
}

/// Policies, and waivers.
fn toml_file(file: &str) {
    ends(&["policy", "check", file], &[0, 2]);
    ends(&["audit", "--policy", file, "fixtures/hosts/compliant"], &[0, 1, 2, 3]);
    ends(&["audit", "--waivers", file, "fixtures/hosts/compliant"], &[0, 1, 2, 3]);
}

/// Disk images and archives.
fn image(file: &str) {
    for more in [
        &[][..],
        &["--include-backups", "--digest", "--digest-images", "-v"],
        &["--offset", "0"],
        &["--offset", "0xfffffffffffffff0"],
        &["--volume", "1"],
    ] {
        for format in ["text", "json"] {
            ends(&[&["audit", "--format", format, file], more].concat(), &[0, 1, 3, 4]);
        }
    }
    for format in ["text", "json", "reg", "raw"] {
        ends(&["show", "--format", format, file], &[0, 1, 2, 3]);
    }
    if file.contains("/vss-") {
        ends(&["audit", "--shadow-copies", "all", "--format", "json", file], &[0, 1, 3, 4]);
        ends(&["show", "--shadow-copy", "1", "--format", "raw", file], &[0, 1, 2, 3]);
    }
}

fn feed(file: &str) {
    match file.rsplit_once('.').unwrap().1 {
        "hive" | "reg" => registry_file(file),
        // It lies beside its hive, and is applied with it; here it comes alone, and to a hive that it does not fit.
        "LOG1" | "LOG2" => {
            assert!(root().join(file.rsplit_once('.').unwrap().0).is_file(), "{file} has no hive");
            ends(&["audit", file], &[4]);
            ends(&["audit", "--log", file, "fixtures/hosts/dirty"], &[0, 1, 3]);
        }
        "toml" => toml_file(file),
        "qcow2" | "vmdk" | "vdi" | "vhd" | "E01" | "zip" | "tar" | "gz" => image(file),
        other => panic!("{file}: nobody knows what to do with .{other}"),
    }
}

#[test]
fn no_hostile_file_brings_the_program_down() {
    let entries = fs::read_dir(root().join("fixtures/hostile")).unwrap();
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert!(names.len() > 15, "{names:?}");
    let readme = fs::read_to_string(root().join("fixtures/README.md")).unwrap();
    for name in names {
        feed(&format!("fixtures/hostile/{name}"));
        assert!(readme.contains(&format!("| `{name}` |")), "fixtures/README.md says nothing of hostile/{name}");
    }
}

/// What nt-hive says of each hive: a file that ends before the damage in its name would be refused for that.
#[test]
fn another_reader_comes_as_far_as_the_lie() {
    let path = r"ControlSet001\Control\SecurityProviders\SCHANNEL\Protocols\TLS 1.2\Client";
    let said = |name: &str| {
        let bytes = fs::read(root().join("fixtures/hostile").join(name)).unwrap();
        let hive = nt_hive::Hive::new(bytes.as_slice()).map_err(|error| error.to_string())?;
        let key = hive.root_key_node().map_err(|error| error.to_string())?.subpath(path);
        let key = key.ok_or("no such key")?.map_err(|error| error.to_string())?;
        let value = |name: &str| key.value(name).ok_or("no such value")?.map_err(|error| error.to_string());
        value("Enabled")?.dword_data().map_err(|error| error.to_string())?;
        value("Long")?.data().map_err(|error| error.to_string()).map(drop)
    };
    for (name, lie) in [
        ("big-data-segments", "specifies 262140 bytes, but only 20"),
        ("bin-offset", ""), // it asks no bin
        ("bins-of-4-gib", "specifies 4294963200 bytes"),
        ("counts", "specifies 17179869180 bytes"),
        ("free-cells", "is unallocated"),
        ("key-cycle", "no such key"),
        ("list-of-itself", "contains [114, 105]"),
        ("log-pages", "sequence numbers"),
        ("root-past-the-end", "offset 0x80000ff8"),
        ("value-size", "cell at offset 0x00001001"), // `Enabled`, whose bytes are an offset now
    ] {
        let said = said(&format!("{name}.hive")).err().unwrap_or_default();
        assert!(said.contains(lie) && said.is_empty() == lie.is_empty(), "{name}: {said}");
    }
}

/// Too large to be kept, and quickly made.
#[test]
fn no_large_hostile_file_does_either() {
    let (_keep, folder) = scratch();
    let key = r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control";
    let v5 = "Windows Registry Editor Version 5.00\n";
    for (name, text) in [
        ("line.reg", format!("{v5}[{key}]\n\"a\"=\"{}\"\n", "x".repeat(1 << 20))),
        ("line-without-end.reg", format!("{v5}[{key}]\n\"a\"=hex:{}", "00,\\\n".repeat(200_000))),
        ("path.reg", format!("{v5}[{key}{}]\n", r"\a".repeat(1 << 19))),
        ("header.reg", format!("{}{v5}", " ".repeat(1 << 20))),
        ("array.toml", format!("id = {}", "[".repeat(1 << 19))),
        ("table.toml", format!("id = {}", "{a=".repeat(1 << 18))),
        ("keys.toml", format!("{}a = 1\n", "a.".repeat(1 << 18))),
        ("long.toml", "#".repeat(2 << 20)),
    ] {
        let path = folder.join(name);
        fs::write(&path, text).unwrap();
        feed(path.to_str().unwrap());
    }
}
