//! Reading entries into record batches.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::{RecordBatch, RecordBatchOptions};
use arrow_schema::{Field, Schema, SchemaRef};
use arrow_select::concat::concat_batches;

use crate::assembly::{Assembly, AssemblyReader};
use crate::branch::Branch;
use crate::error::{Error, Place};
use crate::single_tree::{SingleReader, SingleTree};

/// Reads ranges of entries from chosen branches.
///
/// The last basket of each branch is remembered, so that ascending ranges decompress every
/// basket once.
#[derive(Debug)]
pub struct Reader {
    place: Place,
    entries: u64,
    schema: SchemaRef,
    columns: Columns,
}

/// Where the columns come from.
#[derive(Debug)]
enum Columns {
    Single(SingleReader),
    Assembled(AssemblyReader),
}

impl Reader {
    /// A reader of these branches of a tree, each shown under the name that comes with it.
    pub(crate) fn of_single(tree: &SingleTree, chosen: &[(&str, &Branch)]) -> Result<Self, Error> {
        let columns = tree.reader(chosen)?;
        Ok(Self {
            place: tree.place(),
            entries: tree.entries(),
            schema: schema_of(chosen),
            columns: Columns::Single(columns),
        })
    }

    /// The same of trees that are read as one, whose branches are at these positions.
    pub(crate) fn of_assembly(
        tree: &Arc<Assembly>,
        chosen: &[(&str, &Branch)],
        positions: &[usize],
    ) -> Self {
        let schema = schema_of(chosen);
        let columns = AssemblyReader::new(tree.clone(), positions, schema.clone());
        Self {
            place: tree.place(),
            entries: tree.entries(),
            schema,
            columns: Columns::Assembled(columns),
        }
    }

    /// The columns' names and Arrow types.
    pub fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// Expects these entries of one tree to be read by all of these, in ascending ranges: where bytes
    /// are far away, those that follow are asked for while those before them are worked on. Others may
    /// be read all the same.
    pub fn expect(readers: &mut [&mut Self], entries: Range<u64>) {
        let all = readers.iter().map(|reader| reader.entries).min();
        let entries = entries.start..entries.end.min(all.unwrap_or_default());
        let single = readers
            .iter_mut()
            .filter_map(|reader| match &mut reader.columns {
                Columns::Single(reader) => Some(reader),
                Columns::Assembled(_) => None,
            });
        SingleReader::expect(&mut single.collect::<Vec<_>>(), &entries);
    }

    /// Reads exactly these entries.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] when they are not all within the tree, [`Error::TooLarge`] when a
    /// list would have more than 2³¹ − 1 items, [`Error::Io`] and [`Error::Corrupt`] when their
    /// baskets cannot be read or decoded.
    pub fn read(&mut self, entries: Range<u64>) -> Result<RecordBatch, Error> {
        self.ask(&entries);
        self.read_range(entries)
    }

    /// Reads exactly the entries of these ranges, which ascend, one after the other: baskets and pages
    /// that lie between them are not unpacked.
    ///
    /// # Errors
    /// Those of [`Self::read`].
    pub fn read_some(&mut self, ranges: &[Range<u64>]) -> Result<RecordBatch, Error> {
        let (Some(first), Some(last)) = (ranges.first(), ranges.last()) else {
            return Ok(RecordBatch::new_empty(self.schema()));
        };
        self.ask(&(first.start..last.end));
        let parts = ranges.iter().map(|range| self.read_range(range.clone()));
        let parts = parts.collect::<Result<Vec<_>, _>>()?;
        match parts.as_slice() {
            [one] => Ok(one.clone()),
            parts => concat_batches(&self.schema, parts).map_err(|error| self.place.corrupt(error)),
        }
    }

    /// Says that these entries are read next, where those that follow are asked for ahead.
    fn ask(&self, entries: &Range<u64>) {
        if let Columns::Single(reader) = &self.columns {
            reader.ask(entries);
        }
    }

    fn read_range(&mut self, entries: Range<u64>) -> Result<RecordBatch, Error> {
        let rows = entries.end.checked_sub(entries.start);
        let rows = rows.and_then(|rows| usize::try_from(rows).ok());
        let Some(rows) = rows.filter(|_| entries.end <= self.entries) else {
            return Err(Error::OutOfRange {
                place: self.place.clone(),
                range: entries,
                entries: self.entries,
            });
        };
        let arrays = match &mut self.columns {
            Columns::Single(reader) => reader.read(&entries)?,
            Columns::Assembled(reader) => reader.read(&entries)?,
        };
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(self.schema(), arrays, &options)
            .map_err(|error| self.place.corrupt(error))
    }
}

fn schema_of(chosen: &[(&str, &Branch)]) -> SchemaRef {
    let fields = chosen.iter().filter_map(|(name, branch)| {
        let column = branch.column.as_ref().ok()?;
        Some(Field::new(*name, column.data_type.clone(), false))
    });
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}
