//! Which clusters deleted files had, worked out by running the allocator again.
//!
//! FAT forgets the chain of a deleted file: its directory entry keeps the first cluster, the
//! size, and when it was created and last written. A driver gives out free clusters in ascending
//! order, so the entries of a volume, live and deleted, are a record of what it did: when a file
//! was created at cluster `f`, every cluster between the start of the file created before it and
//! `f` was in use. Whoever had room to grow by then, had those.
//!
//! In: a [`Trace`] of each file and folder, and the clusters that nothing live uses. Out: the
//! clusters behind the first of each file that wants them, none where not all could be told.
//!
//! Between two creations, the clusters go to the growing files in the order of their writing:
//! - A file that was last written as it was created was written at once, and the youngest one
//!   got what it got as it was created; but two that were created side by side, one cluster
//!   each, grew by turns.
//! - A file that was last written between the two took its last clusters then.
//! - What room is left is of those that were written again later, at a moment not known.
//! - Where a file is created below the one before it, the driver began anew (another mount, or
//!   space that had become free): nothing is known of the clusters in between.
//!
//! This is an inference: files of which no entry is left, and drivers that allocate otherwise,
//! mislead it. Where nothing speaks for pieces, a file is in one. Source for the order of
//! allocation: Carrier, *File System Forensic Analysis* (2005), chapters 9 and 10.

/// A directory entry keeps the last writing to 2 s and the creation to 10 ms.
const AT_ONCE_NS: i64 = 4_000_000_000;
/// Steps of work: a volume that needs more was made to need more.
const MOST_STEPS: u64 = 1 << 28;

/// What is left of a file or folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Trace {
    /// When it was created, in nanoseconds since 1970.
    pub(super) created: i64,
    /// When it was last written.
    pub(super) written: i64,
    /// Its first cluster.
    pub(super) first: u64,
    /// How many more it has that are not known.
    pub(super) missing: u64,
}

/// Consecutive clusters: the first, and how many.
pub(super) type Stretch = (u64, u64);

/// The clusters of each trace behind its first, in the order of the content.
pub(super) fn infer(traces: &[Trace], mut free: Clusters) -> Vec<Option<Vec<Stretch>>> {
    for trace in traces {
        free.remove(trace.first);
    }
    let mut order: Vec<usize> = (0..traces.len()).collect();
    order.sort_by_key(|&n| (traces[n].created, traces[n].first));
    let found = vec![Vec::new(); traces.len()];
    let mut run = Run { traces, free, growing: Vec::new(), at: 0, found };
    for file in order {
        let Trace { created, first, missing, .. } = traces[file];
        run.fill((first > run.at).then_some(first), created);
        run.at = first;
        if missing > 0 {
            let at_once = traces[file].written <= created.saturating_add(AT_ONCE_NS);
            let before = |growth: &Growth| traces[growth.file].first.checked_add(1) == Some(first);
            let by_turns = run.growing.iter().any(before);
            run.growing.push(Growth { file, left: missing, at_once, by_turns, since: created });
        }
    }
    run.fill(None, i64::MAX);
    for growth in run.growing {
        run.found[growth.file].clear();
    }
    let complete = |(found, trace): (Vec<Stretch>, &Trace)| {
        (trace.missing == 0 || !found.is_empty()).then_some(found)
    };
    run.found.into_iter().zip(traces).map(complete).collect()
}

/// The allocator at work.
struct Run<'a> {
    traces: &'a [Trace],
    free: Clusters,
    growing: Vec<Growth>,
    /// Where the file that was created last begins.
    at: u64,
    found: Vec<Vec<Stretch>>,
}

/// A file that is not complete.
struct Growth {
    file: usize,
    /// Clusters it still wants.
    left: u64,
    /// Whether nothing says that it grew slowly.
    at_once: bool,
    /// Whether it begins right behind the first cluster of one that still grows.
    by_turns: bool,
    /// Until when it is filled.
    since: i64,
}

/// Clusters that one file takes at one moment.
struct Portion {
    time: i64,
    growth: usize,
    clusters: u64,
}

impl Run<'_> {
    /// Gives out the clusters behind the file created last: those before `until`, all of which
    /// were in use at `now`, or as many as are wanted.
    fn fill(&mut self, until: Option<u64>, now: i64) {
        let wanted = self.growing.iter().map(|growth| growth.left).fold(0, u64::saturating_add);
        let room = match until {
            Some(until) => self.free.count(self.at + 1, until, wanted),
            None => wanted,
        };
        if room > 0 {
            let mut portions = self.portions(room, now);
            portions.sort_by_key(|portion| (portion.time, portion.growth));
            self.free.steps += portions.len() as u64;
            self.give(&portions, until);
        }
        self.free.steps += self.growing.len() as u64;
        for growth in &mut self.growing {
            // It was not complete before the next file began.
            growth.at_once = false;
            growth.since = now;
        }
        self.growing.retain(|growth| growth.left > 0);
    }

    /// Who took how many clusters when, up to `now`.
    fn portions(&self, room: u64, now: i64) -> Vec<Portion> {
        let mut portions = Vec::new();
        let mut rest = room;
        let mut later = Vec::new();
        for (index, growth) in self.growing.iter().enumerate() {
            let written = self.traces[growth.file].written;
            let in_one_go = growth.at_once || self.is_in_one_go(growth);
            if growth.at_once || (growth.since..=now).contains(&written) {
                let time = if in_one_go { growth.since } else { written };
                portions.push(Portion { time, growth: index, clusters: growth.left });
                rest = rest.saturating_sub(growth.left);
            } else {
                later.push(index);
            }
        }
        // Written again after `now`: what room is left is theirs, first of all the youngest's.
        later.sort_by_key(|&index| {
            let growth = &self.growing[index];
            let Trace { first, written, .. } = self.traces[growth.file];
            (first != self.at, written)
        });
        for index in later {
            let growth = &self.growing[index];
            let clusters = growth.left.min(rest);
            rest -= clusters;
            let at_once = self.is_in_one_go(growth);
            let time = if at_once { growth.since } else { growth.since.midpoint(now) };
            portions.push(Portion { time, growth: index, clusters });
        }
        portions
    }

    /// Whether nothing says that a file did not get what it got as it was created.
    fn is_in_one_go(&self, growth: &Growth) -> bool {
        self.traces[growth.file].first == self.at && !growth.by_turns
    }

    fn give(&mut self, portions: &[Portion], until: Option<u64>) {
        let mut next = self.at + 1;
        for portion in portions {
            let growth = &mut self.growing[portion.growth];
            for _ in 0..portion.clusters {
                let mut cluster = self.free.next(next);
                if cluster.is_none() && until.is_none() {
                    cluster = self.free.next(0);
                }
                let Some(cluster) = cluster.filter(|&it| until.is_none_or(|until| it < until))
                else {
                    return;
                };
                self.free.remove(cluster);
                match self.found[growth.file].last_mut() {
                    Some((from, len)) if *from + *len == cluster => *len += 1,
                    _ => self.found[growth.file].push((cluster, 1)),
                }
                growth.left -= 1;
                next = cluster + 1;
            }
        }
    }
}

/// A set of clusters.
#[derive(Debug, Clone)]
pub(super) struct Clusters {
    words: Vec<u64>,
    steps: u64,
}

impl Clusters {
    /// An empty set for clusters below `end`.
    pub(super) fn new(end: usize) -> Self {
        Self { words: vec![0; end.div_ceil(64)], steps: 0 }
    }

    /// Adds a cluster; one that does not fit is left out.
    pub(super) fn add(&mut self, cluster: u64) {
        if let Some((word, bit)) = self.place(cluster) {
            self.words[word] |= bit;
        }
    }

    fn remove(&mut self, cluster: u64) {
        if let Some((word, bit)) = self.place(cluster) {
            self.words[word] &= !bit;
        }
    }

    /// Whether a cluster is in the set.
    pub(super) fn has(&self, cluster: u64) -> bool {
        self.place(cluster).is_some_and(|(word, bit)| self.words[word] & bit != 0)
    }

    fn place(&self, cluster: u64) -> Option<(usize, u64)> {
        let word = usize::try_from(cluster / 64).ok().filter(|&word| word < self.words.len())?;
        Some((word, 1 << (cluster % 64)))
    }

    /// The first cluster from `from` on; none also when the work is too much.
    fn next(&mut self, from: u64) -> Option<u64> {
        let (mut word, bit) = self.place(from)?;
        let mut bits = self.words[word] & !(bit - 1);
        while bits == 0 {
            word += 1;
            self.steps += 1;
            bits = *self.words.get(word)?;
        }
        self.steps += 1;
        (self.steps <= MOST_STEPS).then_some(word as u64 * 64 + u64::from(bits.trailing_zeros()))
    }

    /// How many lie from `from` on and before `to`, counted to `most`.
    fn count(&mut self, from: u64, to: u64, most: u64) -> u64 {
        let (mut count, mut at) = (0, from);
        while count < most && at < to && self.steps <= MOST_STEPS {
            let Some((word, bit)) = self.place(at) else { break };
            let mut bits = self.words[word] & !(bit - 1);
            let next = (at / 64 + 1) * 64;
            if to < next {
                bits &= (1 << (to % 64)) - 1;
            }
            count += u64::from(bits.count_ones());
            at = next;
            self.steps += 1;
        }
        count.min(most)
    }
}

#[cfg(test)]
mod tests;
