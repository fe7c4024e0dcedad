//! Copies a campaign's report and tables to a folder, as far as they are there and whole, so that
//! the folder can be verified like the output itself.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::stream::{self, StreamExt};
use lumimill_common::campaign::StageName;
use lumimill_common::control::PlanKeys;
use lumimill_common::marker::Marker;
use lumimill_common::shard::{Shard, ShardId};
use lumimill_common::stage_keys::{marker_key, object_key};
use lumimill_common::store::{Key, LocalStore, Place, Store, StoreError};

use crate::output::{Output, Planned};
use crate::problem::Problem;
use crate::report_sums::StoredReport;
use crate::soundness::{Fault, Markers, Unsound, fit_file};

/// Objects that are on their way at a time.
const AT_ONCE: usize = 8;
/// Bytes of a table that are on their way at a time.
const PIECE: u64 = 8 << 20;
/// Requests that fail after all their attempts before the store is taken to be gone.
const MOST_TROUBLES: usize = 20;

/// What was brought, and what was not.
#[derive(Debug, Default)]
pub(crate) struct Fetched {
    /// Files of the report.
    pub reports: usize,
    /// Tables, each as its marker says.
    pub tables: usize,
    /// What could not be brought, and why.
    pub missing: Vec<Problem>,
    /// What is in the copy and of no shard of the plan, so that readers would see it.
    pub strays: Vec<Key>,
}

/// A copy in the making.
pub(crate) struct Fetch<'a> {
    /// Where it comes from.
    pub output: &'a Output,
    /// Where it goes.
    pub copy: &'a LocalStore,
    /// Is told of every object that is over.
    pub told: &'a (dyn Fn() + Sync),
    /// Shards that were given up.
    given_up: BTreeSet<ShardId>,
    /// Shards that are to be measured again.
    to_measure: BTreeSet<ShardId>,
    troubles: AtomicUsize,
}

/// Why an object was not brought.
enum Lack {
    /// It is not there, not whole or not to be had.
    Of(Problem),
    /// The copy cannot be written.
    Copy(anyhow::Error),
}

impl From<Problem> for Lack {
    fn from(problem: Problem) -> Self {
        Self::Of(problem)
    }
}

impl From<std::io::Error> for Lack {
    fn from(error: std::io::Error) -> Self {
        Self::Copy(anyhow::Error::from(error).context("the copy cannot be written"))
    }
}

impl From<StoreError> for Lack {
    fn from(error: StoreError) -> Self {
        Self::Copy(error.into())
    }
}

impl<'a> Fetch<'a> {
    /// A copy of nothing so far.
    pub(crate) fn new(
        output: &'a Output,
        copy: &'a LocalStore,
        told: &'a (dyn Fn() + Sync),
    ) -> Self {
        Self {
            output,
            copy,
            told,
            given_up: BTreeSet::new(),
            to_measure: BTreeSet::new(),
            troubles: AtomicUsize::new(0),
        }
    }

    /// Brings a report, and then the tables of what was planned, if that is known.
    pub(crate) async fn bring(
        &mut self,
        report: &StoredReport<'_>,
        planned: Option<&Planned>,
    ) -> anyhow::Result<Fetched> {
        let mut fetched = Fetched {
            missing: report.wrong_by_listing()?,
            ..Fetched::default()
        };
        let keys: Vec<Key> = report.keys().cloned().collect();
        let report_of = |key| self.report_file(report, key);
        for (_, brought) in self.all(&keys, report_of, Key::clone).await {
            match brought {
                Ok(()) => fetched.reports += 1,
                Err(lack) => fetched.lacks(lack)?,
            }
        }
        if let Some(planned) = planned {
            let inventory = self.output.inventory(&planned.plan).await?;
            self.to_measure = inventory.to_measure();
            self.given_up = inventory.failed;
            let whole = self.planned(planned, &mut fetched).await?;
            let mut missing = fetched.missing.iter();
            if missing.all(|lack| matches!(lack, Problem::NotDone { .. })) {
                let of_others = report.is_of_others(&planned.plan, &whole)?;
                fetched.missing.extend(of_others);
            }
        }
        Ok(fetched)
    }

    async fn report_file(&self, report: &StoredReport<'_>, key: &Key) -> Result<(), Lack> {
        let bytes = report.read(key).await;
        let bytes = bytes.map_err(|problem| self.lack(problem))?;
        Ok(self.copy.put(key, bytes).await?)
    }

    /// The tables of a plan with their markers, and the plan itself; which shards were whole.
    async fn planned(
        &self,
        planned: &Planned,
        fetched: &mut Fetched,
    ) -> anyhow::Result<BTreeSet<ShardId>> {
        let Planned {
            text,
            campaign,
            plan,
        } = planned;
        let keys = PlanKeys::last();
        let text = text.clone().into_bytes();
        self.copy.put(&keys.campaign, text).await?;
        self.copy.put(&keys.plan, plan.to_parquet()?).await?;
        let markers = Markers::of(campaign);
        let of_shard = |shard: &Shard| object_key(&shard.stage, shard.id);
        let bringing = |shard| self.table(&markers, shard);
        let bare = plan.stages.iter().filter(|stage| stage.without_tables);
        let bare: BTreeSet<&StageName> = bare.map(|stage| &stage.name).collect();
        let mut whole = BTreeSet::new();
        for (shard, brought) in self.all(&plan.shards, bringing, of_shard).await {
            match brought {
                Ok(()) => {
                    fetched.tables += usize::from(!bare.contains(&shard.stage));
                    whole.insert(shard.id);
                }
                Err(lack) => fetched.lacks(lack)?,
            }
        }
        let copy = Output::open(&Place::Folder(self.copy.location().into()))?;
        fetched.strays = copy.stray_keys(plan).await?;
        Ok(whole)
    }

    async fn all<'i, T, F>(
        &self,
        items: &'i [T],
        bring: impl Fn(&'i T) -> F,
        key_of: fn(&T) -> Key,
    ) -> Vec<(&'i T, Result<(), Lack>)>
    where
        F: Future<Output = Result<(), Lack>>,
    {
        let bringing: Vec<_> = items
            .iter()
            .map(|item| {
                let bringing = bring(item);
                async move {
                    let brought = match self.troubles.load(Ordering::Relaxed) {
                        MOST_TROUBLES.. => Err(Lack::Of(Problem::NoAnswer {
                            key: key_of(item),
                            reason: String::from("the store does not answer; it was not tried"),
                        })),
                        _ => bringing.await,
                    };
                    (self.told)();
                    (item, brought)
                }
            })
            .collect();
        stream::iter(bringing).buffered(AT_ONCE).collect().await
    }

    /// A table, and its marker last: what has a marker is whole, here as there.
    async fn table(&self, markers: &Markers, shard: &Shard) -> Result<(), Lack> {
        let (store, name) = (self.output.store(), marker_key(&shard.stage, shard.id));
        let unsound = |fault| Lack::Of(Problem::Unsound(Unsound::of(shard, fault)));
        let marker = match markers.read(self.output, shard).await {
            Ok(Ok(Some(marker))) => marker,
            Ok(Ok(None)) if self.to_measure.contains(&shard.id) => {
                return Err(Lack::Of(Problem::ToMeasure(shard.id)));
            }
            Ok(Ok(None)) => {
                return Err(Lack::Of(Problem::NotDone {
                    shard: shard.id,
                    is_given_up: self.given_up.contains(&shard.id),
                }));
            }
            Ok(Err(fault)) => return Err(unsound(fault)),
            Err(error) => return Err(self.unread(name, error)),
        };
        if marker.has_table() {
            self.checked(store.as_ref(), shard, &marker).await?;
        }
        let fit = fit_file(store.as_ref(), shard, &marker).await;
        if let Some((key, bytes)) = fit.map_err(|error| self.unread(name.clone(), error.into()))? {
            self.copy.put(&key, bytes.map_err(unsound)?).await?;
        }
        let bytes = store.get(&name).await;
        let bytes = bytes.map_err(|error| self.unread(name.clone(), error.into()))?;
        let gone = || unsound(Fault::Marker(String::from("it was removed meanwhile")));
        Ok(self.copy.put(&name, bytes.ok_or_else(gone)?).await?)
    }

    /// Copies a table piece by piece; it may be larger than memory.
    async fn checked(&self, store: &dyn Store, shard: &Shard, marker: &Marker) -> Result<(), Lack> {
        let key = object_key(&shard.stage, shard.id);
        let path = self.copy.scratch().join(shard.id.to_string());
        let mut file = File::create(&path)?;
        let brought = self.pieces(store, &key, marker, &mut file).await;
        let fault = match brought {
            Ok(None) => return Ok(self.copy.put_file(&key, &path).await?),
            Ok(Some(fault)) => Lack::Of(Problem::Unsound(Unsound::of(shard, fault))),
            Err(lack) => lack,
        };
        // Nothing of it stays.
        let _ = std::fs::remove_file(&path);
        Err(fault)
    }

    /// Copies the bytes of a table, and says what is wrong with them.
    async fn pieces(
        &self,
        store: &dyn Store,
        key: &Key,
        marker: &Marker,
        file: &mut File,
    ) -> Result<Option<Fault>, Lack> {
        let (mut hash, mut size) = (blake3::Hasher::new(), 0);
        while size <= marker.bytes {
            let piece = store.get_range(key, size..size + PIECE).await;
            let piece = piece.map_err(|error| self.unread(key.clone(), error.into()))?;
            let Some(piece) = piece else {
                return Ok(Some(Fault::Gone));
            };
            if piece.is_empty() {
                break;
            }
            hash.update(&piece);
            size += piece.len() as u64;
            file.write_all(&piece)?;
        }
        if size != marker.bytes {
            return Ok(Some(Fault::Size {
                found: size,
                expected: marker.bytes,
            }));
        }
        let hash = hash.finalize().to_hex().to_string();
        Ok((hash != marker.hash).then(|| {
            let expected = &marker.hash;
            Fault::Bytes(format!("has hash {hash}, expected {expected}"))
        }))
    }

    /// What the store does not give.
    fn unread(&self, key: Key, error: anyhow::Error) -> Lack {
        match Problem::of(key.clone(), error) {
            Ok(problem) => Lack::Of(problem),
            Err(error) => match error.downcast::<StoreError>() {
                Ok(error) => self.lack(Problem::no_answer(key, &error)),
                Err(error) => Lack::Copy(error),
            },
        }
    }

    fn lack(&self, problem: Problem) -> Lack {
        if matches!(problem, Problem::NoAnswer { .. }) {
            self.troubles.fetch_add(1, Ordering::Relaxed);
        }
        Lack::Of(problem)
    }
}

impl Fetched {
    /// Notes what was not brought; an error when nothing else will be.
    fn lacks(&mut self, lack: Lack) -> anyhow::Result<()> {
        match lack {
            Lack::Of(problem) if self.missing.contains(&problem) => Ok(()),
            Lack::Of(problem) => {
                self.missing.push(problem);
                Ok(())
            }
            Lack::Copy(error) => Err(error),
        }
    }

    /// Whether all was brought, and nothing else is in the copy.
    #[must_use]
    pub(crate) fn is_whole(&self) -> bool {
        self.missing.is_empty() && self.strays.is_empty()
    }
}
