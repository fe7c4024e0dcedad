//! Types of single values, and the smallest that holds all values of several.

use arrow_schema::{DataType, Field};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A type of single values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum NumberType {
    Bool,
    UInt8,
    Int8,
    UInt16,
    Int16,
    UInt32,
    Int32,
    Float,
    UInt64,
    Int64,
    Double,
}

/// From small to large; of one size whole numbers first, as they stay whole numbers.
const ALL: [NumberType; 11] = [
    NumberType::Bool,
    NumberType::UInt8,
    NumberType::Int8,
    NumberType::UInt16,
    NumberType::Int16,
    NumberType::UInt32,
    NumberType::Int32,
    NumberType::Float,
    NumberType::UInt64,
    NumberType::Int64,
    NumberType::Double,
];

impl NumberType {
    fn data_type(self) -> DataType {
        match self {
            Self::Bool => DataType::Boolean,
            Self::UInt8 => DataType::UInt8,
            Self::Int8 => DataType::Int8,
            Self::UInt16 => DataType::UInt16,
            Self::Int16 => DataType::Int16,
            Self::UInt32 => DataType::UInt32,
            Self::Int32 => DataType::Int32,
            Self::Float => DataType::Float32,
            Self::UInt64 => DataType::UInt64,
            Self::Int64 => DataType::Int64,
            Self::Double => DataType::Float64,
        }
    }

    fn of(data_type: &DataType) -> Option<Self> {
        ALL.into_iter()
            .find(|number| number.data_type() == *data_type)
    }

    /// The least and the largest whole number, below and above which not all are held.
    fn reach(self) -> (i128, i128) {
        match self {
            Self::Bool => (0, 1),
            Self::UInt8 => (0, u8::MAX.into()),
            Self::Int8 => (i8::MIN.into(), i8::MAX.into()),
            Self::UInt16 => (0, u16::MAX.into()),
            Self::Int16 => (i16::MIN.into(), i16::MAX.into()),
            Self::UInt32 => (0, u32::MAX.into()),
            Self::Int32 => (i32::MIN.into(), i32::MAX.into()),
            Self::Float => (-(1 << 24), 1 << 24),
            Self::UInt64 => (0, u64::MAX.into()),
            Self::Int64 => (i64::MIN.into(), i64::MAX.into()),
            Self::Double => (-(1 << 53), 1 << 53),
        }
    }

    fn is_float(self) -> bool {
        matches!(self, Self::Float | Self::Double)
    }

    /// Whether it has every value of another type, and tells them apart.
    fn holds(self, other: Self) -> bool {
        let ((least, largest), (low, high)) = (self.reach(), other.reach());
        least <= low && high <= largest && (self.is_float() || !other.is_float())
    }

    /// A type with its single values of this type.
    pub(super) fn within(self, data_type: &DataType) -> DataType {
        let item = |item: &Arc<Field>| {
            Arc::new(Field::new(
                item.name(),
                self.within(item.data_type()),
                item.is_nullable(),
            ))
        };
        match data_type {
            DataType::List(of) => DataType::List(item(of)),
            DataType::FixedSizeList(of, length) => DataType::FixedSizeList(item(of), *length),
            _ => self.data_type(),
        }
    }
}

/// The type of single values, however deep in lists of however many.
fn innermost(data_type: &DataType) -> &DataType {
    match data_type {
        DataType::List(item) | DataType::FixedSizeList(item, _) => innermost(item.data_type()),
        single => single,
    }
}

/// The smallest type of single values that holds all of these exactly, lists being of one shape.
pub(super) fn common(types: &[&DataType]) -> Option<NumberType> {
    let numbers: Option<Vec<NumberType>> = types
        .iter()
        .map(|data_type| NumberType::of(innermost(data_type)))
        .collect();
    let numbers = numbers?;
    let all = |wide: &NumberType| numbers.iter().all(|number| wide.holds(*number));
    let wide = ALL.into_iter().find(all)?;
    let mut shapes = types.iter().map(|data_type| wide.within(data_type));
    let first = shapes.next()?;
    shapes.all(|shape| shape == first).then_some(wide)
}

/// What people call a type.
pub(super) fn name_of(data_type: &DataType) -> String {
    match data_type {
        DataType::List(item) => format!("a list of {}", name_of(item.data_type())),
        DataType::FixedSizeList(item, length) => format!("{length} {}", name_of(item.data_type())),
        DataType::Boolean => String::from("bool"),
        DataType::Float32 => String::from("float"),
        DataType::Float64 => String::from("double"),
        DataType::Utf8 => String::from("text"),
        other => other.to_string().to_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_schema::{DataType, Field};

    use super::{ALL, NumberType, common};

    fn smallest(types: &[NumberType]) -> Option<NumberType> {
        let types: Vec<DataType> = types.iter().map(|number| number.data_type()).collect();
        common(&types.iter().collect::<Vec<_>>())
    }

    #[test]
    fn the_smallest_type_holds_every_value_exactly() {
        use NumberType::{
            Bool, Double, Float, Int8, Int16, Int32, Int64, UInt8, UInt16, UInt32, UInt64,
        };
        for (types, expected) in [
            (&[Int32, UInt8][..], Some(Int32)),
            (&[UInt8, Int8], Some(Int16)),
            (&[Bool, UInt8], Some(UInt8)),
            (&[UInt16, Int16], Some(Int32)),
            (&[UInt32, Int32], Some(Int64)),
            (&[UInt32, UInt64], Some(UInt64)),
            (&[UInt64, Int64], None),
            (&[UInt64, Int8], None),
            (&[Int16, Float], Some(Float)),
            (&[Int32, Float], Some(Double)),
            (&[UInt32, Int32, Float], Some(Double)),
            (&[Float, Double], Some(Double)),
            (&[Int64, Float], None),
            (&[Int64, Double], None),
            (&[UInt64, Double], None),
        ] {
            assert_eq!(smallest(types), expected, "{types:?}");
        }
        for one in ALL {
            assert_eq!(smallest(&[one, one]), Some(one));
        }
    }

    #[test]
    fn lists_are_of_one_shape() {
        let list = |item| DataType::List(Arc::new(Field::new("item", item, false)));
        let two = |item| DataType::FixedSizeList(Arc::new(Field::new("item", item, false)), 2);
        let (small, large) = (list(DataType::UInt8), list(DataType::Int32));
        assert_eq!(common(&[&small, &large]), Some(NumberType::Int32));
        assert_eq!(NumberType::Int32.within(&small), large);
        assert_eq!(common(&[&small, &DataType::UInt8]), None);
        assert_eq!(common(&[&small, &two(DataType::UInt8)]), None);
        assert_eq!(
            common(&[&list(small.clone()), &list(large)]),
            Some(NumberType::Int32)
        );
        assert_eq!(common(&[&DataType::Utf8, &DataType::Int8]), None);
    }
}
