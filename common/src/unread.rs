//! Branches that a file has and that cannot be read, with the reasons: a schema carries them, so
//! that nobody is told that they are not there.

use arrow_schema::Schema;

/// Before the name of a branch, in the metadata of a schema.
const KEY: &str = "unread branch ";

/// `schema`, which knows of these branches and reasons.
#[must_use]
pub fn with_unread<'a>(
    mut schema: Schema,
    unread: impl Iterator<Item = (&'a str, &'a str)>,
) -> Schema {
    let entries = unread.map(|(branch, reason)| (format!("{KEY}{branch}"), reason.to_owned()));
    schema.metadata.extend(entries);
    schema
}

/// Why a branch that is there is not read.
#[must_use]
pub fn reason<'a>(schema: &'a Schema, branch: &str) -> Option<&'a str> {
    let found = schema.metadata.get(&format!("{KEY}{branch}"));
    found.map(String::as_str)
}

/// All such branches and their reasons, in no order.
pub fn all(schema: &Schema) -> impl Iterator<Item = (&str, &str)> {
    let known = schema.metadata.iter();
    known.filter_map(|(key, reason)| Some((key.strip_prefix(KEY)?, reason.as_str())))
}
