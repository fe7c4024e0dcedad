//! A table with the same rows as those that are read.

use std::sync::Arc;

use arrow_array::{RecordBatch, RecordBatchReader};
use arrow_schema::Field;
use arrow_select::concat::concat_batches;
use lumimill_common::campaign::StageName;
use lumimill_common::failure::{Failure, FailureKind};
use parquet::arrow::arrow_reader::ParquetRecordBatchReader;

use super::found::Found;
use crate::compiled_stage::CompiledStage;
use crate::stored_table::{StoredTable, unreadable};

/// The rows of a table, in their order, as many at a time as somebody asks for.
pub(crate) struct Zipped {
    stage: StageName,
    rows: ParquetRecordBatchReader,
    held: RecordBatch,
}

impl Zipped {
    /// A table of rows that a stage has one for one.
    pub(crate) fn of(table: StoredTable<'_>, reading: &CompiledStage) -> Result<Self, Failure> {
        let stage = table.stage().clone();
        let names = table.added(reading);
        let rows = table.rows(&names)?;
        Ok(Self {
            stage,
            held: RecordBatch::new_empty(rows.schema()),
            rows,
        })
    }

    /// The next so many rows, which must be there.
    pub(super) fn next(&mut self, count: usize) -> Result<Found, Failure> {
        let stage = &self.stage;
        while self.held.num_rows() < count {
            let Some(more) = self.rows.next() else {
                let message =
                    format!("stage {stage} has fewer rows than those that it stands beside");
                return Err(Failure::reject(FailureKind::Parent, stage, message));
            };
            let more = more.map_err(|error| unreadable(stage, &error))?;
            let all = match self.held.num_rows() {
                0 => Ok(more),
                _ => concat_batches(&self.held.schema(), [&self.held, &more]),
            };
            self.held = all.map_err(|error| unreadable(stage, &error))?;
        }
        let rows = self.held.slice(0, count);
        self.held = self.held.slice(count, self.held.num_rows() - count);
        let fields: Vec<Arc<Field>> = rows.schema_ref().fields().iter().cloned().collect();
        Ok(Found {
            fields,
            columns: rows.columns().to_vec(),
            stays: None,
        })
    }
}
