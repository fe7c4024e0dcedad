//! What the columns of an RNTuple take, in the file and in memory.

use super::footer::Description;
use super::schema::Column;

/// What a column takes.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Size {
    /// ROOT's number for the codec and its level.
    pub(super) compression: i32,
    /// Bytes in the file.
    pub(super) stored: u64,
    /// Bytes in memory.
    pub(super) length: u64,
    pub(super) pages: usize,
    /// Bytes in the file of the largest of them.
    pub(super) largest_page: u64,
}

impl Size {
    /// Of both together.
    pub(super) fn with(self, other: &Self) -> Self {
        Self {
            compression: self.compression.max(other.compression),
            stored: self.stored.saturating_add(other.stored),
            length: self.length.saturating_add(other.length),
            pages: self.pages.saturating_add(other.pages),
            largest_page: self.largest_page.max(other.largest_page),
        }
    }
}

/// Of each column, all pages together.
pub(super) fn column_sizes(description: &Description) -> Vec<Size> {
    let columns = description.schema.columns.iter().enumerate();
    let size = |(id, column): (usize, &Column)| {
        let mut size = Size::default();
        let Some(encoding) = column.encoding else {
            return size;
        };
        let clusters = description.clusters.iter();
        for pages in clusters.filter_map(|cluster| cluster.column(id)) {
            let stored = pages.pages.iter().map(|page| u64::from(page.stored));
            let largest = pages.pages.iter().map(|page| page.wanted(0, 0).length);
            size = size.with(&Size {
                compression: i32::try_from(pages.compression).unwrap_or_default(),
                stored: stored.sum(),
                length: (pages.elements).saturating_mul(encoding.primitive().width() as u64),
                pages: pages.pages.len(),
                largest_page: largest.max().unwrap_or_default().into(),
            });
        }
        size
    };
    columns.map(size).collect()
}
