//! Columns with a list a row, whose members are numbers.

use std::ops::Range;

use super::members::list_of;
use super::values::{numbers_of, wrong};
use super::{FillError, RowBatch};

/// The lists of a column.
pub(in crate::metric) struct Lists<'a> {
    name: &'a str,
    values: Vec<f64>,
    rows: Vec<Option<Range<u32>>>,
}

impl RowBatch<'_> {
    /// A column of lists of numbers, NaN where null.
    pub(in crate::metric) fn lists<'n>(&self, name: &'n str) -> Result<Lists<'n>, FillError> {
        let array = self.column(name)?;
        let (values, rows) =
            list_of(array).ok_or_else(|| wrong(name, array, "a list of numbers"))?;
        Ok(Lists {
            name,
            values: numbers_of(name, &values)?,
            rows,
        })
    }
}

impl Lists<'_> {
    /// The members of a row, none of a null list.
    pub(in crate::metric) fn of(&self, row: usize) -> &[f64] {
        let range = self.rows.get(row).cloned().flatten();
        let range = range.map(|range| range.start as usize..range.end as usize);
        let values = range.and_then(|range| self.values.get(range));
        values.unwrap_or_default()
    }

    /// The members of a row of two columns, of which there are as many.
    pub(in crate::metric) fn pair<'s>(
        &'s self,
        other: &'s Lists<'_>,
        row: usize,
    ) -> Result<(&'s [f64], &'s [f64]), FillError> {
        let (mine, theirs) = (self.of(row), other.of(row));
        if mine.len() == theirs.len() {
            return Ok((mine, theirs));
        }
        Err(FillError::Lengths {
            columns: [self.name, other.name].map(str::to_owned),
            lengths: [mine.len(), theirs.len()].map(|length| length as u32),
            row,
        })
    }
}
