//! The runs of a content; nearly always none or one, which take no memory of their own.

use std::ops::Deref;

use super::Run;

/// Runs in the order of the content: a slice that cannot grow.
#[derive(Clone, PartialEq, Eq)]
pub struct Runs(Held);

/// One run is never held as [`Held::Any`], so that equal runs are held alike.
#[derive(Clone, PartialEq, Eq)]
enum Held {
    One(Run),
    Any(Box<[Run]>),
}

impl From<Vec<Run>> for Runs {
    fn from(runs: Vec<Run>) -> Self {
        match runs[..] {
            [only] => Self(Held::One(only)),
            _ => Self(Held::Any(runs.into())),
        }
    }
}

impl Deref for Runs {
    type Target = [Run];

    fn deref(&self) -> &[Run] {
        match &self.0 {
            Held::One(run) => std::slice::from_ref(run),
            Held::Any(runs) => runs,
        }
    }
}

impl<'a> IntoIterator for &'a Runs {
    type Item = &'a Run;
    type IntoIter = std::slice::Iter<'a, Run>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl std::fmt::Debug for Runs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        (**self).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::unit::{ByteLen, ByteOffset};

    #[test]
    fn runs_are_those_that_were_given() {
        let run = |at| Run::Data { at: ByteOffset(at), len: ByteLen(1) };
        for given in [vec![], vec![run(5)], vec![Run::Hole { len: ByteLen(9) }, run(7), run(1)]] {
            assert_eq!(*Runs::from(given.clone()), given[..]);
        }
        assert_eq!(size_of::<Runs>(), size_of::<Run>(), "one run takes no memory of its own");
    }
}
