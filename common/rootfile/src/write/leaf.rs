//! The primitive types of leaves: their classes, codes, sizes and big-endian bytes.

use super::buffer::Buffer;
use arrow_array::{Array, cast::AsArray, types::*};
use arrow_schema::DataType;
use std::ops::Range;

/// Type of the values in a leaf.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LeafType {
    Bool,
    Int8,
    UInt8,
    Int16,
    UInt16,
    Int32,
    UInt32,
    Int64,
    UInt64,
    Float32,
    Float64,
}

impl LeafType {
    /// The leaf that holds an Arrow type, if one does.
    pub(super) fn of(data_type: &DataType) -> Option<Self> {
        Some(match data_type {
            DataType::Boolean => Self::Bool,
            DataType::Int8 => Self::Int8,
            DataType::UInt8 => Self::UInt8,
            DataType::Int16 => Self::Int16,
            DataType::UInt16 => Self::UInt16,
            DataType::Int32 => Self::Int32,
            DataType::UInt32 => Self::UInt32,
            DataType::Int64 => Self::Int64,
            DataType::UInt64 => Self::UInt64,
            DataType::Float32 => Self::Float32,
            DataType::Float64 => Self::Float64,
            _ => return None,
        })
    }

    /// Leaf class, code in a leaf list, bytes of one value.
    fn form(self) -> (&'static str, char, usize) {
        match self {
            Self::Bool => ("TLeafO", 'O', 1),
            Self::Int8 => ("TLeafB", 'B', 1),
            Self::UInt8 => ("TLeafB", 'b', 1),
            Self::Int16 => ("TLeafS", 'S', 2),
            Self::UInt16 => ("TLeafS", 's', 2),
            Self::Int32 => ("TLeafI", 'I', 4),
            Self::UInt32 => ("TLeafI", 'i', 4),
            Self::Int64 => ("TLeafL", 'L', 8),
            Self::UInt64 => ("TLeafL", 'l', 8),
            Self::Float32 => ("TLeafF", 'F', 4),
            Self::Float64 => ("TLeafD", 'D', 8),
        }
    }

    pub(super) fn class(self) -> &'static str {
        self.form().0
    }

    pub(super) fn code(self) -> char {
        self.form().1
    }

    pub(super) fn size(self) -> usize {
        self.form().2
    }

    pub(super) fn is_unsigned(self) -> bool {
        matches!(
            self,
            Self::UInt8 | Self::UInt16 | Self::UInt32 | Self::UInt64
        )
    }

    /// Streams a leaf's minimum (0) and maximum in its own type.
    pub(super) fn write_range(self, out: &mut Buffer, maximum: u32) {
        out.raw(&[0; 8][..self.size()]);
        let wide = u64::from(maximum).to_be_bytes();
        out.raw(&wide[8 - self.size()..]);
    }

    /// Appends the values of `range`, big-endian, to `out`. Does nothing for an array that is
    /// not of this type.
    pub(super) fn append(self, values: &dyn Array, range: Range<usize>, out: &mut Vec<u8>) {
        macro_rules! numbers {
            ($arrow:ty) => {
                if let Some(array) = values.as_primitive_opt::<$arrow>() {
                    for value in array.values().get(range).unwrap_or_default() {
                        out.extend_from_slice(&value.to_be_bytes());
                    }
                }
            };
        }
        match self {
            Self::Bool => {
                if let Some(array) = values.as_boolean_opt() {
                    out.extend(range.map(|i| u8::from(array.value(i))));
                }
            }
            Self::Int8 => numbers!(Int8Type),
            Self::UInt8 => numbers!(UInt8Type),
            Self::Int16 => numbers!(Int16Type),
            Self::UInt16 => numbers!(UInt16Type),
            Self::Int32 => numbers!(Int32Type),
            Self::UInt32 => numbers!(UInt32Type),
            Self::Int64 => numbers!(Int64Type),
            Self::UInt64 => numbers!(UInt64Type),
            Self::Float32 => numbers!(Float32Type),
            Self::Float64 => numbers!(Float64Type),
        }
    }
}
