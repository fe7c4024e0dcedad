//! How much the bytes of a plan may be unpacked to.

use std::ops::Range;

use arrow_array::{BinaryArray, StringViewArray};

use super::error::ShardTableError;

/// Bytes of a plan for each shard, at least: those of its id, of which no packing saves any.
const BYTES_A_SHARD: usize = 16;
/// Bytes of text that the shards of any plan may have together, and more for each of its bytes:
/// names of data sets and files are said once, and lumi sections pack well.
const TEXT: usize = 64 << 20;
const TEXT_A_BYTE: usize = 256;

/// What the bytes of a plan may still be unpacked to.
pub(super) struct Room {
    size: usize,
    shards: usize,
    text: usize,
}

impl Room {
    pub(super) fn of(size: usize) -> Self {
        Self {
            size,
            shards: size / BYTES_A_SHARD,
            text: TEXT.saturating_add(size.saturating_mul(TEXT_A_BYTE)),
        }
    }

    /// Takes room for rows, and for what their dropped entries are in memory.
    pub(super) fn take(
        &mut self,
        rows: usize,
        texts: &[&StringViewArray],
        dropped: &BinaryArray,
    ) -> Result<(), ShardTableError> {
        let lengths = texts.iter().flat_map(|column| column.lengths());
        let bytes = lengths.fold(0usize, |sum, length| sum.saturating_add(length as usize));
        let ranges = dropped.iter().flatten().map(|bytes| bytes.len() / 2);
        let ranges = ranges.fold(0usize, usize::saturating_add);
        let bytes = bytes.saturating_add(ranges.saturating_mul(size_of::<Range<u64>>()));
        let left = self
            .shards
            .checked_sub(rows)
            .zip(self.text.checked_sub(bytes));
        let Some((shards, text)) = left else {
            let size = self.size;
            let what = format!("more shards, or more of them, than {size} bytes can say");
            return Err(ShardTableError::Bomb(what));
        };
        (self.shards, self.text) = (shards, text);
        Ok(())
    }
}
