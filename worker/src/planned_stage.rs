//! What a plan says of a stage.

use lumimill_common::campaign::StageName;
use lumimill_common::field_hash::FieldHash;
use serde::{Deserialize, Serialize};

use crate::stage_types::StageTypes;

/// A stage of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedStage {
    /// Its name.
    pub name: StageName,
    /// The stage whose rows it reads; `None` when it reads files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<StageName>,
    /// Digest of what it does (see [`lumimill_common::shard::stage_digest`]).
    pub digest: String,
    /// SHA-256 of its model files, in order.
    pub models: Vec<String>,
    /// The types of its columns, the same for all files.
    #[serde(default)]
    pub types: StageTypes,
    /// Its labels, and which of its files lack them.
    #[serde(default)]
    pub labels: Vec<LabelCoverage>,
}

/// How many files and certified events of a stage have a label.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabelCoverage {
    /// The label, as its column is named.
    pub label: String,
    /// The branch that it is.
    pub branch: String,
    /// Files of the stage.
    pub files: u64,
    /// Certified events in them.
    pub events: u64,
    /// Files without the branch.
    pub files_without: u64,
    /// Certified events in those.
    pub events_without: u64,
}

impl PlannedStage {
    /// A stage without models, of whose columns nothing was decided, and which reads files.
    #[must_use]
    pub fn new(name: StageName, digest: &str) -> Self {
        Self {
            name,
            from: None,
            digest: digest.to_owned(),
            models: Vec::new(),
            types: StageTypes::default(),
            labels: Vec::new(),
        }
    }

    /// Digest of all that decides the bytes of its shards, apart from their input: of what it
    /// does, and of the types of its columns, which depend on all files together.
    #[must_use]
    pub fn output_digest(&self) -> String {
        let mut hash = FieldHash::of("output");
        hash.text("stage", &self.digest);
        self.types.add_to(&mut hash);
        hash.to_string()
    }
}
