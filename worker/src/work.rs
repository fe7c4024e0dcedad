//! A shard as it is processed, piece by piece, into a table in scratch space.

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use lumimill_common::failure::{Failure, FailureKind};
use lumimill_common::shard::Shard;

use crate::attempt::{Attempt, scratch_path};
use crate::compiled_stage::CompiledStage;
use crate::entry_reader::EntryReader;
use crate::facts::facts;
use crate::given::Given;
use crate::measured::Measured;
use crate::memory::Memory;
use crate::parquet_output::{Finished, ParquetOutput};
use crate::process::{Measuring, Sink};
use crate::production::Production;
use crate::progress::{Pace, Steps};
use crate::unfinished::Unfinished;
use crate::unit;

/// A shard that is being processed, and what is made of it so far.
pub(crate) struct Work<'a> {
    production: &'a Production,
    schema: SchemaRef,
    sink: ScratchSink<'a>,
    measuring: Measuring<'a>,
}

impl<'a> Work<'a> {
    pub(crate) fn begin(
        attempt: &'a Attempt,
        compiled: &CompiledStage,
        given: Given<'a>,
        (memory, pace): (Memory<'a>, Option<Pace>),
    ) -> Result<Self, Failure> {
        let Attempt {
            production, shard, ..
        } = attempt;
        let schema = unit::with_units(compiled);
        let facts = facts(&production.campaign, shard, compiled, &given.digests());
        let path = scratch_path(production, shard);
        let output = match compiled.stage().writes_table {
            true => Some(ParquetOutput::create(&path, &schema, facts)?),
            false => None,
        };
        Ok(Self {
            production,
            schema,
            sink: ScratchSink {
                output,
                rows: 0,
                steps: Steps::of(attempt),
                pace,
                memory,
            },
            measuring: Measuring::of(compiled, given),
        })
    }

    /// Refuses a job whose batches would not fit; `bytes` is how many each has.
    pub(crate) fn check_batches(&self, bytes: impl FnOnce() -> u64) -> Result<(), Failure> {
        self.sink.memory.check_batches(bytes)
    }

    /// Processes a piece of the shard, of a file for which its stage is this.
    pub(crate) fn process(
        &mut self,
        piece: &Shard,
        compiled: &CompiledStage,
        reader: &mut dyn EntryReader,
    ) -> Result<(), Unfinished> {
        if unit::with_units(compiled) != self.schema {
            // The types of columns are those of all files of a stage.
            let message = "its table would have other columns than that of the file before it";
            return Err(Failure::reject(FailureKind::Column, &piece.file.url, message).into());
        }
        let sink = &mut self.sink;
        self.measuring.process(piece, reader, compiled, sink)
    }

    pub(crate) fn end(
        self,
        done: Result<(), Unfinished>,
    ) -> Result<(Finished, Measured), Unfinished> {
        let Self {
            production,
            sink,
            measuring,
            ..
        } = self;
        let entries = sink.steps.entries();
        let left = sink.pace.as_ref().map_or(0, Pace::left);
        let done = done.and_then(|()| Ok((sink.finish()?, measuring.done()?)));
        match &done {
            Ok(_) => production.advance(left),
            // What failed is not behind us.
            Err(_) => production.go_back(entries),
        }
        done
    }
}

struct ScratchSink<'a> {
    /// The table, where its stage writes one.
    output: Option<ParquetOutput>,
    rows: u64,
    steps: Steps<'a>,
    /// Where what is read are not the entries of the shard.
    pace: Option<Pace>,
    memory: Memory<'a>,
}

impl ScratchSink<'_> {
    fn finish(self) -> Result<Finished, Failure> {
        match self.output {
            Some(output) => output.finish(),
            None => Ok(Finished::without_table(self.rows)),
        }
    }
}

impl Sink for ScratchSink<'_> {
    fn rows(&mut self, rows: &RecordBatch) -> Result<(), Failure> {
        self.rows += rows.num_rows() as u64;
        match &mut self.output {
            Some(output) => output.write(rows),
            None => Ok(()),
        }
    }

    fn progress(&mut self, entries: u64) -> Result<(), Unfinished> {
        let entries = match &mut self.pace {
            Some(pace) => pace.entries(entries),
            None => entries,
        };
        self.steps.count(entries);
        self.memory.check_use()?;
        self.steps.check()
    }
}
