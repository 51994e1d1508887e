//! A machine out of a few lines of a `.reg` file.

use std::io;
use std::sync::Arc;

use tlshive::audit::effective::{Effective, effective, readings};
use tlshive::audit::{States, Told};
use tlshive::host::Windows;
use tlshive::limits::Limits;
use tlshive::read_at::ReadAt;
use tlshive::registry::Registry;
use tlshive::registry::reg_file::{Interest, RegFile, RegIs};
use tlshive::windows::path::KeyPath;
use tlshive::windows::subject::Subject;

pub(crate) const PROTOCOLS: &str =
    r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols";
pub(crate) const NET: &str = r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\.NETFramework";
pub(crate) const WOW_NET: &str = r"HKEY_LOCAL_MACHINE\SOFTWARE\WOW6432Node\Microsoft\.NETFramework";

/// Both hives are spoken of: what is not listed does not exist.
const WHOLE: &str = "[HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet]\n[HKEY_LOCAL_MACHINE\\SOFTWARE]\n";
const ENVIRONMENT: &str = r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\Session Manager\Environment";
const VERSION: &str = r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows NT\CurrentVersion";

fn kept() -> Interest {
    let mut kept = Interest::new();
    for reading in readings() {
        if reading.is_deep() { kept.tree(&reading.key) } else { kept.key(&reading.key) }
    }
    [ENVIRONMENT, VERSION].iter().for_each(|key| kept.key(&KeyPath::parse(key)));
    kept
}

fn of(source: &dyn ReadAt) -> Effective {
    let file = RegFile::read(source, &Arc::from("t.reg"), &kept(), &Limits::default(), None).taken_as(RegIs::Export);
    let registry = Registry::new(vec![Box::new(file)], 16);
    effective(&registry, &Windows::read(&registry))
}

/// The word and the reason for a subject.
pub(crate) fn told(effective: &Effective, subject: &str) -> (&'static str, String) {
    let Told { state, why } = effective.state(Subject::parse(subject).unwrap_or_else(|| panic!("{subject}")));
    (state.word(), why)
}

/// What these lines say, and nothing else.
pub(crate) fn just(lines: &str) -> Effective {
    of(&format!("Windows Registry Editor Version 5.00\n{lines}\n").into_bytes())
}

/// A whole 64-bit machine of this build, on which nothing is set but these lines.
pub(crate) fn machine(build: u32, lines: &str) -> Effective {
    just(&format!(
        "{WHOLE}[{VERSION}]\n\"CurrentBuild\"=\"{build}\"\n\"InstallationType\"=\"Server\"\n\
         [{ENVIRONMENT}]\n\"PROCESSOR_ARCHITECTURE\"=\"AMD64\"\n{lines}"
    ))
}

/// The same as a 32-bit machine.
pub(crate) fn machine_x86(build: u32, lines: &str) -> Effective {
    let x86 = format!("[{ENVIRONMENT}]\n\"PROCESSOR_ARCHITECTURE\"=\"x86\"\n{lines}");
    machine(build, &x86)
}

/// A machine whose registry cannot be read to its end.
pub(crate) fn unreadable() -> Effective {
    struct Broken;
    impl ReadAt for Broken {
        fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
            if offset > 0 || buf.len() > 4096 {
                return Err(io::Error::other("bad sector"));
            }
            format!("Windows Registry Editor Version 5.00\n{WHOLE}").into_bytes().read_at(offset, buf)
        }

        fn len(&self) -> u64 {
            8192
        }
    }
    of(&Broken)
}

/// A line that sets a number, or nothing.
pub(crate) fn dword(name: &str, n: Option<u32>) -> String {
    n.map(|n| format!("\"{name}\"=dword:{n:08x}\n")).unwrap_or_default()
}

/// The ids of the lints.
pub(crate) fn ids(effective: &Effective) -> Vec<&'static str> {
    effective.lints.iter().map(|lint| lint.id.as_str()).collect()
}
