//! The covariance of weighted sums, with what the fit adds to it.

use super::{Reference, WeightError, Weights};
use crate::fit::Fit;
use crate::matrix::{Symmetric, dot};
use crate::model::{Densities, Model};
use crate::sample::Histogram;

/// The covariance of the sums of the weights of `component` over groups of entries, each given by the
/// histogram of its fit variable (bins as fine as those of the fit; entries of several groups are
/// counted by each of them, so groups must not overlap).
///
/// A sum T = Σ w(m; η) depends on the data by its entries and by the fitted parameters η, whose
/// influence is C·s(m), C the covariance of the fit and s the score of an entry. Its variance is the sum
/// of the squares of both together (the sandwich formula; C. Langenbruch, Eur. Phys. J. C 82 (2022)
/// 393). Without a covariance of the fit only the entries themselves count.
pub fn weighted_covariance(
    model: &Model,
    fit: &Fit,
    reference: &Reference,
    component: usize,
    groups: &[Histogram],
) -> Result<Symmetric, WeightError> {
    let values = fit.values();
    let weights = Weights::new(model, &values, reference)?;
    let moving = moving(fit);
    let shifted = shifted(model, &values, fit, reference, &moving)?;
    let mut sums: Vec<Group> = Vec::new();
    let mut information = Symmetric::zero(moving.len());
    for group in groups {
        let mut sum = Group {
            squares: 0.0,
            scores: vec![0.0; moving.len()],
            slopes: vec![0.0; moving.len()],
        };
        for (bin, (n, n2)) in group.sumw().iter().zip(group.sumw2()).enumerate() {
            let (low, high) = group.edges(bin);
            let x = 0.5 * (low + high);
            let of =
                |weights: &Weights<'_>| weights.at(x).and_then(|all| all.get(component).copied());
            let Some(w) = of(&weights).filter(|_| *n2 > 0.0) else {
                continue;
            };
            let score = score(&shifted, x);
            sum.squares += n2 * w * w;
            for (i, shift) in shifted.iter().enumerate() {
                sum.scores[i] += n2 * w * score[i];
                if let (Some(up), Some(down)) = (of(&shift.up), of(&shift.down)) {
                    sum.slopes[i] += n * (up - down) / (2.0 * shift.step);
                }
            }
            information.add_product(&score, *n2);
        }
        sums.push(sum);
    }
    Ok(combined(&sums, fit, &moving, &information))
}

/// What a group adds up.
struct Group {
    /// Σw²
    squares: f64,
    /// Σw·s
    scores: Vec<f64>,
    /// Σ∂w/∂η
    slopes: Vec<f64>,
}

/// The weights and densities at both sides of the fitted value of a parameter.
struct Shift<'a> {
    step: f64,
    up: Weights<'a>,
    down: Weights<'a>,
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
    values: &[f64],
    fit: &Fit,
    reference: &Reference,
    moving: &[usize],
) -> Result<Vec<Shift<'a>>, WeightError> {
    let mut shifted = Vec::new();
    for index in moving {
        let step = 1e-3 * fit.parameters[*index].error.unwrap_or(0.0);
        let at = |by: f64| {
            let mut values = values.to_vec();
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

/// ∂ ln Σ N_k g_k/∂η at `x`.
fn score(shifted: &[Shift<'_>], x: f64) -> Vec<f64> {
    let rate = |densities: &Densities<'_>, yields: &[f64]| -> f64 {
        let all = yields.iter().enumerate();
        all.map(|(k, n)| n * densities.height(k, x)).sum()
    };
    let of = |shift: &Shift<'_>| {
        let up = rate(&shift.up.densities, &shift.up.yields);
        let down = rate(&shift.down.densities, &shift.down.yields);
        (up.ln() - down.ln()) / (2.0 * shift.step)
    };
    shifted.iter().map(of).collect()
}

fn combined(sums: &[Group], fit: &Fit, moving: &[usize], information: &Symmetric) -> Symmetric {
    let mut covariance = Symmetric::zero(sums.len());
    let c = fit.covariance.as_ref().map(|all| all.picked(moving));
    let influence: Vec<Vec<f64>> = sums
        .iter()
        .map(|sum| c.as_ref().map(|c| c.times(&sum.slopes)).unwrap_or_default())
        .collect();
    for (i, a) in sums.iter().enumerate() {
        for (j, b) in sums.iter().enumerate().take(i + 1) {
            let own = if i == j { a.squares } else { 0.0 };
            let mixed = dot(&influence[j], &a.scores) + dot(&influence[i], &b.scores);
            let fitted = information.between(&influence[i], &influence[j]);
            covariance.set(i, j, own + mixed + fitted);
        }
    }
    covariance
}
