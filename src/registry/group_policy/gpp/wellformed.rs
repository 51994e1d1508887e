//! Whether a text is well-formed XML 1.0, and its names are those of namespaces: a client's parser applies nothing of a
//! document that is not, while quick-xml forgives much.
//!
//! The rules are those of XML 1.0 (fifth edition) and of Namespaces in XML 1.0. Where parsers differ, the stricter one
//! counts: names are ASCII, the version is 1.0, the encoding is UTF-8, and there is no document type. A default namespace
//! would make other elements of all that preferences have, so it is refused as well.

use std::collections::{BTreeMap, BTreeSet};

use crate::error::{At, Error};
use crate::limits::Limits;
use crate::number::wide;

const XML: &str = "http://www.w3.org/XML/1998/namespace";
const XMLNS: &str = "http://www.w3.org/2000/xmlns/";

/// Holds the text to the rules.
///
/// # Errors
/// Where it first breaks one, or has more attributes in one element than the limits allow.
pub(super) fn check(text: &str, limits: &Limits) -> Result<(), Error> {
    let mut document = Document {
        text,
        rest: text,
        open: Vec::new(),
        bound: BTreeMap::new(),
        rooted: false,
        attributes: limits.xml_attributes,
    };
    if let Some((index, c)) = text.char_indices().find(|&(_, c)| !allowed(c)) {
        document.rest = text.get(index..).unwrap_or_default();
        return Err(document.wrong("characters that XML has", format!("U+{:04X}", u32::from(c))));
    }
    document.declaration()?;
    while !document.rest.is_empty() {
        document.next()?;
    }
    match document.open.last() {
        Some((name, _)) => Err(document.wrong(format!("</{name}>"), "the end of the file")),
        None if !document.rooted => Err(document.wrong("an element", "the end of the file")),
        None => Ok(()),
    }
}

/// `Char` of XML 1.0, 2.2; surrogates cannot be here.
fn allowed(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..) && !matches!(c, '\u{fffe}' | '\u{ffff}')
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

struct Document<'a> {
    text: &'a str,
    rest: &'a str,
    /// The elements that are open, each with the prefixes that it binds.
    open: Vec<(&'a str, Vec<&'a str>)>,
    /// What each prefix stands for, innermost last.
    bound: BTreeMap<&'a str, Vec<String>>,
    /// The root element was there.
    rooted: bool,
    /// How many attributes an element may have.
    attributes: usize,
}

impl<'a> Document<'a> {
    fn at(&self) -> At {
        let read = self.text.len().saturating_sub(self.rest.len());
        let lines = self.text.bytes().take(read).filter(|&byte| byte == b'\n').count();
        At::Line(wide(lines).saturating_add(1))
    }

    fn wrong(&self, expected: impl Into<String>, found: impl Into<String>) -> Error {
        Error::damaged(self.at(), "XML", expected, found)
    }

    /// An error that shows what stands next.
    fn unexpected(&self, expected: impl Into<String>) -> Error {
        let found: String = self.rest.chars().take(20).collect();
        let found = if found.is_empty() { "the end of the file".to_owned() } else { format!("\"{found}\"") };
        self.wrong(expected, found)
    }

    fn skip(&mut self, text: &str) -> bool {
        let rest = self.rest.strip_prefix(text);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn need(&mut self, text: &str) -> Result<(), Error> {
        if self.skip(text) { Ok(()) } else { Err(self.unexpected(format!("\"{text}\""))) }
    }

    /// Takes the characters that come next, as long as they are of a kind.
    fn take(&mut self, kind: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest.trim_start_matches(kind);
        let taken = self.rest.get(..self.rest.len().saturating_sub(rest.len())).unwrap_or_default();
        self.rest = rest;
        taken
    }

    fn skip_blanks(&mut self) -> bool {
        !self.take(is_blank).is_empty()
    }

    /// What stands before `end`, which is taken too.
    fn until(&mut self, end: &str) -> Result<&'a str, Error> {
        match self.rest.split_once(end) {
            Some((text, rest)) => {
                self.rest = rest;
                Ok(text)
            }
            None => Err(self.wrong(format!("\"{end}\""), "the end of the file")),
        }
    }

    fn name(&mut self) -> Result<&'a str, Error> {
        if !self.rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
            return Err(self.unexpected("a name"));
        }
        let name = self.take(|c| c.is_ascii_alphanumeric() || "_-.:".contains(c));
        if self.rest.starts_with(|c: char| !c.is_ascii()) {
            return Err(Error::unsupported(self.at(), "names beyond ASCII, which preferences do not have"));
        }
        Ok(name)
    }

    /// A name, as prefix and local part.
    fn qualified(&mut self) -> Result<(&'a str, &'a str, &'a str), Error> {
        let name = self.name()?;
        let (prefix, local) = name.split_once(':').unwrap_or(("", name));
        if !local.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') || local.contains(':') {
            return Err(self.wrong("a name with one prefix", format!("\"{name}\"")));
        }
        Ok((name, prefix, local))
    }

    fn equals(&mut self) -> Result<(), Error> {
        self.skip_blanks();
        self.need("=")?;
        self.skip_blanks();
        Ok(())
    }

    fn quoted(&mut self) -> Result<&'a str, Error> {
        match self.rest.chars().next() {
            Some('"') if self.skip("\"") => self.until("\""),
            Some('\'') if self.skip("'") => self.until("'"),
            _ => Err(self.unexpected("a value in quotes")),
        }
    }

    /// `<?xml version="1.0" encoding="utf-8" standalone="yes"?>`, of which the last two may be left out.
    fn declaration(&mut self) -> Result<(), Error> {
        match self.rest.strip_prefix("<?xml") {
            Some(rest) if rest.starts_with(is_blank) => self.rest = rest,
            _ => return Ok(()),
        }
        match self.declared("version")? {
            Some("1.0") => {}
            Some(other) => return Err(self.wrong("version 1.0", format!("\"{other}\""))),
            None => return Err(self.unexpected("the version")),
        }
        if let Some(encoding) = self.declared("encoding")? {
            let tail = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
            if !encoding.starts_with(|c: char| c.is_ascii_alphabetic()) || !encoding.chars().all(tail) {
                return Err(self.wrong("the name of an encoding", format!("\"{encoding}\"")));
            }
            if !encoding.eq_ignore_ascii_case("utf-8") {
                return Err(Error::unsupported(self.at(), format!("preferences in {encoding}; UTF-8 is read")));
            }
        }
        match self.declared("standalone")? {
            None | Some("yes" | "no") => {}
            Some(other) => return Err(self.wrong("standalone is yes or no", format!("\"{other}\""))),
        }
        self.skip_blanks();
        self.need("?>")
    }

    /// A part of the declaration, if it comes next.
    fn declared(&mut self, name: &str) -> Result<Option<&'a str>, Error> {
        let before = self.rest;
        let blank = self.skip_blanks();
        if !self.skip(name) {
            self.rest = before;
            return Ok(None);
        }
        if !blank {
            return Err(self.unexpected(format!("a blank before {name}")));
        }
        self.equals()?;
        self.quoted().map(Some)
    }

    /// Takes whatever comes next.
    fn next(&mut self) -> Result<(), Error> {
        if self.skip("<!--") {
            self.until("--")?;
            return self.need(">");
        }
        if self.skip("<?") {
            return self.instruction();
        }
        if self.rest.starts_with("<![CDATA[") {
            if self.open.is_empty() {
                return Err(self.unexpected("nothing but comments outside of the element"));
            }
            return self.until("]]>").map(|_| ());
        }
        if self.rest.starts_with("<!DOCTYPE") {
            return Err(Error::unsupported(self.at(), "a document type, which preferences do not have"));
        }
        if self.skip("</") {
            return self.end();
        }
        if self.skip("<") {
            return self.start();
        }
        self.text()
    }

    fn instruction(&mut self) -> Result<(), Error> {
        let target = self.name()?;
        if target.eq_ignore_ascii_case("xml") || target.contains(':') {
            return Err(self.wrong("an instruction, or the declaration on the first line", format!("<?{target}")));
        }
        if self.skip("?>") {
            return Ok(());
        }
        if !self.skip_blanks() {
            return Err(self.unexpected("a blank or \"?>\""));
        }
        self.until("?>").map(|_| ())
    }

    fn text(&mut self) -> Result<(), Error> {
        if self.rest.starts_with('&') && !self.open.is_empty() {
            self.rest = reference(self.rest).map_err(|found| self.wrong(REFERENCE, found))?.1;
            return Ok(());
        }
        let before = self.rest;
        let text = self.take(|c| c != '<' && c != '&');
        if self.open.is_empty() && (text.is_empty() || !text.chars().all(is_blank)) {
            self.rest = before;
            return Err(self.unexpected("nothing but comments outside of the element"));
        }
        if text.contains("]]>") {
            return Err(self.wrong("text", "\"]]>\""));
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), Error> {
        let name = self.name()?;
        self.skip_blanks();
        self.need(">")?;
        match self.open.pop() {
            Some((open, prefixes)) if open == name => {
                self.unbind(&prefixes);
                Ok(())
            }
            Some((open, _)) => Err(self.wrong(format!("</{open}>"), format!("</{name}>"))),
            None => Err(self.wrong("nothing more", format!("</{name}>"))),
        }
    }

    fn unbind(&mut self, prefixes: &[&'a str]) {
        for prefix in prefixes {
            if let Some(bound) = self.bound.get_mut(prefix) {
                bound.pop();
            }
        }
    }

    fn start(&mut self) -> Result<(), Error> {
        if self.open.is_empty() && self.rooted {
            return Err(self.unexpected("one root element"));
        }
        self.rooted = true;
        let (name, prefix, _) = self.qualified()?;
        let (mut names, mut prefixed, mut bound) = (BTreeSet::new(), Vec::new(), Vec::new());
        let empty = loop {
            let blank = self.skip_blanks();
            if self.skip("/>") {
                break true;
            }
            if self.skip(">") {
                break false;
            }
            if !blank {
                return Err(self.unexpected("a blank, \">\" or \"/>\""));
            }
            if names.len() >= self.attributes {
                let limit = wide(self.attributes);
                return Err(Error::Limit { at: self.at(), what: "attributes of one element", limit });
            }
            let (attribute, prefix, local) = self.qualified()?;
            self.equals()?;
            let value = self.quoted()?;
            let value =
                plain(value).map_err(|found| self.wrong("a value without \"<\" and with whole references", found))?;
            if !names.insert(attribute) {
                return Err(self.wrong("each attribute once", format!("\"{attribute}\" again")));
            }
            match (prefix, local) {
                ("", "xmlns") if value.is_empty() => {}
                ("", "xmlns") => {
                    return Err(Error::unsupported(self.at(), "a default namespace, which preferences do not have"));
                }
                ("xmlns", local) => {
                    let wrong =
                        value.is_empty() || value == XMLNS || local == "xmlns" || (local == "xml") != (value == XML);
                    if wrong {
                        return Err(self.wrong("a namespace", format!("{attribute}=\"{value}\"")));
                    }
                    self.bound.entry(local).or_default().push(value);
                    bound.push(local);
                }
                ("", _) => {}
                _ => prefixed.push((prefix, local)),
            }
        };
        self.namespace(prefix)?;
        let mut expanded = BTreeSet::new();
        for (prefix, local) in prefixed {
            if !expanded.insert((self.namespace(prefix)?, local)) {
                return Err(self.wrong("each attribute once", format!("\"{local}\" again, in the same namespace")));
            }
        }
        if empty {
            self.unbind(&bound);
        } else {
            self.open.push((name, bound));
        }
        Ok(())
    }

    /// What a prefix stands for.
    fn namespace(&self, prefix: &str) -> Result<&str, Error> {
        match (prefix, self.bound.get(prefix).and_then(|bound| bound.last())) {
            ("", _) => Ok(""),
            ("xml", _) => Ok(XML),
            (_, Some(namespace)) => Ok(namespace),
            (_, None) => Err(self.wrong("a prefix that is declared", format!("\"{prefix}\""))),
        }
    }
}

/// The value of an attribute as it is read, or what is wrong with it.
fn plain(mut raw: &str) -> Result<String, String> {
    let mut value = String::new();
    while let Some(c) = raw.chars().next() {
        match c {
            '<' => return Err("\"<\"".to_owned()),
            '&' => {
                let (c, rest) = reference(raw)?;
                value.push(c);
                raw = rest;
                continue;
            }
            '\t' | '\r' | '\n' => value.push(' '),
            c => value.push(c),
        }
        raw = raw.strip_prefix(c).unwrap_or_default();
    }
    Ok(value)
}

const REFERENCE: &str = "a reference to a character, or to one of XML's own five entities";

/// The character that the reference at the start of the text stands for, and what follows; or what it is instead.
fn reference(text: &str) -> Result<(char, &str), String> {
    let shown = || format!("\"{}\"", text.chars().take(12).collect::<String>());
    let (name, rest) = text.strip_prefix('&').and_then(|text| text.split_once(';')).ok_or_else(shown)?;
    let number = |digits: &str, base: u32| {
        let digit = |n: u32, c: char| Some(n.saturating_mul(base).saturating_add(c.to_digit(base)?));
        let number = digits.chars().try_fold(0, digit).filter(|_| !digits.is_empty())?;
        char::from_u32(number).filter(|&c| allowed(c))
    };
    let c = match (name, name.strip_prefix("#x"), name.strip_prefix('#')) {
        (_, Some(hex), _) => number(hex, 16),
        (_, None, Some(decimal)) => number(decimal, 10),
        ("lt", ..) => Some('<'),
        ("gt", ..) => Some('>'),
        ("amp", ..) => Some('&'),
        ("quot", ..) => Some('"'),
        ("apos", ..) => Some('\''),
        _ => None,
    };
    Ok((c.ok_or_else(shown)?, rest))
}

#[cfg(test)]
mod tests;
