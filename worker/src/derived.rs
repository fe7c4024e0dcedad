//! An attempt at a shard that reads what other shards made.

use arrow_schema::Schema;
use lumimill_common::campaign::StageName;
use lumimill_common::failure::{Failure, FailureKind};
use lumimill_common::stage_keys::marker_key;

use crate::beside::{Beside, columns_read};
use crate::commit::{Attempt, Sources, scratch_path};
use crate::compiled_stage::CompiledStage;
use crate::given::Given;
use crate::memory::Memory;
use crate::parent_table::ParentTable;
use crate::parquet_output::Finished;
use crate::process::Measured;
use crate::progress::Pace;
use crate::table_reader::Table;
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
        let rows = Table::open(&parent.of().stage, parent.path())?;
        let beside = others
            .iter()
            .map(|other| Table::open(&other.of().stage, other.path()));
        let beside = beside.collect::<Result<Vec<_>, Failure>>()?;
        let compiled = self.compiled(&rows, &beside)?;
        parent.check_events(&compiled)?;
        let zipped = compiled.stage().zip.len();
        for other in others.iter().take(zipped) {
            other.check_rows_of(parent)?;
        }
        let memory = Memory::of(self.memory_limit, shard);
        memory.check_tables(&rows, &beside, &compiled)?;
        let columns = rows.schema().clone();
        let of_rows = (&parent.of().stage, &columns);
        let mut joins = compiled.stage().joins.iter();
        let beside = beside.into_iter().enumerate().map(|(at, table)| {
            let join = (at >= zipped).then(|| joins.next()).flatten();
            match join {
                None => table.zipped(&compiled).map(Beside::Zipped),
                Some(join) => table.joined(join, of_rows, &compiled).map(Beside::Joined),
            }
        });
        let beside = beside.collect::<Result<Vec<_>, Failure>>()?;
        let mut reader = rows.reader(&shard.dataset, &compiled, beside)?;
        let pace = Pace::of(shard, parent.rows());
        let given = Given {
            weights: RowWeights::of(compiled.stage(), fits.as_deref())?,
            estimated: estimated.as_ref(),
        };
        self.write(&compiled, given, &mut reader, (memory, Some(pace)))
    }

    /// The stage for the columns of what it reads.
    fn compiled(&self, rows: &Table<'_>, beside: &[Table<'_>]) -> Result<CompiledStage, Failure> {
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
