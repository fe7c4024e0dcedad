//! What an attempt at a shard has to say, beside its table.

use std::collections::BTreeMap;

use lumimill_common::metric::{CutFlow, Partial};
use lumimill_common::store::Key;

/// What was measured on a shard.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// Rows that went to the sink.
    pub rows: u64,
    /// Events and rows after each step.
    pub cut_flow: CutFlow,
    /// Whether the columns of the table tell its events apart.
    pub tells_events: bool,
    /// Of each fit that it is made by, the category and the hash of its file.
    pub fits: BTreeMap<String, String>,
    /// One partial for each metric.
    pub partials: Vec<Partial>,
    /// The file of a fit, to be put beside the table.
    pub(crate) frozen: Option<Frozen>,
}

/// The file of a fit.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Frozen {
    pub(crate) key: Key,
    pub(crate) bytes: Vec<u8>,
}
