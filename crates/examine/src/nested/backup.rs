//! The backup of an iPhone, in a folder, an image or an archive: its files have the names of
//! digests, and a list beside them says where they were on the phone.
//!
//! In: what the content worker read of a list (`Manifest.db`). Out: the entries beside it with the
//! domain and the path that they had on the phone as their `path` and `name`, and the times that
//! the list gives; their forensic paths stay what they are. Refused, with a gap: a list that is
//! encrypted, as it is in encrypted backups, and that of backups before iOS 10.

use std::collections::HashMap;

use pendeen_content::protocol::{Child, Zone};
use pendeen_evidence::entry::Times;

use super::opening::Inside;
use super::{Held, gap};
use crate::gather::Facts;

const LIST: &[u8] = b"Manifest.db";
const OLD_LIST: &[u8] = b"Manifest.mbdb";
/// What stands beside every such list.
const BESIDE: &str = "Manifest.plist";
const SQLITE: &str = "application/vnd.sqlite3";
const WANTED: &str = "where the files of the backup were on the phone";

/// Whether a content of this name and type is a list of a backup's files that can be read.
pub(super) fn is_list(name: &[u8], media_type: &str) -> bool {
    let last = name.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    last == LIST && media_type == SQLITE
}

/// Records the lists among the entries from `from` on that cannot be read.
pub(super) fn unreadable(held: &mut Held<'_>, from: usize) {
    let mut gaps = Vec::new();
    for (one, outcome) in held.found.iter().zip(held.outcomes.iter()).skip(from) {
        let reason = match one.entry.name() {
            LIST if outcome.media_type() != Some(SQLITE) && outcome.digests.is_some() => {
                "the backup's list of files is no readable database: the backup is encrypted"
            }
            OLD_LIST => "the backup's list of files has the form of before iOS 10",
            _ => continue,
        };
        let path = one.entry.forensic_path();
        let beside = format!("{}{BESIDE}", folder(path));
        if held.found.iter().any(|other| other.entry.forensic_path() == beside) {
            gaps.push(gap(path, WANTED, reason));
        }
    }
    held.gaps.append(&mut gaps);
}

/// The beginning of a path up to its last component.
fn folder(path: &str) -> &str {
    &path[..path.rfind('/').map_or(0, |at| at + 1)]
}

/// Gives the files beside each of these lists the places that they had.
pub(super) fn rename(held: &mut Held<'_>, lists: &[usize], inside: Inside) {
    let Inside::Members { members, problems, trouble, .. } = inside else { return };
    for &list in lists {
        let path = held.found[list].entry.forensic_path().to_owned();
        let missing = beside(held, folder(&path), members.iter().map(|member| &member.child));
        if missing > 0 {
            let reason = format!("{missing} of the {} files that its list has", members.len());
            held.gaps.push(gap(
                &path,
                "all files of the backup",
                format!("{reason} are not in it"),
            ));
        }
        for problem in &problems {
            held.gaps.push(gap(&path, &problem.wanted, problem.reason.clone()));
        }
        if let Some(trouble) = &trouble {
            held.gaps.push(gap(&path, WANTED, trouble.clone()));
        }
    }
}

/// Renames the files in `folder`; how many of them are not there.
fn beside<'a>(
    held: &mut Held<'_>,
    folder: &str,
    children: impl Iterator<Item = &'a Child>,
) -> usize {
    let there = |path: &str| path.strip_prefix(folder).map(str::to_owned);
    let files: HashMap<String, usize> = held
        .found
        .iter()
        .enumerate()
        .filter_map(|(index, one)| Some((there(one.entry.forensic_path())?, index)))
        .collect();
    let mut missing = 0;
    for child in children {
        let id = String::from_utf8_lossy(&child.name.0);
        let shelf = id.get(..2).unwrap_or_default();
        let Some(&index) = files.get(&format!("{shelf}/{id}")).or_else(|| files.get(id.as_ref()))
        else {
            missing += 1;
            continue;
        };
        let one = &mut held.found[index];
        one.set_facts(Facts { owner: child.owner, ..one.facts() });
        let entry = &mut one.entry;
        let place = child.text.as_deref().unwrap_or_default();
        let name = place.rsplit('/').next().unwrap_or_default();
        entry.set_path(&format!("/{place}"), name.as_bytes());
        // The times of the list where it has them: those of the copy are of the backup's making.
        if child.times != Times::default() {
            entry.set_times(child.times);
            entry.zone_unknown = child.zone == Zone::Unknown;
        }
    }
    missing
}
