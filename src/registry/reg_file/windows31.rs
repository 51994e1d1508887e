//! The form of Windows 3.1: each line sets the default value of one class (Wine, `parse_win31_line_state` in
//! `programs/regedit/regproc.c`, and the tests `test_basic_import_31` and `test_invalid_import_31` beside it).

use super::lex::{Line, after, is_blank, skip_blanks};

/// What every line that counts starts with: in this case, and at the very start of the line.
const ROOT: &str = "HKEY_CLASSES_ROOT";

/// Takes a line apart, if it is one that counts: the key ends at the first blank, and what separates it from the text
/// are blanks, at most one equals sign and then at most one space. The rest is the text as it stands.
pub(super) fn line(units: &[u16]) -> Option<Line<'_>> {
    after(units, ROOT)?;
    let (path, rest) = units.split_at_checked(units.iter().take_while(|&&u| !is_blank(u)).count())?;
    let rest = skip_blanks(rest);
    let rest = after(rest, "=").unwrap_or(rest);
    Some(Line::Class { path, text: after(rest, " ").unwrap_or(rest) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str) -> Option<(String, String)> {
        let units: Vec<u16> = text.encode_utf16().collect();
        match line(&units)? {
            Line::Class { path, text } => Some((String::from_utf16_lossy(path), String::from_utf16_lossy(text))),
            _ => None,
        }
    }

    #[test]
    fn a_line_is_a_class_and_a_text() {
        for (rest, text) in [
            ("", ""),
            ("  ", ""),
            (" =", ""),
            (" = t", "t"),
            (" =t", "t"),
            ("\t=\tt", "\tt"),
            (" =  t ", " t "),
            (" t", "t"),
            ("   t u", "t u"),
            (r#" == "t\n" ;c"#, r#"= "t\n" ;c"#),
        ] {
            let path = r"HKEY_CLASSES_ROOT\.x\y";
            assert_eq!(split(&format!("{path}{rest}")), Some((path.into(), text.into())), "{rest:?}");
        }
    }

    #[test]
    fn other_lines_do_not_count() {
        for text in [r" HKEY_CLASSES_ROOT\x = t", r"hkey_classes_root\x = t", r"HKEY_CURRENT_USER\x = t", "", ";c"] {
            assert_eq!(split(text), None, "{text}");
        }
    }
}
