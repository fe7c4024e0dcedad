//! What a shard reads of all shards of a stage: counts for a fit or a density, and the files that these
//! are in.

use std::collections::BTreeMap;
use std::sync::Arc;

use lumimill_common::campaign::{Stage, StageName};
use lumimill_common::failure::{Failure, FailureKind};
use lumimill_common::form::{self, Stored};
use lumimill_common::marker::Marker;
use lumimill_common::metric::{CountedRows, FrozenFit, FrozenKde, MetricSpec, Partial};
use lumimill_common::shard::Shard;
use lumimill_common::stage_keys::{fit_key, marker_key};
use tokio::task::JoinSet;

use crate::attempt::Attempt;
use crate::estimated::{Density, Estimated};
use crate::store_failure::{newer, store_failure};
use crate::weights::Fits;

/// Markers that are read at a time.
const AHEAD: usize = 16;

impl Attempt {
    /// The stage that it is of, which fits or estimates.
    pub(crate) fn estimating(&self) -> Result<&Stage, Failure> {
        let stage = self.production.stages.get(&self.shard.stage);
        let stage = stage.map(|stage| stage.stage());
        stage.filter(|stage| stage.is_estimate()).ok_or_else(|| {
            Failure::reject(
                FailureKind::Job,
                &self.shard.stage,
                "it is of no stage that fits",
            )
        })
    }

    /// What was counted for a fit on all shards of the stage that it reads, and of those of which it
    /// needs histograms.
    pub(crate) async fn counted(&self) -> Result<Arc<CountedRows>, Failure> {
        let Self {
            production, shard, ..
        } = self;
        let mut known = production.counted.lock().await;
        if let Some(counted) = known.get(&shard.stage) {
            return Ok(Arc::clone(counted));
        }
        let stage = self.estimating()?;
        let lacking = || Failure::reject(FailureKind::Job, &shard.stage, "it counts nothing");
        let counting = stage.counting().ok_or_else(lacking)?;
        let parent = stage.from.as_ref().ok_or_else(lacking)?;
        let mut counted = CountedRows {
            rows: self.merged(parent, &counting).await?,
            others: BTreeMap::new(),
        };
        for other in stage.others() {
            let counting = stage.counting_others().ok_or_else(lacking)?;
            let merged = self.merged(&other, &counting).await?;
            counted.others.insert(other.to_string(), merged);
        }
        let counted = Arc::new(counted);
        known.insert(shard.stage.clone(), Arc::clone(&counted));
        Ok(counted)
    }

    /// What was counted on all shards of a stage, each once. Whatever the order, sums are the same: they
    /// are exact.
    async fn merged(&self, stage: &StageName, counting: &MetricSpec) -> Result<Partial, Failure> {
        let shard = &self.shard;
        let mut counted = Partial::new(counting);
        let mut markers = JoinSet::new();
        let mut shards = self.of_whole(stage).into_iter();
        loop {
            while markers.len() < AHEAD
                && let Some(shard) = shards.next()
            {
                let attempt = self.clone();
                markers.spawn(async move { attempt.marker_of(&shard).await });
            }
            let Some(marker) = markers.join_next().await else {
                break;
            };
            let internal = |error: &dyn std::fmt::Display| {
                Failure::retry(
                    FailureKind::Internal,
                    &shard.stage,
                    format!("no counts: {error}"),
                )
            };
            let marker = marker.map_err(|error| internal(&error))??;
            let mut partials = marker.partials.iter();
            let partial = partials.find(|partial| partial.spec() == counting);
            let partial = partial.ok_or_else(|| {
                let what = "holds no counts for this fit: it is to be measured again";
                Failure::retry(
                    FailureKind::Parent,
                    &shard.stage,
                    format!("{} {what}", marker.object),
                )
            })?;
            counted.merge(partial).map_err(|error| internal(&error))?;
        }
        Ok(counted)
    }

    /// All shards of a stage.
    pub(crate) fn of_whole(&self, stage: &StageName) -> Vec<Arc<Shard>> {
        let shards = self.production.shards.values();
        let of_stage = shards.filter(|shard| shard.stage == *stage);
        of_stage.cloned().collect()
    }

    /// The marker of a shard that it reads, which is done.
    pub(crate) async fn marker_of(&self, shard: &Shard) -> Result<Marker, Failure> {
        let key = marker_key(&shard.stage, shard.id);
        let marker = self.found(shard, &key).await?;
        marker.ok_or_else(|| {
            let message = format!("{key} is gone or damaged: the shard is not done (any more)");
            Failure::retry(FailureKind::Parent, &shard.stage, message)
        })
    }

    /// The fits by which rows have weights; none where they have none.
    pub(crate) async fn fits(&self) -> Result<Option<Arc<Fits>>, Failure> {
        let Self {
            production, shard, ..
        } = self;
        let stage = production.stages.get(&shard.stage);
        let Some(weigh) = stage.and_then(|stage| stage.stage().weigh.as_ref()) else {
            return Ok(None);
        };
        let mut known = production.fits.lock().await;
        if let Some(fits) = known.get(&weigh.fit) {
            return Ok(Some(Arc::clone(fits)));
        }
        let mut fits = Fits::default();
        for fit in self.of_whole(&weigh.fit) {
            let (frozen, digest) = self.frozen::<FrozenFit>(&fit).await?;
            fits.digests.insert(frozen.category.clone(), digest);
            fits.frozen.push(frozen);
        }
        let fits = Arc::new(fits);
        known.insert(weigh.fit.clone(), Arc::clone(&fits));
        Ok(Some(fits))
    }

    /// The file of a fit or a density, held against the marker of its shard, and its hash.
    pub(crate) async fn frozen<T: Stored>(&self, fit: &Shard) -> Result<(T, String), Failure> {
        let store = self.production.store.as_ref();
        let marker = self.marker_of(fit).await?;
        let category = fit.file.url.as_str();
        let key = fit_key(&fit.stage, category);
        let (key, digest) = key.zip(marker.fits.get(category)).ok_or_else(|| {
            let message = format!("the marker of {category} names no file of it");
            Failure::reject(FailureKind::Parent, &fit.stage, message)
        })?;
        let bytes = store.get(&key).await;
        let bytes = bytes.map_err(|error| store_failure(&error))?;
        let bytes = bytes.filter(|bytes| blake3::hash(bytes).to_hex().as_str() == digest);
        let bytes = bytes.ok_or_else(|| {
            let message = format!(
                "{key} is gone, or is not what its marker says: somebody changed it; verify --mend \
                 makes it again, resubmit then what reads it"
            );
            Failure::reject(FailureKind::Parent, &fit.stage, message)
        })?;
        match form::read::<T>(&bytes) {
            Ok(frozen) => Ok((frozen, digest.clone())),
            Err(error) if error.is_newer() => Err(newer(store, &key, &error)),
            Err(error) => {
                let message = format!("{key}: {error}");
                Err(Failure::reject(FailureKind::Parent, &fit.stage, message))
            }
        }
    }

    /// The densities that columns are drawn by; none where none are.
    pub(crate) async fn estimated(&self) -> Result<Option<Estimated>, Failure> {
        let Self {
            production, shard, ..
        } = self;
        let Some(stage) = production.stages.get(&shard.stage) else {
            return Ok(None);
        };
        let mut known = production.estimated.lock().await;
        let mut estimated = Estimated::default();
        for name in stage.stage().densities() {
            let stored = match known.0.get(name) {
                Some(stored) => stored.clone(),
                None => self.density(name).await?,
            };
            known.0.insert(name.clone(), stored.clone());
            estimated.0.insert(name.clone(), stored);
        }
        Ok((!estimated.0.is_empty()).then_some(estimated))
    }

    async fn density(&self, stage: &StageName) -> Result<Density, Failure> {
        let shards = self.of_whole(stage);
        let only = shards.first().ok_or_else(|| {
            let message = format!("nothing of {stage} is in the plan: its density was given up");
            Failure::reject(FailureKind::Parent, &self.shard.stage, message)
        })?;
        let (frozen, digest) = self.frozen::<FrozenKde>(only).await?;
        Ok(Density {
            frozen: Arc::new(frozen),
            digest,
        })
    }
}
