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
