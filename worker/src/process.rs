//! The processing core: a shard's entries in, rows and measurements out, in bounded batches.
//!
//! Synchronous and pure: it knows a reader of entries and a sink to write to, nothing of files,
//! queues and stores. Events are never split between two batches.

mod fill;
mod keys;
mod sample;
mod shuffles;

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Schema};
use lumimill_common::campaign::{BdtSource, Problem, Stage};
use lumimill_common::failure::{Failure, FailureKind};
use lumimill_common::metric::{CutFlow, FillError, Partial, RowBatch, Unit};
use lumimill_common::shard::Shard;

use crate::compiled_stage::CompiledStage;
use crate::drawn::DRAW;
use crate::entry_reader::{Counted, EntryReader};
use crate::feature::{Rows, RunError};
use crate::fit::Frozen;
use crate::given::Given;
use crate::prepared_stage::{PreparedStage, fold_field};
use crate::stage_model::{NotScored, StageModel, score_with_graphs};
use crate::told_apart::ToldApart;
use crate::unfinished::Unfinished;
use crate::weights::{no_weights, weight_fields};

use fill::{fill, fill_before_cuts};
use keys::{event_folds, event_keys, row_draws, take};
use shuffles::Shuffles;

/// Where rows go, and who is told how far the work is.
pub trait Sink {
    /// Takes the rows of a batch.
    fn rows(&mut self, rows: &RecordBatch) -> Result<(), Failure>;

    /// Is told that this many more entries are behind us; an error stops the work.
    fn progress(&mut self, entries: u64) -> Result<(), Unfinished>;
}

/// What was measured on a shard.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// Rows that went to the sink.
    pub rows: u64,
    /// Events and rows after each step.
    pub cut_flow: CutFlow,
    /// Whether the columns of the table tell its events apart.
    pub tells_events: bool,
    /// Of each fit that it is made by, the category and the hash of its file.
    pub fits: BTreeMap<String, String>,
    /// One partial for each metric.
    pub partials: Vec<Partial>,
    /// The file of a fit, to be put beside the table.
    pub(crate) frozen: Option<Frozen>,
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
            let place = Place {
                shard,
                reader,
                start: counted.start,
            };
            let rows = batch_rows(&place, stage, &counted, self)?;
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

/// What is wrong with metrics of a stage by the types of these columns, those of the table that are
/// known to be right, and of scores. What a model that did not load would give is taken to be a score,
/// of which nothing is said.
pub(crate) fn wrong_metrics(
    prepared: &PreparedStage,
    stage: &Stage,
    mut columns: Vec<Field>,
) -> Vec<Problem> {
    if stage.has_folds() {
        columns.push(fold_field());
    }
    let known: Vec<Field> = prepared
        .models()
        .iter()
        .flat_map(StageModel::fields)
        .collect();
    let mut guessed = Vec::new();
    for model in &stage.models {
        let bin = model.bdt().map(|_| BdtSource::bin_column(&model.name));
        for name in model.columns() {
            let field = known.iter().find(|field| field.name() == name).cloned();
            columns.push(field.unwrap_or_else(|| {
                guessed.push(name);
                let is_bin = bin.as_deref() == Some(name);
                let stored = if is_bin {
                    DataType::Int32
                } else {
                    DataType::Float32
                };
                Field::new(name, stored, false)
            }));
        }
    }
    columns.extend(weight_fields(stage));
    let batch = RecordBatch::new_empty(Arc::new(Schema::new(columns)));
    let Ok(batch) = RowBatch::of_events::<u32>(&batch, &[]) else {
        return Vec::new();
    };
    // What is counted for the fits of other stages is told there.
    let metrics = prepared.metrics().iter().take(stage.metrics.len());
    let metrics = metrics.enumerate().map(|(number, metric)| {
        let place = stage.reading.metrics.of(number);
        (format!("metric[{place}]"), metric.clone())
    });
    let key = if stage.is_fit() { "fit" } else { "kde" };
    let counting = stage.counting().map(|counting| (key.to_owned(), counting));
    let wrong = metrics.chain(counting).filter_map(|(key, metric)| {
        let error = Partial::new(&metric).fill(&batch).err()?;
        // A column that is not there is a mistake already, or made of one.
        let is_told = match &error {
            FillError::MissingColumn { .. } => true,
            FillError::WrongType { column, .. } => guessed.contains(&column.as_str()),
            _ => false,
        };
        (!is_told).then(|| Problem {
            path: format!("{}.{key}", prepared.path()),
            message: error.to_string(),
        })
    });
    wrong.collect()
}

/// Where a batch is from.
struct Place<'a> {
    shard: &'a Shard,
    reader: &'a dyn EntryReader,
    /// The entry that it begins with.
    start: u64,
}

impl Place<'_> {
    /// Why rows are not scored, with the event of the row that it is about.
    fn not_scored(&self, rows: &Rows, wrong: NotScored) -> Failure {
        let wrong = match wrong {
            NotScored::Failed(failure) => return failure,
            NotScored::Row(wrong) => wrong,
        };
        let message = format!("{}: {}", self.event(rows, wrong.row), wrong.message);
        Failure::reject(FailureKind::Model, &self.shard.file.url, message)
    }

    /// The event of a row.
    fn event(&self, rows: &Rows, row: usize) -> String {
        let entry = rows.event_index.values().get(row);
        let entry = entry.map_or(0, |entry| u64::from(*entry));
        self.reader.name(self.start.saturating_add(entry))
    }

    /// What went wrong in a batch, with the event that it went wrong at.
    fn failure(&self, error: &RunError) -> Failure {
        let url = &self.shard.file.url;
        match error.entry() {
            Some(entry) => {
                let event = self.reader.name(self.start.saturating_add(entry as u64));
                Failure::reject(FailureKind::Column, url, format!("{event}: {error}"))
            }
            None => Failure::reject(FailureKind::Column, url, error),
        }
    }
}

fn batch_rows(
    place: &Place<'_>,
    stage: &CompiledStage,
    counted: &Counted,
    measuring: &mut Measuring<'_>,
) -> Result<Option<RecordBatch>, Failure> {
    let Measuring {
        measured,
        given,
        told_apart,
        shuffles,
    } = measuring;
    count_read(stage, counted, &mut measured.cut_flow);
    let Some(entries) = &counted.entries else {
        for (name, unit) in stage.program().steps() {
            measured.cut_flow.add(&name, unit, 0);
        }
        let models = stage.prepared().models().iter();
        let before = models.clone().filter_map(StageModel::step_before);
        let after = models.flat_map(StageModel::steps_after);
        for name in before.chain(after).chain(stage.program().scored_step()) {
            measured.cut_flow.add(&name, Unit::Rows, 0);
        }
        let models = stage.prepared().models().iter();
        for name in models.flat_map(StageModel::steps_left_out) {
            measured.cut_flow.add(&name, Unit::Members, 0);
        }
        return Ok(None);
    };
    let mut rows = stage
        .program()
        .run_of_events(
            &entries.batch,
            entries.counts.as_ref(),
            entries.events.as_deref(),
        )
        .map_err(|error| place.failure(&error.of_batch(place.start)))?;
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
        .map_err(|error| place.failure(&error))?;
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
    Ok(Some(rows.batch))
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
                .map_err(|error| place.failure(&error))?;
            let left = rows.batch.num_rows() as u64;
            measured.cut_flow.add(&step, Unit::Rows, left);
        }
    }
    Ok(rows)
}

/// Scored rows beside what was read for them, which cuts need and the table may not keep.
fn beside(read: &RecordBatch, rows: &RecordBatch) -> Result<RecordBatch, Failure> {
    let mut whole = rows.clone();
    for (field, column) in read.schema_ref().fields().iter().zip(read.columns()) {
        if whole.column_by_name(field.name()).is_none() {
            whole = with_column(&whole, field.as_ref().clone(), column.clone())?;
        }
    }
    Ok(whole)
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
                rows = filter(rows).map_err(|error| place.failure(&error))?;
                read = filter(read).map_err(|error| place.failure(&error))?;
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
    let scored = score_with_graphs(models, stage.graphs(), &scored, given.estimated)?;
    columns.extend(scored.columns);
    match &given.weights {
        Some(weights) => columns.extend(weights.columns(&rows.batch)?),
        None => columns.extend(no_weights(stage.stage(), rows.batch.num_rows())),
    }
    Ok((columns, scored.left_out))
}

fn with_column(rows: &RecordBatch, field: Field, column: ArrayRef) -> Result<RecordBatch, Failure> {
    let fields = rows.schema_ref().fields().iter().cloned();
    let fields = fields.chain([Arc::new(field)]).collect::<Vec<_>>();
    let columns = rows.columns().iter().cloned().chain([column]).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
        .map_err(|error| Failure::reject(FailureKind::Column, "fold", error))
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
