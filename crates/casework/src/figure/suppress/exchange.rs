//! Exchanges: what changes with a number, so that everything published still holds.
//!
//! In: a sensitive number and the direction in which it is to change. Out: the cheapest
//! [`Exchange`] that does it, and by how much it can be done. Its corners are two rows (forces,
//! or the line over all) and two columns (parts, or both together) of one figure; a row or a
//! column is left away where no sum forbids that. The same exchange is made in every figure
//! that stands in the way by being a part, and in every earlier table that shares a number.

use std::collections::BTreeMap;

use super::{Problem, Rule, Sensitive, Standing, Term};
use crate::figure::FIGURES;
use crate::figure::table::{Cell, Side, Whose};

/// Numbers that change together, each by one at a time.
#[derive(Debug, Clone)]
pub(super) struct Exchange {
    pub(super) changes: Vec<Term>,
    /// By how much it can be done, at least one.
    pub(super) room: i64,
    /// What must be left out for it.
    cost: u32,
}

/// The variables of one table, by figure, row and side.
#[derive(Debug, Clone)]
pub(super) struct Grid {
    rows: Vec<Whose>,
    row_of: BTreeMap<Whose, usize>,
    numbers: Vec<Option<usize>>,
}

impl Grid {
    pub(super) fn new(cells: impl Iterator<Item = (Cell, usize)> + Clone) -> Self {
        let whose: std::collections::BTreeSet<Whose> =
            cells.clone().map(|(cell, _)| cell.whose).collect();
        let rows: Vec<Whose> = whose.into_iter().collect();
        let row_of = rows.iter().enumerate().map(|(row, whose)| (*whose, row)).collect();
        let numbers = vec![None; FIGURES.len() * rows.len() * Side::ALL.len()];
        let mut grid = Self { rows, row_of, numbers };
        for (cell, number) in cells {
            let place = grid.place(cell.figure, grid.row_of[&cell.whose], cell.side);
            grid.numbers[place] = Some(number);
        }
        grid
    }

    fn place(&self, figure: usize, row: usize, side: Side) -> usize {
        (figure * self.rows.len() + row) * Side::ALL.len() + side.column()
    }

    fn number(&self, figure: usize, row: usize, side: Side) -> Option<usize> {
        self.numbers[self.place(figure, row, side)]
    }
}

/// The corners of an exchange, whatever the figure: whose, which part, and how it changes.
type Corners = Vec<(Whose, Side, i64)>;

/// The sign of a cell in the sums of its table: margins stand on the other side.
fn sign(whose: Whose, side: Side) -> i64 {
    let minus = |other: bool| if other { -1 } else { 1 };
    minus(whose == Whose::All) * minus(side == Side::Both)
}

impl Problem {
    /// The exchange that changes the number in this direction at the least price; among equals,
    /// one that reaches as far as wanted.
    pub(super) fn cheapest(
        &self,
        one: &Sensitive,
        direction: i64,
        wanted: i64,
    ) -> Option<Exchange> {
        let mut candidates: Vec<_> =
            one.terms.iter().flat_map(|term| self.candidates(*term, direction)).collect();
        candidates.sort_by_key(|(cost, ..)| *cost);
        let mut best: Option<Exchange> = None;
        for (cost, figure, table, corners) in candidates {
            let enough =
                |best: &Exchange| best.cost < cost || (best.cost == cost && best.room >= wanted);
            if best.as_ref().is_some_and(enough) {
                break;
            }
            let Some(found) = self.exchange(figure, table, &corners) else { continue };
            let by = |t: &Term| {
                found.changes.iter().filter(|c| c.of == t.of).map(|c| c.sign * t.sign).sum::<i64>()
            };
            let carries = one.terms.iter().map(by).sum::<i64>() == direction;
            let key = |e: &Exchange| (e.cost, e.room < wanted);
            if carries && best.as_ref().is_none_or(|best| key(&found) < key(best)) {
                best = Some(found);
            }
        }
        best
    }

    /// Every choice of another row and another column, with the least that it costs.
    fn candidates(&self, term: Term, direction: i64) -> Vec<(u32, usize, usize, Corners)> {
        let (cell, table) = (self.cells[term.of], self.home[term.of]);
        let grid = &self.grids[table];
        let rows = grid.rows.iter().filter(|row| **row != cell.whose).map(|row| Some(*row));
        let rows: Vec<Option<Whose>> = rows.chain([None]).collect();
        let sides = Side::ALL.into_iter().filter(|side| *side != cell.side).map(Some);
        let first = sign(cell.whose, cell.side) * term.sign * direction;
        let mut found = Vec::new();
        for side in sides.chain([None]) {
            for row in &rows {
                let corner = |whose, side, way: i64| (whose, side, way * first * sign(whose, side));
                let mut corners = vec![corner(cell.whose, cell.side, 1)];
                corners.extend(side.map(|side| corner(cell.whose, side, -1)));
                corners.extend(row.map(|row| corner(row, cell.side, -1)));
                corners.extend(row.zip(side).map(|(row, side)| corner(row, side, 1)));
                if let Some(cost) = self.least_cost(cell.figure, grid, &corners) {
                    found.push((cost, cell.figure, table, corners));
                }
            }
        }
        found
    }

    /// What the corners cost in one figure of one table; none where one of them cannot change.
    fn least_cost(&self, figure: usize, grid: &Grid, corners: &Corners) -> Option<u32> {
        let mut cost = 0;
        for (whose, side, by) in corners {
            let number = grid.number(figure, *grid.row_of.get(whose)?, *side)?;
            cost += self.cost(number)?;
            if self.values[number] + by < 0 {
                return None;
            }
        }
        Some(cost)
    }

    fn cost(&self, number: usize) -> Option<u32> {
        match self.standing[number] {
            Standing::Known => None,
            Standing::Published(cost) => Some(cost),
            Standing::Out => Some(0),
        }
    }

    /// The exchange at these corners, in the figure and in every other that stands in the way.
    fn exchange(&self, figure: usize, table: usize, corners: &Corners) -> Option<Exchange> {
        let mut figures = vec![figure];
        loop {
            let changes = self.everywhere(&figures, table, corners)?;
            let cost = changes.iter().map(|term| self.cost(term.of)).sum::<Option<u32>>()?;
            match self.room(&changes) {
                Ok(room) => return Some(Exchange { changes, room, cost }),
                Err(rule) => {
                    let mut others = rule?.terms.iter().map(|term| self.cells[term.of].figure);
                    figures.push(others.find(|other| !figures.contains(other))?);
                }
            }
        }
    }

    /// What changes in this table, and in every other that shares a number with what changes.
    fn everywhere(&self, figures: &[usize], table: usize, corners: &Corners) -> Option<Vec<Term>> {
        let mut changes: Vec<Term> = Vec::new();
        for figure in figures {
            let start = changes.len();
            let mut tables = vec![table];
            let mut next = 0;
            while let Some(table) = tables.get(next).copied() {
                next += 1;
                for (whose, side, by) in corners {
                    let grid = &self.grids[table];
                    let row = grid.row_of.get(whose);
                    let number = row.and_then(|row| grid.number(*figure, *row, *side));
                    let Some(number) = number else { continue };
                    if changes[start..].iter().all(|term| term.of != number) {
                        changes.push(Term { of: number, sign: *by });
                        let sharing = |other: &usize| {
                            let grid = &self.grids[*other];
                            let row = grid.row_of.get(whose);
                            row.and_then(|row| grid.number(*figure, *row, *side)) == Some(number)
                        };
                        let shared = (0..self.grids.len()).filter(sharing);
                        let new: Vec<usize> = shared.filter(|t| !tables.contains(t)).collect();
                        tables.extend(new);
                    }
                }
            }
        }
        Some(changes)
    }

    /// By how much all this can change together; the rule in the way where it cannot.
    fn room(&self, changes: &[Term]) -> Result<i64, Option<&Rule>> {
        let mut room = i64::MAX;
        let mut sums: Vec<(usize, i64)> = Vec::new();
        for term in changes {
            if term.sign < 0 {
                room = room.min(self.values[term.of]);
            }
            for (rule, sign) in &self.spoken[term.of] {
                let by = sign * term.sign;
                match sums.iter_mut().find(|(known, _)| known == rule) {
                    Some((_, sum)) => *sum += by,
                    None => sums.push((*rule, by)),
                }
            }
        }
        if room < 1 {
            return Err(None);
        }
        for (number, sum) in sums {
            let rule = &self.rules[number];
            if rule.exact && sum != 0 {
                return Err(None);
            }
            if sum < 0 {
                room = room.min(self.sums[number] / -sum);
                if room < 1 {
                    return Err(Some(rule));
                }
            }
        }
        Ok(room)
    }
}
