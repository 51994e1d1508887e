//! Volumes made here, whole and damaged.
#![allow(clippy::arithmetic_side_effects, reason = "offsets of test data")]

mod builder;
mod file;
mod folder;
mod hostile;
mod whole;
