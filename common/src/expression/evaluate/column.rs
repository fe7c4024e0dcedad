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
use crate::expression::int::Int;
use crate::expression::row_index::Index;
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

    /// How many members each entry has.
    fn each_length(&self) -> impl Iterator<Item = usize> + 'b {
        let mut start = 0;
        self.ends()
            .map(move |end| end - std::mem::replace(&mut start, end))
    }

    /// The places of the members of an entry in the flat column.
    pub(crate) fn members(&self, entry: usize) -> Range<usize> {
        match self.lengths {
            Lengths::Offsets(offsets) => {
                let at = |entry: usize| {
                    let offset = offsets.get(entry).map_or(0, |at| *at as usize);
                    offset.saturating_sub(self.range.start)
                };
                match entry + 1 < offsets.len() {
                    true => at(entry)..at(entry + 1),
                    false => 0..0,
                }
            }
            Lengths::Fixed(entries, size) if entry < entries => entry * size..(entry + 1) * size,
            Lengths::Fixed(..) => 0..0,
        }
    }

    /// An error naming both columns if `other` does not have the same lengths.
    pub(crate) fn same_lengths(&self, other: &Self) -> Result<(), EvaluateError> {
        match (self.lengths, other.lengths) {
            // Columns that a reader gives with one counter share their offsets.
            (Lengths::Offsets(a), Lengths::Offsets(b)) if std::ptr::eq(a, b) || a == b => {
                return Ok(());
            }
            (Lengths::Fixed(_, a), Lengths::Fixed(_, b)) if a == b => return Ok(()),
            _ => {}
        }
        let mut pairs = self.each_length().zip(other.each_length()).enumerate();
        match pairs.find(|(_, (a, b))| a != b) {
            Some((entry, (a, b))) => Err(EvaluateError::Lengths {
                first: self.name.clone(),
                second: other.name.clone(),
                lengths: [a, b],
                entry,
            }),
            None => Ok(()),
        }
    }
}

/// An error that names both list columns, and the first entry where their lengths differ.
pub fn same_lengths(
    first: (&str, &ArrayRef),
    second: (&str, &ArrayRef),
) -> Result<(), EvaluateError> {
    Flat::new(first.0, first.1)?.same_lengths(&Flat::new(second.0, second.1)?)
}

/// An error that names a list column and the column that should count its members, and the first
/// entry where it counts otherwise.
pub fn same_count(
    list: (&str, &ArrayRef),
    counter: (&str, &ArrayRef),
) -> Result<(), EvaluateError> {
    let flat = Flat::new(list.0, list.1)?;
    let (name, column) = counter;
    let entries = column.len();
    let counts = load(name, column, 0..entries, &Index::All(entries))?;
    let counts = counts.into_ints().into_vec(entries);
    let lengths = flat.each_length().map(|length| length as i64);
    let mut pairs = lengths.zip(counts).enumerate();
    match pairs.find(|(_, (length, count))| length != count) {
        Some((entry, (length, count))) => Err(EvaluateError::Counter {
            column: list.0.to_owned(),
            counter: name.to_owned(),
            lengths: [length, count],
            entry,
        }),
        None => Ok(()),
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

/// The values that `index` picks from `range` of `column`; a null among floats is NaN.
pub(crate) fn load<'v>(
    name: &str,
    column: &'v ArrayRef,
    range: Range<usize>,
    index: &Index,
) -> Result<Values<'v>, EvaluateError> {
    if column.null_count() > 0 {
        return with_nulls(name, column, range, index);
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
        DataType::Int64 => {
            let values = &column.as_primitive::<Int64Type>().values()[range];
            Values::Int(Int::I64, borrow(values, index))
        }
        DataType::Float64 => Values::Float(borrow(
            &column.as_primitive::<Float64Type>().values()[range],
            index,
        )),
        DataType::Float32 => Values::Float(Series::many(convert::<Float32Type, f64>(
            column, range, index,
        ))),
        DataType::Int8 => ints::<Int8Type>(Int::I32, column, range, index),
        DataType::Int16 => ints::<Int16Type>(Int::I32, column, range, index),
        DataType::Int32 => ints::<Int32Type>(Int::I32, column, range, index),
        DataType::UInt8 => ints::<UInt8Type>(Int::I32, column, range, index),
        DataType::UInt16 => ints::<UInt16Type>(Int::I32, column, range, index),
        DataType::UInt32 => ints::<UInt32Type>(Int::U32, column, range, index),
        DataType::UInt64 => {
            let values = &column.as_primitive::<UInt64Type>().values()[range];
            let bits = pick(values, index, u64::cast_signed);
            Values::Int(Int::U64, Series::many(bits))
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

/// The same of a column with nulls, which only floats may have.
fn with_nulls(
    name: &str,
    column: &ArrayRef,
    range: Range<usize>,
    index: &Index,
) -> Result<Values<'static>, EvaluateError> {
    let filled = match column.data_type() {
        DataType::Float32 => nan_filled::<Float32Type>(column, f32::NAN),
        DataType::Float64 => nan_filled::<Float64Type>(column, f64::NAN),
        _ => return Err(EvaluateError::Null(name.to_owned())),
    };
    let values = pick(&filled[range], index, |value| value);
    Ok(Values::Float(Series::many(values)))
}

fn nan_filled<T: ArrowPrimitiveType<Native: Into<f64>>>(
    column: &ArrayRef,
    nan: T::Native,
) -> Vec<f64> {
    let values = column.as_primitive::<T>().iter();
    values.map(|value| value.unwrap_or(nan).into()).collect()
}

/// The same, as shared floats.
pub(crate) fn floats(
    name: &str,
    column: &ArrayRef,
    range: Range<usize>,
    index: &Index,
) -> Result<Rc<Vec<f64>>, EvaluateError> {
    let values = load(name, column, range, index)?.into_floats();
    Ok(Rc::new(values.into_vec(index.len())))
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
    int: Int,
    column: &ArrayRef,
    range: Range<usize>,
    index: &Index,
) -> Values<'static> {
    Values::Int(int, Series::many(convert::<T, i64>(column, range, index)))
}
