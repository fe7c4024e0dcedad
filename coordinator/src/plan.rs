//! The plan of a campaign: which shards there are, and which lumi sections they hold.
//!
//! A plan depends on the campaign, the files and the models alone: the same input gives the
//! same plan, byte for byte, whatever the number of slots. It says nothing of what is done;
//! that is the business of [`crate::ledger`].

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;

use lumimill_common::campaign::{Campaign, CampaignName};
use lumimill_common::lumi_mask::LumiMask;
use lumimill_common::shard::{FileIdentity, Shard, ShardId, stage_digest};
use serde::{Deserialize, Serialize};

mod certified;
mod columns;
mod cut;
mod derive;
mod digest;
mod dropped;
mod duplicates;
mod event_columns;
mod event_key;
mod event_order;
mod events_in_several;
mod groups;
mod inputs;
mod layouts;
mod pack;
mod planner;
mod problem;
mod scan;
mod split;
mod stretches;
mod summary;
mod table;
mod tables;
#[cfg(test)]
mod tests;
mod warnings;

pub use certified::{CertificationError, Certified};
#[cfg(test)]
pub(crate) use derive::derive;
use digest::digest_of;
pub use dropped::Loss;
pub(crate) use duplicates::beside;
pub use duplicates::{DuplicateError, DuplicateLumi, Duplicates};
pub use event_columns::EventColumnError;
pub use lumimill_worker::shard_table::{PlannedStage, ShardTableError};
pub use planner::{Survey, plan};
pub use problem::{PlanErrors, PlanProblem};
pub use scan::ScanError;
pub use summary::{PlanSummary, StageSummary};
pub use tables::Tables;

/// Into how many parts which shard is cut.
pub type Splits = BTreeMap<ShardId, NonZeroU32>;

/// What a campaign will do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Name of the campaign.
    pub campaign: CampaignName,
    /// Digest of its configuration, its mask and its models.
    pub configuration: String,
    /// Which lumi sections of data count, limited to the campaign's runs.
    pub certified: Certified,
    /// Its stages, in order.
    pub stages: Vec<PlannedStage>,
    /// Every tree of every file that it reads: by dataset, then file.
    pub files: Vec<PlannedFile>,
    /// Its shards: by stage, then as `files`, then by entry.
    pub shards: Vec<Shard>,
    /// Shards that were given up and that it goes on without: nobody does them, and what they would
    /// be counts as missing.
    pub dropped: Vec<Shard>,
    /// Events that are there more than once, where that is no error.
    pub duplicates: Option<Duplicates>,
    /// Shards that were cut smaller since they were first planned.
    pub splits: Splits,
    /// What a person should know: normalised masks, files without event numbers.
    pub notes: Vec<String>,
}

/// A tree of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedFile {
    /// Dataset of the file.
    pub dataset: String,
    /// Whether the dataset is recorded data, so that its lumi sections count.
    pub is_data: bool,
    /// The file.
    pub file: FileIdentity,
    /// The tree.
    pub tree: String,
    /// Entries of the tree.
    pub entries: u64,
    /// Directories that it is put together of, where a pattern says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directories: Option<u64>,
    /// Certified events of the tree.
    pub certified_events: u64,
    /// Entries that are in no shard, as nothing near them is certified.
    pub pruned_entries: u64,
    /// Shards that it is cut into, for each stage.
    pub shards: u64,
    /// Certified lumi sections, with and without events; `None` when it has no such columns.
    pub lumis: Option<LumiMask>,
    /// How many lumi sections it has, certified or not.
    pub all_lumis: u64,
}

impl Plan {
    /// Whether it is the plan of a campaign: of its name and of its configuration.
    #[must_use]
    pub fn is_of(&self, campaign: &Campaign) -> bool {
        let stages = campaign.stages.iter().zip(&self.stages);
        let mut stages = stages.map(|(stage, planned)| {
            let digest = stage_digest(campaign, stage, &planned.makers());
            (&stage.name, digest) == (&planned.name, planned.digest.clone())
        });
        self.campaign == campaign.name
            && self.stages.len() == campaign.stages.len()
            && stages.all(|is_it| is_it)
            && self.configuration == digest_of(campaign, &self.certified, &self.stages)
    }

    /// Certified lumi sections of recorded data in the files that are read.
    #[must_use]
    pub fn lumis_in_files(&self) -> LumiMask {
        let data = self.files.iter().filter(|file| file.is_data);
        let lumis = data.filter_map(|file| file.lumis.as_ref());
        LumiMask::from_ranges(lumis.flat_map(|lumis| lumis.ranges().iter().copied()))
    }

    /// Files read, each once.
    #[must_use]
    pub(crate) fn distinct_files(&self) -> usize {
        let files: BTreeSet<&FileIdentity> = self.files.iter().map(|file| &file.file).collect();
        files.len()
    }
}
