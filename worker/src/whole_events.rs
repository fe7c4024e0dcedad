//! Batches of rows cut anew, so that no event is in two of them.

use arrow_array::RecordBatch;
use arrow_select::concat::concat_batches;

use crate::told_apart::Events;

/// What cuts them.
#[derive(Debug)]
pub(crate) struct WholeEvents {
    pub(crate) events: Events,
    /// Rows of an event that may go on.
    pub(crate) held: Option<RecordBatch>,
}

impl WholeEvents {
    pub(crate) fn of(events: Events) -> Self {
        Self { events, held: None }
    }

    /// What is whole of what was held and the rows that follow.
    pub(crate) fn next(
        &mut self,
        batch: RecordBatch,
    ) -> Result<Option<RecordBatch>, Box<dyn std::error::Error>> {
        if !matches!(self.events, Events::Columns(_)) || batch.num_rows() == 0 {
            return Ok(Some(batch));
        }
        let batch = match self.held.take() {
            Some(held) => concat_batches(&batch.schema(), [&held, &batch])?,
            None => batch,
        };
        let last = self.events.rows(&batch)?.last_event().unwrap_or(0);
        self.held = Some(batch.slice(last, batch.num_rows() - last));
        Ok((last > 0).then(|| batch.slice(0, last)))
    }
}
