//! Reads a shard batch by batch: first what certification looks at, then, where any event
//! counts, the rest.

use std::ops::Range;

use arrow_array::{BooleanArray, RecordBatch};
use lumimill_common::failure::Failure;
use lumimill_common::shard::Shard;
use lumimill_rootfile::{Reader, Tree};

use crate::certification::{certify, counting};
use crate::input::{LUMI, RUN, input_failure};
use crate::prepared_stage::CompiledStage;
use crate::process::{Counted, Events};

/// The readers of one shard.
#[derive(Debug)]
pub(crate) struct ShardReader<'a> {
    shard: &'a Shard,
    stage: &'a CompiledStage,
    identity: Option<Reader>,
    rest: Reader,
}

impl<'a> ShardReader<'a> {
    pub(crate) fn open(
        shard: &'a Shard,
        tree: &Tree,
        stage: &'a CompiledStage,
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
            stage,
            identity,
            rest,
        })
    }

    /// The events of these entries, and how many of them count.
    pub(crate) fn read(&mut self, entries: Range<u64>) -> Result<Counted, Failure> {
        let url = &self.shard.file.url;
        let failure = |error| input_failure(url, &error);
        let read = entries.end.saturating_sub(entries.start);
        let identity = match &mut self.identity {
            Some(reader) => Some(reader.read(entries.clone()).map_err(failure)?),
            None => None,
        };
        let mask = identity.as_ref().zip(self.shard.lumis.as_ref());
        let certified = mask.map(|(identity, mask)| certify(url, identity, mask));
        let certified = certified.transpose()?.filter(|mask| !mask.is_empty());
        let left = |mask: &Option<BooleanArray>| {
            let left = mask.as_ref().map(|mask| mask.true_count() as u64);
            left.unwrap_or(read)
        };
        let mut counted = Counted {
            read,
            certified: left(&certified),
            counting: 0,
            events: None,
        };
        let counts = counting(&entries, certified, &self.shard.dropped);
        counted.counting = left(&counts);
        if counted.counting == 0 && !entries.is_empty() {
            return Ok(counted);
        }
        let rest = self.rest.read(entries).map_err(failure)?;
        let batch = match &identity {
            Some(identity) => joined(identity, &rest),
            None => Ok(rest),
        };
        let batch = batch.and_then(|batch| self.stage.as_read(batch, &self.shard.dataset));
        let batch = batch.map_err(|error| Failure::reject("column", url, error))?;
        counted.events = Some(Events { batch, counts });
        Ok(counted)
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
