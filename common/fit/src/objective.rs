//! What a fit minimises: −ln L with what is known of parameters from elsewhere, and with a barrier that
//! keeps every density above 0.

use crate::density::Lowest;
use crate::likelihood::{Bends, Likelihood, Slopes};
use crate::matrix::Symmetric;
use crate::model::{Model, Term};

/// How strong the barrier is at the end, in units of −ln L: what it moves a parameter by is far below
/// its error.
pub(crate) const WEAKEST: f64 = 1e-6;

/// −ln L, what is known of parameters from elsewhere, and the barrier.
pub(crate) struct Objective<'a> {
    pub(crate) model: &'a Model,
    pub(crate) likelihood: &'a Likelihood<'a>,
    /// Index, mean and standard deviation of what is constrained.
    pub(crate) constraints: Vec<(usize, f64, f64)>,
    /// The size of −ln L for one entry: Σw²/Σw, which is 1 without weights.
    pub(crate) scale: f64,
    /// How strong the barrier is: this times −ln of the least height of a density that could be negative.
    pub(crate) barrier: f64,
}

impl<'a> Objective<'a> {
    /// The same with another barrier.
    pub(crate) fn with_barrier(&self, barrier: f64) -> Objective<'a> {
        Objective {
            constraints: self.constraints.clone(),
            barrier,
            ..*self
        }
    }

    /// The value; infinite where the model is no density.
    pub(crate) fn value(&self, values: &[f64]) -> f64 {
        let known = self.constraints.iter().map(|(index, mean, deviation)| {
            let t = (values.get(*index).copied().unwrap_or(f64::NAN) - mean) / deviation;
            0.5 * self.scale * t * t
        });
        let mut barrier = 0.0;
        for (_, lowest) in self.model.lowest(values) {
            if !lowest.is_density() {
                return f64::INFINITY;
            }
            barrier -= lowest.weight * lowest.height.ln();
        }
        self.likelihood.value(values) + known.sum::<f64>() + self.barrier * self.scale * barrier
    }

    /// The value, gradient and information by all parameters.
    pub(crate) fn slopes(&self, values: &[f64]) -> Option<Slopes> {
        let mut slopes = self.likelihood.slopes(values)?;
        for (index, mean, deviation) in &self.constraints {
            let t = (values.get(*index)? - mean) / deviation;
            slopes.value += 0.5 * self.scale * t * t;
            *slopes.gradient.get_mut(*index)? += self.scale * t / deviation;
            let information = self.scale / (deviation * deviation);
            slopes.information.add_one(*index, *index, information);
        }
        for (term, lowest) in self.model.lowest(values) {
            if !lowest.is_density() {
                return None;
            }
            let strength = lowest.weight * self.barrier * self.scale;
            slopes.value -= strength * lowest.height.ln();
            let slope = term.scattered(&lowest.slope, values.len());
            for (sum, slope) in slopes.gradient.iter_mut().zip(&slope) {
                *sum -= strength * slope / lowest.height;
            }
            self.bend(term, &lowest, &mut slopes.information, values.len());
        }
        Some(slopes)
    }

    /// The second derivatives by all parameters, and the variance of the first ones.
    pub(crate) fn bends(&self, values: &[f64]) -> Option<Bends> {
        let mut bends = self.likelihood.bends(values)?;
        for (index, _, deviation) in &self.constraints {
            let information = self.scale / (deviation * deviation);
            bends.hessian.add_one(*index, *index, information);
            let variance = self.scale * information;
            bends.score_variance.add_one(*index, *index, variance);
        }
        for (term, lowest) in self.model.lowest(values) {
            self.bend(term, &lowest, &mut bends.hessian, values.len());
        }
        Some(bends)
    }

    /// Adds the second derivatives of the barrier by all `size` parameters.
    fn bend(&self, term: &Term, lowest: &Lowest, to: &mut Symmetric, size: usize) {
        let strength = lowest.weight * self.barrier * self.scale;
        let height = lowest.height;
        let slope = term.scattered(&lowest.slope, size);
        to.add_product(&slope, strength / (height * height));
        let bow = term.scattered(&lowest.bow, size);
        to.add_product(&bow, strength / height);
    }
}
