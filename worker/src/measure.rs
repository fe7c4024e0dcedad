//! Measures a shard again on its own table, when what is measured changed: no input is read, and
//! table and cut flow stay as they are.
//!
//! The table is copied to scratch space and held against its marker first: what is measured is of
//! the bytes that were committed, or of none.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use arrow_array::RecordBatch;
use arrow_select::concat::concat_batches;
use lumimill_common::failure::Failure;
use lumimill_common::marker::Marker;
use lumimill_common::metric::{MetricSpec, Partial};
use lumimill_common::retry_policy::SCRATCH;
use lumimill_common::store::{Key, Store};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::prepared_stage::PreparedStage;
use crate::production::store_failure;
use crate::told_apart::Events;

/// Rows that are read at once.
const BATCH_ROWS: usize = 16_384;
/// Bytes of a table that are copied at once.
const PIECE: u64 = 8 << 20;

/// Whether what a stage measures can be measured on a table with this marker: what counts events
/// must be able to tell them apart.
#[must_use]
pub fn can_be_measured(marker: &Marker, metrics: &[MetricSpec]) -> bool {
    marker.tells_events || !metrics.iter().any(MetricSpec::needs_events)
}

/// A table in scratch space; removed when it is dropped.
#[derive(Debug)]
pub(crate) struct TableCopy(PathBuf);

impl Drop for TableCopy {
    fn drop(&mut self) {
        // Scratch space is swept anyway; this only frees it sooner.
        let _ = std::fs::remove_file(&self.0);
    }
}

impl TableCopy {
    /// Copies a table piece by piece; `None` when it is gone, or is not what its marker says.
    pub(crate) async fn of(
        store: &dyn Store,
        key: &Key,
        marker: &Marker,
        path: PathBuf,
    ) -> Result<Option<Self>, Failure> {
        let scratch = |error: std::io::Error| {
            let message = format!("cannot write {}: {error}", path.display());
            Failure::retry(SCRATCH, path.parent().unwrap_or(&path).display(), message)
        };
        let copy = Self(path.clone());
        let mut file = File::create(&path).map_err(scratch)?;
        let (mut hash, mut size) = (blake3::Hasher::new(), 0);
        while size <= marker.bytes {
            let piece = store.get_range(key, size..size + PIECE).await;
            let Some(piece) = piece.map_err(|error| store_failure(&error))? else {
                return Ok(None);
            };
            if piece.is_empty() {
                break;
            }
            hash.update(&piece);
            size += piece.len() as u64;
            file.write_all(&piece).map_err(scratch)?;
        }
        let is_it = size == marker.bytes && hash.finalize().to_hex().as_str() == marker.hash;
        Ok(is_it.then_some(copy))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

/// What is measured on the rows of a table; `progress` is told of each batch of them, and ends the
/// work with an error.
pub(crate) fn measure(
    table: &Path,
    prepared: &PreparedStage,
    mut progress: impl FnMut(u64) -> Result<(), Failure>,
) -> Result<Vec<Partial>, Failure> {
    let stage = prepared.stage();
    let metrics = prepared.metrics();
    let mut partials: Vec<Partial> = metrics.iter().map(Partial::new).collect();
    if partials.is_empty() {
        return Ok(partials);
    }
    let events = match metrics.iter().any(MetricSpec::needs_events) {
        true => Events::of(stage),
        false => Events::Unknown,
    };
    let mut names: Vec<String> = metrics.iter().flat_map(MetricSpec::columns).collect();
    names.extend_from_slice(events.columns());
    let unreadable = |error: &dyn std::fmt::Display| {
        let message = format!("{}: its table cannot be read again: {error}", stage.name);
        Failure::retry("internal", &stage.name, message)
    };
    let file = File::open(table).map_err(|error| unreadable(&error))?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(file);
    let builder = builder.map_err(|error| unreadable(&error))?;
    let fields = builder.schema().fields().iter().enumerate();
    let needed = fields.filter(|(_, field)| names.contains(field.name()));
    let roots: Vec<usize> = needed.map(|(index, _)| index).collect();
    let columns = ProjectionMask::roots(builder.parquet_schema(), roots);
    let reader = builder.with_projection(columns).with_batch_size(BATCH_ROWS);
    let mut whole = WholeEvents::of(events);
    let mut fill = |batch: &RecordBatch, events: &Events| {
        let failure = |error| Failure::reject("metric", stage.name.as_str(), error);
        let rows = events.rows(batch).map_err(failure)?;
        let mut partials = partials.iter_mut();
        partials.try_for_each(|partial| partial.fill(&rows).map_err(failure))
    };
    for batch in reader.build().map_err(|error| unreadable(&error))? {
        let batch = batch.map_err(|error| unreadable(&error))?;
        let rows = batch.num_rows() as u64;
        if let Some(batch) = whole.next(batch).map_err(|error| unreadable(&error))? {
            fill(&batch, &whole.events)?;
        }
        progress(rows)?;
    }
    if let Some(batch) = whole.held.take() {
        fill(&batch, &whole.events)?;
    }
    Ok(partials)
}

/// Batches cut anew, so that no event is in two of them.
struct WholeEvents {
    events: Events,
    /// Rows of an event that may go on.
    held: Option<RecordBatch>,
}

impl WholeEvents {
    fn of(events: Events) -> Self {
        Self { events, held: None }
    }

    /// What is whole of what was held and the rows that follow.
    fn next(
        &mut self,
        batch: RecordBatch,
    ) -> Result<Option<RecordBatch>, Box<dyn std::error::Error>> {
        if !matches!(self.events, Events::Columns(_)) || batch.num_rows() == 0 {
            return Ok(Some(batch));
        }
        let batch = match self.held.take() {
            Some(held) => concat_batches(&batch.schema(), [&held, &batch])?,
            None => batch,
        };
        let last = self.events.rows(&batch)?.last_event().unwrap_or(0);
        self.held = Some(batch.slice(last, batch.num_rows() - last));
        Ok((last > 0).then(|| batch.slice(0, last)))
    }
}
