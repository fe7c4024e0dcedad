//! How an Arrow field becomes a branch: its shape, its titles, and its entries as bytes.

use super::{WriteError, leaf::LeafType};
use arrow_array::{
    Array, ArrayRef,
    cast::AsArray,
    types::{Int32Type, UInt32Type},
};
use arrow_schema::{DataType, Field, Schema};
use std::ops::Range;

/// Key of the field metadata that names the counter of a list column: `nMuon` for `Muon_pt`.
pub const COUNTER: &str = "counter";

/// How many values an entry of a branch has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Shape {
    /// One.
    Flat,
    /// As many for every entry.
    Fixed(usize),
    /// As many as the branch with this index says.
    Jagged(usize),
}

/// What is known of a branch before any entry.
#[derive(Debug, Clone)]
pub(super) struct Column {
    pub(super) name: String,
    /// `nMuon` in `Muon_pt[nMuon]`, `4` in `fix[4]`; empty when flat.
    index: String,
    pub(super) leaf: LeafType,
    pub(super) shape: Shape,
    /// Whether a later column's lists are as long as this one says.
    pub(super) is_counter: bool,
}

impl Column {
    /// The column of every field of a schema, in order.
    pub(super) fn all(schema: &Schema) -> Result<Vec<Self>, WriteError> {
        let mut columns: Vec<Self> = schema
            .fields()
            .iter()
            .map(|field| Self::of(field, schema))
            .collect::<Result<_, _>>()?;
        for index in 0..columns.len() {
            columns[index].is_counter = columns.iter().any(|c| c.shape == Shape::Jagged(index));
        }
        Ok(columns)
    }

    fn of(field: &Field, schema: &Schema) -> Result<Self, WriteError> {
        let unsupported = || WriteError::Unsupported {
            column: field.name().clone(),
            data_type: field.data_type().clone(),
        };
        let (item, index, shape) = match field.data_type() {
            DataType::List(item) => {
                let (counter, position) = counter_of(field, schema)?;
                (item.data_type(), counter, Shape::Jagged(position))
            }
            DataType::FixedSizeList(item, length) => {
                let length = usize::try_from(*length).map_err(|_| unsupported())?;
                (item.data_type(), length.to_string(), Shape::Fixed(length))
            }
            other => (other, String::new(), Shape::Flat),
        };
        let leaf = LeafType::of(item).ok_or_else(unsupported)?;
        Ok(Self {
            name: field.name().clone(),
            index,
            leaf,
            shape,
            is_counter: false,
        })
    }

    /// Title of the leaf: `Muon_pt[nMuon]`, or the bare name.
    pub(super) fn leaf_title(&self) -> String {
        match self.shape {
            Shape::Flat => self.name.clone(),
            _ => format!("{}[{}]", self.name, self.index),
        }
    }

    /// Title of the branch: the leaf's, and the code of its type.
    pub(super) fn branch_title(&self) -> String {
        format!("{}/{}", self.leaf_title(), self.leaf.code())
    }

    /// Bytes of an entry, where every entry has as many.
    pub(super) fn entry_bytes(&self) -> Option<usize> {
        match self.shape {
            Shape::Flat => Some(self.leaf.size()),
            Shape::Fixed(length) => Some(self.leaf.size() * length),
            Shape::Jagged(_) => None,
        }
    }

    /// Index of the first value of each entry of `array`, and one past the last.
    pub(super) fn value_offsets(&self, array: &ArrayRef) -> Vec<usize> {
        match (&self.shape, array.as_list_opt::<i32>()) {
            (Shape::Jagged(_), Some(list)) => {
                list.value_offsets().iter().map(|&o| o as usize).collect()
            }
            (Shape::Fixed(length), _) => (0..=array.len()).map(|i| i * length).collect(),
            _ => (0..=array.len()).collect(),
        }
    }

    /// Appends the values of `range`, counted as [`Self::value_offsets`] counts them.
    pub(super) fn append(&self, array: &ArrayRef, range: Range<usize>, out: &mut Vec<u8>) {
        let values = match (array.as_list_opt::<i32>(), array.as_fixed_size_list_opt()) {
            (Some(list), _) => list.values(),
            (_, Some(list)) => list.values(),
            _ => array,
        };
        self.leaf.append(values, range, out);
    }

    /// Whether entries, or values in them, are missing.
    pub(super) fn has_nulls(array: &ArrayRef) -> bool {
        let values = match (array.as_list_opt::<i32>(), array.as_fixed_size_list_opt()) {
            (Some(list), _) => list.values().null_count(),
            (_, Some(list)) => list.values().null_count(),
            _ => 0,
        };
        array.null_count() + values > 0
    }

    /// Checks a list against its counter.
    pub(super) fn check_counts(
        &self,
        array: &ArrayRef,
        counter: &ArrayRef,
    ) -> Result<(), WriteError> {
        let offsets = self.value_offsets(array);
        for (entry, pair) in offsets.windows(2).enumerate() {
            let found = if let [start, stop] = pair {
                (stop - start) as i64
            } else {
                0
            };
            let expected = count_at(counter, entry);
            if expected != Some(found) {
                return Err(WriteError::Count {
                    column: self.name.clone(),
                    counter: self.index.clone(),
                    entry,
                    found,
                    expected: expected.unwrap_or(-1),
                });
            }
        }
        Ok(())
    }
}

/// Name and index of the counter that a list field names.
fn counter_of(field: &Field, schema: &Schema) -> Result<(String, usize), WriteError> {
    let counter = field.metadata().get(COUNTER).cloned().unwrap_or_default();
    let index_of = |name: &str| schema.fields().iter().position(|f| f.name() == name);
    let (own, found) = (index_of(field.name()), index_of(&counter));
    let is_count = |i: usize| {
        matches!(
            schema.field(i).data_type(),
            DataType::Int32 | DataType::UInt32
        )
    };
    match (own, found) {
        (Some(own), Some(position)) if position < own && is_count(position) => {
            Ok((counter, position))
        }
        _ => Err(WriteError::Counter {
            column: field.name().clone(),
            counter,
        }),
    }
}

/// What a counter column says of an entry.
fn count_at(counter: &ArrayRef, entry: usize) -> Option<i64> {
    if let Some(array) = counter.as_primitive_opt::<Int32Type>() {
        return array.values().get(entry).map(|&v| i64::from(v));
    }
    counter
        .as_primitive_opt::<UInt32Type>()
        .and_then(|a| a.values().get(entry).map(|&v| i64::from(v)))
}

/// The largest value of a counter column.
pub(super) fn largest_count(array: &ArrayRef) -> u32 {
    (0..array.len())
        .filter_map(|i| count_at(array, i))
        .filter_map(|v| u32::try_from(v).ok())
        .max()
        .unwrap_or(0)
}
