//! How fast, and in how much memory, a large `.reg` file is read.
//!
//! `TLSHIVE_BENCH_REG` names the file; without it a UTF-16LE one of 100 MB is made in the temporary folder.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a benchmark reports on stdout"
)]

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use tlshive::limits::Limits;
use tlshive::read_at::{LocalFile, ReadAt};
use tlshive::registry::reg_file::{Interest, RegFile};
use tlshive::windows::path::{KeyPath, Name};

const PROTOCOLS: &str = r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols";

fn main() {
    let (path, made) = match std::env::var_os("TLSHIVE_BENCH_REG") {
        Some(path) => (PathBuf::from(path), false),
        None => (make(), true),
    };
    let mut interest = Interest::new();
    for side in ["Client", "Server"] {
        interest.key(&KeyPath::parse(&format!(r"{PROTOCOLS}\TLS 1.2\{side}")));
    }
    for view in [r"SOFTWARE", r"SOFTWARE\WOW6432Node"] {
        interest.key(&KeyPath::parse(&format!(r"HKEY_LOCAL_MACHINE\{view}\Microsoft\.NETFramework\v4.0.30319")));
    }
    let artifact = Arc::from("bench.reg");
    let source = LocalFile::open(&path).unwrap();
    let megabytes = source.len() as f64 / 1e6;
    for pass in 1..=5 {
        let start = Instant::now();
        let file = RegFile::read(&source, &artifact, &interest, &Limits::default(), None);
        let seconds = start.elapsed().as_secs_f64();
        let key = KeyPath::parse(&format!(r"{PROTOCOLS}\TLS 1.2\Client"));
        let said = file.diagnostics();
        println!(
            "pass {pass}: {megabytes:.1} MB in {seconds:.3} s, {:.0} MB/s; {}; {} diagnostics; Enabled: {}",
            megabytes / seconds,
            file.format(),
            said.kept().len() as u64 + said.dropped(),
            match file.lookup(&key, &Name::from("Enabled")) {
                tlshive::registry::Lookup::Found(found) => found.place.to_string(),
                other => format!("{other:?}"),
            },
        );
    }
    if let Ok(status) = std::fs::read_to_string("/proc/self/status") {
        status.lines().filter(|line| line.starts_with("VmHWM")).for_each(|line| println!("{line}"));
    }
    if made {
        std::fs::remove_file(path).unwrap();
    }
}

/// Writes 100 MB of what regedit exports: class registrations, binary values, and at the end what is asked for.
fn make() -> PathBuf {
    let path = std::env::temp_dir().join(format!("tlshive-bench-{}.reg", std::process::id()));
    let mut out = std::io::BufWriter::new(std::fs::File::create(&path).unwrap());
    let mut put = |text: &str| out.write_all(&text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>());
    put("\u{feff}Windows Registry Editor Version 5.00\r\n\r\n").unwrap();
    let hex = format!("{}\\\r\n", "4d,00,5a,90,".repeat(6) + "00,");
    for n in 0..65_000u32 {
        let class = format!(
            "[HKEY_LOCAL_MACHINE\\SOFTWARE\\Classes\\CLSID\\{{{n:08X}-1CFB-4A62-A4C5-C2BD4F2B1A11}}\\InprocServer32]\r\n\
             @=\"C:\\\\Windows\\\\System32\\\\module{n}.dll\"\r\n\"ThreadingModel\"=\"Both\"\r\n\"Flags\"=dword:{n:08x}\r\n\
             \"Data\"=hex:4d,5a,\\\r\n  {hex}  {hex}  {hex}  {hex}  {hex}  {hex}  00,01,02,03\r\n\
             \"Path\"=hex(2):25,00,53,00,79,00,73,00,74,00,65,00,6d,00,25,00,00,00\r\n\r\n"
        );
        put(&class).unwrap();
    }
    put(&format!("[{PROTOCOLS}\\TLS 1.2\\Client]\r\n\"Enabled\"=dword:00000001\r\n")).unwrap();
    out.flush().unwrap();
    path
}
