//! Table b-trees: from a root page to the payload of every row.
//!
//! In: a root page. Out: (rowid, payload) in order. Every page is visited once at most: a page
//! that two parents name, or that is its own ancestor, is damage. What can be read on either
//! side of damage is still given.
//!
//! Source: "Database File Format", sections 1.6 and 1.7.

use std::collections::HashSet;

use super::{Database, MOST_PAYLOAD, SqliteError};

/// Levels of a tree at most; five hold more rows than a disk.
const LEVELS: usize = 40;

type Each<'e> = dyn FnMut(i64, &[u8]) -> bool + 'e;

/// Gives every row's rowid and payload to `each`, until it answers false.
pub(super) fn walk(
    database: &Database<'_>,
    root: u32,
    each: &mut Each<'_>,
) -> Result<(), SqliteError> {
    let mut walk = Walk { database, seen: HashSet::new(), first_error: None, stopped: false };
    walk.page(root, 0, each);
    walk.first_error.map_or(Ok(()), Err)
}

struct Walk<'w, 'a> {
    database: &'w Database<'a>,
    seen: HashSet<u32>,
    first_error: Option<SqliteError>,
    stopped: bool,
}

impl Walk<'_, '_> {
    fn fail(&mut self, error: SqliteError) {
        self.first_error.get_or_insert(error);
    }

    fn page(&mut self, number: u32, level: usize, each: &mut Each<'_>) {
        let bad = |problem| SqliteError::Page { page: number, problem };
        if level >= LEVELS || !self.seen.insert(number) {
            return self.fail(bad("the tree leads to it twice"));
        }
        let page = match self.database.page(number) {
            Ok(page) => page,
            Err(error) => return self.fail(error),
        };
        let at = if number == 1 { 100 } else { 0 };
        let header = page.get(at..).unwrap_or_default();
        match header.first() {
            Some(0x0d) => self.leaf(number, &page, at, each),
            Some(0x05) => self.interior(number, &page, at, level, each),
            _ => self.fail(bad("it is no page of a table")),
        }
    }

    fn interior(&mut self, number: u32, page: &[u8], at: usize, level: usize, each: &mut Each<'_>) {
        let children = cells(page, at, 12)
            .map(|cell| cell.and_then(|cell| be32(page, cell)))
            .chain([be32(page, at + 8)]);
        for child in children {
            if self.stopped {
                return;
            }
            match child {
                Some(child) => self.page(child, level + 1, each),
                None => {
                    self.fail(SqliteError::Page { page: number, problem: "a cell lies outside" });
                }
            }
        }
    }

    fn leaf(&mut self, number: u32, page: &[u8], at: usize, each: &mut Each<'_>) {
        for cell in cells(page, at, 8) {
            if self.stopped {
                return;
            }
            let row = cell.and_then(|cell| {
                let (len, used) = varint(page, cell)?;
                let (rowid, more) = varint(page, cell + used)?;
                Some((len, rowid.cast_signed(), cell + used + more))
            });
            let Some((len, rowid, from)) = row else {
                self.fail(SqliteError::Page { page: number, problem: "a cell lies outside" });
                continue;
            };
            match self.payload(page, from, len) {
                Ok(Some(payload)) => self.stopped = !each(rowid, &payload),
                Ok(None) => self.database.lose_row(),
                Err(error) => {
                    self.database.lose_row();
                    self.fail(error);
                }
            }
        }
    }

    /// A row's payload, with what overflowed to other pages; none where it is cut off or too
    /// long.
    fn payload(&self, page: &[u8], from: usize, len: u64) -> Result<Option<Vec<u8>>, SqliteError> {
        let usable = u64::from(self.database.usable);
        let here = local(len, usable);
        let end = usize::try_from(here).ok().and_then(|here| from.checked_add(here));
        let Some(part) = end.and_then(|end| page.get(from..end)) else { return Ok(None) };
        if len > MOST_PAYLOAD {
            return Ok(None);
        }
        let mut payload = part.to_vec();
        if here == len {
            return Ok(Some(payload));
        }
        let Some(mut next) = end.and_then(|end| be32(page, end)) else { return Ok(None) };
        // Each page of the chain brings bytes, so that the chain ends even if it is a circle.
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        while payload.len() < len {
            let overflow = self.database.page(next)?;
            next = be32(&overflow, 0).unwrap_or(0);
            let part = overflow.get(4..self.database.usable as usize).unwrap_or_default();
            payload.extend_from_slice(&part[..part.len().min(len - payload.len())]);
        }
        Ok(Some(payload))
    }
}

/// How many bytes of a payload lie on the leaf itself.
fn local(len: u64, usable: u64) -> u64 {
    let most = usable - 35;
    if len <= most {
        return len;
    }
    let least = (usable - 12) * 32 / 255 - 23;
    let wanted = least + (len - least) % (usable - 4);
    if wanted <= most { wanted } else { least }
}

/// Where the cells of a page begin.
fn cells(page: &[u8], at: usize, header: usize) -> impl Iterator<Item = Option<usize>> {
    let count = be16(page, at + 3).unwrap_or(0);
    let room = page.len().saturating_sub(at + header) / 2;
    (0..usize::from(count).min(room)).map(move |n| be16(page, at + header + 2 * n).map(usize::from))
}

fn be16(bytes: &[u8], at: usize) -> Option<u16> {
    crate::container::array(bytes, at).map(u16::from_be_bytes)
}

fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    crate::container::array(bytes, at).map(u32::from_be_bytes)
}

/// A number of one to nine bytes, and how many it takes.
pub(super) fn varint(bytes: &[u8], at: usize) -> Option<(u64, usize)> {
    let mut value = 0_u64;
    for n in 0..9 {
        let byte = *bytes.get(at.checked_add(n)?)?;
        if n == 8 {
            return Some((value << 8 | u64::from(byte), 9));
        }
        value = value << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some((value, n + 1));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_take_one_to_nine_bytes() {
        assert_eq!(varint(&[0x7f], 0), Some((127, 1)));
        assert_eq!(varint(&[0x81, 0], 0), Some((128, 2)));
        assert_eq!(varint(&[0xff; 9], 0), Some((u64::MAX, 9)));
        assert_eq!(varint(&[0xff; 8], 0), None);
        assert_eq!(varint(&[], 0), None);
    }
}
