//! Counts of a control variable whose bins nobody said: of its values in fine steps, which merge, and
//! joined to parts of about equal counts when all is counted.
//!
//! A step is 1/64 of a power of two, so that it is fine for any scale; what is nearer to 0 than 2⁻²⁰
//! is 0, and what is larger than 2⁴⁰ is one step. The fit variable has at most 30 bins here.

use lumimill_fit::{FitRange, Histogram};

use crate::metric::tally::Tally;

/// Bins of the fit variable, at most.
const MOST_BINS: u32 = 30;
/// Parts of the control variable, at most.
const PARTS: u64 = 10;
/// Entries in each, at least.
const FEWEST: u64 = 100;
/// Steps of a power of two.
const STEPS: u64 = 64;
/// Powers of two, from 2⁻²⁰ up.
const POWERS: u64 = 60;
/// Steps of one sign, and 0.
const ZERO: u64 = STEPS * POWERS;
/// All steps.
const ALL: u64 = 2 * ZERO + 1;

/// The step of a value; none for NaN. Steps ascend as values do.
fn step(value: f64) -> Option<u64> {
    if value.is_nan() {
        return None;
    }
    let size = value.abs();
    let least = 2f64.powi(-20);
    if size < least {
        return Some(ZERO);
    }
    // Sign and mantissa beyond the first six bits cut off, the exponent counted from the least.
    let fine = (size.to_bits() >> 46).saturating_sub(least.to_bits() >> 46);
    let fine = fine.min(ZERO - 1);
    Some(match value > 0.0 {
        true => ZERO + 1 + fine,
        false => ZERO - 1 - fine,
    })
}

/// How many bins of the fit variable there are for one with so many.
pub(super) fn joined_bins(bins: u32) -> u32 {
    bins.min(MOST_BINS)
}

/// Counts of nothing.
pub(super) fn empty(bins: u32) -> Tally {
    Tally::sparse(ALL * u64::from(joined_bins(bins)))
}

/// The cell of a value in a bin of the fit.
pub(super) fn cell(value: f64, bin: u32, bins: u32) -> Option<u64> {
    let joined = u64::from(bin) * u64::from(joined_bins(bins)) / u64::from(bins.max(1));
    Some(step(value)? * u64::from(joined_bins(bins)) + joined)
}

/// The counts of the fit variable in ascending parts of the control variable.
pub(super) fn parts(tally: &Tally, bins: u32, range: FitRange) -> Vec<Histogram> {
    let bins = u64::from(joined_bins(bins));
    let all = tally.total();
    let wanted = (all / PARTS).max(FEWEST);
    let mut parts: Vec<Vec<u64>> = Vec::new();
    let (mut now, mut held, mut last) = (vec![0; bins as usize], 0, None);
    for (cell, count) in tally.iter() {
        let step = cell / bins;
        // A step is never divided.
        if held >= wanted && last != Some(step) {
            parts.push(std::mem::replace(&mut now, vec![0; bins as usize]));
            held = 0;
        }
        if let Some(slot) = now.get_mut((cell % bins) as usize) {
            *slot += count;
        }
        held += count;
        last = Some(step);
    }
    match parts.last_mut().filter(|_| held < wanted / 2) {
        // What is left over is too little for a part of its own.
        Some(part) => part
            .iter_mut()
            .zip(&now)
            .for_each(|(sum, more)| *sum += more),
        None => parts.push(now),
    }
    let histograms = parts.iter();
    histograms
        .filter_map(|counts| Histogram::of_counts(range, counts).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_ascend_with_values_whatever_their_scale() {
        let values = [
            f64::NEG_INFINITY,
            -1e30,
            -3.0,
            -2.9,
            -1e-3,
            -1e-9,
            0.0,
            1e-9,
            1e-3,
            0.5,
            0.51,
            1.0,
            1.02,
            1e30,
            f64::INFINITY,
        ];
        let steps: Vec<u64> = values.iter().filter_map(|value| step(*value)).collect();
        assert_eq!(steps.len(), values.len());
        assert!(steps.is_sorted(), "{steps:?}");
        assert!(steps.iter().all(|step| *step < ALL));
        assert_eq!(step(f64::NAN), None);
        assert!(step(0.5) < step(0.51) && step(-1e-9) == step(0.0));
    }

    #[test]
    fn parts_have_about_equal_counts_and_together_all() {
        let range = FitRange::new(0.0, 1.0).unwrap();
        let mut tally = empty(300);
        let mut cells: Vec<u64> = (0..6_000_u32)
            .filter_map(|row| cell(f64::from(row % 977) / 977.0, row % 300, 300))
            .collect();
        tally.add_all(&mut cells);
        let parts = parts(&tally, 300, range);
        assert!((8..=10).contains(&parts.len()), "{}", parts.len());
        let entries: Vec<u64> = parts.iter().map(Histogram::entries).collect();
        assert_eq!(entries.iter().sum::<u64>(), 6_000);
        assert!(
            entries.iter().all(|part| (300..1_000).contains(part)),
            "{entries:?}"
        );
        assert!(parts.iter().all(|part| part.sumw().len() == 30));
    }
}
