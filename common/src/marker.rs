//! The marker of a shard: its report, written last; that it is there means done.
//!
//! A marker holds nothing that differs between two attempts at the same shard, so that its bytes
//! are the same whoever wrote it, and however often.

mod counts;
pub mod pack;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::form::{self, FormError};
use crate::metric::{CutFlow, MetricSpec, Partial, Unit, metrics_digest};
use crate::shard::{Shard, ShardId};
use crate::stage_keys::object_key;

/// The form of markers; 0, without a number, had no checksum, 1 did not say of which metrics its
/// partials are, and 2 counted all sidebands of a `significance` together, and knew no fits.
pub const FORM: u64 = 3;

/// What a shard's output holds and what was measured on it.
///
/// In the store it is two lines of JSON: its form and the BLAKE3 hash of the second line, in
/// hexadecimal, and then what it holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawMarker", into = "RawMarker")]
pub struct Marker {
    /// The shard.
    pub shard: ShardId,
    /// Key of the Parquet object.
    pub object: String,
    /// Rows in it, or rows that were measured.
    pub rows: u64,
    /// Its size in bytes; 0 where its stage writes no table.
    pub bytes: u64,
    /// Its BLAKE3 hash, in hexadecimal; empty where its stage writes no table.
    pub hash: String,
    /// Events and rows after each step.
    pub cut_flow: CutFlow,
    /// Whether the columns of the table tell its events apart, as they are told apart while it is
    /// made: what counts events can be measured on it again.
    pub tells_events: bool,
    /// What evaluated each model file of its stage, as the plan says; nothing where all are trees.
    pub engines: Vec<String>,
    /// Of each fit that it is made by, or that it is, the category and the BLAKE3 hash of its file, in
    /// hexadecimal.
    pub fits: BTreeMap<String, String>,
    /// One partial for each metric that was measured on it, in the order of its stage. What is
    /// measured is no part of what a shard is, so it may be others than its stage measures now.
    pub partials: Vec<Partial>,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawMarker {
    shard: ShardId,
    object: String,
    rows: u64,
    bytes: u64,
    hash: String,
    cut_flow: CutFlow,
    tells_events: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    engines: Vec<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    fits: BTreeMap<String, String>,
    /// Digest of what the partials measure.
    metrics: String,
    partials: Vec<Partial>,
}

#[derive(Serialize, Deserialize)]
struct Head {
    form: u64,
    checksum: String,
}

/// What a marker must be of.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// The shard.
    pub shard: &'a Shard,
    /// The steps of the cut flow of its stage.
    pub steps: &'a [(String, Unit)],
    /// Whether its stage writes tables.
    pub writes_table: bool,
}

impl Marker {
    /// The bytes that are stored.
    ///
    /// # Errors
    /// When a metric cannot be written.
    pub fn to_bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        let body = serde_json::to_vec(self)?;
        let head = Head {
            form: FORM,
            checksum: checksum(&body),
        };
        let mut bytes = serde_json::to_vec(&head)?;
        bytes.push(b'\n');
        bytes.extend(body);
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// Reads the bytes of a marker: the one place where form, checksum, what it must be of and what
    /// it may say are checked.
    ///
    /// # Errors
    /// When it is of another form, damaged, not of this shard, or its counts cannot be those of the
    /// shard.
    pub fn read(bytes: &[u8], expected: Expected<'_>) -> Result<Self, FormError> {
        let marker = Self::from_bytes(bytes)?;
        let Expected {
            shard,
            steps,
            writes_table,
        } = expected;
        let object = object_key(&shard.stage, shard.id);
        if marker.shard != shard.id || marker.object != object.as_str() {
            let reason = format!("it is of another shard, {}", marker.object);
            return Err(FormError::Damaged(reason));
        }
        if marker.has_table() != writes_table {
            let is_there = if writes_table { "no table" } else { "a table" };
            let reason = format!("it says that there is {is_there}");
            return Err(FormError::Damaged(reason));
        }
        let checked = counts::check(&marker.cut_flow, steps, shard, marker.rows);
        checked.map_err(FormError::Damaged)?;
        Ok(marker)
    }

    /// Reads the bytes of any marker.
    ///
    /// # Errors
    /// When it is of another form, or damaged.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FormError> {
        let damaged = |error: serde_json::Error| FormError::Damaged(error.to_string());
        form::check(form::number(bytes)?, FORM, FORM)?;
        let line = bytes.iter().position(|byte| *byte == b'\n');
        let (head, body) = bytes.split_at(line.unwrap_or(bytes.len()));
        let head: Head = serde_json::from_slice(head).map_err(damaged)?;
        let body = body.strip_prefix(b"\n").unwrap_or(body);
        let Some(body) = body.strip_suffix(b"\n") else {
            return Err(FormError::Damaged(String::from("its end is missing")));
        };
        let found = checksum(body);
        if found != head.checksum {
            let reason = format!(
                "its checksum is {}, that of what it holds {found}",
                head.checksum
            );
            return Err(FormError::Damaged(reason));
        }
        serde_json::from_slice(body).map_err(damaged)
    }

    /// Whether there is a table.
    #[must_use]
    pub fn has_table(&self) -> bool {
        !self.hash.is_empty()
    }

    /// Whether it holds what is measured: these metrics, in this order.
    #[must_use]
    pub fn measures(&self, metrics: &[MetricSpec]) -> bool {
        self.partials.iter().map(Partial::spec).eq(metrics)
    }

    /// Digest of what was measured.
    #[must_use]
    pub fn metrics_digest(&self) -> String {
        metrics_digest(self.partials.iter().map(Partial::spec))
    }
}

fn checksum(body: &[u8]) -> String {
    blake3::hash(body).to_hex().to_string()
}

impl From<Marker> for RawMarker {
    fn from(marker: Marker) -> Self {
        let metrics = marker.metrics_digest();
        Self {
            shard: marker.shard,
            object: marker.object,
            rows: marker.rows,
            bytes: marker.bytes,
            hash: marker.hash,
            cut_flow: marker.cut_flow,
            tells_events: marker.tells_events,
            engines: marker.engines,
            fits: marker.fits,
            metrics,
            partials: marker.partials,
        }
    }
}

impl TryFrom<RawMarker> for Marker {
    type Error = String;

    fn try_from(raw: RawMarker) -> Result<Self, String> {
        let marker = Self {
            shard: raw.shard,
            object: raw.object,
            rows: raw.rows,
            bytes: raw.bytes,
            hash: raw.hash,
            cut_flow: raw.cut_flow,
            tells_events: raw.tells_events,
            engines: raw.engines,
            fits: raw.fits,
            partials: raw.partials,
        };
        let found = marker.metrics_digest();
        match found == raw.metrics {
            true => Ok(marker),
            false => Err(format!("it says metrics {} and has {found}", raw.metrics)),
        }
    }
}

#[cfg(test)]
mod tests;
