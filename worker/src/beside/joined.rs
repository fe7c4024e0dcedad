//! A table whose rows are found by the keys that they have in common with those that are read.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use arrow_array::{Array, BooleanArray, RecordBatch, RecordBatchReader, UInt32Array};
use arrow_schema::{Field, Schema};
use arrow_select::concat::concat_batches;
use arrow_select::take::take;
use lumimill_common::campaign::{Join, MissingRows, StageName};
use lumimill_common::failure::{Failure, FailureKind};

use super::found::{Found, added};
use crate::compiled_stage::CompiledStage;
use crate::event_name::named;
use crate::identity::{KEYS, Role, column_of, event_columns};
use crate::input::{as_u32, as_u64};
use crate::stored_table::{StoredTable, unreadable};

/// Run, lumi section, event and, where both tables have it, candidate.
type Key = (u32, u32, u64, u32);

/// A table in memory, by its keys.
pub(crate) struct Joined {
    join: Join,
    /// The stage whose rows are read.
    parent: StageName,
    /// The keys of those.
    keys: KeyColumns,
    places: HashMap<Key, u32>,
    /// The columns that are added, and their rows.
    fields: Vec<Arc<Field>>,
    rows: RecordBatch,
}

/// The names of the columns that are keys.
#[derive(Debug)]
struct KeyColumns {
    event: [String; 3],
    candidate: Option<String>,
}

impl KeyColumns {
    fn of(schema: &Schema, by_candidate: bool) -> Option<Self> {
        let candidate = column_of(schema, Role::Candidate).filter(|_| by_candidate);
        Some(Self {
            event: event_columns(schema)?,
            candidate: candidate.map(str::to_owned),
        })
    }
}

impl Joined {
    /// A table that is found by its keys beside the rows of `parent`, with these columns.
    pub(crate) fn of(
        table: StoredTable<'_>,
        join: &Join,
        (parent, columns): (&StageName, &Schema),
        reading: &CompiledStage,
    ) -> Result<Self, Failure> {
        let (stage, schema) = (table.stage(), table.schema().clone());
        let mut names = table.added(reading);
        names.extend(key_columns(&schema));
        let rows = table.rows(&names)?;
        let none = RecordBatch::new_empty(rows.schema());
        let batches = rows.collect::<Result<Vec<_>, _>>();
        let batches = batches.map_err(|error| unreadable(stage, &error))?;
        let batches = [none].into_iter().chain(batches).collect();
        Self::new(join, (parent, columns), (&schema, batches))
    }

    /// A table with the columns `schema`, of which these batches have what is needed and the keys,
    /// to be found by rows of `parent` with the columns `reading`.
    fn new(
        join: &Join,
        (parent, reading): (&StageName, &Schema),
        (schema, batches): (&Schema, Vec<RecordBatch>),
    ) -> Result<Self, Failure> {
        let stage = &join.stage;
        let failure =
            |error: &dyn std::fmt::Display| Failure::reject(FailureKind::Column, stage, error);
        let needed = batches.first().map(RecordBatch::schema);
        let needed = needed.unwrap_or_else(|| Arc::new(Schema::empty()));
        let rows = concat_batches(&needed, &batches).map_err(|error| failure(&error))?;
        let has_candidate = |schema: &Schema| column_of(schema, Role::Candidate).is_some();
        let by_candidate = has_candidate(reading) && has_candidate(schema);
        let columns = |schema: &Schema| {
            let columns = KeyColumns::of(schema, by_candidate);
            columns.ok_or_else(|| failure(&"its keys are missing"))
        };
        let keys = keys(&rows, &columns(schema)?).map_err(|error| failure(&error))?;
        let mut places = HashMap::with_capacity(keys.len());
        for (row, key) in (0u32..).zip(keys) {
            match places.entry(key) {
                Entry::Vacant(place) => {
                    place.insert(row);
                }
                Entry::Occupied(first) => {
                    let name = name(
                        &key,
                        by_candidate,
                        &format!("rows {} and {row}", first.get()),
                    );
                    let message = format!(
                        "stage {stage} has more than one row with the same keys: {name}: what is \
                         joined by its keys must have each once"
                    );
                    return Err(Failure::reject(FailureKind::Parent, stage, message));
                }
            }
        }
        Ok(Self {
            join: join.clone(),
            parent: parent.clone(),
            keys: columns(reading)?,
            places,
            fields: {
                let is_needed = |field: &Arc<Field>| rows.column_by_name(field.name()).is_some();
                let fields = added(schema, Some(join)).into_iter();
                fields.filter(is_needed).collect()
            },
            rows,
        })
    }

    /// The columns of the table for these rows.
    pub(super) fn find(&mut self, rows: &RecordBatch) -> Result<Found, Failure> {
        let stage = &self.join.stage;
        let failure =
            |error: &dyn std::fmt::Display| Failure::reject(FailureKind::Column, stage, error);
        let keys = keys(rows, &self.keys).map_err(|error| failure(&error))?;
        let places = keys.iter().map(|key| self.places.get(key).copied());
        let places: UInt32Array = places.collect();
        if self.join.missing == MissingRows::Error
            && let Some(row) = (0..places.len()).find(|row| places.is_null(*row))
        {
            let parent = &self.parent;
            let name = keys
                .get(row)
                .map(|key| name(key, self.keys.candidate.is_some(), "its keys"));
            let message = format!(
                "stage {stage} has no row for one of stage {parent}: {}; missing = \"drop\" leaves \
                 such rows out, \"null\" keeps them",
                name.unwrap_or_default()
            );
            return Err(Failure::reject(FailureKind::Parent, stage, message));
        }
        let stays = (self.join.missing == MissingRows::Drop).then(|| {
            let is_there = (0..places.len()).map(|row| places.is_valid(row));
            let is_there = BooleanArray::from(is_there.collect::<Vec<_>>());
            (self.join.step(), is_there)
        });
        // Of rows that are left out nobody asks what they hold.
        let places = match stays {
            Some(_) if self.rows.num_rows() > 0 => places
                .iter()
                .map(|place| Some(place.unwrap_or(0)))
                .collect(),
            _ => places,
        };
        let columns = self.fields.iter().map(|field| {
            let column = self.rows.column_by_name(field.name());
            let column = column.ok_or_else(|| failure(&format!("no column {}", field.name())))?;
            take(column, &places, None).map_err(|error| failure(&error))
        });
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        let fields = self.fields.iter().map(|field| match self.rows.num_rows() {
            // There is nothing to take, and nothing of it counts.
            0 => Arc::new(field.as_ref().clone().with_nullable(true)),
            _ => Arc::clone(field),
        });
        Ok(Found {
            fields: fields.collect(),
            columns,
            stays,
        })
    }
}

fn keys(rows: &RecordBatch, columns: &KeyColumns) -> Result<Vec<Key>, String> {
    let column = |name: &str| {
        let missing = || format!("no column {name}");
        rows.column_by_name(name).ok_or_else(missing)
    };
    let [run, lumi, event] = &columns.event;
    let runs = as_u32(run, column(run)?)?;
    let lumis = as_u32(lumi, column(lumi)?)?;
    let events = as_u64(event, column(event)?)?;
    let candidates = match &columns.candidate {
        Some(name) => Some(as_u32(name, column(name)?)?),
        None => None,
    };
    let numbers = runs
        .values()
        .iter()
        .zip(lumis.values())
        .zip(events.values());
    let keys = numbers.enumerate().map(|(row, ((run, lumi), event))| {
        let candidate = candidates.as_ref().map(|all| all.value(row));
        (*run, *lumi, *event, candidate.unwrap_or(0))
    });
    Ok(keys.collect())
}

/// What a row is called in a message.
fn name((run, lumi, event, candidate): &Key, by_candidate: bool, place: &str) -> String {
    let place = match by_candidate {
        true => format!("candidate {candidate}, {place}"),
        false => place.to_owned(),
    };
    named(
        [Some(u64::from(*run)), Some(u64::from(*lumi)), Some(*event)],
        &place,
    )
}

/// The columns of a table by which its rows are told apart.
fn key_columns(schema: &Schema) -> impl Iterator<Item = String> {
    let names = KEYS.into_iter().filter_map(|role| column_of(schema, role));
    names.map(str::to_owned)
}
