//! The XML of preferences as text: encoding, attributes, references, and lines.

use quick_xml::XmlVersion;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::BytesRef;
use quick_xml::events::attributes::Attributes;

use crate::error::{At, Error};
use crate::number::{narrow, wide};

/// Attributes of one element, by name.
pub(super) type Named = Vec<(String, String)>;

/// The file as text: UTF-8, with or without a byte order mark.
pub(super) fn decode(bytes: &[u8]) -> Result<&str, Error> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(Error::unsupported(At::Offset(0), "preferences in UTF-16; UTF-8 is read"));
    }
    std::str::from_utf8(bytes).map_err(|error| {
        let at = At::Offset(wide(error.valid_up_to()));
        Error::damaged(at, "preferences", "UTF-8", "other bytes")
    })
}

pub(super) fn attributes(attributes: Attributes<'_>, at: At) -> Result<Named, Error> {
    let wrong = |error: String| Error::damaged(at, "XML", "attributes", error);
    let mut named = Named::new();
    for attribute in attributes {
        let attribute = attribute.map_err(|error| wrong(error.to_string()))?;
        let value = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|error| wrong(error.to_string()))?;
        named.push((attribute.key.as_ref().to_owned(), value.into_owned()));
    }
    Ok(named)
}

pub(super) fn get<'a>(named: &'a Named, name: &str) -> Option<&'a str> {
    named.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
}

/// Whether a switch is on.
pub(super) fn is_set(named: &Named, name: &str) -> bool {
    get(named, name).is_some_and(|value| value == "1" || value.eq_ignore_ascii_case("true"))
}

/// The character that a reference stands for.
pub(super) fn referred(reference: &BytesRef<'_>, at: At) -> Result<char, Error> {
    let wrong = |found: String| Error::damaged(at, "XML", "a reference to a character", found);
    if let Some(c) = reference.resolve_char_ref().map_err(|error| wrong(error.to_string()))? {
        return Ok(c);
    }
    let name = reference.xml10_content();
    let c = resolve_predefined_entity(&name).and_then(|text| text.chars().next());
    c.ok_or_else(|| wrong(format!("&{};", name.escape_debug())))
}

/// Tells lines from offsets that only grow.
pub(super) struct Lines<'a> {
    text: &'a str,
    done: usize,
    line: u64,
}

impl<'a> Lines<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, done: 0, line: 1 }
    }

    pub(super) fn at(&mut self, offset: u64) -> At {
        let offset = narrow(offset).min(self.text.len());
        let passed = self.text.as_bytes().get(self.done..offset).unwrap_or_default();
        let lines = passed.iter().filter(|&&byte| byte == b'\n').count();
        self.line = self.line.saturating_add(wide(lines));
        self.done = self.done.max(offset);
        At::Line(self.line)
    }
}
