//! What is made of machines once they are opened: an audit, or what somebody else has to do with them.

use std::marker::PhantomData;

use super::{Counts, HostRecord, InputRecord, Inspection, Record};
use crate::audit::{HostReport, Used, Verdict, audit, cross_check};
use crate::diagnostic::Diagnostic;
use crate::host::{Group, Host};

/// What is made of machines and of inputs, on the threads that looked at them.
pub(super) trait Look<T>: Sync {
    /// Of the control sets of a machine. `remarks` has what its readers say, and gets what else there is to say; `around` is on
    /// what lies beside it.
    fn machine(&self, group: &Group, hosts: &[Host], remarks: &mut Vec<Diagnostic>, around: Around<'_>) -> Looked<T>;

    /// Of what became of an input.
    fn input(&self, record: InputRecord) -> T;
}

/// What came of a machine.
pub(super) struct Looked<T> {
    pub(super) records: Vec<T>,
    pub(super) counts: Counts,
    pub(super) used: Used,
}

/// What there is to say of the folder, the image or the archive that a machine lies in.
#[derive(Clone, Copy)]
pub(super) struct Around<'d> {
    pub(super) diagnostics: &'d [Diagnostic],
    /// Whether it is the only machine there.
    pub(super) alone: bool,
}

impl<'d> Around<'d> {
    /// What of it is on the machine: on one of its files, or on what that lies in.
    fn on(self, host: &Host) -> impl Iterator<Item = &'d Diagnostic> {
        let is_on = |remark: &&Diagnostic| host.inputs.iter().any(|i| i.name.starts_with(&*remark.place.artifact));
        self.diagnostics.iter().filter(move |remark| self.alone || is_on(remark))
    }
}

/// Machines are judged, and each record is made into something.
pub(super) struct Audits<'a, R> {
    pub(super) inspection: &'a Inspection<'a>,
    pub(super) render: R,
}

impl<T, R: Fn(Record) -> T + Sync> Look<T> for Audits<'_, R> {
    fn machine(&self, group: &Group, hosts: &[Host], remarks: &mut Vec<Diagnostic>, _: Around<'_>) -> Looked<T> {
        let (mut counts, mut used) = (Counts::default(), Used::default());
        let mut judge = |host| {
            let judged = audit(self.inspection.policy, host);
            let is_changed = self.inspection.cross_check || self.inspection.waivers.is_some();
            // A plan rests on what the rules say, whatever a second reader and waivers make of that.
            let plain = (is_changed && self.inspection.fixer.is_some()).then(|| judged.clone());
            let (report, more) = self.weigh(judged, host, &mut used);
            remarks.extend(more);
            // There is nothing to be done about the past.
            let is_now = report.verdict == Verdict::NotCompliant && report.as_of.is_none();
            let fixer = self.inspection.fixer.filter(|_| is_now);
            let fix = fixer.map(|fixer| fixer(host, plain.as_ref().unwrap_or(&report)));
            counts.host(&report);
            (self.render)(Record::Host(Box::new(HostRecord::new(group, report, fix))))
        };
        let records = hosts.iter().map(&mut judge).collect();
        Looked { records, counts, used }
    }

    fn input(&self, record: InputRecord) -> T {
        (self.render)(Record::Input(Box::new(record)))
    }
}

impl<R> Audits<'_, R> {
    /// What a second reader and waivers make of a report.
    fn weigh(&self, mut report: HostReport, host: &Host, used: &mut Used) -> (HostReport, Vec<Diagnostic>) {
        let remarks = match self.inspection.cross_check {
            true => cross_check(&mut report, host),
            false => Vec::new(),
        };
        if let Some((waivers, today)) = self.inspection.waivers {
            used.waive(waivers, &mut report, today);
        }
        (report, remarks)
    }
}

/// Something that was met.
#[non_exhaustive]
pub enum Met<'a> {
    /// A machine, as one control set of it, and what there is to say of it and of its files.
    Machine(&'a Host, Vec<&'a Diagnostic>),
    /// What became of an input.
    Input(Box<InputRecord>),
}

/// Machines are opened, and somebody else looks at them.
pub(super) struct Opens<T, F> {
    pub(super) look: F,
    pub(super) gives: PhantomData<fn() -> T>,
}

impl<T, F: Fn(Met<'_>) -> T + Sync> Look<T> for Opens<T, F> {
    fn machine(&self, _: &Group, hosts: &[Host], remarks: &mut Vec<Diagnostic>, around: Around<'_>) -> Looked<T> {
        let look = |host| (self.look)(Met::Machine(host, around.on(host).chain(&*remarks).collect()));
        let counts = Counts { hosts: hosts.len() as u64, ..Counts::default() };
        Looked { records: hosts.iter().map(look).collect(), counts, used: Used::default() }
    }

    fn input(&self, record: InputRecord) -> T {
        (self.look)(Met::Input(Box::new(record)))
    }
}
