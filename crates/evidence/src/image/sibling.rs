//! How acquisition tools name the segments of one image.
//!
//! Raw: `.000 .001 ...`, `.001 .002 ...` (three digits or more, growing past `.999`), or
//! letters `.aa .ab ... .zz`. EWF: `.E01 ... .E99 .EAA ... .EZZ .FAA ... .ZZZ`, in either case.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// `path` with another extension.
fn with_extension(path: &Path, extension: &[u8]) -> PathBuf {
    path.with_extension(OsStr::from_bytes(extension))
}

/// The name of EWF segment `number` (from 1) beside `first`; none past `.ZZZ` or where
/// `first` has no such extension.
pub(super) fn ewf(first: &Path, number: u32) -> Option<PathBuf> {
    let extension = first.extension()?.as_bytes();
    let lead = *extension.first().filter(|c| c.is_ascii_alphabetic())?;
    if extension.len() != 3 {
        return None;
    }
    if number < 100 {
        return Some(with_extension(first, format!("{}{number:02}", char::from(lead)).as_bytes()));
    }
    let a = if lead.is_ascii_lowercase() { b'a' } else { b'A' };
    let index = number - 100;
    let letter = |n: u32| u8::try_from(n % 26).ok().map(|n| a + n);
    let lead = u8::try_from(index / 676).ok().and_then(|n| lead.checked_add(n))?;
    (lead <= a + 25).then_some(())?;
    Some(with_extension(first, &[lead, letter(index / 26)?, letter(index)?]))
}

/// How a raw segment's extension counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Series {
    /// Digits, at least this many.
    Digits(usize),
    /// Letters, this many, from `a` or `A`.
    Letters { width: usize, a: u8 },
}

/// The place of a raw segment in its series, or none where the name does not count.
fn place(path: &Path) -> Option<(Series, u64)> {
    let extension = path.extension()?.as_bytes();
    let width = extension.len();
    if (3..=9).contains(&width) && extension.iter().all(u8::is_ascii_digit) {
        let number = extension.iter().fold(0, |n, c| n * 10 + u64::from(c - b'0'));
        // `.1000` continues `.999`; `.0999` is a series of its own.
        let grown = width > 3 && extension[0] != b'0';
        return Some((Series::Digits(if grown { 3 } else { width }), number));
    }
    let a = match extension.first()? {
        b'a'..=b'z' => b'a',
        b'A'..=b'Z' => b'A',
        _ => return None,
    };
    let letters = (2..=3).contains(&width) && extension.iter().all(|c| (a..=a + 25).contains(c));
    letters.then(|| {
        let number = extension.iter().fold(0, |n, c| n * 26 + u64::from(c - a));
        (Series::Letters { width, a }, number)
    })
}

/// The name of number `number` in the series that `path` belongs to.
fn name(path: &Path, series: Series, number: u64) -> Option<PathBuf> {
    match series {
        Series::Digits(width) => Some(with_extension(path, format!("{number:0width$}").as_bytes())),
        Series::Letters { width, a } => {
            let mut rest = number;
            let mut letters = vec![a; width];
            for letter in letters.iter_mut().rev() {
                *letter = a + u8::try_from(rest % 26).ok()?;
                rest /= 26;
            }
            (rest == 0).then(|| with_extension(path, &letters))
        }
    }
}

/// What the folder says about a raw image of which one file was named.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Raw {
    /// It stands alone.
    Alone,
    /// These files, in order, are one image.
    Split(Vec<PathBuf>),
    /// `expected` is missing although later segments are there.
    Missing { after: PathBuf, expected: PathBuf },
    /// The named file continues `first`.
    NotFirst { first: PathBuf },
}

/// Finds the siblings of a raw segment in its folder.
pub(super) fn raw(path: &Path) -> Raw {
    let Some((series, number)) = place(path) else { return Raw::Alone };
    let present = numbers_present(path, series);
    let has = |n: u64| present.binary_search(&n).is_ok();
    let start = match series {
        Series::Digits(_) if has(0) => 0,
        Series::Digits(_) => 1,
        Series::Letters { .. } => 0,
    };
    if number != start {
        return match name(path, series, start) {
            Some(first) if has(start) => Raw::NotFirst { first },
            _ => Raw::Alone,
        };
    }
    let mut files = Vec::new();
    let mut next = start;
    while let (true, Some(file)) = (has(next), name(path, series, next)) {
        files.push(file);
        next += 1;
    }
    // `disk.gz` beside `disk.aa` is no segment; `disk.ac` is.
    let horizon = if matches!(series, Series::Letters { .. }) { next + 26 } else { u64::MAX };
    let later = present.iter().any(|n| *n > next && *n < horizon);
    match (files.last(), name(path, series, next)) {
        (Some(after), Some(expected)) if later => Raw::Missing { after: after.clone(), expected },
        _ if files.len() > 1 => Raw::Split(files),
        _ => Raw::Alone,
    }
}

/// Every number of the series that has a file in the folder, ascending.
fn numbers_present(path: &Path, series: Series) -> Vec<u64> {
    let folder = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut numbers: Vec<u64> = entries
        .flatten()
        .map(|entry| OsString::from_vec(entry.file_name().into_vec()))
        .filter(|file| Path::new(file).file_stem() == path.file_stem())
        .filter_map(|file| place(Path::new(&file)))
        .filter(|(other, _)| *other == series)
        .map(|(_, number)| number)
        .collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ewf_names_run_from_e01_through_the_letters_to_zzz() {
        let first = Path::new("/evidence/ABC-1.E01");
        let named = |n| ewf(first, n).map(|p| p.extension().unwrap().to_str().unwrap().to_owned());
        assert_eq!(named(1).as_deref(), Some("E01"));
        assert_eq!(named(99).as_deref(), Some("E99"));
        assert_eq!(named(100).as_deref(), Some("EAA"));
        assert_eq!(named(125).as_deref(), Some("EAZ"));
        assert_eq!(named(126).as_deref(), Some("EBA"));
        assert_eq!(named(775).as_deref(), Some("EZZ"));
        assert_eq!(named(776).as_deref(), Some("FAA"));
        assert_eq!(named(99 + 22 * 676).as_deref(), Some("ZZZ"));
        assert_eq!(named(100 + 22 * 676), None);
        assert_eq!(ewf(Path::new("a.e01"), 100), Some(PathBuf::from("a.eaa")));
        assert_eq!(ewf(Path::new("a.image"), 2), None);
    }

    #[test]
    fn raw_segments_are_found_from_000_001_and_aa() {
        for names in
            [["d.000", "d.001", "d.002"], ["d.001", "d.002", "d.003"], ["d.aa", "d.ab", "d.ac"]]
        {
            let folder = tempfile::tempdir().unwrap();
            let paths = names.map(|name| folder.path().join(name));
            for path in &paths {
                std::fs::write(path, b"x").unwrap();
            }
            assert_eq!(raw(&paths[0]), Raw::Split(paths.to_vec()));
            assert_eq!(raw(&paths[1]), Raw::NotFirst { first: paths[0].clone() });
            std::fs::remove_file(&paths[1]).unwrap();
            assert_eq!(
                raw(&paths[0]),
                Raw::Missing { after: paths[0].clone(), expected: paths[1].clone() }
            );
        }
    }

    #[test]
    fn the_thousandth_segment_continues_the_three_digits() {
        assert_eq!(place(Path::new("d.999")), Some((Series::Digits(3), 999)));
        assert_eq!(place(Path::new("d.1000")), Some((Series::Digits(3), 1000)));
        assert_eq!(name(Path::new("d.001"), Series::Digits(3), 1000), Some("d.1000".into()));
    }

    #[test]
    fn names_that_do_not_count_stand_alone() {
        for alone in ["disk.dd", "disk.img", "disk", "disk.v2", "notes.txt", "disk.07"] {
            assert_eq!(raw(Path::new(alone)), Raw::Alone, "{alone}");
        }
    }
}
