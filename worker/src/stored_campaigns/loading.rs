//! What was submitted, from the store into memory: each piece held against the digest that names
//! it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use lumimill_common::bdt_config::BdtConfig;
use lumimill_common::campaign::{BdtSource, Campaign, CampaignName, ShardPolicy, StageName};
use lumimill_common::control::{
    Control, ControlState, PlanKeys, control_key, model_key, plan_digest,
};
use lumimill_common::failure::{Failure, FailureKind};
use lumimill_common::form;
use lumimill_common::hex::hex;
use lumimill_common::job::Job;
use lumimill_common::shard::{Shard, ShardId};
use lumimill_common::store::{Key, Store};
use sha2::{Digest, Sha256};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::info;

use crate::off_thread::off_thread;
use crate::prepared_stage::PreparedStage;
use crate::production::Production;
use crate::score::missing;
use crate::shard_table::{ShardTable, ShardTableError};
use crate::store_failure::{newer, store_failure};

/// An object, where there is one. One that is larger than it may be is nothing that was submitted.
async fn found(store: &dyn Store, key: &Key) -> Result<Option<Vec<u8>>, Failure> {
    store
        .get(key)
        .await
        .map_err(|error| match error.is_large() {
            true => Failure::reject(FailureKind::Job, store.location(), error),
            false => store_failure(&error),
        })
}

/// An object that must be there, as submitting writes it before any job.
async fn object(store: &dyn Store, key: &Key) -> Result<Vec<u8>, Failure> {
    let found = found(store, key).await?;
    found.ok_or_else(|| Failure::reject(FailureKind::Job, store.location(), absent(store, key)))
}

fn absent(store: &dyn Store, key: &Key) -> String {
    format!(
        "{}: there is no {key}: the campaign was not submitted to this store, or was removed",
        store.location()
    )
}

pub(super) async fn load(
    job: &Job,
    base: PathBuf,
    store: Arc<dyn Store>,
    stop: CancellationToken,
) -> Result<Production, Failure> {
    let wrong = |message: String| Failure::reject(FailureKind::Job, &job.campaign, message);
    let keys = PlanKeys::submitted(&job.plan);
    let keys = keys.ok_or_else(|| wrong(format!("{:?} is no digest of a plan", job.plan)))?;
    let text = object(store.as_ref(), &keys.campaign).await?;
    let bytes = object(store.as_ref(), &keys.plan).await?;
    let digest = plan_digest(&bytes, &text);
    if digest != job.plan {
        let message = format!(
            "{}: {} and its campaign.toml have digest {digest}: they were changed after they were \
             submitted; submit the campaign again",
            store.location(),
            keys.plan
        );
        return Err(wrong(message));
    }
    let table = shard_table(store.as_ref(), &keys.plan, bytes).await?;
    let text = String::from_utf8(text).map_err(|error| wrong(error.to_string()))?;
    let campaign = Campaign::parse(&text).map_err(|errors| {
        let problems: Vec<String> = errors.0.iter().map(ToString::to_string).collect();
        wrong(format!("campaign.toml: {}", problems.join("; ")))
    })?;
    check_name(job, &campaign, &table).map_err(wrong)?;
    check_engines(job, &table)?;
    let models = models(store.as_ref(), &campaign, &table).await?;
    let stages = off_thread(move || prepare(&campaign, &table, &models)).await;
    let prepared = stages.map_err(|error| wrong(error.to_string()))?;
    let (policy, stages, shards) = prepared.map_err(wrong)?;
    let attempts = policy.max_attempts;
    info!(campaign = %job.campaign, shards = shards.len(), "campaign loaded");
    let mut production = Production::new(&job.campaign, &digest, &base, store, attempts);
    production.is_submitted = true;
    production.limit = policy.limit();
    production.stop = stop;
    production.stages = stages;
    production.shards = shards;
    Ok(production)
}

/// What is of another campaign would be done under the name of this one.
fn check_name(job: &Job, campaign: &Campaign, table: &ShardTable) -> Result<(), String> {
    let planned: CampaignName = table
        .value("lumimill.campaign")
        .map_err(|error| error.to_string())?;
    let names = [
        (&planned, "plan.parquet"),
        (&campaign.name, "campaign.toml"),
    ];
    match names.into_iter().find(|(name, _)| **name != job.campaign) {
        None => Ok(()),
        Some((name, file)) => Err(format!(
            "{file} is of campaign {name}, the job is of {}: submit the campaign again",
            job.campaign
        )),
    }
}

/// Another worker may have what the plan says that evaluates its models.
fn check_engines(job: &Job, table: &ShardTable) -> Result<(), Failure> {
    let planned = table.stages();
    let planned =
        planned.map_err(|error| Failure::reject(FailureKind::Job, &job.campaign, error))?;
    let engines: BTreeSet<&String> = planned.iter().flat_map(|stage| &stage.engines).collect();
    match engines.into_iter().find_map(|engine| missing(engine)) {
        None => Ok(()),
        Some(why) => Err(Failure::retry(FailureKind::Engine, &job.campaign, why)),
    }
}

async fn shard_table(store: &dyn Store, key: &Key, bytes: Vec<u8>) -> Result<ShardTable, Failure> {
    let wrong =
        |error: &dyn std::fmt::Display| Failure::reject(FailureKind::Job, store.location(), error);
    let read = off_thread(|| ShardTable::from_parquet(bytes)).await;
    read.map_err(|error| wrong(&error))?
        .map_err(|error| match &error {
            ShardTableError::Form(form) if form.is_newer() => newer(store, key, form),
            error => wrong(error),
        })
}

/// Whether a shard of a production is still to be done: its campaign may have been cancelled, or
/// its shard cut or changed, since the job was taken. An object of a shard that is in no plan would
/// be read as part of the data set, its events twice.
pub(crate) async fn still_wants(production: &Production, shard: ShardId) -> Result<bool, Failure> {
    let in_force = &production.in_force;
    if !production.is_submitted || in_force.is_fresh() {
        return Ok(true);
    }
    let store = production.store.as_ref();
    let asked = Instant::now();
    let control = read_control(store).await?;
    in_force.see(None);
    if control.state == ControlState::Cancelled {
        return Ok(false);
    }
    if control.plan == production.digest {
        in_force.see(Some(asked));
        return Ok(true);
    }
    if let Some(shards) = in_force.shards(&control.plan) {
        return Ok(shards.contains(&shard));
    }
    let Some(keys) = PlanKeys::submitted(&control.plan) else {
        return Ok(false);
    };
    let bytes = object(store, &keys.plan).await?;
    let table = shard_table(store, &keys.plan, bytes).await?;
    let shards = table.shards.iter().map(|planned| planned.id);
    let shards: Arc<BTreeSet<ShardId>> = Arc::new(shards.collect());
    in_force.remember(&control.plan, shards.clone());
    Ok(shards.contains(&shard))
}

/// The control record. A worker that finds none may look in another store than all others.
pub(super) async fn read_control(store: &dyn Store) -> Result<Control, Failure> {
    let key = control_key();
    let missing = || Failure::retry(FailureKind::Missing, store.location(), absent(store, &key));
    let bytes = found(store, &key).await?.ok_or_else(missing)?;
    form::read(&bytes).map_err(|error| match error.is_newer() {
        true => newer(store, &key, &error),
        false => {
            let message = format!("{}: {key}: {error}", store.location());
            Failure::reject(FailureKind::Job, store.location(), message)
        }
    })
}

/// Model files by hash and by the path that the campaign has for them.
type Models = BTreeMap<String, Vec<u8>>;

/// The model files of every stage, each as the plan has its hash.
async fn models(
    store: &dyn Store,
    campaign: &Campaign,
    table: &ShardTable,
) -> Result<Models, Failure> {
    let wrong = |message: String| Failure::reject(FailureKind::Model, &campaign.name, message);
    let planned = table.stages().map_err(|error| wrong(error.to_string()))?;
    let mut models = Models::new();
    for (stage, planned) in campaign.stages.iter().zip(&planned) {
        let mut hashes = planned.models.iter();
        for model in &stage.models {
            for path in model.source.paths() {
                fetch(store, &mut models, path, hashes.next()).await?;
            }
            // A BDT configuration says which others there are.
            for path in model
                .bdt()
                .map_or_else(Vec::new, |source| named_by(source, &models))
            {
                fetch(store, &mut models, &path, hashes.next()).await?;
            }
        }
    }
    Ok(models)
}

/// The models that a configuration names; none where it cannot be read, which is said when it is
/// loaded.
fn named_by(source: &BdtSource, models: &Models) -> Vec<String> {
    let bytes = models.get(&source.config);
    let config = bytes.and_then(|bytes| BdtConfig::parse(bytes).ok());
    config.map_or_else(Vec::new, |config| source.files(&config))
}

/// Adds a file to the models, unless it is there.
async fn fetch(
    store: &dyn Store,
    models: &mut Models,
    path: &str,
    hash: Option<&String>,
) -> Result<(), Failure> {
    let Some(hash) = hash.filter(|_| !models.contains_key(path)) else {
        return Ok(());
    };
    let wrong = |message: String| Failure::reject(FailureKind::Model, path, message);
    let key = model_key(hash).ok_or_else(|| wrong(format!("{hash:?} is no hash")))?;
    let bytes = object(store, &key).await?;
    let found = hex(&Sha256::digest(&bytes));
    if found != *hash {
        let message = format!(
            "{key}: expected SHA-256 {hash}, found {found}: lumimill submit with the campaign file puts the \
             model there again"
        );
        return Err(wrong(message));
    }
    models.insert(path.to_owned(), bytes);
    Ok(())
}

type Prepared = (
    ShardPolicy,
    BTreeMap<StageName, Arc<PreparedStage>>,
    BTreeMap<ShardId, Arc<Shard>>,
);

fn prepare(campaign: &Campaign, table: &ShardTable, models: &Models) -> Result<Prepared, String> {
    let files = |path: &str| {
        let found = models.get(path).cloned();
        found.ok_or_else(|| String::from("not in the plan"))
    };
    let planned = table.stages().map_err(|error| error.to_string())?;
    let mut stages = BTreeMap::new();
    for (index, planned) in (0..campaign.stages.len()).zip(&planned) {
        let stage = PreparedStage::load_planned(campaign, index, &files, planned);
        let stage = stage.map_err(|problems| {
            let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
            problems.join("; ")
        })?;
        let name = stage.stage().name.clone();
        if (&name, stage.digest()) != (&planned.name, &planned.digest) {
            return Err(format!(
                "stage {name} has digest {}, the plan has {} for stage {}: the campaign file in \
                 the store is not the planned one",
                stage.digest(),
                planned.digest,
                planned.name
            ));
        }
        stages.insert(name, Arc::new(stage.typed(planned.types.clone())));
    }
    let shards = table.shards.iter();
    let shards = shards.map(|shard| (shard.id, Arc::new(shard.clone())));
    Ok((campaign.shards, stages, shards.collect()))
}
