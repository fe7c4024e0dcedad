//! Thresholds at which a selection reaches a stated efficiency, precision or rate.

use super::curve::Curve;
use super::goal::Goal;
use super::level::{Amounts, Level};
use crate::metric::binomial::upper_limit;
use serde::Serialize;

fn is_usual(stated: &bool) -> bool {
    !stated
}

/// A threshold and what `score >= threshold` gives. Thresholds are edges of filled bins.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OperatingPoint {
    /// What it was chosen for.
    pub goal: Goal,
    /// Whether the campaign states that goal.
    #[serde(skip_serializing_if = "is_usual")]
    pub stated: bool,
    /// Whether some threshold reaches the goal; when not, all below is absent.
    pub reached: bool,
    /// Select `score >= threshold`; absent although reached when everything must be selected.
    pub threshold: Option<f64>,
    /// Selected positives over all positives.
    pub efficiency: Option<f64>,
    /// Its standard deviation, as if the threshold had been chosen elsewhere.
    pub efficiency_error: Option<f64>,
    /// Selected positives over everything selected.
    pub precision: Option<f64>,
    /// Selected negatives over all negatives.
    pub false_positive_rate: Option<f64>,
    /// Its standard deviation, likewise.
    pub false_positive_rate_error: Option<f64>,
    /// What the rate is at most, at 95 % confidence, as if the threshold had been chosen elsewhere;
    /// undefined with weights.
    pub false_positive_limit: Option<f64>,
    /// Everything selected over everything.
    pub rate: Option<f64>,
    /// Entries selected; what is above is of their weights, where there are any.
    pub selected: u64,
}

impl OperatingPoint {
    /// The points that a campaign states, and those that every report shows.
    pub(super) fn all(curve: &Curve, stated: &[Goal]) -> Vec<Self> {
        let purity = [0.5, 0.8, 0.9, 0.95, 0.99];
        let rate = [0.001, 0.01, 0.05, 0.1, 0.2];
        let goals = purity.map(Goal::Efficiency).into_iter();
        let goals = goals
            .chain(purity.map(Goal::Precision))
            .chain(rate.map(Goal::Rate));
        let goals = goals.filter(|goal| !stated.contains(goal));
        let goals = goals.map(|goal| Self::at(curve, goal, false));
        let stated = stated.iter().map(|goal| Self::at(curve, *goal, true));
        stated.chain(goals).collect()
    }

    fn at(curve: &Curve, goal: Goal, stated: bool) -> Self {
        let all = curve.all();
        // Undefined where the whole is not positive.
        let part = |selected: f64, whole: f64| (whole > 0.0).then(|| selected / whole);
        let precision = |of: Amounts| part(of.positives, of.both());
        let mut levels = curve.levels().iter();
        let level: Option<&Level> = match goal {
            Goal::Efficiency(least) => levels.find(|level| {
                let efficiency = part(level.selected().positives, all.positives);
                efficiency.is_some_and(|efficiency| efficiency >= least)
            }),
            Goal::Precision(least) => {
                let is_pure = |level: &&Level| {
                    precision(level.selected()).is_some_and(|precision| precision >= least)
                };
                let loosest = levels.clone().rfind(is_pure);
                let most = loosest.map(|level| level.selected().positives);
                // Further down may come negatives alone, as many as still leave it pure.
                let mut levels = levels.filter(is_pure);
                levels.find(|level| Some(level.selected().positives) >= most)
            }
            Goal::Rate(most) => levels.rfind(|level| {
                part(level.selected().both(), all.both()).is_some_and(|rate| rate <= most)
            }),
        };
        let selected = level.map(Level::selected);
        // Of entries alone: sums of weights are no counts.
        let is_counted = curve.squares().is_none();
        let limit = |of: Amounts| upper_limit(of.negatives as u64, all.negatives as u64);
        let errors = level.map(|level| curve.share_errors(level));
        let known = |error: f64| error.is_finite().then_some(error);
        Self {
            goal,
            stated,
            reached: level.is_some(),
            threshold: level.and_then(|level| curve.threshold(level)),
            efficiency: selected.and_then(|of| part(of.positives, all.positives)),
            efficiency_error: errors.and_then(|of| known(of.positives)),
            precision: selected.and_then(precision),
            false_positive_rate: selected.and_then(|of| part(of.negatives, all.negatives)),
            false_positive_rate_error: errors.and_then(|of| known(of.negatives)),
            false_positive_limit: selected.filter(|_| is_counted).and_then(limit),
            rate: selected.and_then(|of| part(of.both(), all.both())),
            selected: level.map_or(0, Level::entries),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{BooleanArray, Float32Array, RecordBatch};

    use super::Goal;
    use crate::metric::{MetricResult, Partial, RawMetric, RowBatch};

    #[test]
    fn what_a_campaign_states_comes_first_and_is_said_when_it_is_not_reached() {
        let spec = r#"ranking = { label = "y", score = "s", targets = { precision = [1.0], efficiency = [0.75, 0.9], rate = [0.3] } }"#;
        let spec = toml::from_str::<RawMetric>(spec).unwrap();
        let spec = spec.validate().unwrap();
        // The highest score is a negative: no selection is pure.
        let scores = Float32Array::from(vec![0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]);
        let labels = [false, false, true, false, true, true, true, false];
        let labels = BooleanArray::from(labels.to_vec());
        let rows = [("s", Arc::new(scores) as _), ("y", Arc::new(labels) as _)];
        let rows = RecordBatch::try_from_iter(rows).unwrap();
        let mut partial = Partial::new(&spec);
        let rows = RowBatch::try_new(&rows, None).unwrap();
        partial.fill(&rows).unwrap();
        let result = partial.finalise();
        let MetricResult::Ranking(ranking) = &result else {
            panic!("{result:?}")
        };
        let points = &ranking.rows.operating_points;
        let stated: Vec<Goal> = (points.iter().filter(|point| point.stated))
            .map(|point| point.goal)
            .collect();
        let (efficiency, all) = (Goal::Efficiency, points.len());
        let expected = [
            efficiency(0.75),
            efficiency(0.9),
            Goal::Precision(1.0),
            Goal::Rate(0.3),
        ];
        assert_eq!(stated, expected);
        assert_eq!(all, 15 + 3, "efficiency 0.9 once");
        // Of four positives three are at 0.5 and above, beside one of four negatives.
        assert_eq!((points[0].selected, points[0].precision), (4, Some(0.75)));
        assert_eq!((points[3].selected, points[3].rate), (2, Some(0.25)));
        // Three of four positives, and one of four negatives: √(p(1 − p)/4).
        let error = (0.25_f64 * 0.75 / 4.0).sqrt();
        for found in [
            points[0].efficiency_error,
            points[0].false_positive_rate_error,
        ] {
            assert!((found.unwrap() - error).abs() < 1e-12, "{found:?}");
        }
        let said = ranking.warnings();
        let missed = "ranking of y by s: no threshold reaches the target precision 1 of rows";
        assert_eq!(said, [missed]);
        let raw = r#"ranking = { label = "y", score = "s", targets = { rate = [0.0, 1.5] } }"#;
        let raw = toml::from_str::<RawMetric>(raw).unwrap();
        let said = raw.validate().unwrap_err();
        assert_eq!(said.len(), 2, "{said:?}");
        assert!(said[0].contains("ranking.targets: rate 0: expected a fraction above 0"));
    }
}
