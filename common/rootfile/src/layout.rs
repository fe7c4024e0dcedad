//! How a branch's bytes become an Arrow column: the shape of an entry, and the Arrow type.

use std::sync::Arc;

use arrow_schema::{DataType, Field};

use crate::primitive::Primitive;
use crate::stl::Item;

/// The shape of one entry.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Layout {
    /// Values in a number that does not vary.
    Fixed { cell: Cell, place: Option<Slot> },
    /// As many cells as a counter says, after `lead` bytes of no interest.
    Counted { cell: Cell, lead: usize },
    /// A byte count and a version when there is a header, then the item.
    Streamed { item: Item, header: bool },
}

/// One value, or an array of these dimensions.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Cell {
    pub(crate) primitive: Primitive,
    pub(crate) dimensions: Vec<usize>,
}

/// Where a leaf is in the structure that each entry is, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Slot {
    pub(crate) offset: usize,
    pub(crate) structure: usize,
}

impl Cell {
    /// Its bytes in the file, at least one.
    pub(crate) fn size(&self) -> usize {
        let width = self.primitive.width();
        self.dimensions
            .iter()
            .fold(width, |size, &length| size.saturating_mul(length))
            .max(1)
    }

    fn data_type(&self) -> DataType {
        self.dimensions
            .iter()
            .rev()
            .fold(self.primitive.data_type(), |item, &length| {
                DataType::FixedSizeList(item_field(item), i32::try_from(length).unwrap_or(i32::MAX))
            })
    }
}

impl Layout {
    /// The Arrow type of the column.
    pub(crate) fn data_type(&self) -> DataType {
        match self {
            Layout::Fixed { cell, .. } => cell.data_type(),
            Layout::Counted { cell, .. } => DataType::List(item_field(cell.data_type())),
            Layout::Streamed { item, .. } => item_type(item),
        }
    }
}

/// The field of a list's items, which are never null.
pub(crate) fn item_field(item: DataType) -> Arc<Field> {
    Arc::new(Field::new("item", item, false))
}

fn item_type(item: &Item) -> DataType {
    match item {
        Item::Value(primitive) => primitive.data_type(),
        Item::Text => DataType::Utf8,
        Item::Sequence(inner) => DataType::List(item_field(item_type(inner))),
    }
}
