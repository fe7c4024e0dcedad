//! Counts of a control variable whose bins nobody said: of its values in fine steps, which merge, and
//! joined to parts of about equal counts when all is counted.
//!
//! A step is 1/64 of a power of two, so that it is fine for any scale; what is nearer to 0 than 2⁻¹²⁸
//! is 0, and what is larger than 2¹²⁸ is one step, about as in single precision. Where most values are
//! closer to one another than a step, as with an offset, that is said. The fit variable has at most 200
//! bins here, equal ones of its range, whatever the bins of the fit.

use lumimill_fit::{FitRange, Histogram};

use super::control_weights::Counted;
use crate::metric::tally::Tally;

/// Bins of the fit variable, at most.
const MOST_BINS: u32 = 200;
/// Parts of the control variable, at most.
const PARTS: u64 = 10;
/// Entries in each, at least.
const FEWEST: u64 = 100;
/// Steps of a power of two.
const STEPS: u64 = 64;
/// The least of the powers of two.
const LEAST: i32 = -128;
/// Powers of two, from the least up.
const POWERS: u64 = 256;
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
    let least = 2f64.powi(LEAST);
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

/// The lower end of a step.
fn lower(step: u64) -> f64 {
    let least = 2f64.powi(LEAST);
    let size = |fine: u64| f64::from_bits(((least.to_bits() >> 46) + fine) << 46);
    match step.checked_sub(ZERO) {
        Some(0) => -least,
        Some(above) => size(above - 1),
        None => -size(ZERO - step),
    }
}

/// How many bins the fit variable has here for a fit of so many.
pub(super) fn joined_bins(bins: u32) -> u32 {
    bins.min(MOST_BINS)
}

/// The bin of a value of the fit variable here.
pub(super) fn joined_bin(value: f64, range: FitRange, bins: u32) -> Option<u64> {
    let bins = joined_bins(bins);
    let place = (value - range.low()) / range.width() * f64::from(bins);
    let inside = range.contains(value) && bins > 0;
    inside.then(|| (place as u64).min(u64::from(bins) - 1))
}

/// Counts of nothing.
pub(super) fn empty(bins: u32) -> Tally {
    Tally::sparse(ALL * u64::from(joined_bins(bins)))
}

/// The cell of a value in a bin of the fit variable here.
pub(super) fn cell(value: f64, joined: u64, bins: u32) -> Option<u64> {
    Some(step(value)? * u64::from(joined_bins(bins)) + joined)
}

/// Ascending parts of a control variable.
#[derive(Debug, Default)]
pub(super) struct Parts {
    /// From where to where each of them goes.
    pub(super) edges: Vec<[f64; 2]>,
    /// The counts of the fit variable in each.
    pub(super) all: Vec<Histogram>,
    /// Of these, those whose truth is that of the signal; none where no truth is known.
    pub(super) truth: Vec<Histogram>,
    /// A step with more than two parts' rows, from where to where it goes, and its share.
    pub(super) crowded: Option<([f64; 2], f64)>,
}

/// The steps of parts of about equal counts: the first one of each, and the one after the last.
fn cuts(tally: &Tally, bins: u64) -> Vec<u64> {
    let wanted = (tally.total() / PARTS).max(FEWEST);
    let mut cuts: Vec<u64> = Vec::new();
    let (mut held, mut last) = (0, None);
    for (cell, count) in tally.iter() {
        let step = cell / bins;
        // A step is never divided.
        if last.is_none() || (held >= wanted && last != Some(step)) {
            cuts.push(step);
            held = 0;
        }
        held += count;
        last = Some(step);
    }
    if held < wanted / 2 && cuts.len() > 1 {
        // What is left over is too little for a part of its own.
        cuts.pop();
    }
    cuts.extend(last.map(|last| last + 1));
    cuts
}

/// A step that holds more rows than two parts should, among others that are next to it: values that it
/// does not tell apart. Whole numbers and flags have no step next to theirs.
fn crowded(tally: &Tally, bins: u64) -> Option<([f64; 2], f64)> {
    let mut steps: Vec<(u64, u64)> = Vec::new();
    for (cell, count) in tally.iter() {
        let step = cell / bins;
        match steps.last_mut().filter(|(last, _)| *last == step) {
            Some((_, held)) => *held += count,
            None => steps.push((step, count)),
        }
    }
    let (place, (step, held)) = steps
        .iter()
        .copied()
        .enumerate()
        .max_by_key(|(_, it)| it.1)?;
    let is_next = |place: Option<usize>| {
        let other = place.and_then(|place| steps.get(place));
        other.is_some_and(|(other, _)| other.abs_diff(step) == 1)
    };
    let has_next = is_next(place.checked_sub(1)) || is_next(Some(place + 1));
    let is_crowded = has_next && held > 2 * (tally.total() / PARTS).max(FEWEST);
    let share = held as f64 / tally.total() as f64;
    is_crowded.then(|| ([lower(step), lower(step + 1)], share))
}

/// The counts of the fit variable in ascending parts of the control variable, of all entries and of
/// those of the signal. Parts are cut by numbers of rows, whatever their weights.
pub(super) fn parts(
    all: Counted<'_>,
    truth: Option<Counted<'_>>,
    bins: u32,
    range: FitRange,
) -> Parts {
    let bins = u64::from(joined_bins(bins));
    let cuts = cuts(all.rows, bins);
    let histograms = |counted: Counted<'_>| {
        let size = (cuts.len().saturating_sub(1), bins as usize);
        let place = |cell: u64| {
            let above = cuts.partition_point(|cut| *cut <= cell / bins);
            Some((above.checked_sub(1)?, (cell % bins) as usize))
        };
        counted.histograms(range, size, place).unwrap_or_default()
    };
    let ends = cuts.windows(2).filter_map(|pair| match pair {
        [low, high] => Some([lower(*low), lower(*high)]),
        _ => None,
    });
    Parts {
        edges: ends.collect(),
        all: histograms(all),
        truth: truth.map(histograms).unwrap_or_default(),
        crowded: crowded(all.rows, bins),
    }
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
            -1e-39,
            0.0,
            1e-39,
            1e-12,
            1.1e-12,
            1e-3,
            0.5,
            0.51,
            1.0,
            1.02,
            1e14,
            1.1e14,
            1e30,
            f64::INFINITY,
        ];
        let steps: Vec<u64> = values.iter().filter_map(|value| step(*value)).collect();
        assert_eq!(steps.len(), values.len());
        assert!(steps.is_sorted(), "{steps:?}");
        assert!(steps.iter().all(|step| *step < ALL));
        assert_eq!(step(f64::NAN), None);
        assert!(step(0.5) < step(0.51) && step(-1e-39) == step(0.0));
        for value in [-3.0, -2.9, -1e-12, 0.0, 1e-3, 0.51, 1.0, 7e5] {
            let step = step(value).unwrap();
            assert!(lower(step) <= value && value <= lower(step + 1), "{value}");
        }
    }

    #[test]
    fn parts_have_about_equal_counts_and_together_all() {
        let range = FitRange::new(0.0, 1.0).unwrap();
        let mut tally = empty(300);
        let value = |row: u32| f64::from(row % 977) / 977.0;
        let bin = |row: u32| joined_bin(f64::from(row % 300) / 300.0, range, 300).unwrap();
        let mut cells: Vec<u64> = (0..6_000)
            .filter_map(|row| cell(value(row), bin(row), 300))
            .collect();
        tally.add_all(&mut cells);
        let mut truth = empty(300);
        let mut cells: Vec<u64> = (0..6_000)
            .filter(|row| value(*row) < 0.5)
            .filter_map(|row| cell(value(row), bin(row), 300))
            .collect();
        truth.add_all(&mut cells);
        let counted = |rows| Counted {
            rows,
            weights: None,
        };
        let Parts {
            edges,
            all,
            truth,
            crowded,
        } = parts(counted(&tally), Some(counted(&truth)), 300, range);
        assert_eq!(crowded, None);
        assert!((8..=10).contains(&all.len()), "{}", all.len());
        let entries: Vec<u64> = all.iter().map(Histogram::entries).collect();
        assert_eq!(entries.iter().sum::<u64>(), 6_000);
        assert!(
            entries.iter().all(|part| (300..1_000).contains(part)),
            "{entries:?}"
        );
        assert!(all.iter().all(|part| part.sumw().len() == 200));
        assert_eq!((edges.len(), truth.len()), (all.len(), all.len()));
        for (([low, high], all), truth) in edges.iter().zip(&all).zip(&truth) {
            let inside = |row: &u32| (*low..*high).contains(&value(*row));
            assert_eq!(
                (0..6_000).filter(inside).count() as u64,
                all.entries(),
                "{low} {high}"
            );
            let both = (0..6_000).filter(|row| inside(row) && value(*row) < 0.5);
            assert_eq!(both.count() as u64, truth.entries(), "{low} {high}");
        }
    }

    /// What depended on the fit variable was valid, with an offset that made one step of its values.
    #[test]
    fn values_that_a_step_does_not_tell_apart_are_said() {
        let of = |value: &dyn Fn(u32) -> f64| {
            let mut tally = empty(100);
            let mut cells: Vec<u64> = (0..5_000)
                .filter_map(|row| cell(value(row), u64::from(row % 100), 100))
                .collect();
            tally.add_all(&mut cells);
            crowded(&tally, 100)
        };
        let uniform = |row: u32| f64::from(row % 977) / 977.0;
        assert_eq!(of(&uniform), None);
        let ([low, high], share) = of(&|row| 1e5 + 2_000.0 * uniform(row)).unwrap();
        assert!(1e5 < low && high < 102_000.0, "{low} {high}");
        assert!(share > 0.5, "{share}");
        // Flags, whole numbers, and what is one value.
        assert_eq!(of(&|row| f64::from(row % 2)), None);
        assert_eq!(of(&|row| f64::from(row % 4 + 40)), None);
        assert_eq!(of(&|_| 3.0), None);
    }

    #[test]
    fn bins_of_the_fit_variable_are_equal_whatever_the_bins_of_the_fit() {
        // 307 is prime: joining its bins would give unequal ones.
        let range = FitRange::new(1.8, 1.95).unwrap();
        let histogram = Histogram::new(range, 200).unwrap();
        for row in 0..10_000_u32 {
            let x = 1.8 + 0.15 * f64::from(row) / 9_999.0;
            let bin = histogram.bin(x).map(|bin| bin as u64);
            assert_eq!(joined_bin(x, range, 307), bin, "{x}");
        }
        assert_eq!(joined_bin(1.96, range, 307), None);
        assert_eq!(joined_bin(f64::NAN, range, 307), None);
    }
}
