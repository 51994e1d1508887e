//! A zip, tar, gzip or zstd: the hives in it, as a file that a user names.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::{Corpus, fuzz_target};
use tlshive_fuzz::{About, Target};

static TARGET: LazyLock<Target> = LazyLock::new(|| Target::new(About::Archive));

fuzz_target!(|data: &[u8]| -> Corpus { TARGET.run(data) });
