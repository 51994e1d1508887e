//! Volume shadow copies: their list, and the volume as each one kept it.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::{Corpus, fuzz_target};
use tlshive_fuzz::{About, Target};

static TARGET: LazyLock<Target> = LazyLock::new(|| Target::new(About::Shadow));

fuzz_target!(|data: &[u8]| -> Corpus { TARGET.run(data) });
