//! Where an EWF image's chunks are: four bytes of memory for each.
//!
//! In: a `table` section and its twin `table2`. Out: a [`Run`] of chunks. A table that fails
//! its checksum is replaced by its twin; where both fail, only entries on which they agree are
//! believed, because a wrong entry could name another intact chunk.
//!
//! Source: J. Metz, "Expert Witness Compression Format specification", sections 3.8 to 3.10.

use crate::bytes::{u32_le, u64_le};

/// Length of a table's head in bytes.
const HEAD_LEN: usize = 24;
/// The bit of an entry that says that the chunk is compressed.
const COMPRESSED: u32 = 1 << 31;
/// Most entries of one table: EnCase writes 65,534 at most.
pub(super) const MAX_ENTRIES: u64 = 1 << 24;

/// One copy of a table as read.
#[derive(Debug)]
pub(super) struct Copy {
    base: u64,
    entries: Vec<u32>,
    /// Whether the checksums hold. The first EnCase wrote none for the entries.
    sound: bool,
}

/// Parses a `table` or `table2` section whose data begin at `section` in its segment. None where
/// not even the number of entries is sure.
pub(super) fn parse(data: &[u8], section: u64) -> Option<Copy> {
    let head = data.get(..HEAD_LEN)?;
    if libdeflater::adler32(&head[..20]) != u32_le(head, 20)? {
        return None;
    }
    let count = u32_le(head, 0)? as usize;
    let body = data.get(HEAD_LEN..HEAD_LEN.checked_add(count.checked_mul(4)?)?)?;
    let entries: Vec<u32> = (0..count).filter_map(|i| u32_le(body, i * 4)).collect();
    let base = u64_le(head, 8)?;
    // SMART and the first EnCase wrote no checksum: the chunks follow at once.
    let behind = section.saturating_add((HEAD_LEN + body.len()) as u64);
    let first = entries.first().map(|e| base.saturating_add(u64::from(e & !COMPRESSED)));
    let sound = match u32_le(data, HEAD_LEN + body.len()) {
        Some(_) if first == Some(behind) => true,
        Some(stored) => stored == libdeflater::adler32(body),
        None => true,
    };
    Some(Copy { base, entries, sound })
}

/// Where one chunk is in its segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub segment: usize,
    /// Position in the segment in bytes.
    pub at: u64,
    /// Bytes up to the next chunk, or to the end of the sectors; none where neither is known.
    pub room: Option<u64>,
    pub compressed: bool,
}

/// Consecutive chunks that one table locates.
#[derive(Debug)]
pub(super) struct Run {
    /// Number of the first chunk in the image.
    pub first: u64,
    segment: usize,
    base: u64,
    /// Where the sectors end in the segment, if a `sectors` section came before.
    end: Option<u64>,
    entries: Box<[u32]>,
    /// Entries from here on are plain 32-bit positions of stored chunks: EnCase 6.7 wrote so
    /// past 2 GiB.
    wide_from: usize,
    /// Entries on which two damaged copies disagree; empty where one copy is sound.
    doubted: Box<[bool]>,
}

/// Makes a run of a table and its twin, and says what was wrong with them. No run where
/// neither says how many chunks there are.
pub(super) fn combine(
    table: Option<Copy>,
    twin: Option<Copy>,
    segment: usize,
    end: Option<u64>,
) -> (Option<Run>, Option<String>) {
    let run = |copy: Copy, doubted: Vec<bool>| Run {
        first: 0,
        segment,
        base: copy.base,
        end,
        wide_from: wide_from(&copy.entries),
        entries: copy.entries.into_boxed_slice(),
        doubted: doubted.into_boxed_slice(),
    };
    match (table, twin) {
        (Some(table), _) if table.sound => (Some(run(table, Vec::new())), None),
        (_, Some(twin)) if twin.sound => {
            let problem = "the table of chunks fails its checksum; its second copy was used";
            (Some(run(twin, Vec::new())), Some(problem.to_owned()))
        }
        (Some(table), Some(twin)) if table.entries.len() == twin.entries.len() => {
            let agree = table.base == twin.base;
            let pairs = table.entries.iter().zip(&twin.entries);
            let doubted: Vec<bool> = pairs.map(|(a, b)| !agree || a != b).collect();
            let lost = doubted.iter().filter(|d| **d).count();
            let problem = format!(
                "both copies of the table of chunks fail their checksums; {lost} of {} entries differ \
                 and are not used",
                doubted.len()
            );
            (Some(run(table, doubted)), Some(problem))
        }
        (Some(only), None) | (None, Some(only)) => {
            let doubted = vec![true; only.entries.len()];
            let problem =
                "the table of chunks fails its checksum and has no second copy".to_owned();
            (Some(run(only, doubted)), Some(problem))
        }
        (Some(_), Some(_)) => (
            None,
            Some("both copies of the table of chunks are damaged and differ in length".to_owned()),
        ),
        (None, None) => (None, Some("the table of chunks is damaged in every copy".to_owned())),
    }
}

/// From which entry on the positions use all 32 bits: where the 31-bit ones turn back and the
/// 32-bit ones never do.
fn wide_from(entries: &[u32]) -> usize {
    let turn = entries.windows(2).position(|w| w[1] & !COMPRESSED < w[0] & !COMPRESSED);
    match turn {
        Some(i) if entries[i + 1] >= COMPRESSED && entries[i + 1..].is_sorted() => i + 1,
        _ => entries.len(),
    }
}

impl Run {
    /// How many chunks.
    pub fn count(&self) -> u64 {
        self.entries.len() as u64
    }

    /// Drops the chunks past `count`.
    pub fn truncate(&mut self, count: u64) {
        if let Ok(count) = usize::try_from(count)
            && count < self.entries.len()
        {
            self.entries = self.entries[..count].into();
        }
    }

    /// Where chunk `first + index` is; none where the table is not to be believed about it.
    pub fn place(&self, index: u64) -> Option<Place> {
        let index = usize::try_from(index).ok()?;
        if self.doubted.get(index) == Some(&true) {
            return None;
        }
        let (at, compressed) = self.position(index)?;
        let next = match self.position(index + 1) {
            Some((next, _)) => Some(next),
            None => self.end,
        };
        let room = next.and_then(|next| next.checked_sub(at)).filter(|room| *room > 0);
        Some(Place { segment: self.segment, at, room, compressed })
    }

    fn position(&self, index: usize) -> Option<(u64, bool)> {
        let entry = *self.entries.get(index)?;
        let wide = index >= self.wide_from;
        let offset = if wide { entry } else { entry & !COMPRESSED };
        Some((self.base.checked_add(u64::from(offset))?, !wide && entry & COMPRESSED != 0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn section(base: u64, entries: &[u32]) -> Vec<u8> {
        let mut data = u32::try_from(entries.len()).unwrap().to_le_bytes().to_vec();
        data.extend([0; 4]);
        data.extend(base.to_le_bytes());
        data.extend([0; 4]);
        data.extend(libdeflater::adler32(&data).to_le_bytes());
        let body: Vec<u8> = entries.iter().flat_map(|e| e.to_le_bytes()).collect();
        data.extend(&body);
        data.extend(libdeflater::adler32(&body).to_le_bytes());
        data
    }

    fn flip(mut data: Vec<u8>, at: usize) -> Option<Copy> {
        data[at] ^= 1;
        parse(&data, 0)
    }

    #[test]
    fn a_base_beyond_two_gib_is_added_to_every_entry() {
        let data = section(5 << 30, &[COMPRESSED | 0x64, 300]);
        let (run, problem) = combine(parse(&data, 0), None, 3, Some((5 << 30) + 900));
        let run = run.unwrap();
        assert_eq!(problem, None);
        let at = 5 << 30;
        assert_eq!(
            run.place(0),
            Some(Place { segment: 3, at: at + 100, room: Some(200), compressed: true })
        );
        assert_eq!(
            run.place(1),
            Some(Place { segment: 3, at: at + 300, room: Some(600), compressed: false })
        );
        assert_eq!(run.place(2), None);
    }

    #[test]
    fn positions_past_31_bits_are_taken_whole_and_as_stored() {
        let data = section(0, &[COMPRESSED | 0x7fff_0000, 0x7fff_8000, 0x8000_0004, 0x8000_8008]);
        let (run, _) = combine(parse(&data, 0), None, 0, None);
        let run = run.unwrap();
        assert_eq!(run.place(2).unwrap().at, 0x8000_0004);
        assert!(!run.place(2).unwrap().compressed);
        assert_eq!(run.place(1).unwrap().room, Some(0x8004));
    }

    #[test]
    fn a_damaged_table_gives_way_to_its_twin() {
        let data = section(0, &[76, 176, 276]);
        let (run, problem) = combine(flip(data.clone(), 25), parse(&data, 0), 0, None);
        assert_eq!(run.unwrap().place(0).unwrap().at, 76);
        assert!(problem.unwrap().contains("second copy was used"));
    }

    #[test]
    fn two_damaged_copies_are_believed_only_where_they_agree() {
        let data = section(0, &[76, 176, 276]);
        let (run, _) = combine(flip(data.clone(), 24), flip(data.clone(), 28), 0, None);
        let run = run.unwrap();
        assert_eq!((run.place(0), run.place(1)), (None, None));
        assert_eq!(run.place(2).unwrap().at, 276);
    }

    #[test]
    fn a_damaged_count_is_not_believed() {
        let data = section(0, &[76, 176, 276]);
        assert!(flip(data.clone(), 0).is_none());
        let (run, problem) = combine(flip(data.clone(), 0), flip(data, 0), 0, None);
        assert!(run.is_none() && problem.is_some());
    }
}
