//! Making untrusted strings harmless: registry names and data, and file names, are whatever an attacker wrote there.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Whether a character could act on a terminal, or make text look like what it is not: controls, line and paragraph
/// separators, bidirectional overrides and other invisible format characters.
pub(super) fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// The text with each unsafe character as `\u{…}`.
pub fn escape(text: &str) -> Cow<'_, str> {
    if !text.contains(is_unsafe) {
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
    }

    #[test]
    fn ordinary_text_is_left_alone() {
        assert!(matches!(escape("Größe › 日本 C:\\Windows"), Cow::Borrowed(_)));
    }
}
