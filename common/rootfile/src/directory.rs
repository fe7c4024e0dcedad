//! Directories: what a file holds, by name and cycle.

use crate::cursor::{Cursor, Malformed};
use crate::key::Key;

/// Versions above this have eight-byte seeks; the rest of the version follows.
const WIDE_VERSION: i16 = 1000;

/// Where a directory's list of keys is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Directory {
    pub(crate) keys_seek: u64,
    pub(crate) keys_length: u32,
}

impl Directory {
    /// Reads a directory's record, after the key or the name that precedes it.
    pub(crate) fn read(cursor: &mut Cursor<'_>) -> Result<Self, Malformed> {
        let at = cursor.position();
        let version = cursor.i16()?;
        cursor.skip(8)?; // created, modified
        let keys_length = cursor.i32()?;
        cursor.skip(4)?; // the length of the name
        let wide = version > WIDE_VERSION;
        cursor.seek_pointer(wide)?; // this directory
        cursor.seek_pointer(wide)?; // its parent
        let keys_seek = cursor.seek_pointer(wide)?;
        let keys_length = u32::try_from(keys_length)
            .map_err(|_| Malformed::at(format!("a key list of {keys_length} bytes"), at))?;
        Ok(Directory {
            keys_seek,
            keys_length,
        })
    }
}

/// Reads a list of keys: a key of its own, a count, then the keys.
pub(crate) fn read_keys(bytes: &[u8]) -> Result<Vec<Key>, Malformed> {
    let mut cursor = Cursor::new(bytes);
    let own = Key::read(&mut cursor)?;
    cursor.seek(usize::from(own.header_length))?;
    let count = cursor.i32()?;
    let count = usize::try_from(count)
        .ok()
        .filter(|&count| count <= cursor.remaining() / 18)
        .ok_or_else(|| Malformed::at(format!("a directory of {count} keys"), 0))?;
    let mut keys = Vec::with_capacity(count);
    for _ in 0..count {
        keys.push(Key::read(&mut cursor)?);
    }
    Ok(keys)
}

/// Whether objects of this class are directories.
pub(crate) fn is_directory_class(class: &str) -> bool {
    matches!(class, "TDirectory" | "TDirectoryFile")
}
