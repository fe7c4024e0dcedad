//! The columns that identify events, as the numbers they are, whatever the file's type.

use std::ops::Range;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type,
    UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::DataType;
use lumimill_common::event_id::{LumiSection, Run};
use lumimill_worker::input::{EventFile, EventReader, EventTable, as_u64};
use thiserror::Error;

/// Entries read at once.
const BATCH: u64 = 1 << 13;
/// The branch of run numbers.
pub(super) const RUN: &str = "run";
/// The branch of lumi section numbers.
pub(super) const LUMI: &str = "luminosityBlock";
/// The branch of event numbers.
pub(super) const EVENT: &str = "event";

/// Why run, lumi section or event numbers cannot be read.
#[derive(Debug, Error)]
pub enum EventColumnError {
    /// The file cannot be read; the message names file, tree, branch and basket.
    #[error(transparent)]
    File(#[from] lumimill_worker::input::Error),
    /// Not integers, or not one an entry.
    #[error(
        "{file}: tree {tree:?}, branch {branch:?}: expected one integer an entry, found {found}"
    )]
    NotIntegers {
        /// The file.
        file: String,
        /// The tree.
        tree: String,
        /// The branch.
        branch: &'static str,
        /// Its Arrow type.
        found: String,
    },
    /// A number that cannot be a run, lumi section or event.
    #[error("{file}: tree {tree:?}, branch {branch:?}: {found} is out of range")]
    OutOfRange {
        /// The file.
        file: String,
        /// The tree.
        tree: String,
        /// The branch.
        branch: &'static str,
        /// The number.
        found: i128,
    },
}

/// Reads the identities of a tree's events, a bounded batch at a time.
pub(super) struct EventColumns {
    reader: EventReader,
    file: String,
    tree: String,
}

/// The identities of a batch; `events` is empty unless asked for.
pub(super) struct EventIds {
    pub(super) runs: Vec<u32>,
    pub(super) lumis: Vec<u32>,
    pub(super) events: Vec<u64>,
}

impl EventIds {
    /// Run and lumi section of every row.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (Run, LumiSection)> + '_ {
        self.runs
            .iter()
            .zip(&self.lumis)
            .map(|(&run, &lumi)| (Run::new(run), LumiSection::new(lumi)))
    }
}

impl EventColumns {
    /// Of these columns: [`RUN`], [`LUMI`], [`EVENT`].
    pub(super) fn open(
        file: &EventFile,
        tree: &EventTable,
        columns: &[&str],
    ) -> Result<Self, EventColumnError> {
        Ok(Self {
            reader: tree.reader(columns)?,
            file: file.name().to_owned(),
            tree: tree.name().to_owned(),
        })
    }

    /// Expects these entries to be read one batch after the other.
    pub(super) fn expecting(mut self, entries: Range<u64>) -> Self {
        Self::expect(&mut [&mut self], entries);
        self
    }

    /// Expects these entries of one table to be read from all of these, one batch after the other.
    pub(super) fn expect(columns: &mut [&mut Self], entries: Range<u64>) {
        let readers = columns.iter_mut().map(|columns| &mut columns.reader);
        EventReader::expect(&mut readers.collect::<Vec<_>>(), entries);
    }

    /// Reads these entries, at most a batch of them.
    pub(super) fn read(&mut self, entries: Range<u64>) -> Result<EventIds, EventColumnError> {
        let batch = self.reader.read(entries)?;
        Ok(EventIds {
            runs: self.integers(&batch, RUN)?,
            lumis: self.integers(&batch, LUMI)?,
            events: self.numbers(&batch)?,
        })
    }

    /// Event numbers, as workers read them: negative ones keep their bits.
    fn numbers(&self, batch: &RecordBatch) -> Result<Vec<u64>, EventColumnError> {
        let Some(array) = batch.column_by_name(EVENT) else {
            return Ok(Vec::new());
        };
        let numbers = as_u64(EVENT, array).map_err(|_| EventColumnError::NotIntegers {
            file: self.file.clone(),
            tree: self.tree.clone(),
            branch: EVENT,
            found: array.data_type().to_string(),
        })?;
        Ok(numbers.values().to_vec())
    }

    fn integers<T>(
        &self,
        batch: &RecordBatch,
        branch: &'static str,
    ) -> Result<Vec<T>, EventColumnError>
    where
        T: TryFrom<i64> + TryFrom<u64> + From<u32>,
    {
        let Some(array) = batch.column_by_name(branch) else {
            return Ok(Vec::new());
        };
        let outside = |found: i128| EventColumnError::OutOfRange {
            file: self.file.clone(),
            tree: self.tree.clone(),
            branch,
            found,
        };
        match array.data_type() {
            DataType::UInt64 => {
                let values = array.as_primitive::<UInt64Type>().values().iter();
                let number = |&value| T::try_from(value).map_err(|_| outside(i128::from(value)));
                values.map(number).collect()
            }
            DataType::UInt32 => {
                let values = array.as_primitive::<UInt32Type>().values().iter();
                Ok(values.map(|&value| T::from(value)).collect())
            }
            DataType::Int64 => signed::<Int64Type, T>(array, outside),
            DataType::Int32 => signed::<Int32Type, T>(array, outside),
            DataType::Int16 => signed::<Int16Type, T>(array, outside),
            DataType::Int8 => signed::<Int8Type, T>(array, outside),
            DataType::UInt16 => signed::<UInt16Type, T>(array, outside),
            DataType::UInt8 => signed::<UInt8Type, T>(array, outside),
            other => Err(EventColumnError::NotIntegers {
                file: self.file.clone(),
                tree: self.tree.clone(),
                branch,
                found: other.to_string(),
            }),
        }
    }
}

/// The values of an integer column whose type is within an i64.
fn signed<P, T>(
    array: &ArrayRef,
    outside: impl Fn(i128) -> EventColumnError,
) -> Result<Vec<T>, EventColumnError>
where
    P: ArrowPrimitiveType,
    i64: From<P::Native>,
    T: TryFrom<i64>,
{
    let values = array.as_primitive::<P>().values().iter();
    let number = |&value| {
        let value = i64::from(value);
        T::try_from(value).map_err(|_| outside(value.into()))
    };
    values.map(number).collect()
}

/// Whether the events of a tree have numbers that tell them apart.
pub(super) fn has_event_numbers(tree: &EventTable) -> bool {
    let branch = tree
        .column(EVENT)
        .and_then(|branch| branch.data_type().ok());
    branch.is_some_and(DataType::is_integer)
}

/// A range in batches of bounded size.
pub(super) fn batches(entries: Range<u64>) -> impl Iterator<Item = Range<u64>> {
    let mut start = entries.start;
    std::iter::from_fn(move || {
        let stop = start.saturating_add(BATCH).min(entries.end);
        let batch = start..stop;
        start = stop;
        (!batch.is_empty()).then_some(batch)
    })
}
