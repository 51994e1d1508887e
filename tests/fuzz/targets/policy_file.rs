//! Any bytes as a policy file, and as a waiver file.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tlshive::policy::Policy;
use tlshive::policy::waiver::Waivers;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let _ = Policy::parse(text);
    let _ = Waivers::parse(text, "fuzz");
});
