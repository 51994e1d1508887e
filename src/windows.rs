//! What Windows calls things: paths, values, times, roots, keys, control sets, and the subjects that have an effective state.

pub mod control_set;
pub mod keys;
pub mod path;
pub mod reading;
pub mod roots;
pub mod state;
pub mod subject;
pub mod time;
pub mod value;

pub(crate) mod upcase;

pub use time::FileTime;
