//! Why regedit skips a line: one stable code and one sentence each.

use crate::diagnostic::Code;
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
    pub(super) fn code(self) -> Code {
        self.texts().0
    }

    fn texts(self) -> (Code, &'static str) {
        match self {
            Self::KeyBlank => (
                Code::RegKeyBlankAfterBracket,
                "a blank after the opening bracket: the line is skipped, and values below it go to the key before it",
            ),
            Self::KeyUnclosed => (
                Code::RegKeyUnclosed,
                "no closing bracket: the line is skipped, and values below it go to the key before it",
            ),
            Self::NameUnclosed => (Code::RegNameUnclosed, "the value name's closing quote is missing on this line"),
            Self::Nul => (Code::RegStringNul, "a string may not contain \\0"),
            Self::NoEquals => (Code::RegValueNoEquals, "no equals sign after the value name"),
            Self::UnknownData => (
                Code::RegValueUnknownData,
                "the data is none of a quoted string, dword:, hex:, hex(type): and - (to delete)",
            ),
            Self::WrongCase => (Code::RegValueWrongCase, "dword: and hex: must be in lower case"),
            Self::BadDword => (Code::RegValueBadDword, "a dword is one to eight hexadecimal digits and nothing else"),
            Self::BadHexType => {
                (Code::RegValueBadHexType, "the type in hex(type): is one to eight hexadecimal digits and nothing else")
            }
            Self::TextUnclosed => (Code::RegStringUnclosed, "the string's closing quote is missing on this line"),
            Self::HashAfterData => (Code::RegHashAfterData, "# does not start a comment after data; only ; does"),
            Self::TextAfterData => (Code::RegTextAfterData, "there is text after the data"),
            Self::BadByte => (Code::RegHexBadByte, "hex data is bytes of one or two hexadecimal digits between commas"),
            Self::NoComma => (Code::RegHexNoComma, "a line is only continued by a backslash that follows a comma"),
            Self::AfterBackslash => (Code::RegHexTextAfterBackslash, "there is text after the backslash"),
            Self::BadDeletion => (Code::RegValueBadDeletion, "there is text after the - that deletes a value"),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.texts().1)
    }
}
