//! A column being decoded: basket by basket into flat buffers, then an Arrow array.

use std::sync::Arc;

use arrow_array::{ArrayRef, FixedSizeListArray, ListArray, StringArray};
use arrow_buffer::{Buffer, OffsetBuffer, ScalarBuffer};

use crate::cursor::{Cursor, Malformed};
use crate::layout::{Cell, Layout, Slot, item_field};
use crate::object::Header;
use crate::primitive::Values;
use crate::stl::Item;

/// Set in the version of a collection whose objects are stored member by member.
const MEMBERWISE: u16 = 0x4000;

/// The values of a column so far.
#[derive(Debug)]
pub(crate) struct ColumnBuilder<'a> {
    layout: &'a Layout,
    buffers: Buffers,
}

/// Flat buffers of one type, and of the items within.
#[derive(Debug)]
enum Buffers {
    Values(Values),
    Text {
        offsets: Vec<i32>,
        bytes: Vec<u8>,
    },
    List {
        offsets: Vec<i32>,
        items: Box<Buffers>,
    },
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
        let values = |cell: &Cell, bytes| {
            Buffers::Values(Values::with_capacity(
                cell.primitive,
                bytes / cell.primitive.width(),
            ))
        };
        let buffers = match layout {
            Layout::Fixed { cell, place: None } => values(cell, bytes),
            Layout::Fixed {
                cell,
                place: Some(_),
            } => values(cell, entries.saturating_mul(cell.size())),
            Layout::Counted { cell, .. } => Buffers::List {
                offsets: offsets_for(entries),
                items: Box::new(values(cell, bytes)),
            },
            Layout::Streamed { item, .. } => Buffers::for_item(item, entries, bytes),
        };
        ColumnBuilder { layout, buffers }
    }

    /// Appends entries of fixed size, which are next to one another.
    pub(crate) fn extend_fixed(&mut self, bytes: &[u8]) {
        let (Buffers::Values(values), Layout::Fixed { cell, place }) =
            (&mut self.buffers, self.layout)
        else {
            return;
        };
        let &Some(Slot { offset, structure }) = place else {
            return values.extend(bytes);
        };
        for entry in bytes.chunks_exact(structure.max(1)) {
            values.extend(entry.get(offset..offset + cell.size()).unwrap_or_default());
        }
    }

    /// Appends the entries between `boundaries`, of which there is one more than entries.
    pub(crate) fn extend_varying(&mut self, data: &[u8], boundaries: &[u32]) -> Result<(), Stop> {
        match (&mut self.buffers, self.layout) {
            (Buffers::List { offsets, items }, Layout::Counted { cell, lead: 0 }) => {
                extend_counted(offsets, items, cell, data, boundaries)
            }
            (Buffers::List { offsets, items }, Layout::Counted { cell, lead }) => {
                each_entry(data, boundaries, |entry| {
                    let bytes = entry.get(*lead..).unwrap_or_default();
                    if bytes.len() % cell.size() != 0 {
                        return Err(not_whole(cell.size()));
                    }
                    push_length(offsets, bytes.len() / cell.size())?;
                    items.extend(bytes);
                    Ok(())
                })
            }
            (buffers, Layout::Streamed { item, header }) => each_entry(data, boundaries, |entry| {
                buffers.push_entry(item, *header, entry)
            }),
            _ => Ok(()),
        }
    }

    /// The Arrow array; `shared` are the offsets of a column with the same counter.
    pub(crate) fn finish(self, shared: Option<&OffsetBuffer<i32>>) -> Result<ArrayRef, Stop> {
        let cell = match self.layout {
            Layout::Fixed { cell, .. } | Layout::Counted { cell, .. } => Some(cell),
            Layout::Streamed { .. } => None,
        };
        let dimensions = cell
            .map(|cell| cell.dimensions.as_slice())
            .unwrap_or_default();
        self.buffers.finish(dimensions, shared)
    }
}

impl Buffers {
    fn for_item(item: &Item, entries: usize, bytes: usize) -> Self {
        match item {
            Item::Value(primitive) => {
                Buffers::Values(Values::with_capacity(*primitive, bytes / primitive.width()))
            }
            Item::Text => Buffers::Text {
                offsets: offsets_for(entries),
                bytes: Vec::with_capacity(bytes),
            },
            Item::Sequence(inner) => Buffers::List {
                offsets: offsets_for(entries),
                items: Box::new(Buffers::for_item(inner, 0, bytes)),
            },
        }
    }

    fn extend(&mut self, bytes: &[u8]) {
        if let Buffers::Values(values) = self {
            values.extend(bytes);
        }
    }

    fn len(&self) -> usize {
        match self {
            Buffers::Values(values) => values.len(),
            Buffers::Text { offsets, .. } | Buffers::List { offsets, .. } => offsets.len() - 1,
        }
    }

    fn push_entry(&mut self, item: &Item, header: bool, entry: &[u8]) -> Result<(), Stop> {
        let mut cursor = Cursor::new(entry);
        if header {
            let header = Header::read(&mut cursor)?;
            if header.end.is_none() {
                return Err(Malformed::new("an entry has no byte count").into());
            }
            if header.version & MEMBERWISE != 0 {
                return Err(Malformed::new("an entry is stored member by member").into());
            }
        }
        self.push(item, &mut cursor)?;
        if cursor.remaining() > 0 && matches!(item, Item::Sequence(_)) {
            let what = format!("{} bytes are left over in an entry", cursor.remaining());
            return Err(Malformed::new(what).into());
        }
        Ok(())
    }

    fn push(&mut self, item: &Item, cursor: &mut Cursor<'_>) -> Result<(), Stop> {
        match (self, item) {
            (Buffers::Values(values), Item::Value(primitive)) => {
                values.extend(cursor.take(primitive.width())?);
            }
            (Buffers::Text { offsets, bytes }, Item::Text) => {
                let text = cursor.text_bytes()?;
                push_length(offsets, text.len())?;
                bytes.extend_from_slice(text);
            }
            (Buffers::List { offsets, items }, Item::Sequence(inner)) => {
                let count = cursor.u32()? as usize;
                if let Item::Value(primitive) = &**inner {
                    items.extend(cursor.take(count.saturating_mul(primitive.width()))?);
                } else {
                    for _ in 0..count {
                        items.push(inner, cursor)?;
                    }
                }
                let end = i32::try_from(items.len()).map_err(|_| Stop::TooLarge)?;
                offsets.push(end);
            }
            _ => {}
        }
        Ok(())
    }

    fn finish(
        self,
        dimensions: &[usize],
        shared: Option<&OffsetBuffer<i32>>,
    ) -> Result<ArrayRef, Stop> {
        Ok(match self {
            Buffers::Values(values) => nest(values.finish(), dimensions),
            Buffers::Text { offsets, bytes } => {
                let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
                let text = StringArray::try_new(offsets, Buffer::from_vec(bytes), None);
                Arc::new(text.map_err(|_| Malformed::new("a string is not UTF-8"))?)
            }
            Buffers::List { offsets, items } => {
                let offsets = match shared {
                    Some(shared) if shared.as_ref() == offsets.as_slice() => shared.clone(),
                    _ => OffsetBuffer::new(ScalarBuffer::from(offsets)),
                };
                let items = items.finish(dimensions, None)?;
                let field = item_field(items.data_type().clone());
                Arc::new(ListArray::new(field, offsets, items, None))
            }
        })
    }
}

fn offsets_for(entries: usize) -> Vec<i32> {
    let mut offsets = Vec::with_capacity(entries.saturating_add(1));
    offsets.push(0);
    offsets
}

/// Appends the end of a list that is `length` longer than the last one's end.
fn push_length(offsets: &mut Vec<i32>, length: usize) -> Result<(), Stop> {
    let last = offsets.last().copied().unwrap_or(0);
    let end = i32::try_from(length)
        .ok()
        .and_then(|length| last.checked_add(length));
    offsets.push(end.ok_or(Stop::TooLarge)?);
    Ok(())
}

/// Appends entries that are nothing but their cells, all at once.
fn extend_counted(
    offsets: &mut Vec<i32>,
    items: &mut Buffers,
    cell: &Cell,
    data: &[u8],
    boundaries: &[u32],
) -> Result<(), Stop> {
    let (Some(&start), Some(&end)) = (boundaries.first(), boundaries.last()) else {
        return Ok(());
    };
    let bytes = data
        .get(start as usize..end as usize)
        .ok_or_else(|| Malformed::new("an entry ends after the basket's data"))?;
    let size = u32::try_from(cell.size()).unwrap_or(u32::MAX);
    let base = offsets.last().copied().unwrap_or(0);
    let added = i32::try_from((end - start) / size).ok();
    added
        .and_then(|added| base.checked_add(added))
        .ok_or(Stop::TooLarge)?;
    let later = || boundaries.iter().skip(1).map(|&at| at - start);
    let whole = if size.is_power_of_two() {
        let shift = size.trailing_zeros();
        offsets.extend(later().map(|at| base + (at >> shift) as i32));
        later().fold(0, |low, at| low | at) & (size - 1) == 0
    } else {
        offsets.extend(later().map(|at| base + (at / size) as i32));
        later().all(|at| at % size == 0)
    };
    if !whole {
        return Err(not_whole(size as usize));
    }
    items.extend(bytes);
    Ok(())
}

fn not_whole(size: usize) -> Stop {
    Malformed::new(format!(
        "an entry is not a whole number of values of {size} bytes"
    ))
    .into()
}

/// Calls `push` with the bytes of each entry.
fn each_entry(
    data: &[u8],
    boundaries: &[u32],
    mut push: impl FnMut(&[u8]) -> Result<(), Stop>,
) -> Result<(), Stop> {
    for pair in boundaries.windows(2) {
        let &[start, end] = pair else { continue };
        let entry = data
            .get(start as usize..end as usize)
            .ok_or_else(|| Malformed::new("an entry ends after the basket's data"))?;
        push(entry)?;
    }
    Ok(())
}

/// Wraps values into arrays of fixed length, the last dimension innermost.
fn nest(values: ArrayRef, dimensions: &[usize]) -> ArrayRef {
    dimensions.iter().rev().fold(values, |items, &length| {
        let field = item_field(items.data_type().clone());
        let length = i32::try_from(length).unwrap_or(i32::MAX);
        Arc::new(FixedSizeListArray::new(field, length, items, None))
    })
}
