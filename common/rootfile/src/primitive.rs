//! Numbers and booleans: their width, names and Arrow types, and bulk decoding of many at once.

use std::sync::Arc;

use arrow_array::types::{
    Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type,
    UInt32Type, UInt64Type,
};
use arrow_array::{ArrayRef, BooleanArray, PrimitiveArray};
use arrow_buffer::BooleanBuffer;
use arrow_schema::DataType;

use crate::packed::Packing;

/// A type of fixed width.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Primitive {
    Bool,
    I8,
    U8,
    I16,
    U16,
    I32,
    U32,
    I64,
    U64,
    F32,
    F64,
    Float16(Packing),
    Double32(Packing),
}

impl Primitive {
    /// Bytes of one value in the file.
    pub(crate) fn width(self) -> usize {
        match self {
            Primitive::Bool | Primitive::I8 | Primitive::U8 => 1,
            Primitive::I16 | Primitive::U16 => 2,
            Primitive::I32 | Primitive::U32 | Primitive::F32 => 4,
            Primitive::I64 | Primitive::U64 | Primitive::F64 => 8,
            Primitive::Float16(packing) | Primitive::Double32(packing) => packing.width(),
        }
    }

    /// The C++ name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Primitive::Bool => "bool",
            Primitive::I8 => "int8_t",
            Primitive::U8 => "uint8_t",
            Primitive::I16 => "int16_t",
            Primitive::U16 => "uint16_t",
            Primitive::I32 => "int32_t",
            Primitive::U32 => "uint32_t",
            Primitive::I64 => "int64_t",
            Primitive::U64 => "uint64_t",
            Primitive::F32 => "float",
            Primitive::F64 => "double",
            Primitive::Float16(_) => "Float16_t",
            Primitive::Double32(_) => "Double32_t",
        }
    }

    pub(crate) fn data_type(self) -> DataType {
        match self {
            Primitive::Bool => DataType::Boolean,
            Primitive::I8 => DataType::Int8,
            Primitive::U8 => DataType::UInt8,
            Primitive::I16 => DataType::Int16,
            Primitive::U16 => DataType::UInt16,
            Primitive::I32 => DataType::Int32,
            Primitive::U32 => DataType::UInt32,
            Primitive::I64 => DataType::Int64,
            Primitive::U64 => DataType::UInt64,
            Primitive::F32 | Primitive::Float16(_) => DataType::Float32,
            Primitive::F64 | Primitive::Double32(_) => DataType::Float64,
        }
    }
}

macro_rules! values {
    ($($variant:ident, $native:ty, $arrow:ty, $width:literal;)*) => {
        /// Values decoded so far.
        #[derive(Debug)]
        pub(crate) enum Values {
            Bool(Vec<u8>),
            Float16(Packing, Vec<f32>),
            Double32(Packing, Vec<f64>),
            $($variant(Vec<$native>),)*
        }

        impl Values {
            /// None yet, with room for `count`.
            pub(crate) fn with_capacity(primitive: Primitive, count: usize) -> Self {
                match primitive {
                    Primitive::Bool => Values::Bool(Vec::with_capacity(count)),
                    Primitive::Float16(packing) => {
                        Values::Float16(packing, Vec::with_capacity(count))
                    }
                    Primitive::Double32(packing) => {
                        Values::Double32(packing, Vec::with_capacity(count))
                    }
                    $(Primitive::$variant => Values::$variant(Vec::with_capacity(count)),)*
                }
            }

            /// Appends the values in `bytes`, which are big-endian.
            pub(crate) fn extend(&mut self, bytes: &[u8]) {
                match self {
                    Values::Bool(values) => values.extend_from_slice(bytes),
                    Values::Float16(packing, values) => packing.extend_f32(bytes, values),
                    Values::Double32(packing, values) => packing.extend_f64(bytes, values),
                    $(Values::$variant(values) => {
                        let (chunks, _) = bytes.as_chunks::<$width>();
                        values.extend(chunks.iter().map(|&chunk| <$native>::from_be_bytes(chunk)));
                    })*
                }
            }

            /// The number of values.
            pub(crate) fn len(&self) -> usize {
                match self {
                    Values::Bool(values) => values.len(),
                    Values::Float16(_, values) => values.len(),
                    Values::Double32(_, values) => values.len(),
                    $(Values::$variant(values) => values.len(),)*
                }
            }

            /// An Arrow array without nulls.
            pub(crate) fn finish(self) -> ArrayRef {
                match self {
                    Values::Bool(values) => {
                        let bit = |at: usize| values.get(at).is_some_and(|&byte| byte != 0);
                        let bits = BooleanBuffer::collect_bool(values.len(), bit);
                        Arc::new(BooleanArray::new(bits, None))
                    }
                    Values::Float16(_, values) => {
                        Arc::new(PrimitiveArray::<Float32Type>::new(values.into(), None))
                    }
                    Values::Double32(_, values) => {
                        Arc::new(PrimitiveArray::<Float64Type>::new(values.into(), None))
                    }
                    $(Values::$variant(values) => {
                        Arc::new(PrimitiveArray::<$arrow>::new(values.into(), None))
                    })*
                }
            }
        }
    };
}

values! {
    I8, i8, Int8Type, 1;
    U8, u8, UInt8Type, 1;
    I16, i16, Int16Type, 2;
    U16, u16, UInt16Type, 2;
    I32, i32, Int32Type, 4;
    U32, u32, UInt32Type, 4;
    I64, i64, Int64Type, 8;
    U64, u64, UInt64Type, 8;
    F32, f32, Float32Type, 4;
    F64, f64, Float64Type, 8;
}
