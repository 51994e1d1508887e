//! Where output goes: standard output, or files that are there as a whole or not at all. A file is written under another
//! name in the same folder, and takes its own name last.

use std::fs::{self, File, Metadata};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::TempPath;

use super::exit::Failure;
use super::progress::Aside;
use crate::read_at::{LocalFile, is_device};
use crate::source::{evidence, is_judged};

/// Something to write to.
pub(super) struct Out {
    to: To,
}

enum To {
    Stdout(Stdout),
    File(Box<NewFile>),
}

/// Standard output.
struct Stdout {
    out: BufWriter<Aside<io::StdoutLock<'static>>>,
    /// Whether what is written goes nowhere once nobody reads it; otherwise that is an error.
    lasting: bool,
    gone: bool,
}

impl Stdout {
    fn put(
        &mut self,
        put: impl FnOnce(&mut BufWriter<Aside<io::StdoutLock<'static>>>) -> io::Result<usize>,
        len: usize,
    ) -> io::Result<usize> {
        if self.gone {
            return Ok(len);
        }
        match put(&mut self.out) {
            Err(error) if self.lasting && error.kind() == io::ErrorKind::BrokenPipe => {
                self.gone = true;
                Ok(len)
            }
            other => other.map_err(|error| on_stdout(&error)),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.put(|out| out.flush().map(|()| 0), 0).map(drop)
    }
}

/// A file that does not have its name yet. It goes when this is dropped.
struct NewFile {
    file: BufWriter<File>,
    temporary: TempPath,
    /// As the user named it.
    shown: String,
    path: PathBuf,
    /// What is there now, which is to be replaced.
    old: Option<Metadata>,
}

/// Standard output, or a file that is not overwritten unless `force` says so; evidence not even then: neither what is being
/// read (`inputs`), nor any hive, disk image or archive.
pub(super) fn writer(path: Option<&Path>, force: bool, inputs: &[PathBuf]) -> Result<Out, Failure> {
    let to = match path {
        None => {
            To::Stdout(Stdout { out: BufWriter::new(Aside::stdout(io::stdout().lock())), lasting: false, gone: false })
        }
        Some(path) => To::File(Box::new(NewFile::new(path, force, inputs)?)),
    };
    Ok(Out { to })
}

/// Writes several files into a folder, all or none. Their names may lead to folders below it.
pub(super) fn folder<'a>(
    folder: &Path,
    files: impl IntoIterator<Item = (&'a str, &'a [u8])>,
    force: bool,
    inputs: &[PathBuf],
) -> Result<(), Failure> {
    let mut new = NewFolder::new(folder)?;
    let mut all = Vec::new();
    for (name, bytes) in files {
        let path = folder.join(name);
        if let Some(below) = path.parent().filter(|below| !below.is_dir()) {
            new.add(below)?;
        }
        let mut file = NewFile::new(&path, force, inputs)?;
        let written = file.file.write_all(bytes).and_then(|()| file.file.flush());
        written.map_err(|error| failed(&file.shown, &error))?;
        all.push(file.ready()?);
    }
    name_all(all)?;
    new.keep();
    Ok(())
}

/// Folders with those above them that were not there. They go when this is dropped, if nothing is in them.
#[derive(Default)]
struct NewFolder {
    /// The innermost first.
    made: Vec<PathBuf>,
}

impl NewFolder {
    fn new(path: &Path) -> Result<Self, Failure> {
        let mut new = Self::default();
        new.add(path)?;
        Ok(new)
    }

    fn add(&mut self, path: &Path) -> Result<(), Failure> {
        let missing = path
            .ancestors()
            .take_while(|path| !path.as_os_str().is_empty() && !path.exists())
            .filter(|path| path.file_name().is_some())
            .map(Path::to_owned);
        self.made.splice(..0, missing.collect::<Vec<PathBuf>>());
        fs::create_dir_all(path).map_err(|error| failed(&path.display().to_string(), &error))
    }

    fn keep(mut self) {
        self.made.clear();
    }
}

impl Drop for NewFolder {
    fn drop(&mut self) {
        for path in &self.made {
            let _ = fs::remove_dir(path);
        }
    }
}

impl Out {
    /// Goes on where nobody reads standard output any more: a report that stands in a file, and the status, are still wanted.
    pub(super) fn lasting(mut self) -> Self {
        if let To::Stdout(out) = &mut self.to {
            out.lasting = true;
        }
        self
    }

    /// Whether the output is a file.
    pub(super) fn is_file(&self) -> bool {
        matches!(self.to, To::File(_))
    }

    /// Ends the output; only now the file is there.
    pub(super) fn finish(self) -> Result<(), Failure> {
        match self.to {
            To::Stdout(mut out) => Ok(out.flush()?),
            To::File(file) => name_all(vec![file.ready()?]),
        }
    }
}

impl Write for Out {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        match &mut self.to {
            To::Stdout(out) => out.put(|out| out.write(buf), buf.len()),
            To::File(file) => file.file.write(buf).map_err(|error| named(&file.shown, &error)),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.to {
            To::Stdout(out) => out.flush(),
            To::File(file) => file.file.flush().map_err(|error| named(&file.shown, &error)),
        }
    }
}

impl NewFile {
    fn new(path: &Path, force: bool, inputs: &[PathBuf]) -> Result<Self, Failure> {
        let shown = path.display().to_string();
        let refused = |what: &str| Failure::Message(format!("{}: {what}", shown));
        const DEVICE: &str = "a pipe or a device, and no file; without -o, output goes to standard output";
        if is_device(path) {
            return Err(refused(DEVICE));
        }
        let old = match fs::metadata(path) {
            Ok(meta) => Some(meta),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(failed(&shown, &error)),
        };
        if path.file_name().is_none()
            || shown.ends_with(std::path::is_separator)
            || old.as_ref().is_some_and(Metadata::is_dir)
        {
            return Err(refused("a folder, where a file is to be written"));
        }
        let mut path = path.to_owned();
        match &old {
            Some(meta) if !meta.is_file() => {
                return Err(refused(DEVICE));
            }
            Some(_) if !force => return Err(refused("File exists (--force overwrites it)")),
            Some(_) => {
                spare_evidence(&path, inputs).map_err(|what| refused(&what))?;
                // Whoever may not write to a file may not replace it either.
                fs::OpenOptions::new().write(true).open(&path).map_err(|error| failed(&shown, &error))?;
                // A link stays one: what it leads to is written.
                path = path.canonicalize().map_err(|error| failed(&shown, &error))?;
            }
            None if fs::symlink_metadata(&path).is_ok() => return Err(refused("a symbolic link that leads nowhere")),
            None => {}
        }
        let no_room = |kind| match kind {
            io::ErrorKind::NotFound => refused("its folder is not there: make that first"),
            kind => refused(&format!("nothing can be written in its folder: {kind}")),
        };
        let (file, temporary) = temporary(&path).map_err(no_room)?;
        if let Some(old) = &old {
            file.set_permissions(old.permissions()).map_err(|error| failed(&shown, &error))?;
        }
        Ok(Self { file: BufWriter::new(file), temporary, shown, path, old })
    }

    /// The file with all that was written to it on the disk. It is closed: of many files, few are open at a time.
    fn ready(self) -> Result<Ready, Failure> {
        let Self { file, temporary, shown, path, old } = self;
        let file = file.into_inner().map_err(|error| failed(&shown, error.error()))?;
        file.sync_all().map_err(|error| failed(&shown, &error))?;
        Ok(Ready { temporary, shown, path, replaces: old.is_some() })
    }
}

/// A file that lacks nothing but its name.
struct Ready {
    temporary: TempPath,
    shown: String,
    path: PathBuf,
    replaces: bool,
}

/// Gives the files their names: all, or none.
fn name_all(files: Vec<Ready>) -> Result<(), Failure> {
    let several = files.len() > 1;
    let mut all = Vec::new();
    for file in files {
        // What is replaced comes back where another of the files cannot have its name.
        let kept = match several && file.replaces {
            true => Some(copy(&file.path).map_err(|error| failed(&file.shown, &error))?),
            false => None,
        };
        all.push((file, kept));
    }
    let mut done: Vec<(PathBuf, Option<TempPath>)> = Vec::new();
    for (Ready { temporary, shown, path, replaces }, kept) in all {
        if let Err(error) = take_name(temporary, &path, replaces) {
            for (path, kept) in done {
                let _ = match kept {
                    Some(kept) => kept.persist(&path).map_err(|error| error.error),
                    None => fs::remove_file(&path),
                };
            }
            return Err(failed(&shown, &error));
        }
        done.push((path, kept));
    }
    Ok(())
}

/// A file beside the one of this name, with the permissions of any new file.
fn temporary(path: &Path) -> Result<(File, TempPath), io::ErrorKind> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(".tlshive-").suffix(".tmp");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666)); // less what the umask takes away
    builder.tempfile_in(folder).map(tempfile::NamedTempFile::into_parts).map_err(|error| error.kind())
}

/// A copy of a file beside it.
fn copy(path: &Path) -> io::Result<TempPath> {
    let (_, copy) = temporary(path)?;
    fs::copy(path, &copy)?;
    Ok(copy)
}

fn take_name(file: TempPath, path: &Path, replace: bool) -> io::Result<()> {
    if replace {
        return file.persist(path).map_err(|error| error.error);
    }
    match file.persist_noclobber(path) {
        Ok(()) => Ok(()),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Err(error.error),
        // Some file systems know neither links nor a rename that replaces nothing: there the name is taken first.
        Err(error) => {
            fs::OpenOptions::new().write(true).create_new(true).open(path)?;
            error.path.persist(path).map_err(|error| {
                let _ = fs::remove_file(path);
                error.error
            })
        }
    }
}

fn failed(shown: &str, error: &io::Error) -> Failure {
    Failure::Message(format!("{}: {error}", shown))
}

fn named(shown: &str, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", shown))
}

fn on_stdout(error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("standard output: {error}"))
}

/// What lies among the inputs is not known before they are walked: there, a file is overwritten only where it is nothing that
/// could be judged, as a report of an earlier run.
pub(super) fn spare_folder(output: &Path, inputs: &[PathBuf]) -> Result<(), Failure> {
    let Ok(there) = output.canonicalize() else { return Ok(()) };
    let folders = inputs.iter().filter_map(|input| {
        let real = input.canonicalize().ok()?;
        if real.is_dir() { Some(real) } else { real.parent().map(Path::to_path_buf) }
    });
    let among = folders.into_iter().any(|folder| there.starts_with(folder));
    let judged = || LocalFile::open(&there).map_or(true, |file| is_judged(&file));
    if fs::metadata(&there).is_ok_and(|meta| meta.is_file()) && (among || has_other_names(&there)) && judged() {
        let shown = output.display();
        return Err(Failure::Message(format!("{shown}: that may be an input, and is not overwritten")));
    }
    Ok(())
}

#[cfg(unix)]
fn has_other_names(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    fs::metadata(path).is_ok_and(|meta| meta.nlink() > 1)
}

#[cfg(not(unix))]
fn has_other_names(_: &Path) -> bool {
    false
}

fn spare_evidence(output: &Path, inputs: &[PathBuf]) -> Result<(), String> {
    let Ok(there) = output.canonicalize() else { return Ok(()) };
    // Not by path: a hard link is the same file under another one. Pipes would wait when they are opened.
    let regular = |path: &&PathBuf| fs::metadata(path).is_ok_and(|meta| meta.is_file());
    let own = same_file::Handle::from_path(&there).map_err(|error| error.to_string())?;
    let same = |path: &PathBuf| same_file::Handle::from_path(path).is_ok_and(|other| other == own);
    if inputs.iter().filter(regular).any(same) {
        return Err("that is an input, and not overwritten".to_owned());
    }
    let file =
        LocalFile::open(&there).map_err(|error| format!("what it is cannot be told, and so it stays: {error}"))?;
    match evidence(&file) {
        Some(what) => Err(format!("that is {what}, and not overwritten")),
        None => Ok(()),
    }
}
