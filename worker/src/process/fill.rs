//! What is measured on the rows of a batch.

use arrow_array::RecordBatch;
use lumimill_common::failure::{Failure, FailureKind};
use lumimill_common::metric::{FillError, Partial, RowBatch};

use super::columns::beside;
use super::place::Place;
use crate::compiled_stage::CompiledStage;
use crate::entry_reader::Entries;
use crate::feature::Rows;
use crate::measured::Measured;
use crate::told_apart::ToldApart;

/// Fills the metrics that are of cuts which are yet to be made.
pub(super) fn fill_before_cuts(
    (stage, entries): (&CompiledStage, &Entries),
    read: &RecordBatch,
    rows: &Rows,
    measured: &mut Measured,
) -> Result<(), Failure> {
    let partials = measured.partials.iter_mut();
    for partial in partials.filter(|partial| partial.spec().before_cuts().is_some()) {
        let score = partial.spec().before_cuts().unwrap_or_default().to_owned();
        let whole = beside(read, &rows.batch)?;
        let mut rows = Rows {
            batch: whole,
            ..rows.clone()
        };
        for model in stage.prepared().models() {
            if let Some(passes) = model.measurable(&rows.batch, &score)? {
                rows = rows
                    .filter(&passes)
                    .map_err(|error| cannot_measure(stage, &error))?;
            }
        }
        let batch = row_batch(stage, entries, &rows)?;
        partial
            .fill(&batch)
            .map_err(|error| cannot_measure(stage, &error))?;
    }
    Ok(())
}

/// Rows as metrics see them, of events as the entries tell.
fn row_batch<'r>(
    stage: &CompiledStage,
    entries: &Entries,
    rows: &'r Rows,
) -> Result<RowBatch<'r>, Failure> {
    let batch = match &entries.events {
        Some(events) => {
            let of = |entry: &u32| events.get(*entry as usize).copied();
            let numbers: Vec<Option<u32>> = rows.event_index.values().iter().map(of).collect();
            RowBatch::of_events(&rows.batch, &numbers)
        }
        None if stage.knows_events() => RowBatch::of_events(&rows.batch, rows.event_index.values()),
        None => RowBatch::try_new(&rows.batch, None),
    };
    batch.map_err(|error| cannot_measure(stage, &error))
}

/// What is wrong, with the event that it is about.
fn named(place: &Place<'_>, rows: &Rows, error: &FillError) -> String {
    match error.row() {
        Some(row) => format!("{}: {error}", place.event(rows, row)),
        None => error.to_string(),
    }
}

fn cannot_measure(stage: &CompiledStage, error: &dyn std::fmt::Display) -> Failure {
    Failure::reject(
        FailureKind::Metric,
        stage.prepared().stage().name.as_str(),
        error,
    )
}

pub(super) fn fill(
    (stage, entries): (&CompiledStage, &Entries),
    place: &Place<'_>,
    rows: &Rows,
    measured: &mut Measured,
    told_apart: &mut ToldApart,
) -> Result<(), Failure> {
    let batch = row_batch(stage, entries, rows)?;
    told_apart.look(&batch, &rows.batch);
    let partials = measured.partials.iter_mut();
    let is_of_table = |partial: &&mut Partial| {
        partial.spec().before_cuts().is_none() && partial.spec().shuffles().is_none()
    };
    for partial in partials.filter(is_of_table) {
        partial.fill(&batch).map_err(|error| {
            let wrong = format!("{}: {}", partial.spec(), named(place, rows, &error));
            cannot_measure(stage, &wrong)
        })?;
    }
    Ok(())
}
