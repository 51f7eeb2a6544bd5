//! Places in the lists of entries and of sources, in four bytes each: there are millions of them.

use std::num::NonZeroU32;

/// An index, counted from 0.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Index(NonZeroU32);

impl Index {
    /// # Panics
    ///
    /// From 4,294,967,295 on. The cap on names ends a listing long before, and so many entries
    /// would take hundreds of gigabytes: to go on with a wrong index would be worse.
    pub(crate) fn new(index: usize) -> Self {
        let number = u32::try_from(index).ok().and_then(|index| index.checked_add(1));
        Self(number.and_then(NonZeroU32::new).expect("fewer than 4 billion entries are held"))
    }

    pub(crate) fn get(self) -> usize {
        self.0.get() as usize - 1
    }
}

impl std::fmt::Debug for Index {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.get().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_comes_back_and_a_place_for_none_costs_nothing() {
        for index in [0, 1, 50_000_000, u32::MAX as usize - 1] {
            assert_eq!(Index::new(index).get(), index);
        }
        assert!(Index::new(1) < Index::new(2));
        assert_eq!(size_of::<Option<Index>>(), 4);
    }

    #[test]
    #[should_panic(expected = "fewer than 4 billion")]
    fn an_index_that_does_not_fit_stops_the_work() {
        Index::new(u32::MAX as usize);
    }
}
