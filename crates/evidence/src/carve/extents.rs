//! Sets of byte positions: sorted stretches, none touching the next.

/// From the first byte to one past the last.
pub(super) type Extent = (u64, u64);

/// Sorts and joins stretches; empty ones are left out.
pub(super) fn united(mut extents: Vec<Extent>) -> Vec<Extent> {
    extents.retain(|(from, to)| from < to);
    extents.sort_unstable();
    let mut joined: Vec<Extent> = Vec::with_capacity(extents.len());
    for (from, to) in extents {
        match joined.last_mut() {
            Some((_, end)) if from <= *end => *end = to.max(*end),
            _ => joined.push((from, to)),
        }
    }
    joined
}

/// What is in `from` and not in `what`; both united.
pub(super) fn without(from: &[Extent], what: &[Extent]) -> Vec<Extent> {
    let mut left = Vec::with_capacity(from.len());
    let mut next = 0;
    for &(mut at, to) in from {
        while what.get(next).is_some_and(|(_, end)| *end <= at) {
            next += 1;
        }
        let mut here = next;
        while let Some(&(start, end)) = what.get(here).filter(|(start, _)| *start < to) {
            if at < start {
                left.push((at, start));
            }
            at = at.max(end);
            here += 1;
        }
        if at < to {
            left.push((at, to));
        }
    }
    left
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn members(extents: &[Extent]) -> Vec<u64> {
        extents.iter().flat_map(|(from, to)| *from..*to).collect()
    }

    proptest! {
        #[test]
        fn uniting_and_taking_away_are_those_of_sets(
            a in proptest::collection::vec((0_u64..200, 0_u64..20), 0..12),
            b in proptest::collection::vec((0_u64..200, 0_u64..20), 0..12),
        ) {
            let extents = |list: &[(u64, u64)]| -> Vec<Extent> {
                list.iter().map(|(at, len)| (*at, at + len)).collect()
            };
            let set = |list: &[(u64, u64)]| -> std::collections::BTreeSet<u64> {
                members(&extents(list)).into_iter().collect()
            };
            let (left, right) = (united(extents(&a)), united(extents(&b)));
            prop_assert_eq!(members(&left), set(&a).into_iter().collect::<Vec<_>>());
            prop_assert!(left.windows(2).all(|pair| pair[0].1 < pair[1].0));
            let wanted: Vec<u64> = set(&a).difference(&set(&b)).copied().collect();
            prop_assert_eq!(members(&without(&left, &right)), wanted);
        }
    }
}
