//! The promises on small tables, each checked against every table that agrees with what is
//! published: an enumeration that knows nothing of the method.

use super::*;
use crate::figure::FIGURES;
use crate::force::ForceKey;

const THRESHOLD: u32 = 4;
/// No number that enumeration tries is greater.
const MOST: u64 = 11;

fn force(n: usize) -> Whose {
    Whose::Force(ForceKey::parse(["E23000035", "E23000031", "E23000020"][n]).unwrap())
}

fn figure(key: &str) -> usize {
    FIGURES.iter().position(|figure| figure.key == key).unwrap()
}

/// The table of one figure: inside and outside of each force, totals added up.
fn table(key: &str, base: &[[u64; 2]]) -> Counts {
    let figure = figure(key);
    let mut counts = Counts::new();
    for side in Side::ALL {
        for (n, parts) in base.iter().enumerate() {
            let count = match side {
                Side::Both => parts[0] + parts[1],
                side => parts[side.column()],
            };
            counts.insert(Cell { figure, whose: force(n), side }, count);
            *counts.entry(Cell { figure, whose: Whose::All, side }).or_default() += count;
        }
    }
    counts
}

/// Every value that a cell of the figure may have, given what is published of it alone: all
/// tables are tried, number by number, without the method's rules.
fn possible(
    key: &str,
    forces: usize,
    shown: &BTreeMap<Cell, u64>,
) -> BTreeMap<Cell, BTreeSet<u64>> {
    let at = |n: usize, side| {
        let whose = if n < forces { force(n) } else { Whose::All };
        Cell { figure: figure(key), whose, side }
    };
    let known: Vec<[Option<u64>; 3]> =
        (0..=forces).map(|n| Side::ALL.map(|side| shown.get(&at(n, side)).copied())).collect();
    let mut rows: Vec<Vec<[u64; 3]>> = Vec::new();
    let agrees = |known: &[Option<u64>; 3], row: &[u64; 3]| {
        known.iter().zip(row).all(|(known, n)| known.is_none_or(|known| known == *n))
    };
    for known in &known[..forces] {
        let all = (0..=MOST).flat_map(|a| (0..=MOST).map(move |b| [a, b, a + b]));
        rows.push(all.filter(|row| agrees(known, row)).collect());
    }
    let mut found = vec![[(); 3].map(|()| [false; 128]); forces + 1];
    let tables = rows.iter().map(Vec::len).product::<usize>();
    for table in 0..tables {
        let (mut left, mut total, mut chosen) = (table, [0; 3], Vec::new());
        for rows in &rows {
            let row = rows[left % rows.len()];
            left /= rows.len();
            for (sum, n) in total.iter_mut().zip(row) {
                *sum += n;
            }
            chosen.push(row);
        }
        if agrees(&known[forces], &total) {
            for (found, row) in found.iter_mut().zip(chosen.into_iter().chain([total])) {
                for (found, n) in found.iter_mut().zip(row) {
                    found[usize::try_from(n).unwrap()] = true;
                }
            }
        }
    }
    let mut possible = BTreeMap::new();
    for (n, found) in found.iter().enumerate() {
        for (side, found) in Side::ALL.into_iter().zip(found) {
            let values = (0..).zip(found).filter(|(_, found)| **found).map(|(value, _)| value);
            possible.insert(at(n, side), values.collect());
        }
    }
    possible
}

fn shown(counts: &Counts, left: &Left) -> BTreeMap<Cell, u64> {
    counts.iter().filter(|(cell, _)| !left.out.contains(cell)).map(|(c, n)| (*c, *n)).collect()
}

/// Every small count may be anything small, and every number left out at least two things.
fn holds(key: &str, base: &[[u64; 2]]) -> usize {
    let counts = table(key, base);
    let left = left_out(&counts, THRESHOLD, &BTreeSet::new(), &[]);
    assert_eq!(left.exposed, BTreeSet::new(), "{base:?}");
    let possible = possible(key, base.len(), &shown(&counts, &left));
    for cell in &left.out {
        assert!(possible[cell].len() > 1, "{cell:?} of {base:?} is given away");
    }
    let small = 1..u64::from(THRESHOLD);
    for (cell, count) in &counts {
        if small.contains(count) {
            assert!(small.clone().all(|n| possible[cell].contains(&n)), "{cell:?} of {base:?}");
        }
    }
    left.out.len()
}

#[test]
fn no_small_count_of_any_table_of_two_forces_can_be_worked_out() {
    let mut tables = 0;
    for code in 0..6_u64.pow(4) {
        let digit = |n: u32| code / 6_u64.pow(n) % 6;
        holds("arrests", &[[digit(0), digit(1)], [digit(2), digit(3)]]);
        tables += 1;
    }
    assert_eq!(tables, 1296);
}

#[test]
fn no_small_count_of_tables_of_three_forces_can_be_worked_out() {
    for code in 0..60_u64 {
        let digit = |n: u32| (code * 79_193 + 13) / 5_u64.pow(n) % 5;
        holds("exhibits", &[[digit(0), digit(1)], [digit(2), digit(3)], [digit(4), digit(5)]]);
    }
}

#[test]
fn a_table_without_small_counts_is_published_whole() {
    assert_eq!(holds("arrests", &[[8, 0], [0, 9]]), 0);
    let left = left_out(&table("arrests", &[[3, 1]]), 1, &BTreeSet::new(), &[]);
    assert_eq!(left, Left::default(), "no threshold, nothing left out");
}

#[test]
fn one_small_count_among_large_ones_costs_three_more() {
    assert_eq!(holds("arrests", &[[3, 8], [7, 9], [9, 9]]), 4);
}

#[test]
fn a_small_count_that_a_person_decided_to_publish_is_published() {
    let counts = table("arrests", &[[2, 8], [7, 9]]);
    let cell = *counts.iter().find(|(_, count)| **count == 2).unwrap().0;
    let left = left_out(&counts, THRESHOLD, &[cell].into(), &[]);
    assert_eq!(left, Left::default());
}

#[test]
fn a_decision_that_would_give_away_another_forces_count_is_found_out() {
    let counts = table("arrests", &[[2, 0], [3, 0]]);
    let decided: BTreeSet<Cell> =
        counts.keys().filter(|c| c.whose == force(0) || c.whose == Whose::All).copied().collect();
    let left = left_out(&counts, THRESHOLD, &decided, &[]);
    assert!(left.exposed.iter().any(|cell| cell.whose == force(1)), "{left:?}");
}

/// Two tables, the first published before: what changed is given, what did not is the same.
#[test]
fn an_earlier_release_and_a_later_one_give_nothing_away_together() {
    let mut seen = 0;
    for code in 0..400_u64 {
        let digit = |n: u32| (code * 104_729 + 7) / 6_u64.pow(n) % 6;
        let before = [[digit(0), digit(1)], [digit(2), digit(3)]];
        let mut after = before;
        after[usize::from(code % 2 == 0)][usize::from(code % 3 == 0)] += digit(4);
        let (first, second) = (table("arrests", &before), table("arrests", &after));
        let left = left_out(&first, THRESHOLD, &BTreeSet::new(), &[]);
        let published = shown(&first, &left);
        let earlier = Earlier { counts: first.clone(), left_out: left.out };
        let left = left_out(&second, THRESHOLD, &BTreeSet::new(), &[earlier]);
        // Whoever reads both also knows what did not change of the first.
        let unchanged = |cell: &Cell| first[cell] == second[cell];
        let both: BTreeMap<Cell, u64> = shown(&second, &left)
            .into_iter()
            .chain(published.into_iter().filter(|(cell, _)| unchanged(cell)))
            .collect();
        let possible = possible("arrests", 2, &both);
        for (cell, count) in second.iter().filter(|(cell, _)| !both.contains_key(cell)) {
            if (1..u64::from(THRESHOLD)).contains(count) && !left.exposed.contains(cell) {
                assert!(possible[cell].len() > 1, "{cell:?} in {before:?} then {after:?}");
                seen += 1;
            }
        }
    }
    assert!(seen > 200, "only {seen} small counts");
}

#[test]
fn the_small_rest_of_two_published_figures_cannot_be_worked_out() {
    let mut checked = 0;
    for rso in 4..=9 {
        let mut counts = table("arrests", &[[9, 0], [20, 0]]);
        counts.extend(table("arrests_rso", &[[rso, 0], [8, 0]]));
        let left = left_out(&counts, THRESHOLD, &BTreeSet::new(), &[]);
        assert_eq!(left.exposed, BTreeSet::new());
        let cell = |key| Cell { figure: figure(key), whose: force(0), side: Side::Inside };
        let told = !left.out.contains(&cell("arrests")) && !left.out.contains(&cell("arrests_rso"));
        assert_eq!(told, !(1..u64::from(THRESHOLD)).contains(&(9 - rso)), "{rso} of 9");
        checked += 1;
    }
    assert_eq!(checked, 6);
}

/// A table like a national one: many forces, most of their counts small, all figures at once.
#[test]
fn a_table_of_every_force_keeps_its_totals_and_gives_nothing_away() {
    let mut counts = Counts::new();
    for (index, figure) in FIGURES.iter().enumerate() {
        for (n, force) in crate::force::FORCES.iter().enumerate() {
            let base = [(n * 7 % 23) as u64, n as u64 % 4];
            let base = if figure.within.is_none() { base } else { base.map(|count| count / 3) };
            for side in Side::ALL {
                let count = match side {
                    Side::Both => base[0] + base[1],
                    side => base[side.column()],
                };
                let whose = Whose::Force(force.key);
                counts.insert(Cell { figure: index, whose, side }, count);
                *counts.entry(Cell { figure: index, whose: Whose::All, side }).or_default() +=
                    count;
            }
        }
    }
    let left = left_out(&counts, 5, &BTreeSet::new(), &[]);
    assert_eq!(left.exposed, BTreeSet::new());
    assert!(left.out.iter().all(|cell| cell.whose != Whose::All), "every total is published");
    assert!(left.out.len() < counts.len() * 3 / 4, "{} of {}", left.out.len(), counts.len());
}
