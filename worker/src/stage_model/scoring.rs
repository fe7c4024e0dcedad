//! The columns of all models of a stage.

use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch};
use lumimill_common::failure::{Failure, FailureKind};

use super::{NoNumber, NotScored, StageModel};
use crate::estimated::Estimated;
use crate::feature::with_column;
use crate::graph::{self, Features};
use crate::score::Gathering;

/// The columns of models that are all of rows; those of the same inputs share one gathering.
pub fn score_all(models: &[StageModel], rows: &RecordBatch) -> Result<Vec<ArrayRef>, Failure> {
    let scored = score_with_graphs(models, &[], rows, None);
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
/// gave. `estimated` are the densities of stages that some are drawn by.
pub(crate) fn score_with_graphs(
    models: &[StageModel],
    features: &[Option<Features>],
    rows: &RecordBatch,
    estimated: Option<&Estimated>,
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
                let drawn = drawn.evaluate(rows, estimated);
                drawn.map_err(|wrong| model.not_scored(None, &wrong))?
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
    /// The steps of the cut flow that say what it leaves out of graphs and of what is written.
    pub(crate) fn steps_left_out(&self) -> Vec<String> {
        let graph = self.graph();
        graph.map_or_else(Vec::new, |graph| graph.steps_left_out(&self.name))
    }

    /// What it left out, each with its step.
    fn left_out(&self, left_out: graph::LeftOut) -> Vec<(String, u64)> {
        let truncates = self.graph().and_then(|graph| graph.dense.as_ref());
        let truncates = truncates.is_some_and(|dense| dense.highest.is_some());
        let counts = [left_out.nodes, left_out.edges].into_iter();
        let counts = counts.skip(usize::from(!truncates));
        self.steps_left_out().into_iter().zip(counts).collect()
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
