//! The rows of `plan.parquet`, one a shard, and what its metadata says of stages: all of a plan
//! that a worker needs.

mod columns;
mod error;
mod packed;
mod page_sizes;
mod room;
mod seal;
mod shared;

use std::collections::{BTreeSet, HashMap};

use arrow_array::cast::AsArray;
use arrow_array::types::UInt64Type;
use arrow_array::{Array, BinaryArray, RecordBatch};
use bytes::Bytes;
use lumimill_common::entry_set::EntrySet;
use lumimill_common::form::{self, FormError};
use lumimill_common::shard::{Shard, Source};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};
use serde::de::DeserializeOwned;
use thin_vec::ThinVec;

use self::columns::viewed;
use self::room::Room;
use self::shared::{FileIdentityRef, Shared};
use crate::caught::caught;

pub use self::columns::{rows, schema};
pub use self::error::ShardTableError;
pub use self::seal::{SEAL, Seal};
pub use crate::planned_stage::{LabelCoverage, PlannedStage};

/// Raised whenever a plan is written in another way than before.
pub const VERSION: u64 = 10;
/// Rows read or written at once.
pub const ROWS: usize = 8192;

/// The rows of a plan, and its metadata.
#[derive(Debug)]
pub struct ShardTable {
    /// The shards, in order.
    pub shards: Vec<Shard>,
    /// Shards that were dropped: nobody does them.
    pub dropped: Vec<Shard>,
    metadata: HashMap<String, String>,
}

impl ShardTable {
    /// Reads the bytes of `plan.parquet`.
    pub fn from_parquet(bytes: Vec<u8>) -> Result<Self, ShardTableError> {
        // The parquet crate panics on some damaged footers (a negative offset, for one).
        caught(|| Self::read(bytes)).map_err(|_| ShardTableError::Damaged)?
    }

    fn read(bytes: Vec<u8>) -> Result<Self, ShardTableError> {
        let bytes = Bytes::from(bytes);
        let found = ArrowReaderMetadata::load(&bytes, ArrowReaderOptions::new())?;
        page_sizes::check(found.metadata(), &bytes).map_err(ShardTableError::Bomb)?;
        let metadata: HashMap<String, String> = found
            .metadata()
            .file_metadata()
            .key_value_metadata()
            .into_iter()
            .flatten()
            .filter_map(|entry| Some((entry.key.clone(), entry.value.clone()?)))
            .collect();
        let mut table = Self {
            shards: Vec::new(),
            dropped: Vec::new(),
            metadata,
        };
        form::check(table.value("lumimill.plan")?, VERSION, VERSION)?;
        let options = ArrowReaderOptions::new().with_schema(viewed(found.schema()));
        let found = ArrowReaderMetadata::try_new(found.metadata().clone(), options)?;
        let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(bytes.clone(), found);
        let names = schema();
        let names = names.fields().iter().map(|field| field.name().as_str());
        let columns = ProjectionMask::columns(builder.parquet_schema(), names);
        let mut room = Room::of(bytes.len());
        let said = table.metadata.iter();
        let mut seal = Seal::of(said.map(|(key, value)| (key.as_str(), value.as_str())));
        for batch in builder
            .with_projection(columns)
            .with_batch_size(ROWS)
            .build()?
        {
            let batch = batch?;
            read_shards(&batch, &mut room, &mut table)?;
            seal.rows(&batch)?;
        }
        if table.metadata.get(SEAL) != Some(&seal.digits()) {
            return Err(ShardTableError::Changed);
        }
        check_parents(&table)?;
        Ok(table)
    }

    /// Whether the metadata has a value under a key.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.metadata.contains_key(key)
    }

    /// A value of the metadata, which is JSON.
    pub fn value<T: DeserializeOwned>(&self, key: &'static str) -> Result<T, ShardTableError> {
        let json = self.metadata.get(key);
        let json = json.ok_or(ShardTableError::NoMetadata { key })?;
        serde_json::from_str(json).map_err(|reason| ShardTableError::Metadata { key, reason })
    }

    /// The stages of the plan.
    pub fn stages(&self) -> Result<Vec<PlannedStage>, ShardTableError> {
        self.value("lumimill.stages")
    }
}

fn dropped_column(batch: &RecordBatch) -> Result<&BinaryArray, ShardTableError> {
    let column = "dropped";
    let found = batch.column_by_name(column);
    let found = found.and_then(|array| array.as_binary_opt::<i32>());
    found.ok_or(ShardTableError::Column { column })
}

/// That every shard whose rows are read comes before the one that reads them: whoever goes from one
/// to the other would go round in circles.
fn check_parents(table: &ShardTable) -> Result<(), FormError> {
    let mut known = BTreeSet::new();
    let mut stages = BTreeSet::new();
    let mut shards = table.shards.iter().chain(&table.dropped);
    if shards.clone().all(|shard| shard.source == Source::Entries) {
        return Ok(());
    }
    shards.try_for_each(|shard| {
        if let Some(parent) = shard.reads().find(|id| !known.contains(id)) {
            let why = "which is not there before it";
            let (id, reads) = (shard.id, "reads the rows of");
            return Err(FormError::Damaged(format!(
                "shard {id} {reads} {parent}, {why}"
            )));
        }
        let mut wholes = shard.wholes.iter();
        if let Some(whole) = wholes.find(|whole| !stages.contains(&whole.stage)) {
            let (id, stage) = (shard.id, &whole.stage);
            return Err(FormError::Damaged(format!(
                "shard {id} reads all of stage {stage}, of which nothing is there before it"
            )));
        }
        known.insert(shard.id);
        stages.insert(shard.stage.clone());
        Ok(())
    })
}

fn read_shards(
    batch: &RecordBatch,
    room: &mut Room,
    table: &mut ShardTable,
) -> Result<(), ShardTableError> {
    let text = |column: &'static str| {
        batch
            .column_by_name(column)
            .and_then(|array| array.as_string_view_opt())
            .ok_or(ShardTableError::Column { column })
    };
    let number = |column: &'static str| {
        batch
            .column_by_name(column)
            .and_then(|array| array.as_primitive_opt::<UInt64Type>())
            .ok_or(ShardTableError::Column { column })
    };
    let (id, stage, parent) = (text("shard")?, text("stage")?, text("parent")?);
    let (beside, dataset) = (text("beside")?, text("dataset")?);
    let (whole, category) = (text("whole")?, number("category")?);
    let (file, state, tree, lumis) = (text("file")?, text("state")?, text("tree")?, text("lumis")?);
    let (size, start, stop) = (number("size")?, number("start")?, number("stop")?);
    let certified = number("certified_events")?;
    let dropped = dropped_column(batch)?;
    let packed = text("packed")?;
    let is_dropped = batch
        .column_by_name("is_dropped")
        .and_then(|array| array.as_boolean_opt())
        .ok_or(ShardTableError::Column {
            column: "is_dropped",
        })?;
    room.take(
        batch.num_rows(),
        &[
            id, stage, parent, beside, whole, dataset, file, state, tree, lumis, packed,
        ],
        dropped,
    )?;
    let mut shared = Shared::default();
    for row in 0..batch.num_rows() {
        let lumis = (!lumis.is_null(row)).then(|| lumis.value(row));
        let parsed = lumis.map(serde_json::from_str).transpose();
        let identity = FileIdentityRef {
            url: file.value(row),
            size: size.value(row),
            state: state.value(row),
        };
        let shard = Shard {
            id: id.value(row).parse()?,
            stage: shared.stage(stage.value(row))?,
            source: match (parent.is_null(row), category.is_null(row)) {
                (false, _) => Source::Rows(parent.value(row).parse()?),
                (true, false) => {
                    let number = u32::try_from(category.value(row));
                    let column = "category";
                    Source::Category(number.map_err(|_| ShardTableError::Column { column })?)
                }
                (true, true) => Source::Entries,
            },
            beside: match beside.is_null(row) {
                true => ThinVec::new(),
                false => {
                    let ids = beside.value(row).split(' ').map(str::parse);
                    ids.collect::<Result<_, _>>()?
                }
            },
            wholes: match whole.is_null(row) {
                true => ThinVec::new(),
                false => {
                    let wholes = whole.value(row).split(", ").map(str::parse);
                    wholes.collect::<Result<_, _>>()?
                }
            },
            dataset: shared.dataset(dataset.value(row)),
            file: shared.file(&identity),
            tree: shared.tree(tree.value(row)),
            entries: start.value(row)..stop.value(row),
            certified_events: certified.value(row),
            lumis: parsed.map_err(|reason| ShardTableError::Lumis {
                shard: id.value(row).to_owned(),
                reason,
            })?,
            dropped: match dropped.is_null(row) {
                true => EntrySet::default(),
                false => EntrySet::from_bytes(dropped.value(row)).map_err(|reason| {
                    let shard = id.value(row).to_owned();
                    ShardTableError::Dropped { shard, reason }
                })?,
            },
            packed: ThinVec::new(),
        };
        let shard = match packed.is_null(row) {
            true => shard,
            false => packed::read(packed.value(row), shard).map_err(|reason| {
                let shard = id.value(row).to_owned();
                ShardTableError::Packed { shard, reason }
            })?,
        };
        match is_dropped.value(row) {
            true => table.dropped.push(shard),
            false => table.shards.push(shard),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
