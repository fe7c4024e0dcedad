//! Weights that unfold a mixture: sPlot, and custom orthogonal weight functions (COWs).
//!
//! For densities g_k of the components and a positive function I of the fit variable,
//! W_ij = ∫ g_i g_j / I, A = W⁻¹ and w_k = Σ_j A_kj g_j / I. With I the density of all entries as
//! fitted these are the classic sWeights (M. Pivk, F. R. Le Diberder, Nucl. Instrum. Meth. A 555
//! (2005) 356); any other positive I unfolds, too, with other errors (H. Dembinski, M. Kenzie,
//! C. Langenbruch, M. Schmelling, Nucl. Instrum. Meth. A 1040 (2022) 167270).

mod columns;
mod sandwich;
mod sums;

use thiserror::Error;

use crate::density::Template;
use crate::fit::Fit;
use crate::matrix::Symmetric;
use crate::model::{Densities, Model};
use crate::quadrature;
use crate::range::FitRange;
use crate::sample::Histogram;

pub use sandwich::{BinnedWeights, Closure, WeightedSums};
pub use sums::{SumRule, Verdict};

/// A pivot of W, scaled to a diagonal of ones, below this is rounding.
const LEAST: f64 = 1e-10;

/// The function I that weights are orthogonal by.
#[derive(Debug, Clone, PartialEq)]
pub enum Reference {
    /// 1: the errors do not depend on the yields.
    One,
    /// The density of all entries, as fitted: the classic sWeights.
    Density,
    /// Another histogram, constant in its bins.
    Histogram(Template),
}

/// Why there are no weights.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum WeightError {
    /// The matrix W has no inverse.
    #[error(
        "components \"{one}\" and \"{other}\" have the same shape, or one is a sum of others: no weights tell them apart; leave one of them out, or fix their parameters to different shapes"
    )]
    Singular {
        /// The components that are most alike.
        one: String,
        /// The other one.
        other: String,
    },
    /// A density cannot be normalised, or I is not positive.
    #[error("{0} is not positive on the whole range: no weights can be made by it")]
    NotPositive(&'static str),
}

/// The weight functions of all components of a model.
#[derive(Debug, Clone)]
pub struct Weights<'a> {
    densities: Densities<'a>,
    yields: Vec<f64>,
    reference: Reference,
    /// W⁻¹
    inverse: Symmetric,
}

impl Reference {
    /// The histogram of the data, whose bins are joined until each has an entry.
    pub fn histogram(data: &Histogram) -> Result<Self, WeightError> {
        let wrong = WeightError::NotPositive("the histogram");
        let mut edges = vec![data.range().low()];
        let mut contents = Vec::new();
        let mut sum = 0.0;
        for (bin, content) in data.sumw().iter().enumerate() {
            sum += content;
            if sum > 0.0 && sum * sum >= 0.99 * data.sumw2()[bin] {
                edges.push(data.edges(bin).1);
                contents.push(sum);
                sum = 0.0;
            }
        }
        if let (Some(last), Some(edge)) = (contents.last_mut(), edges.last_mut()) {
            // What is left over at the end belongs to the last bin that has entries.
            *last += sum.max(0.0);
            *edge = data.range().high();
        }
        let template = Template::new(edges, &contents).map_err(|_| wrong)?;
        Ok(Self::Histogram(template))
    }
}

impl<'a> Weights<'a> {
    /// The weight functions of a model at the values that a fit found.
    pub fn of_fit(model: &'a Model, fit: &Fit, reference: &Reference) -> Result<Self, WeightError> {
        Self::new(model, &fit.values(), reference)
    }

    /// The weight functions at these values of all parameters, yields first.
    pub fn new(
        model: &'a Model,
        values: &[f64],
        reference: &Reference,
    ) -> Result<Self, WeightError> {
        Self::by(model.densities(values), values, reference)
    }

    /// The same, which keep the model.
    pub fn owning(
        model: Model,
        values: &[f64],
        reference: &Reference,
    ) -> Result<Weights<'static>, WeightError> {
        Weights::by(model.into_densities(values), values, reference)
    }

    fn by(
        densities: Option<Densities<'a>>,
        values: &[f64],
        reference: &Reference,
    ) -> Result<Self, WeightError> {
        let densities = densities.ok_or(WeightError::NotPositive("a density"))?;
        let count = densities.model().component_names().len();
        let mut weights = Self {
            yields: values.iter().take(count).copied().collect(),
            reference: reference.clone(),
            inverse: Symmetric::zero(count),
            densities,
        };
        let w = weights.overlaps()?;
        weights.inverse = w.inverse(LEAST).ok_or_else(|| weights.most_alike(&w))?;
        Ok(weights)
    }

    /// W: the integrals of products of densities over I.
    fn overlaps(&self) -> Result<Symmetric, WeightError> {
        let mut overlaps = Symmetric::zero(self.yields.len());
        let mut breaks = self.densities.breaks();
        if let Reference::Histogram(template) = &self.reference {
            breaks.extend(template.edges());
            breaks.retain(|x| self.range().contains(*x));
            breaks.sort_by(f64::total_cmp);
            breaks.dedup();
        }
        let nodes = breaks
            .windows(2)
            .flat_map(|pair| quadrature::nodes(pair[0], pair[1]));
        let (x, parts): (Vec<f64>, Vec<f64>) = nodes.unzip();
        let components = 0..self.yields.len();
        let columns: Vec<Vec<f64>> = components.map(|k| self.densities.heights(k, &x)).collect();
        let mut heights = vec![0.0; columns.len()];
        for (row, (x, part)) in x.iter().zip(parts).enumerate() {
            for (height, column) in heights.iter_mut().zip(&columns) {
                *height = column[row];
            }
            if heights.iter().all(|height| *height == 0.0) {
                continue;
            }
            let i = self.reference_at(*x, &heights);
            if i <= 0.0 || i.is_nan() {
                return Err(WeightError::NotPositive(match self.reference {
                    Reference::Density => "the sum of the components",
                    _ => "the histogram",
                }));
            }
            overlaps.add_product(&heights, part / i);
        }
        Ok(overlaps)
    }

    /// The densities of all components at `x`.
    fn heights(&self, x: f64) -> Vec<f64> {
        let components = 0..self.yields.len();
        components.map(|k| self.densities.height(k, x)).collect()
    }

    fn reference_at(&self, x: f64, heights: &[f64]) -> f64 {
        match &self.reference {
            Reference::One => 1.0,
            Reference::Density => {
                let total: f64 = self.yields.iter().sum();
                let sum: f64 = self.yields.iter().zip(heights).map(|(n, g)| n * g).sum();
                sum / total
            }
            Reference::Histogram(template) => template.height_at(x),
        }
    }

    /// The two components whose shapes are most alike.
    fn most_alike(&self, w: &Symmetric) -> WeightError {
        let names: Vec<&str> = self.densities.model().component_names().collect();
        let mut alike = (0, 0, f64::NEG_INFINITY);
        for i in 0..names.len() {
            for j in 0..i {
                let cosine = w.at(i, j) / (w.at(i, i) * w.at(j, j)).sqrt();
                if cosine > alike.2 {
                    alike = (j, i, cosine);
                }
            }
        }
        WeightError::Singular {
            one: names[alike.0].to_owned(),
            other: names[alike.1].to_owned(),
        }
    }

    /// The weights of all components for an entry at `x`, in the order of the model: nothing outside
    /// of the range, or where I is 0.
    pub fn at(&self, x: f64) -> Option<Vec<f64>> {
        if !self.range().contains(x) {
            return None;
        }
        let heights = self.heights(x);
        let i = self.reference_at(x, &heights);
        if i <= 0.0 || i.is_nan() {
            return None;
        }
        let weights = self.inverse.times(&heights);
        Some(weights.into_iter().map(|weight| weight / i).collect())
    }

    /// The mean weights of entries between `low` and `high`, which lie there as the sum of the
    /// components does: what entries have of which the bin alone is known. Nothing where I or that sum
    /// is 0.
    pub fn mean(&self, low: f64, high: f64) -> Option<Vec<f64>> {
        let mut sums = vec![0.0; self.yields.len()];
        let mut all = 0.0;
        for (x, part) in quadrature::nodes(low, high) {
            let heights = self.heights(x);
            let i = self.reference_at(x, &heights);
            let expected = crate::matrix::dot(&self.yields, &heights);
            if expected > 0.0 {
                if i <= 0.0 || i.is_nan() {
                    return None;
                }
                all += part * expected;
                for (sum, height) in sums.iter_mut().zip(&heights) {
                    *sum += part * expected * height / i;
                }
            }
        }
        let means = self.inverse.times(&sums);
        (all > 0.0).then(|| means.into_iter().map(|mean| mean / all).collect())
    }

    /// A = W⁻¹; with I the density of all entries it is the covariance of the yields over their sum.
    pub fn matrix(&self) -> &Symmetric {
        &self.inverse
    }

    /// The range of the fit.
    pub fn range(&self) -> FitRange {
        self.densities.model().range()
    }

    /// The model.
    pub fn model(&self) -> &Model {
        self.densities.model()
    }

    /// The yields.
    pub fn yields(&self) -> &[f64] {
        &self.yields
    }
}

#[cfg(test)]
mod tests;
