//! Names that are nearly another: what somebody meant who wrote the one.

/// Names longer than this are nobody's slip of the pen, and cost too much to compare.
const LONGEST: usize = 64;

/// The candidate that a name is nearest to, without case, if it takes no more steps than one in four of its letters, and one
/// at least. A step adds, takes away or changes a letter, or swaps two.
pub(crate) fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let ranked = candidates.into_iter().filter_map(|candidate| {
        let most = candidate.chars().count().div_euclid(4).max(1);
        let steps = steps(name, candidate)?;
        (steps <= most).then_some((steps, candidate))
    });
    // Of several that are as near, the first.
    ranked.min_by_key(|(steps, _)| *steps).map(|(_, candidate)| candidate)
}

/// How many steps lead from one name to the other; none for names that are too long.
fn steps(from: &str, to: &str) -> Option<usize> {
    let short = [from, to].iter().all(|name| name.chars().nth(LONGEST).is_none());
    short.then(|| strsim::osa_distance(&from.to_ascii_lowercase(), &to.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_counted_as_by_hand() {
        for (from, to, want) in [
            ("", "", 0),
            ("", "abc", 3),
            ("Enable", "Enabled", 1),
            ("enabled", "ENABLED", 0),
            ("Enalbed", "Enabled", 1),
            ("DisableByDefault", "DisabledByDefault", 1),
            ("DisabledByDefualt", "DisabledByDefault", 1),
            ("Disabled", "Enabled", 3),
            ("ab", "ba", 1),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!(steps(from, to), Some(want), "{from} {to}");
            assert_eq!(steps(to, from), Some(want), "{to} {from}");
        }
        assert_eq!(steps(&"a".repeat(100), "a"), None);
    }

    #[test]
    fn a_name_is_near_within_a_quarter_of_the_letters() {
        let names = ["Enabled", "DisabledByDefault", "on"];
        for (name, want) in [
            ("Enable", Some("Enabled")),
            ("enabled", Some("Enabled")),
            ("Disabled", None),
            ("DisabledDefault", Some("DisabledByDefault")),
            ("om", Some("on")),
            ("off", None),
            ("EventLogging", None),
        ] {
            assert_eq!(nearest(name, names), want, "{name}");
        }
    }
}
