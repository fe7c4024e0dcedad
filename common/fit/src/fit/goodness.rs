//! How well the model describes the data: χ², its probability, and pulls.

use crate::likelihood::Likelihood;
use crate::model::Model;
use crate::sample::{Histogram, Sample};

/// Bins are joined until this many entries are expected in each.
const LEAST_EXPECTED: f64 = 5.0;
/// The bins that unbinned data are put into.
const BINS: usize = 100;

/// Data against a model.
#[derive(Debug, Clone, PartialEq)]
pub struct Goodness {
    /// Σ (n − expected)²/variance, over bins that are joined until 5 entries are expected. The
    /// variance is what is expected; with weights, the sum of their squares.
    pub chi2: f64,
    /// Bins less free parameters; 0 when there are too few bins.
    pub ndf: usize,
    /// The probability of a greater χ²; nothing without degrees of freedom.
    pub p_value: Option<f64>,
    /// (n − expected)/√variance of each bin of the data, none where nothing is expected.
    pub pulls: Vec<Option<f64>>,
}

pub(super) fn goodness(
    model: &Model,
    sample: Sample<'_>,
    values: &[f64],
    free: usize,
) -> Option<Goodness> {
    match sample {
        Sample::Binned(histogram) => binned(model, histogram, values, free),
        Sample::Unbinned(entries) => binned(model, &entries.histogram(BINS).ok()?, values, free),
    }
}

fn binned(model: &Model, data: &Histogram, values: &[f64], free: usize) -> Option<Goodness> {
    let expected = Likelihood::new(model, Sample::Binned(data)).expected(values)?;
    let variance = |expected: f64, sumw2: f64| match data.is_weighted() {
        true => sumw2,
        false => expected,
    };
    let bins = data.sumw().iter().zip(data.sumw2()).zip(&expected);
    let pulls = bins.clone().map(|((n, sumw2), expected)| {
        let variance = variance(*expected, *sumw2);
        (variance > 0.0).then(|| (n - expected) / variance.sqrt())
    });
    let total: f64 = expected.iter().sum();
    let scale = data.sumw2().iter().sum::<f64>() / total;
    let (mut chi2, mut joined_bins) = (0.0, 0_usize);
    let (mut n, mut w2, mut e) = (0.0, 0.0, 0.0);
    let mut rest = total;
    for ((content, sumw2), more) in bins {
        (n, w2, e) = (n + content, w2 + sumw2, e + more);
        rest -= more;
        // The last bins are joined with those before, when too little is left for one more.
        let is_last = rest <= 1e-9 * total;
        if is_last || (e >= LEAST_EXPECTED * scale && rest >= LEAST_EXPECTED * scale) {
            let variance = variance(e, w2);
            if variance > 0.0 {
                chi2 += (n - e) * (n - e) / variance;
                joined_bins += 1;
            }
            (n, w2, e) = (0.0, 0.0, 0.0);
        }
    }
    let ndf = joined_bins.saturating_sub(free);
    Some(Goodness {
        chi2,
        ndf,
        p_value: (ndf > 0).then(|| chi2_probability(chi2, ndf)),
        pulls: pulls.collect(),
    })
}

/// The probability that χ² of `ndf` degrees of freedom is greater than `chi2`: the regularised
/// incomplete gamma function Q(ndf/2, chi2/2), by its series or its continued fraction.
pub fn chi2_probability(chi2: f64, ndf: usize) -> f64 {
    let (a, x) = (0.5 * ndf as f64, 0.5 * chi2);
    if ndf == 0 || x.is_nan() {
        return f64::NAN;
    }
    if x <= 0.0 {
        return 1.0;
    }
    let front = (a * x.ln() - x - libm::lgamma(a)).exp();
    if x < a + 1.0 {
        let (mut term, mut sum) = (1.0 / a, 1.0 / a);
        for k in 1..10_000 {
            term *= x / (a + f64::from(k));
            sum += term;
            if term < sum * 1e-16 {
                break;
            }
        }
        return (1.0 - front * sum).clamp(0.0, 1.0);
    }
    // Lentz's algorithm.
    let tiny = 1e-300;
    let mut b = x + 1.0 - a;
    let mut c = 1.0 / tiny;
    let mut d = 1.0 / b;
    let mut h = d;
    for k in 1..10_000 {
        let k = f64::from(k);
        let numerator = -k * (k - a);
        b += 2.0;
        d = numerator * d + b;
        d = if d.abs() < tiny { tiny } else { d }.recip();
        c = b + numerator / c;
        c = if c.abs() < tiny { tiny } else { c };
        h *= d * c;
        if (d * c - 1.0).abs() < 1e-15 {
            break;
        }
    }
    (front * h).clamp(0.0, 1.0)
}
