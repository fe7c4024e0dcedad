//! Columns as the values of one input tensor, converted as the model declares it.

use std::ops::Range;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef};
use arrow_schema::DataType;

use super::features::doubles;
use super::interleaved::{fill, interleaved};
use super::signature::Element;

/// Values row after row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum TensorValues {
    Float(Vec<f32>),
    Double(Vec<f64>),
    Long(Vec<i64>),
    Int(Vec<i32>),
    Bool(Vec<bool>),
}

impl TensorValues {
    /// Gathers columns, which are named for messages. Null is NaN.
    ///
    /// # Errors
    /// When a column is not of numbers, or holds what the type of the input does not.
    pub(crate) fn gather(
        element: Element,
        columns: &[ArrayRef],
        names: &[String],
    ) -> Result<Self, String> {
        Ok(match element {
            Element::Float => Self::Float(floats(columns, names)?),
            Element::Double => Self::Double(rows(columns, names, &numbers)?),
            Element::Long => Self::Long(rows(columns, names, &whole)?),
            Element::Int => Self::Int(rows(columns, names, &|column, name| {
                let narrow = |value: i64| {
                    i32::try_from(value).map_err(|_| does_not_fit(name, value, "int32"))
                };
                whole(column, name)?.into_iter().map(narrow).collect()
            })?),
            Element::Bool => Self::Bool(rows(columns, names, &|column, name| {
                let flag = |value: f64| match value.is_nan() {
                    true => Err(does_not_fit(name, value, "bool")),
                    false => Ok(value != 0.0),
                };
                numbers(column, name)?.into_iter().map(flag).collect()
            })?),
        })
    }
}

impl TensorValues {
    /// Some rows of `width` values, the last of them repeated until there are `filled`.
    pub(crate) fn filled(&self, width: usize, rows: Range<usize>, filled: usize) -> Self {
        match self {
            Self::Float(all) => Self::Float(filled_up(all, width, rows, filled)),
            Self::Double(all) => Self::Double(filled_up(all, width, rows, filled)),
            Self::Long(all) => Self::Long(filled_up(all, width, rows, filled)),
            Self::Int(all) => Self::Int(filled_up(all, width, rows, filled)),
            Self::Bool(all) => Self::Bool(filled_up(all, width, rows, filled)),
        }
    }
}

fn filled_up<T: Copy>(all: &[T], width: usize, rows: Range<usize>, filled: usize) -> Vec<T> {
    let range = rows.start.saturating_mul(width)..rows.end.saturating_mul(width);
    let mut values = all.get(range).unwrap_or_default().to_vec();
    let last = values.get(values.len().saturating_sub(width)..);
    let last = last.unwrap_or_default().to_vec();
    while values.len() < filled.saturating_mul(width) && !last.is_empty() {
        values.extend_from_slice(&last);
    }
    values
}

fn does_not_fit(name: &str, value: impl std::fmt::Display, wanted: &str) -> String {
    format!(
        "column {name} holds {value}, and the model's input takes {wanted}: compute a column that \
         holds it, or leave such rows out (nan = \"drop\" for NaN and null)"
    )
}

/// The values of a column, which is named for messages.
type OfColumn<'a, T> = &'a dyn Fn(&ArrayRef, &str) -> Result<Vec<T>, String>;

/// Columns side by side.
fn rows<T: Copy + Default>(
    columns: &[ArrayRef],
    names: &[String],
    values: OfColumn<'_, T>,
) -> Result<Vec<T>, String> {
    let columns = columns.iter().zip(names);
    let columns = columns.map(|(column, name)| values(column, name));
    let mut columns = columns.collect::<Result<Vec<_>, _>>()?;
    if let [only] = &mut columns[..] {
        return Ok(std::mem::take(only));
    }
    let rows = columns.first().map_or(0, Vec::len);
    let columns: Vec<&[T]> = columns.iter().map(Vec::as_slice).collect();
    Ok(interleaved(&columns, rows, |value| value))
}

/// Columns side by side in single precision; floating-point numbers are read where they are.
fn floats(columns: &[ArrayRef], names: &[String]) -> Result<Vec<f32>, String> {
    let rows = columns.first().map_or(0, |column| column.len());
    if let Some(singles) = slices::<Float32Type>(columns) {
        return Ok(interleaved(&singles, rows, |value| value));
    }
    if let Some(doubles) = slices::<Float64Type>(columns) {
        return Ok(interleaved(&doubles, rows, |value| value as f32));
    }
    let mut all = vec![0.0; rows.saturating_mul(columns.len())];
    let width = columns.len();
    let mut place = 0;
    // Neighbours of one type are put side by side together.
    let kind = |column: &ArrayRef| (column.data_type().clone(), column.null_count() > 0);
    for run in columns.chunk_by(|one, other| kind(one) == kind(other)) {
        let (at, names) = ((place, width), names.get(place..).unwrap_or_default());
        if let Some(singles) = slices::<Float32Type>(run) {
            fill(&mut all, at, &singles, |value| value);
        } else if let Some(doubles) = slices::<Float64Type>(run) {
            fill(&mut all, at, &doubles, |value| value as f32);
        } else {
            let made = run
                .iter()
                .zip(names)
                .map(|(column, name)| singles(column, name));
            let made = made.collect::<Result<Vec<_>, _>>()?;
            let made: Vec<&[f32]> = made.iter().map(Vec::as_slice).collect();
            fill(&mut all, at, &made, |value| value);
        }
        place += run.len();
    }
    Ok(all)
}

/// The values of a column of another type, or with nulls, in single precision.
fn singles(column: &ArrayRef, name: &str) -> Result<Vec<f32>, String> {
    if let Some(flags) = column
        .as_boolean_opt()
        .filter(|flags| flags.null_count() == 0)
    {
        let flags = flags.values().iter();
        return Ok(flags.map(|flag| if flag { 1.0 } else { 0.0 }).collect());
    }
    let all = numbers(column, name)?;
    Ok(all.into_iter().map(|value| value as f32).collect())
}

/// The values of columns that are all of this type and without nulls.
fn slices<T: ArrowPrimitiveType>(columns: &[ArrayRef]) -> Option<Vec<&[T::Native]>> {
    columns.iter().map(slice::<T>).collect()
}

/// The values of a column of this type and without nulls.
fn slice<T: ArrowPrimitiveType>(column: &ArrayRef) -> Option<&[T::Native]> {
    let values = column.as_primitive_opt::<T>();
    let values = values.filter(|values| values.null_count() == 0)?;
    Some(&values.values()[..])
}

fn numbers(column: &ArrayRef, name: &str) -> Result<Vec<f64>, String> {
    doubles(column).ok_or_else(|| {
        let found = column.data_type();
        format!("column {name} is {found}, expected a boolean or a number")
    })
}

/// Whole numbers; those of floating-point columns must be whole.
fn whole(column: &ArrayRef, name: &str) -> Result<Vec<i64>, String> {
    fn of<T: ArrowPrimitiveType>(column: &ArrayRef, name: &str) -> Result<Vec<i64>, String>
    where
        T::Native: TryInto<i64> + std::fmt::Display,
    {
        let values = column.as_primitive::<T>().values().iter();
        let value = |value: &T::Native| {
            let found = *value;
            found
                .try_into()
                .map_err(|_| does_not_fit(name, found, "int64"))
        };
        values.map(value).collect()
    }
    if column.null_count() > 0 {
        return Err(does_not_fit(name, "null", "whole numbers"));
    }
    match column.data_type() {
        DataType::Int8 => of::<Int8Type>(column, name),
        DataType::Int16 => of::<Int16Type>(column, name),
        DataType::Int32 => of::<Int32Type>(column, name),
        DataType::Int64 => of::<Int64Type>(column, name),
        DataType::UInt8 => of::<UInt8Type>(column, name),
        DataType::UInt16 => of::<UInt16Type>(column, name),
        DataType::UInt32 => of::<UInt32Type>(column, name),
        DataType::UInt64 => of::<UInt64Type>(column, name),
        _ => {
            /// The first float that no i64 holds; its opposite is the least i64.
            const TWO_TO_63: f64 = (1_u64 << 63) as f64;
            let fits =
                |value: f64| (-TWO_TO_63..TWO_TO_63).contains(&value) && value.fract() == 0.0;
            let value = |value: f64| match fits(value) {
                true => Ok(value as i64),
                false => Err(does_not_fit(name, value, "whole numbers")),
            };
            numbers(column, name)?.into_iter().map(value).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{BooleanArray, Float32Array, Float64Array, Int64Array, UInt64Array};

    use super::*;

    fn gathered(element: Element, column: ArrayRef) -> Result<TensorValues, String> {
        TensorValues::gather(element, &[column], &["x".to_owned()])
    }

    #[test]
    fn values_are_converted_as_the_input_is_declared() {
        let flags: ArrayRef = Arc::new(BooleanArray::from(vec![Some(true), None]));
        let TensorValues::Float(values) = gathered(Element::Float, flags.clone()).unwrap() else {
            panic!("not floats");
        };
        assert!(values[0] > 0.5 && values[1].is_nan());
        let big = (1_i64 << 53) + 1;
        let longs: ArrayRef = Arc::new(Int64Array::from(vec![big, -1]));
        let found = gathered(Element::Long, longs.clone()).unwrap();
        assert_eq!(found, TensorValues::Long(vec![big, -1]));
        let found = gathered(Element::Bool, longs.clone()).unwrap();
        assert_eq!(found, TensorValues::Bool(vec![true, true]));
        let halves: ArrayRef = Arc::new(Float64Array::from(vec![2.0, -3.0]));
        let found = gathered(Element::Int, halves).unwrap();
        assert_eq!(found, TensorValues::Int(vec![2, -3]));
    }

    #[test]
    fn what_a_type_does_not_hold_is_said() {
        let wrong: [(Element, ArrayRef, &str); 5] = [
            (
                Element::Long,
                Arc::new(Float64Array::from(vec![0.5])),
                "holds 0.5",
            ),
            (
                Element::Int,
                Arc::new(Int64Array::from(vec![1_i64 << 40])),
                "takes int32",
            ),
            (
                Element::Long,
                Arc::new(UInt64Array::from(vec![u64::MAX])),
                "takes int64",
            ),
            (
                Element::Bool,
                Arc::new(Float64Array::from(vec![f64::NAN])),
                "nan = \"drop\"",
            ),
            (
                Element::Long,
                Arc::new(Int64Array::from(vec![None])),
                "holds null",
            ),
        ];
        for (element, column, expected) in wrong {
            let told = gathered(element, column).unwrap_err();
            assert!(
                told.contains("column x") && told.contains(expected),
                "{told}"
            );
        }
    }

    #[test]
    fn floats_of_any_types_stand_side_by_side() {
        let singles: ArrayRef = Arc::new(Float32Array::from(vec![0.5, 1.5]));
        let doubles: ArrayRef = Arc::new(Float64Array::from(vec![2.5, 3.5]));
        let nulls: ArrayRef = Arc::new(Float64Array::from(vec![None, Some(4.5)]));
        let longs: ArrayRef = Arc::new(Int64Array::from(vec![5, 6]));
        let gathered = |columns: &[&ArrayRef]| {
            let columns: Vec<ArrayRef> = columns.iter().map(|column| (*column).clone()).collect();
            let names = vec![String::from("x"); columns.len()];
            match TensorValues::gather(Element::Float, &columns, &names).unwrap() {
                TensorValues::Float(all) => all,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(gathered(&[&singles, &singles]), [0.5, 0.5, 1.5, 1.5]);
        assert_eq!(gathered(&[&doubles, &doubles]), [2.5, 2.5, 3.5, 3.5]);
        let found = gathered(&[&singles, &doubles, &nulls, &longs]);
        assert!(found[2].is_nan());
        assert_eq!(found[..2], [0.5, 2.5]);
        assert_eq!(found[3..], [5.0, 1.5, 3.5, 4.5, 6.0]);
    }

    /// Of a boolean beside them all columns were copied first.
    #[test]
    fn neighbours_of_one_type_are_gathered_together_and_others_between_them() {
        let rows = 1000;
        let double = |column: usize| -> ArrayRef {
            let values = (0..rows).map(|row| (row * 7 + column) as f64 / 3.0);
            Arc::new(Float64Array::from_iter_values(values))
        };
        let flags = |every: usize| -> ArrayRef {
            let values = (0..rows).map(|row| row % every == 0);
            Arc::new(BooleanArray::from_iter(values.map(Some)))
        };
        let single: ArrayRef = Arc::new(Float32Array::from_iter_values(
            (0..rows).map(|row| row as f32),
        ));
        let mut columns: Vec<ArrayRef> = (0..6).map(double).collect();
        columns.extend([flags(2), flags(3), single, double(9)]);
        let names = vec![String::from("x"); columns.len()];
        let TensorValues::Float(found) =
            TensorValues::gather(Element::Float, &columns, &names).unwrap()
        else {
            panic!("not floats");
        };
        for (row, found) in found.chunks(columns.len()).enumerate() {
            let double = |column: usize| ((row * 7 + column) as f64 / 3.0) as f32;
            let flag = |every: usize| f32::from(u8::from(row % every == 0));
            let mut expected: Vec<f32> = (0..6).map(double).collect();
            expected.extend([flag(2), flag(3), row as f32, double(9)]);
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn columns_stand_side_by_side() {
        let columns: Vec<ArrayRef> = vec![
            Arc::new(Int64Array::from(vec![1, 2])),
            Arc::new(Int64Array::from(vec![3, 4])),
        ];
        let names = ["x".to_owned(), "y".to_owned()];
        let found = TensorValues::gather(Element::Long, &columns, &names).unwrap();
        assert_eq!(found, TensorValues::Long(vec![1, 3, 2, 4]));
    }
}
