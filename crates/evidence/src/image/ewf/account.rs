//! Accounts for every chunk of an EWF image: which number each has, and which extents of the
//! device no table locates or no acquisition could read.

use pendeen_item::{Gap, Stage};

use super::table::Run;
use super::volume::Geometry;

/// Most ranges of unread sectors that are recorded one by one.
const MAX_RANGES: usize = 10_000;

/// Consecutive tables between two places where tables were lost.
pub(super) type Stretch = Vec<Run>;

/// Numbers the chunks: the first stretch from the beginning, the last one from the end, since
/// how many chunks a lost table had is not known. What lies between two lost tables is left
/// out. Also says whether there were more chunks than the device has.
pub(super) fn number(mut stretches: Vec<Stretch>, chunks: u64) -> (Vec<Run>, bool) {
    let tail = if stretches.len() > 1 { stretches.pop().unwrap_or_default() } else { Vec::new() };
    let front = stretches.into_iter().next().unwrap_or_default();
    let mut runs = Vec::new();
    let mut next = 0;
    let mut surplus = false;
    for mut run in front {
        run.first = next;
        surplus |= run.count() > chunks - next;
        run.truncate(chunks - next);
        next += run.count();
        if run.count() > 0 {
            runs.push(run);
        }
    }
    let tail_chunks: u64 = tail.iter().map(Run::count).sum();
    match chunks.checked_sub(tail_chunks).filter(|first| *first >= next) {
        Some(mut first) => {
            for mut run in tail {
                run.first = first;
                first += run.count();
                runs.push(run);
            }
        }
        None => surplus = true,
    }
    (runs, surplus)
}

/// Records the extents that no table locates.
pub(super) fn unlocated(runs: &[Run], geometry: Geometry, gaps: &mut Vec<Gap>) {
    let mut next = 0;
    let ends = runs.iter().map(|run| (run.first, run.first + run.count()));
    for (first, end) in ends.chain([(geometry.chunks(), geometry.chunks())]) {
        if first > next {
            let (start, _) = geometry.extent(next);
            let (last, len) = geometry.extent(first - 1);
            gaps.push(Gap {
                forensic_path: String::new(),
                stage: Stage::Source,
                wanted: format!("chunks {next} to {}", first - 1),
                reason: "no table locates them: the image is incomplete or damaged".to_owned(),
                offset_bytes: Some(start),
                size_bytes: Some(last + len - start),
            });
        }
        next = end;
    }
}

/// Records the sectors that the acquisition itself could not read.
pub(super) fn unacquired(ranges: &[(u32, u32)], geometry: Geometry, gaps: &mut Vec<Gap>) {
    let sector = u64::from(geometry.bytes_per_sector);
    for (first, count) in ranges.iter().take(MAX_RANGES) {
        gaps.push(Gap {
            forensic_path: String::new(),
            stage: Stage::Source,
            wanted: format!("{count} sectors of the device from sector {first}"),
            reason: "the acquisition could not read them and stored zeros in their place"
                .to_owned(),
            offset_bytes: Some(u64::from(*first) * sector),
            size_bytes: Some(u64::from(*count) * sector),
        });
    }
    if let Some((first, _)) = ranges.get(MAX_RANGES) {
        let sectors: u64 = ranges[MAX_RANGES..].iter().map(|(_, count)| u64::from(*count)).sum();
        gaps.push(Gap {
            forensic_path: String::new(),
            stage: Stage::Source,
            wanted: format!(
                "{sectors} sectors of the device in {} more ranges",
                ranges.len() - MAX_RANGES
            ),
            reason: "the acquisition could not read them and stored zeros in their place"
                .to_owned(),
            offset_bytes: Some(u64::from(*first) * sector),
            size_bytes: Some(sectors.saturating_mul(sector)),
        });
    }
}
