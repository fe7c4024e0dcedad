//! The columns of all models of a stage.

use std::sync::{Arc, PoisonError};

use arrow_array::{ArrayRef, RecordBatch};
use lumimill_common::failure::{Failure, FailureKind};
use lumimill_common::metric::SHARED_DRAWS;

use super::{NoNumber, NotScored, StageModel};
use crate::feature::with_column;
use crate::given::Given;
use crate::graph::{self, Features};
use crate::score::Gathering;

/// The columns of models that are all of rows; those of the same inputs share one gathering.
pub fn score_all(models: &[StageModel], rows: &RecordBatch) -> Result<Vec<ArrayRef>, Failure> {
    let scored = score_with_graphs(models, &[], rows, &Given::default());
    let scored = scored.map_err(|wrong| match wrong {
        NotScored::Failed(failure) => failure,
        NotScored::Row(row) => Failure::reject(FailureKind::Model, "rows", row.message),
    })?;
    Ok(scored.columns)
}

/// The columns that models add, and how much they leave out by which step of the cut flow.
pub(crate) struct ScoredRows {
    pub(crate) columns: Vec<ArrayRef>,
    pub(crate) left_out: Vec<(String, u64)>,
}

/// The columns of all models of a stage. Graphs are made of what rows have, and of what earlier models
/// gave; `given` has the densities of stages that some are drawn by.
pub(crate) fn score_with_graphs(
    models: &[StageModel],
    features: &[Option<Features>],
    rows: &RecordBatch,
    given: &Given<'_>,
) -> Result<ScoredRows, NotScored> {
    let mut left_out = Vec::new();
    let mut gathering = Gathering::of(rows);
    let mut known = rows.clone();
    let mut columns = Vec::with_capacity(models.len());
    for (number, model) in models.iter().enumerate() {
        let added = match (&model.graph, features.get(number)) {
            (Some(graph), Some(Some(features))) => {
                let scored = graph.evaluate(features, &known);
                let scored = scored.map_err(|wrong| model.not_scored(wrong.row, &wrong.message))?;
                left_out.extend(model.left_out(scored.left_out));
                scored.columns
            }
            _ if let Some(corrected) = &model.corrected => {
                let weights = corrected.evaluate(rows);
                weights.map_err(|wrong| model.not_scored(wrong.row, &wrong.message))?
            }
            _ if let Some(drawn) = &model.drawn => {
                let mut draws = given.draws.lock().unwrap_or_else(PoisonError::into_inner);
                let seen = draws.entry(model.name.clone()).or_default();
                let drawn = drawn.evaluate(rows, given.estimated, seen);
                let (columns, shared) = drawn.map_err(|wrong| model.not_scored(None, &wrong))?;
                left_out.extend(model.step_of_draws().map(|step| (step, shared)));
                columns
            }
            _ => model.models.evaluate(&mut gathering)?,
        };
        if features.iter().skip(number + 1).any(Option::is_some) {
            for (field, column) in model.fields().into_iter().zip(&added) {
                let extended = with_column(&known, field, Arc::clone(column));
                known = extended
                    .map_err(|error| Failure::reject(FailureKind::Model, &model.name, error))?;
            }
        }
        columns.extend(added);
    }
    Ok(ScoredRows { columns, left_out })
}

impl StageModel {
    /// The steps of the cut flow that are counted beside the flow: what it leaves out of graphs and of what
    /// is written, and draws that are none of their own.
    pub(crate) fn steps_left_out(&self) -> Vec<String> {
        let graph = self.steps_of_graph().into_iter();
        graph.chain(self.step_of_draws()).collect()
    }

    fn steps_of_graph(&self) -> Vec<String> {
        let graph = self.graph();
        graph.map_or_else(Vec::new, |graph| graph.steps_left_out(&self.name))
    }

    fn step_of_draws(&self) -> Option<String> {
        self.needs_draws()
            .then(|| format!("{}{SHARED_DRAWS}", self.name))
    }

    /// What it left out, each with its step.
    fn left_out(&self, left_out: graph::LeftOut) -> Vec<(String, u64)> {
        let truncates = self.graph().and_then(|graph| graph.dense.as_ref());
        let truncates = truncates.is_some_and(|dense| dense.highest.is_some());
        let counts = [left_out.nodes, left_out.edges].into_iter();
        let counts = counts.skip(usize::from(!truncates));
        self.steps_of_graph().into_iter().zip(counts).collect()
    }

    fn not_scored(&self, row: Option<usize>, message: &str) -> NotScored {
        let what = match (&self.corrected, &self.drawn) {
            (Some(_), _) => "correction",
            (_, Some(_)) => "density",
            (None, None) => "model",
        };
        let message = format!("{what} {}: {message}", self.name);
        match row {
            Some(row) => NotScored::Row(NoNumber { row, message }),
            None => Failure::reject(FailureKind::Model, &self.name, message).into(),
        }
    }
}
