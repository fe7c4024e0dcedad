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
    /// The stages that stand beside that one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub beside: Vec<StageName>,
    /// The stages all of whose shards each of its shards reads something of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub wholes: Vec<StageName>,
    /// The names of the categories that it fits; none where it has rows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<String>,
    /// Whether it writes no tables, and only measures.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub without_tables: bool,
    /// Digest of what it does (see [`lumimill_common::shard::stage_digest`]).
    pub digest: String,
    /// SHA-256 of its model files, in order.
    pub models: Vec<String>,
    /// What evaluates each of them, with its version; nothing for trees, and for all when all are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub engines: Vec<String>,
    /// The types of its columns, the same for all files.
    #[serde(default)]
    pub types: StageTypes,
    /// Its labels, and which of its files lack them.
    #[serde(default)]
    pub labels: Vec<LabelCoverage>,
}

/// What the values of a model file depend on: its hash and, unless that is this program alone, what
/// evaluates it.
#[must_use]
pub(crate) fn maker(sha256: &str, engine: &str) -> String {
    match engine {
        "" => sha256.to_owned(),
        engine => format!("{sha256} by {engine}"),
    }
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
            beside: Vec::new(),
            wholes: Vec::new(),
            categories: Vec::new(),
            without_tables: false,
            digest: digest.to_owned(),
            models: Vec::new(),
            engines: Vec::new(),
            types: StageTypes::default(),
            labels: Vec::new(),
        }
    }

    /// What evaluates the model file of this number; nothing for trees.
    #[must_use]
    pub fn engine(&self, file: usize) -> &str {
        self.engines.get(file).map_or("", String::as_str)
    }

    /// What the values of its models depend on beside its configuration (see `maker`).
    #[must_use]
    pub fn makers(&self) -> Vec<String> {
        let files = self.models.iter().enumerate();
        files
            .map(|(file, sha256)| maker(sha256, self.engine(file)))
            .collect()
    }

    /// Digest of all that decides the bytes of its shards, apart from their input: of what it
    /// does, and of the types of its columns, which depend on all files together. Columns that it only
    /// measures are written nowhere.
    #[must_use]
    pub fn output_digest(&self) -> String {
        let mut hash = FieldHash::of("output");
        hash.text("stage", &self.digest);
        if !self.without_tables {
            self.types.add_to(&mut hash);
        }
        hash.to_string()
    }
}
