//! Reads a shard batch by batch: first what certification looks at, then, where anything is
//! certified, the rest.

use std::ops::Range;

use arrow_array::RecordBatch;
use lumimill_common::failure::Failure;
use lumimill_common::shard::Shard;
use lumimill_rootfile::{Reader, Tree};

use crate::certification::certify;
use crate::input::{LUMI, RUN, input_failure};
use crate::prepared_stage::CompiledStage;
use crate::process::Events;

/// The readers of one shard.
#[derive(Debug)]
pub(crate) struct ShardReader<'a> {
    shard: &'a Shard,
    identity: Option<Reader>,
    rest: Reader,
}

impl<'a> ShardReader<'a> {
    pub(crate) fn open(
        shard: &'a Shard,
        tree: &Tree,
        stage: &CompiledStage,
    ) -> Result<Self, Failure> {
        let branches = stage.branches(shard.lumis.is_some());
        let is_identity = |name: &&str| matches!(*name, RUN | LUMI);
        let open = |names: &[&str]| {
            tree.reader(names)
                .map_err(|error| input_failure(&shard.file.url, &error))
        };
        let names = branches.iter().map(String::as_str);
        let (identity, rest) = match shard.lumis {
            Some(_) => {
                let rest: Vec<&str> = names.filter(|name| !is_identity(name)).collect();
                (Some(open(&[RUN, LUMI])?), open(&rest)?)
            }
            None => (None, open(&names.collect::<Vec<_>>())?),
        };
        Ok(Self {
            shard,
            identity,
            rest,
        })
    }

    /// The events of these entries, or `None` when none of them is certified.
    pub(crate) fn read(&mut self, entries: Range<u64>) -> Result<Option<Events>, Failure> {
        let url = &self.shard.file.url;
        let failure = |error| input_failure(url, &error);
        let (Some(reader), Some(mask)) = (&mut self.identity, &self.shard.lumis) else {
            let batch = self.rest.read(entries).map_err(failure)?;
            return Ok(Some(Events {
                batch,
                certified: None,
            }));
        };
        let identity = reader.read(entries.clone()).map_err(failure)?;
        let certified = certify(url, &identity, mask)?;
        if certified.true_count() == 0 && !entries.is_empty() {
            return Ok(None);
        }
        let rest = self.rest.read(entries).map_err(failure)?;
        let batch =
            joined(&identity, &rest).map_err(|error| Failure::reject("column", url, error))?;
        Ok(Some(Events {
            batch,
            certified: (!certified.is_empty()).then_some(certified),
        }))
    }
}

fn joined(
    left: &RecordBatch,
    right: &RecordBatch,
) -> Result<RecordBatch, arrow_schema::ArrowError> {
    let fields = left
        .schema()
        .fields()
        .iter()
        .chain(right.schema().fields())
        .cloned()
        .collect::<Vec<_>>();
    let columns = left
        .columns()
        .iter()
        .chain(right.columns())
        .cloned()
        .collect();
    RecordBatch::try_new(
        std::sync::Arc::new(arrow_schema::Schema::new(fields)),
        columns,
    )
}
