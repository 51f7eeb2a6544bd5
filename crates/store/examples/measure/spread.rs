//! Times of one sort, and two of them held against each other.

use std::time::Duration;

/// Times of one sort.
#[derive(Debug, Clone, Default)]
pub struct Times(Vec<f64>);

impl Times {
    /// Adds a time.
    pub fn add(&mut self, time: Duration) {
        self.0.push(time.as_secs_f64() * 1e3);
    }

    /// The time, in milliseconds, that this share of them took at most; 0 where there are none.
    pub fn at(&self, share: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let place = (share * sorted.len() as f64).ceil().max(1.0) as usize;
        sorted.get(place.min(sorted.len()).saturating_sub(1)).copied().unwrap_or(0.0)
    }

    /// The chance that a time of `other` is longer than one of these, equal ones counting half:
    /// one half where nothing tells the two apart. With it, the Mann-Whitney z.
    pub fn longer(&self, other: &Self) -> (f64, f64) {
        let (n, m) = (self.0.len() as f64, other.0.len() as f64);
        let mut all: Vec<(f64, bool)> = self.0.iter().map(|time| (*time, false)).collect();
        all.extend(other.0.iter().map(|time| (*time, true)));
        all.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut ranks = 0.0;
        let mut start = 0;
        while start < all.len() {
            let alike = all[start..].iter().take_while(|(time, _)| *time == all[start].0).count();
            let rank = start as f64 + (alike as f64 + 1.0) / 2.0;
            let theirs = all[start..start + alike].iter().filter(|(_, other)| *other).count();
            ranks += rank * theirs as f64;
            start += alike;
        }
        let u = ranks - m * (m + 1.0) / 2.0;
        let z = (u - n * m / 2.0) / (n * m * (n + m + 1.0) / 12.0).sqrt();
        (u / (n * m), z)
    }
}
