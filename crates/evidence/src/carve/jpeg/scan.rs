//! Decodes the coefficients of one scan, as far as is needed to know whether they can be those
//! of a picture.
//!
//! Values are not kept, but what limits them is checked: a code that no table has, a coefficient
//! past the 63rd, a size that 8-bit samples cannot give, a mean outside the samples' range, a
//! marker that comes too early, data left over. Of a progressive picture one bit per
//! coefficient is kept, since refining needs to know which are zero.
//! Source: ITU-T T.81, F.2 (sequential), G.2 (progressive).

use super::frame::{Coding, Component, Frame};
use super::huffman::{BitState, Bits, Fault, Table};

/// Sizes of differences and of coefficients that 8-bit samples can give (tables F.1, F.2).
const LARGEST_DC: u8 = 11;
const LARGEST_AC: u8 = 10;
/// The mean of a block, times eight, lies within 1,024 of zero; rounding adds half a step, and
/// pictures that were brightened without decoding them a little more.
const FARTHEST_DC: i64 = 1280;
/// Checkpoints lie about so many bytes apart, and so many are kept.
const CHECKPOINT_EVERY: u64 = 1 << 10;
const CHECKPOINTS: usize = 1024;

/// A component's part in a scan.
#[derive(Clone, Copy)]
pub(super) struct Part<'t> {
    /// Index of the component.
    pub(super) component: usize,
    pub(super) dc: Option<&'t Table>,
    pub(super) ac: Option<&'t Table>,
    pub(super) step: u16,
}

/// A scan's header and what it refers to.
pub(super) struct Scan<'t> {
    pub(super) frame: &'t Frame,
    pub(super) parts: Vec<Part<'t>>,
    /// First and last coefficient.
    pub(super) band: (u8, u8),
    /// Bits of earlier passes and of this one: `Ah`, `Al`.
    pub(super) bits: (u8, u8),
    /// Units between two restart markers; 0 for none.
    pub(super) restart: u32,
}

/// Where decoding stands, before a unit.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Standing {
    pub(super) bits: BitState,
    /// Units decoded.
    pub(super) unit: u64,
    means: [i32; 4],
    /// Units until the next restart marker.
    until_restart: u32,
    restarts: u8,
    /// Blocks that have no further coefficients in this band.
    skipped: u32,
}

/// What is written down while a sequential scan is decoded.
#[derive(Default)]
pub(super) struct Notes<'n> {
    /// Whether anything is.
    kept: bool,
    /// Where decoding can go on from: the last [`CHECKPOINTS`] places.
    pub(super) checkpoints: Vec<Standing>,
    /// Behind each unit: the next byte, and the mean of the first component's last block.
    pub(super) means: Vec<(u64, i32)>,
    /// The unit that the first of `means` is of.
    first: usize,
    pub(super) seam: Option<Seam<'n>>,
}

/// Looks at the units behind a cut: do they fit under those above them?
pub(super) struct Seam<'n> {
    /// The means of the units before the cut.
    pub(super) before: &'n [(u64, i32)],
    /// Units in a row.
    pub(super) across: usize,
    /// How rough it may be.
    pub(super) limit: u64,
    sum: u64,
    units: u64,
}

/// Units of which means are kept: 250 million pixels, or more.
const MOST_MEANS: usize = 4 << 20;
/// Units after which a seam is judged, again and again.
const JUDGED: u64 = 16;

impl<'n> Notes<'n> {
    /// Of a picture from its beginning.
    pub(super) fn of_all() -> Self {
        Self { kept: true, ..Self::default() }
    }

    /// Of a picture from `standing` on, that is cut behind the units of `before`.
    pub(super) fn of_rest(
        standing: &Standing,
        before: &'n [(u64, i32)],
        across: usize,
        limit: u64,
    ) -> Self {
        let seam = Seam { before, across, limit, sum: 0, units: 0 };
        let first = usize::try_from(standing.unit).unwrap_or(usize::MAX);
        Self { kept: true, first, seam: Some(seam), ..Self::default() }
    }

    fn before(&mut self, standing: &Standing) {
        let far = |last: &Standing| standing.bits.at >= last.bits.at + CHECKPOINT_EVERY;
        if self.kept && self.seam.is_none() && self.checkpoints.last().is_none_or(far) {
            if self.checkpoints.len() >= 2 * CHECKPOINTS {
                self.checkpoints.drain(..CHECKPOINTS);
            }
            self.checkpoints.push(*standing);
        }
    }

    fn behind(&mut self, standing: &Standing) -> Result<(), Fault> {
        if !self.kept || self.means.len() >= MOST_MEANS {
            return Ok(());
        }
        self.means.push((standing.bits.at, standing.means[0]));
        let unit = usize::try_from(standing.unit).unwrap_or(usize::MAX);
        let Some(seam) = &mut self.seam else { return Ok(()) };
        let cut = seam.before.len();
        let Some(above) = unit.checked_sub(seam.across).filter(|_| unit >= cut) else {
            return Ok(());
        };
        let above = match seam.before.get(above) {
            Some(mean) => Some(mean),
            None => above.checked_sub(self.first).and_then(|above| self.means.get(above)),
        };
        if let Some((_, above)) = above.filter(|_| seam.units < 2 * seam.across as u64) {
            seam.sum += u64::from(standing.means[0].abs_diff(*above));
            seam.units += 1;
            if seam.units % JUDGED == 0 && seam.rough() > seam.limit {
                return Err(Fault::Undecodable);
            }
        }
        Ok(())
    }
}

impl Seam<'_> {
    /// How much a unit differs from the one above it, in sixteenths of a step.
    pub(super) fn rough(&self) -> u64 {
        self.sum * 16 / self.units.max(1)
    }
}

/// Which coefficients of a progressive picture are not zero: a bit each, 64 to a block.
pub(super) type Masks = Vec<Vec<u64>>;

impl Scan<'_> {
    /// Where decoding begins.
    pub(super) fn start(&self, at: u64) -> Standing {
        Standing { bits: BitState::at(at), until_restart: self.restart, ..Standing::default() }
    }

    /// How many units the scan has, across and down.
    fn grid(&self) -> (u64, u64) {
        match self.parts.as_slice() {
            [only] => self.frame.components[only.component].own,
            _ => self.frame.units,
        }
    }

    /// How many units a row has.
    pub(super) fn across(&self) -> u64 {
        self.grid().0
    }

    /// Decodes from `standing` to the end of the scan; on a fault, `standing` is where it was.
    pub(super) fn decode(
        &self,
        bits: &mut Bits<'_, '_>,
        standing: &mut Standing,
        masks: &mut Masks,
        notes: &mut Notes<'_>,
    ) -> Result<(), Fault> {
        let (across, down) = self.grid();
        let units = across * down;
        while standing.unit < units {
            notes.before(standing);
            if self.restart > 0 && standing.until_restart == 0 {
                bits.restart(standing.restarts)?;
                standing.restarts = (standing.restarts + 1) % 8;
                standing.until_restart = self.restart;
                standing.means = [0; 4];
                standing.skipped = 0;
            }
            let result = self.unit(bits, standing, masks);
            standing.bits = bits.state();
            result?;
            notes.behind(standing)?;
            standing.unit += 1;
            standing.until_restart = standing.until_restart.saturating_sub(1);
        }
        Ok(())
    }

    fn unit(
        &self,
        bits: &mut Bits<'_, '_>,
        standing: &mut Standing,
        masks: &mut Masks,
    ) -> Result<(), Fault> {
        if let [only] = self.parts.as_slice() {
            let component = &self.frame.components[only.component];
            let (row, column) = (standing.unit / component.own.0, standing.unit % component.own.0);
            return self.block(bits, standing, masks, *only, row * component.stride + column);
        }
        let (row, column) =
            (standing.unit / self.frame.units.0, standing.unit % self.frame.units.0);
        for part in &self.parts {
            let Component { across, down, stride, .. } = self.frame.components[part.component];
            for y in 0..down {
                for x in 0..across {
                    let block = (row * down + y) * stride + column * across + x;
                    self.block(bits, standing, masks, *part, block)?;
                }
            }
        }
        Ok(())
    }

    fn block(
        &self,
        bits: &mut Bits<'_, '_>,
        standing: &mut Standing,
        masks: &mut Masks,
        part: Part<'_>,
        block: u64,
    ) -> Result<(), Fault> {
        let (first, last) = self.band;
        if self.frame.coding == Coding::Sequential {
            self.mean(bits, standing, part)?;
            return sequential(bits, part.ac.ok_or(Fault::Undecodable)?);
        }
        let again = self.bits.0 > 0;
        match (first, again) {
            (0, false) => self.mean(bits, standing, part),
            (0, true) => bits.take(1).map(|_| ()),
            (_, again) => {
                let table = part.ac.ok_or(Fault::Undecodable)?;
                let mask = usize::try_from(block)
                    .ok()
                    .and_then(|block| masks.get_mut(part.component)?.get_mut(block))
                    .ok_or(Fault::Undecodable)?;
                let band = (u32::from(first), u32::from(last));
                if again {
                    refined(bits, table, band, mask, &mut standing.skipped)
                } else {
                    banded(bits, table, band, mask, &mut standing.skipped)
                }
            }
        }
    }

    /// The difference of a block's mean to that of the one before.
    fn mean(
        &self,
        bits: &mut Bits<'_, '_>,
        standing: &mut Standing,
        part: Part<'_>,
    ) -> Result<(), Fault> {
        let size = bits.symbol(part.dc.ok_or(Fault::Undecodable)?)?;
        if size > LARGEST_DC {
            return Err(Fault::Undecodable);
        }
        let mean = &mut standing.means[part.component];
        *mean = mean.saturating_add(bits.signed(size)?);
        let value = (i64::from(*mean) << self.bits.1) * i64::from(part.step);
        if value.abs() > FARTHEST_DC + i64::from(part.step) {
            Err(Fault::Undecodable)
        } else {
            Ok(())
        }
    }
}

/// The coefficients 1 to 63 of a block, in one pass.
fn sequential(bits: &mut Bits<'_, '_>, table: &Table) -> Result<(), Fault> {
    let mut at = 1;
    while at < 64 {
        let symbol = bits.symbol(table)?;
        let (zeros, size) = (u32::from(symbol >> 4), symbol & 15);
        match (zeros, size) {
            (0, 0) => return Ok(()),
            (15, 0) => at += 16,
            (_, 0) => return Err(Fault::Undecodable),
            _ => at += zeros,
        }
        if at > 63 || size > LARGEST_AC {
            return Err(Fault::Undecodable);
        }
        if size > 0 {
            bits.take(u32::from(size))?;
            at += 1;
        }
    }
    Ok(())
}

/// The first pass over a band (G.1.2.2).
fn banded(
    bits: &mut Bits<'_, '_>,
    table: &Table,
    (first, last): (u32, u32),
    mask: &mut u64,
    skipped: &mut u32,
) -> Result<(), Fault> {
    if *skipped > 0 {
        *skipped -= 1;
        return Ok(());
    }
    let mut at = first;
    while at <= last {
        let symbol = bits.symbol(table)?;
        let (zeros, size) = (u32::from(symbol >> 4), symbol & 15);
        if size == 0 && zeros < 15 {
            *skipped = (1 << zeros) - 1 + bits.take(zeros)?;
            return Ok(());
        }
        at += if size == 0 { 16 } else { zeros };
        if at > last || size > LARGEST_AC {
            return Err(Fault::Undecodable);
        }
        if size > 0 {
            bits.take(u32::from(size))?;
            *mask |= 1 << at;
            at += 1;
        }
    }
    Ok(())
}

/// A further pass over a band: a bit for each coefficient that is not zero yet, and new ones
/// (G.1.2.3).
fn refined(
    bits: &mut Bits<'_, '_>,
    table: &Table,
    (first, last): (u32, u32),
    mask: &mut u64,
    skipped: &mut u32,
) -> Result<(), Fault> {
    let mut at = first;
    while *skipped == 0 && at <= last {
        let symbol = bits.symbol(table)?;
        let (mut zeros, size) = (u32::from(symbol >> 4), symbol & 15);
        if size > 1 {
            return Err(Fault::Undecodable);
        }
        if size == 0 && zeros < 15 {
            *skipped = (1 << zeros) + bits.take(zeros)?;
            break;
        }
        if size == 1 {
            bits.take(1)?;
        }
        while at <= last {
            if *mask >> at & 1 == 1 {
                bits.take(1)?;
            } else if zeros == 0 {
                break;
            } else {
                zeros -= 1;
            }
            at += 1;
        }
        if size == 1 {
            if at > last {
                return Err(Fault::Undecodable);
            }
            *mask |= 1 << at;
        }
        at += 1;
    }
    if *skipped > 0 {
        while at <= last {
            if *mask >> at & 1 == 1 {
                bits.take(1)?;
            }
            at += 1;
        }
        *skipped -= 1;
    }
    Ok(())
}
