//! A column being decoded: basket by basket into flat buffers, then an Arrow array.

use std::sync::Arc;

use arrow_array::{ArrayRef, FixedSizeListArray, ListArray};
use arrow_buffer::{OffsetBuffer, ScalarBuffer};

use crate::cursor::Malformed;
use crate::layout::{Layout, item_field};
use crate::primitive::Values;

/// The values of a column so far.
#[derive(Debug)]
pub(crate) struct ColumnBuilder<'a> {
    layout: &'a Layout,
    /// Where each entry's values begin, counted in values (or arrays of fixed length).
    offsets: Vec<i32>,
    values: Values,
}

/// Why a column could not be decoded further.
#[derive(Debug)]
pub(crate) enum Stop {
    Malformed(Malformed),
    /// More values than an Arrow array can index.
    TooLarge,
}

impl From<Malformed> for Stop {
    fn from(error: Malformed) -> Self {
        Stop::Malformed(error)
    }
}

impl<'a> ColumnBuilder<'a> {
    /// An empty column with room for `entries` entries in `bytes` bytes.
    pub(crate) fn new(layout: &'a Layout, entries: usize, bytes: usize) -> Self {
        let (primitive, listed) = match layout {
            Layout::Fixed { primitive, .. } => (*primitive, false),
            Layout::Counted { primitive, .. } => (*primitive, true),
        };
        let mut offsets = Vec::new();
        if listed {
            offsets.reserve_exact(entries + 1);
            offsets.push(0);
        }
        let values = Values::with_capacity(primitive, bytes / primitive.width());
        ColumnBuilder {
            layout,
            offsets,
            values,
        }
    }

    /// Appends entries of fixed size.
    pub(crate) fn extend_fixed(&mut self, bytes: &[u8]) {
        self.values.extend(bytes);
    }

    /// Appends the entries between `boundaries`, of which there is one more than entries.
    pub(crate) fn extend_varying(&mut self, data: &[u8], boundaries: &[u32]) -> Result<(), Stop> {
        let (Some(&start), Some(&end)) = (boundaries.first(), boundaries.last()) else {
            return Ok(());
        };
        let bytes = data
            .get(start as usize..end as usize)
            .ok_or_else(|| Malformed::new("an entry ends after the basket's data"))?;
        let size = self.layout.item_size();
        let base = self.offsets.last().copied().unwrap_or(0);
        let added = bytes.len() / size;
        if i32::try_from(added)
            .ok()
            .and_then(|added| base.checked_add(added))
            .is_none()
        {
            return Err(Stop::TooLarge);
        }
        let later = boundaries.iter().skip(1);
        if size.is_power_of_two() {
            let shift = size.trailing_zeros();
            self.offsets
                .extend(later.map(|&at| base + ((at - start) >> shift) as i32));
        } else {
            let size = u32::try_from(size).unwrap_or(u32::MAX);
            self.offsets
                .extend(later.map(|&at| base + ((at - start) / size) as i32));
        }
        self.values.extend(bytes);
        Ok(())
    }

    /// The Arrow array; `shared` are the offsets of a column with the same counter.
    pub(crate) fn finish(self, shared: Option<&OffsetBuffer<i32>>) -> ArrayRef {
        let ColumnBuilder {
            layout,
            offsets,
            values,
        } = self;
        match layout {
            Layout::Fixed { dimensions, .. } => nest(values.finish(), dimensions),
            Layout::Counted { dimensions, .. } => {
                let offsets = match shared {
                    Some(shared) if shared.as_ref() == offsets.as_slice() => shared.clone(),
                    _ => OffsetBuffer::new(ScalarBuffer::from(offsets)),
                };
                let items = nest(values.finish(), dimensions);
                let field = item_field(items.data_type().clone());
                Arc::new(ListArray::new(field, offsets, items, None))
            }
        }
    }
}

/// Wraps values into arrays of fixed length, the last dimension innermost.
fn nest(values: ArrayRef, dimensions: &[usize]) -> ArrayRef {
    dimensions.iter().rev().fold(values, |items, &length| {
        let field = item_field(items.data_type().clone());
        let length = i32::try_from(length).unwrap_or(i32::MAX);
        Arc::new(FixedSizeListArray::new(field, length, items, None))
    })
}
