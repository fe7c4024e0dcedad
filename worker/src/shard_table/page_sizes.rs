//! What the pages of a Parquet file claim to hold, before any is unpacked: a few bytes can claim
//! gigabytes, and be unpacked to them.

use parquet::file::metadata::ParquetMetaData;

use crate::page_header::PageSizes;

/// The most bytes that a page of ours has; the writer ends one after about 1 MiB.
const MOST_OF_A_PAGE: u64 = 64 << 20;
/// Bytes that all pages together have, of any file and for each byte of it.
const MOST: u64 = 64 << 20;
const MOST_A_BYTE: u64 = 128;

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

/// The size of a page once it is unpacked, and what comes behind it.
fn page(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let sizes = PageSizes::of(bytes)?;
    let end = u64::try_from(sizes.header)
        .ok()?
        .checked_add(sizes.packed)?;
    let behind = bytes.get(usize::try_from(end).ok()?..)?;
    Some((sizes.unpacked, behind))
}

#[cfg(test)]
mod tests {
    use super::page;

    #[test]
    fn a_page_ends_where_its_header_says_and_not_behind_the_bytes() {
        // Type 0, 300 bytes of which 2 are packed, a struct with a number and a text, the end.
        let bytes = [
            0x15, 0, 0x15, 0xd8, 0x04, 0x15, 4, 0x2c, 0x15, 2, 0x18, 1, b'x', 0, 0, 9, 9, 7,
        ];
        assert_eq!(page(&bytes), Some((300, &[7][..])));
        for broken in [&bytes[..5], &[0x15, 0, 0x15, 2, 0x15, 200, 1, 0][..]] {
            assert_eq!(page(broken), None, "{broken:?}");
        }
    }
}
