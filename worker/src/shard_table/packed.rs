//! The pieces of a shard that reads several files, as text in one column.

use lumimill_common::entry_set::EntrySet;
use lumimill_common::lumi_mask::LumiMask;
use lumimill_common::shard::{FileIdentity, Piece, Shard};
use serde::{Deserialize, Serialize};
use thin_vec::ThinVec;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    file: FileIdentity,
    start: u64,
    stop: u64,
    certified_events: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lumis: Option<LumiMask>,
    /// First and last entry, and one more, of each range.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    dropped: Vec<(u64, u64)>,
}

/// The pieces as text; `None` of a shard that reads one file.
pub(super) fn written(shard: &Shard) -> Option<String> {
    let written = shard.packed.iter().map(|piece| Written {
        file: piece.file.clone(),
        start: piece.entries.start,
        stop: piece.entries.end,
        certified_events: piece.certified_events,
        lumis: piece.lumis.clone(),
        dropped: {
            let ranges = piece.dropped.ranges().iter();
            ranges.map(|range| (range.start, range.end)).collect()
        },
    });
    let written: Vec<Written> = written.collect();
    match written.is_empty() {
        true => None,
        // Of numbers and texts alone: it can be written.
        false => serde_json::to_string(&written).ok(),
    }
}

/// The pieces that a text names, which are those of this shard.
pub(super) fn read(text: &str, shard: Shard) -> Result<Shard, String> {
    let written: Vec<Written> = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let pieces = written.into_iter().map(|piece| Piece {
        file: piece.file,
        entries: piece.start..piece.stop,
        certified_events: piece.certified_events,
        lumis: piece.lumis,
        dropped: EntrySet::from_ranges(piece.dropped.into_iter().map(|(start, stop)| start..stop)),
    });
    let packed = shard.of_pieces(pieces.collect());
    let alone = Shard {
        packed: ThinVec::new(),
        ..packed.clone()
    };
    match packed.packed.len() > 1 && alone == shard {
        true => Ok(packed),
        false => Err(String::from("its files are not those of its row")),
    }
}
