//! From counts to efficiency, background and significance at each threshold of a bin.
//!
//! Of N candidates around the peak that pass and M in the sidebands, and with the ratio a of the
//! widths of both, the background is B = a M, the signal S = N − a M, and the significance
//! S/√(S+B) = (N − a M)/√N. N and M are independent and follow Poisson's law; candidates that pass
//! are part of all, so errors of efficiencies, and of the difference of two thresholds, are
//! those of the parts that do not overlap. With weights N and M are sums of them, and their variances
//! sums of squared weights.

use serde::Serialize;

use super::{SignificanceBin, Weighted};

/// A number and its statistical error.
pub type WithError = (f64, f64);

/// What passes at one threshold.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ScanPoint {
    /// The cut: scores from it on pass, or scores up to it where those are kept.
    pub cut: f64,
    /// Candidates around the peak that pass, or the sum of their weights.
    pub candidates: f64,
    /// The same in the sidebands.
    pub beside: f64,
    /// Signal that passes.
    pub signal: WithError,
    /// Background below it.
    pub background: WithError,
    /// The share of the signal that passes; none without any.
    pub efficiency: Option<WithError>,
    /// S/√(S+B); none where nothing passes.
    pub significance: Option<WithError>,
}

/// The thresholds of a bin.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Scan {
    /// From the first threshold to the last.
    pub points: Vec<ScanPoint>,
    /// The most significant one.
    pub best: Option<Best>,
    /// Why there is none.
    pub why: Option<&'static str>,
}

/// The most significant threshold.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Best {
    /// Which of the points.
    pub point: usize,
    /// The cuts around it that are not less significant than it by more than the statistical error
    /// of the difference: the first and the last.
    pub cuts: [f64; 2],
}

/// What passes around the peak and beside it: counts, or sums of weights, with the variance of each,
/// which is the count, or the sum of squared weights.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Passing {
    peak: f64,
    beside: f64,
    peak_variance: f64,
    beside_variance: f64,
}

impl Passing {
    fn signal(self, scale: f64) -> f64 {
        self.peak - scale * self.beside
    }

    fn variance(self, scale: f64) -> f64 {
        self.peak_variance + scale * scale * self.beside_variance
    }

    fn without(self, other: Self) -> Self {
        Self {
            peak: self.peak - other.peak,
            beside: self.beside - other.beside,
            peak_variance: self.peak_variance - other.peak_variance,
            beside_variance: self.beside_variance - other.beside_variance,
        }
    }

    fn significance(self, scale: f64) -> Option<f64> {
        (self.peak > 0.0).then(|| self.signal(scale) / self.peak.sqrt())
    }

    /// How the significance changes with each of the counts.
    fn slopes(self, scale: f64) -> (f64, f64) {
        let root = self.peak.sqrt();
        let of_peak = (self.peak + scale * self.beside) / (2.0 * self.peak * root);
        (of_peak, -scale / root)
    }
}

impl SignificanceBin {
    /// Scans the thresholds `edges`, of which the counts are; scores below them pass where `exclude`.
    #[must_use]
    pub fn scan(&self, edges: &[f64], scale: f64, exclude: bool) -> Scan {
        let all = self.all();
        let passing: Vec<Passing> = (0..edges.len())
            .map(|at| self.passing(at, exclude))
            .collect();
        let points = edges.iter().zip(&passing);
        let points: Vec<ScanPoint> = points
            .map(|(edge, passing)| point(*passing, all, scale, cut_at(*edge, exclude)))
            .collect();
        let why = why_none(self, all, scale);
        let best = match why {
            Some(_) => None,
            None => best(&points, &passing, scale),
        };
        let none = "at no threshold is there a signal above the background";
        Scan {
            why: why.or(best.is_none().then_some(none)),
            points,
            best,
        }
    }
}

impl SignificanceBin {
    /// Everything.
    fn all(&self) -> Passing {
        self.amount(|counts| 0..counts)
    }

    /// What passes at an edge: the counts begin with those below the first edge, and end with those
    /// from the last one on.
    fn passing(&self, edge: usize, exclude: bool) -> Passing {
        self.amount(|counts| {
            let split = counts.min(edge + 1);
            if exclude { 0..split } else { split..counts }
        })
    }

    /// What some of the bins of the score amount to; the range is given how many there are.
    fn amount(&self, range: impl Fn(usize) -> std::ops::Range<usize>) -> Passing {
        let counted = |counts: &[u64]| {
            let part = counts.get(range(counts.len())).unwrap_or_default();
            let count = part.iter().sum::<u64>() as f64;
            (count, count)
        };
        let weighed = |weights: &[Weighted]| {
            let part = weights.get(range(weights.len())).unwrap_or_default();
            part.iter().fold((0.0, 0.0), |(sum, squares), weighted| {
                (sum + weighted.sum, squares + weighted.squares)
            })
        };
        let [(peak, peak_variance), (beside, beside_variance)] = match &self.weights {
            Some([signal, sidebands]) => [weighed(signal), weighed(sidebands)],
            None => [counted(&self.signal), counted(&self.sidebands)],
        };
        Passing {
            peak,
            beside,
            peak_variance,
            beside_variance,
        }
    }
}

/// The cut that keeps scores below an edge is the largest score that is.
fn cut_at(edge: f64, exclude: bool) -> f64 {
    let single = edge as f32;
    match exclude {
        false => edge,
        true if f64::from(single) >= edge => f64::from(single.next_down()),
        true => f64::from(single),
    }
}

fn point(passing: Passing, all: Passing, scale: f64, cut: f64) -> ScanPoint {
    let failing = all.without(passing);
    let signal = passing.signal(scale);
    let total = all.signal(scale);
    let efficiency = (total > 0.0).then(|| {
        let share = signal / total;
        let variance = (1.0 - share).powi(2) * passing.variance(scale)
            + share.powi(2) * failing.variance(scale);
        (share, variance.sqrt() / total)
    });
    let significance = passing.significance(scale).map(|value| {
        let (of_peak, of_beside) = passing.slopes(scale);
        let variance =
            of_peak.powi(2) * passing.peak_variance + of_beside.powi(2) * passing.beside_variance;
        (value, variance.sqrt())
    });
    ScanPoint {
        cut,
        candidates: passing.peak,
        beside: passing.beside,
        signal: (signal, passing.variance(scale).sqrt()),
        background: (
            scale * passing.beside,
            scale * passing.beside_variance.sqrt(),
        ),
        efficiency,
        significance,
    }
}

/// Why a bin has no best cut.
fn why_none(bin: &SignificanceBin, all: Passing, scale: f64) -> Option<&'static str> {
    let are_none = |counts: &[u64]| counts.iter().all(|count| *count == 0);
    match () {
        () if are_none(&bin.signal) => Some("there is no candidate around the peak"),
        () if are_none(&bin.sidebands) => {
            Some("there is no candidate in the sidebands, so that the background is not known")
        }
        () if all.peak <= 0.0 => {
            Some("the weights of the candidates around the peak do not sum to more than nothing")
        }
        () if all.signal(scale) <= 0.0 => Some("there is no signal above the background"),
        () => None,
    }
}

/// The first of the most significant points, with those that may be as good.
fn best(points: &[ScanPoint], passing: &[Passing], scale: f64) -> Option<Best> {
    let value = |at: usize| points.get(at).and_then(|point| point.significance);
    let mut best: Option<(usize, f64)> = None;
    for at in 0..points.len() {
        if let Some((found, _)) = value(at)
            && found > best.map_or(0.0, |(_, known)| known)
        {
            best = Some((at, found));
        }
    }
    let (at, found) = best?;
    let as_good = |other: &usize| {
        let counts = passing.get(*other).zip(passing.get(at));
        let of_other = value(*other).zip(counts);
        of_other.is_some_and(|((value, _), (other, best))| {
            found - value <= error_of_difference(*other, *best, scale)
        })
    };
    let first = (0..at).rev().take_while(as_good).last().unwrap_or(at);
    let last = (at + 1..points.len())
        .take_while(as_good)
        .last()
        .unwrap_or(at);
    let cut = |at: usize| points.get(at).map_or(f64::NAN, |point| point.cut);
    Some(Best {
        point: at,
        cuts: [cut(first), cut(last)],
    })
}

/// The error of the difference of two significances, of which what passes at one passes at the
/// other, too.
fn error_of_difference(one: Passing, other: Passing, scale: f64) -> f64 {
    // What passes at one passes at the other: it is the looser one whose squares sum to more.
    let of = |passing: Passing| passing.peak_variance + passing.beside_variance;
    let (loose, tight) = match of(one) >= of(other) {
        true => (one, other),
        false => (other, one),
    };
    let rest = loose.without(tight);
    let (of_loose, of_tight) = (loose.slopes(scale), tight.slopes(scale));
    let variance = (of_loose.0 - of_tight.0).powi(2) * tight.peak_variance
        + (of_loose.1 - of_tight.1).powi(2) * tight.beside_variance
        + of_loose.0.powi(2) * rest.peak_variance
        + of_loose.1.powi(2) * rest.beside_variance;
    variance.sqrt()
}
