//! `Registry.xml` of Group Policy Preferences (\[MS-GPPREF\] 2.2.1.17), or its `<Collection>` alone, which can be
//! pasted into the Group Policy Management Console.
//!
//! The ids of items are made from what they change, so that the same changeset gives the same file; `changed`, which
//! tells when an item was edited, is optional and left out.

use std::collections::BTreeMap;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};

use super::Changeset;
use super::exact::{Data, below_root, data, path, remarks, string, text};
use super::gpo_backup::PREFERENCES;
use super::refusal::Refusal;
use crate::digest::guid;
use crate::registry::change::Change;
use crate::windows::path::Name;
use crate::windows::roots::Root;

const SETTINGS: &str = "{A3CCFC41-DFDB-43a5-8D26-0FE8B954DA51}";
const COLLECTION: &str = "{53B533F5-224C-47e3-B01B-CA3B3F3FF4BF}";
const ITEM: &str = "{9CD4B2F4-923D-47f5-A062-E897DD1DAD50}";
const TITLE: &str = "tlshive";
/// What it takes to put the file into SYSVOL by hand: \[MS-GPOL\] 2.2.8.2, 3.2.1.1, 3.2.1.4, 3.3.4.5, 3.3.5.4.
const NOTES: [&str; 4] = [
    "Paste the collection into the editor of a Group Policy Object, or import the format gpo-backup-preferences, or put it into SYSVOL.",
    "There, by hand: this file is Machine\\Preferences\\Registry\\Registry.xml of the object's folder, Policies\\{its GUID}.",
    "Clients look at it only if gPCMachineExtensionNames of CN={its GUID},CN=Policies,CN=System has its extensions, groups in ascending \
     order:",
    "They take it for unchanged unless versionNumber there is raised by one, and Version= in GPT.INI is set to the same number.",
];

/// The whole file, or the collection without the element around it.
pub(super) fn bytes(changeset: &Changeset, whole: bool) -> Result<Vec<u8>, Refusal> {
    let mut out = Writer::new_with_indent(Vec::new(), b' ', 2);
    let write = |event: Event<'_>, out: &mut Writer<Vec<u8>>| out.write_event(event).map_err(|error| failed(&error));
    write(Event::Decl(BytesDecl::new("1.0", Some("utf-8"), None)), &mut out)?;
    let [paste, place, extensions, version] = NOTES;
    let extensions = format!("{extensions} {PREFERENCES}");
    for remark in remarks(changeset, &[paste, place, &extensions, version], false) {
        write(Event::Comment(BytesText::from_escaped(format!(" {} ", comment(&remark)))), &mut out)?;
    }
    if whole {
        let settings = BytesStart::new("RegistrySettings").with_attributes([("clsid", SETTINGS)]);
        write(Event::Start(settings), &mut out)?;
    }
    let collection = BytesStart::new("Collection").with_attributes([("clsid", COLLECTION), ("name", TITLE)]);
    write(Event::Start(collection), &mut out)?;
    let mut before = BTreeMap::new();
    for change in &changeset.changes {
        item(change, &mut before, &mut out)?;
    }
    write(Event::End(BytesEnd::new("Collection")), &mut out)?;
    if whole {
        write(Event::End(BytesEnd::new("RegistrySettings")), &mut out)?;
    }
    let mut bytes = out.into_inner();
    bytes.push(b'\n');
    Ok(bytes)
}

/// Text that a comment can hold: no two hyphens, none at the end.
fn comment(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if c == '-' && out.ends_with('-') {
            out.push(' ');
        }
        out.push(c);
    }
    out
}

/// What the attributes of an item say.
struct Item {
    action: &'static str,
    /// Whether it is about the default value.
    default: bool,
    name: String,
    kind: &'static str,
    value: String,
    strings: Vec<String>,
    decimal: bool,
}

/// Writing to memory does not fail; an error is carried on all the same.
fn failed(error: &std::io::Error) -> Refusal {
    Refusal::file(error.to_string())
}

fn item(change: &Change, before: &mut BTreeMap<String, usize>, out: &mut Writer<Vec<u8>>) -> Result<(), Refusal> {
    let (root, names) = below_root(change.key())?;
    let key = plain(path(names)?)?;
    let item = described(change)?;
    let last = names.last().map(text).transpose()?.unwrap_or_default();
    let shown = match (item.name.as_str(), item.default) {
        ("", true) => "(Default)",
        ("", false) => last.as_str(),
        (name, _) => name,
    };
    let uid = uid(root, &key, &item, before);
    let outer = [("clsid", ITEM), ("name", shown), ("status", shown), ("image", image(&item)), ("uid", uid.as_str())];
    let properties = [
        ("action", item.action),
        ("displayDecimal", if item.decimal { "1" } else { "0" }),
        ("default", if item.default { "1" } else { "0" }),
        ("hive", root.long),
        ("key", key.as_str()),
        ("name", item.name.as_str()),
        ("type", item.kind),
        ("value", item.value.as_str()),
    ];
    out.create_element("Registry")
        .with_attributes(outer)
        .write_inner_content(|out| {
            let inner = out.create_element("Properties").with_attributes(properties);
            if item.strings.is_empty() {
                return inner.write_empty().map(|_| ());
            }
            inner
                .write_inner_content(|out| {
                    out.create_element("Values")
                        .write_inner_content(|out| {
                            for string in &item.strings {
                                out.create_element("Value").write_text_content(BytesText::new(string))?;
                            }
                            Ok(())
                        })
                        .map(|_| ())
                })
                .map(|_| ())
        })
        .map_err(|error| failed(&error))?;
    Ok(())
}

fn described(change: &Change) -> Result<Item, Refusal> {
    let bare = |action, default, name| Item {
        action,
        default,
        name,
        kind: "REG_SZ",
        value: String::new(),
        strings: Vec::new(),
        decimal: false,
    };
    let named = |name: &Name| plain(text(name)?);
    Ok(match change {
        Change::CreateKey(_) => bare("U", false, String::new()),
        Change::DeleteKey(_) => bare("D", false, String::new()),
        Change::DeleteValues(key) => {
            return Err(Refusal::key(key, "preferences cannot delete all values of a key that stays"));
        }
        Change::DeleteValue { name, .. } => bare("D", name.units().is_empty(), named(name)?),
        Change::Set { name, value, .. } => {
            let mut item = bare("U", name.units().is_empty(), named(name)?);
            (item.kind, item.value) = match data(name, value)? {
                Data::Sz(units) => ("REG_SZ", plain(string(name, &units)?)?),
                Data::Expand(units) => ("REG_EXPAND_SZ", plain(string(name, &units)?)?),
                Data::Multi(strings) if !strings.is_empty() => {
                    let strings: Result<Vec<String>, Refusal> =
                        strings.iter().map(|units| plain(string(name, units)?)).collect();
                    item.strings = strings?;
                    ("REG_MULTI_SZ", item.strings.join(" "))
                }
                Data::Dword(n) => ("REG_DWORD", format!("{n:08X}")),
                Data::Qword(n) => ("REG_QWORD", format!("{n:016X}")),
                Data::Binary(bytes) if !bytes.is_empty() => ("REG_BINARY", value.hex().to_uppercase()),
                Data::Multi(_) | Data::Binary(_) | Data::None(_) => {
                    return Err(Refusal::name(name, "preferences do not set REG_NONE, or lists and bytes without any"));
                }
            };
            item
        }
    })
}

/// Text that stands for itself: XML holds no control characters, attributes no line ends, and `%` starts a variable.
fn plain(text: String) -> Result<String, Refusal> {
    if text.chars().any(|c| c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}')) {
        return Err(Refusal::text(&text, "XML cannot hold that"));
    }
    if text.contains('%') {
        return Err(Refusal::text(&text, "preferences take % for the start of a variable"));
    }
    if text.starts_with(' ') || text.ends_with(' ') {
        return Err(Refusal::text(&text, "blanks at an end may be lost in preferences"));
    }
    Ok(text)
}

/// The picture that the editor shows: by type, in the order of the actions.
fn image(item: &Item) -> &'static str {
    match (item.kind, item.action, item.name.is_empty() && !item.default) {
        (_, "D", true) => "3",
        (_, _, true) => "2",
        ("REG_DWORD" | "REG_QWORD", ..) => "12",
        ("REG_BINARY", ..) => "17",
        (_, "D", _) => "8",
        _ => "7",
    }
}

/// A GUID of what the item is about, and which of several about that it is.
fn uid(root: Root, key: &str, item: &Item, before: &mut BTreeMap<String, usize>) -> String {
    let default = if item.default { "default" } else { "" };
    let about = format!("{}\\{key}\0{}\0{default}", root.long, item.name).to_lowercase();
    let others = before.entry(about.clone()).or_default();
    let id = guid(format!("{about}\0{others}").as_bytes());
    *others += 1;
    id
}
