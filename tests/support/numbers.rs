//! Numbers that look random and are the same in every run.

#![allow(dead_code, reason = "each test file is a program of its own and uses a part")]

/// Marsaglia's xorshift.
pub(crate) struct Numbers(u64);

impl Numbers {
    /// From a seed that is not 0.
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// One from 0, below the limit.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit.max(1)
    }

    /// The place of one of so many.
    pub(crate) fn place(&mut self, count: usize) -> usize {
        let limit = u64::try_from(count).expect("64 bits");
        usize::try_from(self.below(limit)).expect("below a count")
    }
}
