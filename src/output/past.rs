//! Copies from earlier days, which are left out of a verdict and counted.

/// Places of them that are named; JSON has them all.
const PLACES: usize = 5;

/// How many there are, and where the first of them lie.
#[derive(Debug, Default)]
pub(super) struct Past {
    files: u64,
    places: usize,
    named: Vec<String>,
}

impl Past {
    pub(super) fn add(&mut self, place: String, files: u64) {
        // It may come from a saved run that nobody wrote so.
        self.files = self.files.saturating_add(files);
        self.places += 1;
        if self.named.len() < PLACES {
            self.named.push(place);
        }
    }

    /// Them in one sentence, if there are any.
    pub(super) fn line(&self) -> Option<String> {
        let what = if self.files == 1 { "copy" } else { "copies" };
        let more = match self.places - self.named.len() {
            0 => String::new(),
            1 => " and 1 more place".to_owned(),
            more => format!(" and {more} more places"),
        };
        let (files, named) = (self.files, self.named.join(", "));
        (files > 0).then(|| format!("left out: {files} {what} from earlier days ({named}{more})"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_named_is_counted() {
        let mut past = Past::default();
        assert_eq!(past.line(), None);
        for place in 0..8 {
            past.add(format!("p{place}"), 2);
        }
        assert_eq!(
            past.line().as_deref(),
            Some("left out: 16 copies from earlier days (p0, p1, p2, p3, p4 and 3 more places)")
        );
    }
}
