//! The table of what is read of a machine, held: an audit asks for nothing that does not stand there.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use tlshive::audit::{audit, readings};
use tlshive::host::{Host, Options, Windows, facts};
use tlshive::limits::Limits;
use tlshive::policy::Policy;
use tlshive::registry::hive::{Answer, Listed};
use tlshive::registry::reg_file::{Interest, RegFile, RegIs};
use tlshive::registry::source::Source;
use tlshive::registry::{Listing, Lookup, Registry};
use tlshive::run::Inspection;
use tlshive::windows::path::{KeyPath, Name};
use tlshive::windows::reading::{Part, Reading};

use crate::door;

/// One question.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Question {
    Key(KeyPath),
    Value(KeyPath, Name),
    Keys(KeyPath),
    Values(KeyPath),
}

/// A registry that answers as another does, and remembers what it was asked.
struct Recorder {
    registry: Registry,
    artifact: Arc<str>,
    asked: Rc<RefCell<BTreeSet<Question>>>,
}

impl Source for Recorder {
    fn artifact(&self) -> &Arc<str> {
        &self.artifact
    }

    fn look(&self, path: &KeyPath, value: Option<&Name>, _stale: bool) -> Answer {
        let (question, answer) = match value {
            Some(value) => (Question::Value(path.clone(), value.clone()), self.registry.get(path, value)),
            None => (Question::Key(path.clone()), self.registry.key(path)),
        };
        self.asked.borrow_mut().insert(question);
        Answer::Lookup(answer)
    }

    fn list(&self, path: &KeyPath, what: Listed, _stale: bool) -> Result<Listing, KeyPath> {
        let (question, answer) = match what {
            Listed::Keys => (Question::Keys(path.clone()), self.registry.children(path)),
            Listed::Values => (Question::Values(path.clone()), self.registry.value_names(path)),
        };
        self.asked.borrow_mut().insert(question);
        Ok(answer)
    }
}

/// Whether the table has what was asked.
fn has(table: &[Reading], question: &Question, registry: &Registry) -> bool {
    let is = |names: &[Name], name: &Name| names.iter().any(|known| known.matches(name.units()));
    let (Question::Key(path) | Question::Value(path, _) | Question::Keys(path) | Question::Values(path)) = question;
    table.iter().any(|reading| {
        let Some(below) = path.below(&reading.key) else { return false };
        match (&reading.part, below, question) {
            (Part::Tree, _, _)
            | (_, [], Question::Key(_))
            | (Part::Traces | Part::Entries { .. } | Part::EntriesWith { .. }, [], Question::Keys(_))
            | (Part::AllValues, [], Question::Value(..) | Question::Values(_)) => true,
            (Part::Values(names), [], Question::Value(_, name)) => is(names, name),
            (Part::Entries { values, where_any }, [_], Question::Value(_, name)) => {
                is(values, name) && where_any.iter().any(|key| registry.key(key) != Lookup::KeyAbsent)
            }
            (Part::EntriesWith { texts, values }, [entry], Question::Value(_, name)) => {
                let entry = entry.to_string().to_lowercase();
                is(values, name) && texts.iter().any(|text| entry.contains(&text.to_lowercase()))
            }
            _ => false,
        }
    })
}

/// What `look` makes of the machines of these fixtures.
fn fixtures<T: Send>(hosts: &str, policy: &Policy, look: impl Fn(&Host) -> T + Sync) -> Vec<T> {
    let limits = Limits::default();
    let hosts = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(hosts);
    door::each_machine(&[hosts], &Inspection::new(policy, &Options::new(&limits)), look)
}

/// A machine on which a product and an agent are installed, and which rests on an update; all else as on another.
fn rich(host: &Host) -> Host {
    let local = "[HKEY_LOCAL_MACHINE";
    let uninstall = r"SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall";
    let packages = r"SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\Packages";
    let winhttp = r"SOFTWARE\Microsoft\Windows\CurrentVersion\Internet Settings\WinHttp";
    let version = r"SOFTWARE\Microsoft\Windows NT\CurrentVersion";
    let text = format!(
        "REGEDIT4\n{local}\\SYSTEM\\CurrentControlSet\\Services\\ADSync]\n{local}\\SOFTWARE]\n\
         {local}\\SYSTEM\\CurrentControlSet\\Services\\AADConnectProvisioningAgent]\n\
         {local}\\{version}]\n\"CurrentBuild\"=\"9200\"\n{local}\\{winhttp}]\n\"DefaultSecureProtocols\"=dword:800\n\
         {local}\\{uninstall}\\x]\n\"DisplayName\"=\"Microsoft Entra Connect Sync\"\n\"DisplayVersion\"=\"2.4.1.0\"\n\
         {local}\\{packages}\\Package_for_KB3140245~x]\n\"CurrentState\"=dword:70\n\
         {local}\\{packages}\\Package_for_KB1~x]\n\"CurrentState\"=dword:70\n"
    );
    let mut interest = Interest::new();
    interest.tree(&KeyPath::parse("HKEY_LOCAL_MACHINE"));
    interest.everything(&KeyPath::default());
    let file = RegFile::read(&text.into_bytes(), &Arc::from("rich.reg"), &interest, &Limits::default(), None);
    let registry = Registry::new(vec![Box::new(file.taken_as(RegIs::Export))], 16);
    let windows = Windows::read(&registry);
    assert_eq!(windows.build, Some(9200));
    Host { registry, windows, ..host.clone() }
}

/// What is asked of a machine when it is opened and judged.
fn asked(policy: &Policy, host: &Host) -> BTreeSet<Question> {
    let asked: Rc<RefCell<BTreeSet<Question>>> = Rc::default();
    let registry = || {
        let (registry, artifact) = (host.registry.clone(), Arc::from("recorder"));
        Registry::new(vec![Box::new(Recorder { registry, artifact, asked: Rc::clone(&asked) })], 16)
    };
    let _ = audit(policy, &Host { registry: registry(), ..host.clone() });
    let _ = Windows::read(&registry());
    asked.take()
}

#[test]
fn an_audit_asks_for_what_the_table_has_and_for_nothing_else() {
    let policies = Policy::builtins().unwrap();
    let default = &policies[0];
    let held = |policy: &Policy, host: &Host| {
        let (table, asked) = (readings(policy), asked(policy, host));
        let strange: Vec<&Question> = asked.iter().filter(|question| !has(&table, question, &host.registry)).collect();
        assert!(strange.is_empty(), "{strange:#?}");
        asked
    };
    let plain = fixtures("hosts", default, |host| held(default, host));
    assert!(plain.len() > 20, "{}", plain.len());
    let seen: BTreeSet<Question> = plain.into_iter().flatten().collect();
    // Nor does anything stand there for nothing, but what is read of a machine when it is opened.
    let idle = fixtures("hosts/compliant", default, |host| {
        let rich = rich(host);
        let mut seen = seen.clone();
        seen.extend(policies.iter().flat_map(|policy| held(policy, &rich)));
        let used = |reading: &Reading| {
            seen.iter().any(|question| has(std::slice::from_ref(reading), question, &rich.registry))
        };
        let opened = facts();
        let mut table = readings(default);
        table.retain(|reading| !used(reading) && !opened.contains(reading));
        table
    });
    assert_eq!(idle, [[]]);
}
