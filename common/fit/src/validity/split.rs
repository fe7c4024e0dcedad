//! The shape of a fit in parts of a control variable.

use crate::fit::{Fit, chi2_probability};
use crate::likelihood::Likelihood;
use crate::matrix::dot;
use crate::minimise::{Free, TOUCHES, descend};
use crate::model::{Model, Slot};
use crate::objective::{Objective, WEAKEST};
use crate::sample::{Histogram, Sample};

/// The parts that a control variable is cut into.
const PARTS: usize = 4;
/// A part needs this many entries for each parameter of the shape.
const FEWEST: u64 = 30;

/// Whether parts of the sample pull at the shape of the fit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Split {
    /// Rao's score test: in each part the yields are fitted with the shape of all; how strongly the
    /// likelihood would then like to change the shape, summed over parts.
    pub chi2: f64,
    /// Parameters of the shape, for each part but one.
    pub ndf: usize,
    /// The probability of a greater χ² if the shape is the same everywhere.
    pub p_value: f64,
    /// How many entries there were.
    pub entries: u64,
}

impl Split {
    /// How far above its expectation χ² is, for each entry: the size of the effect.
    pub fn per_entry(&self) -> f64 {
        (self.chi2 - self.ndf as f64) / self.entries.max(1) as f64
    }
}

/// Nothing when the shape has no free parameters, or when there are too few entries.
pub(super) fn split(model: &Model, fit: &Fit, columns: &[Histogram]) -> Option<Split> {
    let yields = model.component_names().len();
    let free = |index: &usize| {
        fit.parameters
            .get(*index)
            .is_some_and(|parameter| parameter.error.is_some())
    };
    // What is held at 0 is pulled at in all parts alike.
    let held = held(model, fit);
    let free = |index: &usize| free(index) && !held.contains(index);
    let shape: Vec<usize> = (yields..fit.parameters.len()).filter(free).collect();
    let parts = parts(columns)?;
    let entries = parts.iter().map(Histogram::entries).sum();
    let least = FEWEST * shape.len() as u64;
    if shape.is_empty() || parts.len() < 2 || parts.iter().any(|part| part.entries() < least) {
        return None;
    }
    let mut chi2 = 0.0;
    for part in &parts {
        chi2 += pull(model, fit, part, &shape)?;
    }
    let ndf = (parts.len() - 1) * shape.len();
    Some(Split {
        chi2,
        ndf,
        p_value: chi2_probability(chi2, ndf),
        entries,
    })
}

/// The parameters of densities that are 0 somewhere, and would be negative there if they could.
fn held(model: &Model, fit: &Fit) -> Vec<usize> {
    let values = fit.values();
    let lowest = model.lowest(&values).into_iter();
    let touching = lowest.filter(|(_, lowest)| lowest.height < TOUCHES);
    let parameters = touching.flat_map(|(term, _)| &term.arguments);
    let parameters = parameters.filter_map(|slot| match slot {
        Slot::Parameter(index) => Some(*index),
        Slot::Number(_) => None,
    });
    parameters.collect()
}

/// Neighbouring columns together, of about as many entries each.
fn parts(columns: &[Histogram]) -> Option<Vec<Histogram>> {
    let first = columns.first()?;
    let total: u64 = columns.iter().map(Histogram::entries).sum();
    let mut parts: Vec<Histogram> = Vec::new();
    let mut seen = 0_u64;
    for column in columns {
        // The part that the middle of the column lies in.
        let middle = seen + column.entries() / 2;
        let wanted = (middle as f64 / total.max(1) as f64 * PARTS as f64) as usize;
        seen += column.entries();
        if parts.is_empty()
            || (wanted >= parts.len()
                && parts.len() < PARTS
                && parts.last().is_some_and(|part| part.entries() > 0))
        {
            parts.push(Histogram::new(first.range(), first.sumw().len()).ok()?);
        }
        parts.last_mut()?.merge(column).ok()?;
    }
    Some(parts)
}

/// gᵀF⁻¹g of the shape at the yields that suit the part.
fn pull(model: &Model, fit: &Fit, part: &Histogram, shape: &[usize]) -> Option<f64> {
    let likelihood = Likelihood::new(model, Sample::Binned(part));
    let (sumw, sumw2) = (
        part.sumw().iter().sum::<f64>(),
        part.sumw2().iter().sum::<f64>(),
    );
    let objective = Objective {
        model,
        likelihood: &likelihood,
        constraints: Vec::new(),
        scale: sumw2 / sumw,
        barrier: WEAKEST,
    };
    let yields = model.component_names().len();
    let total: f64 = fit
        .parameters
        .iter()
        .take(yields)
        .map(|parameter| parameter.value)
        .sum();
    let mut start = fit.values();
    for value in start.iter_mut().take(yields) {
        *value *= sumw / total;
    }
    let free: Vec<Free> = (0..yields)
        .map(|index| Free {
            index,
            // Yields of a part may be negative, as far as the sum of all components allows.
            low: -0.1 * sumw,
            high: 1.2 * sumw,
        })
        .collect();
    let there = descend(&objective, &free, &start);
    if !there.converged {
        return None;
    }
    let slopes = likelihood.slopes(&there.values)?;
    let both: Vec<usize> = (0..yields).chain(shape.iter().copied()).collect();
    let gradient: Vec<f64> = both
        .iter()
        .map(|index| {
            if *index < yields {
                0.0
            } else {
                slopes.gradient[*index]
            }
        })
        .collect();
    let root = slopes.information.picked(&both).cholesky(1e-12)?;
    Some(dot(&gradient, &root.solve(&gradient)) / objective.scale)
}
