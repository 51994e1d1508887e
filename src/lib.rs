//! tlshive: judges a Windows machine's TLS settings from its registry, without the machine.
#![cfg_attr(
    test,
    allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap, clippy::cast_sign_loss, reason = "test data")
)]

pub mod diagnostic;
pub mod error;
pub mod limits;
pub mod place;
pub mod read_at;
pub mod registry;
