//! Why regedit skips a line: one stable code and one sentence each.

use std::fmt;

/// A reason for which a line, or a value, is not imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    KeyBlank,
    KeyUnclosed,
    NameUnclosed,
    Nul,
    NoEquals,
    UnknownData,
    WrongCase,
    BadDword,
    BadHexType,
    TextUnclosed,
    HashAfterData,
    TextAfterData,
    BadByte,
    NoComma,
    AfterBackslash,
    BadDeletion,
}

impl Refusal {
    /// The diagnostic's code.
    pub(super) fn code(self) -> &'static str {
        self.texts().0
    }

    fn texts(self) -> (&'static str, &'static str) {
        match self {
            Self::KeyBlank => (
                "reg-key-blank-after-bracket",
                "a blank after the opening bracket: the line is skipped, and values below it go to the key before it",
            ),
            Self::KeyUnclosed => (
                "reg-key-unclosed",
                "no closing bracket: the line is skipped, and values below it go to the key before it",
            ),
            Self::NameUnclosed => ("reg-name-unclosed", "the value name's closing quote is missing on this line"),
            Self::Nul => ("reg-string-nul", "a string may not contain \\0"),
            Self::NoEquals => ("reg-value-no-equals", "no equals sign after the value name"),
            Self::UnknownData => (
                "reg-value-unknown-data",
                "the data is none of a quoted string, dword:, hex:, hex(type): and - (to delete)",
            ),
            Self::WrongCase => ("reg-value-wrong-case", "dword: and hex: must be in lower case"),
            Self::BadDword => ("reg-value-bad-dword", "a dword is one to eight hexadecimal digits and nothing else"),
            Self::BadHexType => {
                ("reg-value-bad-hex-type", "the type in hex(type): is one to eight hexadecimal digits and nothing else")
            }
            Self::TextUnclosed => ("reg-string-unclosed", "the string's closing quote is missing on this line"),
            Self::HashAfterData => ("reg-hash-after-data", "# does not start a comment after data; only ; does"),
            Self::TextAfterData => ("reg-text-after-data", "there is text after the data"),
            Self::BadByte => ("reg-hex-bad-byte", "hex data is bytes of one or two hexadecimal digits between commas"),
            Self::NoComma => ("reg-hex-no-comma", "a line is only continued by a backslash that follows a comma"),
            Self::AfterBackslash => ("reg-hex-text-after-backslash", "there is text after the backslash"),
            Self::BadDeletion => ("reg-value-bad-deletion", "there is text after the - that deletes a value"),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.texts().1)
    }
}
