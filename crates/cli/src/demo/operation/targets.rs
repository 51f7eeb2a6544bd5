//! What the full operation must come to, force by force: published figures where there are any,
//! the rest shared out so that the national totals are the published ones.
//!
//! In: `forces.csv`. Out: a [`Target`] for each force. Shares are by population, or by arrests
//! once those are known, with the largest remainder, so that every sum is exact.
//! These numbers say how much work is made, never what is counted: figures come from records.
//!
//! Source: what the National Crime Agency and the forces published in July 2014 (see the table).

use anyhow::{Context, Result, bail};
use pendeen_casework::force::ForceKey;

const TABLE: &str = include_str!("forces.csv");

/// Published of the whole operation.
pub const ARRESTS: usize = 660;
const RSO: usize = 39;
const PROPERTIES: usize = 833;
const DEVICES: usize = 9_172;
const CHILDREN: usize = 431;
const IMMEDIATE: usize = 127;

/// Published of one force's work outside the operation: warrants and arrests, seven each.
pub const OUTSIDE: (&str, usize) = ("E23000035", 7);

/// How much of everything a force has in the operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Which force.
    pub force: ForceKey,
    /// Arrests.
    pub arrests: usize,
    /// Of them, of registered sex offenders.
    pub rso: usize,
    /// Distinct premises searched, each under a warrant of its own.
    pub properties: usize,
    /// Devices examined.
    pub devices: usize,
    /// Things seized, examined or not.
    pub seized: usize,
    /// Children safeguarded.
    pub children: usize,
    /// Of them, once at immediate risk.
    pub immediate: usize,
    /// People charged.
    pub charged: usize,
    /// Whether everybody arrested is on police bail.
    pub all_on_bail: bool,
}

/// One line of the table.
struct Line {
    force: ForceKey,
    population: usize,
    arrests: Option<usize>,
    properties: Option<usize>,
    devices: Option<usize>,
    seized: Option<usize>,
    children: Option<usize>,
    charged: Option<usize>,
    group: Option<(String, usize)>,
}

/// The targets of every force, `scale` times the operation.
pub fn targets(scale: usize) -> Result<Vec<Target>> {
    let lines = table()?;
    let arrests = arrests(&lines);
    let by_arrests = |total, fixed: Vec<Option<usize>>| share(total, &fixed, &arrests);
    let fixed = |of: fn(&Line) -> Option<usize>| lines.iter().map(of).collect::<Vec<_>>();
    // Every arrest has premises of its own; what is left are second addresses.
    let more = |line: &Line, arrests: usize| line.properties.map(|p| p.saturating_sub(arrests));
    let second = lines.iter().zip(&arrests).map(|(line, arrests)| more(line, *arrests)).collect();
    let second = by_arrests(PROPERTIES - ARRESTS, second);
    // Where only what was seized is known, one thing in twenty-four waits for examination.
    let examined = |line: &Line| line.devices.or(line.seized.map(|seized| seized - seized / 24));
    let devices = by_arrests(DEVICES, lines.iter().map(examined).collect());
    let children = by_arrests(CHILDREN, fixed(|line| line.children));
    let immediate = share(IMMEDIATE, &vec![None; lines.len()], &children);
    let rso = by_arrests(RSO, vec![None; lines.len()]);
    let all = lines.iter().enumerate().map(|(i, line)| Target {
        force: line.force,
        arrests: arrests[i] * scale,
        rso: rso[i] * scale,
        properties: (arrests[i] + second[i]) * scale,
        devices: devices[i] * scale,
        seized: line.seized.unwrap_or(devices[i] + devices[i] / 16) * scale,
        children: children[i] * scale,
        immediate: immediate[i] * scale,
        charged: line.charged.unwrap_or(arrests[i] / 18) * scale,
        all_on_bail: line.force.as_str() == OUTSIDE.0,
    });
    Ok(all.collect())
}

/// Arrests: published ones, then groups by population, then everybody else by population, of
/// whom none has fewer than one.
fn arrests(lines: &[Line]) -> Vec<usize> {
    let mut fixed: Vec<Option<usize>> = lines.iter().map(|line| line.arrests).collect();
    for line in lines {
        let Some((group, total)) = &line.group else { continue };
        let member = |l: &Line| l.group.as_ref().is_some_and(|(name, _)| name == group);
        let weights: Vec<usize> =
            lines.iter().map(|l| if member(l) { l.population } else { 0 }).collect();
        let shared = share(*total, &vec![None; lines.len()], &weights);
        for (index, l) in lines.iter().enumerate().filter(|(_, l)| member(l)) {
            debug_assert_eq!(l.arrests, None);
            fixed[index] = Some(shared[index]);
        }
    }
    let open = fixed.iter().filter(|known| known.is_none()).count();
    let weights: Vec<usize> = lines.iter().map(|line| line.population).collect();
    let shared = share(ARRESTS - open, &fixed, &weights);
    let add = |(known, shared): (&Option<usize>, usize)| shared + usize::from(known.is_none());
    fixed.iter().zip(shared).map(add).collect()
}

/// Shares a total: what is fixed stays, the rest goes by weight with the largest remainder (the
/// earlier one where remainders are equal).
fn share(total: usize, fixed: &[Option<usize>], weights: &[usize]) -> Vec<usize> {
    let rest = total.saturating_sub(fixed.iter().flatten().sum());
    let open = |i: &usize| fixed[*i].is_none();
    let weight: usize = (0..weights.len()).filter(open).map(|i| weights[i]).sum();
    let mut shares: Vec<usize> = (0..weights.len())
        .map(|i| fixed[i].unwrap_or_else(|| rest * weights[i] / weight.max(1)))
        .collect();
    let mut order: Vec<usize> = (0..weights.len()).filter(open).collect();
    order.sort_by_key(|i| (std::cmp::Reverse(rest * weights[*i] % weight.max(1)), *i));
    let given: usize = order.iter().map(|i| shares[*i]).sum();
    for index in order.into_iter().take(rest - given) {
        shares[index] += 1;
    }
    shares
}

fn table() -> Result<Vec<Line>> {
    let lines = TABLE.lines().filter(|line| !line.starts_with('#')).skip(1);
    let read: Result<Vec<Line>> = lines.map(line).collect();
    let read = read?;
    if read.len() != pendeen_casework::force::FORCES.len() {
        bail!("the table of forces has {} lines", read.len());
    }
    Ok(read)
}

fn line(text: &str) -> Result<Line> {
    let cells: Vec<&str> = text.split(',').collect();
    let [
        key,
        population,
        arrests,
        _warrants,
        properties,
        devices,
        seized,
        children,
        charged,
        group,
    ] = cells[..]
    else {
        bail!("a line of the table of forces has {} cells: {text}", cells.len());
    };
    let number = |cell: &str| -> Result<Option<usize>> {
        let some = Some(cell).filter(|cell| !cell.is_empty());
        some.map(str::parse).transpose().with_context(|| format!("reading {text}"))
    };
    let group =
        group.split_once('=').map(|(name, sum)| anyhow::Ok((name.to_owned(), sum.parse()?)));
    Ok(Line {
        force: ForceKey::parse(key).with_context(|| format!("no force has the key {key}"))?,
        population: number(population)?.context("a force without population")?,
        arrests: number(arrests)?,
        properties: number(properties)?,
        devices: number(devices)?,
        seized: number(seized)?,
        children: number(children)?,
        charged: number(charged)?,
        group: group.transpose()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(of: fn(&Target) -> usize) -> usize {
        targets(1).unwrap().iter().map(of).sum()
    }

    #[test]
    fn the_shares_of_45_forces_add_up_to_what_was_published() {
        assert_eq!(sum(|t| t.arrests), 660);
        assert_eq!(sum(|t| t.rso), 39);
        assert_eq!(sum(|t| t.properties), 833);
        assert_eq!(sum(|t| t.devices), 9_172);
        assert_eq!(sum(|t| t.children), 431);
        assert_eq!(sum(|t| t.immediate), 127);
        let all = targets(1).unwrap();
        assert!(all.iter().all(|t| t.arrests >= 1 && t.rso <= t.arrests));
        assert!(all.iter().all(|t| t.immediate <= t.children && t.devices <= t.seized));
        let wales = all.iter().filter(|t| t.force.as_str().starts_with("W15"));
        assert_eq!(wales.map(|t| t.arrests).sum::<usize>(), 51);
    }

    #[test]
    fn the_largest_remainder_gets_what_is_left_and_what_is_fixed_stays() {
        assert_eq!(share(10, &[None, None, None], &[1, 1, 1]), [4, 3, 3]);
        assert_eq!(share(10, &[Some(7), None, None], &[9, 2, 1]), [7, 2, 1]);
        assert_eq!(share(5, &[None, None], &[0, 3]), [0, 5]);
    }
}
