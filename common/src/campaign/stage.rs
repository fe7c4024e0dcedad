//! `[[stage]]`: one pass over rows, from input files to a Parquet data set.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::column::Column;
use super::dataset::Dataset;
use super::join::Join;
use super::model::Model;
use super::name::StageName;
use super::reading::Reading;
use super::rows::{Grouping, Keep, Rows};
use super::weigh::Weigh;
use crate::metric::{ImportanceSpec, KdeSpec, MassFitSpec, MetricSpec, ModelNames, StageNames};

/// The column that says which fold an event is of.
pub(super) const FOLD: &str = "fold";

/// What to do where a file lacks a label branch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum MissingLabels {
    /// Refuse the file.
    #[default]
    Error,
    /// Write false.
    False,
    /// Write null; metrics leave these rows out and count them.
    Null,
}

/// One pass over rows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Stage {
    /// Name of the stage and of its folder.
    pub name: StageName,
    /// Datasets it reads; all of the campaign's when the file names none and no stage.
    pub datasets: Vec<String>,
    /// The earlier stage whose rows it reads, where it reads no files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<StageName>,
    /// Stages with the same rows, whose columns stand beside them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub zip: Vec<StageName>,
    /// Stages whose rows are found by their keys, and whose columns stand beside them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub joins: Vec<Join>,
    /// Tree to read where it is not the dataset's.
    pub tree: Option<String>,
    /// Trees that stand beside that one in the same directory, row by row.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub zip_trees: Vec<String>,
    /// Condition on events.
    pub condition: Option<String>,
    /// What one row is.
    pub rows: Rows,
    /// How rows of a flat table become events, where they do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grouping: Option<Grouping>,
    /// Input columns copied to the output.
    pub keep: Vec<Keep>,
    /// Boolean event branches repeated on every row of their event.
    pub labels: Vec<Keep>,
    /// What to do where a file lacks one.
    pub missing_labels: MissingLabels,
    /// Computed columns, in the order of the file.
    pub columns: Vec<Column>,
    /// Units of columns that are kept, or whose unit nothing else says.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub units: BTreeMap<String, String>,
    /// Condition on rows.
    pub select: Option<String>,
    /// In how many folds events are put, where the stage says so: a column `fold`, to train with
    /// before there is a model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub folds: Option<u8>,
    /// Models, each adding a score column.
    pub models: Vec<Model>,
    /// What is measured on the rows.
    pub metrics: Vec<MetricSpec>,
    /// What is fitted to the rows that it reads; it has no rows then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fit: Option<MassFitSpec>,
    /// The density that is estimated from the rows that it reads; it has no rows then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kde: Option<KdeSpec>,
    /// The fit of an earlier stage by which its rows have weights.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weigh: Option<Weigh>,
    /// What is counted on its rows for the fits and densities of later stages.
    #[serde(skip)]
    pub counted: Vec<MetricSpec>,
    /// Whether it writes a table: not where it only measures rows that it makes nothing of, and nobody
    /// reads what it leaves of them.
    #[serde(skip)]
    pub writes_table: bool,
    /// Where these are in the file, and what of it is not among them.
    #[serde(skip)]
    pub reading: Reading,
}

impl Stage {
    /// What it reads of the files of a dataset: a tree, with those that stand beside it after a `+`.
    #[must_use]
    pub fn tree_of(&self, dataset: &Dataset) -> String {
        let tree = self.tree.as_deref().unwrap_or(&dataset.tree);
        let beside = self.zip_trees.iter().map(String::as_str);
        let all: Vec<&str> = std::iter::once(tree).chain(beside).collect();
        all.join("+")
    }

    /// Names of all output columns, in output order.
    #[must_use]
    pub fn output_names(&self) -> Vec<&str> {
        let kept = self.keep.iter().map(|keep| keep.name.as_str());
        let labels = self.labels.iter().map(|label| label.name.as_str());
        let columns = self.columns.iter().map(|column| column.name.as_str());
        let candidate = (self.rows != Rows::Event).then_some("candidate");
        let folds = self.has_folds().then_some(FOLD);
        let scores = self.models.iter().flat_map(Model::columns);
        let weights = self.weigh.iter().flat_map(Weigh::columns);
        kept.chain(labels)
            .chain(columns)
            .chain(candidate)
            .chain(folds)
            .chain(scores)
            .chain(weights.map(|column| column.name.as_str()))
            .collect()
    }

    /// Where the model of a number is below the stage in its file: `model[0]`, or `apply`.
    #[must_use]
    pub fn model_place(&self, number: usize) -> String {
        match self.models.get(number).and_then(Model::place) {
            Some(place) => place.to_owned(),
            None => format!("model[{}]", self.reading.models.of(number)),
        }
    }

    /// Whether it has a column of that name before it scores.
    #[must_use]
    pub fn has_column(&self, name: &str) -> bool {
        let kept = self.keep.iter().chain(&self.labels);
        let mut kept = kept.map(|keep| &keep.name);
        kept.any(|known| known == name) || self.columns.iter().any(|column| column.name == name)
    }

    /// Whether it makes nothing of the rows that it reads, and only measures them: its metrics name
    /// their columns.
    #[must_use]
    pub fn only_measures(&self) -> bool {
        let makes_rows = self.rows != Rows::Event || self.has_folds();
        let makes_columns = !self.columns.is_empty() || !self.models.is_empty();
        let keeps = !self.keep.is_empty() || !self.labels.is_empty();
        let measures = !self.metrics.is_empty() || self.fit.is_some() || self.kde.is_some();
        self.from.is_some() && !makes_rows && !makes_columns && !keeps && measures
    }

    /// Whether it is made of what is counted on all rows of a stage, and has no rows: a fit, or a
    /// density.
    #[must_use]
    pub fn is_estimate(&self) -> bool {
        self.is_fit() || self.kde.is_some() || self.reading.kde_is_unread
    }

    /// Whether it fits, and has no rows.
    #[must_use]
    pub fn is_fit(&self) -> bool {
        self.fit.is_some() || self.reading.fit_is_unread
    }

    /// The columns that it measures or fits, each once and in the order in which they are named.
    #[must_use]
    pub fn measured_columns(&self) -> Vec<String> {
        let of_fit = self.fit.iter().flat_map(MassFitSpec::columns_read);
        let of_metrics = self.metrics.iter().flat_map(MetricSpec::columns);
        let mut columns: Vec<String> = Vec::new();
        let of_kde = self.kde.iter().flat_map(KdeSpec::columns_read);
        for column in of_metrics.chain(of_fit.chain(of_kde).map(str::to_owned)) {
            if !columns.contains(&column) {
                columns.push(column);
            }
        }
        columns
    }

    /// Names of its labels in the output.
    #[must_use]
    pub(crate) fn label_names(&self) -> Vec<String> {
        self.labels.iter().map(|label| label.name.clone()).collect()
    }

    /// Whether this stage or a model of it has folds, and the output a `fold` column.
    #[must_use]
    pub fn has_folds(&self) -> bool {
        self.folds.is_some() || self.has_models_with_folds()
    }

    fn has_models_with_folds(&self) -> bool {
        self.models
            .iter()
            .any(|model| matches!(model.source, super::ModelSource::Folds(_)))
    }

    /// What is measured on its rows, in order: what a shard's marker has a partial for.
    #[must_use]
    pub fn measured(&self) -> Vec<MetricSpec> {
        let names = self.names_of_metrics();
        let metrics = self.metrics.iter().cloned();
        let counted = self.counted.iter().cloned();
        metrics
            .map(|metric| metric.in_stage(&names))
            .chain(counted)
            .collect()
    }

    /// What its metrics follow, or are held against.
    fn names_of_metrics(&self) -> StageNames {
        let models = self.models.iter().map(|model| ModelNames {
            name: model.name.clone(),
            inputs: model.inputs.columns(),
            columns: model.columns().map(str::to_owned).collect(),
            is_of_rows: model.graph.is_none() && model.bdt().is_none(),
        });
        StageNames {
            labels: self.label_names(),
            models: models.collect(),
        }
    }

    /// What is wrong with the names of its columns, once all are known: the key below the stage,
    /// where it is one of them, and what is wrong.
    #[must_use]
    pub fn wrong_names(&self) -> Vec<(Option<String>, String)> {
        let names = self.output_names();
        let mut wrong = Vec::new();
        let mut seen = BTreeSet::new();
        for name in &names {
            if !seen.insert(*name) {
                wrong.push((None, format!("two output columns are named \"{name}\"")));
            }
        }
        wrong.extend(self.wrong_units(&names));
        let of_metrics = self.names_of_metrics();
        for (index, metric) in self.metrics.iter().enumerate() {
            let place = self.reading.metrics.of(index);
            let model = metric.shuffles().map(ImportanceSpec::model);
            if !model.is_some_and(|model| self.reading.unread.contains(model)) {
                let of_metric = metric.wrong_in(&of_metrics).into_iter();
                wrong.extend(of_metric.map(|message| (Some(format!("metric[{place}]")), message)));
            }
        }
        let metrics = self.metrics.iter().enumerate();
        let metrics = metrics.map(|(index, metric)| {
            let place = self.reading.metrics.of(index);
            (format!("metric[{place}]"), metric.columns())
        });
        for (key, columns) in metrics {
            for column in columns {
                if seen.contains(column.as_str()) || self.reading.unread.contains(&column) {
                    continue;
                }
                let hint = match crate::suggest::nearest(&column, seen.iter().copied()) {
                    Some(near) => format!("did you mean {near}?"),
                    None => format!("it has {}", few(&names)),
                };
                wrong.push((
                    Some(key.clone()),
                    format!("\"{column}\" is not an output column of this stage; {hint}"),
                ));
            }
        }
        wrong
    }
}

/// The first of many names, each once.
fn few(names: &[&str]) -> String {
    /// As many as a person reads.
    const NAMED: usize = 12;
    let mut known = BTreeSet::new();
    let once: Vec<&str> = names
        .iter()
        .copied()
        .filter(|name| known.insert(*name))
        .collect();
    let first = once.iter().take(NAMED).copied().collect::<Vec<_>>();
    match once.len().saturating_sub(NAMED) {
        _ if once.is_empty() => String::from("none"),
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}
