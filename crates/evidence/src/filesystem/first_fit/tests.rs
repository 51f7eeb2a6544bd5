#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "small numbers of a test"
)]

use super::*;

const SECOND: i64 = 1_000_000_000;

/// Noise that is the same for the same seed.
struct Noise(u64);

impl Noise {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn below(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) % most
    }
}

/// A driver that gives out the next free cluster, as it was at work on one volume.
struct Driver {
    owner: Vec<Option<usize>>,
    next: usize,
    files: Vec<Made>,
}

struct Made {
    created: i64,
    written: i64,
    clusters: Vec<u64>,
}

impl Driver {
    fn new(clusters: usize) -> Self {
        Self { owner: vec![None; clusters], next: 2, files: Vec::new() }
    }

    fn create(&mut self, now: i64) -> usize {
        self.files.push(Made { created: now, written: now, clusters: Vec::new() });
        self.append(self.files.len() - 1, 1, now);
        self.files.len() - 1
    }

    fn append(&mut self, file: usize, clusters: usize, now: i64) {
        for _ in 0..clusters {
            while self.owner[self.next].is_some() {
                self.next += 1;
            }
            self.owner[self.next] = Some(file);
            self.files[file].clusters.push(self.next as u64);
        }
        // A directory entry keeps the time of writing to 2 s, rounded up.
        self.files[file].written = (now + 2 * SECOND - 1) / (2 * SECOND) * (2 * SECOND);
    }

    /// What is left when every file is deleted.
    fn traces(&self) -> Vec<Trace> {
        let trace = |made: &Made| Trace {
            created: made.created,
            written: made.written,
            first: made.clusters[0],
            missing: made.clusters.len() as u64 - 1,
        };
        self.files.iter().map(trace).collect()
    }

    fn all_free(&self) -> Clusters {
        let mut free = Clusters::new(self.owner.len());
        (2..self.owner.len() as u64).for_each(|cluster| free.add(cluster));
        free
    }

    /// For each file, whether all of its clusters are told.
    fn right(&self) -> Vec<bool> {
        let found = infer(&self.traces(), self.all_free());
        let same = |(found, made): (Option<Vec<Stretch>>, &Made)| {
            let clusters = found.into_iter().flatten().flat_map(|(from, len)| from..from + len);
            clusters.eq(made.clusters[1..].iter().copied())
        };
        found.into_iter().zip(&self.files).map(same).collect()
    }

    /// For each file, whether it is in one piece.
    fn whole(&self) -> Vec<bool> {
        let whole = |made: &Made| made.clusters.windows(2).all(|pair| pair[0] + 1 == pair[1]);
        self.files.iter().map(whole).collect()
    }
}

#[test]
fn files_written_at_once_are_in_one_piece() {
    let mut noise = Noise::new(1);
    let mut driver = Driver::new(4000);
    for n in 0..100 {
        let file = driver.create(n * 10 * SECOND);
        driver.append(file, noise.below(20) as usize, n * 10 * SECOND);
    }
    assert!(driver.right().iter().all(|right| *right));
}

#[test]
fn a_file_that_grew_after_others_were_created_has_its_last_clusters_behind_them() {
    let mut driver = Driver::new(100);
    let log = driver.create(0);
    for n in 1..6 {
        let other = driver.create(n * 60 * SECOND);
        driver.append(other, 3, n * 60 * SECOND);
        driver.append(log, 1, n * 60 * SECOND + 30 * SECOND);
    }
    assert!(driver.right().iter().all(|right| *right));
    assert!(!driver.whole()[log]);
}

#[test]
fn of_two_that_grow_by_turns_the_one_that_ended_first_has_the_earlier_clusters() {
    let mut driver = Driver::new(100);
    let first = driver.create(0);
    let second = driver.create(10 * SECOND);
    driver.append(first, 2, 40 * SECOND);
    driver.append(second, 3, 80 * SECOND);
    let third = driver.create(100 * SECOND);
    driver.append(third, 4, 100 * SECOND);
    driver.append(second, 1, 150 * SECOND);
    assert_eq!(driver.right(), [true, true, true]);
    assert_eq!(driver.whole(), [false, false, true]);
}

#[test]
fn a_late_writing_in_place_is_taken_for_no_growth() {
    let mut driver = Driver::new(100);
    let first = driver.create(0);
    driver.append(first, 5, SECOND);
    let second = driver.create(10 * SECOND);
    driver.append(second, 5, 10 * SECOND);
    driver.create(20 * SECOND);
    driver.files[first].written = 9_000 * SECOND;
    driver.files[second].written = 8_000 * SECOND;
    assert!(driver.right().iter().all(|right| *right));
}

#[test]
fn what_live_files_use_is_never_given_to_a_deleted_one() {
    let trace = |created, first, missing| Trace { created, written: created, first, missing };
    let mut free = Clusters::new(20);
    for cluster in [2, 3, 6, 7, 10] {
        free.add(cluster);
    }
    let found = infer(&[trace(0, 2, 4), trace(0, 4, 0)], free.clone());
    assert_eq!(found, [Some(vec![(3, 1), (6, 2), (10, 1)]), Some(vec![])]);
    let found = infer(&[trace(0, 2, 5)], free);
    assert_eq!(found, [None], "more than is free");
}

#[test]
fn a_driver_that_began_anew_below_leaves_the_files_above_as_they_were() {
    let trace = |seconds: i64, first, missing| Trace {
        created: seconds * SECOND,
        written: seconds * SECOND,
        first,
        missing,
    };
    let mut free = Clusters::new(200);
    (2..200).for_each(|cluster| free.add(cluster));
    let found = infer(&[trace(1, 100, 9), trace(2, 3, 5), trace(3, 20, 2)], free);
    assert_eq!(found, [Some(vec![(101, 9)]), Some(vec![(4, 5)]), Some(vec![(21, 2)])]);
}

/// Many files, some growing by turns, at moments that lie apart; what a driver gives them.
fn at_work(seed: u64) -> Driver {
    let mut noise = Noise::new(seed);
    let mut driver = Driver::new(20_000);
    let mut now = 0;
    let mut open: Vec<usize> = Vec::new();
    for _ in 0..200 {
        now += (3 + noise.below(60) as i64) * SECOND;
        match noise.below(10) {
            0..=5 => {
                let file = driver.create(now);
                driver.append(file, noise.below(12) as usize, now);
                if noise.below(3) == 0 {
                    open.push(file);
                }
            }
            _ if !open.is_empty() => {
                let place = noise.below(open.len() as u64) as usize;
                driver.append(open[place], 1 + noise.below(4) as usize, now);
                if noise.below(2) == 0 {
                    open.remove(place);
                }
            }
            _ => {}
        }
    }
    driver
}

#[test]
fn more_files_have_their_clusters_than_by_reading_on_and_none_that_was_whole_is_torn_apart() {
    let (mut all, mut whole, mut right, mut torn) = (0, 0, 0, 0);
    for seed in 1..=200 {
        let driver = at_work(seed);
        for (is_right, was_whole) in driver.right().into_iter().zip(driver.whole()) {
            all += 1;
            whole += usize::from(was_whole);
            right += usize::from(is_right);
            torn += usize::from(was_whole && !is_right);
        }
    }
    println!("of {all} files {whole} were whole; {right} are right, {torn} whole ones are torn");
    assert_eq!(torn, 0);
    // Every other file in pieces grew by three turns or more beside several that did: what
    // their entries tell does not decide among them.
    let pieces = all - whole;
    assert!((right - whole) * 4 > pieces, "{right} of {all}, {whole} whole");
}

#[test]
fn clusters_that_are_made_to_need_much_work_end_it() {
    let traces: Vec<Trace> = (0..3000)
        .map(|n| Trace {
            created: n,
            written: i64::MAX,
            first: n as u64 * 7 % 3001,
            missing: u64::MAX,
        })
        .collect();
    let mut free = Clusters::new(1 << 24);
    (4000..1 << 24).for_each(|cluster| free.add(cluster));
    assert!(infer(&traces, free).iter().all(Option::is_none));
}

#[test]
fn a_set_counts_and_finds_as_a_list_does() {
    let mut noise = Noise::new(5);
    let held: std::collections::BTreeSet<u64> = (0..400).map(|_| noise.below(1000)).collect();
    let mut set = Clusters::new(1000);
    for cluster in &held {
        set.add(*cluster);
    }
    for from in 0..1000 {
        assert_eq!(set.next(from), held.range(from..).next().copied());
        let to = from + noise.below(300);
        let most = noise.below(120);
        let there = held.range(from..to).count() as u64;
        assert_eq!(set.count(from, to, most), there.min(most), "{from}..{to}");
    }
}
