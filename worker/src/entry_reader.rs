//! What gives a shard its entries: a tree of a file, or the table of another shard.

use arrow_array::{BooleanArray, RecordBatch};
use arrow_schema::Schema;
use lumimill_common::failure::Failure;

use crate::feature::Step;
use crate::stretches::Stretches;

/// Most entries of a batch: small enough for the caches, large enough to forget the overhead.
pub(crate) const BATCH_ENTRIES: u64 = 4_096;
/// Bytes that a batch has at most, where fewer entries can do it.
const BATCH_BYTES: u64 = 8 << 20;
/// Entries of a batch, however large they are.
const FEWEST_ENTRIES: u64 = 64;

/// Most entries of a batch with texts, whose bytes are not known before they are there.
pub(crate) const BATCH_OF_TEXTS: u64 = 512;

/// Entries in a batch, when all entries together have so many bytes.
pub(crate) fn batch_entries(bytes: u64, entries: u64) -> u64 {
    let of_an_entry = (bytes / entries.max(1)).max(1);
    (BATCH_BYTES / of_an_entry).clamp(FEWEST_ENTRIES, BATCH_ENTRIES)
}

/// Gives the entries of one shard, batch by batch; no event is in two of them.
pub(crate) trait EntryReader {
    /// The next batch: at least one, without entries where there are none.
    fn next(&mut self) -> Result<Option<Counted>, Failure>;

    /// Whether columns are still to be read of the entries of the last batch: those that this step is
    /// the first to look at, which [`Self::more`] reads.
    fn waits(&self, _: Step) -> bool {
        false
    }

    /// Those columns, of these stretches of the last batch; stretches are within those of the step before.
    fn more(&mut self, _: Step, _: &Stretches) -> Result<RecordBatch, Failure> {
        Ok(RecordBatch::new_empty(Schema::empty().into()))
    }

    /// What an entry is called in a message; it is counted as batches are, and one of the last one.
    fn name(&self, entry: u64) -> String;
}

/// A batch, and how many of its entries count.
#[derive(Debug)]
pub(crate) struct Counted {
    /// The entry that it begins with.
    pub(crate) start: u64,
    /// How many there are, and how many are left of them after each step of reading.
    pub(crate) left: Vec<u64>,
    /// The entries, where any counts.
    pub(crate) entries: Option<Entries>,
}

/// The entries of a batch, and which of them count; all, without a mask.
#[derive(Debug)]
pub(crate) struct Entries {
    pub(crate) batch: RecordBatch,
    /// Which entries those are: all of the batch, where nothing was left out that nobody needs.
    pub(crate) stretches: Stretches,
    pub(crate) counts: Option<BooleanArray>,
    /// Of which event of the batch each is; each is one, without.
    pub(crate) events: Option<Vec<u32>>,
}
