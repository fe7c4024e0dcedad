//! From Arrow columns to values.

use std::borrow::Cow;
use std::ops::Range;
use std::rc::Rc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef};
use arrow_schema::DataType;

use crate::expression::error::EvaluateError;
use crate::expression::input::Index;
use crate::expression::value::{Series, Values};

/// A list column as one flat column: `range` of `values`, cut by `lengths`.
#[derive(Clone)]
pub(crate) struct Flat<'b> {
    name: String,
    pub(crate) values: &'b ArrayRef,
    pub(crate) range: Range<usize>,
    lengths: Lengths<'b>,
}

#[derive(Clone, Copy)]
enum Lengths<'b> {
    /// Ascending offsets, one more than there are entries.
    Offsets(&'b [i32]),
    /// So many entries of one length.
    Fixed(usize, usize),
}

impl<'b> Flat<'b> {
    pub(crate) fn new(name: &str, column: &'b ArrayRef) -> Result<Self, EvaluateError> {
        if column.null_count() > 0 {
            return Err(EvaluateError::Null(name.to_owned()));
        }
        let name = name.to_owned();
        if let Some(list) = column.as_list_opt::<i32>() {
            let offsets: &[i32] = list.offsets();
            let at = |offset: Option<&i32>| offset.map_or(0, |at| *at as usize);
            let range = at(offsets.first())..at(offsets.last());
            return Ok(Self {
                name,
                values: list.values(),
                range,
                lengths: Lengths::Offsets(offsets),
            });
        }
        if let Some(list) = column.as_fixed_size_list_opt() {
            let (entries, size) = (
                list.len(),
                usize::try_from(list.value_length()).unwrap_or(0),
            );
            let lengths = Lengths::Fixed(entries, size);
            return Ok(Self {
                name,
                values: list.values(),
                range: 0..entries * size,
                lengths,
            });
        }
        let found = column.data_type().to_string();
        Err(EvaluateError::Type {
            column: name,
            found,
            expected: "a list",
        })
    }

    /// Where the members of each entry end in the flat column.
    pub(crate) fn ends(&self) -> Box<dyn Iterator<Item = usize> + 'b> {
        match self.lengths {
            Lengths::Offsets(offsets) => {
                let start = self.range.start;
                Box::new(offsets.iter().skip(1).map(move |end| *end as usize - start))
            }
            Lengths::Fixed(entries, size) => Box::new((1..=entries).map(move |at| at * size)),
        }
    }

    /// An error naming both columns if `other` does not have the same lengths.
    pub(crate) fn same_lengths(&self, other: &Self) -> Result<(), EvaluateError> {
        if let (Lengths::Offsets(a), Lengths::Offsets(b)) = (self.lengths, other.lengths)
            && std::ptr::eq(a, b)
        {
            return Ok(());
        }
        match self.ends().zip(other.ends()).position(|(a, b)| a != b) {
            Some(entry) => Err(EvaluateError::Lengths {
                first: self.name.clone(),
                second: other.name.clone(),
                entry,
            }),
            None => Ok(()),
        }
    }
}

/// Where the members of each entry of a list column end, counted from its first member; none
/// where the column is not a list or has nulls.
pub fn list_ends(column: &ArrayRef) -> Option<Vec<u32>> {
    let flat = Flat::new("", column).ok()?;
    u32::try_from(flat.range.len()).ok()?;
    Some(flat.ends().map(|end| end as u32).collect())
}

/// The values of a list column, member by member; none where it is not a list or has nulls.
pub fn list_values(column: &ArrayRef) -> Option<ArrayRef> {
    let flat = Flat::new("", column).ok()?;
    Some(flat.values.slice(flat.range.start, flat.range.len()))
}

/// The values that `index` picks from `range` of `column`.
pub(crate) fn load<'v>(
    name: &str,
    column: &'v ArrayRef,
    range: Range<usize>,
    index: &Index,
) -> Result<Values<'v>, EvaluateError> {
    if column.null_count() > 0 {
        return Err(EvaluateError::Null(name.to_owned()));
    }
    Ok(match column.data_type() {
        DataType::Boolean => {
            let values = column.as_boolean().values().slice(range.start, range.len());
            Values::Bool(Series::many(match index {
                Index::All(_) => values.iter().collect(),
                Index::Chosen(chosen) => {
                    chosen.iter().map(|at| values.value(*at as usize)).collect()
                }
            }))
        }
        DataType::Int64 => Values::Int(borrow(
            &column.as_primitive::<Int64Type>().values()[range],
            index,
        )),
        DataType::Float64 => Values::Float(borrow(
            &column.as_primitive::<Float64Type>().values()[range],
            index,
        )),
        DataType::Float32 => Values::Float(Series::many(convert::<Float32Type, f64>(
            column, range, index,
        ))),
        DataType::Int8 => ints::<Int8Type>(column, range, index),
        DataType::Int16 => ints::<Int16Type>(column, range, index),
        DataType::Int32 => ints::<Int32Type>(column, range, index),
        DataType::UInt8 => ints::<UInt8Type>(column, range, index),
        DataType::UInt16 => ints::<UInt16Type>(column, range, index),
        DataType::UInt32 => ints::<UInt32Type>(column, range, index),
        DataType::UInt64 => {
            let values = &column.as_primitive::<UInt64Type>().values()[range];
            let values = pick(values, index, |value| value);
            if let Some(value) = values.iter().find(|value| i64::try_from(**value).is_err()) {
                let (column, value) = (name.to_owned(), *value);
                return Err(EvaluateError::TooLarge { column, value });
            }
            Values::Int(Series::many(
                values.into_iter().map(|value| value as i64).collect(),
            ))
        }
        other => {
            let (column, found) = (name.to_owned(), other.to_string());
            return Err(EvaluateError::Type {
                column,
                found,
                expected: "a bool or a number",
            });
        }
    })
}

/// The same, as shared floats.
pub(crate) fn floats(
    name: &str,
    column: &ArrayRef,
    range: Range<usize>,
    index: &Index,
) -> Result<Rc<[f64]>, EvaluateError> {
    match load(name, column, range, index)?.into_floats() {
        Series::Many(Cow::Owned(values)) => Ok(values.into()),
        Series::Many(Cow::Borrowed(values)) => Ok(values.into()),
        Series::One(value) => Ok(vec![value; index.len()].into()),
    }
}

fn borrow<'v, T: Copy + 'static>(values: &'v [T], index: &Index) -> Series<'v, T> {
    match index {
        Index::All(_) => Series::Many(Cow::Borrowed(values)),
        Index::Chosen(_) => Series::many(pick(values, index, |value| value)),
    }
}

fn pick<T: Copy, R>(values: &[T], index: &Index, f: impl Fn(T) -> R) -> Vec<R> {
    match index {
        Index::All(_) => values.iter().map(|value| f(*value)).collect(),
        Index::Chosen(chosen) => chosen.iter().map(|at| f(values[*at as usize])).collect(),
    }
}

fn convert<T: ArrowPrimitiveType<Native: Into<R>>, R>(
    column: &ArrayRef,
    range: Range<usize>,
    index: &Index,
) -> Vec<R> {
    pick(
        &column.as_primitive::<T>().values()[range],
        index,
        Into::into,
    )
}

fn ints<T: ArrowPrimitiveType<Native: Into<i64>>>(
    column: &ArrayRef,
    range: Range<usize>,
    index: &Index,
) -> Values<'static> {
    Values::Int(Series::many(convert::<T, i64>(column, range, index)))
}
