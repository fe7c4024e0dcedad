//! Output columns: what each is made of, and how its values are stored.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int8Type, Int16Type, UInt8Type};
use arrow_array::{
    Array, ArrayRef, ArrowPrimitiveType, BooleanArray, Float32Array, Float64Array, Int32Array,
    Int64Array, RecordBatch, UInt32Array, UInt64Array, new_null_array,
};
use arrow_schema::DataType;
use arrow_select::take::take;
use lumimill_common::campaign::ColumnType;
use lumimill_common::expression::{
    Checked, EvaluateError, Index, Inputs, Int, Kind, Listed, Scope, Values, list_values,
};

use super::RunError;
use super::candidate::Formed;
use super::list::{item_of, list_column};

/// The first float that no i64 holds; its opposite is the least i64.
const TWO_TO_63: f64 = (1_u64 << 63) as f64;

/// An output column.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) name: String,
    pub(crate) stored: DataType,
    pub(crate) source: Source,
}

/// What an output column is made of.
#[derive(Debug)]
pub(crate) enum Source {
    /// A column of the events.
    Event(String),
    /// A column of the events that has 0 for false and 1 for true.
    Flag(String),
    /// A list column, of the member that the row is.
    Member(String),
    /// A label that the file lacks: null or false.
    Missing {
        null: bool,
    },
    Computed(Checked),
    /// The number of the candidate.
    Candidate,
}

impl Output {
    /// Whether it has a value per member of a collection.
    pub(crate) fn is_list(&self) -> bool {
        let computed = matches!(&self.source, Source::Computed(_));
        computed && item_of(&self.stored).is_some()
    }

    /// Whether later expressions read it as a result with a value per row.
    pub(crate) fn is_result(&self) -> bool {
        match self.source {
            Source::Computed(_) => !self.is_list(),
            Source::Flag(_) | Source::Missing { null: false } => true,
            _ => false,
        }
    }

    /// The input columns that it reads.
    pub(crate) fn columns(&self) -> Vec<String> {
        match &self.source {
            Source::Event(name) | Source::Flag(name) | Source::Member(name) => vec![name.clone()],
            Source::Computed(checked) => checked.columns().iter().cloned().collect(),
            Source::Missing { .. } | Source::Candidate => Vec::new(),
        }
    }

    /// Those of them that are put together with others of their collection.
    pub(crate) fn combined(&self) -> Vec<String> {
        match &self.source {
            Source::Event(_) => Vec::new(),
            _ => self.columns(),
        }
    }

    /// Its values, one per row.
    pub(crate) fn values(
        &self,
        batch: &RecordBatch,
        rows: &Formed,
        inputs: &Inputs<'_>,
    ) -> Result<ArrayRef, RunError> {
        let column = |name: &String| {
            batch
                .column_by_name(name)
                .ok_or_else(|| EvaluateError::Missing(name.clone()))
        };
        let len = rows.events.len();
        let values: ArrayRef = match &self.source {
            Source::Event(name) => gather(column(name)?, &rows.events)?,
            Source::Flag(name) => gather(&flags(name, column(name)?)?, &rows.events)?,
            Source::Member(name) => {
                let flat =
                    list_values(column(name)?).ok_or_else(|| RunError::Lengths(name.clone()))?;
                gather(&flat, rows.member.as_ref().unwrap_or(&Index::All(0)))?
            }
            Source::Missing { null: true } => new_null_array(&DataType::Boolean, len),
            Source::Missing { null: false } => Arc::new(BooleanArray::from(vec![false; len])),
            Source::Candidate => Arc::new(UInt32Array::from(rows.number.clone())),
            Source::Computed(checked) => match item_of(&self.stored) {
                Some(item) => {
                    let Listed { values, ends } = checked.evaluate_lists(inputs)?;
                    let members = ends.last().copied().unwrap_or(0);
                    let values = self.store(item, values, members)?;
                    list_column(&self.name, values, &ends, false)?
                }
                None => self.store(&self.stored, checked.evaluate(inputs)?, len)?,
            },
        };
        if values.data_type() != &self.stored {
            let (column, found) = (self.name.clone(), values.data_type().to_string());
            return Err(EvaluateError::Type {
                column,
                found,
                expected: "what the file's schema says",
            }
            .into());
        }
        Ok(values)
    }

    /// `values` as the type that the column is stored as; floats become ints by truncation.
    fn store(
        &self,
        stored: &DataType,
        values: Values<'_>,
        len: usize,
    ) -> Result<ArrayRef, RunError> {
        Ok(match stored {
            DataType::Boolean => Arc::new(BooleanArray::from(values.into_bools().into_vec(len))),
            DataType::Float64 => {
                let wide = values.into_floats().into_vec(len).into_iter();
                Arc::new(Float64Array::from(wide.map(one_nan).collect::<Vec<_>>()))
            }
            DataType::Int32 => {
                let narrow =
                    |value: i64| i32::try_from(value).map_err(|_| self.does_not_fit(value));
                let wide = self.ints(values, len)?.into_iter().map(narrow);
                Arc::new(Int32Array::from(wide.collect::<Result<Vec<_>, _>>()?))
            }
            DataType::Int64 => Arc::new(Int64Array::from(self.ints(values, len)?)),
            DataType::UInt32 => {
                let narrow =
                    |value: u64| u32::try_from(value).map_err(|_| self.does_not_fit(value));
                let wide = self.unsigned(values, len)?.into_iter().map(narrow);
                Arc::new(UInt32Array::from(wide.collect::<Result<Vec<_>, _>>()?))
            }
            DataType::UInt64 => Arc::new(UInt64Array::from(self.unsigned(values, len)?)),
            _ => {
                let wide = values.into_floats().into_vec(len);
                let narrow = wide.iter().map(|value| one_nan(*value) as f32);
                let narrow: Vec<f32> = narrow.collect();
                let fits = |(narrow, wide): (&f32, &f64)| narrow.is_finite() || !wide.is_finite();
                if let Some(at) = narrow.iter().zip(&wide).position(|pair| !fits(pair)) {
                    return Err(self.does_not_fit(format!("{:e}", wide[at])));
                }
                Arc::new(Float32Array::from(narrow))
            }
        })
    }

    fn ints(&self, values: Values<'_>, len: usize) -> Result<Vec<i64>, RunError> {
        match values {
            Values::Float(floats) => {
                let fits = |value: f64| (-TWO_TO_63..TWO_TO_63).contains(&value);
                let whole = |value: f64| match fits(value) {
                    true => Ok(value as i64),
                    false => Err(self.does_not_fit(value)),
                };
                floats.into_vec(len).into_iter().map(whole).collect()
            }
            Values::Int(Int::U64, ints) => {
                let fits = |value: i64| match u64::try_from(value) {
                    Ok(_) => Ok(value),
                    Err(_) => Err(self.does_not_fit(value.cast_unsigned())),
                };
                ints.into_vec(len).into_iter().map(fits).collect()
            }
            values => Ok(values.into_ints().into_vec(len)),
        }
    }

    fn unsigned(&self, values: Values<'_>, len: usize) -> Result<Vec<u64>, RunError> {
        match values {
            Values::Float(floats) => {
                // What is above −1 becomes 0, as it does where C++ defines it.
                let fits = |value: f64| value > -1.0 && value < 2.0 * TWO_TO_63;
                let whole = |value: f64| match fits(value) {
                    true => Ok(value as u64),
                    false => Err(self.does_not_fit(value)),
                };
                floats.into_vec(len).into_iter().map(whole).collect()
            }
            Values::Int(Int::U64, ints) => {
                let bits = ints.into_vec(len).into_iter().map(i64::cast_unsigned);
                Ok(bits.collect())
            }
            values => {
                let fits = |value: i64| u64::try_from(value).map_err(|_| self.does_not_fit(value));
                let ints = values.into_ints().into_vec(len);
                ints.into_iter().map(fits).collect()
            }
        }
    }

    fn does_not_fit(&self, value: impl ToString) -> RunError {
        let (column, stored) = (self.name.clone(), self.stored.clone());
        RunError::DoesNotFit {
            column,
            stored,
            value: value.to_string(),
        }
    }
}

/// Any NaN as the one that is written: which it is depends on the instructions that a processor has.
#[inline(always)]
fn one_nan(value: f64) -> f64 {
    if value.is_nan() { f64::NAN } else { value }
}

/// A column of bytes as the conditions that they are.
fn flags(name: &str, column: &ArrayRef) -> Result<ArrayRef, RunError> {
    fn conditions<T: ArrowPrimitiveType>(
        name: &str,
        column: &ArrayRef,
    ) -> Result<ArrayRef, RunError>
    where
        i64: From<T::Native>,
    {
        let values = column.as_primitive::<T>().values().iter();
        let condition = |(entry, &value)| match i64::from(value) {
            0 => Ok(false),
            1 => Ok(true),
            value => Err(RunError::NotAFlag {
                column: name.to_owned(),
                entry: entry as u64,
                value,
            }),
        };
        let conditions = values.enumerate().map(condition);
        let conditions = conditions.collect::<Result<Vec<_>, _>>()?;
        Ok(Arc::new(BooleanArray::from(conditions)))
    }
    match column.data_type() {
        DataType::UInt8 => conditions::<UInt8Type>(name, column),
        DataType::Int8 => conditions::<Int8Type>(name, column),
        DataType::Int16 => conditions::<Int16Type>(name, column),
        _ => Ok(Arc::clone(column)),
    }
}

/// How values of `kind` are stored, unless the campaign says otherwise.
pub(super) fn stored_as(kind: Kind, asked: Option<ColumnType>) -> DataType {
    match (asked, kind) {
        (Some(ColumnType::F32), _) => DataType::Float32,
        (Some(ColumnType::F64), _) => DataType::Float64,
        (Some(ColumnType::I32), _) => DataType::Int32,
        (Some(ColumnType::U32), _) => DataType::UInt32,
        (Some(ColumnType::U64), _) | (None, Kind::Int(Int::U64)) => DataType::UInt64,
        (Some(ColumnType::I64), _) | (None, Kind::Int(_)) => DataType::Int64,
        (Some(ColumnType::Bool), _) | (None, Kind::Bool) => DataType::Boolean,
        (None, Kind::Float | Kind::Vector) => DataType::Float32,
    }
}

/// The kind that a stored column has in expressions.
pub(super) fn kind_of(stored: &DataType) -> Kind {
    match stored {
        DataType::Boolean => Kind::Bool,
        DataType::Int32 => Kind::Int(Int::I32),
        DataType::Int64 => Kind::Int(Int::I64),
        DataType::UInt32 => Kind::Int(Int::U32),
        DataType::UInt64 => Kind::Int(Int::U64),
        _ => Kind::Float,
    }
}

pub(super) fn gather(column: &ArrayRef, index: &Index) -> Result<ArrayRef, RunError> {
    match index {
        Index::All(len) if *len == column.len() => Ok(column.clone()),
        Index::All(len) => Ok(column.slice(0, (*len).min(column.len()))),
        Index::Chosen(chosen) => Ok(take(
            column,
            &UInt32Array::from_iter_values(chosen.iter().copied()),
            None,
        )?),
    }
}

/// Which of these columns must have as many members as which before it: the first of its
/// collection.
pub(super) fn beside(outputs: &[Output], events: &Scope) -> Vec<(usize, usize)> {
    let collection = |output: &Output| match &output.source {
        Source::Computed(checked) => checked.collection().map(str::to_owned),
        Source::Event(column) => events.collection_of(column).map(str::to_owned),
        _ => None,
    };
    let mut first: BTreeMap<String, usize> = BTreeMap::new();
    let mut pairs = Vec::new();
    for (place, output) in outputs.iter().enumerate() {
        let Some(collection) = collection(output) else {
            continue;
        };
        match first.get(&collection) {
            Some(first) if output.is_list() => pairs.push((*first, place)),
            Some(_) => {}
            None => {
                first.insert(collection, place);
            }
        }
    }
    pairs
}
