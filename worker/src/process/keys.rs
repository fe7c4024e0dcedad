//! What rows have of their events: folds, and what draws are made of.

use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, UInt64Array};

use super::sample::EventKey;
use crate::compiled_stage::CompiledStage;
use crate::drawn::draw_of;
use crate::feature::Rows;
use crate::identity::{Role, column_of};
use crate::input::{as_u32, as_u64};
use crate::score::fold_column;

/// The fold of each event.
pub(super) fn event_folds(
    stage: &CompiledStage,
    events: &RecordBatch,
    folds: u8,
) -> Result<ArrayRef, String> {
    let [run, lumi, event] = stage.event_columns();
    let column = |name: &str| {
        events
            .column_by_name(name)
            .ok_or_else(|| format!("no column {name}"))
    };
    let runs = as_u32(run, column(run)?)?;
    let lumis = as_u32(lumi, column(lumi)?)?;
    let numbers = as_u64(event, column(event)?)?;
    Ok(Arc::new(fold_column(
        runs.values(),
        lumis.values(),
        numbers.values(),
        folds,
    )))
}

/// Run, lumi section and event of each row.
pub(super) fn event_keys(
    stage: &CompiledStage,
    events: &RecordBatch,
    rows: &Rows,
) -> Result<Vec<EventKey>, String> {
    let [run, lumi, event] = stage.event_columns();
    let column = |name: &str| {
        let column = events.column_by_name(name);
        take(column.ok_or_else(|| format!("no column {name}"))?, rows)
    };
    let runs = as_u32(run, &column(run)?)?;
    let lumis = as_u32(lumi, &column(lumi)?)?;
    let numbers = as_u64(event, &column(event)?)?;
    let all = runs.values().iter().zip(lumis.values());
    let all = all.zip(numbers.values());
    Ok(all
        .map(|((run, lumi), event)| (*run, *lumi, *event))
        .collect())
}

/// What draws of rows are made of.
pub(super) fn row_draws(
    stage: &CompiledStage,
    events: &RecordBatch,
    rows: &Rows,
) -> Result<ArrayRef, String> {
    let keys = event_keys(stage, events, rows)?;
    let candidates = column_of(rows.batch.schema_ref(), Role::Candidate);
    let candidates = candidates.and_then(|name| Some((name, rows.batch.column_by_name(name)?)));
    let candidates = candidates
        .map(|(name, column)| as_u32(name, column))
        .transpose()?;
    let draw = |(row, key): (usize, EventKey)| {
        let candidate = candidates.as_ref().and_then(|of| of.values().get(row));
        draw_of(key, candidate.copied().unwrap_or_default())
    };
    let draws = keys.into_iter().enumerate().map(draw);
    Ok(Arc::new(UInt64Array::from_iter_values(draws)))
}

/// Of each row what its event has.
pub(super) fn take(of_events: &ArrayRef, rows: &Rows) -> Result<ArrayRef, String> {
    arrow_select::take::take(of_events, &rows.event_index, None).map_err(|error| error.to_string())
}
