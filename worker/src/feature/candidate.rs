//! Candidates: which rows the events of a batch give.
//!
//! Knows collections and their members; nothing of the columns that rows will have.

mod formed;
mod pair;

use std::collections::BTreeSet;

use arrow_array::RecordBatch;
use lumimill_common::campaign::{Charge, Rows};
use lumimill_common::expression::{Checked, Index, Inputs, Kind, RowIndex, Scope, list_ends};
use lumimill_common::suggest;

use super::scattered::scattered;
use super::{Problems, RunError};
use formed::events_of;

pub(crate) use formed::Formed;

/// What a row is, compiled for a schema.
#[derive(Debug)]
pub(crate) enum Candidates {
    /// An event.
    Event,
    /// A member of a collection.
    Each(Collection),
    /// Two members of a collection.
    Pairs(Collection, Box<Ordering>),
}

/// A collection whose members pass a condition.
#[derive(Debug)]
pub(crate) struct Collection {
    name: String,
    condition: Option<Checked>,
    /// The list column that says how many members each event has.
    lengths: String,
}

/// How members become pairs.
#[derive(Debug)]
pub(crate) struct Ordering {
    pt: Checked,
    charge: Option<(Checked, Charge)>,
}

impl Candidates {
    /// Compiles `rows` for the columns of `events`; `path` is where they are in the campaign.
    pub(crate) fn compile(
        rows: &Rows,
        path: &str,
        events: &Scope,
        problems: &mut Problems,
    ) -> Option<Self> {
        let (key, name, condition) = match rows {
            Rows::Event => return Some(Self::Event),
            Rows::Each {
                collection,
                condition,
            } => ("each", collection, condition),
            Rows::Pairs {
                collection,
                condition,
                ..
            } => ("pairs", collection, condition),
        };
        let path = |key: &str| format!("{path}.{key}");
        if !events.has_collection(name) {
            problems.add(path(key), no_collection(name, events));
            return None;
        }
        let members = events.each(name);
        let condition = condition
            .as_ref()
            .map(|text| problems.check(path("where"), text, &members, Some(Kind::Bool)));
        let ordering = match rows {
            Rows::Pairs { charge, .. } => {
                let mut member = |key: &str, member: &str| {
                    if events.member_column(name, member).is_none() {
                        problems.add(
                            path(key),
                            format!("this needs {name}_{member}, which is missing"),
                        );
                        return None;
                    }
                    problems.check(path(key), member, &members, Some(Kind::Float))
                };
                let pt = member("pairs", "pt");
                let charge = match charge {
                    Charge::Any => Some(None),
                    charge => member("charge", "charge").map(|of| Some((of, *charge))),
                };
                Some(Ordering {
                    pt: pt?,
                    charge: charge?,
                })
            }
            _ => None,
        };
        let lengths = ["pt", "eta"]
            .iter()
            .find_map(|member| events.member_column(name, member));
        let lengths = lengths
            .or_else(|| events.columns_of(name).next())
            .unwrap_or(name)
            .to_owned();
        let condition = match condition {
            Some(condition) => Some(condition?),
            None => None,
        };
        let collection = Collection {
            name: name.clone(),
            condition,
            lengths,
        };
        Some(match ordering {
            Some(ordering) => Self::Pairs(collection, Box::new(ordering)),
            None => Self::Each(collection),
        })
    }

    /// The scope of the rows, given that of events.
    pub(crate) fn scope(rows: &Rows, events: &Scope) -> Scope {
        match rows {
            Rows::Event => events.clone(),
            Rows::Each { collection, .. } => events.each(collection),
            Rows::Pairs { collection, .. } => events.pairs(collection),
        }
    }

    /// Takes the lengths of the collection from a column that is read anyway, if one is.
    pub(crate) fn prefer_lengths(&mut self, read: &BTreeSet<String>, events: &Scope) {
        if let Self::Each(collection) | Self::Pairs(collection, _) = self
            && let Some(column) = events
                .columns_of(&collection.name)
                .find(|name| read.contains(*name))
        {
            collection.lengths = column.to_owned();
        }
    }

    /// Adds the input columns that forming candidates reads.
    pub(crate) fn collect_columns(&self, columns: &mut BTreeSet<String>) {
        let (collection, ordering) = match self {
            Self::Event => return,
            Self::Each(collection) => (collection, None),
            Self::Pairs(collection, ordering) => (collection, Some(ordering)),
        };
        let mut add = |checked: &Checked| columns.extend(checked.columns().iter().cloned());
        collection.condition.iter().for_each(&mut add);
        if let Some(ordering) = ordering {
            add(&ordering.pt);
            ordering.charge.iter().for_each(|(charge, _)| add(charge));
        }
    }

    /// The list column that says how many members each event has.
    pub(crate) fn lengths(&self) -> Option<&str> {
        match self {
            Self::Event => None,
            Self::Each(collection) | Self::Pairs(collection, _) => Some(&collection.lengths),
        }
    }

    /// The rows that the `passing` events of `batch` give.
    pub(crate) fn form(&self, batch: &RecordBatch, passing: &Index) -> Result<Formed, RunError> {
        let (collection, ordering) = match self {
            Self::Event => return Ok(Formed::of_events(passing.clone())),
            Self::Each(collection) => (collection, None),
            Self::Pairs(collection, ordering) => (collection, Some(ordering)),
        };
        let column = batch.column_by_name(&collection.lengths);
        let ends = column
            .and_then(list_ends)
            .ok_or_else(|| RunError::Lengths(collection.lengths.clone()))?;
        let members = ends.last().map_or(0, |end| *end as usize);
        let inputs = Inputs::rows(batch, members_of(&ends, members)?)?;
        let passes = match &collection.condition {
            Some(condition) if condition.is_partial() => {
                Some(passing_members(condition, batch, passing, &ends)?)
            }
            Some(condition) => Some(condition.evaluate(&inputs)?.into_bools().into_vec(members)),
            None => None,
        };
        match ordering {
            None => form_each(passing, &ends, passes.as_deref()),
            Some(ordering) => {
                let pt = ordering
                    .pt
                    .evaluate(&inputs)?
                    .into_floats()
                    .into_vec(members);
                let charge = match &ordering.charge {
                    Some((charge, wanted)) => Some((
                        charge.evaluate(&inputs)?.into_floats().into_vec(members),
                        *wanted,
                    )),
                    None => None,
                };
                pair::form_pairs(passing, &ends, passes.as_deref(), &pt, charge)
            }
        }
    }
}

/// One row per member of every event.
fn members_of(ends: &[u32], members: usize) -> Result<RowIndex, RunError> {
    let mut events = Vec::with_capacity(members);
    for (event, end) in ends.iter().enumerate() {
        events.resize(*end as usize, event as u32);
    }
    Ok(RowIndex::members(
        Index::Chosen(events),
        Index::All(members),
        vec![Index::All(members)],
    )?)
}

/// Per member of every event, whether it is of a passing event and `condition` holds for it: one
/// that may have no value is evaluated only where it is asked for.
fn passing_members(
    condition: &Checked,
    batch: &RecordBatch,
    passing: &Index,
    ends: &[u32],
) -> Result<Vec<bool>, RunError> {
    let (mut events, mut places) = (Vec::new(), Vec::new());
    for (event, range) in events_of(passing, ends) {
        places.extend(range);
        events.resize(places.len(), event);
    }
    let members = Index::Chosen(places.clone());
    let slots = vec![Index::All(places.len())];
    let rows = RowIndex::members(Index::Chosen(events), members, slots)?;
    let inputs = Inputs::rows(batch, rows)?;
    let passes = condition.evaluate(&inputs)?.into_bools();
    let all = ends.last().map_or(0, |end| *end as usize);
    Ok(scattered(&places, &passes.into_vec(places.len()), all))
}

fn form_each(passing: &Index, ends: &[u32], passes: Option<&[bool]>) -> Result<Formed, RunError> {
    let (mut events, mut members, mut number) = (Vec::new(), Vec::new(), Vec::new());
    for (event, range) in events_of(passing, ends) {
        let first = members.len();
        match passes {
            None => members.extend(range),
            Some(passes) => {
                members
                    .extend(range.filter(|at| passes.get(*at as usize).copied().unwrap_or(false)));
            }
        }
        events.resize(members.len(), event);
        number.extend(0..(members.len() - first) as u32);
    }
    let (events, members) = (Index::Chosen(events), Index::Chosen(members));
    let slots = vec![Index::All(members.len())];
    let index = RowIndex::members(events.clone(), members.clone(), slots)?;
    Ok(Formed {
        index,
        events,
        member: Some(members),
        number,
    })
}

fn no_collection(name: &str, events: &Scope) -> String {
    let near = suggest::nearest(name, events.collections());
    let near = near.map_or_else(String::new, |near| format!("; nearest: {near}"));
    format!("no collection \"{name}\" (list branches named {name}_…){near}")
}
