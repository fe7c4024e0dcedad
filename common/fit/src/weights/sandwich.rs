//! Sums of weights with their covariance, what the fit adds to it included.

use super::{Reference, WeightError, Weights};
use crate::fit::{Fit, chi2_probability};
use crate::matrix::{Symmetric, dot};
use crate::model::{Densities, Model};
use crate::sample::Histogram;

/// A pivot of a covariance, scaled to a diagonal of ones, below this is rounding.
const LEAST: f64 = 1e-9;

/// The weights by a fit in bins of the fit variable, and how they follow what was fitted.
///
/// A sum T = Σ w(m; η) depends on the data by its entries and by the fitted parameters η, whose
/// influence is H⁻¹·s(m), H the second derivatives of the fit and s the score of an entry. Its variance
/// is the sum of the squares of both together (the sandwich formula; C. Langenbruch, Eur. Phys. J. C 82
/// (2022) 393). Entries with a weight of their own count by it. Without a covariance of the fit only the
/// entries themselves count.
#[derive(Debug, Clone)]
pub struct BinnedWeights {
    /// None where there are no entries, or no weights.
    bins: Vec<Option<Bin>>,
    /// H⁻¹, and the variance of the sum of scores.
    of_fit: Option<(Symmetric, Symmetric)>,
    parameters: usize,
}

/// What all entries of a bin have.
#[derive(Debug, Clone)]
struct Bin {
    /// Of each component.
    weights: Vec<f64>,
    /// ∂ ln Σ N_k g_k/∂η
    score: Vec<f64>,
    /// ∂w/∂η of each component, by parameter.
    slopes: Vec<Vec<f64>>,
}

/// The sums of the weights of a component over groups of entries.
#[derive(Debug, Clone, PartialEq)]
pub struct WeightedSums {
    /// Σw of each group.
    pub sumw: Vec<f64>,
    /// Σw² of each group.
    pub sumw2: Vec<f64>,
    /// The covariance of the sums.
    pub covariance: Symmetric,
}

/// Weighted entries beside those that truly are of the component, in groups.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Closure {
    /// Of the differences of all groups, by the covariance that they have.
    pub chi2: f64,
    /// The groups.
    pub ndf: usize,
    /// The probability of a greater χ².
    pub p_value: f64,
    /// The greatest distance of the cumulative distributions, at the ends of groups (Kolmogorov and
    /// Smirnov).
    pub distance: f64,
}

impl BinnedWeights {
    /// The weights by a fit in those of the bins of `data` that have entries.
    pub fn new(
        model: &Model,
        fit: &Fit,
        reference: &Reference,
        data: &Histogram,
    ) -> Result<Self, WeightError> {
        let weights = Weights::new(model, &fit.values(), reference)?;
        let moving = moving(fit);
        let shifted = shifted(model, fit, reference, &moving)?;
        let bins = data.sumw2().iter().enumerate().map(|(number, sumw2)| {
            let (low, high) = data.edges(number);
            let x = f64::midpoint(low, high);
            let mean = (*sumw2 > 0.0).then(|| weights.mean(low, high)).flatten()?;
            Some(Bin {
                slopes: shifted.iter().map(|shift| shift.slopes(x)).collect(),
                score: shifted.iter().map(|shift| shift.score(x)).collect(),
                weights: mean,
            })
        });
        let influence = fit.influence.as_ref();
        Ok(Self {
            bins: bins.collect(),
            of_fit: influence.map(|it| (it.response.picked(&moving), it.variance.picked(&moving))),
            parameters: moving.len(),
        })
    }

    /// The sums of the weights of `component` over groups of entries, each given by the histogram of its
    /// fit variable in these bins. No entry is in two groups.
    pub fn sums(&self, component: usize, groups: &[Histogram]) -> WeightedSums {
        self.differences(component, groups, &[])
    }

    /// The weights of `component` in groups of entries beside the truth: those of the entries that are of
    /// the component. Nothing where the differences have no covariance, as without entries.
    pub fn closure(
        &self,
        component: usize,
        all: &[Histogram],
        truth: &[Histogram],
    ) -> Option<Closure> {
        let counts = truth.iter().map(|group| group.sumw().iter().sum::<f64>());
        let counts: Vec<f64> = counts.collect();
        let sums = self.sums(component, all).sumw;
        let totals = [sums.iter().sum::<f64>(), counts.iter().sum()];
        if sums.len() != counts.len() || totals.iter().any(|total| *total <= 0.0) {
            return None;
        }
        let [mut distance, mut below, mut below_truth] = [0.0_f64; 3];
        for (sum, count) in sums.iter().zip(&counts) {
            below += sum / totals[0];
            below_truth += count / totals[1];
            distance = distance.max((below - below_truth).abs());
        }
        let differences = self.differences(component, all, truth);
        let root = differences.covariance.cholesky(LEAST)?;
        let chi2 = dot(&differences.sumw, &root.solve(&differences.sumw));
        let ndf = all.len();
        Some(Closure {
            chi2,
            ndf,
            p_value: chi2_probability(chi2, ndf),
            distance,
        })
    }

    /// Sums of weights less 1 for those that are of the component, as far as that is known.
    fn differences(
        &self,
        component: usize,
        groups: &[Histogram],
        truth: &[Histogram],
    ) -> WeightedSums {
        let mut added: Vec<Group> = Vec::new();
        for (index, group) in groups.iter().enumerate() {
            let truth = truth.get(index);
            let mut sum = Group::new(self.parameters);
            for (number, bin) in self.bins.iter().enumerate() {
                let of = |histogram: &Histogram| {
                    let content = |all: &[f64]| all.get(number).copied().unwrap_or(0.0);
                    [content(histogram.sumw()), content(histogram.sumw2())]
                };
                if let Some(bin) = bin {
                    sum.add(bin, component, of(group), truth.map_or([0.0; 2], of));
                }
            }
            added.push(sum);
        }
        WeightedSums {
            sumw: added.iter().map(|group| group.sum).collect(),
            sumw2: added.iter().map(|group| group.squares).collect(),
            covariance: self.combined(&added),
        }
    }

    fn combined(&self, sums: &[Group]) -> Symmetric {
        let mut covariance = Symmetric::zero(sums.len());
        // Of each group, how much an entry adds to its sum by moving the parameters, over its score.
        let moved = sums.iter().map(|sum| {
            let response = self.of_fit.as_ref().map(|(response, _)| response);
            response.map_or_else(Vec::new, |response| response.times(&sum.slopes))
        });
        let moved: Vec<Vec<f64>> = moved.collect();
        for (i, a) in sums.iter().enumerate() {
            for (j, b) in sums.iter().enumerate().take(i + 1) {
                let own = if i == j { a.squares } else { 0.0 };
                let mixed = dot(&moved[j], &a.scores) + dot(&moved[i], &b.scores);
                let fitted = self
                    .of_fit
                    .as_ref()
                    .map_or(0.0, |(_, variance)| variance.between(&moved[i], &moved[j]));
                covariance.set(i, j, own + mixed + fitted);
            }
        }
        covariance
    }
}

/// What a group adds up, for weights w less the truth t, which is 0 where it is not asked for.
struct Group {
    /// Σ(w − t)
    sum: f64,
    /// Σ(w − t)²
    squares: f64,
    /// Σ(w − t)·s
    scores: Vec<f64>,
    /// Σ∂w/∂η
    slopes: Vec<f64>,
}

impl Group {
    fn new(parameters: usize) -> Self {
        Self {
            sum: 0.0,
            squares: 0.0,
            scores: vec![0.0; parameters],
            slopes: vec![0.0; parameters],
        }
    }

    /// Adds Σv and Σv² of the entries of a bin, and of those of them that truly are of the component.
    fn add(&mut self, bin: &Bin, component: usize, [n, n2]: [f64; 2], [of, of2]: [f64; 2]) {
        let w = bin.weights.get(component).copied().unwrap_or(0.0);
        self.sum += n * w - of;
        self.squares += (n2 - of2) * w * w + of2 * (w - 1.0) * (w - 1.0);
        for (sum, score) in self.scores.iter_mut().zip(&bin.score) {
            *sum += (n2 * w - of2) * score;
        }
        for (sum, slopes) in self.slopes.iter_mut().zip(&bin.slopes) {
            *sum += n * slopes.get(component).copied().unwrap_or(0.0);
        }
    }
}

/// The weights and densities at both sides of the fitted value of a parameter.
struct Shift<'a> {
    step: f64,
    up: Weights<'a>,
    down: Weights<'a>,
}

impl Shift<'_> {
    /// ∂w/∂η of each component at `x`.
    fn slopes(&self, x: f64) -> Vec<f64> {
        let ends = self.up.at(x).zip(self.down.at(x));
        let slopes = ends.map(|(up, down)| {
            let pairs = up.into_iter().zip(down);
            pairs
                .map(|(up, down)| (up - down) / (2.0 * self.step))
                .collect()
        });
        slopes.unwrap_or_default()
    }

    /// ∂ ln Σ N_k g_k/∂η at `x`; 0 where nothing is expected.
    fn score(&self, x: f64) -> f64 {
        let rate = |densities: &Densities<'_>, yields: &[f64]| -> f64 {
            let all = yields.iter().enumerate();
            all.map(|(k, n)| n * densities.height(k, x)).sum()
        };
        let up = rate(&self.up.densities, &self.up.yields);
        let down = rate(&self.down.densities, &self.down.yields);
        let score = (up.ln() - down.ln()) / (2.0 * self.step);
        if score.is_finite() { score } else { 0.0 }
    }
}

/// The parameters that have an error.
fn moving(fit: &Fit) -> Vec<usize> {
    let all = fit.parameters.iter().enumerate();
    all.filter(|(_, parameter)| parameter.error.is_some())
        .map(|(index, _)| index)
        .collect()
}

fn shifted<'a>(
    model: &'a Model,
    fit: &Fit,
    reference: &Reference,
    moving: &[usize],
) -> Result<Vec<Shift<'a>>, WeightError> {
    let mut shifted = Vec::new();
    for index in moving {
        let step = 1e-3 * fit.parameters[*index].error.unwrap_or(0.0);
        let at = |by: f64| {
            let mut values = fit.values();
            values[*index] += by;
            Weights::new(model, &values, reference)
        };
        shifted.push(Shift {
            step,
            up: at(step)?,
            down: at(-step)?,
        });
    }
    Ok(shifted)
}
