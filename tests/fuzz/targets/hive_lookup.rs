//! Any bytes as a SYSTEM hive, audited.
#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use tlshive::limits::Limits;
use tlshive::policy::Policy;
use tlshive::registry::hive::Hive;
use tlshive::registry::{Registry, Source, system};

fuzz_target!(|data: &[u8]| {
    let limits = Limits::default();
    let Ok(hive) = Hive::open(Box::new(data.to_vec()), Arc::from("fuzz"), &limits) else { return };
    let registry = Registry::new(vec![Source::Hive(system(), hive)], limits.links);
    let policy = Policy::default_policy().expect("the built-in policy loads");
    for setting in policy.settings() {
        registry.get(&setting.key, &setting.value);
    }
});
