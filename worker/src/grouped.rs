//! Rows of a flat table as events: what has one value an event, and lists of what each row has.

use std::sync::Arc;

use arrow_array::{Array, ArrayRef, ListArray, RecordBatch, RecordBatchOptions, UInt32Array};
use arrow_buffer::OffsetBuffer;
use arrow_schema::{ArrowError, DataType, Field, Schema};
use arrow_select::take::take;
use lumimill_common::campaign::Grouping;

use crate::input::{EventTable, as_u64, schema_of};

/// The columns of what is read of a tree: its branches, or those of the events that its rows are put
/// together to.
#[must_use]
pub fn schema_of_entries(tree: &EventTable, grouping: Option<&Grouping>) -> Schema {
    let schema = schema_of(tree);
    match grouping {
        Some(grouping) => grouped_schema(&schema, grouping),
        None => schema,
    }
}

/// The columns of the events that rows with these columns are put together to. Lists of rows are
/// left out, as lists of lists are no columns of events.
fn grouped_schema(rows: &Schema, grouping: &Grouping) -> Schema {
    let fields = rows.fields().iter().filter_map(|field| {
        let name = grouping.name_of(field.name());
        let stored = field.data_type();
        match grouping.keys.contains(field.name()) {
            true => Some(Field::new(name, stored.clone(), false)),
            false if stored.is_nested() => None,
            false => Some(Field::new(name, DataType::List(item(stored)), false)),
        }
    });
    Schema::new_with_metadata(fields.collect::<Vec<_>>(), rows.metadata().clone())
}

fn item(stored: &DataType) -> Arc<Field> {
    Arc::new(Field::new("item", stored.clone(), false))
}

/// The columns of rows that these columns of events are made of, keys first.
pub(crate) fn columns_of_rows(
    rows: &Schema,
    grouping: &Grouping,
    events: &[String],
) -> Vec<String> {
    let mut names = grouping.keys.clone();
    for field in rows.fields() {
        let name = field.name();
        if events.contains(&grouping.name_of(name)) && !names.contains(name) {
            names.push(name.clone());
        }
    }
    names
}

/// Of rows with these keys, which begin an event; the first one does.
///
/// # Errors
/// A key that is not there, or no whole number.
pub fn begins(rows: &RecordBatch, keys: &[String]) -> Result<Vec<bool>, String> {
    let mut begins = vec![false; rows.num_rows()];
    if let Some(first) = begins.first_mut() {
        *first = true;
    }
    for values in key_values(rows, keys)? {
        for (begins, pair) in begins.iter_mut().skip(1).zip(values.windows(2)) {
            *begins |= pair.first() != pair.last();
        }
    }
    Ok(begins)
}

/// The keys of rows, column by column.
///
/// # Errors
/// A key that is not there, or no whole number.
pub fn key_values(rows: &RecordBatch, keys: &[String]) -> Result<Vec<Vec<u64>>, String> {
    let of = |key: &String| {
        let column = rows.column_by_name(key);
        let column = column.ok_or_else(|| format!("no branch {key:?} to group rows by"))?;
        Ok(as_u64(key, column)?.values().to_vec())
    };
    keys.iter().map(of).collect()
}

/// Whole events, of rows of which these begin one.
pub(crate) fn events(
    rows: &RecordBatch,
    begins: &[bool],
    grouping: &Grouping,
) -> Result<RecordBatch, ArrowError> {
    let places = begins.iter().zip(0_u32..).filter(|(begins, _)| **begins);
    let starts: Vec<u32> = places.map(|(_, row)| row).collect();
    let stops = starts.iter().skip(1).copied();
    let stops = stops.chain((!starts.is_empty()).then_some(begins.len() as u32));
    let lengths: Vec<usize> = starts
        .iter()
        .zip(stops)
        .map(|(start, stop)| (stop - start) as usize)
        .collect();
    let count = starts.len();
    let starts = UInt32Array::from(starts);
    let (mut fields, mut columns): (Vec<Field>, Vec<ArrayRef>) = (Vec::new(), Vec::new());
    for (field, values) in rows.schema_ref().fields().iter().zip(rows.columns()) {
        let name = grouping.name_of(field.name());
        let column: ArrayRef = match grouping.keys.contains(field.name()) {
            true => take(values, &starts, None)?,
            false => {
                let offsets = OffsetBuffer::from_lengths(lengths.iter().copied());
                let values = Arc::clone(values);
                Arc::new(ListArray::try_new(
                    item(values.data_type()),
                    offsets,
                    values,
                    None,
                )?)
            }
        };
        fields.push(Field::new(name, column.data_type().clone(), false));
        columns.push(column);
    }
    let options = RecordBatchOptions::new().with_row_count(Some(count));
    RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &options)
}

#[cfg(test)]
mod tests {
    use arrow_array::cast::AsArray;
    use arrow_array::types::{Float32Type, Int32Type};
    use arrow_array::{Float32Array, Int32Array};

    use super::*;

    fn grouping() -> Grouping {
        Grouping {
            keys: vec![String::from("event")],
            collection: String::from("Hit"),
        }
    }

    fn rows(events: &[i32]) -> RecordBatch {
        let x = events.iter().zip(0_u16..).map(|(_, row)| f32::from(row));
        let columns: [(&str, ArrayRef); 2] = [
            ("event", Arc::new(Int32Array::from(events.to_vec()))),
            ("x", Arc::new(Float32Array::from_iter_values(x))),
        ];
        RecordBatch::try_from_iter(columns).unwrap()
    }

    #[test]
    fn rows_of_an_event_are_its_members() {
        let (rows, grouping) = (rows(&[7, 7, -1, 9, 9, 9]), grouping());
        let begins = begins(&rows, &grouping.keys).unwrap();
        assert_eq!(begins, [true, false, true, true, false, false]);
        let events = events(&rows, &begins, &grouping).unwrap();
        assert_eq!(
            events.schema().as_ref(),
            &grouped_schema(&rows.schema(), &grouping)
        );
        let keys = events.column_by_name("event").unwrap();
        assert_eq!(keys.as_primitive::<Int32Type>().values(), &[7, -1, 9]);
        let hits = events.column_by_name("Hit_x").unwrap().as_list::<i32>();
        assert_eq!(hits.value_length(0) + hits.value_length(2), 5);
        let last = hits.value(2);
        assert_eq!(
            last.as_primitive::<Float32Type>().values(),
            &[3.0, 4.0, 5.0]
        );
    }

    #[test]
    fn no_rows_are_no_events() {
        let (rows, grouping) = (rows(&[]), grouping());
        let begins = begins(&rows, &grouping.keys).unwrap();
        let events = events(&rows, &begins, &grouping).unwrap();
        assert_eq!((events.num_rows(), events.num_columns()), (0, 2));
        assert!(key_values(&rows, &[String::from("run")]).is_err());
        assert!(key_values(&rows, &[String::from("x")]).is_err());
    }

    #[test]
    fn columns_of_events_are_found_among_those_of_rows() {
        let (rows, grouping) = (rows(&[]), grouping());
        let found = |events: &[&str]| {
            let events: Vec<String> = events.iter().map(|name| (*name).to_owned()).collect();
            columns_of_rows(&rows.schema(), &grouping, &events)
        };
        assert_eq!(found(&["Hit_x"]), ["event", "x"]);
        assert_eq!(found(&["event"]), ["event"]);
        assert_eq!(grouping.name_of("Hit_y"), "Hit_y");
        assert_eq!(grouping.name_of("Hits"), "Hit_Hits");
    }
}
