//! Bars that show how many of all: by pattern, and not by hue alone.

/// One part of a bar.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Part {
    /// What it looks like: a class of the style.
    pub(super) look: &'static str,
    /// Percent from the left, and its width, with two decimals.
    pub(super) x: String,
    pub(super) width: String,
    pub(super) count: usize,
    pub(super) word: &'static str,
    /// The sign before the word.
    pub(super) sign: &'static str,
}

/// Percent that a part has at least, if there is one of it: so that it is seen.
const LEAST: f64 = 0.8;

/// Percent between two parts.
const GAP: f64 = 0.3;

/// The parts of which there is one at least.
pub(super) fn bar(counts: &[(usize, &'static str, &'static str, &'static str)]) -> Vec<Part> {
    let there: Vec<_> = counts.iter().filter(|(count, ..)| *count > 0).collect();
    let all: usize = there.iter().map(|(count, ..)| count).sum();
    let share = |count: usize| (count as f64 / all as f64 * 100.0).max(LEAST);
    let gaps = GAP * (there.len().max(1) - 1) as f64;
    let total: f64 = there.iter().map(|(count, ..)| share(*count)).sum();
    let mut x = 0.0;
    let mut parts = Vec::new();
    for &&(count, look, sign, word) in &there {
        let width = share(count) / total * (100.0 - gaps);
        parts.push(Part { look, x: format!("{x:.2}"), width: format!("{width:.2}"), count, word, sign });
        x += width + GAP;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_full_and_its_smallest_part_is_seen() {
        let parts = bar(&[(4999, "meets", "", ""), (0, "open", "", ""), (1, "fails", "", "")]);
        assert_eq!(parts.len(), 2);
        let end: f64 = parts[1].x.parse::<f64>().unwrap() + parts[1].width.parse::<f64>().unwrap();
        assert!((end - 100.0).abs() < 0.02 && parts[1].width.parse::<f64>().unwrap() > 0.7);
        assert!(bar(&[(0, "meets", "", "")]).is_empty());
    }
}
