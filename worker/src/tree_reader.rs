//! Reads a shard from a tree batch by batch: first what certification looks at, then, where any
//! event counts, the rest.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::{BooleanArray, RecordBatch};
use arrow_schema::{ArrowError, Schema};
use lumimill_common::failure::{Failure, FailureKind};
use lumimill_common::shard::Shard;

use crate::batch_bytes::batch_of;
use crate::certification::{certify, counting};
use crate::compiled_stage::CompiledStage;
use crate::entry_reader::{BATCH_ENTRIES, Counted, Entries, EntryReader};
use crate::event_name::event_name;
use crate::input::{EventReader, EventTable, LUMI, RUN, input_failure};

/// The readers of a shard's columns.
#[derive(Debug)]
pub(crate) struct Readers {
    /// Of what certification looks at.
    identity: Option<EventReader>,
    rest: EventReader,
    /// Entries in a batch.
    batch: u64,
}

impl Readers {
    /// Those of a shard, whose first entries are asked for where they are far away.
    pub(crate) fn open(
        shard: &Shard,
        tree: &EventTable,
        stage: &CompiledStage,
    ) -> Result<Self, Failure> {
        let branches = stage.branches(shard.lumis.is_some());
        let is_identity = |name: &&str| matches!(*name, RUN | LUMI);
        let found = || branches.iter().filter_map(|name| tree.column(name));
        let open = |names: &[&str]| {
            tree.reader(names)
                .map_err(|error| input_failure(&shard.file.url, &error))
        };
        let names = branches.iter().map(String::as_str);
        let (mut identity, mut rest) = match shard.lumis {
            Some(_) => {
                let rest: Vec<&str> = names.filter(|name| !is_identity(name)).collect();
                (Some(open(&[RUN, LUMI])?), open(&rest)?)
            }
            None => (None, open(&names.collect::<Vec<_>>())?),
        };
        let readers = identity.as_mut().into_iter().chain([&mut rest]);
        EventReader::expect(&mut readers.collect::<Vec<_>>(), shard.entries.clone());
        Ok(Self {
            identity,
            rest,
            batch: batch_of(found(), tree.entries()),
        })
    }
}

/// Reads one shard.
#[derive(Debug)]
pub(crate) struct TreeReader<'a> {
    shard: &'a Shard,
    tree: &'a EventTable,
    stage: &'a CompiledStage,
    readers: Readers,
    /// Where batches end besides: of wide entries, not the baskets of two clusters are held at a time.
    ends: Vec<u64>,
    /// What is still to be read; none when all is.
    left: Option<Range<u64>>,
}

impl<'a> TreeReader<'a> {
    pub(crate) fn of(
        shard: &'a Shard,
        tree: &'a EventTable,
        stage: &'a CompiledStage,
        readers: Readers,
    ) -> Self {
        Self {
            shard,
            tree,
            stage,
            ends: match readers.batch < BATCH_ENTRIES {
                true => tree.clusters(),
                false => Vec::new(),
            },
            readers,
            left: Some(shard.entries.clone()),
        }
    }

    /// The events of these entries, and how many of them count.
    fn read(&mut self, entries: Range<u64>) -> Result<Counted, Failure> {
        let url = &self.shard.file.url;
        let failure = |error| input_failure(url, &error);
        let read = entries.end.saturating_sub(entries.start);
        let identity = match &mut self.readers.identity {
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
        let certified_events = left(&certified);
        let counts = counting(&entries, certified, &self.shard.dropped);
        let mut counted = Counted {
            start: entries.start,
            // The last is a step only where duplicates are dropped, and the same elsewhere.
            left: vec![read, certified_events, left(&counts)],
            entries: None,
        };
        if left(&counts) == 0 && !entries.is_empty() {
            return Ok(counted);
        }
        let rest = self.readers.rest.read(entries).map_err(failure)?;
        let batch = match &identity {
            Some(identity) => joined(identity, &rest),
            None => Ok(rest),
        };
        let batch = batch.and_then(|batch| self.stage.as_read(batch, &self.shard.dataset));
        let batch = batch.map_err(|error| Failure::reject(FailureKind::Column, url, error))?;
        counted.entries = Some(Entries {
            batch,
            counts,
            events: None,
        });
        Ok(counted)
    }
}

impl EntryReader for TreeReader<'_> {
    fn next(&mut self) -> Result<Option<Counted>, Failure> {
        let Some(left) = self.left.take() else {
            return Ok(None);
        };
        let next = self.ends.partition_point(|end| *end <= left.start);
        let end = self.ends.get(next).copied().unwrap_or(left.end);
        let stop = end
            .min(left.end)
            .min(left.start.saturating_add(self.readers.batch));
        self.left = (stop < left.end).then_some(stop..left.end);
        self.read(left.start..stop).map(Some)
    }

    fn name(&self, entry: u64) -> String {
        event_name(self.tree, entry)
    }
}

fn joined(left: &RecordBatch, right: &RecordBatch) -> Result<RecordBatch, ArrowError> {
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
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
}
