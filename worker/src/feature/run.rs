//! A program at work: from a batch of events to rows.

use std::sync::Arc;

use arrow_array::{Array, ArrayRef, BooleanArray, RecordBatch, RecordBatchOptions, UInt32Array};
use arrow_schema::Field;
use arrow_select::filter::filter_record_batch;
use arrow_select::take::take_record_batch;
use lumimill_common::expression::{Checked, EvaluateError, Index, Inputs, RowIndex, same_lengths};
use lumimill_common::metric::Unit;

#[cfg(doc)]
use super::Step;
use super::candidate::{Candidates, Formed};
use super::list::{with_column, without_nulls};
use super::output::Output;
use super::scattered::scattered;
use super::{Program, Rows, RunError};

impl Program {
    /// The rows that the certified events of a batch give (all of them, without a mask).
    ///
    /// The batch has the columns of [`Program::branches`], and maybe others.
    pub fn run(
        &self,
        events: &RecordBatch,
        certified: Option<&BooleanArray>,
    ) -> Result<Rows, RunError> {
        let passing = self.passing(events, certified)?;
        let formed = self.form(events, &passing, None)?;
        self.rows(events, &passing, (formed, passing.len()))
    }

    /// The candidates that the `passing` entries give, several of which may be of one event: `of_events`
    /// says of which each is. The batch has the columns of [`Step::Candidates`] and before.
    pub(crate) fn form(
        &self,
        events: &RecordBatch,
        passing: &Index,
        of_events: Option<&[u32]>,
    ) -> Result<Formed, RunError> {
        self.collections.check_those_there(events)?;
        let mut formed = self.candidates.form(events, passing)?;
        if let Some(of_events) = of_events {
            formed.number_within(of_events);
        }
        Ok(formed)
    }

    /// The rows of candidates that were formed of the `passing` events of a batch. Of those, `passed`
    /// passed `where`, of which some may not be in the batch any more: such as gave no candidate.
    pub(crate) fn rows(
        &self,
        events: &RecordBatch,
        passing: &Index,
        (formed, passed): (Formed, usize),
    ) -> Result<Rows, RunError> {
        self.collections.check(events)?;
        let mut left = vec![passed as u64, formed.number.len() as u64];
        let (batch, select) = match passing {
            Index::Chosen(chosen) if self.of_passing => {
                let chosen = UInt32Array::from_iter_values(chosen.iter().copied());
                let events = take_record_batch(events, &chosen)?;
                let formed = Formed::of_events(Index::All(chosen.len()));
                let of = |entry: usize| chosen.values().get(entry).map_or(entry, |at| *at as usize);
                let columns = self.columns(&events, &formed);
                columns.map_err(|error| error.with_entries(of))?
            }
            _ => self.columns(events, &formed)?,
        };
        let rows = Rows {
            batch,
            event_index: UInt32Array::from(chosen(&formed.events)),
            candidate: UInt32Array::from(formed.number),
            counts: Vec::new(),
        };
        let mut rows = match &select {
            Some(select) => rows.filter(select)?,
            None => rows,
        };
        left.push(rows.batch.num_rows() as u64);
        rows.counts = self.count(&left);
        Ok(rows)
    }

    /// The rows whose scores pass `select`, where it names a score: `rows` has the score columns.
    pub(crate) fn select_scored(&self, rows: Rows) -> Result<Rows, RunError> {
        let Some(select) = &self.scored_select else {
            return Ok(rows);
        };
        let passes = {
            let mut inputs = Inputs::events(&rows.batch);
            for (field, column) in rows
                .batch
                .schema()
                .fields()
                .iter()
                .zip(rows.batch.columns())
            {
                inputs.define(field.name(), without_nulls(Arc::clone(column)));
            }
            let passes = select.evaluate(&inputs).map_err(|error| match error {
                EvaluateError::NoValue { why, entry } => EvaluateError::NoValue {
                    why,
                    entry: rows
                        .event_index
                        .values()
                        .get(entry)
                        .map_or(entry, |at| *at as usize),
                },
                error => error,
            })?;
            BooleanArray::from(passes.into_bools().into_vec(rows.batch.num_rows()))
        };
        rows.filter(&passes)
    }

    /// The events that are certified and pass `where`; the batch has the columns of [`Step::Where`].
    pub(crate) fn passing(
        &self,
        events: &RecordBatch,
        certified: Option<&BooleanArray>,
    ) -> Result<Index, RunError> {
        self.collections.check_those_there(events)?;
        let len = events.num_rows();
        let is_certified = |at: usize| {
            certified.is_none_or(|mask| at < mask.len() && mask.is_valid(at) && mask.value(at))
        };
        let passes = match &self.condition {
            // What has no value in an event that is not certified is nobody's business.
            Some(condition) if condition.is_partial() => {
                let asked: Vec<u32> = (0..len)
                    .filter(|at| is_certified(*at))
                    .map(|at| at as u32)
                    .collect();
                let rows = RowIndex::events(Index::Chosen(asked.clone()));
                let inputs = Inputs::rows(events, rows)?;
                let of_asked = condition.evaluate(&inputs)?.into_bools();
                Some(scattered(&asked, &of_asked.into_vec(asked.len()), len))
            }
            Some(condition) => {
                let inputs = Inputs::events(events);
                Some(condition.evaluate(&inputs)?.into_bools().into_vec(len))
            }
            None => None,
        };
        let passing: Vec<u32> = match (&passes, certified) {
            (None, None) => return Ok(Index::All(len)),
            (None, Some(mask)) if mask.len() == len && mask.null_count() == 0 => {
                mask.values().set_indices().map(|at| at as u32).collect()
            }
            _ => {
                let passes = |at: &usize| passes.as_ref().is_none_or(|passes| passes[*at]);
                let passing = (0..len).filter(|at| is_certified(*at) && passes(at));
                passing.map(|at| at as u32).collect()
            }
        };
        Ok(if passing.len() == len {
            Index::All(len)
        } else {
            Index::Chosen(passing)
        })
    }

    /// The output columns of all candidates, and which of them pass `select`.
    fn columns(
        &self,
        events: &RecordBatch,
        formed: &Formed,
    ) -> Result<(RecordBatch, Option<BooleanArray>), RunError> {
        let len = formed.number.len();
        let mut events = events.clone();
        let mut results: Vec<(&str, ArrayRef)> = Vec::new();
        let mut columns = Vec::with_capacity(self.outputs.len());
        // What follows a list reads it as a column of the events.
        for outputs in self.outputs.split_inclusive(Output::is_list) {
            let mut inputs = inputs_of(&events, formed, &results)?;
            for output in outputs {
                let values = output.values(&events, formed, &inputs)?;
                if output.is_result() {
                    inputs.define(&output.name, Arc::clone(&values));
                    results.push((&output.name, Arc::clone(&values)));
                }
                columns.push(values);
            }
            drop(inputs);
            if let (Some(output), Some(values)) = (outputs.last(), columns.last())
                && output.is_list()
            {
                let field = Field::new(&output.name, output.stored.clone(), false);
                events = with_column(&events, field, Arc::clone(values))?;
            }
        }
        for (first, second) in &self.beside {
            let column =
                |at: &usize| Some((self.outputs.get(*at)?.name.as_str(), columns.get(*at)?));
            if let Some((first, second)) = column(first).zip(column(second)) {
                same_lengths(first, second)?;
            }
        }
        let inputs = inputs_of(&events, formed, &results)?;
        let select = |select: &Checked| -> Result<_, RunError> {
            Ok(BooleanArray::from(
                select.evaluate(&inputs)?.into_bools().into_vec(len),
            ))
        };
        let select = self.select.as_ref().map(select).transpose()?;
        let options = RecordBatchOptions::new().with_row_count(Some(len));
        let batch = RecordBatch::try_new_with_options(self.schema.clone(), columns, &options)?;
        Ok((batch, select))
    }

    /// The counts after `where`, forming candidates and `select`, of the steps that there are.
    fn count(&self, left: &[u64]) -> Vec<(String, Unit, u64)> {
        let is_there = [
            self.condition.is_some(),
            !matches!(self.candidates, Candidates::Event),
            self.select.is_some(),
        ];
        let left = left
            .iter()
            .zip(is_there)
            .filter(|(_, there)| *there)
            .map(|(count, _)| *count);
        self.steps
            .iter()
            .zip(left)
            .map(|((name, unit), count)| (name.clone(), *unit, count))
            .collect()
    }
}

impl Rows {
    /// The rows where `passes` is true.
    pub(crate) fn filter(self, passes: &BooleanArray) -> Result<Self, RunError> {
        if passes.true_count() == self.batch.num_rows() {
            return Ok(self);
        }
        let index = |of: &UInt32Array| -> UInt32Array {
            let kept = of
                .values()
                .iter()
                .zip(passes.values())
                .filter(|(_, passes)| *passes);
            kept.map(|(value, _)| *value).collect::<Vec<_>>().into()
        };
        Ok(Self {
            event_index: index(&self.event_index),
            candidate: index(&self.candidate),
            batch: filter_record_batch(&self.batch, passes)?,
            counts: self.counts,
        })
    }
}

/// What expressions of the rows read: the events, and earlier results.
fn inputs_of<'b>(
    events: &'b RecordBatch,
    formed: &Formed,
    results: &[(&str, ArrayRef)],
) -> Result<Inputs<'b>, RunError> {
    let mut inputs = Inputs::rows(events, formed.index.clone())?;
    for (name, values) in results {
        inputs.define(name, Arc::clone(values));
    }
    Ok(inputs)
}

fn chosen(index: &Index) -> Vec<u32> {
    match index {
        Index::All(len) => (0..*len as u32).collect(),
        Index::Chosen(chosen) => chosen.clone(),
    }
}
