//! `Registry.xml` of Group Policy Preferences: what a client would do to its registry (\[MS-GPPREF\] 2.2.1.17 and,
//! for what all preferences share, 2.2.1.1).
//!
//! Whether an item is carried out can depend on the client: item-level targeting, "apply once", an action that
//! creates only where nothing is. Such changes are in doubt. Entities other than XML's own five are refused with the
//! document type that would define them.

mod item;
mod text;
mod wellformed;

use std::sync::Arc;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use crate::diagnostic::{Code, Diagnostic};
use crate::error::{At, Error};
use crate::limits::Limits;
use crate::number::wide;
use crate::place::Place;
use crate::read_at::ReadAt;
use crate::registry::change::{Script, whole};
use item::Item;
use text::Lines;

/// Reads a file, either whole (`<RegistrySettings>`) or a `<Collection>` as the editor copies it.
///
/// # Errors
/// When the file cannot be read, is not well-formed XML in UTF-8 of that kind, or passes a limit.
pub fn read(source: &dyn ReadAt, artifact: &Arc<str>, limits: &Limits) -> Result<Script, Error> {
    let bytes = whole(source, limits)?;
    let text = text::decode(&bytes)?;
    wellformed::check(text, limits)?;
    let mut walk = Walk {
        lines: Lines::new(text),
        artifact,
        limits,
        script: Script::new(limits),
        open: Vec::new(),
        rooted: false,
    };
    let mut reader = Reader::from_str(text);
    loop {
        let at = walk.lines.at(reader.buffer_position());
        match reader.read_event() {
            Ok(Event::Eof) => break,
            Ok(event) => walk.event(event, at)?,
            Err(error) => {
                let at = walk.lines.at(reader.error_position());
                return Err(Error::damaged(at, "XML", "a well-formed document", error.to_string()));
            }
        }
    }
    if !walk.open.is_empty() || !walk.rooted {
        let found = if walk.rooted { "an element that is not closed" } else { "no element" };
        return Err(Error::damaged(At::Whole, "XML", "<RegistrySettings> or <Collection>", found));
    }
    Ok(walk.script)
}

/// An element that is open.
enum Open {
    /// Something that holds items, or an item: where its changes start, whether it is done as the user who is logged on, and
    /// whether a filter was seen in it.
    Holder { start: usize, disabled: bool, as_user: bool, filtered: bool, item: bool },
    /// `<Properties>` of an item.
    Properties(Box<Item>),
    /// `<Values>` in it.
    Values,
    /// `<Value>` in that.
    Value(String),
    /// Anything else, with what is in it.
    Other,
}

struct Walk<'a> {
    lines: Lines<'a>,
    artifact: &'a Arc<str>,
    limits: &'a Limits,
    script: Script,
    open: Vec<Open>,
    /// A root element was there.
    rooted: bool,
}

impl Walk<'_> {
    fn event(&mut self, event: Event<'_>, at: At) -> Result<(), Error> {
        match event {
            Event::Start(start) => self.start(&start, at),
            Event::Empty(start) => {
                self.start(&start, at)?;
                self.end(at)
            }
            Event::End(_) => self.end(at),
            Event::Text(text) => {
                let text = text.xml10_content();
                if self.open.is_empty() && !text.trim().is_empty() {
                    return Err(Error::damaged(at, "XML", "elements", "text outside of them"));
                }
                self.text(&text);
                Ok(())
            }
            Event::CData(data) => {
                self.text(&data.xml10_content());
                Ok(())
            }
            Event::GeneralRef(reference) => {
                let c = text::referred(&reference, at)?;
                self.text(c.encode_utf8(&mut [0; 4]));
                Ok(())
            }
            Event::DocType(_) => Err(Error::unsupported(at, "a document type, which preferences do not have")),
            Event::Decl(_) | Event::Comment(_) | Event::PI(_) | Event::Eof => Ok(()),
        }
    }

    fn text(&mut self, text: &str) {
        if let Some(Open::Value(value)) = self.open.last_mut() {
            value.push_str(text);
        }
    }

    fn tell(&mut self, code: Code, message: &str, at: At) {
        let place = Place::new(self.artifact, at);
        self.script.diagnostics.push_with(|| Diagnostic::new(code, message, place));
    }

    fn start(&mut self, start: &BytesStart<'_>, at: At) -> Result<(), Error> {
        if self.open.len() >= self.limits.xml_depth {
            let limit = wide(self.limits.xml_depth);
            return Err(Error::Limit { at, what: "elements within one another", limit });
        }
        let attributes = text::attributes(start.attributes(), at)?;
        let name = start.name();
        let name = name.as_ref();
        let holder = |item| Open::Holder {
            start: self.script.said.len(),
            disabled: text::is_set(&attributes, "disabled"),
            as_user: text::is_set(&attributes, "userContext"),
            filtered: false,
            item,
        };
        let open = match (self.open.last(), name) {
            (None, "RegistrySettings" | "Collection") if !self.rooted => holder(false),
            (None, _) => {
                let expected = "one <RegistrySettings> or <Collection>";
                return Err(Error::damaged(at, "root element", expected, format!("<{}>", name.escape_debug())));
            }
            (Some(Open::Holder { item: false, .. }), "Collection") => holder(false),
            (Some(Open::Holder { item: false, .. }), "Registry") => holder(true),
            (Some(Open::Holder { .. }), "Filters") => Open::Other,
            (Some(Open::Holder { item: true, .. }), "Properties") => {
                Open::Properties(Box::new(Item::new(&attributes, at)))
            }
            (Some(Open::Properties(_)), "Values") => Open::Values,
            (Some(Open::Values), "Value") => Open::Value(String::new()),
            _ => Open::Other,
        };
        self.rooted = true;
        if name == "Filters"
            && let Some(Open::Holder { filtered, .. }) = self.open.last_mut()
        {
            *filtered = true;
        }
        if let (Some(Open::Properties(item)), true) = (self.open.last_mut(), matches!(open, Open::Other)) {
            item.doubt(format!("<{}> within the properties, which is not known", name.escape_debug()));
        }
        if let (Some(Open::Holder { item: false, .. }), Open::Other, false) =
            (self.open.last(), &open, name == "Filters")
        {
            let message = format!("<{}> is no part of registry preferences and is not read", name.escape_debug());
            self.tell(Code::GppUnknownElement, &message, at);
        }
        self.open.push(open);
        Ok(())
    }

    fn end(&mut self, at: At) -> Result<(), Error> {
        match self.open.pop() {
            Some(Open::Value(text)) => {
                let outer = self.open.iter_mut().rev().nth(1);
                if let Some(Open::Properties(item)) = outer {
                    item.strings.get_or_insert_default().push(text);
                }
            }
            Some(Open::Values) => {
                if let Some(Open::Properties(item)) = self.open.last_mut() {
                    item.strings.get_or_insert_default();
                }
            }
            Some(Open::Properties(item)) => self.item(&item)?,
            Some(Open::Holder { start, filtered: true, .. }) => {
                let doubt = "item-level targeting decides whether this is done, which depends on the client";
                let said = self.script.said.get_mut(start..).unwrap_or_default();
                let any = !said.is_empty();
                said.iter_mut().for_each(|said| {
                    said.doubt.get_or_insert_with(|| doubt.to_owned());
                });
                if any {
                    self.tell(Code::GppTargeting, doubt, at);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn item(&mut self, item: &Item) -> Result<(), Error> {
        let disabled = self.open.iter().any(|open| matches!(open, Open::Holder { disabled: true, .. }));
        if disabled {
            self.tell(Code::GppDisabled, "an item that is disabled, by itself or with its collection", item.at);
            return Ok(());
        }
        let said = match item.changes(self.limits) {
            Ok(said) => said,
            Err(message) => {
                let message = format!("an item that cannot be told: {message}");
                self.tell(Code::GppItem, &message, item.at);
                self.script.unknown.get_or_insert((Error::unsupported(item.at, message), item.at));
                return Ok(());
            }
        };
        let as_user = self.open.iter().any(|open| matches!(open, Open::Holder { as_user: true, .. }));
        for (change, doubt) in said {
            let right = || "it is done as the user who is logged on, who may not have the right to".to_owned();
            let doubt = doubt.or_else(|| as_user.then(right));
            if let Some(doubt) = &doubt {
                self.tell(Code::GppDoubt, doubt, item.at);
            }
            self.script.push(change, item.at, doubt, self.limits)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
