//! A hive and a log of it, both any bytes: replayed, then looked up.
#![no_main]

use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use tlshive::limits::Limits;
use tlshive::policy::Policy;
use tlshive::read_at::ReadAt;
use tlshive::registry::hive::{Hive, Mounted, replay};
use tlshive::registry::Registry;
use tlshive::windows::keys::system;

static POLICY: LazyLock<Policy> = LazyLock::new(|| Policy::default_policy().expect("the built-in policy loads"));

// The first two bytes say where the hive ends and its log begins, in units of 512 bytes.
fuzz_target!(|data: &[u8]| {
    let Some((head, rest)) = data.split_first_chunk::<2>() else { return };
    let at = (usize::from(u16::from_le_bytes(*head)) * 512).min(rest.len());
    let (hive, log) = rest.split_at(at);
    let limits = Limits::default();
    let logs = vec![(Arc::from("LOG1"), Box::new(log.to_vec()) as Box<dyn ReadAt>)];
    let (source, _) = replay(Box::new(hive.to_vec()), logs, &limits);
    let Ok(hive) = Hive::open(source, Arc::from("fuzz"), &limits) else { return };
    let registry = Registry::new(vec![Box::new(Mounted::new(system(), hive))], limits.links);
    for setting in POLICY.settings() {
        registry.get(&setting.key, &setting.value);
    }
});
