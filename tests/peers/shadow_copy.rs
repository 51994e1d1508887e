//! What tlshive reads of the shadow copies of a volume, for `shadow.py`: a line for each with its number, when it was made (in
//! 100 ns since 1601), and the SHA-256 of its blocks of 16 KiB that are not all zeros, each behind its place.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::indexing_slicing, reason = "a panic is how a check fails")]

#[path = "../common/shadow.rs"]
mod shadow;

fn main() {
    for path in std::env::args_os().skip(1) {
        for copy in shadow::copies(path.as_ref()) {
            println!("{} {} {}", copy.number, copy.created, copy.sha256);
        }
    }
}
