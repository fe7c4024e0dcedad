//! A batch of output rows as metrics see it: columns as numbers, labels and keys, and where
//! events begin.

mod lists;
mod members;
mod values;

pub(in crate::metric) use lists::Lists;

use arrow_array::cast::AsArray;
use arrow_array::{ArrayRef, RecordBatch};

use values::{bits_of, first_of, mark_changes, mark_changes_of, numbers_of, with_nulls, wrong};

/// Why a batch could not be filled into a metric.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FillError {
    /// The batch lacks a column that the metric reads.
    #[error("metric column `{column}` is not among the columns of the table: {present}")]
    MissingColumn {
        /// The column that was asked for.
        column: String,
        /// The columns that exist.
        present: String,
    },
    /// A column has a type that the metric cannot read.
    #[error("metric column `{column}` is {found}, expected {expected}")]
    WrongType {
        /// The column.
        column: String,
        /// Its type.
        found: String,
        /// What would do.
        expected: &'static str,
    },
    /// The metric counts events, and the batch does not say which rows belong to one.
    #[error(
        "metric of `{column}` counts events, but the table keeps no run, lumi and event columns; keep them, or rank per row"
    )]
    NoIdentity {
        /// The label that is counted per event.
        column: String,
    },
    /// The numbers that tell events apart do not belong to the batch.
    #[error("{rows} rows come with {numbers} event numbers; expected one a row")]
    EventNumbers {
        /// Rows of the batch.
        rows: usize,
        /// Numbers given.
        numbers: usize,
    },
    /// A true class that is none of those that a campaign names.
    #[error(
        "metric column `{column}` holds {found}, and there are {classes} classes, numbered from 0: name as many classes and scores as there are, or make the number negative where a row is to be left out"
    )]
    NoSuchClass {
        /// The column.
        column: String,
        /// What it holds.
        found: i64,
        /// How many classes there are.
        classes: usize,
    },
    /// A label that is neither true nor false.
    #[error(
        "metric column `{column}` holds {found} where a label is expected: 0, 1 or null; make a column of it that is true or false, such as `{column} > 0`"
    )]
    NoLabel {
        /// The column.
        column: String,
        /// What it holds.
        found: i64,
    },
    /// A column has a list a row, and the metric is of rows.
    #[error(
        "metric column `{column}` has a list of values in each row: over = \"{over}\" measures its members"
    )]
    IsList {
        /// The column.
        column: String,
        /// What it is a list of, by its name.
        over: String,
    },
    /// A list is of other members than those that are measured.
    #[error(
        "metric column `{column}` is no list of {over}_…: over = \"{over}\" measures lists whose names begin with {over}_, and columns with one value a row, which all members share"
    )]
    OtherMembers {
        /// The column.
        column: String,
        /// The collection that is measured.
        over: String,
    },
    /// None of the columns is a list.
    #[error(
        "over = \"{over}\": none of the columns of the metric is a list {over}_…; leave it out, or name one"
    )]
    NoMembers {
        /// The collection that is measured.
        over: String,
    },
    /// Lists of one collection differ in length.
    #[error(
        "metric column `{}` has {} values where `{}` has {}: what is measured together has one value for each member", columns[1], lengths[1], columns[0], lengths[0]
    )]
    Lengths {
        /// The columns.
        columns: [String; 2],
        /// How many values each of them has.
        lengths: [u32; 2],
        /// In which row of the batch.
        row: usize,
    },
    /// An edge ends at a member that is not there.
    #[error(
        "metric column `{column}`: an edge ends at member {found}, and there are {members}, numbered from 0"
    )]
    NoSuchMember {
        /// The column of the edges.
        column: String,
        /// The number of the end.
        found: i64,
        /// How many members there are.
        members: usize,
        /// In which row of the batch.
        row: usize,
    },
    /// A condition does not fit the table.
    #[error("metric condition `{condition}`: {message}")]
    Condition {
        /// The condition.
        condition: String,
        /// What is wrong with it.
        message: String,
    },
    /// The key of a drift takes too many values to be followed.
    #[error(
        "drift by `{column}` meets more than {limit} values of it; choose a coarser key, such as the run"
    )]
    TooManyKeys {
        /// The key column.
        column: String,
        /// How many are allowed.
        limit: usize,
    },
}

impl FillError {
    /// The row of the batch that it is about, if it is about one.
    #[must_use]
    pub fn row(&self) -> Option<usize> {
        match self {
            Self::Lengths { row, .. } | Self::NoSuchMember { row, .. } => Some(*row),
            _ => None,
        }
    }
}

/// Output rows, after selection, with the rows of each event contiguous and complete.
#[derive(Debug, Clone)]
pub struct RowBatch<'a> {
    batch: &'a RecordBatch,
    /// Whether an event begins with a row; nothing where events are not told apart.
    begins: Option<Vec<bool>>,
}

impl<'a> RowBatch<'a> {
    /// A batch whose events are told apart by the columns `identity` (run, lumi, event; any
    /// integer type). `None` when the table has no events, as for `rows = "entry"`.
    ///
    /// # Errors
    /// When an identity column is missing or not an integer.
    pub fn try_new(batch: &'a RecordBatch, identity: Option<[&str; 3]>) -> Result<Self, FillError> {
        let mut rows = Self {
            batch,
            begins: None,
        };
        if let Some(names) = identity {
            let mut begins = first_of(batch.num_rows());
            for name in names {
                mark_changes_of(&mut begins, name, rows.column(name)?)?;
            }
            rows.begins = Some(begins);
        }
        Ok(rows)
    }

    /// A batch whose events are told apart by a number for each row, which is the same for the
    /// rows of one event and differs between neighbouring events.
    ///
    /// # Errors
    /// When there are not as many numbers as rows.
    pub fn of_events<T: PartialEq>(
        batch: &'a RecordBatch,
        numbers: &[T],
    ) -> Result<Self, FillError> {
        let rows = batch.num_rows();
        if numbers.len() != rows {
            return Err(FillError::EventNumbers {
                rows,
                numbers: numbers.len(),
            });
        }
        let mut begins = first_of(rows);
        mark_changes(&mut begins, numbers);
        Ok(Self {
            batch,
            begins: Some(begins),
        })
    }

    /// Whether its events are the rows that those of another batch are.
    #[must_use]
    pub fn has_events_of(&self, other: &RowBatch<'_>) -> bool {
        self.len() == other.len() && self.begins == other.begins
    }

    /// The row that the last event begins with; `None` where there is none, or events are not told
    /// apart.
    #[must_use]
    pub fn last_event(&self) -> Option<usize> {
        self.begins.as_ref()?.iter().rposition(|begins| *begins)
    }

    /// For every row, which event of the batch it is of; `None` where events are not told apart.
    #[must_use]
    pub fn event_numbers(&self) -> Option<Vec<u32>> {
        let mut begun = 0_u32;
        let numbers = self.begins.as_ref()?.iter().map(|begins| {
            begun += u32::from(*begins);
            begun.saturating_sub(1)
        });
        Some(numbers.collect())
    }

    /// The number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.batch.num_rows()
    }

    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The rows `[start, stop)` of every event, in order.
    pub(super) fn events(&self, label: &str) -> Result<Vec<(usize, usize)>, FillError> {
        let missing = || FillError::NoIdentity {
            column: label.to_owned(),
        };
        let begins = self.begins.as_ref().ok_or_else(missing)?;
        let starts = begins.iter().zip(0..).filter(|(begins, _)| **begins);
        let starts: Vec<usize> = starts.map(|(_, row)| row).collect();
        let stops = starts.iter().skip(1).copied().chain([self.len()]);
        Ok(starts.iter().copied().zip(stops).collect())
    }

    /// A column as doubles, NaN where null; Booleans are 0 and 1.
    ///
    /// # Errors
    /// When there is none of this name, or it is of no numbers.
    pub fn numbers(&self, name: &str) -> Result<Vec<f64>, FillError> {
        numbers_of(name, self.column(name)?)
    }

    /// An integer column; an unsigned value from 2^63 on wraps, which keeps values distinct.
    pub(super) fn integers(&self, name: &str) -> Result<Vec<Option<i64>>, FillError> {
        let array = self.column(name)?;
        let values = bits_of(name, array)?;
        Ok(with_nulls(array, values.into_iter()))
    }

    /// A Boolean column, or an integer one of 0 and 1.
    pub(super) fn labels(&self, name: &str) -> Result<Vec<Option<bool>>, FillError> {
        let array = self.column(name)?;
        if let Some(flags) = array.as_boolean_opt() {
            return Ok(with_nulls(array, flags.values().iter()));
        }
        let expected = "a Boolean or an integer label";
        let values = self
            .integers(name)
            .map_err(|_| wrong(name, array, expected))?;
        let label = |value: i64| match value {
            0 | 1 => Ok(value == 1),
            found => Err(FillError::NoLabel {
                column: name.to_owned(),
                found,
            }),
        };
        let values = values.into_iter();
        values.map(|value| value.map(label).transpose()).collect()
    }

    /// The rows themselves.
    pub(super) fn batch(&self) -> &RecordBatch {
        self.batch
    }

    pub(super) fn column(&self, name: &str) -> Result<&ArrayRef, FillError> {
        self.batch.column_by_name(name).ok_or_else(|| {
            let schema = self.batch.schema();
            let present: Vec<&str> = schema.fields().iter().map(|f| f.name().as_str()).collect();
            FillError::MissingColumn {
                column: name.to_owned(),
                present: present.join(", "),
            }
        })
    }
}

#[cfg(test)]
mod tests;
