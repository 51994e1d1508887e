//! Any bytes as the records of a `Registry.pol`, and as preferences.
#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use tlshive::limits::Limits;
use tlshive::windows::path::KeyPath;
use tlshive::registry::group_policy::{gpp, pol};

fuzz_target!(|data: &[u8]| {
    let (artifact, limits) = (Arc::from("fuzz"), Limits::default());
    let records = [pol::SIGNATURE.as_slice(), data].concat();
    let _ = pol::read(&records, &artifact, &KeyPath::parse("HKEY_LOCAL_MACHINE"), &limits);
    let _ = gpp::read(&data.to_vec(), &artifact, &limits);
});
