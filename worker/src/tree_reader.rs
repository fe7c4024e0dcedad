//! Reads a shard from a tree batch by batch: first what certification looks at, then, where any
//! event counts, what `where` does, and the rest where any entry is left.

use std::ops::Range;

use arrow_array::{BooleanArray, RecordBatch};
use arrow_schema::Schema;
use lumimill_common::expression::Index;
use lumimill_common::failure::{Failure, FailureKind};
use lumimill_common::shard::Shard;

use crate::batch_bytes::batch_of;
use crate::certification::{certify, counting};
use crate::compiled_stage::CompiledStage;
use crate::entry_reader::{BATCH_ENTRIES, Counted, Entries, EntryReader};
use crate::event_name::event_name;
use crate::feature::Step;
use crate::input::{EventReader, EventTable, LUMI, RUN, input_failure};
use crate::side_by_side::side_by_side;
use crate::stretches::Stretches;

/// The readers of a shard's columns.
#[derive(Debug)]
pub(crate) struct Readers {
    /// Of what certification looks at.
    identity: Option<EventReader>,
    /// Of what is looked at first of all certified entries.
    first: EventReader,
    /// Of what is looked at only then, of the entries that are left.
    later: Vec<(Step, EventReader)>,
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
        let is_identity = |name: &&str| shard.lumis.is_some() && matches!(*name, RUN | LUMI);
        let found = || branches.iter().filter_map(|name| tree.column(name));
        let open = |names: &[&str]| {
            tree.reader(names)
                .map_err(|error| input_failure(&shard.file.url, &error))
        };
        let identity = shard.lumis.as_ref().map(|_| open(&[RUN, LUMI]));
        let mut identity = identity.transpose()?;
        let program = stage.program();
        let names = || branches.iter().map(String::as_str);
        let of = |step: Step| {
            let names = names().filter(|name| !is_identity(name));
            names
                .filter(move |name| program.first_step(name) == step)
                .collect::<Vec<_>>()
        };
        let steps = match tree.is_read_in_part() {
            true => vec![Step::Where, Step::Candidates, Step::Rows],
            false => Vec::new(),
        };
        let steps = steps.into_iter().map(|step| (step, of(step)));
        // Where nothing is cut before, all there is comes first.
        let is_looked_at = |(step, names): &(Step, Vec<&str>)| match step {
            Step::Where => stage.stage().condition.is_some(),
            _ => !names.is_empty(),
        };
        let mut steps = steps.filter(is_looked_at);
        let all = || names().filter(|name| !is_identity(name)).collect();
        let (_, names) = steps.next().unwrap_or_else(|| (Step::Rows, all()));
        let mut first = open(&names)?;
        let later = steps.map(|(step, names)| Ok((step, open(&names)?)));
        let mut later = later.collect::<Result<Vec<_>, Failure>>()?;
        let readers = identity.as_mut().into_iter().chain([&mut first]);
        let readers = readers.chain(later.iter_mut().map(|(_, reader)| reader));
        EventReader::expect(&mut readers.collect::<Vec<_>>(), shard.entries.clone());
        Ok(Self {
            identity,
            first,
            later,
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
    /// The entry that the last batch began with.
    start: u64,
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
            start: shard.entries.start,
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
        let all = usize::try_from(read).unwrap_or(usize::MAX);
        let stretches = match &counts {
            Some(counts) if self.tree.is_read_in_part() && counts.true_count() < counts.len() => {
                let counting = counts.values().set_indices().map(|at| at as u32);
                Stretches::holding(&Index::Chosen(counting.collect()), all)
            }
            _ => Stretches::whole(all),
        };
        let of_table = stretches.of_table(entries.start);
        let first = self.readers.first.read_some(&of_table).map_err(failure)?;
        let unread = |error| Failure::reject(FailureKind::Column, url, error);
        let batch = match &identity {
            Some(identity) => stretches
                .take(identity)
                .and_then(|identity| side_by_side(&identity, &first)),
            None => Ok(first),
        };
        let batch = batch.and_then(|batch| self.stage.as_read(batch, &self.shard.dataset));
        counted.entries = Some(Entries {
            batch: batch.map_err(unread)?,
            counts: counts.map(|counts| stretches.mask(&counts)),
            stretches,
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
        self.start = left.start;
        self.read(left.start..stop).map(Some)
    }

    fn waits(&self, step: Step) -> bool {
        self.readers.later.iter().any(|(later, _)| *later == step)
    }

    fn more(&mut self, step: Step, stretches: &Stretches) -> Result<RecordBatch, Failure> {
        let url = &self.shard.file.url;
        let mut readers = self.readers.later.iter_mut();
        let Some((_, reader)) = readers.find(|(later, _)| *later == step) else {
            return Ok(RecordBatch::new_empty(Schema::empty().into()));
        };
        let more = reader.read_some(&stretches.of_table(self.start));
        let more = more.map_err(|error| input_failure(url, &error))?;
        let typed = self.stage.typed(more);
        typed.map_err(|error| Failure::reject(FailureKind::Column, url, error))
    }

    fn name(&self, entry: u64) -> String {
        event_name(self.tree, entry)
    }
}
