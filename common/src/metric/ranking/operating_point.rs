//! Thresholds at which a selection reaches a stated efficiency, precision or rate.

use super::curve::{Curve, Level};
use super::population::ratio;
use serde::Serialize;

/// What a threshold is chosen for.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Goal {
    /// The highest threshold that still selects at least this fraction of the positives.
    Efficiency(f64),
    /// The lowest threshold whose selection has at least this purity.
    Precision(f64),
    /// The lowest threshold that selects at most this fraction of everything.
    Rate(f64),
}

/// A threshold and what `score >= threshold` gives. Thresholds are edges of filled bins.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OperatingPoint {
    /// What it was chosen for.
    pub goal: Goal,
    /// Whether some threshold reaches the goal; when not, all below is absent.
    pub reached: bool,
    /// Select `score >= threshold`; absent although reached when everything must be selected.
    pub threshold: Option<f64>,
    /// Selected positives over all positives.
    pub efficiency: Option<f64>,
    /// Selected positives over everything selected.
    pub precision: Option<f64>,
    /// Selected negatives over all negatives.
    pub false_positive_rate: Option<f64>,
    /// Everything selected over everything.
    pub rate: Option<f64>,
    /// Entries selected.
    pub selected: u64,
}

impl OperatingPoint {
    /// The points that every report shows.
    pub(super) fn usual(curve: &Curve) -> Vec<Self> {
        let purity = [0.5, 0.8, 0.9, 0.95, 0.99];
        let rate = [0.001, 0.01, 0.05, 0.1, 0.2];
        let goals = purity.map(Goal::Efficiency).into_iter();
        let goals = goals
            .chain(purity.map(Goal::Precision))
            .chain(rate.map(Goal::Rate));
        goals.map(|goal| Self::at(curve, goal)).collect()
    }

    fn at(curve: &Curve, goal: Goal) -> Self {
        let (positives, negatives, total) = (curve.positives(), curve.negatives(), curve.total());
        let mut levels = curve.levels().iter();
        let level: Option<&Level> = match goal {
            Goal::Efficiency(least) => levels.find(|level| {
                positives > 0 && ratio(level.selected_positives(), positives) >= least
            }),
            Goal::Precision(least) => {
                levels.rfind(|level| ratio(level.selected_positives(), level.selected()) >= least)
            }
            Goal::Rate(most) => levels.rfind(|level| ratio(level.selected(), total) <= most),
        };
        let part = |selected: Option<u64>, whole: u64| {
            selected
                .filter(|_| whole > 0)
                .map(|selected| ratio(selected, whole))
        };
        let right = level.map(Level::selected_positives);
        let selected = level.map(Level::selected);
        Self {
            goal,
            reached: level.is_some(),
            threshold: level.and_then(|level| curve.threshold(level)),
            efficiency: part(right, positives),
            precision: part(right, selected.unwrap_or(0)),
            false_positive_rate: part(level.map(Level::selected_negatives), negatives),
            rate: part(selected, total),
            selected: selected.unwrap_or(0),
        }
    }
}
