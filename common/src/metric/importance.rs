//! How much each feature of a model matters: by how much a label is ranked worse when the feature is
//! shuffled among rows, after L. Breiman, Machine Learning 45 (2001) 5.
//!
//! Whoever scores gives rows with the model's scores as they are and with each feature shuffled; this
//! counts them. The same rows are counted for all, in ten groups of events, of which each has a
//! difference of areas of its own: their spread is the error, without the correlation of the two areas
//! being left out.

mod spec;

pub use spec::{ImportanceSpec, RawImportance};

use serde::{Deserialize, Serialize};

use super::dropped::Dropped;
use super::exact_sum::{ExactSum, variance};
use super::kind::Counting;
use super::ranking::{Curve, Entry, ScoreCounts, event_of};
use super::row_batch::{FillError, RowBatch};
use super::unit_score::as_probability;
use spec::GROUPS;

/// The column that says of which group of events a row is, of which the remainder counts.
pub const GROUP_COLUMN: &str = "group of events";

/// The column of scores with a feature shuffled.
#[must_use]
pub fn shuffled_column(feature: &str) -> String {
    format!("score with {feature} shuffled")
}

/// Counts of one `importance`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ImportanceCounts {
    /// Scores as they are, of each group.
    given: Vec<ScoreCounts>,
    shuffled: Vec<ShuffledCounts>,
    /// Σ of the log loss of the scores as they are.
    log_loss: ExactSum,
    /// Entries with a score that is no probability.
    outside: u64,
    entries: u64,
    left_out: u64,
}

/// Counts with one feature shuffled.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ShuffledCounts {
    groups: Vec<ScoreCounts>,
    /// Σ of what the log loss grows by, and of its square.
    rise: ExactSum,
    squares: ExactSum,
}

/// Importances over everything that was merged.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ImportanceResult {
    /// The model.
    pub model: String,
    /// Its column that ranks.
    pub score: String,
    /// The column that holds the truth.
    pub label: String,
    /// Whether events are ranked, by their best candidate, and not rows.
    pub per_event: bool,
    /// Rows, or events, that were scored again.
    pub entries: u64,
    /// Those left out, with a score that is no number or without a label.
    pub left_out: u64,
    /// Area under the ROC curve of the scores as they are.
    pub auc: Option<f64>,
    /// The area of the unbinned scores is within this.
    pub auc_binning_error: Option<f64>,
    /// Mean log loss, where all scores are probabilities.
    pub log_loss: Option<f64>,
    /// Entries with a score that is no probability.
    pub no_probability: u64,
    /// The features, in the order of the model.
    pub features: Vec<FeatureImportance>,
}

/// What becomes of the ranking when one feature is shuffled.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FeatureImportance {
    /// The feature.
    pub feature: String,
    /// The area that is left.
    pub auc: Option<f64>,
    /// How much that is less: exactly 0 where the model ignores the feature.
    pub auc_drop: Option<f64>,
    /// Its statistical error, from groups of events.
    pub auc_drop_error: Option<f64>,
    /// By how much the mean log loss grows, where all scores are probabilities.
    pub log_loss_rise: Option<f64>,
    /// Its statistical error, for independent entries.
    pub log_loss_rise_error: Option<f64>,
}

impl ImportanceResult {
    pub(super) fn warnings(&self) -> Vec<String> {
        let why = match () {
            () if self.entries == 0 && self.left_out == 0 => return Vec::new(),
            () if self.entries == 0 => "no row has a label and a score that is a number",
            () if self.auc.is_none() => "the label is the same everywhere",
            () => return Vec::new(),
        };
        let (model, label) = (&self.model, &self.label);
        vec![format!(
            "importance of the features of {model} for {label}: {why}: it is undefined"
        )]
    }
}

impl Counting for ImportanceCounts {
    type Spec = ImportanceSpec;
    type Result = ImportanceResult;

    fn new(spec: &ImportanceSpec) -> Self {
        let groups = vec![ScoreCounts::new(spec.ranking()); GROUPS];
        let shuffled = ShuffledCounts {
            groups: groups.clone(),
            rise: ExactSum::default(),
            squares: ExactSum::default(),
        };
        Self {
            given: groups,
            shuffled: vec![shuffled; spec.features().len()],
            log_loss: ExactSum::default(),
            outside: 0,
            entries: 0,
            left_out: 0,
        }
    }

    fn fill(&mut self, spec: &ImportanceSpec, rows: &RowBatch<'_>) -> Result<(), FillError> {
        let labels = rows.labels(spec.label())?;
        let scores = rows.numbers(spec.score())?;
        let groups = rows.integers(GROUP_COLUMN)?;
        let shuffled = spec.features().iter();
        let shuffled = shuffled.map(|feature| rows.numbers(&shuffled_column(feature)));
        let shuffled: Vec<Vec<f64>> = shuffled.collect::<Result<_, _>>()?;
        let ranges = match spec.per_event() {
            true => rows.events(spec.label())?,
            false => (0..rows.len()).map(|row| (row, row + 1)).collect(),
        };
        let entry_of = |scores: &[f64], (start, stop): (usize, usize)| {
            let labels = labels.get(start..stop).unwrap_or_default();
            let scores = scores.get(start..stop).unwrap_or_default();
            let entry = |(label, score): (&Option<bool>, &f64)| Entry {
                score: *score,
                label: *label,
                weight: None,
            };
            event_of(&labels.iter().zip(scores).map(entry).collect::<Vec<_>>())
        };
        // Of each group, entries as they are, and with each feature shuffled.
        let mut of_groups = vec![vec![Vec::new(); 1 + shuffled.len()]; GROUPS];
        for range in ranges {
            let given = entry_of(&scores, range);
            let others = shuffled.iter().map(|scores| entry_of(scores, range).score);
            let others: Vec<f64> = others.collect();
            let Some(label) = given.label.filter(|_| {
                let mut all = others.iter().chain([&given.score]);
                all.all(|score| !score.is_nan())
            }) else {
                self.left_out += 1;
                continue;
            };
            self.entries += 1;
            self.add_losses(label, given.score, &others);
            let group = groups.get(range.0).copied().flatten().unwrap_or_default();
            let group = group.rem_euclid(GROUPS as i64) as usize;
            let all = std::iter::once(given.score).chain(others);
            for (scores, score) in of_groups.iter_mut().skip(group).take(1).flatten().zip(all) {
                scores.push((score, label));
            }
        }
        for (group, scores) in of_groups.iter().enumerate() {
            let counts = self.given.get_mut(group).into_iter();
            let shuffled = self.shuffled.iter_mut();
            let counts = counts.chain(shuffled.filter_map(|of| of.groups.get_mut(group)));
            for (counts, scores) in counts.zip(scores) {
                counts.fill(spec.ranking(), scores, &[]);
            }
        }
        Ok(())
    }

    fn merge(&mut self, spec: &ImportanceSpec, other: &Self) {
        let merge = |mine: &mut [ScoreCounts], theirs: &[ScoreCounts]| {
            let pairs = mine.iter_mut().zip(theirs);
            pairs.for_each(|(mine, theirs)| mine.merge(spec.ranking(), theirs));
        };
        merge(&mut self.given, &other.given);
        for (mine, theirs) in self.shuffled.iter_mut().zip(&other.shuffled) {
            merge(&mut mine.groups, &theirs.groups);
            mine.rise.merge(&theirs.rise);
            mine.squares.merge(&theirs.squares);
        }
        self.log_loss.merge(&other.log_loss);
        self.outside = self.outside.saturating_add(other.outside);
        self.entries = self.entries.saturating_add(other.entries);
        self.left_out = self.left_out.saturating_add(other.left_out);
    }

    fn fits(&self, spec: &ImportanceSpec) -> bool {
        let fitting = |groups: &[ScoreCounts]| {
            groups.len() == GROUPS && groups.iter().all(|counts| counts.fits(spec.ranking()))
        };
        self.shuffled.len() == spec.features().len()
            && fitting(&self.given)
            && self.shuffled.iter().all(|of| fitting(&of.groups))
    }

    fn dropped(&self) -> Dropped {
        Dropped::of_rows(self.left_out)
    }

    fn finalise(&self, spec: &ImportanceSpec) -> ImportanceResult {
        let (given, of_groups) = (curve(spec, &self.given), areas(spec, &self.given));
        let auc = given.auc();
        let n = self.entries as f64;
        let has_losses = self.outside == 0 && self.entries > 0;
        let features = spec.features().iter().zip(&self.shuffled);
        let features = features.map(|(feature, counts)| {
            let left = curve(spec, &counts.groups).auc();
            let spread = variance(self.entries, &counts.rise, &counts.squares);
            FeatureImportance {
                feature: feature.clone(),
                auc: left,
                auc_drop: auc.zip(left).map(|(given, left)| given - left),
                auc_drop_error: error_of(&of_groups, &areas(spec, &counts.groups)),
                log_loss_rise: has_losses.then(|| counts.rise.value() / n),
                log_loss_rise_error: (has_losses && self.entries > 1).then(|| (spread / n).sqrt()),
            }
        });
        ImportanceResult {
            model: spec.model().to_owned(),
            score: spec.score().to_owned(),
            label: spec.label().to_owned(),
            per_event: spec.per_event(),
            entries: self.entries,
            left_out: self.left_out,
            auc,
            auc_binning_error: given.auc_binning_error(),
            log_loss: has_losses.then(|| self.log_loss.value() / n),
            no_probability: self.outside,
            features: features.collect(),
        }
    }
}

impl ImportanceCounts {
    /// Adds what the log loss of an entry is, and what it grows by with each feature shuffled.
    fn add_losses(&mut self, label: bool, given: f64, shuffled: &[f64]) {
        let shuffled = shuffled.iter().map(|score| as_probability(*score));
        let shuffled: Option<Vec<f64>> = shuffled.collect();
        let Some((given, shuffled)) = as_probability(given).zip(shuffled) else {
            self.outside += 1;
            return;
        };
        let loss = |score: f64| {
            let given = if label { score } else { 1.0 - score };
            -given.clamp(f64::EPSILON, 1.0 - f64::EPSILON).ln()
        };
        let before = loss(given);
        self.log_loss.add(before);
        for (counts, score) in self.shuffled.iter_mut().zip(&shuffled) {
            let rise = loss(*score) - before;
            counts.rise.add(rise);
            counts.squares.add_square(rise);
        }
    }
}

/// The curve of all groups together.
fn curve(spec: &ImportanceSpec, groups: &[ScoreCounts]) -> Curve {
    let mut all = ScoreCounts::new(spec.ranking());
    groups
        .iter()
        .for_each(|counts| all.merge(spec.ranking(), counts));
    Curve::new(spec.ranking(), &all)
}

/// The area of each group, of those with both classes.
fn areas(spec: &ImportanceSpec, groups: &[ScoreCounts]) -> Vec<Option<f64>> {
    let area = |counts: &ScoreCounts| Curve::new(spec.ranking(), counts).auc();
    groups.iter().map(area).collect()
}

/// The error of the mean difference of the areas of groups.
fn error_of(given: &[Option<f64>], shuffled: &[Option<f64>]) -> Option<f64> {
    let pairs = given.iter().zip(shuffled);
    let differences = pairs.filter_map(|(given, shuffled)| Some((*given)? - (*shuffled)?));
    let differences: Vec<f64> = differences.collect();
    let n = differences.len() as f64;
    let mean = differences.iter().sum::<f64>() / n;
    let spread = differences.iter().map(|of| (of - mean).powi(2));
    (differences.len() > 1).then(|| (spread.sum::<f64>() / (n * (n - 1.0))).sqrt())
}

#[cfg(test)]
mod tests;
