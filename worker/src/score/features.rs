//! The numbers that models read: gathered once a batch, shared by every model of a stage.
//!
//! They lie in blocks of [`LANES`] rows. Within a block each feature's values lie side by side,
//! so that a comparison with one threshold runs over a whole block.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef, BooleanArray};
use arrow_schema::DataType;
use thiserror::Error;

/// Rows in a block.
pub(crate) const LANES: usize = 32;

/// The values of one feature in one block.
pub(crate) type Lane = [f32; LANES];

/// The values of one feature in one block, as the columns have them.
pub(crate) type DoubleLane = [f64; LANES];

/// A batch of rows × features, in f32 and, where a model asks for it, in f64 as well.
#[derive(Debug, Clone, Default)]
pub struct Features {
    rows: usize,
    width: usize,
    /// Block after block, feature after feature; the last block is filled up with zeros.
    blocks: Vec<Lane>,
    /// The same in double precision; empty where no model asks for it.
    doubles: Vec<DoubleLane>,
}

/// Columns that cannot be gathered.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum GatherError {
    /// A column is not of a number type.
    #[error(
        "feature {column} is of type {found}, expected a boolean, an integer or a floating-point number"
    )]
    Type {
        /// Index of the column.
        column: usize,
        /// Its Arrow type.
        found: DataType,
    },
    /// Columns of different lengths.
    #[error("feature {column} has {found} rows, expected {expected} as feature 0 has")]
    Length {
        /// Index of the column.
        column: usize,
        /// Rows of column 0.
        expected: usize,
        /// Rows of this column.
        found: usize,
    },
}

impl Features {
    /// Gathers Arrow columns of any number type, in the order given; nulls become NaN, booleans
    /// 0 and 1.
    ///
    /// # Errors
    /// When a column is not of a number type, or lengths differ.
    pub fn gather(columns: &[ArrayRef]) -> Result<Self, GatherError> {
        let rows = columns.first().map_or(0, |column| column.len());
        let mut features = Self::zeros(rows, columns.len());
        for (index, column) in columns.iter().enumerate() {
            features.check_length(index, column.len())?;
            features.gather_column(index, column)?;
        }
        Ok(features)
    }

    /// The same, and keeps values in double precision beside those in single.
    ///
    /// # Errors
    /// As [`Features::gather`].
    pub fn gather_doubles(columns: &[ArrayRef]) -> Result<Self, GatherError> {
        let mut features = Self::gather(columns)?;
        features.doubles = vec![[0.0; LANES]; features.blocks.len()];
        for (index, column) in columns.iter().enumerate() {
            features.fill_doubles(index, column)?;
        }
        Ok(features)
    }

    /// Gathers plain columns of equal length.
    ///
    /// # Errors
    /// When lengths differ.
    pub fn from_columns(columns: &[&[f32]]) -> Result<Self, GatherError> {
        let rows = columns.first().map_or(0, |column| column.len());
        let mut features = Self::zeros(rows, columns.len());
        for (index, column) in columns.iter().enumerate() {
            features.check_length(index, column.len())?;
            features.fill(index, column.iter().copied());
        }
        Ok(features)
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of features.
    pub fn width(&self) -> usize {
        self.width
    }

    /// All of them zero.
    pub(crate) fn zeros(rows: usize, width: usize) -> Self {
        let blocks = vec![[0.0; LANES]; rows.div_ceil(LANES).saturating_mul(width)];
        Self {
            rows,
            width,
            blocks,
            doubles: Vec::new(),
        }
    }

    /// Writes one feature, row after row.
    pub(crate) fn fill(&mut self, column: usize, values: impl Iterator<Item = f32>) {
        let mut values = values;
        for lane in self
            .blocks
            .iter_mut()
            .skip(column)
            .step_by(self.width.max(1))
        {
            for (slot, value) in lane.iter_mut().zip(&mut values) {
                *slot = value;
            }
        }
    }

    /// One block: a lane per feature.
    pub(crate) fn block(&self, index: usize) -> &[Lane] {
        let start = index.saturating_mul(self.width);
        self.blocks
            .get(start..start.saturating_add(self.width))
            .unwrap_or_default()
    }

    /// One block in double precision; empty where no model asked for it.
    pub(crate) fn double_block(&self, index: usize) -> &[DoubleLane] {
        let start = index.saturating_mul(self.width);
        self.doubles
            .get(start..start.saturating_add(self.width))
            .unwrap_or_default()
    }

    /// Whether values are there in double precision.
    pub(crate) fn has_doubles(&self) -> bool {
        self.doubles.len() == self.blocks.len()
    }

    /// Writes one feature in double precision: nulls become NaN.
    fn fill_doubles(&mut self, index: usize, column: &ArrayRef) -> Result<(), GatherError> {
        let doubles = doubles(column).ok_or_else(|| GatherError::Type {
            column: index,
            found: column.data_type().clone(),
        })?;
        let mut values = doubles.into_iter();
        let lanes = self.doubles.iter_mut().skip(index);
        for lane in lanes.step_by(self.width.max(1)) {
            for (slot, value) in lane.iter_mut().zip(&mut values) {
                *slot = value;
            }
        }
        Ok(())
    }

    fn check_length(&self, column: usize, found: usize) -> Result<(), GatherError> {
        if found == self.rows {
            return Ok(());
        }
        Err(GatherError::Length {
            column,
            expected: self.rows,
            found,
        })
    }

    fn gather_column(&mut self, index: usize, column: &ArrayRef) -> Result<(), GatherError> {
        match column.data_type() {
            DataType::Boolean => self.fill_booleans(index, column.as_boolean()),
            DataType::Int8 => self.fill_numbers::<Int8Type>(index, column, f32::from),
            DataType::Int16 => self.fill_numbers::<Int16Type>(index, column, f32::from),
            DataType::Int32 => self.fill_numbers::<Int32Type>(index, column, |value| value as f32),
            DataType::Int64 => self.fill_numbers::<Int64Type>(index, column, |value| value as f32),
            DataType::UInt8 => self.fill_numbers::<UInt8Type>(index, column, f32::from),
            DataType::UInt16 => self.fill_numbers::<UInt16Type>(index, column, f32::from),
            DataType::UInt32 => {
                self.fill_numbers::<UInt32Type>(index, column, |value| value as f32)
            }
            DataType::UInt64 => {
                self.fill_numbers::<UInt64Type>(index, column, |value| value as f32)
            }
            DataType::Float32 => self.fill_numbers::<Float32Type>(index, column, |value| value),
            DataType::Float64 => {
                self.fill_numbers::<Float64Type>(index, column, |value| value as f32)
            }
            other => {
                return Err(GatherError::Type {
                    column: index,
                    found: other.clone(),
                });
            }
        }
        Ok(())
    }

    fn fill_numbers<T: ArrowPrimitiveType>(
        &mut self,
        index: usize,
        column: &ArrayRef,
        number: impl Fn(T::Native) -> f32,
    ) {
        let array = column.as_primitive::<T>();
        match array.nulls().filter(|nulls| nulls.null_count() > 0) {
            None => self.fill(index, array.values().iter().map(|value| number(*value))),
            Some(_) => self.fill(
                index,
                array.iter().map(|value| value.map_or(f32::NAN, &number)),
            ),
        }
    }

    fn fill_booleans(&mut self, index: usize, array: &BooleanArray) {
        self.fill(
            index,
            array
                .iter()
                .map(|value| value.map_or(f32::NAN, |set| f32::from(u8::from(set)))),
        );
    }
}

/// Which values of a column are NaN or null; `None` where none can be.
pub(crate) fn is_nan(column: &ArrayRef) -> Option<Vec<bool>> {
    let floats = matches!(column.data_type(), DataType::Float32 | DataType::Float64);
    if !floats && column.null_count() == 0 {
        return None;
    }
    let values = doubles(column)?;
    Some(values.into_iter().map(f64::is_nan).collect())
}

/// A column of any number type in double precision, NaN where it is null.
pub(crate) fn doubles(column: &ArrayRef) -> Option<Vec<f64>> {
    fn of<T: ArrowPrimitiveType>(column: &ArrayRef, number: impl Fn(T::Native) -> f64) -> Vec<f64> {
        let array = column.as_primitive::<T>();
        match array.nulls().filter(|nulls| nulls.null_count() > 0) {
            None => array.values().iter().map(|value| number(*value)).collect(),
            Some(_) => array
                .iter()
                .map(|value| value.map_or(f64::NAN, &number))
                .collect(),
        }
    }
    Some(match column.data_type() {
        DataType::Boolean => {
            let flags = column.as_boolean().iter();
            flags
                .map(|flag| flag.map_or(f64::NAN, |set| f64::from(u8::from(set))))
                .collect()
        }
        DataType::Int8 => of::<Int8Type>(column, f64::from),
        DataType::Int16 => of::<Int16Type>(column, f64::from),
        DataType::Int32 => of::<Int32Type>(column, f64::from),
        DataType::Int64 => of::<Int64Type>(column, |value| value as f64),
        DataType::UInt8 => of::<UInt8Type>(column, f64::from),
        DataType::UInt16 => of::<UInt16Type>(column, f64::from),
        DataType::UInt32 => of::<UInt32Type>(column, f64::from),
        DataType::UInt64 => of::<UInt64Type>(column, |value| value as f64),
        DataType::Float32 => of::<Float32Type>(column, f64::from),
        DataType::Float64 => of::<Float64Type>(column, |value| value),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{Float64Array, Int32Array, StringArray};

    use super::*;

    fn value(features: &Features, row: usize, column: usize) -> f32 {
        features.block(row / LANES)[column][row % LANES]
    }

    #[test]
    fn any_number_type_is_gathered() {
        let columns: Vec<ArrayRef> = vec![
            Arc::new(Int32Array::from_iter((0..70).map(Some))),
            Arc::new(Float64Array::from_iter(
                (0..70).map(|row| (row != 3).then_some(f64::from(row) / 2.0)),
            )),
            Arc::new(BooleanArray::from_iter(
                (0..70).map(|row| Some(row % 2 == 1)),
            )),
        ];
        let features = Features::gather(&columns).unwrap();
        assert_eq!((features.rows(), features.width()), (70, 3));
        for row in 0..70 {
            assert_eq!(value(&features, row, 0).to_bits(), (row as f32).to_bits());
            assert_eq!(
                value(&features, row, 2).to_bits(),
                ((row % 2) as f32).to_bits()
            );
        }
        assert_eq!(value(&features, 69, 1).to_bits(), 34.5_f32.to_bits());
        assert!(value(&features, 3, 1).is_nan(), "a null is gathered as NaN");
    }

    #[test]
    fn other_columns_are_refused() {
        let text: ArrayRef = Arc::new(StringArray::from(vec!["a"]));
        let message = Features::gather(&[text]).unwrap_err().to_string();
        assert_eq!(
            message,
            "feature 0 is of type Utf8, expected a boolean, an integer or a floating-point number"
        );
        let message = Features::from_columns(&[&[1.0, 2.0], &[1.0]])
            .unwrap_err()
            .to_string();
        assert_eq!(message, "feature 1 has 1 rows, expected 2 as feature 0 has");
    }

    #[test]
    fn no_rows_and_no_columns_are_fine() {
        assert_eq!(Features::gather(&[]).unwrap().rows(), 0);
        assert_eq!(Features::from_columns(&[&[], &[]]).unwrap().width(), 2);
    }
}
