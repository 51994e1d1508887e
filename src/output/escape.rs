//! Making untrusted strings harmless: registry names and data, and file names, are whatever an attacker wrote there.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Whether a character could act on a terminal, or make text look like what it is not: controls, line and paragraph
/// separators, bidirectional overrides, whatever else is not seen (Unicode's Default_Ignorable_Code_Point, and the blank
/// pattern of Braille), and what is no character.
pub(super) fn is_unsafe(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_control(); // nearly every text is ASCII: it never pays for the rest
    }
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{2800}' | '\u{3164}' | '\u{fdd0}'..='\u{fdef}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
        || matches!(u32::from(c) & 0xffff, 0xfffe | 0xffff)
}

/// The text with each unsafe character as `\u{…}`.
pub fn escape(text: &str) -> Cow<'_, str> {
    let plain = text.bytes().fold(true, |plain, byte| plain & matches!(byte, 0x20..=0x7e));
    if plain || !text.contains(is_unsafe) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().fold(String::new(), |mut safe, c| {
        if is_unsafe(c) {
            let _ = write!(safe, "\\u{{{:x}}}", u32::from(c));
        } else {
            safe.push(c);
        }
        safe
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_on_a_terminal_or_an_eye_is_spelled_out() {
        assert_eq!(escape("\u{1b}[31mred\u{7}"), "\\u{1b}[31mred\\u{7}");
        assert_eq!(escape("a\nb\u{9b}c"), "a\\u{a}b\\u{9b}c");
        assert_eq!(escape("gnp.\u{202e}exe"), "gnp.\\u{202e}exe");
        assert_eq!(escape("a\u{3164}b\u{fe0f}c\u{1ffff}"), "a\\u{3164}b\\u{fe0f}c\\u{1ffff}");
    }

    #[test]
    fn ordinary_text_is_left_alone() {
        assert!(matches!(escape("Größe › 日本 C:\\Windows"), Cow::Borrowed(_)));
    }
}
