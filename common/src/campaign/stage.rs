//! `[[stage]]`: one pass over rows, from input files to a Parquet data set.

use std::collections::BTreeSet;

use serde::Serialize;
use toml::Value;

use super::dataset::Dataset;
use super::model::Model;
use super::name::StageName;
use super::rows::{Keep, Rows};
use super::section::Section;
use crate::metric::{MetricSpec, RawMetric};

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

/// How a computed column is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ColumnType {
    /// Single precision.
    F32,
    /// Double precision.
    F64,
    /// 32-bit signed integer.
    I32,
    /// 64-bit signed integer.
    I64,
    /// Boolean.
    Bool,
}

/// A computed column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Column {
    /// Name in the output.
    pub name: String,
    /// Expression that gives its value.
    pub expression: String,
    /// Stored type, when the campaign asks for one.
    pub stored: Option<ColumnType>,
    /// Unit, when the campaign says it, such as `GeV`.
    pub unit: Option<String>,
}

/// One pass over rows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Stage {
    /// Name of the stage and of its folder.
    pub name: StageName,
    /// Datasets it reads; all of the campaign's when empty in the file.
    pub datasets: Vec<String>,
    /// Tree to read where it is not the dataset's.
    pub tree: Option<String>,
    /// Condition on events.
    pub condition: Option<String>,
    /// What one row is.
    pub rows: Rows,
    /// Input columns copied to the output.
    pub keep: Vec<Keep>,
    /// Boolean event branches repeated on every row of their event.
    pub labels: Vec<Keep>,
    /// What to do where a file lacks one.
    pub missing_labels: MissingLabels,
    /// Computed columns, in the order of the file.
    pub columns: Vec<Column>,
    /// Condition on rows.
    pub select: Option<String>,
    /// Models, each adding a score column.
    pub models: Vec<Model>,
    /// What is measured on the rows.
    pub metrics: Vec<MetricSpec>,
}

impl Stage {
    pub(super) fn read_all(root: &mut Section<'_>, datasets: &[Dataset]) -> Vec<Self> {
        let sections = root.sections("stage");
        if sections.is_empty() {
            root.problem("stage", "is missing: at least one [[stage]] is needed");
        }
        let mut names = BTreeSet::new();
        let mut stages = Vec::with_capacity(sections.len());
        for mut section in sections {
            let stage = Self::read(&mut section, datasets);
            if section.value("name").is_some() && !names.insert(stage.name.clone()) {
                section.problem("name", format!("\"{}\" is used twice", stage.name));
            }
            stage.check_names(&section);
            stages.push(stage);
        }
        stages
    }

    fn read(section: &mut Section<'_>, datasets: &[Dataset]) -> Self {
        let name = section.required_text("name");
        let name = name.and_then(|text| section.parsed::<StageName>("name", &text));
        let datasets = read_from(section, datasets);
        let rows = Rows::read(section);
        let policies = [
            ("error", MissingLabels::Error),
            ("false", MissingLabels::False),
            ("null", MissingLabels::Null),
        ];
        for later in ["zip", "fit", "weigh"] {
            if section.value(later).is_some() {
                section.problem(later, "is not available in this version");
            }
        }
        let stage = Self {
            name: name.unwrap_or_else(StageName::unnamed),
            datasets,
            tree: section.text("tree"),
            condition: section.text("where"),
            rows: rows.unwrap_or(Rows::Event),
            keep: read_keep(section, "keep"),
            labels: read_keep(section, "labels"),
            missing_labels: section
                .choice("missing_labels", &policies)
                .unwrap_or_default(),
            columns: read_columns(section),
            select: section.text("select"),
            models: section
                .sections("model")
                .iter_mut()
                .filter_map(Model::read)
                .collect(),
            metrics: read_metrics(section),
        };
        section.finish();
        stage
    }

    /// Names of all output columns, in output order.
    #[must_use]
    pub fn output_names(&self) -> Vec<&str> {
        let kept = self.keep.iter().map(|keep| keep.name.as_str());
        let labels = self.labels.iter().map(|label| label.name.as_str());
        let columns = self.columns.iter().map(|column| column.name.as_str());
        let candidate = (self.rows != Rows::Event).then_some("candidate");
        let folds = self.has_folds().then_some("fold");
        let scores = self.models.iter().map(|model| model.name.as_str());
        kept.chain(labels)
            .chain(columns)
            .chain(candidate)
            .chain(folds)
            .chain(scores)
            .collect()
    }

    /// Names of its labels in the output.
    #[must_use]
    pub fn label_names(&self) -> Vec<String> {
        self.labels.iter().map(|label| label.name.clone()).collect()
    }

    /// Whether a model of this stage has folds, and the output a `fold` column.
    #[must_use]
    pub fn has_folds(&self) -> bool {
        self.models
            .iter()
            .any(|model| matches!(model.source, super::ModelSource::Folds(_)))
    }

    /// What is measured on its rows, in order: what a shard's marker has a partial for.
    #[must_use]
    pub fn measured(&self) -> Vec<MetricSpec> {
        let labels = self.label_names();
        let metrics = self.metrics.iter().cloned();
        metrics
            .map(|metric| metric.with_stage_labels(&labels))
            .collect()
    }

    fn check_names(&self, section: &Section<'_>) {
        let names = self.output_names();
        let mut seen = BTreeSet::new();
        for name in &names {
            if !seen.insert(*name) {
                section.problem_here(format!("two output columns are named \"{name}\""));
            }
        }
        for (index, metric) in self.metrics.iter().enumerate() {
            for column in metric.columns() {
                if !seen.contains(column.as_str()) {
                    let hint = crate::suggest::nearest(&column, names.iter().copied())
                        .map_or_else(|| names.join(", "), str::to_owned);
                    section.problem(
                        &format!("metric[{index}]"),
                        format!(
                            "\"{column}\" is not an output column of this stage; nearest: {hint}"
                        ),
                    );
                }
            }
        }
    }
}

fn read_from(section: &mut Section<'_>, datasets: &[Dataset]) -> Vec<String> {
    let all = || {
        datasets
            .iter()
            .map(|dataset| dataset.name.clone())
            .collect()
    };
    let names = match section.value("from") {
        None => return all(),
        Some(Value::Array(_)) => section.texts("from").unwrap_or_default(),
        Some(_) => section.text("from").into_iter().collect(),
    };
    for name in &names {
        if !datasets.iter().any(|dataset| &dataset.name == name) {
            section.problem(
                "from",
                format!(
                    "\"{name}\" is not a dataset (stages that read an earlier stage are not \
                     available in this version)"
                ),
            );
        }
    }
    names
}

/// A list of `"column"` or `"column as name"`.
fn read_keep(section: &mut Section<'_>, key: &str) -> Vec<Keep> {
    let texts = section.texts(key).unwrap_or_default();
    let entries = texts.iter().enumerate();
    entries
        .filter_map(|(index, text)| section.parsed(&format!("{key}[{index}]"), text))
        .collect()
}

fn read_columns(section: &mut Section<'_>) -> Vec<Column> {
    let Some(mut table) = section.section("columns") else {
        return Vec::new();
    };
    let names = table.keys();
    let columns = names
        .into_iter()
        .filter_map(|name| read_column(&mut table, name))
        .collect();
    table.finish();
    columns
}

/// A column is an expression, or `{ value = "…", type = "f64", unit = "GeV" }`.
fn read_column(table: &mut Section<'_>, name: String) -> Option<Column> {
    if table.value(&name)?.is_str() {
        let expression = table.text(&name)?;
        return Some(Column {
            name,
            expression,
            stored: None,
            unit: None,
        });
    }
    let mut section = table.section(&name)?;
    let types = [
        ("f32", ColumnType::F32),
        ("f64", ColumnType::F64),
        ("i32", ColumnType::I32),
        ("i64", ColumnType::I64),
        ("bool", ColumnType::Bool),
    ];
    let expression = section.required_text("value");
    let stored = section.choice("type", &types);
    let unit = section.text("unit");
    section.finish();
    Some(Column {
        name,
        expression: expression?,
        stored,
        unit,
    })
}

fn read_metrics(stage: &mut Section<'_>) -> Vec<MetricSpec> {
    let count = stage.sections("metric").len();
    let Some(Value::Array(items)) = stage.value("metric") else {
        return Vec::new();
    };
    let mut metrics = Vec::with_capacity(count);
    for (index, item) in items.iter().enumerate() {
        let here = format!("metric[{index}]");
        match item.clone().try_into::<RawMetric>() {
            Err(error) => stage.problem(&here, error.message()),
            Ok(raw) => match raw.validate() {
                Ok(metric) => metrics.push(metric),
                Err(messages) => {
                    messages
                        .into_iter()
                        .for_each(|message| stage.problem(&here, message));
                }
            },
        }
    }
    metrics
}
