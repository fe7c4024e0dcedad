//! One attempt at a shard, committed so that it can die anywhere: the Parquet object to its
//! deterministic key, then the marker; whoever finds the marker has nothing left to do.

use std::sync::Arc;
use std::time::Duration;

use lumimill_common::failure::{Failure, FailureKind};
use lumimill_common::marker::Marker;
use lumimill_common::metric::Partial;
use lumimill_common::shard::Source;
use lumimill_common::stage_keys::{marker_key, measure_key, object_key};
use tracing::{info, warn};

use crate::attempt::{Attempt, Sources, scratch_path};
use crate::batch_bytes;
use crate::commit_point::CommitPoint;
use crate::compiled_stage::CompiledStage;
use crate::entry_reader::EntryReader;
use crate::given::Given;
use crate::group_reader::GroupReader;
use crate::measure::{TableCopy, can_be_measured, measure};
use crate::measured::{Frozen, Measured};
use crate::memory::Memory;
use crate::off_thread::off_thread;
use crate::parquet_output::Finished;
use crate::prepared_stage::PreparedStage;
use crate::production::Opened;
use crate::progress::{Pace, Steps};
use crate::ready::Ready;
use crate::store_failure::store_failure;
use crate::stored_campaigns::still_wants;
use crate::tree_reader::{Readers, TreeReader};
use crate::unfinished::Unfinished;
use crate::work::Work;

/// Time that an attempt waits for its turn, which was to come at once: others may have a slot.
const TURN: Duration = Duration::from_secs(60);

impl Attempt {
    /// Does the shard, or finds that it was done. The marker is in the store when this returns
    /// `Ok`.
    pub(crate) async fn run(&self) -> Result<Marker, Unfinished> {
        self.tell(CommitPoint::Taken);
        let Self {
            production, shard, ..
        } = self;
        let earlier = match self.is_new {
            true => None,
            false => {
                let marker = marker_key(&shard.stage, shard.id);
                let set_aside = measure_key(&shard.stage, shard.id);
                let (there, set_aside) =
                    tokio::join!(self.found(shard, &marker), self.found(shard, &set_aside));
                match there? {
                    Some(marker) if self.is_measured(&marker) => return Ok(marker),
                    Some(earlier) => Some(earlier),
                    None => set_aside?,
                }
            }
        };
        if let Some(earlier) = earlier
            && let Some(marker) = self.measured_again(earlier).await?
        {
            return Ok(marker);
        }
        let (finished, mut measured) = self.work().await?;
        self.tell(CommitPoint::Processed);
        let wanted = self.check_wanted().await;
        let frozen = match (wanted, measured.frozen.take()) {
            (Ok(()), Some(Frozen { key, bytes })) => {
                let put = production.store.put(&key, bytes).await;
                put.map_err(|error| store_failure(&error).into())
            }
            (wanted, _) => wanted,
        };
        if frozen.is_err() {
            finished.remove();
        }
        frozen?;
        let object = object_key(&shard.stage, shard.id);
        let prepared = production.stages.get(&shard.stage);
        let engines = prepared.map_or_else(Vec::new, |prepared| prepared.engines());
        let marker = Marker {
            shard: shard.id,
            object: object.to_string(),
            rows: finished.rows,
            bytes: finished.bytes,
            hash: finished.hash.clone(),
            cut_flow: measured.cut_flow,
            tells_events: measured.tells_events,
            engines,
            fits: measured.fits,
            partials: measured.partials,
        };
        let bytes = self.bytes_of(&marker)?;
        if let Some(path) = &finished.path {
            let put = production.store.put_file(&object, path).await;
            if put.is_err() {
                finished.remove();
            }
            put.map_err(|error| store_failure(&error))?;
        }
        self.tell(CommitPoint::ObjectPut);
        self.mark(bytes).await?;
        Ok(marker)
    }

    /// Measures a shard on its table, which has this marker of other metrics; `None` when that
    /// cannot be, and the shard is to be made again.
    async fn measured_again(&self, earlier: Marker) -> Result<Option<Marker>, Unfinished> {
        let Self {
            production, shard, ..
        } = self;
        let prepared = production.stages.get(&shard.stage);
        let able = |stage: &&Arc<PreparedStage>| {
            earlier.has_table() && can_be_measured(&earlier, stage.metrics())
        };
        let Some(prepared) = prepared.filter(able).cloned() else {
            return Ok(None);
        };
        let (store, object) = (&production.store, object_key(&shard.stage, shard.id));
        let path = scratch_path(production, shard);
        let Some(table) = TableCopy::of(store.as_ref(), &object, &earlier, path).await? else {
            warn!(job.id = %shard.id, "its table is gone or damaged: the shard is made again");
            return Ok(None);
        };
        let (attempt, rows) = (self.clone(), earlier.rows);
        let partials = self
            .blocking(move || attempt.measure(&table, &prepared, rows))
            .await?;
        let marker = Marker {
            partials,
            ..earlier
        };
        self.tell(CommitPoint::Processed);
        self.check_wanted().await?;
        self.mark(self.bytes_of(&marker)?).await?;
        info!(job.id = %shard.id, rows, "measured again on its table");
        Ok(Some(marker))
    }

    fn measure(
        &self,
        table: &TableCopy,
        prepared: &PreparedStage,
        rows: u64,
    ) -> Result<Vec<Partial>, Unfinished> {
        let Self {
            production, shard, ..
        } = self;
        let mut pace = Pace::of(shard, rows);
        let mut steps = Steps::of(self);
        let measured = measure(table.path(), prepared, |more| {
            steps.advance(pace.entries(more))
        });
        match &measured {
            Ok(_) => production.advance(pace.left()),
            Err(_) => production.go_back(steps.entries()),
        }
        measured
    }

    /// The end of an attempt whose shard nobody wants any more.
    async fn check_wanted(&self) -> Result<(), Unfinished> {
        match still_wants(&self.production, self.shard.id).await? {
            true => Ok(()),
            false => Err(Unfinished::Stopped("the shard is not wanted any more")),
        }
    }

    fn bytes_of(&self, marker: &Marker) -> Result<Vec<u8>, Failure> {
        let bytes = marker.to_bytes();
        bytes.map_err(|error| Failure::reject(FailureKind::Metric, self.shard.id, error))
    }

    async fn mark(&self, bytes: Vec<u8>) -> Result<(), Failure> {
        let key = marker_key(&self.shard.stage, self.shard.id);
        let put = self.production.store.put(&key, bytes).await;
        put.map_err(|error| store_failure(&error))?;
        self.tell(CommitPoint::MarkerPut);
        Ok(())
    }

    /// The marker that is there, of what is measured now.
    pub(crate) async fn marker(&self) -> Result<Option<Marker>, Failure> {
        let key = marker_key(&self.shard.stage, self.shard.id);
        let found = self.found(&self.shard, &key).await?;
        Ok(found.filter(|marker| self.is_measured(marker)))
    }

    fn is_measured(&self, marker: &Marker) -> bool {
        let stage = self.production.stages.get(&self.shard.stage);
        marker.measures(stage.map_or(&[], |stage| stage.metrics()))
    }

    /// Makes the table in its turn; what it reads is looked for before that.
    async fn work(&self) -> Result<(Finished, Measured), Unfinished> {
        let sources = match self.shard.source {
            Source::Entries => Sources {
                input: match self.maker.is_none() && self.seat.looks_ahead() {
                    true => self.ready_off_thread().await?,
                    false => None,
                },
                ..Sources::default()
            },
            Source::Rows(_) => Sources {
                tables: self.tables().await?,
                fits: self.fits().await?,
                estimated: self.estimated().await?,
                ..Sources::default()
            },
            Source::Category(_) => Sources {
                counted: Some(self.counted().await?),
                ..Sources::default()
            },
        };
        tokio::select! {
            biased;
            () = self.stop.cancelled() => return Err(Unfinished::Stopped("the work was stopped")),
            () = self.seat.turn() => {}
            () = tokio::time::sleep(TURN) => return Err(Unfinished::NoTurn),
        }
        let made = match &self.maker {
            Some(maker) => maker.make(self, sources).await,
            None => self.make(sources).await,
        };
        self.seat.made();
        made
    }

    async fn ready_off_thread(&self) -> Result<Option<Ready>, Unfinished> {
        let attempt = self.clone();
        let ready = move || Ready::of(&attempt.production, &attempt.shard, attempt.memory_limit);
        self.blocking(move || Ok(ready()?)).await
    }

    /// Reads and processes the shard, and writes its table to scratch space.
    pub async fn make(&self, sources: Sources) -> Result<(Finished, Measured), Unfinished> {
        let attempt = self.clone();
        self.blocking(move || match attempt.shard.source {
            Source::Entries => attempt.produce(sources.input),
            Source::Rows(_) => attempt.produce_from(&sources),
            Source::Category(number) => Ok(attempt.fit(number, sources.counted.as_deref())?),
        })
        .await
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Unfinished> + Send + 'static,
    ) -> Result<T, Unfinished> {
        let done = off_thread(work).await;
        done.map_err(|error| {
            let file = &self.shard.input();
            let message = format!("{file}: the job panicked: {error}");
            Failure::retry(FailureKind::Internal, file, message)
        })?
    }

    /// Reads a shard from its files, processes it and writes it to scratch space.
    fn produce(&self, mut first: Option<Ready>) -> Result<(Finished, Measured), Unfinished> {
        let Self {
            production, shard, ..
        } = self;
        let mut memory = Some(Memory::of(self.memory_limit, shard));
        let mut work: Option<Work<'_>> = None;
        let pieces = shard.pieces().map(|piece| shard.of_piece(piece));
        let done = pieces.map(|piece| {
            let Ready { opened, readers } = match first.take() {
                Some(ready) => ready,
                None => Ready {
                    opened: production.opened(&piece, self.memory_limit)?,
                    readers: None,
                },
            };
            if let Some(memory) = memory.take() {
                work = Some(Work::begin(
                    self,
                    &opened.compiled,
                    Given::default(),
                    (memory, None),
                )?);
            }
            let Some(work) = &mut work else {
                return Ok(());
            };
            let Opened { tree, compiled, .. } = &opened;
            work.check_batches(|| batch_bytes::of_tree(tree, compiled, shard.lumis.is_some()))?;
            match &compiled.stage().grouping {
                Some(grouping) => {
                    let mut reader =
                        GroupReader::open(&piece, tree, (compiled.as_ref(), grouping))?;
                    work.process(&piece, compiled, &mut reader)
                }
                None => {
                    let readers = match readers {
                        Some(readers) => readers,
                        None => Readers::open(&piece, tree, compiled)?,
                    };
                    let mut reader = TreeReader::of(&piece, tree, compiled, readers);
                    work.process(&piece, compiled, &mut reader)
                }
            }
        });
        let done = done.collect::<Result<(), Unfinished>>();
        match (done, work) {
            (done, Some(work)) => work.end(done),
            (Err(unfinished), None) => Err(unfinished),
            (Ok(()), None) => {
                Err(Failure::reject(FailureKind::Internal, shard.id, "it reads nothing").into())
            }
        }
    }

    /// Processes what a reader gives, and writes it to scratch space.
    pub(crate) fn write(
        &self,
        compiled: &CompiledStage,
        given: Given<'_>,
        reader: &mut dyn EntryReader,
        (memory, pace): (Memory<'_>, Option<Pace>),
    ) -> Result<(Finished, Measured), Unfinished> {
        let mut work = Work::begin(self, compiled, given, (memory, pace))?;
        let done = work.process(&self.shard, compiled, reader);
        work.end(done)
    }
}
