//! The table of figures that a release publishes, and what its cells tell of each other.
//!
//! In: counts by figure, force and part. Out: the relations that anybody who reads the table
//! knows: parts add up to their total, forces to the figure over all, and a figure that is part
//! of another is never more. What several forces share (the same premises searched by two)
//! counts once over all, so there the sum is only a bound.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::suppress::{Rest, Rule, Term};
use super::{FIGURES, Figure, Unit};
use crate::force::ForceKey;

/// Whose records a cell counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Whose {
    /// Everybody's.
    All,
    /// Those of no force: national work.
    National,
    /// One force's.
    Force(ForceKey),
}

impl Whose {
    /// Of one force where there is one, of national work otherwise.
    pub fn of(force: Option<ForceKey>) -> Self {
        force.map_or(Self::National, Self::Force)
    }

    /// Stable key: `all`, `national` or the force's.
    pub fn key(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::National => "national",
            Self::Force(force) => force.as_str(),
        }
    }

    /// What this key stands for.
    pub fn from_key(key: &str) -> Option<Self> {
        match key {
            "all" => Some(Self::All),
            "national" => Some(Self::National),
            other => ForceKey::parse(other).map(Self::Force),
        }
    }

    /// What a page calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::All => "All forces",
            Self::National => "National work",
            Self::Force(force) => force.force().name,
        }
    }
}

impl Serialize for Whose {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.key())
    }
}

impl<'de> Deserialize<'de> for Whose {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let key = String::deserialize(deserializer)?;
        let unknown = || serde::de::Error::custom(format!("{key:?} is no force"));
        Self::from_key(&key).ok_or_else(unknown)
    }
}

/// Which part of the records a cell counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// In an operation.
    Inside,
    /// In none.
    Outside,
    /// Both together.
    Both,
}

impl Side {
    /// Every side, in the order of columns.
    pub const ALL: [Self; 3] = [Self::Inside, Self::Outside, Self::Both];

    /// Its place among the columns.
    pub fn column(self) -> usize {
        self as usize
    }

    /// What a page calls it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Inside => "In the operation",
            Self::Outside => "Outside",
            Self::Both => "Together",
        }
    }
}

/// One number of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Cell {
    /// The figure, by its place in [`FIGURES`].
    pub figure: usize,
    /// Whose.
    pub whose: Whose,
    /// Which part.
    pub side: Side,
}

impl Cell {
    /// The figure's definition.
    pub fn definition(self) -> &'static Figure {
        &FIGURES[self.figure]
    }

    /// Whether a small count here could point at a person.
    pub fn tells(self) -> bool {
        self.definition().unit != Unit::Forces
    }
}

/// Every number of a release. A cell that a table does not have is not published; one that it
/// has may be zero.
pub type Counts = BTreeMap<Cell, u64>;

/// What the cells of one table tell of each other, and where the rest of two figures tells as
/// much as a count; `name` gives each cell its number among the variables.
pub(super) fn rules(counts: &Counts, name: &dyn Fn(Cell) -> usize) -> (Vec<Rule>, Vec<Rest>) {
    let (mut rules, mut rests) = (Vec::new(), Vec::new());
    for (index, figure) in FIGURES.iter().enumerate() {
        let cells: Vec<Cell> = counts.keys().filter(|c| c.figure == index).copied().collect();
        sums(counts, figure, &cells, name, &mut rules);
        let more = figure.within.and_then(|within| {
            let more = FIGURES.iter().position(|other| other.key == within.figure)?;
            Some((more, within.rest_tells))
        });
        let Some((more, tells)) = more else { continue };
        for less in cells {
            let more = Cell { figure: more, ..less };
            if counts.contains_key(&more) {
                let (more, less) = (name(more), name(less));
                rules.push(Rule::at_least_zero(vec![Term::plus(more), Term::minus(less)]));
                rests.extend(tells.then_some(Rest { more, less }));
            }
        }
    }
    (rules, rests)
}

/// The sums of one figure: over forces, and over both parts.
fn sums(
    counts: &Counts,
    figure: &Figure,
    cells: &[Cell],
    name: &dyn Fn(Cell) -> usize,
    rules: &mut Vec<Rule>,
) {
    let mut add = |total: Cell, parts: Vec<Cell>| {
        let there = |part: &Cell| counts.contains_key(part);
        if there(&total) && !parts.is_empty() && parts.iter().all(there) {
            sum(counts, total, &parts, name, rules);
        }
    };
    if figure.unit != Unit::Forces {
        for total in cells.iter().filter(|c| c.whose == Whose::All) {
            let held = cells.iter().filter(|c| c.side == total.side && c.whose != Whose::All);
            add(*total, held.copied().collect());
        }
    }
    for total in cells.iter().filter(|c| c.side == Side::Both) {
        add(*total, [Side::Inside, Side::Outside].map(|side| Cell { side, ..*total }).to_vec());
    }
}

/// The parts add up to the total; where something counts in several of them, they bound it.
fn sum(
    counts: &Counts,
    total: Cell,
    parts: &[Cell],
    name: &dyn Fn(Cell) -> usize,
    rules: &mut Vec<Rule>,
) {
    let terms: Vec<Term> = parts
        .iter()
        .map(|part| Term::plus(name(*part)))
        .chain([Term::minus(name(total))])
        .collect();
    if parts.iter().map(|part| counts[part]).sum::<u64>() == counts[&total] {
        rules.push(Rule::zero(terms));
        return;
    }
    rules.push(Rule::at_least_zero(terms));
    for part in parts {
        rules.push(Rule::at_least_zero(vec![Term::plus(name(total)), Term::minus(name(*part))]));
    }
}
