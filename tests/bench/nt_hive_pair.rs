//! A whole program that prints the eight values through nt-hive: `tests/bench/peers.sh` times it against `tlshive audit`.
//! It reads both files whole, since mapping them takes `unsafe`, which this crate forbids.
#![allow(clippy::print_stdout, reason = "the values are what the program is for")]

mod nt_hive_eight;

use std::error::Error;
use std::ffi::OsString;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let [system, software] = arguments.as_slice() else {
        println!("usage: nt_hive_pair SYSTEM SOFTWARE"); // `cargo bench` runs every target, with arguments of its own
        return Ok(());
    };
    for (key, name, number) in nt_hive_eight::read(&std::fs::read(system)?, &std::fs::read(software)?)? {
        match number {
            Some(number) => println!("{key}\t{name}\t{number}"),
            None => println!("{key}\t{name}\t-"),
        }
    }
    Ok(())
}
