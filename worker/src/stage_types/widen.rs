//! Values into a larger type, each exactly.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef, FixedSizeListArray, ListArray, PrimitiveArray};
use arrow_schema::{ArrowError, DataType};

/// A column in a type that holds all of its values, within lists as they are.
pub(super) fn widened(column: &ArrayRef, to: &DataType) -> Result<ArrayRef, ArrowError> {
    let from = column.data_type();
    if from == to {
        return Ok(column.clone());
    }
    match (from, to) {
        (DataType::List(_), DataType::List(item)) => {
            let list = column.as_list::<i32>();
            let values = widened(list.values(), item.data_type())?;
            let (offsets, nulls) = (list.offsets().clone(), list.nulls().cloned());
            Ok(Arc::new(ListArray::try_new(
                item.clone(),
                offsets,
                values,
                nulls,
            )?))
        }
        (DataType::FixedSizeList(_, _), DataType::FixedSizeList(item, length)) => {
            let list = column.as_fixed_size_list();
            let values = widened(list.values(), item.data_type())?;
            let nulls = list.nulls().cloned();
            let list = FixedSizeListArray::try_new(item.clone(), *length, values, nulls)?;
            Ok(Arc::new(list))
        }
        (_, DataType::Float32 | DataType::Float64) => into_floats(column, to),
        _ => into_whole(column, to),
    }
}

fn into_floats(column: &ArrayRef, to: &DataType) -> Result<ArrayRef, ArrowError> {
    let values: Vec<f64> = match column.data_type() {
        DataType::Float32 => {
            let values = column.as_primitive::<Float32Type>().values();
            values.iter().map(|value| f64::from(*value)).collect()
        }
        // At most 32 bits, which a double holds.
        _ => whole(column, to)?
            .into_iter()
            .map(|value| value as f64)
            .collect(),
    };
    match to {
        // At most 16 bits, which a float holds.
        DataType::Float32 => {
            made::<Float32Type>(column, values.into_iter().map(|value| value as f32))
        }
        _ => made::<Float64Type>(column, values.into_iter()),
    }
}

fn into_whole(column: &ArrayRef, to: &DataType) -> Result<ArrayRef, ArrowError> {
    let values = whole(column, to)?.into_iter();
    match to {
        DataType::UInt8 => exact::<UInt8Type>(column, to, values),
        DataType::Int16 => exact::<Int16Type>(column, to, values),
        DataType::UInt16 => exact::<UInt16Type>(column, to, values),
        DataType::Int32 => exact::<Int32Type>(column, to, values),
        DataType::UInt32 => exact::<UInt32Type>(column, to, values),
        DataType::Int64 => exact::<Int64Type>(column, to, values),
        DataType::UInt64 => exact::<UInt64Type>(column, to, values),
        DataType::Int8 => exact::<Int8Type>(column, to, values),
        _ => Err(impossible(column, to)),
    }
}

/// Whole numbers of at most 32 bits, or of 64 bits with a sign; no type is larger than others.
fn whole(column: &ArrayRef, to: &DataType) -> Result<Vec<i64>, ArrowError> {
    fn of<T: ArrowPrimitiveType>(column: &ArrayRef) -> Vec<i64>
    where
        T::Native: Into<i64>,
    {
        let values = column.as_primitive::<T>().values();
        values.iter().map(|value| (*value).into()).collect()
    }
    Ok(match column.data_type() {
        DataType::Boolean => {
            let values = column.as_boolean().values();
            values.iter().map(i64::from).collect()
        }
        DataType::UInt8 => of::<UInt8Type>(column),
        DataType::Int8 => of::<Int8Type>(column),
        DataType::UInt16 => of::<UInt16Type>(column),
        DataType::Int16 => of::<Int16Type>(column),
        DataType::UInt32 => of::<UInt32Type>(column),
        DataType::Int32 => of::<Int32Type>(column),
        DataType::Int64 => of::<Int64Type>(column),
        _ => return Err(impossible(column, to)),
    })
}

fn exact<T: ArrowPrimitiveType>(
    column: &ArrayRef,
    to: &DataType,
    values: impl Iterator<Item = i64>,
) -> Result<ArrayRef, ArrowError>
where
    T::Native: TryFrom<i64>,
{
    let values: Result<Vec<T::Native>, _> = values.map(T::Native::try_from).collect();
    let values = values.map_err(|_| impossible(column, to))?;
    made::<T>(column, values.into_iter())
}

fn made<T: ArrowPrimitiveType>(
    column: &ArrayRef,
    values: impl Iterator<Item = T::Native>,
) -> Result<ArrayRef, ArrowError> {
    let values = values.collect::<Vec<T::Native>>().into();
    Ok(Arc::new(PrimitiveArray::<T>::try_new(
        values,
        column.nulls().cloned(),
    )?))
}

fn impossible(column: &ArrayRef, to: &DataType) -> ArrowError {
    ArrowError::CastError(format!(
        "values of type {} cannot be read as {to}",
        column.data_type()
    ))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::cast::AsArray;
    use arrow_array::types::{Float64Type, Int16Type, Int32Type, UInt64Type};
    use arrow_array::{
        ArrayRef, BooleanArray, Float32Array, Int32Array, ListArray, UInt8Array, UInt32Array,
    };
    use arrow_schema::{DataType, Field};

    use super::widened;

    #[test]
    fn every_value_stays_what_it_is() {
        let small: ArrayRef = Arc::new(UInt8Array::from(vec![0, 7, 255]));
        let wide = widened(&small, &DataType::Int16).unwrap();
        assert_eq!(wide.as_primitive::<Int16Type>().values(), &[0, 7, 255]);
        let wide = widened(&small, &DataType::UInt64).unwrap();
        assert_eq!(wide.as_primitive::<UInt64Type>().values(), &[0, 7, 255]);
        let whole: ArrayRef = Arc::new(Int32Array::from(vec![i32::MIN, 16_777_217]));
        let wide = widened(&whole, &DataType::Float64).unwrap();
        assert_eq!(
            wide.as_primitive::<Float64Type>().values(),
            &[-2_147_483_648.0, 16_777_217.0]
        );
        let single: ArrayRef = Arc::new(Float32Array::from(vec![0.1, f32::INFINITY]));
        let wide = widened(&single, &DataType::Float64).unwrap();
        assert_eq!(
            wide.as_primitive::<Float64Type>().values(),
            &[f64::from(0.1_f32), f64::INFINITY]
        );
        let truth: ArrayRef = Arc::new(BooleanArray::from(vec![true, false]));
        let wide = widened(&truth, &DataType::Int32).unwrap();
        assert_eq!(wide.as_primitive::<Int32Type>().values(), &[1, 0]);
        let large: ArrayRef = Arc::new(UInt32Array::from(vec![u32::MAX]));
        assert!(widened(&large, &DataType::Int32).is_err());
        assert!(widened(&large, &DataType::Boolean).is_err());
    }

    #[test]
    fn lists_keep_their_lengths() {
        let list = ListArray::from_iter_primitive::<arrow_array::types::UInt8Type, _, _>([
            Some(vec![Some(1), Some(200)]),
            Some(Vec::new()),
            Some(vec![Some(3)]),
        ]);
        let wide = DataType::List(Arc::new(Field::new("item", DataType::Int32, true)));
        let list: ArrayRef = Arc::new(list);
        let found = widened(&list.slice(1, 2), &wide).unwrap();
        assert_eq!(found.data_type(), &wide);
        let found = found.as_list::<i32>();
        assert_eq!(found.value(0).len(), 0);
        assert_eq!(found.value(1).as_primitive::<Int32Type>().values(), &[3]);
    }
}
