//! Where a fit starts: a value within limits, guessed from what the data look like.

use crate::range::FitRange;

/// A value and the limits between which a fit may move it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Start {
    /// Where the fit begins.
    pub value: f64,
    /// The least value.
    pub low: f64,
    /// The greatest value.
    pub high: f64,
}

/// How a parameter of a density is guessed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Guess {
    /// From the landmarks, for the n-th term of its sum.
    pub(crate) start: fn(&Landmarks, usize) -> Start,
    /// What its limits are, the lower one first.
    pub(crate) ends: [End; 2],
}

/// What it means that a fit ends at a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// No density lies beyond it.
    Natural,
    /// Somebody gave it.
    Given,
    /// It keeps the fit from what is no peak in this range: a better one beyond it is not looked for.
    Wall,
    /// It is a guess, and the fit is made again with another one farther away.
    Open,
}

impl Guess {
    /// With limits that are guesses, too.
    pub(crate) const fn open(start: fn(&Landmarks, usize) -> Start) -> Self {
        let ends = [End::Open, End::Open];
        Self { start, ends }
    }

    /// With limits beyond which there is no density.
    pub(crate) const fn natural(start: fn(&Landmarks, usize) -> Start) -> Self {
        let ends = [End::Natural, End::Natural];
        Self { start, ends }
    }

    /// With limits that are none of the data, and beyond which nothing is looked for.
    pub(crate) const fn walled(start: fn(&Landmarks, usize) -> Start) -> Self {
        let ends = [End::Wall, End::Wall];
        Self { start, ends }
    }
}

/// The place of a peak.
pub(crate) const MEAN: Guess = Guess::walled(mean);
/// The width of a peak; terms of a sum go from narrow to wide.
pub(crate) const WIDTH: Guess = Guess {
    start: width,
    ends: [End::Wall, End::Open],
};
/// The width of the wider part of a density that has two.
pub(crate) const WIDE_WIDTH: Guess = Guess {
    start: wide_width,
    ends: WIDTH.ends,
};
/// Where a tail begins, in widths.
pub(crate) const TAIL: Guess = Guess::open(tail);
/// The power of a tail.
pub(crate) const POWER: Guess = Guess {
    start: power,
    ends: [End::Natural, End::Open],
};
/// The part of the first term.
pub(crate) const FRACTION: Guess = Guess::natural(fraction);

/// What a look at a histogram tells.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Landmarks {
    pub(crate) range: FitRange,
    /// The width of a bin.
    pub(crate) bin: f64,
    /// Where the entries stand highest above what the ends of the range promise.
    pub(crate) peak: f64,
    /// The standard deviation of that peak.
    pub(crate) spread: f64,
    /// d ln(density)/dx from the lower to the upper half of what is no peak.
    pub(crate) slope: f64,
}

impl Landmarks {
    /// Looks at counts in equal bins, for what stands above a line.
    pub(crate) fn of(range: FitRange, counts: &[f64]) -> Self {
        Self::above(range, counts, |left, right, part| {
            left + (right - left) * part
        })
    }

    /// The same for what stands above a background that falls or rises by a factor, where that is another
    /// peak: above a line there is but the steep end.
    pub(crate) fn of_steep(range: FitRange, counts: &[f64]) -> Option<Self> {
        let (left, right) = ends(counts);
        let is_steep = left > 0.0 && right > 0.0 && (right / left).ln().abs() > 1.0;
        let line = is_steep.then(|| Self::of(range, counts))?;
        // The first tenth and the last one lie 0.9 of the range apart.
        let steep = Self::above(range, counts, |left, right, part| {
            left * (right / left).powf((part - 0.05) / 0.9)
        });
        ((steep.peak - line.peak).abs() > steep.spread).then_some(steep)
    }

    fn above(range: FitRange, counts: &[f64], line: impl Fn(f64, f64, f64) -> f64) -> Self {
        let bins = counts.len().max(1);
        let bin = range.width() / bins as f64;
        let centre = |index: usize| range.low() + (index as f64 + 0.5) * bin;
        let smooth = smoothed(counts, bins / 60);
        let (left, right) = ends(counts);
        let base = |index: usize| line(left, right, (index as f64 + 0.5) / bins as f64);
        let above = |index: usize| smooth.get(index).copied().unwrap_or(0.0) - base(index);
        let top = (0..bins)
            .max_by(|a, b| above(*a).total_cmp(&above(*b)))
            .unwrap_or(0);
        let half = above(top) / 2.0;
        let first = (0..=top).rev().find(|i| above(*i) < half).unwrap_or(0);
        let last = (top..bins).find(|i| above(*i) < half).unwrap_or(bins);
        let spread = bin * (last.saturating_sub(first).max(2) - 1) as f64 / 2.355;
        let slope = if left > 0.0 && right > 0.0 {
            (right / left).ln() / (0.9 * range.width())
        } else {
            0.0
        };
        Self {
            range,
            bin,
            peak: centre(top),
            spread: spread.clamp(bin / 2.0, range.width() / 4.0),
            slope: slope.clamp(-20.0 / range.width(), 20.0 / range.width()),
        }
    }
}

/// The mean of each bin and of `reach` neighbours on both sides.
fn smoothed(counts: &[f64], reach: usize) -> Vec<f64> {
    (0..counts.len())
        .map(|at| {
            let near = counts
                .get(at.saturating_sub(reach)..(at + reach + 1).min(counts.len()))
                .unwrap_or_default();
            near.iter().sum::<f64>() / near.len().max(1) as f64
        })
        .collect()
}

/// The mean content of a bin in the first and in the last tenth.
fn ends(counts: &[f64]) -> (f64, f64) {
    let tenth = (counts.len() / 10).max(1).min(counts.len());
    let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len().max(1) as f64;
    let first = counts.get(..tenth).unwrap_or_default();
    let last = counts.get(counts.len() - tenth..).unwrap_or_default();
    (mean(first), mean(last))
}

fn mean(of: &Landmarks, _: usize) -> Start {
    Start {
        value: of.peak,
        low: of.range.low(),
        high: of.range.high(),
    }
}

pub(crate) fn width(of: &Landmarks, term: usize) -> Start {
    let factor = [0.8, 2.0, 4.0, 7.0].get(term).copied().unwrap_or(10.0);
    let (low, high) = (of.bin.min(of.spread) / 10.0, of.range.width());
    Start {
        value: (factor * of.spread).clamp(2.0 * low, 0.5 * high),
        low,
        high,
    }
}

fn wide_width(of: &Landmarks, term: usize) -> Start {
    width(of, term + 1)
}

fn tail(_: &Landmarks, _: usize) -> Start {
    Start {
        value: 1.5,
        low: 0.1,
        high: 8.0,
    }
}

fn power(_: &Landmarks, _: usize) -> Start {
    Start {
        value: 3.0,
        low: 1.01,
        high: 100.0,
    }
}

fn fraction(_: &Landmarks, _: usize) -> Start {
    Start {
        value: 0.6,
        low: 0.0,
        high: 1.0,
    }
}
