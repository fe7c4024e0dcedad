//! Descents from several starts between the same limits.

use super::begin::{Begin, MORE_STARTS};
use crate::minimise::{Descent, descend, polished};
use crate::objective::Objective;

/// Descents between the same limits.
pub(super) struct Attempt {
    pub(super) begin: Begin,
    pub(super) descents: Vec<Descent>,
    /// The lowest of them, to the last digits.
    pub(super) best: Descent,
}

impl Attempt {
    /// From all starts; nothing where the model is no density at any of them.
    pub(super) fn of(objective: &Objective<'_>, begin: Begin) -> Option<Self> {
        let descents: Vec<Descent> = (0..=MORE_STARTS)
            .filter_map(|number| begin.values(number, objective))
            .map(|start| descend(objective, &begin.free, &start))
            .filter(|descent| descent.nll.is_finite())
            .collect();
        let best = best(&descents, begin.scale)?;
        let best = match best.converged {
            true => polished(objective, &begin.free, best),
            false => best.clone(),
        };
        Some(Self {
            begin,
            descents,
            best,
        })
    }

    /// How often the likelihood was computed.
    pub(super) fn calls(&self) -> usize {
        self.descents.iter().map(|descent| descent.calls).sum()
    }
}

/// The lowest; of those that are as low the one from the first start, so that terms of a sum do not
/// change places.
fn best(descents: &[Descent], scale: f64) -> Option<&Descent> {
    let lowest = descents
        .iter()
        .filter(|descent| descent.converged || descents.iter().all(|other| !other.converged))
        .map(|descent| descent.nll)
        .min_by(f64::total_cmp)?;
    descents
        .iter()
        .find(|descent| descent.nll <= lowest + 1e-6 * scale)
}
