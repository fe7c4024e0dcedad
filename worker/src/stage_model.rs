//! The models of a stage: loaded once, checked against their inputs, scoring whole batches.

mod applied;
mod bdt;
mod drawn;
mod scoring;

use std::sync::Arc;

use arrow_array::{Array, BooleanArray, RecordBatch};
use arrow_schema::{DataType, Field};
use lumimill_common::bdt_config::BdtConfig;
use lumimill_common::campaign::{self, CorrectionSource, ModelSource, NanPolicy};
use lumimill_common::failure::Failure;

use crate::corrected::Corrected;
use crate::drawn::Drawn;
use crate::graph;
use crate::model_files::ModelFiles;
use crate::planned_stage::maker;
use crate::score::{self, Bins, Choice, Wrong, is_nan};

pub use scoring::score_all;
pub(crate) use scoring::score_with_graphs;

/// A model of a stage, ready to score.
#[derive(Debug, Clone)]
pub struct StageModel {
    name: String,
    columns: Vec<String>,
    nan: NanPolicy,
    /// What scores rows; nothing where it is given graphs.
    models: Choice,
    graph: Option<Arc<graph::Model>>,
    /// The correction whose value it is, where it is one.
    corrected: Option<Arc<Corrected>>,
    /// The densities that it is drawn by, where it is.
    drawn: Option<Arc<Drawn>>,
    /// Paths of its files, each with its SHA-256, in fold order; of models in bins their
    /// configuration first.
    files: Vec<(String, String)>,
    /// What is to be known beside what its models say.
    told: Vec<String>,
    spec: campaign::Model,
}

impl StageModel {
    /// Loads a model's files and checks its inputs and outputs; of what `planned` gives, each file is
    /// evaluated by what it says. `is_column` says whether its stage has a column of a name. All
    /// problems are returned together.
    pub fn load(
        files: &ModelFiles<'_>,
        spec: &campaign::Model,
        is_column: &dyn Fn(&str) -> bool,
        planned: Option<&dyn Fn(usize) -> String>,
    ) -> Result<Self, Vec<Wrong>> {
        if let Some(graph) = &spec.graph {
            return Self::load_graph(files, spec, graph, planned);
        }
        if let ModelSource::Correction(source) = &spec.source {
            return Self::load_correction(files, spec, source);
        }
        if let ModelSource::Draw(source) = &spec.source {
            let bound = drawn::load(files, spec, source)?;
            return Ok(Self {
                name: spec.name.clone(),
                columns: spec.columns().map(str::to_owned).collect(),
                nan: spec.nan,
                models: Choice::Folds(Vec::new()),
                graph: None,
                corrected: None,
                drawn: Some(bound.drawn),
                files: bound.files,
                told: Vec::new(),
                spec: bound.resolved,
            });
        }
        if let ModelSource::Bdt(source) = &spec.source {
            let loaded = bdt::load(files, spec, source, is_column, planned)?;
            return Ok(Self {
                name: spec.name.clone(),
                columns: loaded.resolved.columns().map(str::to_owned).collect(),
                nan: spec.nan,
                models: Choice::Bins(loaded.bins),
                graph: None,
                corrected: None,
                drawn: None,
                files: loaded.files,
                told: loaded.notes,
                spec: loaded.resolved,
            });
        }
        let mut problems = Vec::new();
        let mut models = Vec::new();
        let mut hashed = Vec::new();
        for (file, path) in spec.source.paths().iter().enumerate() {
            let planned = planned.map(|engine| engine(file));
            let unread = |error| format!("{path}: cannot read the model: {error}");
            let bytes = files(path).map_err(|error| vec![Wrong::here(unread(error))]);
            match bytes.and_then(|bytes| score::load(path, &bytes, spec, planned.as_deref())) {
                Ok(model) => {
                    hashed.push((path.clone(), model.sha256().to_owned()));
                    models.push(model);
                }
                Err(wrong) => problems.extend(wrong),
            }
        }
        if let Some(pair) = models
            .windows(2)
            .find(|pair| matches!(pair, [one, other] if one.outputs() != other.outputs()))
        {
            let types: Vec<String> = pair
                .iter()
                .map(|one| format!("{:?}", one.outputs()))
                .collect();
            let message = format!(
                "the models of two folds give other types: {}",
                types.join(" and ")
            );
            problems.push(Wrong::here(message));
        }
        let models = match (&spec.source, models.pop()) {
            (ModelSource::Onnx(_), Some(only)) => Choice::Only(only),
            (_, last) => Choice::Folds(models.into_iter().chain(last).collect()),
        };
        match problems.is_empty() {
            true => Ok(Self {
                name: spec.name.clone(),
                columns: spec.columns().map(str::to_owned).collect(),
                nan: spec.nan,
                models,
                graph: None,
                corrected: None,
                drawn: None,
                files: hashed,
                told: Vec::new(),
                spec: spec.clone(),
            }),
            false => Err(problems),
        }
    }

    fn load_graph(
        files: &ModelFiles<'_>,
        spec: &campaign::Model,
        graph: &campaign::Graph,
        planned: Option<&dyn Fn(usize) -> String>,
    ) -> Result<Self, Vec<Wrong>> {
        let path = spec.source.paths().first().map_or("", String::as_str);
        let unread = |error| format!("{path}: cannot read the model: {error}");
        let bytes = files(path).map_err(|error| vec![Wrong::here(unread(error))])?;
        let planned = planned.map(|engine| engine(0));
        let model = graph::Model::load(path, &bytes, spec, graph, planned.as_deref())?;
        let hashed = (path.to_owned(), model.sha256().to_owned());
        Ok(Self {
            name: spec.name.clone(),
            columns: spec.columns().map(str::to_owned).collect(),
            nan: spec.nan,
            models: Choice::Folds(Vec::new()),
            graph: Some(Arc::new(model)),
            corrected: None,
            drawn: None,
            files: vec![hashed],
            told: Vec::new(),
            spec: spec.clone(),
        })
    }

    fn load_correction(
        files: &ModelFiles<'_>,
        spec: &campaign::Model,
        source: &CorrectionSource,
    ) -> Result<Self, Vec<Wrong>> {
        let applied = applied::load(files, spec, source)?;
        Ok(Self {
            name: spec.name.clone(),
            columns: spec.columns().map(str::to_owned).collect(),
            nan: spec.nan,
            models: Choice::Folds(Vec::new()),
            graph: None,
            corrected: Some(applied.corrected),
            drawn: None,
            files: vec![applied.file],
            told: Vec::new(),
            spec: applied.resolved,
        })
    }

    /// Its name in the campaign.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The columns that it adds.
    #[must_use]
    pub fn fields(&self) -> Vec<Field> {
        if let Some(graph) = &self.graph {
            return graph.fields();
        }
        if let Some(corrected) = &self.corrected {
            return corrected.fields();
        }
        if let Some(drawn) = &self.drawn {
            return drawn.fields();
        }
        let types = self.models.outputs().into_iter();
        let columns = self.columns.iter().zip(types);
        columns
            .map(|(name, stored): (_, DataType)| Field::new(name, stored, false))
            .collect()
    }

    /// How many folds it has; 1 where it is one model.
    #[must_use]
    pub fn folds(&self) -> usize {
        match &self.models {
            Choice::Folds(folds) => folds.len().max(1),
            Choice::Only(_) | Choice::Bins(_) => 1,
        }
    }

    /// The graphs that it is given, where it is not given rows.
    #[must_use]
    pub fn graph(&self) -> Option<&campaign::Graph> {
        self.graph.as_ref().map(|model| model.graph())
    }

    /// Whether it is drawn, for which its rows must be told apart.
    #[must_use]
    pub(crate) fn needs_draws(&self) -> bool {
        self.drawn.as_ref().is_some_and(|drawn| drawn.needs_draws())
    }

    /// The correction whose value it is, where it is one.
    #[cfg(test)]
    pub(crate) fn corrected(&self) -> Option<Arc<Corrected>> {
        self.corrected.clone()
    }

    /// What the campaign says of it, with what a BDT configuration adds to that.
    #[must_use]
    pub fn spec(&self) -> &campaign::Model {
        &self.spec
    }

    /// The BDT configuration that it is of.
    #[must_use]
    pub fn bdt(&self) -> Option<&BdtConfig> {
        self.models.bins().map(Bins::config)
    }

    /// Paths of its files, each with its SHA-256, in fold order; of models in bins their
    /// configuration first.
    #[must_use]
    pub fn files(&self) -> &[(String, String)] {
        &self.files
    }

    /// SHA-256 of each file, in that order.
    pub fn hashes(&self) -> impl Iterator<Item = String> {
        self.files.iter().map(|(_, hash)| hash.clone())
    }

    /// What evaluates each file, in that order; nothing for trees and for configurations.
    pub fn engines(&self) -> impl Iterator<Item = &str> {
        let configuration = self.models.bins().map(|_| "");
        let models = self.models.all().iter();
        let models = models.map(|model| model.engine().unwrap_or_default());
        let graph = self.graph.iter().map(|model| model.engine());
        let plain = self.corrected.is_some() || self.drawn.is_some();
        let plain = self.files.iter().filter(move |_| plain).map(|_| "");
        let others = graph.chain(plain);
        configuration.into_iter().chain(models).chain(others)
    }

    /// What its values depend on beside its configuration, of each file (see `maker`).
    pub fn makers(&self) -> impl Iterator<Item = String> {
        let files = self.hashes().zip(self.engines());
        files.map(|(sha256, engine)| maker(&sha256, engine))
    }

    /// What evaluates it, where that is not this program alone.
    #[must_use]
    pub fn engine(&self) -> Option<&str> {
        self.engines().find(|engine| !engine.is_empty())
    }

    /// What a person should know of its scores, each note once.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        let models = self.models.all().iter();
        let mut notes: Vec<String> = models.flat_map(|model| model.notes()).collect();
        notes.extend(self.told.iter().cloned());
        notes.extend(self.graph.iter().flat_map(|model| model.notes()));
        notes.sort();
        notes.dedup();
        notes
    }

    /// The step of the cut flow after which it is given what it can score, where rows are left out
    /// for it.
    #[must_use]
    pub fn step_before(&self) -> Option<String> {
        self.spec.step_before()
    }

    /// The steps of the cut flow that its scores decide by themselves.
    #[must_use]
    pub fn steps_after(&self) -> Vec<String> {
        self.spec.steps_after()
    }

    /// Which rows have numbers in all of its inputs, or are in one of its bins; `None` where it is
    /// given whatever there is.
    pub(crate) fn has_numbers(&self, rows: &RecordBatch) -> Result<Option<BooleanArray>, NoNumber> {
        if let Some(bins) = self.models.bins() {
            let bins = bins.of_rows(rows).map_err(|failure| NoNumber {
                row: 0,
                message: failure.message,
            })?;
            return Ok(Some(bins.iter().map(|bin| Some(bin.is_some())).collect()));
        }
        // Of a graph, more than columns must be numbers: it is looked at when it is made.
        if self.nan == NanPolicy::Keep || self.graph.is_some() {
            return Ok(None);
        }
        let inputs = self.models.all().first();
        let inputs = inputs.map_or(&[][..], |model| model.inputs());
        let mut numbers = vec![true; rows.num_rows()];
        for name in inputs {
            // One that comes later, the fold, is always a number.
            let column = rows.column_by_name(name);
            let Some((column, nans)) = column.and_then(|column| Some((column, is_nan(column)?)))
            else {
                continue;
            };
            for (row, (number, nan)) in numbers.iter_mut().zip(nans).enumerate() {
                if nan && self.nan == NanPolicy::Error {
                    let what = if column.is_null(row) { "null" } else { "NaN" };
                    let message = format!(
                        "model {}: its input {name} is {what}; nan = \"drop\" leaves such rows \
                         out, nan = \"keep\" gives them to the model",
                        self.name
                    );
                    return Err(NoNumber { row, message });
                }
                *number &= !nan;
            }
        }
        Ok(Some(BooleanArray::from(numbers)))
    }

    /// Which of its scored rows have numbers for scores, and which of those pass its cuts: as many
    /// as [`StageModel::steps_after`] says.
    pub fn selections(&self, rows: &RecordBatch) -> Result<Vec<BooleanArray>, Failure> {
        let Some(bins) = self.models.bins() else {
            return Ok(Vec::new());
        };
        let steps = self.steps_after();
        let mut selections = Vec::with_capacity(steps.len());
        if steps.len() > 1 {
            selections.push(self.has_scores(rows));
        }
        if !steps.is_empty() {
            selections.push(bins.passes(rows, &self.columns, None)?.into());
        }
        Ok(selections)
    }

    /// Which rows the significance of a score is measured on: those that pass the cuts on all other
    /// scores, and have numbers for scores. `None` where it is no score of this model.
    pub(crate) fn measurable(
        &self,
        rows: &RecordBatch,
        score: &str,
    ) -> Result<Option<BooleanArray>, Failure> {
        let Some(bins) = self.models.bins() else {
            return Ok(None);
        };
        let Some(class) = self.class_of(score) else {
            return Ok(None);
        };
        let passes = bins.passes(rows, &self.columns, Some(class))?;
        let numbers = self.has_scores(rows);
        let both = passes.into_iter().zip(numbers.values());
        Ok(Some(
            both.map(|(passes, number)| Some(passes && number))
                .collect(),
        ))
    }

    /// Which of its classes a column is the score of.
    #[must_use]
    pub fn class_of(&self, score: &str) -> Option<usize> {
        let classes = self.bdt()?.kind.classes().len();
        let mut scores = self.columns.iter().take(classes);
        scores.position(|column| column == score)
    }

    fn has_scores(&self, rows: &RecordBatch) -> BooleanArray {
        let mut numbers = vec![true; rows.num_rows()];
        let columns = self
            .columns
            .iter()
            .filter_map(|name| rows.column_by_name(name));
        for nans in columns.filter_map(is_nan) {
            for (number, nan) in numbers.iter_mut().zip(nans) {
                *number &= !nan;
            }
        }
        numbers.into()
    }
}

/// An input of a row that is no number, where it must be one.
#[derive(Debug)]
pub struct NoNumber {
    /// The row.
    pub row: usize,
    /// Which model and input.
    pub message: String,
}

/// Why rows are not scored.
#[derive(Debug)]
pub(crate) enum NotScored {
    /// Whatever row it is about.
    Failed(Failure),
    /// What one row has.
    Row(NoNumber),
}

impl From<Failure> for NotScored {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl NotScored {
    /// What is wrong.
    pub(crate) fn message(self) -> String {
        match self {
            Self::Failed(failure) => failure.message,
            Self::Row(row) => row.message,
        }
    }
}
