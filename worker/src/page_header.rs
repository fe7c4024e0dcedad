//! The header of a Parquet page, Thrift's compact struct: what a page claims to hold, before any of it
//! is unpacked. A few bytes can claim gigabytes, and be unpacked to them.

use crate::compact::{Compact, NUMBER, STRUCT};

/// The number of a kind of page.
const DICTIONARY: i64 = 2;
/// The field that says how a page of the second version is laid out.
const SECOND_VERSION: u8 = 8;

/// The sizes of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PageSizes {
    /// Bytes once it is unpacked.
    pub(crate) unpacked: u64,
    /// Bytes as it is stored, behind its header.
    pub(crate) packed: u64,
    /// Bytes of its header.
    pub(crate) header: usize,
    /// Of these, the ones before those that are packed.
    pub(crate) levels: u64,
    /// Whether other pages name its values.
    pub(crate) is_dictionary: bool,
}

impl PageSizes {
    /// Those of the page that begins here; none where this is no header, or not all of one. Its first
    /// fields are its type, and its sizes unpacked and packed; each comes once, as their numbers ascend.
    pub(crate) fn of(bytes: &[u8]) -> Option<Self> {
        let mut header = Compact { rest: bytes };
        let kind = header.next_number()?;
        let unpacked = header.next_number()?;
        let packed = header.next_number()?;
        let (mut number, mut levels) = (3u8, 0);
        while let Some(field) = header.head()? {
            number = number.saturating_add(field.ahead);
            match (number, field.kind) {
                (SECOND_VERSION, STRUCT) => levels = levels_of(&mut header)?,
                _ => header.skip(field.kind, 0)?,
            }
        }
        Some(Self {
            unpacked: u64::try_from(unpacked).ok()?,
            packed: u64::try_from(packed).ok()?,
            header: bytes.len() - header.rest.len(),
            levels,
            is_dictionary: kind == DICTIONARY,
        })
    }
}

/// The bytes of the levels of a page of the second version: its fifth and sixth field.
fn levels_of(header: &mut Compact<'_>) -> Option<u64> {
    let (mut number, mut levels) = (0u8, 0u64);
    while let Some(field) = header.head()? {
        number = number.saturating_add(field.ahead);
        match (number, field.kind) {
            (5 | 6, NUMBER) => {
                let length = u64::try_from(header.signed()?).ok()?;
                levels = levels.saturating_add(length);
            }
            _ => header.skip(field.kind, 1)?,
        }
    }
    Some(levels)
}

#[cfg(test)]
mod tests {
    use super::PageSizes;

    #[test]
    fn sizes_are_read_from_the_header_of_a_page() {
        // Type 0, 300 bytes of which 2 are packed, a struct with a number and a text, the end.
        let bytes = [
            0x15, 0, 0x15, 0xd8, 0x04, 0x15, 4, 0x2c, 0x15, 2, 0x18, 1, b'x', 0, 0, 9, 9, 7,
        ];
        let sizes = PageSizes::of(&bytes).unwrap();
        assert_eq!((sizes.unpacked, sizes.packed, sizes.header), (300, 2, 15));
        for broken in [
            &bytes[..5],
            &[0x15, 0, 0x15, 1, 0x15, 1, 0][..],
            &[0x15, 0, 0x15, 2, 0x15, 0, 0x05, 4, 2, 0][..],
        ] {
            assert_eq!(PageSizes::of(broken), None, "{broken:?}");
        }
    }
}
