//! Lists of pages: for each cluster and column, where the pages are and how many elements they hold.

use super::bytes::Bytes;
use super::fault::Fault;
use super::schema::Schema;
use crate::cursor::Malformed;

/// Bytes of the shortest summary of a cluster, list of a column, and description of a page.
const LEAST_SUMMARY: usize = 24;
const LEAST_LIST: usize = 12;
const LEAST_PAGE: usize = 16;
/// The entries of a cluster are in the lower bits of a number, its flags in the upper ones.
const FLAG_SHIFT: u32 = 56;
const SHARDED: u64 = 1;

/// Entries that were written together.
#[derive(Debug)]
pub(super) struct Cluster {
    pub(super) first: u64,
    pub(super) entries: u64,
    /// For each column; those that were added later may be missing.
    columns: Vec<Option<ColumnPages>>,
}

/// The pages of a column in one cluster.
#[derive(Debug)]
pub(super) struct ColumnPages {
    pub(super) pages: Box<[Page]>,
    pub(super) elements: u64,
    /// ROOT's number for the codec and its level.
    pub(super) compression: u32,
}

/// One page.
#[derive(Debug, Clone, Copy)]
pub(super) struct Page {
    /// Its first element, counted from the first page of the column in the cluster.
    pub(super) start: u64,
    pub(super) offset: u64,
    /// Bytes in the file, without those of a checksum.
    pub(super) stored: u32,
    pub(super) elements: u32,
    pub(super) has_checksum: bool,
}

impl Cluster {
    /// The pages of a column; `None` where it has none here: another representation has its values,
    /// or it was added later.
    pub(super) fn column(&self, id: usize) -> Option<&ColumnPages> {
        self.columns.get(id)?.as_ref()
    }
}

/// The clusters of a group, from the list of their pages.
pub(super) fn read_clusters(
    payload: &[u8],
    header_checksum: u64,
    schema: &Schema,
    expected: usize,
) -> Result<Vec<Cluster>, Fault> {
    let mut bytes = Bytes::new(payload);
    if bytes.u64()? != header_checksum {
        return Err(Malformed::new("a list of pages is of another header").into());
    }
    let (mut summaries, count) = bytes.list(LEAST_SUMMARY)?;
    let (mut lists, listed) = bytes.list(LEAST_LIST)?;
    if count != expected || listed != count {
        let what = format!(
            "a group of {expected} clusters has summaries of {count} and pages of {listed}"
        );
        return Err(Malformed::new(what).into());
    }
    let mut clusters = Vec::with_capacity(count);
    for _ in 0..count {
        let mut summary = summaries.record()?;
        let first = summary.u64()?;
        let word = summary.u64()?;
        if (word >> FLAG_SHIFT) & SHARDED != 0 {
            return Err(Fault::unsupported("its clusters are sharded"));
        }
        let entries = word & ((1 << FLAG_SHIFT) - 1);
        let (mut list, columns) = lists.list(LEAST_LIST)?;
        if columns > schema.columns.len() {
            let what = format!("pages of {columns} columns of {}", schema.columns.len());
            return Err(Malformed::new(what).into());
        }
        let mut found = Vec::with_capacity(columns);
        for _ in 0..columns {
            found.push(read_pages(&mut list)?);
        }
        clusters.push(Cluster {
            first,
            entries,
            columns: found,
        });
    }
    Ok(clusters)
}

/// The pages of a column in a cluster; `None` where it is suppressed.
fn read_pages(list: &mut Bytes<'_>) -> Result<Option<ColumnPages>, Fault> {
    let (mut bytes, count) = list.list(0)?;
    if count > bytes.remaining() / LEAST_PAGE {
        return Err(Malformed::new(format!("a list of {count} pages")).into());
    }
    let mut pages = Vec::with_capacity(count);
    let mut start = 0_u64;
    for _ in 0..count {
        let word = bytes.i32()?;
        let locator = bytes.locator()?;
        let elements = word.unsigned_abs();
        let stored = u32::try_from(locator.stored)
            .ok()
            .filter(|&stored| stored <= u32::MAX / 2);
        let Some(stored) = stored else {
            let what = format!("a page of {} bytes", locator.stored);
            return Err(Malformed::new(what).into());
        };
        pages.push(Page {
            start,
            offset: locator.offset,
            stored,
            elements,
            has_checksum: word < 0,
        });
        start = start.saturating_add(u64::from(elements));
    }
    let offset = bytes.i64()?;
    if offset < 0 {
        return Ok(None);
    }
    Ok(Some(ColumnPages {
        pages: pages.into_boxed_slice(),
        elements: start,
        compression: bytes.u32()?,
    }))
}
