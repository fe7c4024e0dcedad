//! The schemas of files, of which many have the same.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use arrow_schema::Schema;
use lumimill_common::campaign::Grouping;
use lumimill_worker::grouped::schema_of_entries;
use lumimill_worker::input::EventTable;

/// The schemas of files, each held once however many files have it.
#[derive(Debug, Default)]
pub(super) struct Schemas(Mutex<HashSet<Arc<Schema>>>);

impl Schemas {
    /// The branches of a tree, or the columns of the events that its rows are put together to.
    pub(super) fn held(&self, tree: &EventTable, grouping: Option<&Grouping>) -> Arc<Schema> {
        let schema = schema_of_entries(tree, grouping);
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = held.get(&schema) {
            return known.clone();
        }
        let schema = Arc::new(schema);
        held.insert(schema.clone());
        schema
    }
}
