//! Values of Arrow's columns as metrics take them.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef};
use arrow_schema::DataType;

use super::FillError;

/// Of so many rows the first is marked.
pub(super) fn first_of(rows: usize) -> Vec<bool> {
    let mut marks = vec![false; rows];
    if let Some(first) = marks.first_mut() {
        *first = true;
    }
    marks
}

/// Marks the rows whose key is not that of the row before.
pub(super) fn mark_changes<T: PartialEq>(marks: &mut [bool], keys: &[T]) {
    let (Some(marks), Some(later)) = (marks.get_mut(1..), keys.get(1..)) else {
        return;
    };
    for (mark, (this, before)) in marks.iter_mut().zip(later.iter().zip(keys)) {
        *mark |= this != before;
    }
}

/// The same of a column of integers; null is a key, too.
pub(super) fn mark_changes_of(
    marks: &mut [bool],
    name: &str,
    array: &ArrayRef,
) -> Result<(), FillError> {
    fn of<T: ArrowPrimitiveType>(marks: &mut [bool], array: &ArrayRef) {
        mark_changes(marks, array.as_primitive::<T>().values());
    }
    match (array.nulls(), array.data_type()) {
        (None, DataType::Int32) => of::<Int32Type>(marks, array),
        (None, DataType::UInt32) => of::<UInt32Type>(marks, array),
        (None, DataType::Int64) => of::<Int64Type>(marks, array),
        (None, DataType::UInt64) => of::<UInt64Type>(marks, array),
        (None, _) => mark_changes(marks, &bits_of(name, array)?),
        (Some(_), _) => {
            let keys = bits_of(name, array)?.into_iter();
            mark_changes(marks, &with_nulls(array, keys));
        }
    }
    Ok(())
}

/// Integers whatever is null among them; an unsigned value from 2^63 on wraps.
pub(super) fn bits_of(name: &str, array: &ArrayRef) -> Result<Vec<i64>, FillError> {
    Ok(match array.data_type() {
        DataType::Int64 => primitive::<Int64Type, _>(array, |v| v),
        DataType::UInt64 => primitive::<UInt64Type, _>(array, u64::cast_signed),
        _ => small_integers(array).ok_or_else(|| wrong(name, array, "an integer"))?,
    })
}

/// Values as doubles, NaN where null; Booleans are 0 and 1.
pub(super) fn numbers_of(name: &str, array: &ArrayRef) -> Result<Vec<f64>, FillError> {
    let mut values: Vec<f64> = match array.data_type() {
        DataType::Float64 => primitive::<Float64Type, _>(array, |v| v),
        DataType::Float32 => primitive::<Float32Type, _>(array, f64::from),
        DataType::Int64 => primitive::<Int64Type, _>(array, |v| v as f64),
        DataType::UInt64 => primitive::<UInt64Type, _>(array, |v| v as f64),
        DataType::Boolean => {
            let flags = array.as_boolean().values();
            flags
                .iter()
                .map(|flag| if flag { 1.0 } else { 0.0 })
                .collect()
        }
        _ => {
            let found = small_integers(array).ok_or_else(|| wrong(name, array, "a number"))?;
            found.into_iter().map(|value| value as f64).collect()
        }
    };
    if let Some(nulls) = array.nulls().filter(|nulls| nulls.null_count() > 0) {
        for (value, valid) in values.iter_mut().zip(nulls.iter()) {
            if !valid {
                *value = f64::NAN;
            }
        }
    }
    Ok(values)
}

pub(super) fn wrong(name: &str, array: &ArrayRef, expected: &'static str) -> FillError {
    if let DataType::List(_) | DataType::FixedSizeList(..) = array.data_type() {
        let over = name
            .split_once('_')
            .map_or(name, |(collection, _)| collection);
        return FillError::IsList {
            column: name.to_owned(),
            over: over.to_owned(),
        };
    }
    let found = array.data_type().to_string();
    FillError::WrongType {
        column: name.to_owned(),
        found,
        expected,
    }
}

fn primitive<T: ArrowPrimitiveType, V>(
    array: &ArrayRef,
    convert: impl Fn(T::Native) -> V,
) -> Vec<V> {
    match array.as_primitive_opt::<T>() {
        Some(array) => array.values().iter().map(|value| convert(*value)).collect(),
        None => Vec::new(),
    }
}

/// Integers of at most 32 bits.
fn small_integers(array: &ArrayRef) -> Option<Vec<i64>> {
    Some(match array.data_type() {
        DataType::Int32 => primitive::<Int32Type, _>(array, i64::from),
        DataType::UInt32 => primitive::<UInt32Type, _>(array, i64::from),
        DataType::Int16 => primitive::<Int16Type, _>(array, i64::from),
        DataType::UInt16 => primitive::<UInt16Type, _>(array, i64::from),
        DataType::Int8 => primitive::<Int8Type, _>(array, i64::from),
        DataType::UInt8 => primitive::<UInt8Type, _>(array, i64::from),
        _ => return None,
    })
}

pub(super) fn with_nulls<T>(array: &ArrayRef, values: impl Iterator<Item = T>) -> Vec<Option<T>> {
    match array.nulls() {
        Some(nulls) => values
            .zip(nulls.iter())
            .map(|(value, valid)| valid.then_some(value))
            .collect(),
        None => values.map(Some).collect(),
    }
}
