//! Machines with known values, and what follows from them by hand. Runs where the corpus lies beside the checkout.

use std::path::Path;

use tlshive::audit::effective::Availability::{self, NotSupported, Off, On, SoftOff, Unknown};
use tlshive::audit::effective::{Effective, Installed, Needs, OverallState, effective};
use tlshive::audit::restart::Pending;
use tlshive::host::{Host, Options};
use tlshive::limits::Limits;
use tlshive::policy::Policy;
use tlshive::run::Inspection;

use crate::door;

fn host(name: &str) -> Option<(Effective, u64)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus/hosts").join(name);
    if !path.is_dir() {
        eprintln!("skipped: no {}", path.display());
        return None;
    }
    let limits = Limits::default();
    let (policy, options) = (Policy::default_policy().unwrap(), Options::new(&limits));
    let look = |host: &Host| (effective(&host.registry, &host.windows), host.pages_read());
    door::each_machine(&[path], &Inspection::new(&policy, &options), look).into_iter().next()
}

/// A machine, client and server of SSL 3.0, TLS 1.0, 1.1, 1.2 and 1.3, the line, the product and what it needs.
type Row = (&'static str, [(Availability, Availability); 5], OverallState, Installed, Needs);

const NO: (Availability, Availability) = (NotSupported, NotSupported);
const ON: (Availability, Availability) = (On, On);
const OFF: (Availability, Availability) = (Off, Off);

const HOSTS: [Row; 5] = [
    ("disabled-server2016", [OFF, ON, ON, OFF, NO], OverallState::Off, Installed::Yes, Needs::Values),
    (
        "halfway-2008r2",
        [ON, ON, (SoftOff, SoftOff), (SoftOff, Unknown), NO],
        OverallState::Partly,
        Installed::No,
        Needs::Unknown,
    ),
    ("iiscrypto-server2012r2", [OFF, OFF, OFF, ON, NO], OverallState::On, Installed::No, Needs::Unknown),
    ("pinned-server2019", [OFF, ON, ON, ON, NO], OverallState::On, Installed::Yes, Needs::Values),
    // Made out of a hive of Server 2012 R2, whose own list of suites it still has: none of TLS 1.3 is in it.
    ("untouched-server2022", [OFF, ON, ON, ON, OFF], OverallState::Partly, Installed::Yes, Needs::NoValues),
];

#[test]
fn known_machines_do_what_their_values_say() {
    for (name, wanted, overall, installed, needs) in HOSTS {
        let Some((effective, pages)) = host(name) else { return };
        for (protocol, want) in ["SSL 3.0", "TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3"].into_iter().zip(wanted) {
            let found = effective.protocols.iter().find(|p| p.protocol == protocol).unwrap();
            assert_eq!((found.client.state, found.server.state), want, "{name}: {protocol}");
        }
        assert_eq!(effective.overall.state, overall, "{name}: {}", effective.overall.why);
        assert_eq!((effective.product.installed, effective.product.needs), (installed, needs), "{name}");
        // The values were added to a hive with old times, which is older than its last shutdown.
        assert_eq!(effective.restart.pending, Pending::No, "{name}: {}", effective.restart.why);
        assert!(pages <= 90, "{name}: {pages} pages");
    }
}
