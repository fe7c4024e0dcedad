//! A leaf as the file describes it: the type and the shape of one value of a branch.

use std::sync::Arc;

use crate::cursor::{Cursor, Malformed};
use crate::object::{Header, read_named};

/// One leaf.
#[derive(Debug, Clone)]
pub(crate) struct LeafRecord {
    /// `TLeafF`, `TLeafElement`…
    pub(crate) class: Arc<str>,
    pub(crate) name: Arc<str>,
    /// The name, with its dimensions in brackets.
    pub(crate) title: Arc<str>,
    /// The number of values an entry, or for each one that the counter counts.
    pub(crate) length: i32,
    pub(crate) unsigned: bool,
    /// The reference number of the counter's leaf, when the number of values varies.
    pub(crate) counter: Option<u32>,
    /// ROOT's number for the type, of a `TLeafElement`.
    pub(crate) element_type: Option<i32>,
}

/// The members of the base class `TLeaf`, before the counter that follows them.
#[derive(Debug)]
pub(crate) struct LeafBase {
    pub(crate) header: Header,
    pub(crate) name: Arc<str>,
    pub(crate) title: Arc<str>,
    pub(crate) length: i32,
    pub(crate) unsigned: bool,
}

impl LeafBase {
    pub(crate) fn read(cursor: &mut Cursor<'_>) -> Result<Self, Malformed> {
        let header = Header::read(cursor)?;
        let (name, title) = read_named(cursor)?;
        let length = cursor.i32()?;
        cursor.skip(8)?; // the size of a value, the offset in its structure
        cursor.skip(1)?; // whether it has a range
        let unsigned = cursor.u8()? != 0;
        Ok(LeafBase {
            header,
            name,
            title,
            length,
            unsigned,
        })
    }
}
