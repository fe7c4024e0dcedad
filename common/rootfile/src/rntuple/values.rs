//! Numbers of one type in memory: a decoded page, or a column so far.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::types::{
    Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type,
    UInt32Type, UInt64Type,
};
use arrow_array::{ArrayRef, BooleanArray, PrimitiveArray};
use arrow_buffer::BooleanBuffer;

use crate::primitive::Primitive;

macro_rules! values {
    ($($variant:ident $native:ty, $arrow:ty;)*) => {
        /// Numbers of one type; a boolean is a byte.
        #[derive(Debug)]
        pub(super) enum Values {
            Bool(Vec<u8>),
            $($variant(Vec<$native>),)*
        }

        impl Values {
            /// None yet.
            pub(super) fn new(primitive: Primitive) -> Self {
                match primitive {
                    Primitive::Bool => Self::Bool(Vec::new()),
                    $(Primitive::$variant => Self::$variant(Vec::new()),)*
                    Primitive::Float16(_) => Self::F32(Vec::new()),
                    Primitive::Double32(_) => Self::F64(Vec::new()),
                }
            }

            pub(super) fn len(&self) -> usize {
                match self {
                    Self::Bool(values) => values.len(),
                    $(Self::$variant(values) => values.len(),)*
                }
            }

            /// Appends some of other numbers, which become of this type.
            pub(super) fn extend(&mut self, from: &Self, range: Range<usize>) {
                match (self, from) {
                    (Self::Bool(to), Self::Bool(from)) => {
                        to.extend_from_slice(from.get(range).unwrap_or_default());
                    }
                    $((Self::$variant(to), Self::$variant(from)) => {
                        to.extend_from_slice(from.get(range).unwrap_or_default());
                    })*
                    (Self::Bool(to), from) => {
                        to.extend(range.map(|at| u8::from(from.integer(at) != 0)));
                    }
                    $((Self::$variant(to), from) if from.is_real() => {
                        to.extend(range.map(|at| from.real(at) as $native));
                    })*
                    $((Self::$variant(to), from) => {
                        to.extend(range.map(|at| from.integer(at) as $native));
                    })*
                }
            }

            /// Appends as many zeros.
            pub(super) fn extend_zeros(&mut self, count: usize) {
                match self {
                    Self::Bool(values) => values.resize(values.len().saturating_add(count), 0),
                    $(Self::$variant(values) => {
                        values.resize(values.len().saturating_add(count), <$native>::default());
                    })*
                }
            }

            fn is_real(&self) -> bool {
                matches!(self, Self::F32(_) | Self::F64(_))
            }

            fn integer(&self, at: usize) -> i128 {
                match self {
                    Self::Bool(values) => values.get(at).map_or(0, |&value| i128::from(value)),
                    $(Self::$variant(values) => values.get(at).map_or(0, |&value| value as i128),)*
                }
            }

            fn real(&self, at: usize) -> f64 {
                match self {
                    Self::Bool(values) => values.get(at).map_or(0.0, |&value| f64::from(value)),
                    $(Self::$variant(values) => values.get(at).map_or(0.0, |&value| value as f64),)*
                }
            }

            /// An Arrow array without nulls.
            pub(super) fn finish(self) -> ArrayRef {
                match self {
                    Self::Bool(values) => {
                        let bit = |at: usize| values.get(at).is_some_and(|&byte| byte != 0);
                        let bits = BooleanBuffer::collect_bool(values.len(), bit);
                        Arc::new(BooleanArray::new(bits, None))
                    }
                    $(Self::$variant(values) => {
                        Arc::new(PrimitiveArray::<$arrow>::new(values.into(), None))
                    })*
                }
            }
        }
    };
}

values! {
    I8 i8, Int8Type;
    U8 u8, UInt8Type;
    I16 i16, Int16Type;
    U16 u16, UInt16Type;
    I32 i32, Int32Type;
    U32 u32, UInt32Type;
    I64 i64, Int64Type;
    U64 u64, UInt64Type;
    F32 f32, Float32Type;
    F64 f64, Float64Type;
}

#[cfg(test)]
mod tests {
    use super::Values;
    use crate::primitive::Primitive;

    #[test]
    fn numbers_become_of_the_type_of_the_column() {
        let mut to = Values::new(Primitive::F64);
        to.extend(&Values::F32(vec![0.5, 1.5]), 1..2);
        to.extend(&Values::I32(vec![-3]), 0..1);
        to.extend_zeros(1);
        assert!(matches!(to, Values::F64(values) if values == [1.5, -3.0, 0.0]));
        let mut to = Values::new(Primitive::Bool);
        to.extend(&Values::U16(vec![256, 0]), 0..2);
        assert!(matches!(to, Values::Bool(values) if values == [1, 0]));
        let mut to = Values::new(Primitive::U64);
        to.extend(&Values::U32(vec![u32::MAX]), 0..1);
        assert!(matches!(to, Values::U64(values) if values == [u64::from(u32::MAX)]));
    }
}
