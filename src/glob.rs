//! Patterns of names: `*` and `?`.

/// Whether a name fits a pattern: `*` is any run of characters, `?` any one; case does not matter, as it does not
/// in names that Windows gives. Going back to the last `*` alone is enough, so no pattern takes exponential time.
pub(crate) fn matches(pattern: &str, name: &str) -> bool {
    let lower = |text: &str| text.chars().flat_map(char::to_lowercase).collect::<Vec<char>>();
    let (pattern, name) = (lower(pattern), lower(name));
    let (mut p, mut n) = (0, 0);
    let mut star = None;
    while let Some(c) = name.get(n) {
        match (pattern.get(p), star) {
            (Some('*'), _) => {
                star = Some((p, n));
                p += 1;
            }
            (Some(want), _) if *want == '?' || want == c => {
                p += 1;
                n += 1;
            }
            (_, Some((at, from))) => {
                star = Some((at, from + 1));
                p = at + 1;
                n = from + 1;
            }
            (_, None) => return false,
        }
    }
    pattern.iter().skip(p).all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_stars_and_question_marks() {
        let cases = [
            ("*", "", true),
            ("", "", true),
            ("", "a", false),
            ("AADC-0?", "aadc-01", true),
            ("AADC-0?", "aadc-0", false),
            ("*-sz", "AADC-SZ", true),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-b-b-", false),
            ("größe*", "GRÖSSE", false),
            ("größe*", "GRÖßE1", true),
            ("[a]", "a", false),
        ];
        for (pattern, name, want) in cases {
            assert_eq!(matches(pattern, name), want, "{pattern:?} {name:?}");
        }
        assert!(!matches(&"a*".repeat(200), &"a".repeat(100_000).replace('a', "b")));
    }
}
