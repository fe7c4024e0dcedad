//! From counts to efficiency, background and significance at each threshold of a bin.
//!
//! Of N candidates around the peak that pass and M_k in each sideband, with the scales a_k of a straight
//! line in the mass (see [`SignificanceSpec::scales`](super::SignificanceSpec::scales)), the background
//! is B = Σ a_k M_k, the signal S = N − B, and the significance S/√(S+B) = (N − B)/√N. N and M_k are
//! independent and follow Poisson's law, so that the variance of B is Σ a_k² M_k; candidates that pass
//! are part of all, so errors of efficiencies, and of the difference of two thresholds, are
//! those of the parts that do not overlap. With weights N and M_k are sums of them, and their variances
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

/// What passes around the peak and beside it, counts or sums of weights, and the background that
/// follows, with variances.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Passing {
    peak: f64,
    beside: f64,
    background: f64,
    peak_variance: f64,
    background_variance: f64,
}

impl Passing {
    fn signal(self) -> f64 {
        self.peak - self.background
    }

    fn variance(self) -> f64 {
        self.peak_variance + self.background_variance
    }

    fn without(self, other: Self) -> Self {
        Self {
            peak: self.peak - other.peak,
            beside: self.beside - other.beside,
            background: self.background - other.background,
            peak_variance: self.peak_variance - other.peak_variance,
            background_variance: self.background_variance - other.background_variance,
        }
    }

    fn significance(self) -> Option<f64> {
        (self.peak > 0.0).then(|| self.signal() / self.peak.sqrt())
    }

    /// How the significance changes with the peak and with the background.
    fn slopes(self) -> (f64, f64) {
        let root = self.peak.sqrt();
        let of_peak = (self.peak + self.background) / (2.0 * self.peak * root);
        (of_peak, -1.0 / root)
    }
}

impl SignificanceBin {
    /// Scans the thresholds `edges`, of which the counts are; scores below them pass where `exclude`.
    /// `scales` are the candidates below the peak for each one in each sideband.
    #[must_use]
    pub fn scan(&self, edges: &[f64], scales: &[f64], exclude: bool) -> Scan {
        let all = self.amount(scales, |counts| 0..counts);
        let passing: Vec<Passing> = (0..edges.len())
            .map(|at| self.passing(at, scales, exclude))
            .collect();
        let points = edges.iter().zip(&passing);
        let points: Vec<ScanPoint> = points
            .map(|(edge, passing)| point(*passing, all, cut_at(*edge, exclude)))
            .collect();
        let why = why_none(self, all);
        let best = match why {
            Some(_) => None,
            None => best(&points, &passing),
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
    /// What passes at an edge: the counts begin with those below the first edge, and end with those
    /// from the last one on.
    fn passing(&self, edge: usize, scales: &[f64], exclude: bool) -> Passing {
        self.amount(scales, |counts| {
            let split = counts.min(edge + 1);
            if exclude { 0..split } else { split..counts }
        })
    }

    /// What some of the bins of the score amount to; the range is given how many there are.
    fn amount(&self, scales: &[f64], range: impl Fn(usize) -> std::ops::Range<usize>) -> Passing {
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
        let ((peak, peak_variance), sidebands): (_, Vec<_>) = match &self.weights {
            Some(sums) => {
                let sidebands = sums.sidebands.iter().map(|sums| weighed(sums));
                (weighed(&sums.signal), sidebands.collect())
            }
            None => {
                let sidebands = self.sidebands.iter().map(|counts| counted(counts));
                (counted(&self.signal), sidebands.collect())
            }
        };
        let mut passing = Passing {
            peak,
            beside: 0.0,
            background: 0.0,
            peak_variance,
            background_variance: 0.0,
        };
        for ((beside, variance), scale) in sidebands.into_iter().zip(scales) {
            passing.beside += beside;
            passing.background += scale * beside;
            passing.background_variance += scale * scale * variance;
        }
        passing
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

fn point(passing: Passing, all: Passing, cut: f64) -> ScanPoint {
    let failing = all.without(passing);
    let signal = passing.signal();
    let total = all.signal();
    let efficiency = (total > 0.0).then(|| {
        let share = signal / total;
        let variance =
            (1.0 - share).powi(2) * passing.variance() + share.powi(2) * failing.variance();
        (share, variance.sqrt() / total)
    });
    let significance = passing.significance().map(|value| {
        let (of_peak, of_background) = passing.slopes();
        let variance = of_peak.powi(2) * passing.peak_variance
            + of_background.powi(2) * passing.background_variance;
        (value, variance.sqrt())
    });
    ScanPoint {
        cut,
        candidates: passing.peak,
        beside: passing.beside,
        signal: (signal, passing.variance().sqrt()),
        background: (passing.background, passing.background_variance.sqrt()),
        efficiency,
        significance,
    }
}

/// Why a bin has no best cut.
fn why_none(bin: &SignificanceBin, all: Passing) -> Option<&'static str> {
    let are_none = |counts: &[u64]| counts.iter().all(|count| *count == 0);
    match () {
        () if are_none(&bin.signal) => Some("there is no candidate around the peak"),
        () if bin.sidebands.iter().all(|counts| are_none(counts)) => {
            Some("there is no candidate in the sidebands, so that the background is not known")
        }
        () if all.peak <= 0.0 => {
            Some("the weights of the candidates around the peak do not sum to more than nothing")
        }
        () if all.signal() <= 0.0 => Some("there is no signal above the background"),
        () => None,
    }
}

/// The first of the most significant points, with those that may be as good.
fn best(points: &[ScanPoint], passing: &[Passing]) -> Option<Best> {
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
            found - value <= error_of_difference(*other, *best)
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
fn error_of_difference(one: Passing, other: Passing) -> f64 {
    // What passes at one passes at the other: it is the looser one whose squares sum to more.
    let (loose, tight) = match one.variance() >= other.variance() {
        true => (one, other),
        false => (other, one),
    };
    let rest = loose.without(tight);
    let (of_loose, of_tight) = (loose.slopes(), tight.slopes());
    let variance = (of_loose.0 - of_tight.0).powi(2) * tight.peak_variance
        + (of_loose.1 - of_tight.1).powi(2) * tight.background_variance
        + of_loose.0.powi(2) * rest.peak_variance
        + of_loose.1.powi(2) * rest.background_variance;
    variance.sqrt()
}
