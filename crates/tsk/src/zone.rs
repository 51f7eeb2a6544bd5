//! From local times to UTC, where a file system keeps the offset beside them.
//!
//! In: times as libtsk gives them, local ones as if they were UTC, and what the file system
//! keeps of each. Out: the same times in UTC, and whether the zone of any is not known.
//!
//! Mended on the way: the second that libtsk leaves out of times of an odd one.
//!
//! FAT keeps no zone. exFAT keeps a byte for each time, of which the highest bit says whether it
//! is valid; ISO 9660 keeps one. Both count in quarters of an hour.
//!
//! Sources: Microsoft, *exFAT file system specification*, sections 7.4.8 to 7.4.10; ECMA-119,
//! section 9.1.5.

use crate::fat::ENTRY;
use crate::name::{MetaFacts, Stamp};

const QUARTER: i64 = 15 * 60;
const NONE: Stamp = Stamp { seconds: 0, nanoseconds: 0 };
/// The type of a file's first entry, without the bit that says that it is in use.
const EXFAT_FILE: u8 = 0x05;
const EXFAT_IN_USE: u8 = 0x80;
const FAT_CREATED_STEPS: usize = 13;
const EXFAT_CREATED_STEPS: usize = 20;
const EXFAT_MODIFIED_STEPS: usize = 21;
const STEPS_OF_A_SECOND: u8 = 100;
const EXFAT_CREATED_OFFSET: usize = 22;
const EXFAT_MODIFIED_OFFSET: usize = 23;
const EXFAT_ACCESSED_OFFSET: usize = 24;
const OFFSET_VALID: u8 = 0x80;

/// Whether there is any time at all.
fn is_any_known(meta: &MetaFacts) -> bool {
    [meta.created, meta.modified, meta.accessed, meta.changed].iter().any(|time| *time != NONE)
}

/// Completes the times of a file on FAT12, FAT16 or FAT32 by its directory entry. Whether they
/// are local, which they are wherever there is any.
pub(crate) fn fat(meta: &mut MetaFacts, entry: Option<[u8; ENTRY]>) -> bool {
    if let Some(entry) = entry.filter(|_| meta.created != NONE) {
        add_lost_second(&mut meta.created, entry[FAT_CREATED_STEPS]);
    }
    is_any_known(meta)
}

/// Times are kept to 2 s, and beside them steps of 10 ms up to 199. Of just 100 libtsk makes no
/// second.
fn add_lost_second(time: &mut Stamp, steps: u8) {
    if steps == STEPS_OF_A_SECOND {
        time.seconds = time.seconds.saturating_add(1);
    }
}

/// Brings the times of an exFAT file to UTC by its first directory entry. Whether one stays
/// local.
pub(crate) fn exfat(meta: &mut MetaFacts, entry: Option<[u8; ENTRY]>) -> bool {
    let Some(entry) = entry.filter(|entry| entry[0] & !EXFAT_IN_USE == EXFAT_FILE) else {
        return is_any_known(meta);
    };
    let mut unknown = meta.changed != NONE;
    for (time, at, steps) in [
        (&mut meta.created, EXFAT_CREATED_OFFSET, entry[EXFAT_CREATED_STEPS]),
        (&mut meta.modified, EXFAT_MODIFIED_OFFSET, entry[EXFAT_MODIFIED_STEPS]),
        (&mut meta.accessed, EXFAT_ACCESSED_OFFSET, 0),
    ] {
        if *time == NONE {
            continue;
        }
        add_lost_second(time, steps);
        match exfat_quarters(entry[at]) {
            Some(quarters) => move_to_utc(time, quarters),
            None => unknown = true,
        }
    }
    unknown
}

/// The offset from UTC in quarters of an hour, where it is valid: seven bits in two's complement.
fn exfat_quarters(byte: u8) -> Option<i8> {
    (byte & OFFSET_VALID != 0).then_some((byte << 1).cast_signed() >> 1)
}

/// Brings the time of an ISO 9660 directory record to UTC by the record's own seven bytes: year
/// since 1900, month, day, hour, minute, second, offset. Whether it stays local.
pub(crate) fn iso_9660(meta: &mut MetaFacts, recorded: Option<[u8; 7]>) -> bool {
    let Some([date @ .., offset]) = recorded else { return is_any_known(meta) };
    if date == [0; 6] {
        // "Not specified"; libtsk makes a day of 1899 of it.
        meta.created = NONE;
    }
    let offset = offset.cast_signed();
    if meta.created == NONE || !(-48..=52).contains(&offset) {
        return is_any_known(meta);
    }
    move_to_utc(&mut meta.created, offset);
    [meta.modified, meta.accessed, meta.changed].iter().any(|time| *time != NONE)
}

fn move_to_utc(time: &mut Stamp, quarters: i8) {
    time.seconds = time.seconds.saturating_sub(i64::from(quarters) * QUARTER);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Stamp {
        Stamp { seconds, nanoseconds: 5 }
    }

    fn meta(created: Stamp, modified: Stamp, accessed: Stamp) -> MetaFacts {
        MetaFacts {
            kind: 1,
            allocated: true,
            size: 0,
            default_attribute: 0,
            has_link: false,
            created,
            modified,
            accessed,
            changed: NONE,
            zone_unknown: false,
        }
    }

    fn entry(kind: u8, offsets: [u8; 3]) -> [u8; ENTRY] {
        let mut entry = [0; ENTRY];
        entry[0] = kind;
        entry[22..25].copy_from_slice(&offsets);
        entry
    }

    #[test]
    fn an_offset_of_exfat_is_seven_bits_and_counts_only_where_it_is_valid() {
        let known = [(0x80, 0), (0x84, 4), (0xbf, 63), (0xc0, -64), (0xec, -20), (0xff, -1)];
        for (byte, quarters) in known {
            assert_eq!(exfat_quarters(byte), Some(quarters), "{byte:#x}");
        }
        for byte in [0x00, 0x04, 0x7f] {
            assert_eq!(exfat_quarters(byte), None, "{byte:#x}");
        }
    }

    #[test]
    fn each_time_of_exfat_has_an_offset_of_its_own_and_one_without_makes_the_zone_unknown() {
        for kind in [0x85, 0x05] {
            let mut times = meta(at(100_000), at(100_000), at(100_000));
            assert!(!exfat(&mut times, Some(entry(kind, [0x84, 0xec, 0x80]))));
            assert_eq!(
                [times.created, times.modified, times.accessed],
                [at(96_400), at(118_000), at(100_000)]
            );
            let mut times = meta(at(100_000), at(100_000), at(100_000));
            assert!(exfat(&mut times, Some(entry(kind, [0x84, 0x04, 0x80]))));
            assert_eq!([times.created, times.modified], [at(96_400), at(100_000)]);
        }
    }

    #[test]
    fn an_odd_second_of_just_100_steps_is_not_left_out() {
        for (steps, more) in [(0, 0), (99, 0), (100, 1), (101, 0), (199, 0)] {
            let mut entry = entry(0x85, [0x80; 3]);
            (entry[13], entry[20], entry[21]) = (steps, steps, steps);
            let mut times = meta(at(100_000), at(100_000), at(100_000));
            assert!(!exfat(&mut times, Some(entry)));
            let later = at(100_000 + more);
            assert_eq!([times.created, times.modified], [later; 2], "{steps}");
            let mut times = meta(at(100_000), at(100_000), NONE);
            assert!(fat(&mut times, Some(entry)));
            assert_eq!([times.created, times.modified], [later, at(100_000)], "{steps}");
        }
        assert!(!fat(&mut meta(NONE, NONE, NONE), Some([100; ENTRY])));
    }

    #[test]
    fn a_time_that_exfat_does_not_keep_needs_no_zone() {
        let mut times = meta(at(100_000), NONE, NONE);
        assert!(!exfat(&mut times, Some(entry(0x85, [0x84, 0, 0]))));
        assert_eq!([times.modified, times.accessed], [NONE, NONE]);
        assert!(!exfat(&mut meta(NONE, NONE, NONE), None));
    }

    #[test]
    fn what_is_no_entry_of_a_file_moves_no_time() {
        let mut times = meta(at(100_000), NONE, NONE);
        assert!(exfat(&mut times, Some(entry(0xc0, [0x84, 0x84, 0x84]))));
        assert!(exfat(&mut times, None));
        assert_eq!(times.created, at(100_000));
    }

    #[test]
    fn a_record_of_iso_9660_counts_its_offset_from_minus_12_to_plus_13_hours() {
        for (offset, moved, unknown) in
            [(0, 0, false), (4, 3600, false), (-48, -43_200, false), (52, 46_800, false)]
                .into_iter()
                .chain([(53, 0, true), (-49, 0, true), (-128, 0, true)])
        {
            let mut times = meta(at(1_000_000), NONE, NONE);
            let recorded = [124, 2, 29, 10, 20, 30, i8::cast_unsigned(offset)];
            assert_eq!(iso_9660(&mut times, Some(recorded)), unknown, "{offset}");
            assert_eq!(times.created, at(1_000_000 - moved), "{offset}");
        }
    }

    #[test]
    fn a_record_of_iso_9660_without_a_date_has_no_time() {
        let mut times = meta(at(-2_209_075_200), NONE, NONE);
        assert!(!iso_9660(&mut times, Some([0, 0, 0, 0, 0, 0, 4])));
        assert_eq!(times.created, NONE);
        assert!(iso_9660(&mut meta(at(5), NONE, NONE), None));
    }
}
