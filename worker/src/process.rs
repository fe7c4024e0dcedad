//! The processing core: a shard's entries in, rows and measurements out, in bounded batches.
//!
//! Synchronous and pure: it knows a reader of entries and a sink to write to, nothing of files,
//! queues and stores. Events are never split between two batches.

mod chosen;
mod columns;
mod fill;
mod keys;
mod place;
mod sample;
mod shuffles;

use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Schema};
use lumimill_common::campaign::Problem;
use lumimill_common::failure::{Failure, FailureKind};
use lumimill_common::metric::{CutFlow, Partial, Unit};
use lumimill_common::shard::Shard;

use crate::compiled_stage::CompiledStage;
use crate::drawn::DRAW;
use crate::entry_reader::{Counted, Entries, EntryReader};
use crate::feature::Rows;
use crate::fold_column::fold_field;
use crate::given::Given;
use crate::measured::Measured;
use crate::stage_model::{NotScored, StageModel, score_with_graphs};
use crate::told_apart::ToldApart;
use crate::unfinished::Unfinished;
use crate::weights::no_weights;

use chosen::{Chosen, chosen};
use columns::{beside, with_column};
use fill::{fill, fill_before_cuts};
use keys::{event_folds, event_keys, row_draws, take};
use place::Place;
use shuffles::Shuffles;

/// Where rows go, and who is told how far the work is.
pub trait Sink {
    /// Takes the rows of a batch.
    fn rows(&mut self, rows: &RecordBatch) -> Result<(), Failure>;

    /// Is told that this many more entries are behind us; an error stops the work.
    fn progress(&mut self, entries: u64) -> Result<(), Unfinished>;
}

/// What is measured on a shard, as it is processed.
pub(crate) struct Measuring<'a> {
    measured: Measured,
    given: Given<'a>,
    told_apart: ToldApart,
    shuffles: Shuffles,
}

impl<'a> Measuring<'a> {
    /// Of a shard of a stage, of which nothing is processed yet, and whose rows are given this.
    pub(crate) fn of(stage: &CompiledStage, given: Given<'a>) -> Self {
        let metrics = stage.prepared().metrics();
        Self {
            measured: Measured {
                rows: 0,
                cut_flow: CutFlow::new(),
                tells_events: false,
                frozen: None,
                fits: given.digests(),
                partials: metrics.iter().map(Partial::new).collect(),
            },
            given,
            told_apart: ToldApart::new(stage.events_of_rows()),
            shuffles: Shuffles::of(stage.prepared()),
        }
    }

    /// Processes a piece of the shard, whose entries a reader gives.
    pub(crate) fn process(
        &mut self,
        shard: &Shard,
        reader: &mut dyn EntryReader,
        stage: &CompiledStage,
        sink: &mut dyn Sink,
    ) -> Result<(), Unfinished> {
        while let Some(counted) = reader.next()? {
            count_read(stage, &counted, &mut self.measured.cut_flow);
            let rows = match counted.entries {
                Some(entries) => {
                    let (entries, chosen) = chosen((shard, stage), reader, counted.start, entries)?;
                    let place = Place {
                        shard,
                        reader,
                        start: counted.start,
                        stretches: &entries.stretches,
                    };
                    Some(batch_rows(&place, stage, (&entries, chosen), self)?)
                }
                None => {
                    count_none(stage, &mut self.measured.cut_flow);
                    None
                }
            };
            if let Some(rows) = rows {
                self.measured.rows += rows.num_rows() as u64;
                sink.rows(&rows)?;
            }
            sink.progress(counted.left.first().copied().unwrap_or(0))?;
        }
        Ok(())
    }

    /// What was measured; what is to be scored again is.
    pub(crate) fn done(self) -> Result<Measured, Failure> {
        let Self {
            mut measured,
            told_apart,
            shuffles,
            ..
        } = self;
        shuffles.measure(&mut measured.partials)?;
        measured.tells_events = told_apart.is_so();
        Ok(measured)
    }
}

/// Lets a stage work on no events at all of files with these branches, and says what is wrong with
/// it that only work shows: columns of which a model can make nothing.
#[must_use]
pub fn rehearse(stage: &CompiledStage, schema: &Schema) -> Vec<Problem> {
    let prepared = stage.prepared();
    let of_stage = |path: &str, message: String| Problem {
        path: format!("{}{path}", prepared.path()),
        message,
    };
    let branches = stage.branches(false);
    let fields = branches
        .iter()
        .filter_map(|name| schema.field_with_name(name).ok())
        .cloned();
    let events = RecordBatch::new_empty(Arc::new(Schema::new(fields.collect::<Vec<_>>())));
    let events = match stage.as_read(events, "") {
        Ok(events) => events,
        Err(error) => return vec![of_stage("", error.to_string())],
    };
    let rows = stage.program().run(&events, None);
    let rows = rows
        .map_err(|error| error.to_string())
        .and_then(|mut rows| {
            let columns = added_columns("no file", (stage, &Given::default()), &events, &rows);
            let (columns, _) = columns.map_err(NotScored::message)?;
            let batch = extended(&rows.batch, stage, columns);
            rows.batch = batch.map_err(|failure| failure.message)?;
            Ok(rows)
        });
    let wrong = rows.err().map(|message| of_stage("", message));
    wrong.into_iter().collect()
}

/// Counts that no entry of a batch is left.
fn count_none(stage: &CompiledStage, cut_flow: &mut CutFlow) {
    for (name, unit) in stage.program().steps() {
        cut_flow.add(&name, unit, 0);
    }
    let models = stage.prepared().models().iter();
    let before = models.clone().filter_map(StageModel::step_before);
    let after = models.flat_map(StageModel::steps_after);
    for name in before.chain(after).chain(stage.program().scored_step()) {
        cut_flow.add(&name, Unit::Rows, 0);
    }
    let models = stage.prepared().models().iter();
    for name in models.flat_map(StageModel::steps_left_out) {
        cut_flow.add(&name, Unit::Members, 0);
    }
}

fn batch_rows(
    place: &Place<'_>,
    stage: &CompiledStage,
    (entries, chosen): (&Entries, Chosen),
    measuring: &mut Measuring<'_>,
) -> Result<RecordBatch, Failure> {
    let Measuring {
        measured,
        given,
        told_apart,
        shuffles,
    } = measuring;
    let mut rows = chosen
        .rows(stage.program(), entries)
        .map_err(|error| place.failure(error))?;
    for (name, unit, count) in &rows.counts {
        measured.cut_flow.add(name, *unit, *count);
    }
    rows = with_numbers(place, stage, rows, measured)?;
    let url = &place.shard.file.url;
    let columns = added_columns(url, (stage, given), &entries.batch, &rows);
    let (columns, left_out) = columns.map_err(|wrong| place.not_scored(&rows, wrong))?;
    let read = rows.batch.clone();
    rows.batch = extended(&rows.batch, stage, columns)?;
    fill_before_cuts((stage, entries), &read, &rows, measured)?;
    if !shuffles.are_none() {
        // What models read goes with the rows that are left.
        rows.batch = beside(&read, &rows.batch)?;
    }
    let rows = selected(place, stage, read, rows, measured)?;
    let mut rows = stage
        .program()
        .select_scored(rows)
        .map_err(|error| place.failure(error))?;
    if let Some((name, count)) = stage
        .program()
        .scored_step()
        .zip(Some(rows.batch.num_rows() as u64))
    {
        measured.cut_flow.add(&name, Unit::Rows, count);
    }
    for (name, count) in left_out {
        measured.cut_flow.add(&name, Unit::Members, count);
    }
    if !shuffles.are_none() {
        let url = &place.shard.file.url;
        let failed = |error| Failure::reject(FailureKind::Metric, url, error);
        let events = event_keys(stage, &entries.batch, &rows).map_err(failed)?;
        shuffles.add(&rows.batch, &events)?;
        let written: Vec<usize> = (0..stage.schema().fields().len()).collect();
        let written = rows.batch.project(&written);
        rows.batch = written.map_err(|error| failed(error.to_string()))?;
    }
    fill((stage, entries), place, &rows, measured, told_apart)?;
    Ok(rows.batch)
}

/// Counts what was read, and what is left of it after each step of reading.
fn count_read(stage: &CompiledStage, counted: &Counted, cut_flow: &mut CutFlow) {
    let prepared = stage.prepared();
    let stage = prepared.stage();
    let steps = stage.steps_of_reading(prepared.drops_duplicates());
    for (place, (step, left)) in steps.iter().zip(&counted.left).enumerate() {
        cut_flow.add(step, stage.unit_of_reading(place), *left);
    }
}

/// The rows that all models take, where some take no NaN.
fn with_numbers(
    place: &Place<'_>,
    stage: &CompiledStage,
    mut rows: Rows,
    measured: &mut Measured,
) -> Result<Rows, Failure> {
    for model in stage.prepared().models() {
        let numbers = model
            .has_numbers(&rows.batch)
            .map_err(|wrong| place.not_scored(&rows, NotScored::Row(wrong)))?;
        if let (Some(numbers), Some(step)) = (numbers, model.step_before()) {
            rows = rows
                .filter(&numbers)
                .map_err(|error| place.failure(error))?;
            let left = rows.batch.num_rows() as u64;
            measured.cut_flow.add(&step, Unit::Rows, left);
        }
    }
    Ok(rows)
}

/// The rows that pass the cuts of models that have any.
fn selected(
    place: &Place<'_>,
    stage: &CompiledStage,
    read: RecordBatch,
    mut rows: Rows,
    measured: &mut Measured,
) -> Result<Rows, Failure> {
    let mut read = Rows {
        batch: read,
        ..rows.clone()
    };
    for model in stage.prepared().models() {
        let steps = model.steps_after();
        if steps.is_empty() {
            continue;
        }
        // Each selection is of the rows that are left after the one before.
        for (number, step) in steps.iter().enumerate() {
            let whole = beside(&read.batch, &rows.batch)?;
            let selections = model.selections(&whole)?;
            if let Some(passes) = selections.get(number) {
                let filter = |rows: Rows| rows.filter(passes);
                rows = filter(rows).map_err(|error| place.failure(error))?;
                read = filter(read).map_err(|error| place.failure(error))?;
            }
            let left = rows.batch.num_rows() as u64;
            measured.cut_flow.add(step, Unit::Rows, left);
        }
    }
    Ok(rows)
}

/// Columns, and how many members are left out by which step of the cut flow.
type Added = (Vec<ArrayRef>, Vec<(String, u64)>);

/// The fold column, where there is one, the scores and the weights; and what models leave out.
fn added_columns(
    url: &str,
    (stage, given): (&CompiledStage, &Given<'_>),
    events: &RecordBatch,
    rows: &Rows,
) -> Result<Added, NotScored> {
    let mut columns = Vec::new();
    let mut scored = rows.batch.clone();
    if let Some(folds) = stage.folds() {
        let fold = event_folds(stage, events, folds)
            .and_then(|of_events| take(&of_events, rows))
            .map_err(|message| Failure::reject(FailureKind::Model, url, message))?;
        scored = with_column(&scored, fold_field(), fold.clone())?;
        columns.push(fold);
    }
    if stage.prepared().needs_draws() {
        let draws = row_draws(stage, events, rows);
        let draws = draws.map_err(|message| Failure::reject(FailureKind::Model, url, message))?;
        scored = with_column(&scored, Field::new(DRAW, DataType::UInt64, false), draws)?;
    }
    let models = stage.prepared().models();
    let scored = score_with_graphs(models, stage.graphs(), &scored, given)?;
    columns.extend(scored.columns);
    match &given.weights {
        Some(weights) => columns.extend(weights.columns(&rows.batch)?),
        None => columns.extend(no_weights(stage.stage(), rows.batch.num_rows())),
    }
    Ok((columns, scored.left_out))
}

/// The columns that are written: those of the program, fold and scores.
fn extended(
    rows: &RecordBatch,
    stage: &CompiledStage,
    added: Vec<ArrayRef>,
) -> Result<RecordBatch, Failure> {
    let written = rows.columns().iter().take(stage.program().written());
    let columns: Vec<ArrayRef> = written.cloned().chain(added).collect();
    let options = arrow_array::RecordBatchOptions::new().with_row_count(Some(rows.num_rows()));
    RecordBatch::try_new_with_options(stage.schema().clone(), columns, &options)
        .map_err(|error| Failure::reject(FailureKind::Column, "rows", error))
}
