//! Input that is opened, and on its way, before a slot is free for it.

use lumimill_common::failure::Failure;

use crate::attempt::Attempt;
use crate::production::Opened;
use crate::tree_reader::Readers;

/// The first file that a shard reads.
#[derive(Debug)]
pub(crate) struct Ready {
    pub(crate) opened: Opened,
    /// Readers of its entries; none where rows are put together.
    pub(crate) readers: Option<Readers>,
}

impl Attempt {
    /// Opens the first file of a shard that reads files, and asks for its first entries where they are
    /// far away; `None` where it has none.
    pub(crate) fn ready(&self) -> Result<Option<Ready>, Failure> {
        let Some(piece) = self.shard.pieces().next() else {
            return Ok(None);
        };
        let piece = self.shard.of_piece(piece);
        let opened = self.production.opened(&piece, self.memory_limit)?;
        let readers = match &opened.compiled.stage().grouping {
            Some(_) => None,
            None => Some(Readers::open(&piece, &opened.tree, &opened.compiled)?),
        };
        Ok(Some(Ready { opened, readers }))
    }
}
