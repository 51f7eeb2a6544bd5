//! Volumes without any signature: one byte all over, or noise.
//!
//! The first MiB and 32 stretches from the start to the end are looked at. Noise is what a
//! chi-squared test of the bytes' counts cannot tell from chance, in each stretch and in all
//! together: encrypted or random bytes are, compressed ones are not when taken together.

use super::view::View;

const FIRST: usize = 1 << 20;
const STRETCH: usize = 32 << 10;
const STRETCHES: u64 = 32;
/// Fewer bytes tell nothing.
const FEWEST: u64 = 64 << 10;
/// Where the statistic of 256 values lies by chance: 255 on average, with a deviation of 22.6.
const CHANCE: std::ops::Range<f64> = 150.0..400.0;

pub(super) fn recognise(view: &View<'_>) -> Option<String> {
    let samples = samples(view);
    let first = *samples.first()?.first()?;
    if samples.iter().flatten().all(|byte| *byte == first) {
        return Some(format!("it is empty: every byte that was sampled is {first:02x}"));
    }
    let mut all = [0_u64; 256];
    let mut noise = true;
    for sample in &samples {
        let counts = counts(sample);
        noise &= sample.len() < 4096 || CHANCE.contains(&chi_squared(&counts));
        all.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
    }
    let enough = all.iter().sum::<u64>() >= FEWEST;
    (enough && noise && CHANCE.contains(&chi_squared(&all))).then(|| {
        "it looks random all over: encrypted without a signature, as by VeraCrypt, or wiped with \
         random bytes; its files were not read"
            .to_owned()
    })
}

/// Stretches of the volume that do not overlap; all of it where it is short.
fn samples(view: &View<'_>) -> Vec<Vec<u8>> {
    let stretches = STRETCHES * STRETCH as u64;
    let mut samples = vec![view.at(0, FIRST)];
    if let Some(room) = view.len().checked_sub(FIRST as u64 + stretches) {
        // Gaps of one length between them, in whole sectors.
        let step = (STRETCH as u64 + room / STRETCHES) & !511;
        let first = view.len() - STRETCH as u64 - step * (STRETCHES - 1);
        samples.extend((0..STRETCHES).map(|n| view.at(first + step * n, STRETCH)));
    } else {
        let rest = view.at(FIRST as u64, FIRST);
        samples.extend(rest.chunks(STRETCH).map(<[u8]>::to_vec));
    }
    samples.retain(|sample| !sample.is_empty());
    samples
}

fn counts(bytes: &[u8]) -> [u64; 256] {
    let mut counts = [0; 256];
    for byte in bytes {
        counts[usize::from(*byte)] += 1;
    }
    counts
}

/// How far counts are from all being equal.
#[expect(clippy::cast_precision_loss, reason = "counts of some MiB are exact in 53 bits")]
fn chi_squared(counts: &[u64; 256]) -> f64 {
    let expected = counts.iter().sum::<u64>() as f64 / 256.0;
    counts.iter().map(|count| (*count as f64 - expected).powi(2) / expected).sum()
}
