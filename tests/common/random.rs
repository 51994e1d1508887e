//! Chance that is the same on every run, and how long to go on with it.

/// Marsaglia's xorshift.
pub(crate) struct XorShift(pub(crate) u64);

impl XorShift {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(crate) fn below(&mut self, n: usize) -> usize {
        usize::try_from((self.next() >> 16) % u64::try_from(n).unwrap()).unwrap()
    }

    /// True once in `n` times.
    pub(crate) fn once_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub(crate) fn of<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())]
    }
}

/// Rounds of a test that goes by chance: `TLSHIVE_MUTATIONS`, or `usual`.
pub(crate) fn rounds(usual: u64) -> u64 {
    std::env::var("TLSHIVE_MUTATIONS").map_or(usual, |n| n.parse().unwrap())
}
