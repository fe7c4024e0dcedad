//! What the pages of a Parquet file claim to hold, before any is unpacked: a few bytes can claim
//! gigabytes, and be unpacked to them.
//!
//! Reads of a page's header, Thrift's compact struct, what the sizes need and no more.

use parquet::file::metadata::ParquetMetaData;

/// The most bytes that a page of ours has; the writer ends one after about 1 MiB.
const MOST_OF_A_PAGE: u64 = 64 << 20;
/// Bytes that all pages together have, of any file and for each byte of it.
const MOST: u64 = 64 << 20;
const MOST_A_BYTE: u64 = 128;
/// How deep the statistics of a header may be.
const DEEPEST: usize = 8;

/// Walks over the pages of all columns.
///
/// # Errors
/// In words: what claims too much, or is no page.
pub(super) fn check(metadata: &ParquetMetaData, bytes: &[u8]) -> Result<(), String> {
    let most = MOST.saturating_add(MOST_A_BYTE.saturating_mul(bytes.len() as u64));
    let mut all = 0u64;
    for column in metadata
        .row_groups()
        .iter()
        .flat_map(|group| group.columns())
    {
        let (start, length) = column.byte_range();
        let end = start.checked_add(length);
        let range = usize::try_from(start)
            .ok()
            .zip(end.and_then(|end| usize::try_from(end).ok()));
        let chunk = range.and_then(|(start, end)| bytes.get(start..end));
        let mut rest = chunk.ok_or("a column is outside of the file")?;
        while !rest.is_empty() {
            let (unpacked, behind) = page(rest).ok_or("the header of a page is damaged")?;
            all = all.saturating_add(unpacked);
            if unpacked > MOST_OF_A_PAGE {
                return Err(format!(
                    "a page of {unpacked} bytes, at most {MOST_OF_A_PAGE} are read"
                ));
            }
            if all > most {
                let size = bytes.len();
                return Err(format!(
                    "pages of more than {most} bytes in a file of {size}"
                ));
            }
            rest = behind;
        }
    }
    Ok(())
}

/// The size of a page once it is unpacked, and what comes behind it. Its first fields are its
/// type, and its sizes unpacked and packed; each comes once, as their numbers ascend.
fn page(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut header = Header { rest: bytes };
    header.field(5)?;
    let unpacked = header.field(5)?;
    let packed = header.field(5)?;
    header.skip_fields(0)?;
    let behind = header.rest.get(usize::try_from(packed).ok()?..)?;
    Some((u64::try_from(unpacked).ok()?, behind))
}

struct Header<'a> {
    rest: &'a [u8],
}

impl Header<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    fn number(&mut self) -> Option<u64> {
        let mut number = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f).checked_shl(shift)?;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    /// The next field, an integer of a kind whose number is one more than that of the field before.
    fn field(&mut self, kind: u8) -> Option<i64> {
        (self.byte()? == 0x10 | kind).then_some(())?;
        let zigzag = self.number()?;
        Some((zigzag >> 1) as i64 ^ -((zigzag & 1) as i64))
    }

    /// To the end of a struct. A field that goes back is none of ours.
    fn skip_fields(&mut self, depth: usize) -> Option<()> {
        loop {
            let head = self.byte()?;
            match (head, head >> 4) {
                (0, _) => return Some(()),
                (_, 0) => return None,
                (_, _) => self.skip(head & 0x0f, depth)?,
            }
        }
    }

    fn skip(&mut self, kind: u8, depth: usize) -> Option<()> {
        (depth < DEEPEST).then_some(())?;
        match kind {
            // True and false, which are in the kind.
            1 | 2 => Some(()),
            3 => self.byte().map(drop),
            4..=6 => self.number().map(drop),
            7 => self.skip_bytes(8),
            8 => {
                let length = self.number()?;
                self.skip_bytes(length)
            }
            12 => self.skip_fields(depth + 1),
            // Lists, sets and maps are in no header of a page.
            _ => None,
        }
    }

    fn skip_bytes(&mut self, count: u64) -> Option<()> {
        self.rest = self.rest.get(usize::try_from(count).ok()?..)?;
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::page;

    #[test]
    fn sizes_are_read_from_the_header_of_a_page() {
        // Type 0, 300 bytes of which 2 are packed, a struct with a number and a text, the end.
        let bytes = [
            0x15, 0, 0x15, 0xd8, 0x04, 0x15, 4, 0x2c, 0x15, 2, 0x18, 1, b'x', 0, 0, 9, 9, 7,
        ];
        assert_eq!(page(&bytes), Some((300, &[7][..])));
        for broken in [
            &bytes[..5],
            &[0x15, 0, 0x15, 1, 0x15, 1, 0][..],
            &[0x15, 0, 0x15, 2, 0x15, 200, 1, 0][..],
            &[0x15, 0, 0x15, 2, 0x15, 0, 0x05, 4, 2, 0][..],
        ] {
            assert_eq!(page(broken), None, "{broken:?}");
        }
    }
}
