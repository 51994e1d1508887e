//! A volume of NTFS, FAT or exFAT: its folders, and the hives in it.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::{Corpus, fuzz_target};
use tlshive_fuzz::{About, Target};

static TARGET: LazyLock<Target> = LazyLock::new(|| Target::new(About::Ntfs));

fuzz_target!(|data: &[u8]| -> Corpus { TARGET.run(data) });
