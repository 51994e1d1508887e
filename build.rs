//! Packs the tables and policies that are built in, so that a run need not parse their text: `src/packed.rs` reads what is
//! written here. A file that is no TOML or JSON, or holds what cannot be packed, fails the build.
#![allow(clippy::print_stdout, reason = "how a build script speaks to cargo")]

use std::env;
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use sha2::{Digest, Sha256};

/// Folders of data, from that of `Cargo.toml`.
const FOLDERS: [&str; 2] = ["src/audit/effective/data", "src/policy/builtin"];

fn main() -> Result<(), Box<dyn Error>> {
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?);
    println!("cargo::rerun-if-changed=build.rs");
    for folder in FOLDERS {
        println!("cargo::rerun-if-changed={folder}");
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            pack_file(&path, &out).map_err(|error| format!("{}: {error}", path.display()))?;
        }
    }
    Ok(())
}

fn pack_file(path: &Path, out: &Path) -> Result<(), Box<dyn Error>> {
    let parse = match path.extension().and_then(|extension| extension.to_str()) {
        Some("toml") => |text: &str| toml::from_str::<Value>(text).map_err(Box::<dyn Error>::from),
        Some("json") => |text: &str| serde_json::from_str::<Value>(text).map_err(Box::<dyn Error>::from),
        _ => return Ok(()),
    };
    let text = fs::read_to_string(path)?;
    let mut packed = Vec::new();
    pack(&parse(&text)?, &mut packed)?;
    let digest = Sha256::digest(text.as_bytes()).iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}"); // a string takes everything
        hex
    });
    let name = path.file_name().and_then(|name| name.to_str()).ok_or("a name that is no text")?;
    fs::write(out.join(format!("{name}.packed")), packed)?;
    fs::write(out.join(format!("{name}.sha256")), digest)?;
    Ok(())
}

/// A byte that says what it is; then a number, or the length and what has it. Lists and maps have the number of their entries
/// before the length, so that they can be counted and passed over.
fn pack(value: &Value, out: &mut Vec<u8>) -> Result<(), Box<dyn Error>> {
    match value {
        Value::Bool(no) if !no => out.push(b'n'),
        Value::Bool(_) => out.push(b'y'),
        Value::Number(number) => {
            out.push(b'u');
            length(number.as_u64().ok_or_else(|| format!("{number} is no whole number from 0 on"))?, out);
        }
        Value::String(text) => {
            out.push(b's');
            bytes(text.as_bytes(), out)?;
        }
        Value::Array(list) => {
            let mut entries = Vec::new();
            list.iter().try_for_each(|value| pack(value, &mut entries))?;
            out.push(b'l');
            length(list.len().try_into()?, out);
            bytes(&entries, out)?;
        }
        Value::Object(map) => {
            let mut entries = Vec::new();
            for (name, value) in map {
                bytes(name.as_bytes(), &mut entries)?;
                pack(value, &mut entries)?;
            }
            out.push(b'm');
            length(map.len().try_into()?, out);
            bytes(&entries, out)?;
        }
        Value::Null => return Err("null cannot be packed".into()),
    }
    Ok(())
}

/// A length and what has it.
fn bytes(bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Box<dyn Error>> {
    length(bytes.len().try_into()?, out);
    out.extend_from_slice(bytes);
    Ok(())
}

/// Seven bits a byte, the lowest first; the highest bit says that more follow.
fn length(mut number: u64, out: &mut Vec<u8>) {
    loop {
        let [low, ..] = number.to_le_bytes();
        number >>= 7;
        if number == 0 {
            return out.push(low & 0x7f);
        }
        out.push(low | 0x80);
    }
}
