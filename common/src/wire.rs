//! The envelope of what crosses the queue: it says what it holds before anything is decoded.
//!
//! | offset | bytes | what |
//! | --- | --- | --- |
//! | 0 | 4 | magic, `LMIL` |
//! | 4 | 1 | format of the payload: 1 is bincode 2, little-endian, fixed-width integers |
//! | 5 | 1 | kind of content |
//! | 6 | 2 | schema version of that kind |
//! | 8 | 4 | length of the payload |
//! | 12 | 4 | CRC-32 of the 12 bytes before and of the payload |
//! | 16 | … | payload |
//!
//! Numbers are little-endian. Whoever reads another version says so, and leaves the message to somebody
//! who knows it; one of an older version is read where its encoding is that of now. Each content has
//! exactly one encoding of a version.

use bincode::config::{Configuration, Fixint, Limit, LittleEndian};
use bincode::error::DecodeError;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Largest message that is written or read, in bytes, envelope included.
pub const LIMIT: usize = 64 * 1024;

const MAGIC: [u8; 4] = *b"LMIL";
const FORMAT: u8 = 1;
const HEADER: usize = 16;

/// Something that travels in an envelope.
pub trait Content: Serialize + DeserializeOwned {
    /// What a person calls it.
    const NAME: &'static str;
    /// Its number in the envelope; never given to another kind.
    const KIND: u8;
    /// Its schema version: raised whenever its encoding changes.
    const VERSION: u16;
    /// The oldest version whose messages all mean now what they meant.
    const OLDEST: u16 = Self::VERSION;
}

/// A message that cannot be written, or that is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// Shorter than the envelope itself.
    #[error("{found} bytes, too short for an envelope of {least}; not a message of lumimill", least = HEADER)]
    Short {
        /// Bytes found.
        found: usize,
    },
    /// Larger than [`LIMIT`].
    #[error(
        "{found} bytes, at most {most} are read or written; a message carries references only",
        most = LIMIT
    )]
    Large {
        /// Bytes found.
        found: usize,
    },
    /// Somebody else's message.
    #[error("begins with {}, not with \"LMIL\"; not a message of lumimill", .found.escape_ascii())]
    Magic {
        /// The first four bytes.
        found: [u8; 4],
    },
    /// A payload format that this build does not know.
    #[error("payload format {found}, this build reads {known}; written by a newer lumimill", known = FORMAT)]
    Format {
        /// Number found.
        found: u8,
    },
    /// Another kind of content, such as a report on a job queue.
    #[error("kind {found}, expected {name} ({expected}); was it published to the wrong queue?")]
    Kind {
        /// What was expected.
        name: &'static str,
        /// Its number.
        expected: u8,
        /// Number found.
        found: u8,
    },
    /// Another schema version.
    #[error(
        "{name} of version {found}, this build reads {expected}; use the same version of \
         lumimill everywhere"
    )]
    Version {
        /// What it is.
        name: &'static str,
        /// Version that is read.
        expected: u16,
        /// Version found.
        found: u16,
    },
    /// Truncated, or followed by something else.
    #[error("the envelope announces {announced} bytes, {found} follow")]
    Length {
        /// Bytes announced.
        announced: u32,
        /// Bytes found.
        found: usize,
    },
    /// Damaged on its way.
    #[error("checksum {computed:08x}, the envelope says {announced:08x}; the message is damaged")]
    Checksum {
        /// Checksum in the envelope.
        announced: u32,
        /// Checksum of what was found.
        computed: u32,
    },
    /// Whole, but not decodable.
    #[error("{name} cannot be coded: {reason}")]
    Payload {
        /// What it should be.
        name: &'static str,
        /// What the decoder says.
        reason: String,
    },
    /// Decoded, with bytes left over.
    #[error("{name} takes {consumed} of the {found} bytes of its payload")]
    Trailing {
        /// What it is.
        name: &'static str,
        /// Bytes decoded.
        consumed: usize,
        /// Bytes found.
        found: usize,
    },
}

type Coding = Configuration<LittleEndian, Fixint, Limit<LIMIT>>;

/// Without a limit, a hostile length would be allocated before it is found to be wrong.
const CODING: Coding = bincode::config::standard()
    .with_fixed_int_encoding()
    .with_limit::<LIMIT>();

/// Puts a content into its envelope.
pub fn encode<T: Content>(content: &T) -> Result<Vec<u8>, WireError> {
    let payload =
        bincode::serde::encode_to_vec(content, CODING).map_err(|error| WireError::Payload {
            name: T::NAME,
            reason: error.to_string(),
        })?;
    let whole = payload.len().saturating_add(HEADER);
    let length = match u32::try_from(payload.len()) {
        Ok(length) if whole <= LIMIT => length,
        _ => return Err(WireError::Large { found: whole }),
    };
    let mut bytes = Vec::with_capacity(whole);
    bytes.extend_from_slice(&MAGIC);
    bytes.extend_from_slice(&[FORMAT, T::KIND]);
    bytes.extend_from_slice(&T::VERSION.to_le_bytes());
    bytes.extend_from_slice(&length.to_le_bytes());
    let checksum = checksum(&bytes, &payload);
    bytes.extend_from_slice(&checksum.to_le_bytes());
    bytes.extend_from_slice(&payload);
    Ok(bytes)
}

/// Takes a content out of its envelope; all of the bytes must belong to it.
pub fn decode<T: Content>(bytes: &[u8]) -> Result<T, WireError> {
    if bytes.len() > LIMIT {
        return Err(WireError::Large { found: bytes.len() });
    }
    let (header, payload) = bytes
        .split_first_chunk::<HEADER>()
        .ok_or(WireError::Short { found: bytes.len() })?;
    check_header::<T>(header, payload)?;
    let (content, consumed) =
        bincode::serde::decode_from_slice(payload, CODING).map_err(undecodable::<T>)?;
    if consumed != payload.len() {
        return Err(WireError::Trailing {
            name: T::NAME,
            consumed,
            found: payload.len(),
        });
    }
    Ok(content)
}

/// Checks what comes before the payload, in the order in which it tells most: a newer format may
/// lay out the rest otherwise.
fn check_header<T: Content>(header: &[u8; HEADER], payload: &[u8]) -> Result<(), WireError> {
    let &[
        m0,
        m1,
        m2,
        m3,
        format,
        kind,
        v0,
        v1,
        l0,
        l1,
        l2,
        l3,
        c0,
        c1,
        c2,
        c3,
    ] = header;
    let magic = [m0, m1, m2, m3];
    if magic != MAGIC {
        return Err(WireError::Magic { found: magic });
    }
    if format != FORMAT {
        return Err(WireError::Format { found: format });
    }
    if kind != T::KIND {
        return Err(WireError::Kind {
            name: T::NAME,
            expected: T::KIND,
            found: kind,
        });
    }
    let version = u16::from_le_bytes([v0, v1]);
    if !(T::OLDEST..=T::VERSION).contains(&version) {
        return Err(WireError::Version {
            name: T::NAME,
            expected: T::VERSION,
            found: version,
        });
    }
    let length = u32::from_le_bytes([l0, l1, l2, l3]);
    if usize::try_from(length) != Ok(payload.len()) {
        return Err(WireError::Length {
            announced: length,
            found: payload.len(),
        });
    }
    let announced = u32::from_le_bytes([c0, c1, c2, c3]);
    let computed = checksum(&header[..HEADER - 4], payload);
    match announced == computed {
        true => Ok(()),
        false => Err(WireError::Checksum {
            announced,
            computed,
        }),
    }
}

fn checksum(header: &[u8], payload: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(header);
    hasher.update(payload);
    hasher.finalize()
}

/// Says why in the words of the content itself, where it has some.
fn undecodable<T: Content>(error: DecodeError) -> WireError {
    WireError::Payload {
        name: T::NAME,
        reason: match error {
            DecodeError::OtherString(reason) => reason,
            error => error.to_string(),
        },
    }
}

#[cfg(test)]
mod tests;
