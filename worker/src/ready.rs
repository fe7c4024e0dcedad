//! Input that is opened, and on its way, before a slot is free for it.

use lumimill_common::failure::Failure;
use lumimill_common::shard::Shard;

use crate::production::{Opened, Production};
use crate::tree_reader::Readers;

/// The first file that a shard reads.
#[derive(Debug)]
pub(crate) struct Ready {
    pub(crate) opened: Opened,
    /// Readers of its entries; none where rows are put together.
    pub(crate) readers: Option<Readers>,
}

impl Ready {
    /// Opens the first file of a shard that reads files, and asks for its first entries where they are
    /// far away; `None` where it has none. `memory` is what a job may use, in bytes.
    pub(crate) fn of(
        production: &Production,
        shard: &Shard,
        memory: Option<u64>,
    ) -> Result<Option<Self>, Failure> {
        let Some(piece) = shard.pieces().next() else {
            return Ok(None);
        };
        let piece = shard.of_piece(piece);
        let opened = production.opened(&piece, memory)?;
        let readers = match &opened.compiled.stage().grouping {
            Some(_) => None,
            None => Some(Readers::open(&piece, &opened.tree, &opened.compiled)?),
        };
        Ok(Some(Self { opened, readers }))
    }
}
