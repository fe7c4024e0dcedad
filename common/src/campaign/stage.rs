//! `[[stage]]`: one pass over rows, from input files to a Parquet data set.

use std::collections::BTreeSet;

use serde::Serialize;

use super::beside::{Join, read_beside};
use super::column::{Column, read_columns};
use super::dataset::Dataset;
use super::fit::{count_for_fits, read_fit};
use super::kde::read_kde;
use super::model::Model;
use super::name::StageName;
use super::reading::Reading;
use super::rows::{Grouping, Keep, Rows};
use super::source::{Reads, Sources};
use super::weigh::{Weigh, control_fits};
use crate::metric::{
    ImportanceSpec, KdeSpec, MassFitSpec, MetricSpec, ModelNames, StageNames, metrics_are_too_large,
};
use crate::section::Section;

/// The column that says which fold an event is of.
const FOLD: &str = "fold";

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
    /// Where these are in the file, and what of it is not among them.
    #[serde(skip)]
    pub reading: Reading,
}

/// What stands beside the folders of stages in an output.
const TAKEN: [&str; 3] = ["report", "plan.parquet", "campaign.toml"];

impl Stage {
    pub(super) fn read_all(
        root: &mut Section<'_>,
        datasets: &[Dataset],
        functions: &[(String, String)],
    ) -> Vec<Self> {
        let sections = root.sections("stage");
        if sections.is_empty() {
            root.problem("stage", "is missing: at least one [[stage]] is needed");
        }
        let mut sections = sections;
        let sources = Sources::of(datasets, &mut sections);
        let mut names = BTreeSet::new();
        let mut stages = Vec::with_capacity(sections.len());
        for mut section in sections {
            let mut stage = Self::read(&mut section, &sources, functions);
            let mut wrong = stage.weigh_density(&stages);
            wrong.extend(stage.find_fit(&stages));
            wrong.extend(stage.find_densities(&stages));
            for (key, message) in wrong {
                section.problem(&key, message);
            }
            if section.value("name").is_some() && !names.insert(stage.name.clone()) {
                section.problem("name", format!("\"{}\" is used twice", stage.name));
            }
            if TAKEN.contains(&stage.name.as_str()) {
                let message = "is the name of something else in the output: choose another";
                section.problem("name", message);
            }
            stage.check_names(&section);
            if stage.groups_otherwise(&stages, datasets) {
                let message = "another stage reads the same tree, and groups its rows otherwise or not at \
                               all: read the events of that stage with from, or have another campaign";
                section.problem("rows", message);
            }
            for (key, message) in stage.wrong_beside(&stages) {
                section.problem(&key, message);
            }
            for (key, message) in stage.wrong_cuts(&stages) {
                section.problem(&key, message);
            }
            for (key, message) in stage.wrong_fits(&stages) {
                section.problem(&key, message);
            }
            stages.push(stage);
        }
        for (number, key, message) in control_fits(&mut stages) {
            root.problem(&format!("stage[{number}].{key}"), message);
        }
        count_for_fits(&mut stages);
        stages
    }

    fn read(
        section: &mut Section<'_>,
        sources: &Sources<'_>,
        functions: &[(String, String)],
    ) -> Self {
        let name = section.required_text("name");
        let name = name.and_then(|text| section.parsed::<StageName>("name", &text));
        let Reads { datasets, stage } = sources.read(section);
        let rows = Rows::read(section);
        let policies = [
            ("error", MissingLabels::Error),
            ("false", MissingLabels::False),
            ("null", MissingLabels::Null),
        ];
        let (zip, joins) = read_beside(section, sources, stage.as_ref());
        let is_fit = section.value("fit").is_some();
        let is_density = section.value("kde").is_some();
        let fit = read_fit(section, stage.is_some(), functions);
        let kde = read_kde(section, stage.is_some());
        let mut reading = Reading {
            rows_are_unread: rows.is_none(),
            fit_is_unread: is_fit && fit.is_none(),
            kde_is_unread: is_density && kde.is_none(),
            functions: functions.to_vec(),
            ..Reading::default()
        };
        let (rows, grouping) = rows.unwrap_or((Rows::Event, None));
        let mut stage = Self {
            name: name.unwrap_or_else(StageName::unnamed),
            datasets,
            from: stage,
            zip,
            joins,
            tree: section.text("tree"),
            zip_trees: read_zip_trees(section),
            condition: section.text("where"),
            rows,
            grouping,
            keep: read_keep(section, "keep", &mut reading),
            labels: read_keep(section, "labels", &mut reading),
            missing_labels: section
                .choice("missing_labels", &policies)
                .unwrap_or_default(),
            columns: read_columns(section, &mut reading),
            select: section.text("select"),
            folds: read_folds(section),
            models: read_models(section, sources, &mut reading),
            metrics: read_metrics(section, functions, &mut reading),
            fit,
            kde,
            weigh: Weigh::read(section, sources),
            counted: Vec::new(),
            reading,
        };
        section.finish();
        if stage.grouping.is_some() && stage.from.is_some() {
            section.problem(
                "rows.group_by",
                "goes with files: group there, and read the events of that stage here",
            );
        }
        let of_files = [
            ("tree", stage.tree.is_some()),
            ("zip_trees", !stage.zip_trees.is_empty()),
        ];
        for (key, is_said) in of_files {
            if is_said && stage.from.is_some() {
                section.problem(key, "goes with files: a stage has rows");
            }
        }
        for (index, model) in stage.models.iter().enumerate() {
            if model.graph.is_some() && stage.rows != Rows::Event {
                let place = stage.model_place(index);
                let message =
                    "needs rows = \"event\": an event has the nodes of its graphs as lists";
                section.problem(&format!("{place}.graph"), message);
            }
        }
        if stage.has_folds() {
            // It is there anyway.
            let is_fold = |keep: &Keep| keep.column == FOLD && keep.name == FOLD;
            stage.keep.retain(|keep| !is_fold(keep));
        }
        stage
    }

    /// What it reads of the files of a dataset: a tree, with those that stand beside it after a `+`.
    #[must_use]
    pub fn tree_of(&self, dataset: &Dataset) -> String {
        let tree = self.tree.as_deref().unwrap_or(&dataset.tree);
        let beside = self.zip_trees.iter().map(String::as_str);
        let all: Vec<&str> = std::iter::once(tree).chain(beside).collect();
        all.join("+")
    }

    /// Whether an earlier stage makes other events of the rows that it reads.
    fn groups_otherwise(&self, stages: &[Self], datasets: &[Dataset]) -> bool {
        let reads = |stage: &Self, dataset: &Dataset| {
            stage.from.is_none() && stage.datasets.contains(&dataset.name)
        };
        stages.iter().any(|other| {
            let mut both = datasets.iter();
            let is_shared = both.any(|dataset| {
                reads(self, dataset)
                    && reads(other, dataset)
                    && self.tree_of(dataset) == other.tree_of(dataset)
            });
            is_shared && self.grouping != other.grouping
        })
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
    pub fn label_names(&self) -> Vec<String> {
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

    /// Whether its names are all known from the file: no pattern adds any, and no stage.
    fn has_its_names(&self) -> bool {
        self.from.is_none() && !self.keep.iter().any(Keep::is_pattern)
    }

    fn check_names(&self, section: &Section<'_>) {
        if self.has_its_names() {
            for (key, message) in self.wrong_names() {
                match key {
                    Some(key) => section.problem(&key, message),
                    None => section.problem_here(message),
                }
            }
        }
        let measured = self.measured();
        let metrics = measured.iter().enumerate();
        let metrics = metrics.map(|(index, metric)| (self.reading.metrics.of(index), metric));
        if let Some(message) = metrics_are_too_large(&metrics.collect::<Vec<_>>()) {
            section.problem("metric", message);
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

/// Trees in the directory of the stage's own, by their names there.
fn read_zip_trees(section: &mut Section<'_>) -> Vec<String> {
    let mut trees = Vec::new();
    for (index, tree) in section.listed("zip_trees") {
        let key = format!("zip_trees[{index}]");
        if tree.is_empty() || tree.contains(['/', '*', '?', '+']) {
            let message =
                format!("expected the name of a tree in the same directory, found \"{tree}\"");
            section.problem(&key, message);
        } else if trees.contains(&tree) {
            section.problem(&key, format!("\"{tree}\" is named twice"));
        } else {
            trees.push(tree);
        }
    }
    trees
}

/// A list of `"column"` or `"column as name"`.
fn read_keep(section: &mut Section<'_>, key: &str, reading: &mut Reading) -> Vec<Keep> {
    let mut read = Vec::new();
    for (index, text) in section.listed(key) {
        match section.parsed::<Keep>(&format!("{key}[{index}]"), &text) {
            Some(keep) => {
                if key == "labels" && keep.is_pattern() {
                    let message = "labels are named one by one, a pattern is for keep";
                    section.problem(&format!("{key}[{index}]"), message);
                    reading.unread(&text);
                    continue;
                }
                read.push(keep);
                match key {
                    "keep" => reading.keep.add(index),
                    _ => reading.labels.add(index),
                }
            }
            None => reading.unread(&text),
        }
    }
    read
}

fn read_folds(section: &mut Section<'_>) -> Option<u8> {
    let folds = section.integer("folds")?;
    let count = u8::try_from(folds).ok().filter(|count| *count > 1);
    if count.is_none() {
        section.problem("folds", format!("expected 2 to 255, found {folds}"));
    }
    count
}

fn read_models(
    section: &mut Section<'_>,
    sources: &Sources<'_>,
    reading: &mut Reading,
) -> Vec<Model> {
    let mut models = Vec::new();
    for mut model in section.sections("model") {
        match Model::read(&mut model) {
            Some(read) => {
                models.push(read);
                reading.models.add(model.number());
            }
            None => reading.unread_table(&mut model),
        }
    }
    models.extend(Model::read_applied(section, reading));
    models.extend(Model::read_drawn(section, sources, reading));
    models
}

fn read_metrics(
    section: &mut Section<'_>,
    functions: &[(String, String)],
    reading: &mut Reading,
) -> Vec<MetricSpec> {
    let mut metrics = Vec::new();
    for mut metric in section.sections("metric") {
        match super::metric::read(&mut metric, functions) {
            Some(read) => {
                metrics.push(read);
                reading.metrics.add(metric.number());
            }
            None => reading.metrics_are_unread = true,
        }
    }
    metrics
}
