//! Which entries of a batch give rows, step by step: columns that nobody looked at yet are read only
//! where entries are left, so that what a cut leaves out is not even unpacked.

use arrow_schema::ArrowError;
use lumimill_common::expression::Index;
use lumimill_common::failure::{Failure, FailureKind};
use lumimill_common::shard::Shard;

use super::place::Place;
use crate::compiled_stage::CompiledStage;
use crate::entry_reader::{Entries, EntryReader};
use crate::feature::{Formed, Program, Rows, RunError, Step};
use crate::side_by_side::side_by_side;
use crate::stretches::Stretches;

/// Entries that give rows.
pub(super) struct Chosen {
    /// Those that pass `where`.
    passing: Index,
    /// How many of the batch did.
    passed: usize,
    formed: Formed,
}

impl Chosen {
    /// The rows of the candidates.
    pub(super) fn rows(self, program: &Program, entries: &Entries) -> Result<Rows, RunError> {
        let formed = (self.formed, self.passed);
        program.rows(&entries.batch, &self.passing, formed)
    }
}

/// Those entries of a batch, which begins with this one, of which rows are made: with all columns.
pub(super) fn chosen(
    (shard, stage): (&Shard, &CompiledStage),
    reader: &mut dyn EntryReader,
    start: u64,
    mut entries: Entries,
) -> Result<(Entries, Chosen), Failure> {
    let program = stage.program();
    let failure = |reader: &dyn EntryReader, entries: &Entries, error: RunError| {
        let place = Place {
            shard,
            reader,
            start,
            stretches: &entries.stretches,
        };
        place.failure(error)
    };
    let unread = |error| Failure::reject(FailureKind::Column, &shard.file.url, error);
    let passing = program.passing(&entries.batch, entries.counts.as_ref());
    let mut passing = passing.map_err(|error| failure(reader, &entries, error))?;
    let passed = passing.len();
    if reader.waits(Step::Candidates) {
        if let Some(stretches) = fewer(&entries, &passing) {
            passing = stretches.places(&passing);
            narrow(&mut entries, &stretches).map_err(unread)?;
        }
        read_more(reader, Step::Candidates, &mut entries)?.map_err(unread)?;
    }
    let form = |entries: &Entries, passing: &Index| {
        program.form(&entries.batch, passing, entries.events.as_deref())
    };
    let formed = form(&entries, &passing);
    let mut formed = formed.map_err(|error| failure(reader, &entries, error))?;
    if reader.waits(Step::Rows) {
        if let Some(stretches) = fewer(&entries, &formed.events) {
            passing = stretches.places(&passing);
            narrow(&mut entries, &stretches).map_err(unread)?;
            let again = form(&entries, &passing);
            formed = again.map_err(|error| failure(reader, &entries, error))?;
        }
        read_more(reader, Step::Rows, &mut entries)?.map_err(unread)?;
    }
    let chosen = Chosen {
        passing,
        passed,
        formed,
    };
    Ok((entries, chosen))
}

/// The stretches of the entries that hold those that are wanted, where these are fewer.
fn fewer(entries: &Entries, wanted: &Index) -> Option<Stretches> {
    let all = entries.batch.num_rows();
    let stretches = Stretches::holding(wanted, all);
    (stretches.entries() < all).then_some(stretches)
}

/// Leaves only those entries that lie in some stretches.
fn narrow(entries: &mut Entries, stretches: &Stretches) -> Result<(), ArrowError> {
    entries.batch = stretches.take(&entries.batch)?;
    entries.stretches = stretches.of(&entries.stretches);
    // Those that pass are known by now.
    entries.counts = None;
    Ok(())
}

/// Reads the columns that wait for a step.
fn read_more(
    reader: &mut dyn EntryReader,
    step: Step,
    entries: &mut Entries,
) -> Result<Result<(), ArrowError>, Failure> {
    let more = reader.more(step, &entries.stretches)?;
    let batch = side_by_side(&entries.batch, &more);
    Ok(batch.map(|batch| entries.batch = batch))
}
