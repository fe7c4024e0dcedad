//! The values of a column, out of what the decoder makes of its leaf.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Float16Type;
use arrow_array::{
    Array, ArrayRef, Float32Array, ListArray, RecordBatch, StructArray, UInt32Array, make_array,
};
use arrow_buffer::{NullBuffer, OffsetBuffer};
use arrow_schema::{DataType, Field};

use super::column::{ParquetColumn, Step};
use crate::feature::without_nulls;

/// Why there are none.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unread {
    /// A value is missing, in this row.
    Missing(&'static str, usize),
    /// What is decoded is not as the schema has it.
    Otherwise,
}

/// The values of a column of a decoded batch.
pub(super) fn values_of(column: &ParquetColumn, decoded: &RecordBatch) -> Result<ArrayRef, Unread> {
    let (first, steps) = column.steps.split_first().ok_or(Unread::Otherwise)?;
    let top = match first {
        Step::Member(name) => decoded.column_by_name(name),
        Step::Items | Step::Length => None,
    };
    let top = top.ok_or(Unread::Otherwise)?;
    let values = within(top, steps, &|row| row)?;
    let expected = column.data_type.as_ref().map_err(|_| Unread::Otherwise)?;
    match values.data_type() == expected {
        true => Ok(values),
        false => Err(Unread::Otherwise),
    }
}

/// What these steps lead to; `row` is the row of the batch that an item is in.
fn within(
    array: &ArrayRef,
    steps: &[Step],
    row: &dyn Fn(usize) -> usize,
) -> Result<ArrayRef, Unread> {
    let Some((step, rest)) = steps.split_first() else {
        return plain(array, row);
    };
    match step {
        Step::Member(name) => {
            let parts = array.as_struct_opt().ok_or(Unread::Otherwise)?;
            let member = parts.column_by_name(name).ok_or(Unread::Otherwise)?;
            within(&missing_with(member, parts)?, rest, row)
        }
        Step::Items => {
            let list = listed(array, row)?;
            let offsets = list.offsets();
            let first = offsets.first();
            let last = offsets.last();
            let at = |offset: i32| usize::try_from(offset).unwrap_or_default();
            let items = list
                .values()
                .slice(at(first), at(last).saturating_sub(at(first)));
            let lengths = OffsetBuffer::from_lengths(offsets.lengths());
            let of_item = |item: usize| {
                let list = lengths.partition_point(|end| at(*end) <= item);
                row(list.saturating_sub(1))
            };
            let items = within(&items, rest, &of_item)?;
            let field = Arc::new(Field::new("item", items.data_type().clone(), false));
            let list = ListArray::try_new(field, lengths.clone(), items, None);
            Ok(Arc::new(list.map_err(|_| Unread::Otherwise)?))
        }
        Step::Length => {
            let list = listed(array, row)?;
            let lengths = list.offsets().lengths();
            let lengths = lengths.map(|length| u32::try_from(length).unwrap_or_default());
            Ok(Arc::new(UInt32Array::from_iter_values(lengths)))
        }
    }
}

/// A member of structs, which is missing where the struct is: one that must be there is not told so.
fn missing_with(member: &ArrayRef, parts: &StructArray) -> Result<ArrayRef, Unread> {
    let Some(nulls) = parts.nulls().filter(|nulls| nulls.null_count() > 0) else {
        return Ok(Arc::clone(member));
    };
    let nulls = NullBuffer::union(member.nulls(), Some(nulls));
    let data = member.to_data().into_builder().nulls(nulls).build();
    Ok(make_array(data.map_err(|_| Unread::Otherwise)?))
}

fn listed<'a>(array: &'a ArrayRef, row: &dyn Fn(usize) -> usize) -> Result<&'a ListArray, Unread> {
    let list = array.as_list_opt::<i32>().ok_or(Unread::Otherwise)?;
    match first_null(list) {
        Some(at) => Err(Unread::Missing("the list", row(at))),
        None => Ok(list),
    }
}

/// Values without nulls: floats that are missing are NaN.
fn plain(array: &ArrayRef, row: &dyn Fn(usize) -> usize) -> Result<ArrayRef, Unread> {
    let array = match array.data_type() {
        DataType::Float16 => {
            let halves = array.as_primitive::<Float16Type>().iter();
            let values = halves.map(|half| half.map_or(f32::NAN, f32::from));
            Arc::new(Float32Array::from_iter_values(values))
        }
        _ => without_nulls(Arc::clone(array)),
    };
    match first_null(&array) {
        Some(at) => Err(Unread::Missing("a value", row(at))),
        None => Ok(array),
    }
}

fn first_null(array: &dyn Array) -> Option<usize> {
    let nulls = array.nulls().filter(|nulls| nulls.null_count() > 0)?;
    (0..nulls.len()).find(|at| nulls.is_null(*at))
}
