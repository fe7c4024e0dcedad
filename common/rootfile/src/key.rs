//! The header of a record: every directory, tree and basket in a file begins with one.

use std::sync::Arc;

use crate::cursor::{Cursor, Malformed};

/// Versions above this have eight-byte seeks; the rest of the version follows.
const WIDE_VERSION: i16 = 1000;

/// A record's sizes, position and names.
#[derive(Debug, Clone)]
pub(crate) struct Key {
    /// Bytes on disk: this header and the (compressed) object.
    pub(crate) total_length: u32,
    /// Bytes of the object when decompressed.
    pub(crate) object_length: u32,
    /// Bytes of this header.
    pub(crate) header_length: u16,
    /// Which of several objects of the same name.
    pub(crate) cycle: u16,
    /// Where the record begins in the file.
    pub(crate) seek: u64,
    pub(crate) class: Arc<str>,
    pub(crate) name: Arc<str>,
}

impl Key {
    /// Reads a header whole.
    pub(crate) fn read(cursor: &mut Cursor<'_>) -> Result<Self, Malformed> {
        let at = cursor.position();
        let sizes = KeySizes::read(cursor)?;
        let seek = cursor.seek_pointer(sizes.wide)?;
        cursor.seek_pointer(sizes.wide)?;
        let key = Key {
            total_length: sizes.total_length,
            object_length: sizes.object_length,
            header_length: sizes.header_length,
            cycle: sizes.cycle,
            seek,
            class: cursor.text()?,
            name: cursor.text()?,
        };
        cursor.text_bytes()?;
        if u32::from(key.header_length) > key.total_length {
            let what = format!(
                "the record {:?} has a header of {} bytes in {} bytes",
                key.name, key.header_length, key.total_length
            );
            return Err(Malformed::at(what, at));
        }
        Ok(key)
    }
}

/// The sizes at the start of a record's header, which is all that a basket needs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KeySizes {
    pub(crate) total_length: u32,
    pub(crate) object_length: u32,
    pub(crate) header_length: u16,
    pub(crate) cycle: u16,
    pub(crate) wide: bool,
}

impl KeySizes {
    pub(crate) fn read(cursor: &mut Cursor<'_>) -> Result<Self, Malformed> {
        let at = cursor.position();
        let total_length = cursor.i32()?;
        let version = cursor.i16()?;
        let object_length = cursor.i32()?;
        cursor.skip(4)?; // when it was written
        let header_length = cursor.u16()?;
        let cycle = cursor.u16()?;
        let (Ok(total_length), Ok(object_length)) =
            (u32::try_from(total_length), u32::try_from(object_length))
        else {
            let what = format!("a record of {total_length} bytes that holds {object_length} bytes");
            return Err(Malformed::at(what, at));
        };
        Ok(KeySizes {
            total_length,
            object_length,
            header_length,
            cycle,
            wide: version > WIDE_VERSION,
        })
    }
}
