//! What all jobs of one campaign share: its plan, its stages, its store.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arrow_schema::Schema;
use lumimill_common::campaign::{CampaignName, StageName};
use lumimill_common::failure::{Failure, FailureKind};
use lumimill_common::hex::hex;
use lumimill_common::metric::CountedRows;
use lumimill_common::shard::{FileIdentity, Shard, ShardId};
use lumimill_common::store::Store;
use tokio_util::sync::CancellationToken;

use crate::compiled_stage::CompiledStage;
use crate::estimated::Estimated;
use crate::grouped::schema_of_entries;
use crate::in_force::InForce;
use crate::input::{self, EventFile, EventTable, input_failure};
use crate::memory::claim_limit;
use crate::prepared_stage::PreparedStage;
use crate::weights::Fits;

/// Time that an attempt may take when nobody says otherwise.
const LIMIT: Duration = Duration::from_secs(240 * 60);
/// Open files that are remembered between jobs.
const OPEN_FILES: usize = 16;

/// One campaign in production.
#[derive(Debug)]
pub struct Production {
    /// Name of the campaign.
    pub campaign: CampaignName,
    /// Digest of the plan, which its jobs name.
    pub digest: String,
    /// Folder of the campaign file.
    pub base: PathBuf,
    /// Where output goes.
    pub store: Arc<dyn Store>,
    /// Stages by name.
    pub stages: BTreeMap<StageName, Arc<PreparedStage>>,
    /// Shards by id.
    pub shards: BTreeMap<ShardId, Arc<Shard>>,
    /// Attempts after which a shard is given up.
    pub max_attempts: u32,
    /// Time that one attempt may take.
    pub limit: Duration,
    /// Entries processed so far, by all slots.
    pub entries: AtomicU64,
    /// Whether it was submitted, and so may be told otherwise at any time.
    pub is_submitted: bool,
    /// Ends all work on it between two batches.
    pub stop: CancellationToken,
    /// By the stage that fits it, what was counted on all shards: the same whoever asks.
    pub(crate) counted: tokio::sync::Mutex<BTreeMap<StageName, Arc<CountedRows>>>,
    /// The densities of stages that columns are drawn by.
    pub(crate) estimated: tokio::sync::Mutex<Estimated>,
    /// The fits of stages that weights are made by.
    pub(crate) fits: tokio::sync::Mutex<BTreeMap<StageName, Arc<Fits>>>,
    /// What is known of the plan in force.
    pub(crate) in_force: InForce,
    opened: Mutex<Vec<Opened>>,
}

/// A file that was opened for a stage, and what the stage is for its schema.
#[derive(Debug, Clone)]
pub(crate) struct Opened {
    file: FileIdentity,
    stage: StageName,
    tree_name: String,
    pub(crate) tree: EventTable,
    pub(crate) compiled: Arc<CompiledStage>,
}

impl Production {
    /// A production without stages and shards.
    #[must_use]
    pub fn new(
        campaign: &CampaignName,
        digest: &str,
        base: &Path,
        store: Arc<dyn Store>,
        max_attempts: u32,
    ) -> Self {
        Self {
            campaign: campaign.clone(),
            digest: digest.to_owned(),
            base: base.to_owned(),
            store,
            stages: BTreeMap::new(),
            shards: BTreeMap::new(),
            max_attempts,
            limit: LIMIT,
            entries: AtomicU64::new(0),
            is_submitted: false,
            stop: CancellationToken::new(),
            counted: tokio::sync::Mutex::default(),
            estimated: tokio::sync::Mutex::default(),
            fits: tokio::sync::Mutex::default(),
            in_force: InForce::default(),
            opened: Mutex::default(),
        }
    }

    /// Counts entries as processed.
    pub(crate) fn advance(&self, entries: u64) {
        self.entries.fetch_add(entries, Ordering::Relaxed);
    }

    /// Takes back entries that an attempt had counted before it failed.
    pub(crate) fn go_back(&self, entries: u64) {
        self.entries.fetch_sub(entries, Ordering::Relaxed);
    }

    /// The shard's file, opened, checked to be the one that was planned, and compiled for.
    ///
    /// What it holds is held against `memory`, the bytes that a job may use, before it is read.
    pub(crate) fn opened(&self, shard: &Shard, memory: Option<u64>) -> Result<Opened, Failure> {
        let known = |opened: &&Opened| {
            opened.file == *shard.file
                && opened.stage == shard.stage
                && *opened.tree_name == *shard.tree
        };
        let cache = || self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(opened) = cache().iter().find(known) {
            return Ok(opened.clone());
        }
        let opened = self.open(shard, memory)?;
        let mut cache = cache();
        if cache.len() >= OPEN_FILES {
            cache.remove(0);
        }
        cache.push(opened.clone());
        Ok(opened)
    }

    /// The stage of a shard for columns of this schema, which must give the table that was planned.
    pub(crate) fn compiled(
        &self,
        shard: &Shard,
        schema: &Schema,
        what: &str,
    ) -> Result<CompiledStage, Failure> {
        let unknown = || {
            Failure::reject(
                FailureKind::Stage,
                &shard.stage,
                "no such stage in this campaign",
            )
        };
        let stage = self.stages.get(&shard.stage).ok_or_else(unknown)?;
        let compiled = stage.compile(schema).map_err(|problems| {
            let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
            Failure::reject(
                FailureKind::Column,
                what,
                format!("{what}: {}", lines.join("\n")),
            )
        })?;
        match stage.types().deviation(&compiled) {
            None => Ok(compiled),
            Some(deviation) => {
                let message = format!("{what}: {deviation}; plan again");
                Err(Failure::reject(FailureKind::Column, what, message))
            }
        }
    }

    fn open(&self, shard: &Shard, memory: Option<u64>) -> Result<Opened, Failure> {
        let url = &shard.file.url;
        let failure = |error| input_failure(url, &error);
        let file = input::open(&self.base, url).map_err(failure)?;
        check_identity(&file, &shard.file)?;
        let file = file.with_memory_limit(claim_limit(memory));
        let tree = file.table(&shard.tree).map_err(failure)?;
        let stage = self.stages.get(&shard.stage);
        let grouping = stage.and_then(|stage| stage.stage().grouping.as_ref());
        let compiled = self.compiled(shard, &schema_of_entries(&tree, grouping), url)?;
        Ok(Opened {
            file: shard.file.as_ref().clone(),
            stage: shard.stage.clone(),
            tree_name: shard.tree.to_string(),
            tree,
            compiled: Arc::new(compiled),
        })
    }
}

fn check_identity(file: &EventFile, planned: &FileIdentity) -> Result<(), Failure> {
    if file.size() == planned.size && hex(&file.state()) == planned.state {
        return Ok(());
    }
    let changed = match file.size() == planned.size {
        true => String::from("its header is another one"),
        false => format!("expected {} bytes, found {}", planned.size, file.size()),
    };
    let message = format!(
        "{} changed since it was planned: {changed}; plan again",
        planned.url
    );
    Err(Failure::reject(FailureKind::Input, &planned.url, message))
}
