//! What a metric leaves out.

/// What a metric left out because it was not a number that it can count, or null.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Dropped {
    /// Events none of whose labelled rows had a score (rankings per event only).
    pub events: u64,
    /// Rows.
    pub rows: u64,
}

impl Dropped {
    pub(super) fn of_rows(rows: u64) -> Self {
        Self { events: 0, rows }
    }
}
