//! Markers of shards that nobody did, for tests of what is made of markers.

use std::collections::BTreeMap;

use lumimill_common::campaign::{CERTIFIED, READ};
use lumimill_common::marker::Marker;
use lumimill_common::metric::{CutFlow, Unit};
use lumimill_common::shard::Shard;
use lumimill_common::stage_keys::object_key;

/// The marker of a shard with these bytes for a table, of a stage whose rows are all its certified
/// events, and that measures nothing.
pub(crate) fn hollow_marker(shard: &Shard, table: &[u8]) -> Marker {
    let mut cut_flow = CutFlow::new();
    let read = shard.entries.end - shard.entries.start;
    cut_flow.add(READ, Unit::Events, read);
    cut_flow.add(CERTIFIED, Unit::Events, shard.certified_events);
    Marker {
        shard: shard.id,
        object: object_key(&shard.stage, shard.id).to_string(),
        rows: shard.certified_events,
        bytes: table.len() as u64,
        hash: blake3::hash(table).to_hex().to_string(),
        cut_flow,
        tells_events: true,
        engines: Vec::new(),
        fits: BTreeMap::new(),
        partials: Vec::new(),
    }
}
