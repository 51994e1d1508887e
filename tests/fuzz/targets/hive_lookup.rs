//! Any bytes as a SYSTEM hive: the values that the policy asks for, and the effective state.
#![no_main]

use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use tlshive::audit::effective;
use tlshive::host::Windows;
use tlshive::limits::Limits;
use tlshive::policy::Policy;
use tlshive::registry::hive::{Hive, Mounted};
use tlshive::registry::Registry;
use tlshive::windows::keys::system;

static POLICY: LazyLock<Policy> = LazyLock::new(|| Policy::default_policy().expect("the built-in policy loads"));

fuzz_target!(|data: &[u8]| {
    let limits = Limits::default();
    let Ok(hive) = Hive::open(Box::new(data.to_vec()), Arc::from("fuzz"), &limits) else { return };
    let registry = Registry::new(vec![Box::new(Mounted::new(system(), hive))], limits.links);
    for setting in POLICY.settings() {
        registry.get(&setting.key, &setting.value);
    }
    effective(&registry, &Windows::read(&registry));
});
