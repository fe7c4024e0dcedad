//! Tables that stand beside the rows that a stage reads: row by row, or found by their keys. To the
//! stage their columns are columns of its rows.

mod found;
mod joined;
mod zipped;

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{Field, Schema, SchemaRef};
use lumimill_common::campaign::{Join, Problem, Stage, StageName};
use lumimill_common::failure::Failure;

use crate::identity::event_columns;

use found::{Found, added};

pub(crate) use joined::Joined;
pub(crate) use zipped::Zipped;

/// Before the key of what is wrong, in the metadata of a schema.
const WRONG: &str = "wrong beside ";

/// A table beside the rows that are read.
pub(crate) enum Beside {
    /// With the same rows.
    Zipped(Zipped),
    /// With rows that are found by their keys.
    Joined(Joined),
}

impl Beside {
    pub(crate) fn find(&mut self, rows: &RecordBatch) -> Result<Found, Failure> {
        match self {
            Self::Zipped(zipped) => zipped.next(rows.num_rows()),
            Self::Joined(joined) => joined.find(rows),
        }
    }
}

/// The columns that a stage reads: those of its rows, and of the tables beside them. What is wrong
/// with these together is in the metadata of the schema. `None` where a table is not known.
#[must_use]
pub fn columns_read(
    stage: &Stage,
    rows: &Schema,
    table: impl Fn(&StageName) -> Option<SchemaRef>,
) -> Option<Schema> {
    let mut fields: Vec<Arc<Field>> = rows.fields().iter().cloned().collect();
    let mut metadata = rows.metadata().clone();
    let parent = stage.from.as_ref().map_or("", StageName::as_str);
    let mut of: BTreeMap<String, &str> = BTreeMap::new();
    of.extend(
        rows.fields()
            .iter()
            .map(|field| (field.name().clone(), parent)),
    );
    for (name, key, join) in tables_of(stage) {
        let table = table(name)?;
        let mut wrong = |message: String| {
            metadata.extend([(format!("{WRONG}{key}"), message)]);
        };
        if join.is_some()
            && let Some(lacks) = lacks_keys(rows, parent).or(lacks_keys(&table, name.as_str()))
        {
            wrong(lacks);
        }
        for field in added(&table, join) {
            if let Some(other) = of.insert(field.name().clone(), name.as_str()) {
                let column = field.name();
                let is_end = ["Edge_i", "Edge_j"].iter().any(|end| column.ends_with(end));
                let how = match is_end {
                    true => {
                        ": call the edges of one of them otherwise, such as NearEdge_… in its outputs"
                    }
                    false => ": give it another name in one of them",
                };
                wrong(format!(
                    "column \"{column}\" is in stage {other} and in stage {name}{how}"
                ));
                continue;
            }
            fields.push(field);
        }
    }
    Some(Schema::new_with_metadata(fields, metadata))
}

/// The tables beside the rows of a stage: which, the key that names it, and how it is joined.
fn tables_of(stage: &Stage) -> impl Iterator<Item = (&StageName, String, Option<&Join>)> {
    let zipped = stage.zip.iter().enumerate();
    let zipped = zipped.map(|(index, name)| (name, format!("zip[{index}]"), None));
    let joined = stage.joins.iter().enumerate();
    let joined = joined.map(|(index, join)| (&join.stage, format!("join[{index}]"), Some(join)));
    zipped.chain(joined)
}

fn lacks_keys(columns: &Schema, stage: &str) -> Option<String> {
    event_columns(columns).is_none().then(|| {
        format!(
            "rows are joined by run, luminosityBlock and event: stage {stage} does not keep them"
        )
    })
}

/// What is wrong with the columns that a stage reads, found when they were put together.
pub(crate) fn wrong(schema: &Schema, path: &str) -> Vec<Problem> {
    let entries = schema.metadata().iter();
    let mut wrong: Vec<Problem> = entries
        .filter_map(|(key, message)| {
            Some(Problem {
                path: format!("{path}.{}", key.strip_prefix(WRONG)?),
                message: message.clone(),
            })
        })
        .collect();
    wrong.sort_by(|one, other| one.path.cmp(&other.path));
    wrong
}
