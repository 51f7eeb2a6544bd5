//! The country as tiles: one for each force, in a grid that resembles the United Kingdom.
//!
//! Every tile says in words what its colour says. The places are columns and rows from the north
//! west; the style sheet has a class for each. Read one after another, tiles go from north to
//! south.

use std::collections::BTreeMap;

use pendeen_casework::force::{FORCES, ForceKey};

use super::Picture;
use crate::text;

/// One force on the map.
#[derive(Debug, Clone)]
pub(crate) struct Tile {
    /// The force.
    pub name: &'static str,
    /// Its packages.
    pub href: String,
    /// Column and row, from 1.
    pub place: (u8, u8),
    /// Packages sent there.
    pub sent: String,
    /// Packages not acknowledged.
    pub unread: u64,
    /// Things that are late.
    pub late: u64,
    /// Children at risk and not protected yet.
    pub waiting: u64,
    /// About a child at immediate risk.
    pub immediate: u64,
    /// `child`, `late`, `unread`, `calm` or `empty`: the most pressing of what it says.
    pub tone: &'static str,
}

/// Column and row of each force.
const PLACES: [(&str, u8, u8); 45] = [
    ("S23000009", 4, 1),
    ("PSNI", 1, 2),
    ("E23000002", 4, 2),
    ("E23000007", 5, 2),
    ("E23000003", 4, 3),
    ("E23000008", 5, 3),
    ("E23000013", 6, 3),
    ("E23000004", 3, 4),
    ("E23000005", 4, 4),
    ("E23000010", 5, 4),
    ("E23000009", 6, 4),
    ("E23000012", 7, 4),
    ("W15000001", 2, 5),
    ("E23000006", 3, 5),
    ("E23000015", 4, 5),
    ("E23000018", 5, 5),
    ("E23000011", 6, 5),
    ("E23000020", 7, 5),
    ("W15000004", 2, 6),
    ("E23000016", 3, 6),
    ("E23000014", 4, 6),
    ("E23000021", 5, 6),
    ("E23000019", 6, 6),
    ("E23000023", 7, 6),
    ("E23000024", 8, 6),
    ("W15000003", 2, 7),
    ("W15000002", 3, 7),
    ("E23000017", 4, 7),
    ("E23000022", 5, 7),
    ("E23000026", 6, 7),
    ("E23000025", 8, 7),
    ("E23000036", 2, 8),
    ("E23000037", 3, 8),
    ("E23000029", 4, 8),
    ("E23000027", 5, 8),
    ("E23000001", 6, 8),
    ("E23000034", 7, 8),
    ("E23000028", 8, 8),
    ("E23000035", 1, 9),
    ("E23000039", 2, 9),
    ("E23000038", 3, 9),
    ("E23000030", 4, 9),
    ("E23000031", 5, 9),
    ("E23000033", 6, 9),
    ("E23000032", 7, 9),
];

/// A tile for every force, from north to south.
pub(super) fn tiles(pictures: &BTreeMap<ForceKey, Picture>) -> Vec<Tile> {
    let tile = |(key, column, row): &(&str, u8, u8)| {
        let force = FORCES.iter().find(|force| force.key.as_str() == *key)?;
        let picture = pictures.get(&force.key).copied().unwrap_or_default();
        Some(Tile {
            name: force.name,
            href: format!("/records/package?force={key}"),
            place: (*column, *row),
            sent: text::count(picture.sent),
            unread: picture.unread,
            late: picture.late,
            waiting: picture.waiting,
            immediate: picture.immediate,
            tone: tone(picture),
        })
    };
    PLACES.iter().filter_map(tile).collect()
}

fn tone(picture: Picture) -> &'static str {
    match picture {
        Picture { immediate: 1.., .. } => "child",
        Picture { late: 1.., .. } => "late",
        Picture { unread: 1.., .. } => "unread",
        _ if picture == Picture::default() => "empty",
        _ => "calm",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_force_has_a_place_of_its_own() {
        let tiles = tiles(&BTreeMap::new());
        let names: BTreeSet<_> = tiles.iter().map(|tile| tile.name).collect();
        let places: BTreeSet<_> = tiles.iter().map(|tile| tile.place).collect();
        assert_eq!((names.len(), places.len()), (FORCES.len(), FORCES.len()));
        assert!(tiles.is_sorted_by_key(|tile| tile.place.1), "from north to south");
    }

    #[test]
    fn a_tile_takes_the_tone_of_the_most_pressing_thing() {
        let picture =
            |immediate, late, unread| Picture { sent: 9, unread, late, waiting: 0, immediate };
        assert_eq!(tone(picture(1, 1, 1)), "child");
        assert_eq!(tone(picture(0, 1, 1)), "late");
        assert_eq!(tone(picture(0, 0, 1)), "unread");
        assert_eq!(tone(picture(0, 0, 0)), "calm");
        assert_eq!(tone(Picture::default()), "empty");
    }
}
