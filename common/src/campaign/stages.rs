//! The `[[stage]]` tables of a campaign file, read one after another: each is held against those before.

use std::collections::BTreeSet;

use super::beside::read_beside;
use super::column::read_columns;
use super::dataset::Dataset;
use super::fit::{count_for_fits, read_fit};
use super::kde::read_kde;
use super::model::Model;
use super::name::StageName;
use super::reading::Reading;
use super::rows::{Keep, Rows};
use super::source::{Reads, Sources};
use super::stage::{FOLD, MissingLabels, Stage};
use super::units::read_units;
use super::weigh::Weigh;
use super::weights::control_fits;
use crate::metric::{MetricSpec, metrics_are_too_large};
use crate::section::Section;

/// Says of each stage whether it writes a table.
fn say_which_write(stages: &mut [Stage]) {
    let read = stages
        .iter()
        .flat_map(|stage| stage.from.iter().chain(stage.beside()));
    let read: BTreeSet<StageName> = read.cloned().collect();
    for stage in stages {
        let makes = stage.is_estimate() || stage.weigh.is_some() || !stage.only_measures();
        stage.writes_table = makes || read.contains(&stage.name);
    }
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
        say_which_write(&mut stages);
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
        let fit = read_fit(section, stage.is_some(), sources, functions);
        let kde = read_kde(section, stage.is_some());
        let mut reading = Reading {
            rows_are_unread: rows.is_none(),
            fit_is_unread: is_fit && fit.is_none(),
            kde_is_unread: is_density && kde.is_none(),
            functions: functions.to_vec(),
            ..Reading::default()
        };
        let (rows, grouping) = rows.unwrap_or((Rows::Event, None));
        let columns = read_columns(section, &mut reading);
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
            units: read_units(section, &columns),
            columns,
            select: section.text("select"),
            folds: read_folds(section),
            models: read_models(section, sources, &mut reading),
            metrics: read_metrics(section, functions, &mut reading),
            fit,
            kde,
            weigh: Weigh::read(section, sources),
            counted: Vec::new(),
            writes_table: true,
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
