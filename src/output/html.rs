//! One page of HTML: no network, complete without script. The policy of its contents (CSP) allows its own style and script
//! by their hashes, and nothing else.

mod bar;
pub(super) mod comparison;
pub(super) mod history;
mod view;

use std::fmt;
use std::io::{self, Write};

use askama::Template as _;
use askama::filters::Escaper;

use super::escape::escape;
use super::estate::Estate;
use crate::digest::sha256;

const STYLE: &str = include_str!("html/style.css");
const SCRIPT: &str = include_str!("html/script.js");

/// Writes the page.
pub(super) fn write(estate: &Estate, out: &mut dyn Write) -> io::Result<()> {
    let kinds = super::estate::kinds(estate);
    view::Page::new(estate, &kinds).write_into(out)
}

/// Makes text harmless in HTML: what HTML knows is escaped, and what is not seen is spelled out.
#[derive(Debug, Clone, Copy)]
pub(super) struct Harmless;

impl Escaper for Harmless {
    fn write_escaped_str<W: fmt::Write>(&self, mut out: W, text: &str) -> fmt::Result {
        for c in escape(text).chars() {
            match c {
                '&' => out.write_str("&amp;")?,
                '<' => out.write_str("&lt;")?,
                '>' => out.write_str("&gt;")?,
                '"' => out.write_str("&quot;")?,
                '\'' => out.write_str("&#39;")?,
                _ => out.write_char(c)?,
            }
        }
        Ok(())
    }
}

/// What the policy of contents allows: the style, and the script where there is one.
fn allowed(script: Option<&str>) -> String {
    let mut allowed = format!("style-src '{}';", hash(STYLE));
    if let Some(script) = script {
        allowed.push_str(&format!(" script-src '{}';", hash(script)));
    }
    allowed
}

/// The hash of a style or a script, as the policy of contents names it.
fn hash(text: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut coded = String::from("sha256-");
    for group in sha256(text.as_bytes()).chunks(3) {
        let mut three = group.iter().copied().chain([0, 0]);
        let bits = (0..3).fold(0_u32, |bits, _| bits << 8 | u32::from(three.next().unwrap_or_default()));
        for place in 0..4 {
            let digit = usize::try_from(bits >> (18 - 6 * place) & 63).unwrap_or_default();
            let digit = DIGITS.get(digit).filter(|_| place <= group.len());
            coded.push(digit.map_or('=', |digit| char::from(*digit)));
        }
    }
    coded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_of_the_standard() {
        // FIPS 180-2, appendix B.1, in Base64.
        assert_eq!(hash("abc"), "sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
    }

    #[test]
    fn nothing_of_a_name_acts_in_html() {
        let mut safe = String::new();
        Harmless.write_escaped_str(&mut safe, "<script>'\"&\u{202e}\nnext\u{1b}").unwrap();
        assert_eq!(safe, "&lt;script&gt;&#39;&quot;&amp;\\u{202e}\\u{a}next\\u{1b}");
    }
}
