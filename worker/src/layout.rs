//! What a file says of its columns before any entry is read: the same of many files.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow_schema::Schema;
use lumimill_common::campaign::Grouping;

use crate::grouped::schema_of_entries;
use crate::input::EventTable;

/// The columns of what is read of a table, and what is to be known of how they are stored.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Layout {
    schema: Arc<Schema>,
    is_empty: bool,
    /// What counts the members of a column.
    counters: BTreeMap<String, String>,
    /// All that counts members of a column, of which some may have no name in the schema.
    counting: BTreeSet<String>,
    /// The entry from which on a column has values, where it was added late.
    added: BTreeMap<String, u64>,
}

impl Layout {
    /// Of a table, or of the events that its rows are put together to.
    #[must_use]
    pub fn of(table: &EventTable, grouping: Option<&Grouping>) -> Self {
        let schema = schema_of_entries(table, grouping);
        let (mut counters, mut added) = (BTreeMap::new(), BTreeMap::new());
        for name in schema.fields().iter().map(|field| field.name()) {
            let Some(column) = table.column(name) else {
                continue;
            };
            if let Some(counter) = column.counter() {
                counters.insert(name.clone(), counter.to_owned());
            }
            if let Some(entry) = column.added_at() {
                added.insert(name.clone(), entry);
            }
        }
        let counting = table.columns().into_iter();
        let counting = counting.filter_map(|column| column.counter());
        Self {
            is_empty: table.is_without_columns(),
            counting: counting.map(str::to_owned).collect(),
            schema: Arc::new(schema),
            counters,
            added,
        }
    }

    /// The columns that are read.
    #[must_use]
    pub fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    /// Whether the table has no column at all, not even one that is not read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.is_empty
    }

    /// The column that says how many members this one has in an entry; none of a column of one value,
    /// and of a list that has a length of its own.
    #[must_use]
    pub fn counter(&self, column: &str) -> Option<&str> {
        self.counters.get(column).map(String::as_str)
    }

    /// Whether this column says how many members another one has.
    #[must_use]
    pub fn counts_others(&self, column: &str) -> bool {
        self.counting.contains(column)
    }

    /// The entry from which on a column has values, where it was added to a table that had entries.
    #[must_use]
    pub fn added_at(&self, column: &str) -> Option<u64> {
        self.added.get(column).copied()
    }
}
