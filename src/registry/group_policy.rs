//! Files of Group Policy as inputs: told by their content, and answering for what they set and delete.

pub mod gpp;
mod owner;
pub mod pol;

use std::fmt;
use std::sync::Arc;

use super::change::Changes;
use super::hive::{Answer, Listed};
use super::overlay::Alone;
use super::source::Source;
use super::{Listing, Lookup};
use crate::diagnostic::{Code, Diagnostic};
use crate::error::{At, Error};
use crate::limits::Limits;
use crate::place::Place;
use crate::read_at::ReadAt;
use crate::windows::control_set;
use crate::windows::keys::system;
use crate::windows::path::{KeyPath, Name};
use crate::windows::roots::MACHINE;

pub use owner::{Layout, Owner};

/// Which file it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `Registry.pol`
    Pol,
    /// `Registry.xml`, or a `<Collection>` of it.
    Gpp,
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Form::Pol => "Registry.pol",
            Form::Gpp => "Group Policy Preferences XML",
        })
    }
}

/// Tells a policy file by its start. One of another version, or in an encoding that is not read, is one as well: reading it
/// says so.
pub fn sniff(start: &[u8]) -> Option<Form> {
    if start.starts_with(b"PReg") {
        return Some(Form::Pol);
    }
    let wide = |bytes: &[u8], of: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes.as_chunks::<2>().0.iter().map(|&pair| of(pair)).collect();
        String::from_utf16_lossy(&units)
    };
    let text = match start {
        [0xff, 0xfe, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => wide(rest, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] | rest => String::from_utf8_lossy(rest).into_owned(),
    };
    let root = root_element(&text)?.strip_prefix('<')?;
    let named = |name| root.strip_prefix(name).is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric()));
    // Much XML has a root of this name; that of preferences has an id of its class, or items.
    let collection = named("Collection") && (root.contains("clsid=") || root.contains("<Registry"));
    (named("RegistrySettings") || collection).then_some(Form::Gpp)
}

/// The text from the root element on.
fn root_element(text: &str) -> Option<&str> {
    let mut text = text.trim_start();
    loop {
        let end = match text {
            _ if text.starts_with("<?") => "?>",
            _ if text.starts_with("<!--") => "-->",
            _ => return Some(text),
        };
        text = text.split_once(end)?.1.trim_start();
    }
}

/// Reads what a policy file changes below `HKEY_LOCAL_MACHINE`, and what there is to say of it.
///
/// Never fails: what cannot be read is [`Changes::stopped`].
pub fn read(
    source: &dyn ReadAt,
    artifact: &Arc<str>,
    layout: Layout,
    form: Form,
    limits: &Limits,
) -> (Changes, Vec<Diagnostic>) {
    let machine = KeyPath::parse(MACHINE);
    let script = match form {
        Form::Pol => pol::read(source, artifact, &machine, limits),
        Form::Gpp => gpp::read(source, artifact, limits),
    };
    let mut changes = Changes { native: true, ..Changes::default() };
    let script = match script {
        Ok(script) => script,
        Err(error) => {
            let place = Place::new(artifact, error.at());
            let message = format!("not read to its end: {error}");
            changes.stopped = Some((error, place.clone()));
            return (changes, vec![Diagnostic::new(Code::PolicyFileStopped, message, place)]);
        }
    };
    let mut diagnostics = script.diagnostics.all(artifact);
    changes.stopped = script.unknown.map(|(error, at)| (error, Place::new(artifact, at)));
    let owner = match form {
        Form::Pol if !script.said.is_empty() => owner::of(layout, script.said.iter().map(|said| said.change.key())),
        Form::Pol | Form::Gpp => Ok(Owner::Machine),
    };
    let warning = |code, message: String| Diagnostic::new(code, message, Place::new(artifact, At::Whole));
    if owner == Ok(Owner::User) {
        let message =
            "a user's settings: it changes nothing of the machine (--registry-pol machine, if it is the machine's)";
        diagnostics.push(warning(Code::PolicyFileUser, message.to_owned()));
        return (changes, diagnostics);
    }
    if let Err(why) = &owner {
        diagnostics.push(warning(Code::PolicyFileOwner, why.clone()));
    }
    let (mut others, mut first) = (0u64, At::Whole);
    for said in script.said {
        let place = Place::new(artifact, said.at);
        let key = said.change.key();
        if key.below(&machine).is_none() {
            first = if others == 0 { said.at } else { first };
            others += 1;
            continue;
        }
        match said.doubt.or_else(|| owner.clone().err()) {
            Some(doubt) => changes.doubts.push((key.clone(), Error::unsupported(said.at, doubt), place)),
            None => changes.changes.push((said.change, place)),
        }
    }
    if others > 0 {
        let message =
            format!("not about HKEY_LOCAL_MACHINE, so not looked at (changes: {others}, of which this is the first)");
        diagnostics.push(Diagnostic::new(Code::PolicyFileOtherRoot, message, Place::new(artifact, first)));
    }
    (changes, diagnostics)
}

/// A policy file as an input of its own.
#[derive(Debug)]
pub struct PolicyFile {
    artifact: Arc<str>,
    sets: Vec<Name>,
    stopped: Option<Error>,
    alone: Alone,
    diagnostics: Vec<Diagnostic>,
}

impl PolicyFile {
    /// Reads a file, as [`read`] does.
    pub fn read(source: &dyn ReadAt, artifact: &Arc<str>, layout: Layout, form: Form, limits: &Limits) -> Self {
        let (changes, diagnostics) = read(source, artifact, layout, form, limits);
        let keys = changes.changes.iter().map(|(change, _)| change.key());
        let mut sets: Vec<Name> = Vec::new();
        for key in keys.chain(changes.doubts.iter().map(|(key, ..)| key)) {
            if let Some(set) = key.below(&system()).and_then(<[Name]>::first)
                && control_set::is_control_set(set.units())
                && !sets.iter().any(|known| known.matches(set.units()))
            {
                sets.push(set.clone());
            }
        }
        let stopped = changes.stopped.as_ref().map(|(error, _)| error.clone());
        Self { artifact: Arc::clone(artifact), sets, stopped, alone: Alone::new(&changes), diagnostics }
    }

    /// How the input is called in reports.
    pub fn artifact(&self) -> &Arc<str> {
        &self.artifact
    }

    /// Everything there is to say about the file; an error among it when it was not read to its end.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// Why nothing can be said of what the file does, if so.
    pub fn stopped(&self) -> Option<&Error> {
        self.stopped.as_ref()
    }

    /// The control sets that the file speaks of, as it first spells them.
    pub fn control_sets(&self) -> &[Name] {
        &self.sets
    }

    /// What the file says of a value: of those that it neither sets nor deletes, nothing.
    pub fn lookup(&self, key: &KeyPath, value: &Name) -> Lookup {
        self.alone.get(key, value)
    }

    /// What the file says of a key: [`Lookup::ValueAbsent`] that it exists.
    pub fn key(&self, key: &KeyPath) -> Lookup {
        self.alone.key(key)
    }

    /// What the file says that a key holds.
    pub fn list(&self, key: &KeyPath, what: Listed) -> Listing {
        self.alone.list(key, what)
    }
}

impl Source for PolicyFile {
    fn artifact(&self) -> &Arc<str> {
        self.artifact()
    }

    fn look(&self, path: &KeyPath, value: Option<&Name>, _stale: bool) -> Answer {
        Answer::Lookup(match value {
            Some(value) => self.lookup(path, value),
            None => self.key(path),
        })
    }

    fn list(&self, path: &KeyPath, what: Listed, _stale: bool) -> Result<Listing, KeyPath> {
        Ok(self.list(path, what))
    }

    fn spoken_of(&self) -> &[Name] {
        self.control_sets()
    }

    fn stopped(&self) -> Option<&Error> {
        self.stopped()
    }

    fn diagnostics(&self) -> Vec<Diagnostic> {
        self.diagnostics().to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policy_files_are_told_by_their_content() {
        let settings = "<?xml version=\"1.0\"?>\n<!-- x -->\r\n<RegistrySettings clsid=\"{A}\">";
        let wide: Vec<u8> = settings.encode_utf16().flat_map(u16::to_le_bytes).collect();
        for (start, form) in [
            (&b"PReg\x01\0\0\0"[..], Some(Form::Pol)),
            (b"PReg\x02\0\0\0", Some(Form::Pol)),
            (settings.as_bytes(), Some(Form::Gpp)),
            (&[b"\xef\xbb\xbf", settings.as_bytes()].concat(), Some(Form::Gpp)),
            (&[b"\xff\xfe", wide.as_slice()].concat(), Some(Form::Gpp)),
            (b"<Collection clsid=\"{53B533F5-224C-47e3-B01B-CA3B3F3FF4BF}\" name=\"x\">", Some(Form::Gpp)),
            (b"<Collection>\n<Registry ", Some(Form::Gpp)),
            (b"<Collection>\n<Book/></Collection>", None),
            (b"<RegistrySettingsX/>", None),
            (b"<Groups clsid=\"{3}\"><RegistrySettings/>", None),
            (b"<!-- RegistrySettings", None),
            (b"PRe", None),
            (b"", None),
        ] {
            assert_eq!(sniff(start), form, "{}", start.escape_ascii());
        }
    }

    fn record(key: &str, name: &str, data: &[u8]) -> Vec<u8> {
        let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
        let kind = if name.starts_with("**") { 1u32 } else { 4 };
        let size = u32::try_from(data.len()).unwrap();
        let (head, semicolon) = (wide(&format!("[{key}\0;{name}\0;")), wide(";"));
        [&head[..], &kind.to_le_bytes(), &semicolon, &size.to_le_bytes(), &semicolon, data, &wide("]")].concat()
    }

    fn file(records: &[Vec<u8>], layout: Layout) -> PolicyFile {
        let bytes = [pol::SIGNATURE.to_vec(), records.concat()].concat();
        PolicyFile::read(&bytes, &Arc::from("x.pol"), layout, Form::Pol, &Limits::default())
    }

    #[test]
    fn it_says_nothing_of_values_that_it_does_not_name() {
        let records = [
            record(r"SYSTEM\CurrentControlSet\A", "set", &[1, 0, 0, 0]),
            record(r"SYSTEM\CurrentControlSet\A", "**del.gone", &[32, 0, 0, 0]),
            record(r"SYSTEM\CurrentControlSet", "**DeleteKeys", b"B\0\0\0"),
            record(r"SYSTEM\CurrentControlSet\B", "new", &[1, 0, 0, 0]),
            record(r"SYSTEM\CurrentControlSet\C", "**soft.doubt", &[1, 0, 0, 0]),
        ];
        let machine = file(&records, Layout::default());
        let ask = |key: &str, value: &str| {
            let key = KeyPath::parse(&format!(r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\{key}"));
            match machine.lookup(&key, &Name::from(value)) {
                Lookup::Found(found) => found.place.to_string(),
                Lookup::KeyAbsent => "no key".to_owned(),
                Lookup::ValueAbsent(_) => "no value".to_owned(),
                Lookup::NotCovered => "not covered".to_owned(),
                Lookup::Unreadable(..) => "unreadable".to_owned(),
            }
        };
        for (key, value, want) in [
            ("A", "SET", "x.pol @ 0x8"),
            ("A", "gone", "no value"),
            ("A", "other", "not covered"),
            (r"A\X", "other", "not covered"),
            ("B", "new", "x.pol"),
            ("B", "other", "no value"),
            (r"B\X", "other", "no key"),
            ("C", "other", "unreadable"),
            ("D", "other", "not covered"),
        ] {
            let got = ask(key, value);
            assert!(got.starts_with(want), "{key} {value}: {got}");
        }
        assert_eq!(machine.control_sets(), [Name::from("CurrentControlSet")]);
        let codes = |file: &PolicyFile| file.diagnostics().iter().map(|d| d.code.as_str()).collect::<Vec<_>>();
        let user = file(&records, Layout { said: Some(Owner::User), ..Layout::default() });
        assert!(codes(&user).contains(&"policy-file-user"));
        assert!(user.control_sets().is_empty());
        let open = [record(r"SOFTWARE\Policies\X", "set", &[1, 0, 0, 0])];
        let open = file(&open, Layout { folder_user: true, ..Layout::default() });
        assert_eq!(codes(&open), ["policy-file-owner"]);
        let key = KeyPath::parse(r"HKEY_LOCAL_MACHINE\SOFTWARE\Policies\X");
        assert!(matches!(open.lookup(&key, &Name::from("set")), Lookup::Unreadable(..)));
    }
}
