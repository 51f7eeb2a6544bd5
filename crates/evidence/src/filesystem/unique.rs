//! Gives each entry a forensic path of its own.
//!
//! Several entries may have one path: a deleted file and the live one that took its name, two
//! deleted ones, names that differ only in bytes that are not UTF-8. The first live one keeps
//! the path; every other gets its metadata address appended, `/a.txt@27-128-1`, and a number if
//! that is taken too. The result depends on the order of the entries alone.

use std::collections::{HashMap, HashSet};

use pendeen_item::Origin;

use crate::entry::Entry;

pub(super) fn make_unique(entries: &mut [Entry]) {
    for (index, path) in new_paths(entries) {
        entries[index].set_forensic_path(&path);
    }
}

/// The entries that need another path, in order.
fn new_paths(entries: &[Entry]) -> Vec<(usize, String)> {
    // For millions of paths: how many entries have each, and the first live one, counted from 1.
    let mut groups: HashMap<&str, (u32, u32)> = HashMap::with_capacity(entries.len());
    for (number, entry) in (1_u32..).zip(entries) {
        let (members, keeper) = groups.entry(entry.forensic_path()).or_default();
        *members += 1;
        if *keeper == 0 && entry.origin == Origin::Live {
            *keeper = number;
        }
    }
    if groups.len() == entries.len() {
        return Vec::new();
    }
    let mut made: HashSet<String> = HashSet::new();
    let mut renamed = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        let Some((members, keeper)) = groups.get(entry.forensic_path()) else { continue };
        if *members < 2 || *keeper as usize == index + 1 {
            continue;
        }
        let base = format!("{}@{}", entry.forensic_path(), entry.fs_address());
        let mut path = base.clone();
        let mut number = 2_u64;
        while groups.contains_key(path.as_str()) || made.contains(&path) {
            path = format!("{base}.{number}");
            number += 1;
        }
        made.insert(path.clone());
        renamed.push((index, path));
    }
    renamed
}

#[cfg(test)]
mod tests {
    use pendeen_item::Recovery;

    use super::*;
    use crate::entry::{Content, Parts, Times};
    use crate::unit::ByteLen;

    fn entry(path: &str, address: &str, live: bool) -> Entry {
        Entry::from(Parts {
            forensic_path: path.into(),
            path: path.into(),
            name: path.into(),
            origin: if live { Origin::Live } else { Origin::Deleted },
            recovery: (!live).then_some(Recovery::Intact),
            fs_type: "ext4",
            fs_address: address.into(),
            size: ByteLen(0),
            times: Times::default(),
            zone_unknown: false,
            content: Content::Runs(Vec::new().into()),
        })
    }

    fn paths(mut entries: Vec<Entry>) -> Vec<String> {
        make_unique(&mut entries);
        entries.iter().map(|e| e.forensic_path().to_owned()).collect()
    }

    #[test]
    fn the_live_file_keeps_its_path_and_the_deleted_ones_show_their_address() {
        let given = vec![entry("/a", "5", false), entry("/a", "7", true), entry("/b", "8", true)];
        assert_eq!(paths(given), ["/a@5", "/a", "/b"]);
    }

    #[test]
    fn the_same_path_and_address_twice_are_numbered() {
        let given = vec![entry("/a", "5", false), entry("/a", "5", false)];
        assert_eq!(paths(given), ["/a@5", "/a@5.2"]);
    }

    #[test]
    fn a_path_made_up_never_takes_that_of_another_file() {
        let given = vec![entry("/a", "5", false), entry("/a", "7", true), entry("/a@5", "9", true)];
        assert_eq!(paths(given), ["/a@5.2", "/a", "/a@5"]);
    }
}
