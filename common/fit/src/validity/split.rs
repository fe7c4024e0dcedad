//! The shape of a fit in parts of a control variable.
//!
//! In each part p the yields are fitted with the shape θ of all, and δ_p = F⁻¹g is how far the likelihood
//! would then like to move the shape: g its slopes, F Fisher's information of yields and shape together.
//! Without weights Σ gᵀF⁻¹g over parts is Rao's score test (Proc. Camb. Phil. Soc. 44 (1948) 50). With weights,
//! negative ones too, F is not the variance of g; that is V = Σw²·s·sᵀ of the scores s of entries, and the
//! variance of δ_p the block of the shape in F⁻¹VF⁻¹ (the generalised score test: D. D. Boos, Am. Stat. 46
//! (1992) 327). As the shape of all is then no longer the mean of the parts by these variances, the statistic
//! is Σ (δ_p − δ̄)ᵀS_p⁻¹(δ_p − δ̄) about the mean δ̄ that they give (W. G. Cochran, Biometrics 10 (1954) 101).

use crate::fit::{Fit, chi2_probability};
use crate::likelihood::Likelihood;
use crate::matrix::{Symmetric, dot};
use crate::minimise::{Free, TOUCHES, descend};
use crate::model::{Model, Slot};
use crate::objective::{Objective, WEAKEST};
use crate::sample::{Histogram, Sample};

/// The parts that a control variable is cut into.
const PARTS: usize = 4;
/// A part needs this many entries for each parameter of the shape.
const FEWEST: f64 = 30.0;

/// Whether parts of the sample pull at the shape of the fit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Split {
    /// In each part the yields are fitted with the shape of all; how strongly the likelihood would then
    /// like to change the shape, summed over parts.
    pub chi2: f64,
    /// Parameters of the shape, for each part but one.
    pub ndf: usize,
    /// The probability of a greater χ² if the shape is the same everywhere.
    pub p_value: f64,
    /// How many entries there were; with weights the effective number, (Σw)²/Σw² of each part.
    pub entries: f64,
}

impl Split {
    /// How far above its expectation χ² is, for each entry: the size of the effect.
    pub fn per_entry(&self) -> f64 {
        (self.chi2 - self.ndf as f64) / self.entries.max(1.0)
    }
}

/// Why there is none: the shape has no free parameters, or there are too few entries.
pub(super) fn split(model: &Model, fit: &Fit, columns: &[Histogram]) -> Result<Split, String> {
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
    let parts = parts(columns).ok_or("there is no part")?;
    let entries: Vec<f64> = parts.iter().map(effective).collect();
    let least = FEWEST * shape.len() as f64;
    if shape.is_empty() {
        return Err(String::from("the shape has no free parameter"));
    }
    if parts.len() < 2 {
        return Err(String::from("there is one part"));
    }
    if let Some(few) = entries.iter().find(|entries| **entries < least) {
        return Err(format!(
            "a part has {few:.0} effective entries and {least:.0} are needed"
        ));
    }
    let pulls = parts.iter().map(|part| pull(model, fit, part, &shape));
    let pulls: Option<Vec<Pull>> = pulls.collect();
    let pulls = pulls.ok_or("no yields suit a part with the shape of all")?;
    let is_weighted = parts.iter().any(Histogram::is_weighted);
    let chi2 = match is_weighted {
        true => about_their_mean(&pulls).ok_or("the variance of what parts pull at is none")?,
        false => pulls.iter().map(|pull| pull.chi2).sum(),
    };
    let ndf = (parts.len() - 1) * shape.len();
    Ok(Split {
        chi2,
        ndf,
        p_value: chi2_probability(chi2, ndf),
        entries: entries.iter().sum(),
    })
}

/// (Σw)²/Σw², which is how many entries there are without weights; 0 where the sum of weights is not
/// above 0.
fn effective(part: &Histogram) -> f64 {
    let sumw: f64 = part.sumw().iter().sum();
    let sumw2: f64 = part.sumw2().iter().sum();
    if sumw > 0.0 && sumw2 > 0.0 {
        sumw * sumw / sumw2
    } else {
        0.0
    }
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

/// How a part pulls at the shape, at the yields that suit it.
struct Pull {
    /// gᵀF⁻¹g
    chi2: f64,
    /// δ = F⁻¹g of the shape.
    moved: Vec<f64>,
    /// The inverse of the variance of δ; none without weights.
    precision: Option<Symmetric>,
}

/// Σ (δ − δ̄)ᵀS⁻¹(δ − δ̄), where δ̄ is the mean by these variances.
fn about_their_mean(pulls: &[Pull]) -> Option<f64> {
    let size = pulls.first()?.moved.len();
    let mut all = Symmetric::zero(size);
    let mut pulled = vec![0.0; size];
    let mut chi2 = 0.0;
    for pull in pulls {
        let precision = pull.precision.as_ref()?;
        let part = precision.times(&pull.moved);
        chi2 += dot(&part, &pull.moved);
        for (i, part) in part.iter().enumerate() {
            pulled[i] += part;
            (0..size).for_each(|j| all.add_one(i, j, precision.at(i, j)));
        }
    }
    let mean = all.cholesky(1e-12)?.solve(&pulled);
    Some((chi2 - dot(&mean, &pulled)).max(0.0))
}

fn pull(model: &Model, fit: &Fit, part: &Histogram, shape: &[usize]) -> Option<Pull> {
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
    let information = slopes.information.picked(&both);
    let moved = information.cholesky(1e-12)?.solve(&gradient);
    let of_shape: Vec<usize> = (yields..both.len()).collect();
    let precision = match part.is_weighted() {
        false => information.inverse(1e-12)?,
        true => {
            let variance = likelihood.bends(&there.values)?.score_variance;
            let inverse = information.inverse(1e-12)?;
            inverse.around(&variance.picked(&both))
        }
    };
    Some(Pull {
        chi2: dot(&gradient, &moved) / objective.scale,
        moved: moved.get(yields..)?.to_vec(),
        precision: precision.picked(&of_shape).inverse(1e-12),
    })
}
