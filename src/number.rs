//! Between lengths in memory and numbers from files.
//!
//! Places in files are `u64`. Arithmetic on numbers that a file holds saturates or is checked: a place that is too large
//! lies behind the end of whatever it is looked up in, and reading there is an error. Counters of what was seen are plain,
//! since a run would have to go on for centuries; release builds check them too.

/// A length in memory as a number. No machine that Rust runs on has an address space of more than 64 bits.
#[inline]
pub(crate) fn wide(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}

/// A number as a length in memory. Where the machine has no such length, the greatest one, which no buffer has.
#[inline]
pub(crate) fn narrow(n: impl Into<u64>) -> usize {
    usize::try_from(n.into()).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::{narrow, wide};

    #[test]
    fn lengths_and_numbers_turn_into_one_another() {
        for n in [0, 1, 4096, usize::MAX] {
            assert_eq!(narrow(wide(n)), n);
        }
        assert_eq!(narrow(u64::MAX), usize::MAX);
    }
}
