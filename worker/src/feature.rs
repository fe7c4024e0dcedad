//! Features: everything of a stage between reading and scoring, as one compiled program.
//!
//! [`Program::compile`] checks a stage against the schema of a file, before any job runs;
//! [`Program::run`] makes rows of a batch of events. It is pure: it knows nothing of files,
//! models or where rows go.
//!
//! Computed columns are stored as f32 (floats), i64 (ints) or bool, unless the campaign gives a
//! `type`; later columns see earlier ones as stored. Rows of members or pairs end with a column
//! `candidate` (u32): the number of the candidate in its event, before `select`.

mod collection_lengths;
mod compile;
mod list;
mod model_input;
mod output;
mod problem;
pub(crate) mod run;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use arrow_array::{RecordBatch, UInt32Array};
use arrow_schema::{DataType, Schema, SchemaRef};
use lumimill_common::expression::{Checked, EvaluateError};
use lumimill_common::metric::Unit;

use crate::candidate::Candidates;
use collection_lengths::CollectionLengths;
pub(crate) use compile::Draft;
pub(crate) use list::{list_column, list_of, with_column, without_nulls};
use output::Output;
pub(crate) use problem::Problems;

/// Name of the column that numbers the candidates of an event.
pub const CANDIDATE: &str = "candidate";

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
    pub fn output_schema(&self) -> SchemaRef {
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
    pub fn scored_step(&self) -> Option<String> {
        self.scored_step.clone()
    }
}

/// Why a batch gives no rows.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A column is not what the schema promised, or holds a value that cannot be used.
    #[error(transparent)]
    Evaluate(#[from] EvaluateError),
    /// The column to count members by is missing, or is not a list.
    #[error("column \"{0}\" is missing or not a list without nulls")]
    Lengths(String),
    /// An event with an absurd number of members.
    #[error(
        "{members} members give more than {most} pairs in one batch; a condition in rows would leave fewer"
    )]
    TooMany {
        /// The entry.
        entry: u32,
        /// Its members.
        members: usize,
        /// The most pairs that are formed.
        most: usize,
    },
    /// An absurd number of values in one column of a batch.
    #[error("column \"{0}\" has more values in one batch than a list column holds")]
    TooLong(String),
    /// A value that its column's type cannot hold.
    #[error(
        "column \"{column}\" is stored as {stored}, which cannot hold {value}: give it a type that does, such as \"i64\", \"u64\" or \"f64\""
    )]
    DoesNotFit {
        /// The output column.
        column: String,
        /// Its stored type.
        stored: DataType,
        /// The value.
        value: String,
    },
    /// A label that is stored in bytes, which holds something other than 0 and 1.
    #[error(
        "label \"{column}\": entry {entry} holds {value}, neither 0 nor 1: make a column of it, such as {column} != 0"
    )]
    NotAFlag {
        /// The column.
        column: String,
        /// The entry, counted from the beginning of the batch.
        entry: u64,
        /// What it holds.
        value: i64,
    },
    /// Columns that do not make a batch.
    #[error("rows do not make a batch: {0}")]
    Arrow(#[from] arrow_schema::ArrowError),
}

impl RunError {
    /// The error of a batch that begins with this entry.
    #[must_use]
    pub fn of_batch(mut self, first: u64) -> Self {
        if let Self::NotAFlag { entry, .. } = &mut self {
            *entry = entry.saturating_add(first);
        }
        self
    }

    /// The same error, where entries of the batch are others of another one.
    #[must_use]
    pub(crate) fn with_entries(self, of: impl Fn(usize) -> usize) -> Self {
        match self {
            Self::Evaluate(error) => Self::Evaluate(error.with_entries(of)),
            Self::NotAFlag {
                column,
                entry,
                value,
            } => Self::NotAFlag {
                column,
                entry: usize::try_from(entry).map_or(entry, |entry| of(entry) as u64),
                value,
            },
            error => error,
        }
    }

    /// The entry of the batch that it is about, if it is about one.
    #[must_use]
    pub fn entry(&self) -> Option<usize> {
        match self {
            Self::Evaluate(error) => error.entry(),
            Self::TooMany { entry, .. } => Some(*entry as usize),
            _ => None,
        }
    }
}
