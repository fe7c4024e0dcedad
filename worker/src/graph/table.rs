//! A table of the graphs of some entries: what nodes have as lists, and what graphs have.

use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, RecordBatch, RecordBatchOptions, UInt32Array};
use arrow_schema::Schema;
use arrow_select::take::take;
use lumimill_common::expression::{EvaluateError, list_ends, list_values, same_lengths};

use super::Unscored;
use super::column_names::{column_name, field_of};
use super::features::Features;
use super::layout::Layout;
use super::source::{Of, Source};
use crate::feature::{list_column, without_nulls};
use crate::score::doubles;

/// The graphs of some entries.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) layout: Layout,
    /// Of each source, a value for each node, or else for each graph.
    pub(super) values: Vec<ArrayRef>,
    /// One row a graph.
    pub(super) batch: RecordBatch,
    /// Nodes that graphs were too large for.
    pub(super) left_out: u64,
}

impl Table {
    /// The graphs of entries that have these columns.
    pub(super) fn of(features: &Features, rows: &RecordBatch) -> Result<Self, Unscored> {
        let members = column(rows, &features.lengths)?;
        let of_nodes = features
            .sources
            .iter()
            .filter(|source| source.of == Of::Node);
        let of_nodes = of_nodes.map(|source| &source.column);
        for name in of_nodes.chain(&features.per) {
            let other = (name.as_str(), column(rows, name)?);
            same_lengths((&features.lengths, members), other).map_err(|error| of_entry(&error))?;
        }
        let ends = ends(&features.lengths, members)?;
        let mut layout = match &features.per {
            None => Layout::of_entries(ends),
            Some(per) => Layout::of_groups(per, ends, &whole(per, column(rows, per)?)?)?,
        };
        let left_out = truncated(features, rows, &mut layout)?;
        let of = |source: &Source| values(source, rows, &layout);
        let values = features.sources.iter().map(of);
        let values: Vec<ArrayRef> = values.collect::<Result<_, _>>()?;
        let batch = batch(features, &layout, &values)?;
        Ok(Self {
            layout,
            values,
            batch,
            left_out,
        })
    }

    /// An error of one of its rows.
    pub(super) fn unscored(&self, error: &EvaluateError) -> Unscored {
        Unscored {
            row: error.entry().map(|graph| self.layout.entry(graph)),
            message: error.to_string(),
        }
    }
}

/// Of each entry, where the members end that are nodes.
pub(super) fn members(features: &Features, rows: &RecordBatch) -> Result<Vec<u32>, Unscored> {
    ends(&features.lengths, column(rows, &features.lengths)?)
}

/// Leaves in graphs of one size as many nodes as there is room for; says how many are left out.
fn truncated(
    features: &Features,
    rows: &RecordBatch,
    layout: &mut Layout,
) -> Result<u64, Unscored> {
    let Some(most) = features.dense else {
        return Ok(0);
    };
    let ranks = features.ranked_by.as_ref().map(|name| {
        let values = list_values(column(rows, name)?).and_then(|values| doubles(&values));
        values.ok_or_else(|| Unscored::whole(format!("column {name} has no numbers")))
    });
    layout.truncate(most, ranks.transpose()?.as_deref())
}

fn of_entry(error: &EvaluateError) -> Unscored {
    Unscored {
        row: error.entry(),
        message: error.to_string(),
    }
}

fn column<'a>(rows: &'a RecordBatch, name: &str) -> Result<&'a ArrayRef, Unscored> {
    let found = rows.column_by_name(name);
    found.ok_or_else(|| Unscored::whole(format!("no column {name}")))
}

fn ends(name: &str, column: &ArrayRef) -> Result<Vec<u32>, Unscored> {
    let ends = list_ends(column);
    ends.ok_or_else(|| Unscored::whole(format!("column {name} is no list without nulls")))
}

/// The values of a list of whole numbers; -1 for null.
fn whole(name: &str, column: &ArrayRef) -> Result<Vec<i64>, Unscored> {
    let values = list_values(column).and_then(|values| doubles(&values));
    let values = values.ok_or_else(|| Unscored::whole(format!("column {name} is no list")))?;
    let number = |value: f64| if value.is_nan() { -1 } else { value as i64 };
    Ok(values.into_iter().map(number).collect())
}

fn values(source: &Source, rows: &RecordBatch, layout: &Layout) -> Result<ArrayRef, Unscored> {
    let name = &source.column;
    let found = column(rows, name)?;
    let taken = |values: &ArrayRef, at: &[u32]| {
        let values = take(values, &UInt32Array::from(at.to_vec()), None);
        values.map(without_nulls).map_err(Unscored::whole)
    };
    let list = || {
        let values = list_values(found);
        values.ok_or_else(|| Unscored::whole(format!("column {name} is no list without nulls")))
    };
    match &source.of {
        Of::Entry => taken(found, &layout.entries),
        Of::Node => match (list()?, layout.has_all_nodes()) {
            (values, true) => Ok(without_nulls(values)),
            (values, false) => taken(&values, &layout.nodes),
        },
        Of::Graph => {
            let (values, ends) = (list()?, ends(name, found)?);
            let mut counts = ends.iter().zip(&layout.graphs);
            if let Some(entry) = counts.position(|(end, graphs)| *end as usize != *graphs) {
                let start = entry.checked_sub(1).and_then(|before| ends.get(before));
                let found = ends.get(entry).copied().unwrap_or(0) - start.copied().unwrap_or(0);
                let graphs = layout.graphs.get(entry).copied().unwrap_or(0);
                let graphs = graphs - layout.first_graph(entry);
                let message = format!(
                    "column \"{name}\" has {found} values for {graphs} groups: it is of other groups"
                );
                return Err(Unscored::of_row(entry, message));
            }
            Ok(without_nulls(values))
        }
        Of::Group(of) => {
            let groups = whole(of, column(rows, of)?)?;
            let numbers = doubles(&list()?);
            let numbers =
                numbers.ok_or_else(|| Unscored::whole(format!("column {name} has no numbers")))?;
            let found = of_groups(name, (of, &groups), (&numbers, &ends(name, found)?), layout)?;
            Ok(Arc::new(Float64Array::from(found)))
        }
    }
}

/// Of each node, what its group has; NaN where it is in none.
fn of_groups(
    name: &str,
    (of, groups): (&str, &[i64]),
    (values, ends): (&[f64], &[u32]),
    layout: &Layout,
) -> Result<Vec<f64>, Unscored> {
    let mut found = Vec::with_capacity(layout.nodes.len());
    for graph in 0..layout.count() {
        let entry = layout.entry(graph);
        let first = entry.checked_sub(1).and_then(|before| ends.get(before));
        let first = first.copied().unwrap_or(0) as usize;
        let count = ends.get(entry).map_or(0, |end| *end as usize) - first;
        for place in layout.nodes.get(layout.range(graph)).unwrap_or_default() {
            let group = groups.get(*place as usize).copied().unwrap_or(-1);
            found.push(match usize::try_from(group) {
                Err(_) => f64::NAN,
                Ok(group) if group < count => values.get(first + group).copied().unwrap_or(f64::NAN),
                Ok(group) => {
                    let message = format!(
                        "column \"{name}\" has {count} values, and \"{of}\" names the group {group}: \
                         it is of other groups"
                    );
                    return Err(Unscored::of_row(entry, message));
                }
            });
        }
    }
    Ok(found)
}

fn batch(
    features: &Features,
    layout: &Layout,
    values: &[ArrayRef],
) -> Result<RecordBatch, Unscored> {
    let (mut fields, mut columns) = (Vec::new(), Vec::new());
    for (place, (source, values)) in features.sources.iter().zip(values).enumerate() {
        let name = column_name(place, source);
        let column = match source.is_of_nodes() {
            true => list_column(&name, Arc::clone(values), &layout.ends, false)
                .map_err(Unscored::whole)?,
            false => Arc::clone(values),
        };
        fields.push(field_of(name, column.data_type().clone()));
        columns.push(column);
    }
    let options = RecordBatchOptions::new().with_row_count(Some(layout.count()));
    let schema = Arc::new(Schema::new(fields));
    RecordBatch::try_new_with_options(schema, columns, &options).map_err(Unscored::whole)
}
