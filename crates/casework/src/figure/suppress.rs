//! Which numbers of a table must not be published, so that no small count can be worked out.
//!
//! In: the numbers, what they tell of each other ([`Rule`]), and which of them anybody knows
//! already. Out: the numbers to leave out. A count from one to below the threshold is
//! *sensitive* (a zero names nobody and stays). Leaving it out is not enough where the total
//! and the other parts give it away, so others are left out with it.
//!
//! **The method.** For each sensitive number, and for every value that it might have had instead,
//! a *witness* is searched: another whole table that agrees with everything published and with
//! every rule, in which the number has that value. Starting from the true table with one number
//! changed, broken rules are mended by changing numbers that are left out already, or, at a
//! price, published ones, which are then left out too; the cheapest mending found is taken.
//! What a witness changed stays left out, so a witness once found holds to the end: one pass is
//! enough. That a witness exists is the proof, however it was found; the search gives up early
//! rather than claim one. Where none exists the number is [`Left::exposed`], and the table must
//! not be published as it is.
//!
//! **Earlier releases.** A number that has not changed since an earlier release is the same
//! variable there and here: what was published of it is known, what was left out must not be
//! given away now by the rest.
//!
//! Source: cell suppression by protection patterns, after M. Fischetti and J. J. Salazar
//! Gonzalez, "Solving the cell suppression problem on tabular data with linear constraints",
//! Management Science 47 (2001).

use std::collections::{BTreeMap, BTreeSet};

use super::table::{Cell, Counts, Side, Whose, rules};

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
        problem.add(&release.counts, |cell| match release.left_out.contains(&cell) {
            true => Standing::Out,
            false => Standing::Known,
        });
    }
    problem.add(counts, |cell| match shown.contains(&cell) {
        true => Standing::Known,
        false => Standing::Published(price(cell, counts[&cell])),
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

/// The search's patience: changes tried for one witness at one price.
const TRIES: u32 = 500;
/// The same where the search would end without any witness.
const LAST_TRIES: u32 = 20_000;
/// The prices tried one after another.
const PRICES: [u32; 8] = [0, 3, 5, 8, 12, 50, 100, 200];
/// Numbers changed in one witness at most.
const CHANGED: usize = 40;

struct Problem {
    threshold: i64,
    numbers: BTreeMap<(Cell, u64), usize>,
    /// Of each variable: the cell that it is, or whose rest it is.
    cells: Vec<Cell>,
    values: Vec<i64>,
    standing: Vec<Standing>,
    rules: Vec<Rule>,
    /// Of each rule: its sum in the true table.
    sums: Vec<i64>,
    /// Of each variable: the rules that speak of it, and with which sign.
    spoken: Vec<Vec<(usize, i64)>>,
    rests: BTreeMap<(usize, usize), usize>,
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
            rests: BTreeMap::new(),
            exposed: BTreeSet::new(),
        }
    }

    /// Adds a table. A number that another table has with the same value is the same variable,
    /// and what is known of it stays known.
    fn add(&mut self, counts: &Counts, standing: impl Fn(Cell) -> Standing) {
        for (cell, count) in counts {
            let now = standing(*cell);
            match self.numbers.get(&(*cell, *count)) {
                Some(number) if self.standing[*number] != Standing::Known => {
                    self.standing[*number] = now;
                }
                Some(_) => {}
                None => {
                    let number = self.variable(*cell, *count, now);
                    self.numbers.insert((*cell, *count), number);
                }
            }
        }
        let numbers = self.numbers.clone();
        let name = |cell: Cell| numbers[&(cell, counts[&cell])];
        let mut rest = |less: Cell, more: Cell| {
            let pair = (name(less), name(more));
            if let Some(known) = self.rests.get(&pair) {
                return *known;
            }
            let count = counts[&more].saturating_sub(counts[&less]);
            let number = self.variable(less, count, Standing::Out);
            self.rests.insert(pair, number);
            number
        };
        let new = rules(counts, &name, &mut rest);
        for rule in new {
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
        self.cells.push(cell);
        self.values.push(i64::try_from(count).unwrap_or(i64::MAX));
        self.standing.push(standing);
        self.spoken.push(Vec::new());
        self.values.len() - 1
    }

    /// Whether a rule is broken by this sum.
    fn wrong(&self, rule: usize, sum: i64) -> bool {
        sum < 0 || (self.rules[rule].exact && sum != 0)
    }

    /// Leaves out what is sensitive, then finds a witness for every value that it might have.
    fn protect(&mut self) {
        let small = 1..self.threshold;
        let known = |n: &usize| self.standing[*n] == Standing::Known;
        // Nothing that is left out now can hide the rest of two numbers that are known already.
        let given: BTreeSet<usize> = (self.rests.iter())
            .filter(|((less, more), _)| known(less) && known(more))
            .map(|(_, rest)| *rest)
            .collect();
        let sensitive: Vec<usize> = (0..self.values.len())
            .filter(|n| small.contains(&self.values[*n]) && self.cells[*n].tells())
            .filter(|n| self.standing[*n] != Standing::Known && !given.contains(n))
            .collect();
        for number in &sensitive {
            self.standing[*number] = Standing::Out;
        }
        for number in sensitive {
            let others: Vec<i64> = small.clone().filter(|v| *v != self.values[number]).collect();
            let mut found = false;
            for value in &others {
                found |= self.witness(number, *value, TRIES);
            }
            // Where no small value was found, any other will do, after a longer search.
            let rest = [self.values[number] + 1, 0];
            let mut any = others.iter().chain(&rest);
            if !found && !any.any(|value| self.witness(number, *value, LAST_TRIES)) {
                self.exposed.insert(number);
            }
        }
    }

    /// Whether some table agrees with everything published and has this value here, after
    /// leaving out what that needs.
    fn witness(&mut self, number: usize, value: i64, tries: u32) -> bool {
        for price in PRICES {
            let mut search = Search::new(self, tries);
            search.change(number, value);
            if search.mend(price) {
                for number in search.changed {
                    self.standing[number] = Standing::Out;
                }
                return true;
            }
        }
        false
    }
}

/// A table on its way to become a witness.
struct Search<'a> {
    problem: &'a Problem,
    values: Vec<i64>,
    /// What the rules speak of, summed up, and those that are broken.
    sums: Vec<i64>,
    broken: BTreeSet<usize>,
    /// Changed numbers; each is changed once.
    changed: Vec<usize>,
    tries: u32,
}

impl<'a> Search<'a> {
    fn new(problem: &'a Problem, tries: u32) -> Self {
        Self {
            problem,
            values: problem.values.clone(),
            sums: problem.sums.clone(),
            broken: BTreeSet::new(),
            changed: Vec::new(),
            tries,
        }
    }

    /// Mends broken rules until none is; spends at most `price`.
    fn mend(&mut self, price: u32) -> bool {
        let Some(rule) = self.broken.first().copied() else { return true };
        if self.changed.len() >= CHANGED {
            return false;
        }
        let off = self.sums[rule];
        for (cost, _, term) in self.menders(&self.problem.rules[rule], off, price) {
            if self.tries == 0 {
                return false;
            }
            self.tries -= 1;
            let was = self.values[term.of];
            self.change(term.of, (was - off * term.sign).max(0));
            if self.mend(price - cost) {
                return true;
            }
            self.changed.pop();
            self.set(term.of, was);
        }
        false
    }

    fn change(&mut self, number: usize, value: i64) {
        self.changed.push(number);
        self.set(number, value);
    }

    fn set(&mut self, number: usize, value: i64) {
        let by = value - std::mem::replace(&mut self.values[number], value);
        for (rule, sign) in &self.problem.spoken[number] {
            self.sums[*rule] += sign * by;
            let wrong = self.problem.wrong(*rule, self.sums[*rule]);
            if wrong {
                self.broken.insert(*rule);
            } else {
                self.broken.remove(rule);
            }
        }
    }

    /// By how many broken rules more there would be if the number changed by this much.
    fn breaks(&self, number: usize, by: i64) -> i32 {
        let spoken = self.problem.spoken[number].iter();
        let change = |(rule, sign): &(usize, i64)| {
            let after = self.problem.wrong(*rule, self.sums[*rule] + sign * by);
            i32::from(after) - i32::from(self.broken.contains(rule))
        };
        spoken.map(change).sum()
    }

    /// What may still be changed in a rule that is off, for the price: first what leaves the fewest
    /// rules broken, so that mending comes to an end, and among those the cheapest.
    fn menders(&self, rule: &Rule, off: i64, price: u32) -> Vec<(u32, i32, Term)> {
        let mender = |term: &Term| {
            let cost = match self.problem.standing[term.of] {
                Standing::Known => return None,
                Standing::Published(cost) => cost,
                Standing::Out => 0,
            };
            let was = self.values[term.of];
            let by = (was - off * term.sign).max(0) - was;
            let helps = cost <= price && by != 0 && !self.changed.contains(&term.of);
            helps.then(|| (cost, self.breaks(term.of, by), *term))
        };
        let mut menders: Vec<_> = rule.terms.iter().filter_map(mender).collect();
        menders.sort_by_key(|(cost, breaks, _)| (*breaks, *cost));
        menders
    }
}

#[cfg(test)]
mod tests;
