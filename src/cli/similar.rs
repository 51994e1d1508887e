//! What somebody may have meant.

/// How far a word may be away, for each so many of its letters.
const LETTERS: usize = 3;

/// A question with the word that is most like the one that is not known, if one is like it at all.
pub(super) fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let word = word.to_lowercase();
    let far = |other: &str| strsim::osa_distance(&word, &other.to_lowercase());
    let most = word.chars().count().max(LETTERS) / LETTERS;
    let like = known.into_iter().map(|other| (far(other), other)).filter(|(far, _)| *far <= most);
    like.min().map(|(_, other)| format!(" (did you mean \"{other}\"?)")).unwrap_or_default()
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
