//! What is known of several classes once everything is merged.

use serde::Serialize;

use super::amount::Amount;
use super::cell::Cell;
use super::spec::MulticlassSpec;
use crate::metric::bins;
use crate::metric::ranking::{Curve, RocPoint, ScoreCounts};
use crate::metric::uncertain::Uncertain;

/// Several classes over everything that was merged. Quantities that are undefined, as of a class
/// that the data do not have, are absent.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MulticlassResult {
    /// The column that holds the number of the class.
    pub truth: String,
    /// The columns of scores.
    pub scores: Vec<String>,
    /// What the classes are called.
    pub names: Vec<String>,
    /// The column of weights.
    pub weight: Option<String>,
    /// The collection whose members were measured, if not rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub over: Option<String>,
    /// The column of the bins.
    pub column: Option<String>,
    /// All rows together, then those of each bin.
    pub bins: Vec<MulticlassBin>,
    /// Rows in no bin, which are among all together.
    pub outside: u64,
    /// Rows left out because their true class was null or negative.
    pub unlabelled: u64,
    /// Rows left out because a score or the weight was no finite number.
    pub dropped: u64,
}

/// The rows of one bin.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MulticlassBin {
    /// `[low, high)`; absent for all rows together.
    pub edges: Option<[f64; 2]>,
    /// Rows, whatever they weigh.
    pub rows: u64,
    /// The same of each true class.
    #[serde(skip)]
    pub of_classes: Vec<u64>,
    /// Rows with a score that is no probability, or whose scores do not add up to 1.
    pub no_probability: u64,
    /// Of each true class, the rows (or weights) that are taken for each class: the one with the
    /// highest score.
    pub confusion: Vec<Vec<f64>>,
    /// The share of rows that are taken for what they are.
    pub accuracy: Option<Uncertain>,
    /// Mean recall of the classes that are there.
    pub balanced_accuracy: Option<f64>,
    /// Mean of −ln of the score of the true class, where all scores are probabilities.
    pub log_loss: Option<f64>,
    /// Expected calibration error: the mean distance of accuracy and confidence in equal bins of
    /// the confidence, the highest score, where all scores are probabilities.
    pub ece: Option<f64>,
    /// Each class.
    pub classes: Vec<ClassResult>,
    /// Means over the classes that are there.
    #[serde(rename = "macro")]
    pub macro_: AverageResult,
    /// The same, each weighted by its rows.
    pub weighted: AverageResult,
    /// All pairs of a row and a class together.
    pub micro: AverageResult,
    /// How many rows of each class have each mask set.
    pub masks: Vec<MaskResult>,
}

/// One class against the rest.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct ClassResult {
    /// Rows of this class, or the sum of their weights.
    pub count: f64,
    /// Area under the ROC curve.
    pub auc: Option<Uncertain>,
    /// The area of the unbinned scores is within this of it.
    pub auc_binning_error: Option<f64>,
    /// Average precision.
    pub average_precision: Option<f64>,
    /// That of the unbinned scores is within this of it.
    pub average_precision_binning_error: Option<f64>,
    /// The share of what is taken for this class that is of it.
    pub precision: Option<Uncertain>,
    /// The share of this class that is taken for it.
    pub recall: Option<Uncertain>,
    /// Harmonic mean of precision and recall.
    pub f1: Option<f64>,
    /// The ROC curve, thinned for plots.
    pub roc: Vec<RocPoint>,
}

/// Several classes in one number.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct AverageResult {
    /// Area under the ROC curve.
    pub auc: Option<f64>,
    /// The area of the unbinned scores is within this of it.
    pub auc_binning_error: Option<f64>,
    /// Average precision.
    pub average_precision: Option<f64>,
    /// That of the unbinned scores is within this of it.
    pub average_precision_binning_error: Option<f64>,
    /// Precision; that of a class for which nothing is taken counts as 0.
    pub precision: Option<f64>,
    /// Recall.
    pub recall: Option<f64>,
    /// Harmonic mean of both.
    pub f1: Option<f64>,
}

/// How often something is there.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MaskResult {
    /// The column.
    pub mask: String,
    /// Of all rows.
    pub all: Option<f64>,
    /// Of each class.
    pub classes: Vec<Option<f64>>,
}

impl MulticlassBin {
    /// What the bin is called: `all`, or `0.7..1.5`.
    #[must_use]
    pub fn label(&self) -> String {
        bins::label(self.edges)
    }
}

impl MulticlassResult {
    /// What a person should know of it.
    pub(in crate::metric) fn warnings(&self) -> Vec<String> {
        let mut found = Vec::new();
        let Some(all) = self.bins.first() else {
            return found;
        };
        if all.rows == 0 && self.dropped > 0 {
            found.push(format!("none of {} rows has finite scores", self.dropped));
        }
        if all.rows > 0 {
            let named = |is_meant: &dyn Fn(u64, &ClassResult) -> bool| -> Vec<&str> {
                let classes = self.names.iter().zip(&all.of_classes).zip(&all.classes);
                let meant = classes.filter(|((_, rows), class)| is_meant(**rows, class));
                meant.map(|((name, _), _)| name.as_str()).collect()
            };
            let absent = named(&|rows, _| rows == 0);
            let weightless = named(&|rows, class| rows > 0 && class.recall.is_none());
            if !weightless.is_empty() {
                found.push(format!(
                    "the weights of class {} do not sum to more than nothing: what is divided by them is \
                     undefined, and so are the means",
                    weightless.join(", ")
                ));
            }
            if !absent.is_empty() {
                found.push(format!(
                    "no row is of class {}: what is said of it is undefined, and the means are \
                     over the other classes",
                    absent.join(", ")
                ));
            }
            if all.no_probability > 0 {
                found.push(String::from(
                    "scores are no probabilities that sum to 1: there is no log loss and no \
                     calibration error",
                ));
            }
        }
        let what = format!("multiclass of {}", self.truth);
        found
            .into_iter()
            .map(|text| format!("{what}: {text}"))
            .collect()
    }
}

/// Rows of a cell.
pub(super) fn rows_of(cell: &Cell) -> u64 {
    let rows = cell.confusion.iter().flatten().map(Amount::rows);
    rows.fold(0, u64::saturating_add)
}

/// What follows from the counts of a cell.
pub(super) fn of_cell(
    spec: &MulticlassSpec,
    edges: Option<[f64; 2]>,
    cell: &Cell,
) -> MulticlassBin {
    let classes = spec.scores().len();
    let there: Vec<Amount> = cell
        .confusion
        .iter()
        .map(|row| Amount::total(row.iter()))
        .collect();
    let total = Amount::total(there.iter());
    let hit = |class: usize| cell.confusion.get(class).and_then(|row| row.get(class));
    let hits = Amount::total((0..classes).filter_map(hit));
    let of_class = |class: usize| class_of(spec, cell, class, &there);
    let results: Vec<ClassResult> = (0..classes).map(of_class).collect();
    let accuracy = uncertain(hits.share_of(&total));
    let weights = there
        .iter()
        .map(|all| (all.rows() > 0).then(|| all.value()));
    let weights: Vec<Option<f64>> = weights.collect();
    let known = cell.probability.others == 0 && total.rows() > 0 && total.value() > 0.0;
    let micro = accuracy.map(|accuracy| accuracy.value);
    let mut pooled = cell.scores.first().cloned();
    if let Some(pooled) = &mut pooled {
        cell.scores
            .iter()
            .skip(1)
            .for_each(|scores| pooled.merge(spec.ranking(), scores));
    }
    let pooled = pooled
        .map(|scores| areas(spec, &scores))
        .unwrap_or_default();
    MulticlassBin {
        edges,
        rows: total.rows(),
        of_classes: there.iter().map(Amount::rows).collect(),
        no_probability: cell.probability.others,
        confusion: cell
            .confusion
            .iter()
            .map(|row| row.iter().map(Amount::value).collect())
            .collect(),
        accuracy,
        balanced_accuracy: mean(&results, &weights, false, |class| {
            class.recall.map(|of| of.value)
        }),
        log_loss: known.then(|| cell.probability.log_loss.value() / total.value()),
        ece: known.then(|| calibration_error(cell, total.value())),
        macro_: AverageResult::of(&results, &weights, false),
        weighted: AverageResult::of(&results, &weights, true),
        micro: AverageResult {
            auc: pooled.auc.map(|of| of.value),
            auc_binning_error: pooled.binning_error,
            average_precision: pooled.average_precision,
            average_precision_binning_error: pooled.average_precision_binning_error,
            precision: micro,
            recall: micro,
            f1: micro,
        },
        masks: spec
            .masks()
            .iter()
            .zip(&cell.masks)
            .map(|(mask, set)| {
                let share = |(set, all): (&Amount, &Amount)| Some(set.share_of(all)?.0);
                MaskResult {
                    mask: mask.clone(),
                    all: share((&Amount::total(set.iter()), &total)),
                    classes: set.iter().zip(&there).map(share).collect(),
                }
            })
            .collect(),
        classes: results,
    }
}

fn uncertain(share: Option<(f64, f64)>) -> Option<Uncertain> {
    share.map(|(value, error)| Uncertain {
        value,
        error: Some(error),
    })
}

fn class_of(spec: &MulticlassSpec, cell: &Cell, class: usize, there: &[Amount]) -> ClassResult {
    let none = Amount::default();
    let all = there.get(class).unwrap_or(&none);
    let taken = Amount::total(cell.confusion.iter().filter_map(|row| row.get(class)));
    let hit = cell.confusion.get(class).and_then(|row| row.get(class));
    let hit = hit.unwrap_or(&none);
    let both = all.value() + taken.value();
    let areas = cell.scores.get(class).map(|scores| areas(spec, scores));
    let areas = areas.unwrap_or_default();
    ClassResult {
        count: all.value(),
        auc: areas.auc,
        auc_binning_error: areas.binning_error,
        average_precision: areas.average_precision,
        average_precision_binning_error: areas.average_precision_binning_error,
        precision: uncertain(hit.share_of(&taken)),
        recall: uncertain(hit.share_of(all)),
        f1: (both > 0.0 && all.rows() > 0).then(|| 2.0 * hit.value() / both),
        roc: areas.roc,
    }
}

#[derive(Debug, Default)]
struct Areas {
    auc: Option<Uncertain>,
    binning_error: Option<f64>,
    average_precision: Option<f64>,
    average_precision_binning_error: Option<f64>,
    roc: Vec<RocPoint>,
}

fn areas(spec: &MulticlassSpec, scores: &ScoreCounts) -> Areas {
    let curve = Curve::new(spec.ranking(), scores);
    let precision = curve.average_precision();
    Areas {
        auc: curve.auc().map(|value| Uncertain {
            value,
            error: curve.auc_statistical_error(),
        }),
        binning_error: curve.auc_binning_error(),
        average_precision: precision.map(|(value, _)| value),
        average_precision_binning_error: precision.and_then(|(_, error)| error),
        roc: curve.roc(),
    }
}

impl AverageResult {
    /// Means over the classes that are there, of which `there` has what each weighs.
    pub(in crate::metric) fn of(
        results: &[ClassResult],
        there: &[Option<f64>],
        weighted: bool,
    ) -> Self {
        let of =
            |value: &dyn Fn(&ClassResult) -> Option<f64>| mean(results, there, weighted, value);
        Self {
            auc: of(&|class| class.auc.map(|auc| auc.value)),
            auc_binning_error: of(&|class| class.auc_binning_error),
            average_precision: of(&|class| class.average_precision),
            average_precision_binning_error: of(&|class| class.average_precision_binning_error),
            precision: of(&|class| Some(class.precision.map_or(0.0, |precision| precision.value))),
            recall: of(&|class| class.recall.map(|recall| recall.value)),
            f1: of(&|class| class.f1),
        }
    }
}

/// The mean over the classes that are there; undefined where it is of one of them, or of none.
fn mean(
    results: &[ClassResult],
    there: &[Option<f64>],
    weighted: bool,
    value: impl Fn(&ClassResult) -> Option<f64>,
) -> Option<f64> {
    let (mut sum, mut weights) = (0.0, 0.0);
    for (class, amount) in results.iter().zip(there) {
        let Some(amount) = amount else { continue };
        let weight = if weighted { *amount } else { 1.0 };
        sum += value(class)? * weight;
        weights += weight;
    }
    (weights > 0.0).then(|| sum / weights)
}

fn calibration_error(cell: &Cell, total: f64) -> f64 {
    let bins = cell.probability.confidence.iter();
    let distance = bins.map(|bin| (bin.right.value() - bin.confidence.value()).abs());
    distance.sum::<f64>() / total
}
