//! A table of a stage that another one reads: its columns, their sizes, its rows.

use std::fmt::Display;
use std::fs::File;
use std::path::Path;

use arrow_schema::Schema;
use lumimill_common::campaign::StageName;
use lumimill_common::failure::{Failure, FailureKind};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
    ParquetRecordBatchReaderBuilder,
};

use crate::compiled_stage::CompiledStage;
use crate::entry_reader::BATCH_ENTRIES;
use crate::identity::Role;

/// A table of a stage that another one reads, whose bytes are known to be right.
pub(crate) struct StoredTable<'a> {
    stage: &'a StageName,
    file: File,
    metadata: ArrowReaderMetadata,
}

impl<'a> StoredTable<'a> {
    pub(crate) fn open(stage: &'a StageName, path: &Path) -> Result<Self, Failure> {
        let file = File::open(path).map_err(|error| unreadable(stage, &error))?;
        let metadata = ArrowReaderMetadata::load(&file, ArrowReaderOptions::new());
        let metadata = metadata.map_err(|error| unreadable(stage, &error))?;
        Ok(Self {
            stage,
            file,
            metadata,
        })
    }

    /// Its columns.
    pub(crate) fn schema(&self) -> &Schema {
        self.metadata.schema()
    }

    /// The stage that made it.
    pub(crate) fn stage(&self) -> &'a StageName {
        self.stage
    }

    /// Bytes of a batch of these columns, unpacked.
    pub(crate) fn batch_bytes(&self, columns: &[String]) -> u64 {
        let of_groups = self.group_bytes(columns).map(|(rows, bytes)| {
            let batch = u128::from(BATCH_ENTRIES.min(rows));
            let of_batch = u128::from(bytes) * batch / u128::from(rows.max(1));
            u64::try_from(of_batch).unwrap_or(u64::MAX)
        });
        of_groups.max().unwrap_or(0)
    }

    /// Bytes of these columns, unpacked.
    pub(crate) fn bytes(&self, columns: &[String]) -> u64 {
        let of_groups = self.group_bytes(columns).map(|(_, bytes)| bytes);
        of_groups.fold(0, u64::saturating_add)
    }

    /// Rows of each row group, and bytes of these columns in it.
    fn group_bytes(&self, columns: &[String]) -> impl Iterator<Item = (u64, u64)> {
        let groups = self.metadata.metadata().row_groups().iter();
        groups.map(move |group| {
            let is_meant = |name: Option<&String>| name.is_some_and(|name| columns.contains(name));
            let chunks = group.columns().iter();
            let meant = chunks.filter(|chunk| is_meant(chunk.column_path().parts().first()));
            let bytes = meant.map(|chunk| chunk.uncompressed_size().unsigned_abs());
            let bytes = bytes.fold(0, u64::saturating_add);
            (group.num_rows().unsigned_abs(), bytes)
        })
    }

    /// The columns that a stage reads of it where it stands beside others: none that says of what its
    /// rows are.
    pub(crate) fn added(&self, reading: &CompiledStage) -> Vec<String> {
        let schema = self.schema();
        let is_own = |name: &String| {
            let field = schema.field_with_name(name);
            field.is_ok_and(|field| Role::of(field).is_none())
        };
        let mut names = reading.branches(false);
        names.retain(is_own);
        names
    }

    /// Its rows, with those of these columns that it has.
    pub(crate) fn rows(self, names: &[String]) -> Result<ParquetRecordBatchReader, Failure> {
        let Self {
            stage,
            file,
            metadata,
        } = self;
        let fields = metadata.schema().fields().iter().enumerate();
        let needed = fields.filter(|(_, field)| names.contains(field.name()));
        let roots: Vec<usize> = needed.map(|(index, _)| index).collect();
        let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata);
        let columns = ProjectionMask::roots(builder.parquet_schema(), roots);
        let rows = usize::try_from(BATCH_ENTRIES).unwrap_or(usize::MAX);
        let builder = builder.with_projection(columns).with_batch_size(rows);
        builder.build().map_err(|error| unreadable(stage, &error))
    }
}

/// What went wrong with bytes that are known to be right: no fault of theirs.
pub(crate) fn unreadable(stage: &StageName, error: &dyn Display) -> Failure {
    let message = format!("the table of stage {stage} cannot be read again: {error}");
    Failure::retry(FailureKind::Internal, stage, message)
}
