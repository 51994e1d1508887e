//! Text for a terminal of some columns.

/// Lines of at most `width` columns where there is a width, else one. The first begins with `start`, the others with `hang`.
/// Breaks are between words alone: a path or a name that is longer than a line stays whole.
pub(super) fn wrapped(text: &str, width: Option<usize>, start: &str, hang: &str) -> Vec<String> {
    let Some(width) = width else { return vec![format!("{start}{text}")] };
    let mut lines = Vec::new();
    let (mut line, mut begun) = (start.to_owned(), false);
    let mut used = start.chars().count();
    // Of blanks that stand together, those behind the first belong to the layout.
    for word in text.split(' ') {
        let length = word.chars().count();
        if begun && used + 1 + length > width {
            lines.push(std::mem::replace(&mut line, hang.to_owned()).trim_end().to_owned());
            (used, begun) = (hang.chars().count(), false);
            if word.is_empty() {
                continue;
            }
        }
        if begun {
            line.push(' ');
            used += 1;
        }
        line.push_str(word);
        used += length;
        begun = true;
    }
    lines.push(line.trim_end().to_owned());
    lines
}

/// The text with its head cut off where it is too long: of a path, the end tells most.
pub(super) fn fit_head(text: &str, room: usize) -> String {
    let count = text.chars().count();
    match count.checked_sub(room) {
        None | Some(0) => text.to_owned(),
        Some(over) => std::iter::once('…').chain(text.chars().skip(over + 1)).take(room).collect(),
    }
}

/// The text with its tail cut off where it is too long.
pub(super) fn fit_tail(text: &str, room: usize) -> String {
    if text.chars().count() <= room {
        return text.to_owned();
    }
    text.chars().take(room.saturating_sub(1)).chain(['…']).take(room).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_between_words_and_hang() {
        assert_eq!(wrapped("one two three", Some(9), "- ", "  "), ["- one two", "  three"]);
        assert_eq!(wrapped("one averylongword two", Some(9), "", "  "), ["one", "  averylongword", "  two"]);
        assert_eq!(wrapped("one two three", None, "- ", "  "), ["- one two three"]);
    }

    #[test]
    fn what_is_too_long_is_cut_at_one_end() {
        assert_eq!(fit_head("a/b/name", 5), "…name");
        assert_eq!(fit_tail("a name", 4), "a n…");
        for room in 0..9 {
            assert!(fit_head("a/b/name", room).chars().count() <= room);
            assert!(fit_tail("a/b/name", room).chars().count() <= room);
        }
    }
}
