//! Machines by the door, as the program meets them.

use std::convert::Infallible;
use std::path::PathBuf;

use tlshive::audit::HostReport;
use tlshive::host::Host;
use tlshive::run::{Inputs, Inspection, Met, Record, open_each, records_of};

/// What the audit says of each machine.
pub(crate) fn reports(inputs: &[PathBuf], inspection: &Inspection<'_>) -> Vec<HostReport> {
    let report = |record| match record {
        Record::Host(host) => Some(host.report),
        _ => None,
    };
    records_of(inputs, inspection).0.into_iter().filter_map(report).collect()
}

/// What `look` makes of each machine that is opened.
pub(crate) fn each_machine<T: Send>(
    inputs: &[PathBuf],
    inspection: &Inspection<'_>,
    look: impl Fn(&Host) -> T + Sync,
) -> Vec<T> {
    let mut made = Vec::new();
    let seen = |met: Met<'_>| match met {
        Met::Machine(host, _) => Some(look(host)),
        _ => None,
    };
    let end = open_each(Inputs::Named(inputs), inspection, seen, |one| {
        made.extend(one);
        Ok::<(), Infallible>(())
    });
    match end {
        Ok(_) => made,
        Err(never) => match never {},
    }
}
