//! Measures a shard again on its own table, when what is measured changed: no input is read, and
//! table and cut flow stay as they are.
//!
//! The table is copied to scratch space, or has another name there, and is held against its marker first:
//! what is measured is of the bytes that were committed, or of none.

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use arrow_array::RecordBatch;
use lumimill_common::failure::{Failure, FailureKind};
use lumimill_common::marker::Marker;
use lumimill_common::metric::{MetricSpec, Partial};
use lumimill_common::store::{Key, Store};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use tokio::task::spawn_blocking;

use crate::prepared_stage::PreparedStage;
use crate::store_failure::store_failure;
use crate::told_apart::Events;
use crate::unfinished::Unfinished;
use crate::whole_events::WholeEvents;

/// Rows that are read at once.
const BATCH_ROWS: usize = 16_384;
/// Bytes of a table that are copied at once.
const PIECE: u64 = 8 << 20;

/// Whether what a stage measures can be measured without making the table of this marker again, which
/// is so where there is none: what counts events
/// must be able to tell them apart, and what is of cuts needs the rows that did not pass, and what shuffles features needs all of
/// these.
#[must_use]
pub fn can_be_measured(marker: &Marker, metrics: &[MetricSpec]) -> bool {
    let is_of_table = |metric: &MetricSpec| {
        metric.before_cuts().is_none()
            && metric.shuffles().is_none()
            && (marker.tells_events || !metric.needs_events())
    };
    !marker.has_table() || metrics.iter().all(is_of_table)
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
    /// One that lies there already.
    #[cfg(test)]
    pub(crate) fn at(path: PathBuf) -> Self {
        Self(path)
    }

    /// Copies a table piece by piece, or gives it another name where that is enough; `None` when it is gone, or
    /// is not what its marker says.
    pub(crate) async fn of(
        store: &dyn Store,
        key: &Key,
        marker: &Marker,
        path: PathBuf,
    ) -> Result<Option<Self>, Failure> {
        let scratch = |error: std::io::Error| {
            let message = format!("cannot write {}: {error}", path.display());
            Failure::retry(
                FailureKind::Scratch,
                path.parent().unwrap_or(&path).display(),
                message,
            )
        };
        let copy = Self(path.clone());
        // What was left there may be another name of the table: nothing is written into it.
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(scratch(error)),
            _ => {}
        }
        if store.link(key, &path) {
            let (linked, bytes, hash) = (path.clone(), marker.bytes, marker.hash.clone());
            let looked = spawn_blocking(move || is_of(&linked, bytes, &hash)).await;
            let is_it = looked.unwrap_or_else(|error| Err(error.into()));
            return Ok(is_it.map_err(scratch)?.then_some(copy));
        }
        let mut file = File::create_new(&path).map_err(scratch)?;
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

/// Whether a file has so many bytes, of this hash.
fn is_of(path: &Path, bytes: u64, hash: &str) -> std::io::Result<bool> {
    let file = File::open(path)?;
    if file.metadata()?.len() != bytes {
        return Ok(false);
    }
    let mut hasher = blake3::Hasher::new();
    let read = hasher.update_reader(file.take(bytes))?.count();
    Ok(read == bytes && hasher.finalize().to_hex().as_str() == hash)
}

/// What is measured on the rows of a table; `progress` is told of each batch of them, and ends the
/// work with an error.
pub(crate) fn measure(
    table: &Path,
    prepared: &PreparedStage,
    mut progress: impl FnMut(u64) -> Result<(), Unfinished>,
) -> Result<Vec<Partial>, Unfinished> {
    let stage = prepared.stage();
    let metrics = prepared.metrics();
    let mut partials: Vec<Partial> = metrics.iter().map(Partial::new).collect();
    if partials.is_empty() {
        return Ok(partials);
    }
    let unreadable = |error: &dyn std::fmt::Display| {
        let message = format!("{}: its table cannot be read again: {error}", stage.name);
        Failure::retry(FailureKind::Internal, &stage.name, message)
    };
    let file = File::open(table).map_err(|error| unreadable(&error))?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(file);
    let builder = builder.map_err(|error| unreadable(&error))?;
    let events = match metrics.iter().any(MetricSpec::needs_events) {
        true => Events::of(prepared.rows_are_events(), builder.schema()),
        false => Events::Unknown,
    };
    let mut names: Vec<String> = metrics.iter().flat_map(MetricSpec::columns).collect();
    names.extend_from_slice(events.columns());
    let fields = builder.schema().fields().iter().enumerate();
    let needed = fields.filter(|(_, field)| names.contains(field.name()));
    let roots: Vec<usize> = needed.map(|(index, _)| index).collect();
    let columns = ProjectionMask::roots(builder.parquet_schema(), roots);
    let reader = builder.with_projection(columns).with_batch_size(BATCH_ROWS);
    let mut whole = WholeEvents::of(events);
    let mut fill = |batch: &RecordBatch, events: &Events| {
        let failure = |error| Failure::reject(FailureKind::Metric, stage.name.as_str(), error);
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{ArrayRef, BooleanArray, Float32Array, UInt32Array, UInt64Array};
    use arrow_schema::Schema;
    use lumimill_common::campaign::Campaign;
    use lumimill_common::metric::RowBatch;
    use parquet::arrow::ArrowWriter;

    use super::*;
    use crate::identity::Role;

    const TEXT: &str = r#"
name = "c"
output = "o"
[[dataset]]
name = "d"
kind = "mc"
files = ["a.root"]
[[stage]]
name = "s"
rows = { each = "Muon" }
keep = ["run", "luminosityBlock as lumi", "event", "HLT_X"]
[stage.columns]
s = "pt"
[[stage.metric]]
ranking = { label = "HLT_X", score = "s", per = "event" }
[[stage.metric]]
drift = { by = "run", columns = ["s"], labels = ["HLT_X"] }
"#;

    fn prepared() -> PreparedStage {
        let campaign = Campaign::parse(TEXT).unwrap();
        let none = |_: &str| Err(String::from("no models here"));
        PreparedStage::load(&campaign, 0, &none).unwrap()
    }

    /// Rows of events of one to five rows, and of one that is longer than a batch.
    fn rows() -> RecordBatch {
        let mut events: Vec<u64> = Vec::new();
        for event in 0..20_000u64 {
            events.extend(std::iter::repeat_n(event, 1 + (event as usize * 7) % 5));
        }
        events.extend(std::iter::repeat_n(20_000, BATCH_ROWS + 100));
        events.extend([20_001, 20_001, 20_002]);
        let score = |row: usize| ((row * 7_919) % 1_000) as f32 / 1_000.0;
        let columns: [(&str, ArrayRef); 5] = [
            (
                "run",
                Arc::new(UInt32Array::from_iter_values(
                    events.iter().map(|event| 1 + (event / 3_000) as u32),
                )),
            ),
            ("lumi", Arc::new(UInt32Array::from_value(1, events.len()))),
            ("event", Arc::new(UInt64Array::from(events.clone()))),
            (
                "HLT_X",
                Arc::new(BooleanArray::from_iter(
                    events.iter().map(|event| Some(event % 3 == 0)),
                )),
            ),
            (
                "s",
                Arc::new(Float32Array::from_iter_values((0..events.len()).map(score))),
            ),
        ];
        RecordBatch::try_from_iter(columns).unwrap()
    }

    #[test]
    fn no_event_is_cut_between_two_batches() {
        let (folder, rows) = (tempfile::tempdir().unwrap(), rows());
        assert!(rows.num_rows() > 4 * BATCH_ROWS);
        let path = folder.path().join("table.parquet");
        // As its stage writes it: run, lumi and event in their roles.
        let plain = rows.schema();
        let keys = plain
            .fields()
            .iter()
            .zip([Role::Run, Role::Lumi, Role::Event]);
        let keys = keys.map(|(field, role)| Arc::new(role.given_to(field.as_ref().clone())));
        let others = plain.fields().iter().skip(3).cloned();
        let schema = Arc::new(Schema::new(keys.chain(others).collect::<Vec<_>>()));
        let mut writer = ArrowWriter::try_new(File::create(&path).unwrap(), schema, None).unwrap();
        writer.write(&rows).unwrap();
        writer.close().unwrap();
        let prepared = prepared();
        let mut read = 0;
        let count = |rows| {
            read += rows;
            Ok(())
        };
        let found = measure(&path, &prepared, count).unwrap();
        assert_eq!(read, rows.num_rows() as u64);
        let whole = RowBatch::try_new(&rows, Some(["run", "lumi", "event"])).unwrap();
        for (metric, found) in prepared.metrics().iter().zip(&found) {
            let mut expected = Partial::new(metric);
            expected.fill(&whole).unwrap();
            assert_eq!(*found, expected, "{metric}");
        }
        let stop = || Unfinished::Stopped("the work was stopped");
        let stopped = measure(&path, &prepared, |_| Err(stop())).unwrap_err();
        assert_eq!(stopped, stop());
    }
}
