//! A table whose rows are found by their keys.

use serde::Serialize;

use super::name::StageName;

/// What becomes of a row that a joined table has no row for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum MissingRows {
    /// It fails its shard.
    #[default]
    Error,
    /// It is left out, as a step of the cut flow.
    Drop,
    /// The columns of the table are null there.
    Null,
}

/// A table whose rows are found by the keys that they have in common.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Join {
    /// The stage that made it.
    pub stage: StageName,
    /// What becomes of a row without one in it.
    pub missing: MissingRows,
}
