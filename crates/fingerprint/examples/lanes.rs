//! Measures every kernel that this processor can run, beside RustCrypto in the same run.
//!
//! `cargo run --release -p pendeen-fingerprint --example lanes [-- ROUNDS [KERNEL...]]`
//!
//! Each workload is digested by each kernel in turn, ROUNDS times (5 unless told); the best time
//! counts, and all kernels must agree on every digest. One thread, then two with half the buffers
//! each. Data is in memory before the clock starts.

use std::thread;
use std::time::Instant;

use pendeen_fingerprint::lanes::{Kernel, cpu_features, digest_many_with};
use pendeen_fingerprint::{Digests, Md5Stream, ShaStream};

const MIB: usize = 1 << 20;

/// A small generator of numbers, the same in every run (xorshift64*).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// Uniform between 0 and 1, neither included.
    #[expect(clippy::cast_precision_loss, reason = "53 bits are kept")]
    fn unit(&mut self) -> f64 {
        ((self.next() >> 11) as f64 + 0.5) / (1u64 << 53) as f64
    }

    /// Normal with mean 0 and deviation 1 (Box and Muller).
    fn normal(&mut self) -> f64 {
        (-2.0 * self.unit().ln()).sqrt() * (std::f64::consts::TAU * self.unit()).cos()
    }
}

/// Buffers to digest: where each begins in the data and how long it is.
struct Workload {
    name: &'static str,
    places: Vec<(usize, usize)>,
}

impl Workload {
    fn equal(name: &'static str, count: usize, len: usize, gap: usize) -> Self {
        Self { name, places: (0..count).map(|i| (i * (len + gap), len)).collect() }
    }

    /// Lengths whose logarithm is normal, as those of files are, up to `total` bytes.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 1 byte and 64 MiB"
    )]
    fn mixed(name: &'static str, median: f64, deviation: f64, total: usize) -> Self {
        let mut numbers = Numbers(7);
        let (mut places, mut at) = (Vec::new(), 0);
        while at < total {
            let len = median * (deviation * numbers.normal()).exp();
            let len = (len.clamp(1.0, 67_108_864.0) as usize).min(total - at);
            places.push((at, len));
            at += len;
        }
        Self { name, places }
    }

    fn bytes(&self) -> usize {
        self.places.iter().map(|(_, len)| len).sum()
    }
}

/// A way to digest a share of the buffers on one thread.
type Way<'a> = (&'a str, &'a (dyn Fn(&[&[u8]]) -> Vec<Digests> + Sync));

/// Seconds by the clock, seconds on a processor (where the system tells), and the digests.
fn timed(way: Way<'_>, buffers: &[&[u8]], threads: usize) -> (f64, f64, Vec<Digests>) {
    // Every other buffer, so that the shares weigh about the same.
    let share = |first| buffers.iter().skip(first).step_by(threads).copied().collect::<Vec<_>>();
    let shares: Vec<Vec<&[u8]>> = (0..threads).map(share).collect();
    let begun = Instant::now();
    let done: Vec<(f64, Vec<Digests>)> = thread::scope(|scope| {
        let run = |share| {
            let before = seconds_on_processor();
            let digests = way.1(share);
            (seconds_on_processor() - before, digests)
        };
        let running: Vec<_> = shares.iter().map(|share| scope.spawn(move || run(share))).collect();
        running.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    });
    let elapsed = begun.elapsed().as_secs_f64();
    let busiest = done.iter().map(|(seconds, _)| *seconds).fold(0.0, f64::max);
    let digests = (0..buffers.len()).map(|i| done[i % threads].1[i / threads]).collect();
    (elapsed, busiest, digests)
}

/// How long this thread has run, by Linux's account; other load does not count.
fn seconds_on_processor() -> f64 {
    let account = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    account.split(' ').next().and_then(|word| word.parse().ok()).unwrap_or(f64::NAN) / 1e9
}

#[expect(clippy::cast_precision_loss, reason = "bytes of a figure with three digits")]
fn measure(workload: &Workload, data: &[u8], ways: &[Way<'_>], rounds: usize, threads: usize) {
    let buffers: Vec<&[u8]> =
        workload.places.iter().map(|&(at, len)| &data[at..at + len]).collect();
    let mut best = vec![(f64::INFINITY, f64::INFINITY); ways.len()];
    let mut expected: Option<Vec<Digests>> = None;
    for _ in 0..rounds {
        for (way, best) in ways.iter().zip(&mut best) {
            let (elapsed, busy, digests) = timed(*way, &buffers, threads);
            *best = (best.0.min(elapsed), best.1.min(busy));
            let agreed = *expected.get_or_insert_with(|| digests.clone()) == digests;
            assert!(agreed, "{} differs", way.0);
        }
    }
    let bytes = workload.bytes() as f64;
    println!(
        "\n{}: {} buffers, {:.1} MB, {threads} thread(s)",
        workload.name,
        buffers.len(),
        bytes / 1e6
    );
    let slowest = best.last().map_or(f64::NAN, |(elapsed, _)| *elapsed);
    for ((name, _), (elapsed, busy)) in ways.iter().zip(&best) {
        println!(
            "  {name:<12} {elapsed:7.3} s {:6.2} GB/s  {:5.2} x   on the processor {busy:7.3} s \
             {:6.2} GB/s",
            bytes / elapsed / 1e9,
            slowest / elapsed,
            bytes / busy / 1e9,
        );
    }
}

/// The digests of each buffer, the SHAs on a thread of their own. What this thread spends on the
/// processor is MD5's share, the longer one.
fn halves(buffers: &[&[u8]]) -> Vec<Digests> {
    let one = |bytes: &&[u8]| {
        thread::scope(|scope| {
            let shas = scope.spawn(|| {
                let mut shas = ShaStream::default();
                shas.update(bytes);
                shas
            });
            let mut md5 = Md5Stream::default();
            md5.update(bytes);
            Digests::of_halves(md5, shas.join().expect("no panic"))
        })
    };
    buffers.iter().map(one).collect()
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let rounds = arguments.next().and_then(|word| word.parse().ok()).unwrap_or(5);
    let named: Vec<String> = arguments.collect();
    println!("processor features: {}", cpu_features().join(" "));
    let kernels: Vec<_> = Kernel::available()
        .into_iter()
        .map(|kernel| (kernel.name(), move |share: &[&[u8]]| digest_many_with(kernel, share)))
        .collect();
    let mut ways: Vec<Way<'_>> = kernels.iter().map(|(name, way)| (*name, way as _)).collect();
    ways.retain(|(name, _)| named.is_empty() || named.iter().any(|wanted| wanted == name));
    assert!(!ways.is_empty(), "no such kernel on this processor");
    let mut numbers = Numbers(1);
    let data: Vec<u8> =
        (0..51_200 * (16_384 + 64) / 8).flat_map(|_| numbers.next().to_le_bytes()).collect();
    let workloads = [
        Workload::equal("16 KiB each, end to end", 50_000, 16_384, 0),
        Workload::equal("16 KiB each, 64 bytes between", 50_000, 16_384, 64),
        Workload::mixed("log-normal, median 16 KiB, deviation 2", 16_384.0, 2.0, 768 * MIB),
        Workload::mixed("log-normal, median 1 KiB, deviation 1", 1024.0, 1.0, 96 * MIB),
    ];
    for workload in &workloads {
        for threads in [1, 2] {
            measure(workload, &data, &ways, rounds, threads);
        }
    }
    if named.is_empty() {
        ways.retain(|(name, _)| ["streams", "rustcrypto"].contains(name));
        ways.insert(0, ("two threads", &halves));
        measure(&Workload::equal("one stream", 1, 512 * MIB, 0), &data, &ways, rounds, 1);
    }
}
