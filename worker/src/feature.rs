//! Features: everything of a stage between reading and scoring, as one compiled program.
//!
//! [`Program::compile`] checks a stage against the schema of a file, before any job runs;
//! [`Program::run`] makes rows of a batch of events. It is pure: it knows nothing of files,
//! models or where rows go.
//!
//! Computed columns are stored as f32 (floats), i64 (ints) or bool, unless the campaign gives a
//! `type`; later columns see earlier ones as stored. Rows of members or pairs end with a column
//! `candidate` (u32): the number of the candidate in its event, before `select`.

mod candidate;
mod collection_lengths;
mod compile;
mod list;
mod model_input;
mod output;
mod problem;
mod run;
mod run_error;
mod scattered;
mod step;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow_array::{RecordBatch, UInt32Array};
use arrow_schema::{Schema, SchemaRef};
use lumimill_common::expression::Checked;
use lumimill_common::metric::Unit;

use candidate::Candidates;
pub(crate) use candidate::Formed;
use collection_lengths::CollectionLengths;
pub(crate) use compile::Draft;
pub(crate) use list::{list_column, list_of, with_column, without_nulls};
use output::Output;
pub(crate) use problem::Problems;
pub(crate) use run_error::RunError;
pub(crate) use step::Step;

/// Name of the column that numbers the candidates of an event.
pub(crate) const CANDIDATE: &str = "candidate";

/// A stage, compiled for files of one schema.
#[derive(Debug)]
pub struct Program {
    condition: Option<Checked>,
    candidates: Candidates,
    collections: CollectionLengths,
    outputs: Vec<Output>,
    select: Option<Checked>,
    /// Whether columns are made of the events that pass `where` alone, as of lists there is a value
    /// for every member.
    of_passing: bool,
    /// Outputs that must have as many members as an earlier one.
    beside: Vec<(usize, usize)>,
    /// A `select` that names a score, and so waits for it.
    scored_select: Option<Checked>,
    schema: SchemaRef,
    /// How many of its columns are written: those after them are for models alone.
    written: usize,
    branches: Vec<String>,
    /// Those that `where` reads, and those that forming candidates does.
    of_condition: BTreeSet<String>,
    of_candidates: BTreeSet<String>,
    steps: Vec<(String, Unit)>,
    scored_step: Option<String>,
}

/// The rows of a batch.
#[derive(Debug, Clone)]
pub struct Rows {
    /// Output columns, and after them what only models read.
    pub batch: RecordBatch,
    /// Per row, the index of its event in the input batch, ascending.
    pub event_index: UInt32Array,
    /// Per row, the number of the candidate in its event.
    pub candidate: UInt32Array,
    /// What was left after each step, as [`Program::steps`] names them.
    pub counts: Vec<(String, Unit, u64)>,
}

impl Program {
    /// The input branches that it reads, sorted.
    #[must_use]
    pub fn branches(&self) -> Vec<String> {
        self.branches.clone()
    }

    /// The step that is the first to look at this column of the entries.
    #[must_use]
    pub(crate) fn first_step(&self, column: &str) -> Step {
        if self.of_condition.contains(column) {
            Step::Where
        } else if self.of_candidates.contains(column) {
            Step::Candidates
        } else {
            Step::Rows
        }
    }

    /// The list columns that it reads and that must have as many members as one another.
    #[must_use]
    pub fn collections(&self) -> &[Vec<String>] {
        self.collections.groups()
    }

    /// Columns that must have as many members as another column says, each with that.
    #[must_use]
    pub fn counted(&self) -> &[(String, String)] {
        self.collections.counted()
    }

    /// Kept columns, labels, computed columns, and `candidate` unless rows are events.
    #[must_use]
    pub(crate) fn output_schema(&self) -> SchemaRef {
        let written = self.schema.fields().iter().take(self.written).cloned();
        Arc::new(Schema::new(written.collect::<Vec<_>>()))
    }

    /// All columns of the rows that it gives: those that it writes, and those for models alone.
    pub(crate) fn row_schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// How many columns it writes: the first ones of the rows that it gives.
    #[must_use]
    pub fn written(&self) -> usize {
        self.written
    }

    /// The steps that [`Program::run`] counts, in order.
    #[must_use]
    pub fn steps(&self) -> Vec<(String, Unit)> {
        self.steps.clone()
    }

    /// The step of [`Program::select_scored`], if it has anything to do.
    #[must_use]
    pub(crate) fn scored_step(&self) -> Option<String> {
        self.scored_step.clone()
    }
}
