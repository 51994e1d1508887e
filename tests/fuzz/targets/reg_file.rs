//! Any bytes as a `.reg` file.
#![no_main]

use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use tlshive::limits::Limits;
use tlshive::policy::Policy;
use tlshive::registry::reg_file::{Interest, RegFile, RegIs, sniff};

static POLICY: LazyLock<Policy> = LazyLock::new(|| Policy::default_policy().expect("the built-in policy loads"));

fuzz_target!(|data: &[u8]| {
    let limits = Limits::default();
    let mut interest = Interest::new();
    POLICY.settings().for_each(|setting| interest.key(&setting.key));
    sniff(data);
    let file = RegFile::read(&data.to_vec(), &Arc::from("fuzz"), &interest, &limits, None);
    assert!(!file.extent().to_string().is_empty());
    let ask = |file: &RegFile| POLICY.settings().for_each(|setting| drop(file.lookup(&setting.key, &setting.value)));
    ask(&file);
    ask(&file.taken_as(RegIs::Export));
});
