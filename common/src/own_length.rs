//! List columns that are not counted by the column which, by its name, counts their collection:
//! `Muon_charge` in a file with `nMuon`, once it was filtered. A schema carries their names, as only
//! such columns have to be held against the counter.

use arrow_schema::Schema;

/// Before the name of a column, in the metadata of a schema.
const KEY: &str = "own length of ";

/// `schema`, which knows that these columns have a length of their own.
#[must_use]
pub fn with_own_lengths(mut schema: Schema, columns: impl IntoIterator<Item = String>) -> Schema {
    let columns = columns.into_iter();
    let entries = columns.map(|column| (format!("{KEY}{column}"), String::new()));
    schema.metadata.extend(entries);
    schema
}

/// Whether a column has a length of its own, although its collection is counted.
#[must_use]
pub fn has_own_length(schema: &Schema, column: &str) -> bool {
    schema.metadata.contains_key(&format!("{KEY}{column}"))
}
