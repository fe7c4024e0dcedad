//! Reading entries into record batches.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::{RecordBatch, RecordBatchOptions};
use arrow_schema::{Field, Schema, SchemaRef};

use crate::assembly::{Assembly, AssemblyReader};
use crate::branch::Branch;
use crate::error::{Error, Place};
use crate::rntuple::{Ntuple, NtupleReader};
use crate::stored_tree::StoredTree;
use crate::ttree::RangeReader;

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
    Stored(RangeReader),
    Assembled(AssemblyReader),
    Ntuple(NtupleReader),
}

impl Reader {
    /// A reader of these branches of a tree, each shown under the name that comes with it.
    pub(crate) fn of_stored(tree: &StoredTree, chosen: &[(&str, &Branch)]) -> Result<Self, Error> {
        let columns = RangeReader::new(tree.clone(), chosen)?;
        Ok(Self {
            place: tree.place(),
            entries: tree.entries(),
            schema: schema_of(chosen),
            columns: Columns::Stored(columns),
        })
    }

    /// The same of an RNTuple.
    pub(crate) fn of_ntuple(tree: &Ntuple, chosen: &[(&str, &Branch)]) -> Result<Self, Error> {
        let columns = NtupleReader::new(tree.clone(), chosen)?;
        Ok(Self {
            place: tree.place(),
            entries: tree.entries(),
            schema: schema_of(chosen),
            columns: Columns::Ntuple(columns),
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
        let stored = readers
            .iter_mut()
            .filter_map(|reader| match &mut reader.columns {
                Columns::Stored(reader) => Some(reader),
                Columns::Assembled(_) | Columns::Ntuple(_) => None,
            });
        RangeReader::expect(&mut stored.collect::<Vec<_>>(), entries.clone());
        let ntuples = readers
            .iter_mut()
            .filter_map(|reader| match &mut reader.columns {
                Columns::Ntuple(reader) => Some(reader),
                Columns::Assembled(_) | Columns::Stored(_) => None,
            });
        NtupleReader::expect(&mut ntuples.collect::<Vec<_>>(), entries);
    }

    /// Reads exactly these entries.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] when they are not all within the tree, [`Error::TooLarge`] when a
    /// list would have more than 2³¹ − 1 items, [`Error::Io`] and [`Error::Corrupt`] when their
    /// baskets cannot be read or decoded.
    pub fn read(&mut self, entries: Range<u64>) -> Result<RecordBatch, Error> {
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
            Columns::Stored(reader) => reader.read(&entries)?,
            Columns::Assembled(reader) => reader.read(&entries)?,
            Columns::Ntuple(reader) => reader.read(&entries)?,
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
