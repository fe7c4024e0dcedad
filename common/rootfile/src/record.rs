//! Ranges of bytes that a file itself names.

use crate::error::{Error, Place};
use crate::limit::LARGEST_OBJECT;
use crate::source::ReadAt;

/// Reads a range that the file itself names, which must lie within it.
pub(crate) fn read_range(source: &dyn ReadAt, offset: u64, length: u64) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    read_into(source, offset, length, &mut bytes)?;
    Ok(bytes)
}

/// As [`read_range`], into a buffer that is used again.
pub(crate) fn read_into(
    source: &dyn ReadAt,
    offset: u64,
    length: u64,
    bytes: &mut Vec<u8>,
) -> Result<(), Error> {
    if length > LARGEST_OBJECT {
        return Err(Place::file(source.name()).corrupt(format!(
            "a record of {length} bytes at byte {offset}, more than the {LARGEST_OBJECT} that \
             are read"
        )));
    }
    let within = offset
        .checked_add(length)
        .is_some_and(|end| end <= source.size());
    let Some(count) = usize::try_from(length).ok().filter(|_| within) else {
        return Err(Place::file(source.name()).corrupt(format!(
            "a record of {length} bytes at byte {offset} is past its end at {}",
            source.size()
        )));
    };
    bytes.resize(count, 0);
    source.read_at(offset, bytes).map_err(|error| Error::Io {
        file: source.name().to_owned(),
        offset,
        length,
        source: error,
    })
}
