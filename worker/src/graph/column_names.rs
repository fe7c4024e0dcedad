//! What columns are called in the tables of graphs and of edges.

use std::sync::Arc;

use arrow_schema::{DataType, Field};

use super::source::Source;

/// The ends of an edge, as expressions name them.
pub(super) const ENDS: [&str; 2] = ["i", "j"];

/// What a source is called in the table of graphs.
pub(super) fn column_name(place: usize, source: &Source) -> String {
    match source.is_of_nodes() {
        true => format!("Node_{place}"),
        false => format!("One_{place}"),
    }
}

/// What one end of an edge is called in the table of edges.
pub(super) fn end_name(place: usize, end: &str) -> String {
    format!("{end}_{place}")
}

/// Both ends of an edge.
pub(super) fn end_names(place: usize) -> [String; 2] {
    ENDS.map(|end| end_name(place, end))
}

/// The field of a list of such values, and of one.
pub(super) fn field_of(name: String, stored: DataType) -> Arc<Field> {
    Arc::new(Field::new(name, stored, false))
}
