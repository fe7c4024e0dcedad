//! What is known of several labels once everything is merged.

use serde::Serialize;

use super::cell::{Cell, Label};
use super::spec::MultilabelSpec;
use crate::metric::bins;
use crate::metric::interval::ratio;
use crate::metric::multiclass::{AverageResult, ClassResult, MulticlassValue, values_of};
use crate::metric::ranking::Curve;
use crate::metric::uncertain::Uncertain;

/// Several labels over everything that was merged. Quantities that are undefined, as of a label that
/// is never true, are absent.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MultilabelResult {
    /// The columns that say whether each label is true.
    pub truths: Vec<String>,
    /// The columns of scores.
    pub scores: Vec<String>,
    /// What the labels are called.
    pub names: Vec<String>,
    /// The scores from which a row is taken for each label.
    pub thresholds: Vec<f64>,
    /// The collection whose members were measured, if not rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub over: Option<String>,
    /// The column of the bins.
    pub column: Option<String>,
    /// All rows together, then those of each bin.
    pub bins: Vec<MultilabelBin>,
    /// Rows in no bin, which are among all together.
    pub outside: u64,
    /// Rows left out because some label was null.
    pub unlabelled: u64,
    /// Rows left out because a score was no finite number.
    pub dropped: u64,
}

/// The rows of one bin.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MultilabelBin {
    /// `[low, high)`; absent for all rows together.
    pub edges: Option<[f64; 2]>,
    /// Rows.
    pub rows: u64,
    /// The share of rows of which every label is taken for what it is.
    pub exact_match: Option<Uncertain>,
    /// The share of all pairs of a row and a label that are taken for what they are not.
    pub hamming_loss: Option<f64>,
    /// Of each label that is true, how many of its rows are taken for each label.
    pub taken_of: Vec<Vec<u64>>,
    /// Each label.
    pub labels: Vec<ClassResult>,
    /// Of each label, the mean of −ln of what the score gives to the truth, where scores are
    /// probabilities.
    pub log_loss: Vec<Option<f64>>,
    /// Of each label, scores that are no probabilities.
    pub no_probability: Vec<u64>,
    /// Means over the labels that are there.
    #[serde(rename = "macro")]
    pub macro_: AverageResult,
    /// The same, each weighted by its rows.
    pub weighted: AverageResult,
    /// All pairs of a row and a label together.
    pub micro: AverageResult,
}

impl MultilabelBin {
    /// Every value, in the order of the table.
    #[must_use]
    pub fn values<'a>(&'a self, names: &'a [String]) -> Vec<MulticlassValue<'a>> {
        let value = |class, metric: &str, value, error| MulticlassValue {
            class,
            metric: metric.to_owned(),
            value,
            error,
        };
        let exact = self.exact_match;
        let error = exact.and_then(|of| of.error);
        let mut values = vec![
            value("", "count", Some(self.rows as f64), None),
            value("", "exact_match", exact.map(|of| of.value), error),
            value("", "hamming_loss", self.hamming_loss, None),
        ];
        values.extend(values_of(
            names.iter().zip(&self.labels),
            [&self.macro_, &self.weighted, &self.micro],
        ));
        for (name, loss) in names.iter().zip(&self.log_loss) {
            values.push(value(name, "log_loss", *loss, None));
        }
        for (name, others) in names.iter().zip(&self.no_probability) {
            let others = (*others > 0).then_some(*others as f64);
            values.extend(others.map(|of| value(name, "no_probability", Some(of), None)));
        }
        values
    }

    /// What the bin is called: `all`, or `0.7..1.5`.
    #[must_use]
    pub fn label(&self) -> String {
        bins::label(self.edges)
    }
}

impl MultilabelResult {
    /// What a person should know of it.
    pub(in crate::metric) fn warnings(&self) -> Vec<String> {
        let Some(all) = self.bins.first() else {
            return Vec::new();
        };
        let mut found = Vec::new();
        if all.rows == 0 && self.dropped > 0 {
            found.push(format!("none of {} rows has finite scores", self.dropped));
        }
        let absent = self.names.iter().zip(&all.labels);
        let absent = absent.filter(|(_, label)| all.rows > 0 && label.recall.is_none());
        let absent: Vec<&str> = absent.map(|(name, _)| name.as_str()).collect();
        if !absent.is_empty() {
            found.push(format!(
                "{} is true of no row: what is said of it is undefined, and the means are over the \
                 other labels",
                absent.join(", ")
            ));
        }
        let what = self.truths.join(", ");
        let said = found.into_iter();
        said.map(|said| format!("multilabel of {what}: {said}"))
            .collect()
    }
}

/// What follows from the counts of a cell.
pub(super) fn of_cell(
    spec: &MultilabelSpec,
    edges: Option<[f64; 2]>,
    cell: &Cell,
) -> MultilabelBin {
    let rows = cell.rows;
    let hit = |at: usize| cell.taken_of.get(at).and_then(|of| of.get(at)).copied();
    let hits: Vec<u64> = (0..cell.labels.len())
        .map(|at| hit(at).unwrap_or(0))
        .collect();
    let labels = cell.labels.iter().zip(&hits);
    let labels: Vec<ClassResult> = labels
        .map(|(label, hit)| of_label(spec, label, *hit))
        .collect();
    let there = cell.labels.iter().map(|label| label.positives);
    let there = there.map(|positives| (positives > 0).then_some(positives as f64));
    let there: Vec<Option<f64>> = there.collect();
    let wrong = cell.labels.iter().zip(&hits);
    let wrong: u64 = wrong
        .flat_map(|(label, hit)| [label.positives, label.taken].map(|of| of.saturating_sub(*hit)))
        .fold(0, u64::saturating_add);
    let loss = |label: &Label| {
        let known = label.others == 0 && rows > 0;
        known.then(|| label.log_loss.value() / rows as f64)
    };
    let mut pooled = cell.labels.first().cloned();
    if let Some(pooled) = &mut pooled {
        for label in cell.labels.iter().skip(1) {
            pooled.scores.merge(spec.ranking(), &label.scores);
            pooled.positives = pooled.positives.saturating_add(label.positives);
            pooled.taken = pooled.taken.saturating_add(label.taken);
        }
    }
    let micro = pooled.map(|pooled| {
        of_label(
            spec,
            &pooled,
            hits.iter().copied().fold(0, u64::saturating_add),
        )
    });
    MultilabelBin {
        edges,
        rows,
        exact_match: share(cell.exact, rows),
        hamming_loss: (rows > 0).then(|| wrong as f64 / (rows as f64 * cell.labels.len() as f64)),
        taken_of: cell.taken_of.clone(),
        log_loss: cell.labels.iter().map(loss).collect(),
        no_probability: cell.labels.iter().map(|label| label.others).collect(),
        macro_: AverageResult::of(&labels, &there, false),
        weighted: AverageResult::of(&labels, &there, true),
        micro: micro
            .map(|micro| AverageResult {
                auc: micro.auc.map(|of| of.value),
                auc_binning_error: micro.auc_binning_error,
                average_precision: micro.average_precision,
                average_precision_binning_error: micro.average_precision_binning_error,
                precision: micro.precision.map(|of| of.value),
                recall: micro.recall.map(|of| of.value),
                f1: micro.f1,
            })
            .unwrap_or_default(),
        labels,
    }
}

fn share(part: u64, whole: u64) -> Option<Uncertain> {
    (whole > 0).then(|| {
        let value = ratio(part, whole);
        Uncertain {
            value,
            error: Some((value * (1.0 - value) / whole as f64).sqrt()),
        }
    })
}

fn of_label(spec: &MultilabelSpec, label: &Label, hit: u64) -> ClassResult {
    let curve = Curve::new(spec.ranking(), &label.scores);
    let both = label.positives.saturating_add(label.taken);
    let average = curve.average_precision();
    ClassResult {
        count: label.positives as f64,
        auc: curve.auc().map(|value| Uncertain {
            value,
            error: curve.auc_statistical_error(),
        }),
        auc_binning_error: curve.auc_binning_error(),
        average_precision: average.map(|(value, _)| value),
        average_precision_binning_error: average.and_then(|(_, error)| error),
        precision: share(hit, label.taken),
        recall: share(hit, label.positives),
        f1: (label.positives > 0).then(|| 2.0 * ratio(hit, both)),
        roc: curve.roc(),
    }
}
