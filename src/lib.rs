//! tlshive judges a Windows machine's TLS settings from its registry, without the machine.
//!
//! From the top down, the modules in the order in which the bytes travel:
//!
//! ```text
//!  inputs and options           [run]       the door: threads, order, a stream of records
//!        │
//!        ▼
//!  what the user named          [source]    files told apart by content
//!        │   ▲                      [image]     out of its container a disk, of that volumes, of those files
//!        │   │                      `archive`   out of an archive its members
//!        │ artifacts
//!        ▼
//!  hives, .reg, policy files    [registry]  path and name in, Lookup out
//!        │ sources
//!        ▼
//!  machines                     [host]      hives and files grouped, facts, control set
//!        │                          [policy]    rules, as data
//!        ▼                              │
//!  findings, verdict            [audit] ◄───┘   pure: no I/O, no clock
//!        │   │
//!        │   ├─ changes             [plan]      for a machine, and the files that import them
//!        ▼   ▼
//!  text, JSON, reports          [output]
//!        │
//!        ▼
//!  arguments, exit status       [cli]
//! ```
//!
//! Saved streams are read again by [`saved`] and held against each other by [`diff`].
//!
//! Below them all lie [`windows`] (what Windows calls things), [`read_at`] (byte sources), [`files`] (of this machine, or in object
//! stores), [`place`] and [`error`] (where, what was expected, what was found), [`diagnostic`] (what a reader has to say that is no
//! answer), [`digest`], `fields` (numbers out of binary structures), `glob` (names with `*` and `?`), `near` (names that are nearly
//! another), `number` (lengths and numbers), `packed` (data that is built in), [`progress`] (how far a run is) and [`limits`] (budgets against hostile input).
//! `tests/layers.rs` holds the directions.
//!
//! # A folder, judged
//!
//! ```
//! use tlshive::host::Options;
//! use tlshive::limits::Limits;
//! use tlshive::policy::Policy;
//! use tlshive::run::{Inspection, Record, records_of};
//!
//! let (limits, policy) = (Limits::default(), Policy::default_policy()?);
//! let options = Options::new(&limits);
//! let (records, end) = records_of(&["fixtures/hosts/compliant".into()], &Inspection::new(&policy, &options));
//! for record in &records {
//!     if let Record::Host(host) = record {
//!         println!("{}: {}", host.report.name, host.report.verdict.word());
//!     }
//! }
//! assert_eq!((end.counts.hosts, end.counts.status()), (1, 0));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![cfg_attr(
    test,
    allow(
        clippy::cast_possible_truncation,
        clippy::cast_possible_wrap,
        clippy::cast_sign_loss,
        clippy::string_slice,
        reason = "tests state what must hold; a panic there is the report"
    )
)]

pub mod diagnostic;
pub mod digest;
pub mod error;
mod fields;
pub mod files;
mod glob;
pub mod limits;
mod near;
mod number;
mod packed;
pub mod place;
pub mod progress;
pub mod read_at;

mod archive;
pub mod audit;
pub mod cli;
pub mod diff;
pub mod host;
pub mod image;
pub mod output;
pub mod plan;
pub mod policy;
pub mod registry;
pub mod run;
pub mod saved;
pub mod source;
pub mod windows;
