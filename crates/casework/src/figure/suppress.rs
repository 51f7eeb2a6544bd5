//! Which numbers of a table must not be published, so that no small count can be worked out.
//!
//! In: the numbers, what they tell of each other (`Rule`), and which of them anybody knows
//! already. Out: the numbers to leave out. A count from one to below the threshold is
//! *sensitive* (a zero names nobody and stays), and so is the difference of two published
//! figures of which one is part of the other. Leaving a count out is not enough where the total
//! and the other parts give it away, so others are left out with it.
//!
//! **The method.** A table of forces by parts with its margins is a transportation table: if one
//! number grows by one, every sum still holds when three others change by one with it, at the
//! corners of a rectangle of two rows and two columns, margins among them. For each sensitive
//! number such `Exchange`s are looked for, one after another, that carry it up to the greatest
//! small count and down to one: the result is a *witness*, another whole table that agrees with
//! everything published, and so is every table on the way. What a witness changes is left out;
//! of all rectangles that with the least to give up is taken, so that numbers left out already
//! serve again. A witness once found holds to the end, because later ones leave out only more.
//! Where a figure is part of another and has no room, both are exchanged together.
//!
//! That a witness exists is the proof, however it was found. Where none exists the number is
//! [`Left::exposed`], and the table must not be published as it is.
//!
//! **Earlier releases.** A number that has not changed since an earlier release is the same
//! variable there and here: what was published of it is known, what was left out must not be
//! given away now by the rest.
//!
//! Source: cell suppression by protection patterns, after L. H. Cox, "Suppression methodology
//! and statistical disclosure control", Journal of the American Statistical Association 75
//! (1980); witnesses after M. Fischetti and J. J. Salazar Gonzalez, Management Science 47 (2001).

use std::collections::{BTreeMap, BTreeSet};

use super::table::{Cell, Counts, Side, Whose, rules};

mod exchange;

use exchange::{Exchange, Grid};

/// A variable with its sign.
#[derive(Debug, Clone, Copy)]
pub(super) struct Term {
    of: usize,
    sign: i64,
}

impl Term {
    pub(super) fn plus(of: usize) -> Self {
        Self { of, sign: 1 }
    }

    pub(super) fn minus(of: usize) -> Self {
        Self { of, sign: -1 }
    }
}

/// That a sum of variables is zero, or not below.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    terms: Vec<Term>,
    exact: bool,
}

impl Rule {
    pub(super) fn zero(terms: Vec<Term>) -> Self {
        Self { terms, exact: true }
    }

    pub(super) fn at_least_zero(terms: Vec<Term>) -> Self {
        Self { terms, exact: false }
    }
}

/// What is in `more` but not in `less`, where that tells as much as a count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rest {
    pub(super) more: usize,
    pub(super) less: usize,
}

/// Whether a number may be changed in a witness, and at what price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// Known to everybody, for good.
    Known,
    /// To be published, unless it is left out at this price.
    Published(u32),
    /// Left out.
    Out,
}

/// What was published before: the numbers as they were, and which were shown.
#[derive(Debug, Clone, Default)]
pub struct Earlier {
    /// Every number of that release.
    pub counts: Counts,
    /// Those that it left out.
    pub left_out: BTreeSet<Cell>,
}

/// What to leave out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Left {
    /// The cells that are not published.
    pub out: BTreeSet<Cell>,
    /// Small counts that what is known gives away, whatever is left out.
    pub exposed: BTreeSet<Cell>,
}

/// Decides what a table leaves out.
///
/// `threshold`: counts from one to below it are sensitive; zero or one suppresses nothing.
/// `shown`: small counts that a person decided to publish.
pub fn left_out(
    counts: &Counts,
    threshold: u32,
    shown: &BTreeSet<Cell>,
    earlier: &[Earlier],
) -> Left {
    let mut problem = Problem::new(threshold);
    for release in earlier {
        problem.add(&release.counts, |cell| {
            if release.left_out.contains(&cell) { Standing::Out } else { Standing::Known }
        });
    }
    problem.add(counts, |cell| {
        if shown.contains(&cell) {
            Standing::Known
        } else {
            Standing::Published(price(cell, counts[&cell]))
        }
    });
    problem.protect();
    let number = |cell: &Cell| problem.numbers[&(*cell, counts[cell])];
    let out = counts.keys().filter(|cell| problem.standing[number(cell)] == Standing::Out);
    let exposed = problem.exposed.iter().map(|number| problem.cells[*number]);
    Left { out: out.copied().collect(), exposed: exposed.collect() }
}

/// What leaving out this number costs the reader: figures over all most, zeros more than counts.
fn price(cell: Cell, count: u64) -> u32 {
    let whose = if cell.whose == Whose::All { 40 } else { 2 };
    whose + u32::from(cell.side == Side::Both) + u32::from(count == 0)
}

/// A number that must not be worked out: a variable, or what one is more than another.
#[derive(Debug, Clone)]
struct Sensitive {
    terms: Vec<Term>,
    value: i64,
    /// The variable under whose name it is reported.
    of: usize,
}

struct Problem {
    threshold: i64,
    numbers: BTreeMap<(Cell, u64), usize>,
    /// Of each variable: the cell that it is.
    cells: Vec<Cell>,
    /// The table that is looked at: the true one, or a witness in the making.
    values: Vec<i64>,
    standing: Vec<Standing>,
    rules: Vec<Rule>,
    /// Of each rule: its sum in the table that is looked at.
    sums: Vec<i64>,
    /// Of each variable: the rules that speak of it, and with which sign.
    spoken: Vec<Vec<(usize, i64)>>,
    /// Of each variable: the last table that has it.
    home: Vec<usize>,
    grids: Vec<Grid>,
    rests: BTreeSet<Rest>,
    exposed: BTreeSet<usize>,
}

impl Problem {
    fn new(threshold: u32) -> Self {
        Self {
            threshold: threshold.into(),
            numbers: BTreeMap::new(),
            cells: Vec::new(),
            values: Vec::new(),
            standing: Vec::new(),
            rules: Vec::new(),
            sums: Vec::new(),
            spoken: Vec::new(),
            home: Vec::new(),
            grids: Vec::new(),
            rests: BTreeSet::new(),
            exposed: BTreeSet::new(),
        }
    }

    /// Adds a table. A number that another table has with the same value is the same variable,
    /// and what is known of it stays known.
    fn add(&mut self, counts: &Counts, standing: impl Fn(Cell) -> Standing) {
        for (cell, count) in counts {
            let now = standing(*cell);
            let number = match self.numbers.get(&(*cell, *count)) {
                Some(number) => *number,
                None => self.variable(*cell, *count, now),
            };
            if self.standing[number] != Standing::Known {
                self.standing[number] = now;
            }
            self.home[number] = self.grids.len();
        }
        let name = |cell: Cell| self.numbers[&(cell, counts[&cell])];
        self.grids.push(Grid::new(counts.keys().map(|cell| (*cell, name(*cell)))));
        let (rules, rests) = rules(counts, &name);
        self.rests.extend(rests);
        for rule in rules {
            let sum: i64 = rule.terms.iter().map(|term| term.sign * self.values[term.of]).sum();
            if sum < 0 || (rule.exact && sum != 0) {
                // What the true table contradicts, nobody can rely on.
                continue;
            }
            for term in &rule.terms {
                self.spoken[term.of].push((self.rules.len(), term.sign));
            }
            self.sums.push(sum);
            self.rules.push(rule);
        }
    }

    fn variable(&mut self, cell: Cell, count: u64, standing: Standing) -> usize {
        let number = self.values.len();
        self.numbers.insert((cell, count), number);
        self.cells.push(cell);
        self.values.push(i64::try_from(count).unwrap_or(i64::MAX));
        self.standing.push(standing);
        self.spoken.push(Vec::new());
        self.home.push(0);
        number
    }

    /// Leaves out what is sensitive, then finds witnesses for the values that it might have.
    fn protect(&mut self) {
        let sensitive = self.sensitive();
        for one in sensitive.iter().filter(|one| one.terms.len() == 1) {
            self.standing[one.of] = Standing::Out;
        }
        let most = self.threshold - 1;
        for one in sensitive {
            let up = self.witness(&one, 1, most - one.value);
            let down = self.witness(&one, -1, one.value - 1);
            // Where no other small value was found, any other will do.
            let other = up + down > 0 || self.witness(&one, 1, 1) + self.witness(&one, -1, 1) > 0;
            if !other {
                self.exposed.insert(one.of);
            }
        }
    }

    fn sensitive(&self) -> Vec<Sensitive> {
        let small = |value: &i64| (1..self.threshold).contains(value);
        let known = |n: usize| self.standing[n] == Standing::Known;
        let counts = (0..self.values.len())
            .filter(|n| self.cells[*n].tells() && !known(*n))
            .map(|n| Sensitive { terms: vec![Term::plus(n)], value: self.values[n], of: n });
        // Nothing that is left out now can hide the rest of two numbers that are known already.
        let rests =
            self.rests.iter().filter(|rest| !(known(rest.more) && known(rest.less))).map(|rest| {
                Sensitive {
                    terms: vec![Term::plus(rest.more), Term::minus(rest.less)],
                    value: self.values[rest.more] - self.values[rest.less],
                    of: rest.less,
                }
            });
        counts.chain(rests).filter(|one| small(&one.value)).collect()
    }

    /// Carries the number up or down by at most `wanted`, leaving out what that changes. Answers
    /// how far it came: every table on the way agrees with everything published.
    fn witness(&mut self, one: &Sensitive, direction: i64, wanted: i64) -> i64 {
        let mut done: Vec<(Exchange, i64)> = Vec::new();
        let mut left = wanted;
        while left > 0 {
            let Some(exchange) = self.cheapest(one, direction, left) else { break };
            let by = exchange.room.min(left);
            self.change(&exchange, by);
            left -= by;
            done.push((exchange, by));
        }
        let witness: Vec<i64> = done
            .iter()
            .flat_map(|(exchange, _)| &exchange.changes)
            .map(|t| self.values[t.of])
            .collect();
        for (exchange, by) in &done {
            self.change(exchange, -by);
        }
        let changed = done.iter().flat_map(|(exchange, _)| &exchange.changes).zip(witness);
        for (term, value) in changed {
            if self.values[term.of] != value {
                self.standing[term.of] = Standing::Out;
            }
        }
        wanted - left
    }

    fn change(&mut self, exchange: &Exchange, by: i64) {
        for term in &exchange.changes {
            self.values[term.of] += term.sign * by;
            for (rule, sign) in &self.spoken[term.of] {
                self.sums[*rule] += sign * term.sign * by;
            }
        }
    }
}

#[cfg(test)]
mod tests;
