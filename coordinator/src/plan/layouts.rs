//! The layouts of files, of which many have the same.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use lumimill_common::campaign::Grouping;
use lumimill_worker::input::EventTable;
use lumimill_worker::layout::Layout;

/// The layouts of files, each held once however many files have it.
#[derive(Debug, Default)]
pub(super) struct Layouts(Mutex<HashSet<Arc<Layout>>>);

impl Layouts {
    /// That of a table, or of the events that its rows are put together to.
    pub(super) fn held(&self, table: &EventTable, grouping: Option<&Grouping>) -> Arc<Layout> {
        let layout = Layout::of(table, grouping);
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = held.get(&layout) {
            return known.clone();
        }
        let layout = Arc::new(layout);
        held.insert(layout.clone());
        layout
    }
}
