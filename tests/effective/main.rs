//! What Windows does in effect, by tables written out as data: none of the wanted answers is computed by the code under test.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::indexing_slicing,
    reason = "a panic is how a test fails"
)]

#[path = "../common/door.rs"]
#[allow(dead_code, reason = "each test program uses a part of it")]
mod door;

mod corpus;
mod dotnet;
mod facts;
mod held;
mod known;
mod lints;
mod machine;
mod protocols;
mod readings;
mod usable;
