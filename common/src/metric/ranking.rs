//! How well a score ranks a label: two score histograms, of positives and of negatives, and
//! exact sums for what needs the score itself.

mod curve;
mod goal;
mod level;
mod operating_point;
mod population;
mod probability;
mod score_bins;
mod score_counts;
mod score_distribution;
mod spec;
mod weighted_area;

pub use curve::{PrPoint, RocPoint};
pub use goal::Goal;
pub use operating_point::OperatingPoint;
pub use population::{PopulationResult, PopulationWeights};
pub use probability::{Probability, ReliabilityBin};
pub use score_distribution::ScoreBin;
pub use spec::{Per, RankingSpec, RawRanking, RawTargets};

use super::dropped::Dropped;
use super::kind::{Counting, Kind};
use super::row_batch::{FillError, RowBatch};
pub(super) use curve::Curve;
pub(super) use population::Entry;
use population::Population;
pub(super) use score_counts::ScoreCounts;
use serde::{Deserialize, Serialize};

/// Counts of one ranking: always of rows, and of events when it is per event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RankingCounts {
    rows: Population,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    events: Option<Population>,
}

/// A ranking over everything that was merged.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RankingResult {
    /// The column that holds the truth.
    pub label: String,
    /// The column that holds the score.
    pub score: String,
    /// The column of weights.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight: Option<String>,
    /// Bins of the range; without one, the most that each class fills.
    pub bins: u32,
    /// Range of the score's bins; without one they follow the scores.
    pub range: Option<[f64; 2]>,
    /// The collection whose members were measured, if not rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub over: Option<String>,
    /// Every row once.
    pub rows: PopulationResult,
    /// Every event once: its score is the maximum over its rows with a score and a label,
    /// its label the maximum over the same rows, and its weight that of its best row.
    pub events: Option<PopulationResult>,
}

impl Counting for RankingCounts {
    type Spec = RankingSpec;
    type Result = RankingResult;

    fn new(spec: &RankingSpec) -> Self {
        let events = spec.per_event().then(|| Population::new(spec));
        Self {
            rows: Population::new(spec),
            events,
        }
    }

    fn fill(&mut self, spec: &RankingSpec, rows: &RowBatch<'_>) -> Result<(), FillError> {
        let scores = rows.numbers(spec.score())?;
        let labels = rows.labels(spec.label())?;
        let weights = spec.weight().map(|name| rows.numbers(name)).transpose()?;
        let weight = |row: usize| {
            let weights = weights.as_ref()?;
            Some(weights.get(row).copied().unwrap_or(f64::NAN))
        };
        let entries = scores.into_iter().zip(labels).enumerate();
        let entries = entries.map(|(row, (score, label))| Entry {
            score,
            label,
            weight: weight(row),
        });
        let entries: Vec<Entry> = entries.collect();
        if let Some(population) = &mut self.events {
            let events = rows.events(spec.label())?;
            let best = events
                .into_iter()
                .map(|(start, stop)| event_of(entries.get(start..stop).unwrap_or_default()));
            population.fill(spec, best);
        }
        self.rows.fill(spec, entries.into_iter());
        Ok(())
    }

    fn merge(&mut self, spec: &RankingSpec, other: &Self) {
        self.rows.merge(spec, &other.rows);
        if let (Some(mine), Some(theirs)) = (&mut self.events, &other.events) {
            mine.merge(spec, theirs);
        }
    }

    fn fits(&self, spec: &RankingSpec) -> bool {
        self.rows.fits(spec)
            && self.events.is_some() == spec.per_event()
            && self.events.iter().all(|events| events.fits(spec))
    }

    fn dropped(&self) -> Dropped {
        let events = self.events.as_ref().map_or(0, Population::dropped);
        Dropped {
            events,
            rows: self.rows.dropped(),
        }
    }

    fn finalise(&self, spec: &RankingSpec) -> RankingResult {
        RankingResult {
            label: spec.label().to_owned(),
            score: spec.score().to_owned(),
            weight: spec.weight().map(str::to_owned),
            bins: spec.bins(),
            range: spec.range(),
            over: spec.over().map(str::to_owned),
            rows: self.rows.finalise(spec),
            events: self.events.as_ref().map(|events| events.finalise(spec)),
        }
    }
}

impl RankingResult {
    /// What a person should know of it.
    pub(super) fn warnings(&self) -> Vec<String> {
        let events = self.events.iter().map(|events| ("events", events));
        let rows = self.over.as_ref().map_or("rows", |_| "members");
        let all = events.chain([(rows, &self.rows)]);
        let said = all.flat_map(|(noun, found)| {
            let missed = found.operating_points.iter();
            let missed = missed.filter(|point| point.stated && !point.reached && found.total > 0);
            let missed = missed.map(move |point| {
                let goal = point.goal;
                format!("no threshold reaches the target {goal} of {noun}")
            });
            let without = not_positive(noun, found);
            let warning = self.warning(noun, found).into_iter();
            warning.chain(without).chain(missed)
        });
        let (label, score) = (&self.label, &self.score);
        said.map(|said| format!("ranking of {label} by {score}: {said}"))
            .collect()
    }

    fn warning(&self, noun: &str, found: &PopulationResult) -> Option<String> {
        if found.total == 0 && found.dropped > 0 {
            return Some(format!(
                "none of {} {noun} has a score that is a number",
                found.dropped
            ));
        }
        let [low, high] = self.range.filter(|_| found.outside_matters())?;
        Some(format!(
            "{} of {} {noun} have a score outside of range = [{low}, {high}] ({} below, {} above), \
             and for these alone the area under the ROC curve, {:.4}, may be off by {:.4}: give a \
             range that holds them, or none, so that the bins follow the scores",
            found.below_range + found.above_range,
            found.total,
            found.below_range,
            found.above_range,
            found.auc.unwrap_or(f64::NAN),
            found.auc_outside_error.unwrap_or(f64::NAN),
        ))
    }
}

/// Said of classes that have entries, and weights that do not sum to more than nothing.
fn not_positive(noun: &str, found: &PopulationResult) -> Vec<String> {
    let Some(weights) = found.weights else {
        return Vec::new();
    };
    let negatives = found.total.saturating_sub(found.positives);
    let classes = [
        ("true", found.positives, weights.positives),
        ("false", negatives, weights.negatives),
    ];
    let without = classes
        .into_iter()
        .filter(|(_, count, sum)| *count > 0 && *sum <= 0.0);
    let said = without.map(|(label, count, sum)| {
        format!(
            "the weights of {count} {noun} whose label is {label} sum to {sum}, which is not \
             positive: areas are undefined"
        )
    });
    said.collect()
}

/// An event: its score is NaN when it has labels but no score beside one, its weight is that of the
/// row with the best score, the first of several.
pub(super) fn event_of(rows: &[Entry]) -> Entry {
    let mut best: Option<Entry> = None;
    let mut labelled = None;
    for row in rows {
        let Some(label) = row.label else { continue };
        labelled = Some(label || labelled.unwrap_or(false));
        if row.score.is_nan() {
            continue;
        }
        let top = best.unwrap_or(*row);
        let fired = top.label.unwrap_or(false) || label;
        let better = if row.score > top.score { *row } else { top };
        best = Some(Entry {
            label: Some(fired),
            ..better
        });
    }
    best.unwrap_or(Entry {
        score: f64::NAN,
        label: labelled,
        weight: rows.first().and_then(|row| row.weight),
    })
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod weighted_tests;
