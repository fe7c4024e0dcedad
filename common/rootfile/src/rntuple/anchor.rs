//! The anchor: the object under an RNTuple's name, which says where its header and footer are.

use twox_hash::XxHash3_64;

use super::bytes::Locator;
use super::fault::Fault;
use crate::cursor::{Cursor, Malformed};

/// Bytes before the anchor's own: a byte count and a version, as of any object.
const OBJECT_HEADER: usize = 6;
const CHECKSUM_BYTES: usize = 8;
/// The epoch of the format's first final version.
const EPOCH: u16 = 1;

/// Where the header and the footer are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Anchor {
    pub(super) header: Link,
    pub(super) footer: Link,
    /// Payloads above this are in several records.
    pub(super) largest_record: u64,
}

/// Where an envelope is, and its bytes when decompressed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Link {
    pub(super) locator: Locator,
    pub(super) length: u64,
}

impl Anchor {
    /// Reads the object of the key. Its numbers are big-endian, unlike all others.
    pub(super) fn read(object: &[u8]) -> Result<Self, Fault> {
        let end = object.len().saturating_sub(CHECKSUM_BYTES);
        let fields = object.get(OBJECT_HEADER..end).unwrap_or_default();
        let mut cursor = Cursor::new(fields);
        let epoch = cursor.u16()?;
        let version = [epoch, cursor.u16()?, cursor.u16()?, cursor.u16()?];
        if epoch != EPOCH {
            let [epoch, major, minor, patch] = version;
            let reason = format!(
                "it is of version {epoch}.{major}.{minor}.{patch} of the RNTuple format, and versions \
                 1.x are read"
            );
            return Err(Fault::Unsupported(reason));
        }
        let mut link = || -> Result<Link, Malformed> {
            let offset = cursor.u64()?;
            let stored = cursor.u64()?;
            let length = cursor.u64()?;
            let locator = Locator { offset, stored };
            Ok(Link { locator, length })
        };
        let (header, footer) = (link()?, link()?);
        // Where none is told, as of files that uproot writes, all are in one.
        let largest_record = Some(cursor.u64()?).filter(|bytes| *bytes > 0);
        let stored = Cursor::starting_at(object, end)?.u64()?;
        let found = XxHash3_64::oneshot(fields);
        if stored != found {
            let what =
                format!("the anchor's checksum is {found:016x} but {stored:016x} was stored");
            return Err(Malformed::new(what).into());
        }
        Ok(Self {
            header,
            footer,
            largest_record: largest_record.unwrap_or(u64::MAX),
        })
    }
}
