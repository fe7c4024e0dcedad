//! Whether the columns of a table tell its events apart, so that what counts events can be measured
//! on it again.
//!
//! While a shard is made, its rows know the entries that they are from; its table knows only what
//! it keeps. Where rows are events there is no question. Elsewhere run, lumi section and event must
//! be kept, and must differ between neighbours: two entries with the same three look like one.

use arrow_array::RecordBatch;
use arrow_schema::{ArrowError, Schema};
use arrow_select::concat::concat_batches;
use lumimill_common::metric::{FillError, RowBatch};

use crate::identity::event_columns;

/// How the rows of a table are told to be of events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Events {
    /// Each row is one.
    Rows,
    /// By these columns of the output: run, lumi section, event.
    Columns([String; 3]),
    /// By nothing that is kept.
    Unknown,
}

impl Events {
    /// Those of a table with these columns, of which each row may be an event of its own.
    pub(crate) fn of(rows_are_events: bool, schema: &Schema) -> Self {
        match (rows_are_events, event_columns(schema)) {
            (true, _) => Self::Rows,
            (false, Some(columns)) => Self::Columns(columns),
            (false, None) => Self::Unknown,
        }
    }

    /// The columns that it takes.
    pub(crate) fn columns(&self) -> &[String] {
        match self {
            Self::Columns(names) => names,
            Self::Rows | Self::Unknown => &[],
        }
    }

    /// Rows of a table as metrics see them.
    pub(crate) fn rows<'b>(&self, batch: &'b RecordBatch) -> Result<RowBatch<'b>, FillError> {
        match self {
            Self::Rows => {
                let numbers: Vec<usize> = (0..batch.num_rows()).collect();
                RowBatch::of_events(batch, &numbers)
            }
            Self::Columns(names) => {
                RowBatch::try_new(batch, Some(names.each_ref().map(AsRef::as_ref)))
            }
            Self::Unknown => RowBatch::try_new(batch, None),
        }
    }
}

/// Looks, batch by batch, whether a table tells its events apart.
#[derive(Debug)]
pub(crate) struct ToldApart {
    events: Events,
    so_far: bool,
    /// The last row of the batch before.
    last: Option<RecordBatch>,
}

impl ToldApart {
    pub(crate) fn new(events: Events) -> Self {
        Self {
            so_far: events != Events::Unknown,
            events,
            last: None,
        }
    }

    /// Looks at the rows of whole events; `by_entry` knows the entries that they are from.
    pub(crate) fn look(&mut self, by_entry: &RowBatch<'_>, batch: &RecordBatch) {
        if self.so_far && matches!(self.events, Events::Columns(_)) && batch.num_rows() > 0 {
            let same = self
                .events
                .rows(batch)
                .is_ok_and(|rows| rows.has_events_of(by_entry));
            self.so_far = same && self.begins_anew(batch).unwrap_or(false);
            self.last = Some(batch.slice(batch.num_rows() - 1, 1));
        }
    }

    /// Whether all tables so far tell their events apart.
    pub(crate) fn is_so(&self) -> bool {
        self.so_far
    }

    fn begins_anew(&self, batch: &RecordBatch) -> Result<bool, ArrowError> {
        let Some(last) = &self.last else {
            return Ok(true);
        };
        let neighbours = concat_batches(&batch.schema(), [last, &batch.slice(0, 1)])?;
        let rows = self.events.rows(&neighbours);
        let apart = RowBatch::of_events(&neighbours, &[0, 1]);
        Ok(rows.is_ok_and(|rows| apart.is_ok_and(|apart| rows.has_events_of(&apart))))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{ArrayRef, UInt64Array};
    use arrow_schema::{DataType, Field};

    use super::*;
    use crate::identity::Role;

    /// Of a table that keeps columns in these roles.
    fn events(rows_are_events: bool, roles: &[Role]) -> Events {
        let names = ["run", "lumi", "event"];
        let fields = names.iter().zip(roles);
        let fields =
            fields.map(|(name, role)| role.given_to(Field::new(*name, DataType::UInt64, false)));
        Events::of(rows_are_events, &Schema::new(fields.collect::<Vec<_>>()))
    }

    fn batch(events: &[u64]) -> RecordBatch {
        let column = |value: &dyn Fn(u64) -> u64| -> ArrayRef {
            Arc::new(UInt64Array::from_iter_values(
                events.iter().map(|event| value(*event)),
            ))
        };
        let columns = [
            ("run", column(&|_| 1)),
            ("lumi", column(&|_| 2)),
            ("event", column(&|event| event)),
        ];
        RecordBatch::try_from_iter(columns).unwrap()
    }

    /// Whether batches of rows, with the event and the entry of each, tell events apart.
    fn told(events: Events, batches: &[(&[u64], &[u32])]) -> bool {
        let mut told = ToldApart::new(events);
        for (events, entries) in batches {
            let batch = batch(events);
            told.look(&RowBatch::of_events(&batch, entries).unwrap(), &batch);
        }
        told.is_so()
    }

    fn kept() -> Events {
        events(false, &[Role::Run, Role::Lumi, Role::Event])
    }

    #[test]
    fn neighbours_with_one_number_are_not_told_apart() {
        assert!(told(kept(), &[]));
        assert!(told(
            kept(),
            &[(&[5, 5, 7], &[0, 0, 3]), (&[], &[]), (&[8, 9], &[0, 1])]
        ));
        assert!(told(kept(), &[(&[5, 7, 5], &[0, 1, 2])]), "no neighbours");
        assert!(!told(kept(), &[(&[5, 5, 7], &[0, 1, 3])]));
        assert!(
            !told(kept(), &[(&[5, 7], &[0, 3]), (&[7, 9], &[0, 1])]),
            "of two batches"
        );
    }

    #[test]
    fn what_is_not_kept_tells_nothing_apart() {
        let batches: &[(&[u64], &[u32])] = &[(&[5, 5, 7], &[0, 1, 2])];
        assert!(told(events(true, &[]), batches), "each row is one");
        assert!(!told(events(false, &[]), batches));
        assert!(!told(events(false, &[Role::Run, Role::Lumi]), batches));
    }
}
