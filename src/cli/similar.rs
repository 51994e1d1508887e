//! What somebody may have meant.

use crate::near::nearest;

/// A question with the word that is most like the one that is not known, if one is like it at all.
pub(super) fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(word, known).map(|other| format!(" (did you mean \"{other}\"?)")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_like_a_word_is_named() {
        let known = ["enable", "disable", "only", "defaults", "fix"];
        for (word, meant) in [
            ("enabel", "enable"),
            ("Enable", "enable"),
            ("default", "defaults"),
            ("fixx", "fix"),
            ("olny", "only"),
            ("undo.reg", ""),
            ("", ""),
            ("a", ""),
        ] {
            let want = if meant.is_empty() { String::new() } else { format!(" (did you mean \"{meant}\"?)") };
            assert_eq!(did_you_mean(word, known), want, "{word}");
        }
    }
}
