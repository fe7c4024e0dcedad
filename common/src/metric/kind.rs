//! What a kind of metric must answer. A kind is a module of its own and one entry of
//! [`list`](super::list).

use super::cut_flow::CutFlow;
use super::dropped::Dropped;
use super::row_batch::{FillError, RowBatch};
use crate::field_hash::FieldHash;
use crate::section::Section;

/// What a stage has that its metrics follow, or are held against.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StageNames {
    /// Its labels.
    pub labels: Vec<String>,
    /// Its models.
    pub models: Vec<ModelNames>,
}

/// What a model reads, and what it adds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ModelNames {
    /// Its name.
    pub name: String,
    /// The columns that it reads, in order.
    pub inputs: Vec<String>,
    /// The columns that it adds, in order.
    pub columns: Vec<String>,
    /// Whether it is one model that is given rows.
    pub is_of_rows: bool,
}

/// What a campaign says of one metric, validated.
pub(super) trait Kind: Sized {
    /// The same as the campaign file writes it.
    type Raw: Clone;

    /// Reads it from its table; nothing when anything of it is wrong, which the section notes.
    fn read(section: &mut Section<'_>) -> Option<Self::Raw>;

    /// The same with those of the campaign's functions that its expressions call; nothing where one of
    /// them is empty, as it is wrong itself.
    fn with_functions(raw: Self::Raw, _functions: &[(String, String)]) -> Option<Self::Raw> {
        Some(raw)
    }

    /// Checks every field.
    ///
    /// # Errors
    /// All mistakes, each starting with the key it is about, such as `histogram.range`.
    fn try_new(raw: &Self::Raw) -> Result<Self, Vec<String>>;

    /// As a campaign file writes it, defaults spelled out.
    fn to_raw(&self) -> Self::Raw;

    /// All that decides what is counted. A field that is added later is hashed only where it is not
    /// at its default.
    fn hash(&self) -> FieldHash;

    /// The columns that it reads, in the order in which they are named.
    fn columns(&self) -> Vec<&String>;

    /// The collection whose members it measures, instead of rows.
    fn over(&self) -> Option<&str> {
        None
    }

    /// Whether it must know which rows belong to one event.
    fn needs_events(&self) -> bool {
        false
    }

    /// The score whose cut is yet to be made on the rows that it is of, if it is of such.
    fn before_cuts(&self) -> Option<&str> {
        None
    }

    /// The same, where it follows the stage unless told.
    fn follow(&mut self, _stage: &StageNames) {}

    /// What is wrong with it in a stage, beside columns that it does not have.
    fn wrong_in(&self, _stage: &StageNames) -> Vec<String> {
        Vec::new()
    }

    /// The column of its weights, and that for the systematic error where it says which; of kinds that
    /// have such an error.
    fn systematic(&mut self) -> Option<(&str, &mut Option<String>)> {
        None
    }

    /// The same where these columns of weights have one for the systematic error beside them, unless
    /// it says which.
    fn weigh_by(&mut self, columns: &[&str]) {
        let Some((weight, systematic)) = self.systematic() else {
            return;
        };
        let beside = format!("{weight}_syst");
        let are_there = [weight, &beside].map(|name| columns.contains(&name));
        if systematic.is_none() && are_there == [true, true] {
            *systematic = Some(beside);
        }
    }

    /// The most bytes that its counts take; none where that depends on the data, and is limited where
    /// they are counted.
    fn most_bytes(&self) -> u64;

    /// Bins that the report holds, of all metrics together.
    fn drawn_bins(&self) -> u64 {
        0
    }

    /// Adds what was left out to the cut flow, where the metric stands for the stage's selection.
    fn add_dropped(&self, _dropped: Dropped, _cut_flow: &mut CutFlow) {}
}

/// Counts and exact sums of one metric: merged by addition, associative and commutative to the last
/// bit.
pub(super) trait Counting: Sized {
    /// What is counted.
    type Spec: Kind;
    /// The value over everything that was merged.
    type Result;

    /// Nothing counted yet: the identity of [`merge`](Self::merge).
    fn new(spec: &Self::Spec) -> Self;

    /// Counts rows, or members where it measures those. An event must not be split between two calls.
    ///
    /// # Errors
    /// When a column is missing or of an unreadable type; the counts must be discarded then.
    fn fill_any(&mut self, spec: &Self::Spec, rows: &RowBatch<'_>) -> Result<(), FillError> {
        match spec.over() {
            Some(over) => {
                rows.each_member(over, &spec.columns(), |members| self.fill(spec, members))
            }
            None => self.fill(spec, rows),
        }
    }

    /// Counts what are rows to it. An event must not be split between two calls.
    ///
    /// # Errors
    /// When a column is missing or of an unreadable type; the counts must be discarded then.
    fn fill(&mut self, spec: &Self::Spec, rows: &RowBatch<'_>) -> Result<(), FillError>;

    /// Adds what another shard counted of the same.
    fn merge(&mut self, spec: &Self::Spec, other: &Self);

    /// Whether counts that came from outside can be of this.
    fn fits(&self, spec: &Self::Spec) -> bool;

    /// What was left out so far for want of a number.
    fn dropped(&self) -> Dropped;

    /// The value of everything counted so far.
    fn finalise(&self, spec: &Self::Spec) -> Self::Result;
}
