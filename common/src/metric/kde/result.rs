//! The density over everything that was merged.

use lumimill_kde::Density;
use serde::Serialize;

use super::counts::KdeCounts;
use super::spec::{KdeSpec, named};
use crate::count::counted;
use crate::metric::square::left_out;

/// A `kde` over everything that was merged.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct KdeResult {
    /// What it is of: `kpi given p, cosTheta`.
    pub title: String,
    /// The column that is drawn, and those that it is given.
    pub columns: Vec<String>,
    /// Rows in the grid.
    pub rows: u64,
    /// Rows beside it.
    pub outside: u64,
    /// Rows with a value or weight that is null, NaN or too large.
    pub missing: u64,
    /// By the nominal weight.
    pub nominal: Frozen,
    /// By the other one.
    pub systematic: Option<Frozen>,
}

/// An estimate, or why there is none.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Frozen {
    /// Sum of the weights.
    pub sumw: f64,
    /// Cells that would be negative, and are empty.
    pub negative: usize,
    /// Why there is none.
    pub error: Option<String>,
    /// The density, where there is one.
    #[serde(skip)]
    pub density: Option<Density>,
}

pub(super) fn of(spec: &KdeSpec, counts: &KdeCounts) -> KdeResult {
    let mut nominal = vec![0.0; spec.cells()];
    let mut systematic = vec![0.0; spec.cells()];
    for (number, cell) in &counts.cells {
        let number = *number as usize;
        let weight = match (&cell.weights, spec.weight()) {
            (Some(sum), _) => sum.value(),
            (None, Some(_)) => 0.0,
            (None, None) => cell.rows as f64,
        };
        let other = cell.others.as_ref().map_or(0.0, |sum| sum.value());
        if let (Some(slot), Some(slot_of_other)) =
            (nominal.get_mut(number), systematic.get_mut(number))
        {
            (*slot, *slot_of_other) = (weight, other);
        }
    }
    KdeResult {
        title: named(spec.axes()),
        columns: spec.axes().iter().map(|axis| axis.name.clone()).collect(),
        rows: counts.rows,
        outside: counts.outside,
        missing: counts.missing,
        nominal: frozen(spec, &nominal),
        systematic: spec.systematic().map(|_| frozen(spec, &systematic)),
    }
}

fn frozen(spec: &KdeSpec, sums: &[f64]) -> Frozen {
    let sumw = sums.iter().sum();
    match Density::estimate(spec.axes().to_vec(), sums, spec.approximation()) {
        Ok(density) => Frozen {
            sumw,
            negative: density.negative(),
            error: None,
            density: Some(density),
        },
        Err(error) => Frozen {
            sumw,
            negative: 0,
            error: Some(error.to_string()),
            density: None,
        },
    }
}

impl KdeResult {
    /// What a person should know of it.
    pub(crate) fn warnings(&self) -> Vec<String> {
        /// Rows beside the grid that are told.
        const TOLD: f64 = 0.01;
        let name = format!("kde of {}", self.title);
        let mut warnings = Vec::new();
        let all = self.rows.saturating_add(self.outside);
        if self.outside as f64 > TOLD * all as f64 {
            warnings.push(format!(
                "{name}: {} of {all} outside of the ranges of its axes",
                counted(self.outside, "row")
            ));
        }
        warnings.extend(left_out(self.missing, all).map(|said| format!("{name}: {said}")));
        let estimates = [Some(&self.nominal), self.systematic.as_ref()];
        for (estimate, which) in estimates.into_iter().zip(["", " by the other weight"]) {
            if let Some(error) = estimate.and_then(|estimate| estimate.error.as_ref()) {
                warnings.push(format!("{name}{which}: there is no density: {error}"));
            }
        }
        warnings
    }
}
