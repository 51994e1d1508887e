//! The whole program: what it prints on either stream and the status that it ends with, as snapshots.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a panic is how a test fails"
)]
#![cfg(unix)]

#[path = "../common/mod.rs"]
#[allow(dead_code, reason = "each test program uses a part of it")]
mod common;
mod snapshot;

mod arguments;
mod collector;
mod control_sets;
mod estate;
mod every_fixture;
mod extent;
mod fleets;
mod formats;
mod generate;
mod history;
mod hostile;
mod known;
mod ledger;
mod overlay;
mod plans;
mod policy_files;
mod progress;
mod reports;
mod runs;
mod several_policies;
mod shells;
mod streams;
mod tables;
mod ways_out;
