//! Any bytes as a `.reg` file.
#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use tlshive::limits::Limits;
use tlshive::policy::Policy;
use tlshive::registry::reg_file::{Interest, RegFile, sniff};

fuzz_target!(|data: &[u8]| {
    let limits = Limits::default();
    let policy = Policy::default_policy().expect("the built-in policy loads");
    let mut interest = Interest::new();
    policy.settings().for_each(|setting| interest.key(&setting.key));
    sniff(data);
    let file = RegFile::read(&data.to_vec(), &Arc::from("fuzz"), &interest, &limits, None);
    for setting in policy.settings() {
        file.lookup(&setting.key, &setting.value);
    }
});
