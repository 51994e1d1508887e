//! What Windows calls things: paths, values, times, keys, and the subjects that have an effective state.

pub mod keys;
pub mod path;
pub mod subject;
pub mod time;
pub mod value;

pub(crate) mod upcase;

pub use time::FileTime;
