//! Columns as they grow: what comes back of calls, put beside entries, groups, nodes and edges.

use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray, Float32Array, Float64Array, Int32Array, Int64Array};
use arrow_schema::DataType;

use super::Unscored;
use crate::feature::list_column;
use crate::score::tensors::{Elements, Tensor};

/// Values of a column; those that are not there are NaN, or null where there is none.
#[derive(Debug)]
pub(super) enum Values {
    Float(Vec<Option<f32>>),
    Double(Vec<Option<f64>>),
    Long(Vec<Option<i64>>),
    Bool(Vec<Option<bool>>),
}

/// The type of the column that an output becomes.
pub(super) fn stored(values: &Elements) -> DataType {
    match values {
        Elements::Float(_) => DataType::Float32,
        Elements::Double(_) => DataType::Float64,
        Elements::Long(_) | Elements::Int(_) => DataType::Int64,
        Elements::Bool(_) => DataType::Boolean,
    }
}

impl Values {
    pub(super) fn of(stored: &DataType) -> Self {
        match stored {
            DataType::Float64 => Self::Double(Vec::new()),
            DataType::Int64 => Self::Long(Vec::new()),
            DataType::Boolean => Self::Bool(Vec::new()),
            _ => Self::Float(Vec::new()),
        }
    }

    /// Makes room for so many, which are not there yet.
    pub(super) fn resize(&mut self, len: usize) {
        match self {
            Self::Float(all) => all.resize(len, None),
            Self::Double(all) => all.resize(len, None),
            Self::Long(all) => all.resize(len, None),
            Self::Bool(all) => all.resize(len, None),
        }
    }

    /// Which are at least this; none of those that are not there or NaN.
    pub(super) fn at_least(&self, least: f64) -> Vec<bool> {
        fn are<T: Copy>(all: &[Option<T>], is: impl Fn(T) -> bool) -> Vec<bool> {
            all.iter().map(|value| value.is_some_and(&is)).collect()
        }
        match self {
            Self::Float(all) => are(all, |value| f64::from(value) >= least),
            Self::Double(all) => are(all, |value| value >= least),
            Self::Long(all) => are(all, |value| value as f64 >= least),
            Self::Bool(all) => are(all, |value| f64::from(u8::from(value)) >= least),
        }
    }

    /// Keeps those that stay.
    pub(super) fn retain(&mut self, stay: &[bool]) {
        fn retain<T>(all: &mut Vec<T>, stay: &[bool]) {
            let mut stays = stay.iter();
            all.retain(|_| stays.next().copied().unwrap_or(false));
        }
        match self {
            Self::Float(all) => retain(all, stay),
            Self::Double(all) => retain(all, stay),
            Self::Long(all) => retain(all, stay),
            Self::Bool(all) => retain(all, stay),
        }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Float(all) => all.len(),
            Self::Double(all) => all.len(),
            Self::Long(all) => all.len(),
            Self::Bool(all) => all.len(),
        }
    }

    /// Takes every `width`th value of an output from the `first` on; where each goes is said by
    /// `places`.
    pub(super) fn put(
        &mut self,
        output: &Tensor,
        (first, width): (usize, usize),
        places: impl Iterator<Item = usize>,
    ) {
        fn put<T: Copy>(
            into: &mut [Option<T>],
            values: impl Iterator<Item = T>,
            places: impl Iterator<Item = usize>,
        ) {
            for (value, place) in values.zip(places) {
                if let Some(slot) = into.get_mut(place) {
                    *slot = Some(value);
                }
            }
        }
        macro_rules! of {
            ($all:expr) => {
                $all.iter().copied().skip(first).step_by(width.max(1))
            };
        }
        match (self, &output.values) {
            (Self::Float(into), Elements::Float(all)) => put(into, of!(all), places),
            (Self::Double(into), Elements::Double(all)) => put(into, of!(all), places),
            (Self::Long(into), Elements::Long(all)) => put(into, of!(all), places),
            (Self::Bool(into), Elements::Bool(all)) => put(into, of!(all), places),
            _ => {}
        }
    }

    /// As a column with one value an entry, null where there is none.
    pub(super) fn column(self) -> ArrayRef {
        match self {
            Self::Float(all) => Arc::new(Float32Array::from(all)),
            Self::Double(all) => Arc::new(Float64Array::from(all)),
            Self::Long(all) => Arc::new(Int64Array::from(all)),
            Self::Bool(all) => Arc::new(BooleanArray::from(all)),
        }
    }

    /// As a list, those of each entry ending at `ends`; floats are NaN where there are none.
    pub(super) fn list(self, name: &str, ends: &[usize]) -> Result<ArrayRef, Unscored> {
        let nullable = items_may_be_null(&self.stored());
        let values: ArrayRef = match self {
            Self::Float(all) => Arc::new(Float32Array::from_iter_values(
                all.into_iter().map(|value| value.unwrap_or(f32::NAN)),
            )),
            Self::Double(all) => Arc::new(Float64Array::from_iter_values(
                all.into_iter().map(|value| value.unwrap_or(f64::NAN)),
            )),
            others => others.column(),
        };
        list_column(name, values, ends, nullable).map_err(Unscored::whole)
    }

    fn stored(&self) -> DataType {
        match self {
            Self::Float(_) => DataType::Float32,
            Self::Double(_) => DataType::Float64,
            Self::Long(_) => DataType::Int64,
            Self::Bool(_) => DataType::Boolean,
        }
    }
}

/// Whether members of a list may be null: where no NaN says that there is nothing.
pub(super) fn items_may_be_null(stored: &DataType) -> bool {
    !stored.is_floating()
}

/// One end of every edge, by the number of the node among its entry's members.
pub(super) fn ends_column(
    name: &str,
    nodes: Int32Array,
    ends: &[usize],
) -> Result<ArrayRef, Unscored> {
    list_column(name, Arc::new(nodes), ends, false).map_err(Unscored::whole)
}
