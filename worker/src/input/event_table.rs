//! The table of entries of an input file, of whatever kind, and its reader: the same for whoever reads it.

use std::ops::Range;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use lumimill_rootfile::{Reader, Tree};

use super::error::Error;
use super::event_column::EventColumn;
use super::parquet::{ParquetReader, ParquetTable};

/// A table of entries with a column for each branch. Cloning it shares the description.
#[derive(Debug, Clone)]
pub enum EventTable {
    /// A tree of a ROOT file, or several as one.
    Root(Tree),
    /// A Parquet file.
    Parquet(ParquetTable),
}

impl From<Tree> for EventTable {
    fn from(tree: Tree) -> Self {
        Self::Root(tree)
    }
}

impl From<ParquetTable> for EventTable {
    fn from(table: ParquetTable) -> Self {
        Self::Parquet(table)
    }
}

impl EventTable {
    /// What it was asked for by: a tree's name with its directories.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Root(tree) => tree.name(),
            Self::Parquet(table) => table.name(),
        }
    }

    /// `ttree`, `rntuple` or `parquet`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Root(tree) if tree.is_ntuple() => "rntuple",
            Self::Root(_) => "ttree",
            Self::Parquet(_) => "parquet",
        }
    }

    /// Whether a part of its entries is unpacked with less work than all, and what is damaged is found
    /// in any part. Lists of a Parquet file have no place of their own: where one lost a value, those
    /// behind it are others', which shows by the lengths of all that are decoded together.
    #[must_use]
    pub fn is_read_in_part(&self) -> bool {
        matches!(self, Self::Root(_))
    }

    /// The number of entries.
    #[must_use]
    pub fn entries(&self) -> u64 {
        match self {
            Self::Root(tree) => tree.entries(),
            Self::Parquet(table) => table.entries(),
        }
    }

    /// The directories whose trees follow one another, where a pattern chose them.
    #[must_use]
    pub fn directories(&self) -> Option<usize> {
        match self {
            Self::Root(tree) => tree.directories(),
            Self::Parquet(_) => None,
        }
    }

    /// The tree that an entry is in, and which of its entries it is.
    #[must_use]
    pub fn origin(&self, entry: u64) -> (&str, u64) {
        match self {
            Self::Root(tree) => tree.origin(entry),
            Self::Parquet(table) => (table.name(), entry),
        }
    }

    /// The columns; of a tree each branch followed by its sub-branches.
    #[must_use]
    pub fn columns(&self) -> Vec<EventColumn<'_>> {
        match self {
            Self::Root(tree) => tree.branches().iter().map(EventColumn::Branch).collect(),
            Self::Parquet(table) => table.columns().iter().map(EventColumn::Parquet).collect(),
        }
    }

    /// Whether there is no column.
    #[must_use]
    pub fn is_without_columns(&self) -> bool {
        match self {
            Self::Root(tree) => tree.branches().is_empty(),
            Self::Parquet(table) => table.columns().is_empty(),
        }
    }

    /// The column of that name; of a sub-branch the names above it may be left out when no other branch
    /// is called the same.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<EventColumn<'_>> {
        match self {
            Self::Root(tree) => tree.branch(name).map(EventColumn::Branch),
            Self::Parquet(table) => table.column(name).map(EventColumn::Parquet),
        }
    }

    /// The entries at which clusters begin, ascending from 0, and last the number of entries: runs of
    /// entries that were written together, of which reading a whole one unpacks nothing that it does
    /// not need. Of a Parquet file they are its row groups.
    #[must_use]
    pub fn clusters(&self) -> Vec<u64> {
        match self {
            Self::Root(tree) => tree.clusters(),
            Self::Parquet(table) => table.clusters(),
        }
    }

    /// Makes a reader of these columns, in this order.
    ///
    /// # Errors
    /// For a name that is not there, and for a column that is not decoded.
    pub fn reader(&self, names: &[&str]) -> Result<EventReader, Error> {
        Ok(match self {
            Self::Root(tree) => EventReader::Root(tree.reader(names)?),
            Self::Parquet(table) => EventReader::Parquet(Box::new(table.reader(names)?)),
        })
    }
}

/// Reads ranges of entries from chosen columns of a table; ascending ones unpack nothing twice.
#[derive(Debug)]
pub enum EventReader {
    /// Of a tree.
    Root(Reader),
    /// Of a Parquet file.
    Parquet(Box<ParquetReader>),
}

impl EventReader {
    /// The columns' names and Arrow types.
    #[must_use]
    pub fn schema(&self) -> SchemaRef {
        match self {
            Self::Root(reader) => reader.schema(),
            Self::Parquet(reader) => reader.schema(),
        }
    }

    /// Expects these entries of one table to be read by all of these, in ascending ranges: where bytes
    /// are far away, those that follow may be asked for while those before them are worked on. Others
    /// may be read all the same.
    pub fn expect(readers: &mut [&mut Self], entries: Range<u64>) {
        let trees = readers.iter_mut().filter_map(|reader| match reader {
            Self::Root(reader) => Some(reader),
            Self::Parquet(_) => None,
        });
        Reader::expect(&mut trees.collect::<Vec<_>>(), entries);
    }

    /// Reads exactly the entries of these ranges, which ascend, one after the other: of what lies between
    /// them as little is unpacked as the table lets (see [`EventTable::is_read_in_part`]).
    ///
    /// # Errors
    /// When they are not all within the table, or cannot be read or decoded.
    pub fn read_some(&mut self, ranges: &[Range<u64>]) -> Result<RecordBatch, Error> {
        match self {
            Self::Root(reader) => Ok(reader.read_some(ranges)?),
            Self::Parquet(reader) => {
                let (start, end) = match (ranges.first(), ranges.last()) {
                    (Some(first), Some(last)) => (first.start, last.end),
                    _ => return Ok(RecordBatch::new_empty(reader.schema())),
                };
                let all = reader.read(start..end)?;
                let place = |entry: u64| {
                    let place = usize::try_from(entry.saturating_sub(start));
                    place.unwrap_or(usize::MAX).min(all.num_rows())
                };
                let parts = ranges.iter().map(|range| {
                    let (from, to) = (place(range.start), place(range.end));
                    all.slice(from, to.saturating_sub(from))
                });
                Ok(reader.joined(&parts.collect::<Vec<_>>())?)
            }
        }
    }

    /// Reads exactly these entries.
    ///
    /// # Errors
    /// When they are not all within the table, or cannot be read or decoded.
    pub fn read(&mut self, entries: Range<u64>) -> Result<RecordBatch, Error> {
        match self {
            Self::Root(reader) => Ok(reader.read(entries)?),
            Self::Parquet(reader) => Ok(reader.read(entries)?),
        }
    }
}
