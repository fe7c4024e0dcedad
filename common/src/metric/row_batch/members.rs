//! The members of a collection as rows of their own: what is measured per member, per group or per
//! edge.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, RecordBatch, RecordBatchOptions, UInt32Array};
use arrow_schema::{DataType, Field, Schema};
use arrow_select::take::take;

use super::values::wrong;
use super::{FillError, RowBatch};

/// Members that are looked at together, unless one event has more.
const MOST: usize = 1 << 18;

/// A column of rows.
struct Column<'a> {
    name: &'a str,
    values: ArrayRef,
    /// Of each row, where its members are among the values; none of a column with one value a row.
    members: Option<Places>,
}

/// Of each row, where the members of its list are among all values; none of a null list.
pub(super) type Places = Vec<Option<Range<u32>>>;

/// The values of a column of lists, and where those of each row are.
pub(super) fn list_of(array: &ArrayRef) -> Option<(ArrayRef, Places)> {
    let (values, places): (_, Vec<Range<u32>>) = match array.data_type() {
        DataType::List(_) => {
            let list = array.as_list::<i32>();
            let ends = list.offsets().windows(2);
            let place = |ends: &[i32]| match ends {
                [start, end] => start.cast_unsigned()..end.cast_unsigned(),
                _ => 0..0,
            };
            (list.values().clone(), ends.map(place).collect())
        }
        DataType::FixedSizeList(_, size) => {
            let list = array.as_fixed_size_list();
            let size = size.cast_unsigned();
            let rows = 0..array.len() as u32;
            let place = |row: u32| row * size..(row + 1) * size;
            (list.values().clone(), rows.map(place).collect())
        }
        _ => return None,
    };
    let places = places.into_iter().enumerate();
    let places = places.map(|(row, place)| array.is_valid(row).then_some(place));
    Some((values, places.collect()))
}

impl RowBatch<'_> {
    /// Hands on the members of the collection `over` as rows, some events at a time. Of the columns
    /// `names`, lists are of the members, and what has one value a row has it for all of its members;
    /// a list that is null, too.
    pub(in crate::metric) fn each_member(
        &self,
        over: &str,
        names: &[&String],
        mut count: impl FnMut(&RowBatch<'_>) -> Result<(), FillError>,
    ) -> Result<(), FillError> {
        let names: BTreeSet<&str> = names.iter().map(|name| name.as_str()).collect();
        let columns = names.into_iter().map(|name| self.listed(over, name));
        let columns = columns.collect::<Result<Vec<Column<'_>>, _>>()?;
        let lengths = lengths(over, &columns, self.len())?;
        for rows in self.pieces(&lengths) {
            let batch = members(&columns, &lengths, &rows)?;
            count(&RowBatch {
                batch: &batch,
                begins: self.begins_of(&lengths, &rows),
            })?;
        }
        Ok(())
    }

    fn listed<'c>(&self, over: &str, name: &'c str) -> Result<Column<'c>, FillError> {
        let array = self.column(name)?;
        let Some((values, members)) = list_of(array) else {
            return Ok(Column {
                name,
                values: array.clone(),
                members: None,
            });
        };
        if name
            .strip_prefix(over)
            .is_none_or(|rest| !rest.starts_with('_'))
        {
            return Err(FillError::OtherMembers {
                column: name.to_owned(),
                over: over.to_owned(),
            });
        }
        Ok(Column {
            name,
            values,
            members: Some(members),
        })
    }

    /// Rows that are looked at together: whole events, of not too many members. There is always
    /// one, so that types are looked at where there are no rows.
    fn pieces(&self, lengths: &[u32]) -> Vec<Range<usize>> {
        let begins = |row: usize| match &self.begins {
            Some(begins) => begins.get(row) == Some(&true),
            None => true,
        };
        let (mut pieces, mut start, mut sum) = (Vec::new(), 0, 0);
        let mut begin = 0;
        let mut of_event = 0;
        for (row, length) in lengths.iter().enumerate() {
            if begins(row) {
                sum += of_event;
                (begin, of_event) = (row, 0);
            }
            of_event += *length as usize;
            if sum + of_event > MOST && begin > start {
                pieces.push(start..begin);
                (start, sum) = (begin, 0);
            }
        }
        pieces.push(start..lengths.len());
        pieces
    }

    /// Whether an event begins with each member of these rows; an event without any is of none.
    fn begins_of(&self, lengths: &[u32], rows: &Range<usize>) -> Option<Vec<bool>> {
        let begins = self.begins.as_ref()?;
        let (mut of_members, mut is_new) = (Vec::new(), false);
        for row in rows.clone() {
            is_new |= begins.get(row) == Some(&true);
            for _ in 0..lengths.get(row).copied().unwrap_or(0) {
                of_members.push(is_new);
                is_new = false;
            }
        }
        Some(of_members)
    }
}

/// How many members each row has, as all lists say that are not null.
fn lengths(over: &str, columns: &[Column<'_>], rows: usize) -> Result<Vec<u32>, FillError> {
    let mut lists = columns
        .iter()
        .filter_map(|column| Some((column.name, column.members.as_ref()?)))
        .peekable();
    if lists.peek().is_none() {
        return Err(FillError::NoMembers {
            over: over.to_owned(),
        });
    }
    let mut found: Vec<Option<(&str, u32)>> = vec![None; rows];
    for (name, members) in lists {
        for (row, (range, known)) in members.iter().zip(&mut found).enumerate() {
            let Some(range) = range else { continue };
            let length = range.end - range.start;
            match *known {
                None => *known = Some((name, length)),
                Some((first, known)) if known != length => {
                    return Err(FillError::Lengths {
                        columns: [first.to_owned(), name.to_owned()],
                        lengths: [known, length],
                        row,
                    });
                }
                Some(_) => {}
            }
        }
    }
    let length = |known: Option<(&str, u32)>| known.map_or(0, |(_, length)| length);
    Ok(found.into_iter().map(length).collect())
}

/// The members of some rows.
fn members(
    columns: &[Column<'_>],
    lengths: &[u32],
    rows: &Range<usize>,
) -> Result<RecordBatch, FillError> {
    let of = || {
        rows.clone()
            .zip(lengths.get(rows.clone()).unwrap_or_default())
    };
    let count = of().map(|(_, length)| *length as usize).sum();
    let (mut fields, mut arrays) = (Vec::new(), Vec::new());
    for column in columns {
        let at: UInt32Array = match &column.members {
            None => of()
                .flat_map(|(row, length)| std::iter::repeat_n(Some(row as u32), *length as usize))
                .collect(),
            Some(members) => of()
                .flat_map(|(row, length)| {
                    let range = members.get(row).cloned().flatten();
                    (0..*length).map(move |at| range.as_ref().map(|range| range.start + at))
                })
                .collect(),
        };
        let unreadable = |_| wrong(column.name, &column.values, "numbers");
        let values = take(&column.values, &at, None).map_err(unreadable)?;
        fields.push(Field::new(column.name, values.data_type().clone(), true));
        arrays.push(values);
    }
    let options = RecordBatchOptions::new().with_row_count(Some(count));
    RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &options).map_err(
        |_| FillError::EventNumbers {
            rows: count,
            numbers: 0,
        },
    )
}

#[cfg(test)]
mod tests;
