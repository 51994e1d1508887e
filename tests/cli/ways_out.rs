//! Every way out: hostile evidence, files, names and arguments through every command with every choice that it has. Commands,
//! choices, plans and formats come from the program's own tables, so that a new one is tried without being listed here.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use clap::{Arg, ArgAction, Command};

use crate::common::{root, run, scratch};

/// Acts on a terminal, turns text around, hides, and starts a line of its own.
const NAME: &str = "\u{1b}]0;x\u{7}\u{9b}2J\u{202e}\u{200b}\u{ad}\u{e0041}\u{85}\u{2028}\nFORGED: all is well";

/// Output that is data for a program, byte for byte, whatever it does to a terminal: they are not printed to one as they are.
const EXACT: [(&str, &str); 2] = [("show", "raw"), ("generate", "pol")];
/// Output whose comments are ours and whose data is exact.
const DATA: [(&str, &str); 1] = [("show", "reg")];

fn acts(c: char) -> bool {
    (c.is_control() && !"\n\r\t".contains(c))
        || "\u{ad}\u{200b}\u{202e}\u{2028}\u{2029}\u{feff}\u{85}".contains(c)
        || ('\u{e0000}'..='\u{e0fff}').contains(&c)
}

/// Every command that does something, by its words.
fn leaves(command: &Command, words: &[String]) -> Vec<(Vec<String>, Command)> {
    let below: Vec<&Command> = command.get_subcommands().filter(|c| c.get_name() != "help").collect();
    if below.is_empty() {
        return vec![(words.to_vec(), command.clone())];
    }
    below.into_iter().flat_map(|c| leaves(c, &[words, &[c.get_name().to_owned()]].concat())).collect()
}

/// What is hostile, in files with hostile names.
struct Evil {
    _keep: tempfile::TempDir,
    folder: PathBuf,
}

impl Evil {
    fn new() -> Self {
        let (keep, folder) = scratch();
        let folder = folder.join(format!("a{}", NAME.replace('/', "")));
        fs::create_dir(&folder).unwrap();
        let evil = Self { _keep: keep, folder };
        let host = root().join("fixtures/hosts/compliant");
        let units = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
        let patched = |name: &str, pairs: &[(&[u8], &[u8])]| {
            let bytes = fs::read(host.join(name)).unwrap();
            pairs.iter().fold(bytes, |bytes, (from, to)| replaced(&bytes, from, to))
        };
        evil.write(
            "SYSTEM",
            &patched("SYSTEM", &[(b"TLS1.2", b"T\x1b]0\x07\x9b"), (&units("AADC"), &units("\u{1b}]\u{7}\u{202e}"))]),
        );
        evil.write(
            "SOFTWARE",
            &patched("SOFTWARE", &[(&units("Windows Server"), &units("\u{1b}]31;\u{202e}\u{9b}\u{200b}\u{ad}\nFORG"))]),
        );
        let reg = evil.reg();
        evil.write("evil.reg", &[&[0xff, 0xfe], units(&reg).as_slice()].concat());
        evil.write("policy.toml", policy().as_bytes());
        evil.write("broken.toml", format!("id = 'x'\nno = '{}'\n", NAME.replace('\n', " ")).as_bytes());
        evil.write("waivers.toml", waivers().as_bytes());
        evil.write(
            "evil.zip",
            &zip(&[
                (&format!("d{NAME}/SYSTEM"), &fs::read(evil.path("SYSTEM")).unwrap()),
                (&format!("{NAME}.reg"), reg.as_bytes()),
            ]),
        );
        let saved = run(&["audit", "--format", "jsonl", &evil.path(""), &evil.path(NAME)]);
        evil.write("saved.jsonl", &saved.stdout);
        let cut = saved.stdout.get(..saved.stdout.len() / 2).unwrap();
        evil.write("cut.jsonl", cut);
        // As somebody else may write it: with the characters themselves.
        let line = r#"{"record":"host","name":"NAME","id":"NAME","unit":"NAME","verdict":"NAME","findings":[]}"#;
        let other = [r#"{"record":"run","schema_version":2,"policies":[{"id":"NAME"}]}"#, line, "NAME"].join("\n");
        evil.write("other.jsonl", other.replace("NAME", &NAME.replace(['\n', '\u{1b}', '\u{7}'], "")).as_bytes());
        evil.write("noise.bin", NAME.repeat(100).as_bytes());
        evil
    }

    fn path(&self, name: &str) -> String {
        self.folder.join(name).to_str().unwrap().to_owned()
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.folder.join(name), bytes).unwrap();
    }

    fn reg(&self) -> String {
        let one = NAME.replace('\n', "");
        let tls = r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols";
        format!(
            "Windows Registry Editor Version 5.00\n\n\
             [HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Control\\ComputerName\\ComputerName]\n\"ComputerName\"=\"{one}\"\n\
             [HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion]\n\"ProductName\"=\"{one}\"\n\
             [HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\.NETFramework\\v4.0.30319\\System.Net.ServicePointManager.SecurityProtocol]\n\
             \"C:\\\\{one}\\\\x.exe\"=\"{one}\"\n\
             [{tls}\\TLS 1.2\\Client]\n\"Enabled\"=\"{one}\"\n\"DisabledByDefault\"=dword:{one}\n\"Enabled{one}\"=dword:1\n\
             [{tls}\\TLS {one}\\Client]\n\"Enabled\"=dword:1\n[{tls}\\TLS 1.2\\{one}]\n\
             [HKEY_LOCAL_MACHINE\\SOFTWARE\\Policies\\Microsoft\\Cryptography\\Configuration\\SSL\\00010002]\n\"Functions\"=\"{one},x\"\n\
             [-HKEY_LOCAL_MACHINE\\SOFTWARE\\{one}]\n[HKEY_{one}]\n\"Enabled\"=dword:00000001\n"
        )
    }

    /// Arguments with which a command has something to do, several ways. A new command is to be added.
    fn uses(&self, words: &[String]) -> Vec<Vec<String>> {
        let own = |args: &[&str]| args.iter().map(|arg| (*arg).to_owned()).collect::<Vec<String>>();
        let [folder, reg, zip, policy, broken, waivers, noise, system] =
            ["", "evil.reg", "evil.zip", "policy.toml", "broken.toml", "waivers.toml", "noise.bin", "SYSTEM"]
                .map(|name| self.path(name));
        match words.join(" ").as_str() {
            "audit" => vec![
                own(&[&folder, "-v", "--cross-check", "--digest"]),
                own(&[&reg, &zip, &noise, "-v", "--policy", &policy, "--waivers", &waivers]),
                own(&[&system, "-v", "--overlay", &reg, "--control-set", "all"]),
                own(&[&self.path("none"), "--waivers", &broken]),
            ],
            "generate" => vec![
                own(&["--for", &folder, "--join"]),
                own(&["--for", &system, "--of", &reg]),
                own(&["--for", &system, "--policy", &policy]),
                own(&["--for", &zip]),
                own(&[
                    "--for",
                    &folder,
                    "--output",
                    &format!("{}/", self.folder.with_file_name("estate").display()),
                    "--force",
                ]),
                own(&["--policy", &policy]),
                own(&["--policy", &broken]),
            ],
            "history" => vec![
                own(&[&folder]),
                own(&[&reg, &system, &zip]),
                own(&[&system, "--deleted"]),
                own(&[&reg, "--policy", &policy]),
                own(&[&noise]),
            ],
            "report" => vec![
                own(&[&self.path("saved.jsonl"), &self.path("saved.jsonl")]),
                own(&[&self.path("cut.jsonl"), &self.path("other.jsonl"), &self.path(NAME)]),
                own(&[&noise]),
            ],
            "diff" => vec![
                own(&[&self.path("saved.jsonl"), &folder]),
                own(&[&reg, &system, "--across-policies", "--policy", &policy]),
                own(&[&self.path("cut.jsonl"), &noise]),
                own(&[&noise, &self.path(NAME)]),
            ],
            "show" => vec![
                own(&[&reg, "-r", "-v"]),
                own(&[&system, "-r", "-v"]),
                own(&[&zip, r"HKLM\SYSTEM\Select"]),
                own(&[&zip]),
                own(&[&system, NAME]),
                own(&[&reg, &format!(r"HKLM\SYSTEM\{NAME}"), NAME]),
                own(&[&noise]),
            ],
            "explain" => vec![own(&["--policy", &policy]), own(&["--policy", &policy, "evil-rule"]), own(&[NAME])],
            "tables" => vec![own(&[]), own(&["--tables", &folder]), own(&["--tables", NAME])],
            "completions" => vec![own(&[]), own(&[NAME])],
            "man" => vec![own(&[]), own(&[&folder, "--force"]), own(&[&noise])],
            "policy list" => vec![own(&[])],
            "policy show" => vec![own(&[NAME])],
            "policy check" => vec![own(&[&policy]), own(&[&broken]), own(&[&waivers])],
            new => panic!("tlshive {new} is new: what does it do with hostile input?"),
        }
    }
}

fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut new = bytes.to_vec();
    let found: Vec<usize> =
        bytes.windows(from.len()).enumerate().filter(|(_, w)| *w == from).map(|(at, _)| at).collect();
    assert!(!found.is_empty(), "{from:?}");
    for at in found {
        new[at..at + to.len()].copy_from_slice(to);
    }
    new
}

/// As TOML writes whatever a string holds.
fn escaped() -> String {
    NAME.chars()
        .map(|c| if c.is_ascii_graphic() || c == ' ' { c.to_string() } else { format!("\\U{:08x}", u32::from(c)) })
        .collect()
}

fn policy() -> String {
    let evil = escaped();
    let texts = format!("title = \"{evil}\"\nwhy = \"{evil}\"\nsource = \"{evil}\"\n");
    format!(
        "id = \"evil\"\nversion = \"{evil}\"\ndate = \"2026-01-01\"\ntitle = \"{evil}\"\nsource = \"{evil}\"\n\
         [[rule]]\nid = \"evil-rule\"\n{texts}key = \"HKEY_LOCAL_MACHINE\\\\SOFTWARE\\\\{evil}\"\nvalue = \"{evil}\"\n\
         type = \"REG_DWORD\"\nenable = 1\ndisable = 0\n\
         [[rule]]\nid = \"evil-state\"\n{texts}effective = \"schannel/TLS 1.2/client\"\nexpect = [\"off\"]\nfix = \"{evil}\"\n"
    )
}

fn waivers() -> String {
    let evil = escaped();
    format!(
        "[[waiver]]\nrule = \"evil-rule\"\nhosts = [\"*\", \"{evil}\"]\nreason = \"{evil}\"\n[[waiver]]\nrule = \"evil-state\"\nhosts = [\"{evil}\"]\nreason = \"{evil}\"\n"
    )
}

/// Members that are stored as they are.
fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut file, mut directory) = (Vec::new(), Vec::new());
    for (name, bytes) in members {
        let at = u32::try_from(file.len()).unwrap();
        let [len, name_len] = [bytes.len(), name.len()].map(|n| u32::try_from(n).unwrap());
        // Version, UTF-8 names, stored, a day, the checksum, both sizes, and the length of the name.
        let mut common = vec![20, 0, 0, 8, 0, 0, 0, 0, 0x21, 0x58];
        [crc32fast::hash(bytes), len, len, name_len].iter().for_each(|n| common.extend(n.to_le_bytes()));
        file.extend([b"PK\x03\x04".as_slice(), &common, name.as_bytes(), bytes].concat());
        directory
            .extend([b"PK\x01\x02\x14\x00".as_slice(), &common, &[0; 10], &at.to_le_bytes(), name.as_bytes()].concat());
    }
    let [count, len, at] =
        [members.len(), directory.len(), file.len()].map(|n| u32::try_from(n).unwrap().to_le_bytes());
    let end = [b"PK\x05\x06\0\0\0\0".as_slice(), &count[..2], &count[..2], &len, &at, &[0; 2]].concat();
    [file, directory, end].concat()
}

/// The choices of an argument: all that it may be, or something hostile.
fn choices(arg: &Arg) -> Vec<Vec<String>> {
    let values: Vec<String> = arg.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect();
    let as_option = |value: &str| match arg.get_long() {
        Some(long) => vec![format!("--{long}={value}")],
        None => vec![value.to_owned()],
    };
    match arg.get_action() {
        ArgAction::Set | ArgAction::Append if values.is_empty() && arg.is_positional() => Vec::new(),
        ArgAction::Set | ArgAction::Append if values.is_empty() => vec![as_option(NAME)],
        ArgAction::Set | ArgAction::Append => values.iter().map(|value| as_option(value)).collect(),
        _ => arg.get_long().map(|long| vec![format!("--{long}")]).into_iter().collect(),
    }
}

/// Without the colours that were asked for: nothing hostile here asks for one.
fn uncoloured(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |all, part| {
        let (code, rest) = part.split_once('m').unwrap_or((part, ""));
        assert!(code.chars().all(|c| c.is_ascii_digit() || c == ';'), "{code:?}");
        all + rest
    })
}

/// The texts below a folder. A Registry.pol holds data as it is; a description is UTF-16 without a byte order mark.
fn texts(folder: &Path) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        match path.extension().and_then(std::ffi::OsStr::to_str) {
            _ if path.is_dir() => all.extend(texts(&path)),
            Some("pol") => {}
            Some("cmt") => all.push([&[0xff, 0xfe], fs::read(&path).unwrap().as_slice()].concat()),
            _ => all.push(fs::read(&path).unwrap()),
        }
    }
    all
}

/// What a run may not say.
fn hold(args: &[String], into: Option<&Path>) -> i32 {
    let run = run(args);
    let shown = || args.iter().map(|arg| arg.escape_debug().to_string()).collect::<Vec<_>>().join(" ");
    assert!([0, 1, 2, 3, 4].contains(&run.status), "{}: status {}", shown(), run.status);
    let said = String::from_utf8(run.stderr).unwrap();
    let bad: Vec<char> = said.chars().filter(|c| acts(*c)).collect();
    assert!(bad.is_empty(), "{}: {bad:?} in {said:?}", shown());
    let forged = |text: &str| text.lines().any(|line| line.trim_start().starts_with("FORGED"));
    assert!(!forged(&said), "{}: {said}", shown());
    let is = |list: &[(&str, &str)]| {
        list.iter().any(|(command, format)| args[0] == *command && args.contains(&format!("--format={format}")))
    };
    if is(&EXACT) || is(&DATA) {
        return run.status;
    }
    let mut outputs = vec![run.stdout];
    outputs.extend(into.map(texts).unwrap_or_default());
    for bytes in outputs {
        let text = match bytes.strip_prefix(&[0xff, 0xfe]) {
            Some(wide) => String::from_utf16(
                &wide.as_chunks::<2>().0.iter().map(|&pair| u16::from_le_bytes(pair)).collect::<Vec<_>>(),
            )
            .unwrap(),
            None => String::from_utf8(bytes).unwrap(),
        };
        let text = if args.contains(&"--color=always".to_owned()) { uncoloured(&text) } else { text };
        let bad: Vec<char> = text.trim_start_matches('\u{feff}').chars().filter(|c| acts(*c)).collect();
        assert!(bad.is_empty(), "{}: {bad:?} in {text:?}", shown());
        assert!(!forged(&text), "{}: {text}", shown());
    }
    run.status
}

/// A run: the command, the choice that it is about, the arguments, and the folder that it writes to, if it writes to one.
type Try = (String, String, Vec<String>, Option<PathBuf>);

fn tries(evil: &Evil) -> Vec<Try> {
    let mut tries = Vec::new();
    for (words, command) in leaves(&tlshive::cli::command(), &[]) {
        // What must be chosen, such as a plan, is tried with everything else.
        let fixed = command.get_positionals().filter(|arg| !arg.get_possible_values().is_empty());
        let fixed: Vec<Vec<String>> = fixed.flat_map(choices).collect();
        let fixed = if fixed.is_empty() { vec![Vec::new()] } else { fixed };
        let options = command.get_opts().filter(|arg| !["output", "help", "version"].contains(&arg.get_id().as_str()));
        let mut ways: Vec<Vec<String>> = options.flat_map(choices).collect();
        ways.push(Vec::new());
        for (nth, of) in fixed.iter().enumerate() {
            for usage in evil.uses(&words) {
                for way in &ways {
                    let name = way.join(" ").replace(NAME, "…");
                    // Of flags and of values that are hostile themselves, one plan tells as much as all.
                    if nth > 0 && (!name.contains('=') || name.contains('…')) {
                        continue;
                    }
                    let mut args = [words.as_slice(), of, &usage, way].concat();
                    let into = ["--format=intune", "--format=gpo-backup", "--format=gpo-backup-preferences"]
                        .contains(&name.as_str())
                        .then(|| evil.folder.with_file_name(format!("out {}", tries.len())));
                    args.extend(into.iter().map(|into| format!("--output={}", into.display())));
                    tries.push((words.join(" "), name, args, into));
                }
            }
        }
    }
    tries
}

#[test]
fn nothing_hostile_comes_out_of_any_command_with_any_choice() {
    let evil = Evil::new();
    let tries = tries(&evil);
    let part = tries.len().div_ceil(4);
    let statuses: Vec<i32> = std::thread::scope(|scope| {
        let held = |part: &[Try]| part.iter().map(|(_, _, args, into)| hold(args, into.as_deref())).collect::<Vec<_>>();
        let threads: Vec<_> = tries.chunks(part).map(|part| scope.spawn(move || held(part))).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    let mut well: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for ((command, name, ..), status) in tries.iter().zip(statuses) {
        *well.entry((command, name)).or_default() += usize::from(status == 0);
    }
    // Each format has been written several times with what is hostile in it, and not refused for another reason.
    for ((command, name), well) in &well {
        let written = name.starts_with("--format=") && *command == "generate";
        assert!(!written || *well >= 5, "{command} {name}: {well} of them without an error");
    }
    assert!(well.len() > 60, "{well:?}");
}

#[test]
fn a_command_line_that_is_wrong_is_quoted_harmlessly() {
    for args in [
        &[NAME][..],
        &["audit", "x", NAME, "--control-set", NAME],
        &["generate", NAME],
        &[&format!("--{NAME}")],
        &["policy", NAME],
    ] {
        let own: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
        hold(&own, None);
    }
}
