//! `tlshive show`

mod deleted;
mod hive;
mod reg_file;

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;

use super::args::{ShowArgs, ShowFormatArg};
use super::exit::Failure;
use super::stderr;
use super::writer::writer;
use crate::host::{Group, Options, Pick, group, hive_kind, open};
use crate::limits::Limits;
use crate::number::wide;
use crate::output::export::{Export, Format, export};
use crate::read_at::ReadAt;
use crate::source::{Artifact, Kind, Shadows, discover};
use crate::windows::path::{KeyPath, Name};
use crate::windows::roots::Root;

/// Remarks printed unless all are asked for.
const REMARKS: usize = 5;

/// What was asked for is not there.
const ABSENT: u8 = 1;
/// It, or a part of it, cannot be read.
const UNREADABLE: u8 = 3;

pub(super) fn run(args: &ShowArgs) -> Result<u8, Failure> {
    if args.input.is_dir() {
        return Err(Failure::Message(format!("{}: a folder; show takes one file", args.input.display())));
    }
    let limits = Limits::default();
    let mut search = args.disk.search(&args.log, args.no_logs, false);
    search.shadow_copies = args.shadow_copy.map_or(Shadows::Listed, |number| Shadows::Number(number.into()));
    let mut found = discover(std::slice::from_ref(&args.input), &search, &limits);
    if let Some(number) = args.shadow_copy {
        found.artifacts.retain(|artifact| artifact.as_of().is_some_and(|as_of| as_of.copy == usize::from(number)));
    }
    for remark in &found.diagnostics {
        // Files are told apart for both commands, in the words of an audit.
        let message = remark.message.replace("nothing to audit", "nothing to show");
        stderr::line(format_args!("{}: {message}", remark.place));
    }
    let artifacts = match &args.host {
        Some(host) => of_host(&found.artifacts, host, &limits)?,
        None => found.artifacts,
    };
    let artifact = match pick(&artifacts, &key(args), &limits) {
        Ok(Some(artifact)) => artifact,
        Ok(None) => return Ok(UNREADABLE),
        Err(lines) => return Err(Failure::Lines(lines)),
    };
    if args.format == ShowFormatArg::Raw {
        return raw(args, artifact);
    }
    if args.deleted && !matches!(artifact.kind, Kind::Hive(_) | Kind::BrokenHive(_)) {
        return Err(Failure::Message(format!("{}: no hive: --deleted is for those alone", artifact.name)));
    }
    match &artifact.kind {
        Kind::Hive(base) => hive::run(args, artifact, base, &limits),
        Kind::RegFile => reg_file::run(args, artifact, &limits),
        Kind::PolicyFile(form) => {
            stderr::line(format_args!(
                "{}: {form}: not shown, but audited; --format raw gives its bytes",
                artifact.name
            ));
            Ok(UNREADABLE)
        }
        Kind::NoHive(error) => {
            stderr::line(format_args!("{}: {error}: nothing to show", artifact.name));
            Ok(UNREADABLE)
        }
        Kind::BrokenHive(_) => Ok(UNREADABLE),
    }
}

/// The files of the machine that is asked for.
fn of_host(artifacts: &[Artifact], host: &String, limits: &Limits) -> Result<Vec<Artifact>, Failure> {
    let options = Options { pick: Pick::new(std::slice::from_ref(host)), ..Options::new(limits) };
    let groups = group(artifacts, false, limits).groups;
    let taken = groups.iter().filter(|group| !open(group, &options).0.is_empty());
    let files: Vec<Artifact> = taken.flat_map(Group::artifacts).cloned().collect();
    if !files.is_empty() {
        return Ok(files);
    }
    let all = Options::new(limits);
    let there = groups.iter().flat_map(|group| open(group, &all).0).map(|host| format!("  {}", host.called()));
    let none = format!("--host {host}: no machine is called so or lies there; there are:");
    Err(Failure::Lines(std::iter::once(none).chain(there).collect()))
}

/// The only file, or, of those in an image or archive, the hive that the key is in.
fn pick<'a>(artifacts: &'a [Artifact], key: &KeyPath, limits: &Limits) -> Result<Option<&'a Artifact>, Vec<String>> {
    if let [] | [_] = artifacts {
        return Ok(artifacts.first());
    }
    let holds = |artifact: &&Artifact| match &artifact.kind {
        Kind::Hive(base) => hive_kind(artifact, base, limits).is_some_and(|kind| key.below(&kind.root()).is_some()),
        Kind::RegFile | Kind::PolicyFile(_) | Kind::BrokenHive(_) | Kind::NoHive(_) => false,
    };
    let holding: Vec<&Artifact> = artifacts.iter().filter(holds).collect();
    if let [only] = holding.as_slice() {
        return Ok(Some(only));
    }
    let many = if holding.is_empty() { artifacts.iter().collect() } else { holding };
    let how =
        r"give a full path such as HKLM\SYSTEM\Select, and --host or --volume where several machines are in one image";
    let first = format!("there are {} hives and .reg files; {how}:", many.len());
    Err(std::iter::once(first).chain(many.iter().map(|artifact| format!("  {}", artifact.name))).collect())
}

/// Every file that is read.
fn read(args: &ShowArgs, artifact: &Artifact) -> Vec<PathBuf> {
    let mut files = artifact.files();
    files.extend(args.log.iter().chain([&args.input]).cloned());
    files
}

/// The file itself, as a whole.
fn raw(args: &ShowArgs, artifact: &Artifact) -> Result<u8, Failure> {
    if args.value.is_some() || args.recursive || args.deleted {
        return Err(Failure::Message("--format raw gives the whole file, and no value or key of it".to_owned()));
    }
    let file = match artifact.open() {
        Ok(file) => file,
        Err(error) => {
            stderr::line(format_args!("{}: {error}", artifact.name));
            return Ok(UNREADABLE);
        }
    };
    if args.to.output.is_none() && io::stdout().is_terminal() {
        return Err(Failure::Message("binary data is not printed to a terminal: give --output".to_owned()));
    }
    let mut out = writer(args.to.output.as_deref(), args.to.force, &read(args, artifact))?;
    let mut buf = vec![0u8; 1 << 20];
    let mut offset = 0u64;
    while offset < file.len() {
        let read = match file.fill_at(offset, &mut buf) {
            Ok(read) if !read.is_empty() => read,
            Ok(_) => {
                stderr::line(format_args!("{}: error: it ends at byte {offset} of {}", artifact.name, file.len()));
                return Ok(UNREADABLE);
            }
            Err(error) => {
                stderr::line(format_args!("{}: error: {error}", artifact.name));
                return Ok(UNREADABLE);
            }
        };
        out.write_all(read)?;
        offset = offset.saturating_add(wide(read.len()));
    }
    out.finish()?;
    Ok(0)
}

/// Prints what `fill` gives to a writer that is opened now; `fill` returns the status. `whole` says whether that is all of a
/// key with everything below it.
fn print(
    args: &ShowArgs,
    artifact: &Artifact,
    whole: bool,
    fill: impl FnOnce(&mut dyn Export) -> io::Result<u8>,
) -> Result<u8, Failure> {
    let mut out = writer(args.to.output.as_deref(), args.to.force, &read(args, artifact))?;
    let terminal = args.to.output.is_none() && io::stdout().is_terminal();
    let format = match args.format {
        ShowFormatArg::Text => Format::Text { verbose: args.verbose || args.recursive },
        ShowFormatArg::Json => Format::Json,
        ShowFormatArg::Reg | ShowFormatArg::Raw => Format::Reg { terminal },
    };
    let mut export = export(format, &artifact.name, &mut out)?;
    if !whole {
        export.partial()?;
    }
    let mut status = fill(export.as_mut())?;
    let losses = export.end()?;
    drop(export);
    out.finish()?;
    if losses.unterminated > 0 {
        let n = losses.unterminated;
        stderr::line(format_args!("note: {n} strings have no terminator; every import of the .reg file adds one"));
    }
    if losses.left_out > 0 {
        let n = losses.left_out;
        stderr::line(format_args!(
            "error: {n} keys or values have names that no .reg file can hold; comments stand in their place"
        ));
        status = UNREADABLE;
    }
    Ok(status)
}

/// The key asked for, with an abbreviated root in full.
fn key(args: &ShowArgs) -> KeyPath {
    let mut path = KeyPath::parse(&plain(args.key.as_deref().unwrap_or_default()));
    if let Some(root) = path.0.first_mut()
        && let Some(full) = Root::with_short_name(root.units())
    {
        *root = Name::from(full.long);
    }
    path
}

/// A path as PowerShell and the address bar of regedit write it, as one that starts at a root. Slashes separate where nothing
/// else does and a root comes first: names of keys have them too, such as `RC4 128/128`.
fn plain(text: &str) -> String {
    let mut rest = text;
    for before in ["Microsoft.PowerShell.Core\\", "Registry::", "Computer\\", "My Computer\\"] {
        let begins = rest.get(..before.len()).is_some_and(|start| start.eq_ignore_ascii_case(before));
        rest = if begins { rest.get(before.len()..).unwrap_or_default() } else { rest };
    }
    let end = rest.find(['\\', '/', ':']).unwrap_or(rest.len());
    let (root, below) = rest.split_at(end);
    let is_root = Root::with_short_name(Name::from(root).units()).is_some()
        || root.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("HKEY_"));
    if !is_root {
        return rest.to_owned();
    }
    let below = below.strip_prefix(':').unwrap_or(below);
    if below.contains('\\') { format!("{root}{below}") } else { format!("{root}{}", below.replace('/', "\\")) }
}

/// The value asked for.
fn value(args: &ShowArgs) -> Option<Name> {
    args.value.as_deref().map(|name| Name::from(if name == "@" { "" } else { name }))
}

/// How a value is called in messages.
fn called(value: &Name) -> String {
    if value.units().is_empty() { "default value".to_owned() } else { format!("value {value}") }
}

fn units(text: &str) -> Vec<u16> {
    text.encode_utf16().collect()
}

/// Remarks of one run: the first few are said, the rest counted.
struct Remarks {
    all: bool,
    count: usize,
}

impl Remarks {
    fn new(args: &ShowArgs) -> Self {
        Self { all: args.verbose, count: 0 }
    }

    fn add(&mut self, text: &str) {
        self.count += 1;
        if self.all || self.count <= REMARKS {
            stderr::line(text);
        }
    }

    fn end(&self) {
        let more = self.count.saturating_sub(REMARKS);
        if more > 0 && !self.all {
            stderr::line(format_args!("{more} more remarks (-v shows them; the output has them all)"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_taken_as_powershell_and_regedit_write_them() {
        for written in [
            r"HKLM\SYSTEM\Select",
            r"HKLM:\SYSTEM\Select",
            r"Registry::HKLM\SYSTEM\Select",
            r"registry::hklm\SYSTEM\Select",
            r"Computer\HKLM\SYSTEM\Select",
            "HKLM/SYSTEM/Select",
            "HKLM:/SYSTEM/Select",
        ] {
            assert!(plain(written).eq_ignore_ascii_case(r"HKLM\SYSTEM\Select"), "{written}: {}", plain(written));
        }
        assert_eq!(plain(r"Computer\HKEY_LOCAL_MACHINE\SYSTEM"), r"HKEY_LOCAL_MACHINE\SYSTEM");
        for as_it_is in [r"HKLM\SYSTEM\Ciphers\RC4 128/128", "RC4 128/128", "Select", "", "a:b", "é/è"] {
            assert_eq!(plain(as_it_is), as_it_is);
        }
    }
}
