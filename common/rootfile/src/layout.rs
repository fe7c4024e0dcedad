//! How a branch's bytes become an Arrow column: its shape, type name and Arrow type.

use std::sync::Arc;

use arrow_schema::{DataType, Field};

use crate::primitive::Primitive;

/// The shape of one entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Layout {
    /// Values in a number that does not vary: one, or an array of these dimensions.
    Fixed {
        primitive: Primitive,
        dimensions: Vec<usize>,
    },
    /// As many as a counter says, each one value or an array of these dimensions.
    Counted {
        primitive: Primitive,
        dimensions: Vec<usize>,
    },
}

impl Layout {
    /// The Arrow type of the column.
    pub(crate) fn data_type(&self) -> DataType {
        match self {
            Layout::Fixed {
                primitive,
                dimensions,
            } => fixed(*primitive, dimensions),
            Layout::Counted {
                primitive,
                dimensions,
            } => list_of(fixed(*primitive, dimensions)),
        }
    }

    /// Bytes of one entry, or of one item when the number of items varies.
    pub(crate) fn item_size(&self) -> usize {
        match self {
            Layout::Fixed {
                primitive,
                dimensions,
            }
            | Layout::Counted {
                primitive,
                dimensions,
            } => dimensions
                .iter()
                .fold(primitive.width(), |size, &length| {
                    size.saturating_mul(length)
                })
                .max(1),
        }
    }
}

/// A list whose items are not null.
pub(crate) fn list_of(item: DataType) -> DataType {
    DataType::List(item_field(item))
}

/// The field of a list's items.
pub(crate) fn item_field(item: DataType) -> Arc<Field> {
    Arc::new(Field::new("item", item, false))
}

fn fixed(primitive: Primitive, dimensions: &[usize]) -> DataType {
    dimensions
        .iter()
        .rev()
        .fold(primitive.data_type(), |item, &length| {
            let length = i32::try_from(length).unwrap_or(i32::MAX);
            DataType::FixedSizeList(item_field(item), length)
        })
}
