//! An attempt at a shard that reads what other shards made.

use arrow_schema::Schema;
use lumimill_common::campaign::StageName;
use lumimill_common::failure::{Failure, FailureKind};
use lumimill_common::stage_keys::marker_key;

use crate::attempt::{Attempt, Sources, scratch_path};
use crate::batch_bytes;
use crate::beside::{Beside, Joined, Zipped, columns_read};
use crate::compiled_stage::CompiledStage;
use crate::given::Given;
use crate::measured::Measured;
use crate::memory::Memory;
use crate::parent_table::ParentTable;
use crate::parquet_output::Finished;
use crate::progress::Pace;
use crate::stored_table::StoredTable;
use crate::table_reader::TableReader;
use crate::unfinished::Unfinished;
use crate::weights::RowWeights;

impl Attempt {
    /// The tables that the shard reads: of its parent, then of what stands beside that.
    pub(crate) async fn tables(&self) -> Result<Vec<ParentTable>, Failure> {
        let Self {
            production, shard, ..
        } = self;
        let mut tables = Vec::new();
        for id in shard.reads() {
            let parent = ParentTable::shard(production, id, shard)?;
            let key = marker_key(&parent.stage, parent.id);
            let marker = self.found(&parent, &key).await?;
            let path = scratch_path(production, &parent);
            tables.push(ParentTable::copied(production, parent, marker, path).await?);
        }
        Ok(tables)
    }

    /// Reads a shard from these tables, processes it and writes it to scratch space.
    pub(crate) fn produce_from(
        &self,
        sources: &Sources,
    ) -> Result<(Finished, Measured), Unfinished> {
        let Sources {
            tables,
            fits,
            estimated,
            ..
        } = sources;
        let shard = &self.shard;
        let lacking =
            || Failure::reject(FailureKind::Job, shard.id, "it reads the rows of nothing");
        let (parent, others) = tables.split_first().ok_or_else(lacking)?;
        let rows = StoredTable::open(&parent.of().stage, parent.path())?;
        let beside = others
            .iter()
            .map(|other| StoredTable::open(&other.of().stage, other.path()));
        let beside = beside.collect::<Result<Vec<_>, Failure>>()?;
        let compiled = self.compiled(&rows, &beside)?;
        parent.check_events(&compiled)?;
        let zipped = compiled.stage().zip.len();
        for other in others.iter().take(zipped) {
            other.check_rows_of(parent)?;
        }
        let memory = Memory::of(self.memory_limit, shard);
        memory.check_batches(|| batch_bytes::of_tables(&rows, &beside, &compiled))?;
        let columns = rows.schema().clone();
        let of_rows = (&parent.of().stage, &columns);
        let mut joins = compiled.stage().joins.iter();
        let beside = beside.into_iter().enumerate().map(|(at, table)| {
            let join = (at >= zipped).then(|| joins.next()).flatten();
            match join {
                None => Zipped::of(table, &compiled).map(Beside::Zipped),
                Some(join) => Joined::of(table, join, of_rows, &compiled).map(Beside::Joined),
            }
        });
        let beside = beside.collect::<Result<Vec<_>, Failure>>()?;
        let mut reader = TableReader::new(rows, &shard.dataset, &compiled, beside)?;
        let pace = Pace::of(shard, parent.rows());
        let given = Given {
            weights: RowWeights::of(compiled.stage(), fits.as_deref())?,
            estimated: estimated.as_ref(),
            ..Given::default()
        };
        self.write(&compiled, given, &mut reader, (memory, Some(pace)))
    }

    /// The stage for the columns of what it reads.
    fn compiled(
        &self,
        rows: &StoredTable<'_>,
        beside: &[StoredTable<'_>],
    ) -> Result<CompiledStage, Failure> {
        let Self {
            production, shard, ..
        } = self;
        let what = format!("stage {}", rows.stage());
        let table = |name: &StageName| {
            let mut tables = beside.iter();
            let found = tables.find(|table| table.stage() == name);
            found.map(|table| std::sync::Arc::new(table.schema().clone()))
        };
        let stage = production.stages.get(&shard.stage);
        let columns: Option<Schema> =
            stage.and_then(|stage| columns_read(stage.stage(), rows.schema(), table));
        let unknown = || {
            Failure::reject(
                FailureKind::Stage,
                &shard.stage,
                "it does not read these stages",
            )
        };
        production.compiled(shard, &columns.ok_or_else(unknown)?, &what)
    }
}
