//! What came back of calls, as columns that grow.

use arrow_array::{ArrayRef, Int32Array};
use lumimill_common::campaign::{Level, WrittenEdges};

use super::Unscored;
use super::columns::{Values, ends_column};
use super::layout::Layout;
use super::model::Model;
use crate::score::tensors::Tensor;

/// Columns as they grow.
pub(super) struct Found {
    values: Vec<Values>,
    /// Both ends of every edge, among the members of its entry.
    ends: [Vec<i32>; 2],
    /// Of each graph, where its edges end.
    edges: Vec<usize>,
    /// Whether edges are kept.
    has_edges: bool,
}

impl Found {
    pub(super) fn new(model: &Model, layout: &Layout) -> Self {
        let values = model.columns.iter().map(|column| {
            let mut values = Values::of(&column.stored);
            values.resize(match column.level {
                Level::Node => layout.members.last().map_or(0, |members| *members as usize),
                Level::Graph => layout.count(),
                Level::Edge => 0,
            });
            values
        });
        Self {
            values: values.collect(),
            ends: [Vec::new(), Vec::new()],
            edges: Vec::with_capacity(layout.count()),
            has_edges: !model.graph.ends.is_empty(),
        }
    }

    /// Notes which edges a graph has.
    pub(super) fn count_edges(&mut self, layout: &Layout, graph: usize, edges: &[(u32, u32)]) {
        if !self.has_edges {
            return;
        }
        let first = layout.first_member(layout.entry(graph));
        let nodes = layout.nodes.get(layout.range(graph)).unwrap_or_default();
        let member = |node: u32| {
            let place = nodes.get(node as usize).copied().unwrap_or(first);
            (place - first).cast_signed()
        };
        let [from, to] = &mut self.ends;
        from.extend(edges.iter().map(|(i, _)| member(*i)));
        to.extend(edges.iter().map(|(_, j)| member(*j)));
        self.edges.push(from.len());
    }

    /// Takes what a model gave for some graphs.
    pub(super) fn take(
        &mut self,
        model: &Model,
        layout: &Layout,
        graphs: &[usize],
        outputs: &[Tensor],
    ) {
        for (column, values) in model.columns.iter().zip(&mut self.values) {
            let Some(output) = outputs.get(column.output) else {
                continue;
            };
            let which = (column.first, column.shape.iter().product());
            match column.level {
                Level::Graph => values.put(output, which, graphs.iter().copied()),
                Level::Node => {
                    let nodes = graphs.iter().map(|graph| layout.range(*graph));
                    let nodes = nodes.filter_map(|range| layout.nodes.get(range));
                    values.put(output, which, nodes.flatten().map(|place| *place as usize));
                }
                // Graphs come in order, and those between have no edges.
                Level::Edge => {
                    let start = values.len();
                    let count = output.shape.first().copied().unwrap_or(0);
                    values.resize(start + count);
                    values.put(output, which, start..start + count);
                }
            }
        }
    }

    /// The columns, and how many edges are not among them.
    pub(super) fn columns(
        mut self,
        model: &Model,
        layout: &Layout,
    ) -> Result<(Vec<ArrayRef>, u64), Unscored> {
        let left_out = self.leave_out_edges(model);
        let members: Vec<usize> = layout.members.iter().map(|end| *end as usize).collect();
        let edges = layout.graphs.iter().map(|graphs| {
            let last = graphs.checked_sub(1).and_then(|last| self.edges.get(last));
            last.copied().unwrap_or(0)
        });
        let edges: Vec<usize> = edges.collect();
        let mut columns = Vec::with_capacity(self.values.len() + model.graph.ends.len());
        for (column, values) in model.columns.iter().zip(self.values) {
            columns.push(match column.level {
                Level::Node => values.list(&column.name, &members)?,
                Level::Edge => values.list(&column.name, &edges)?,
                Level::Graph if model.graph.per.is_some() => {
                    values.list(&column.name, &layout.graphs)?
                }
                Level::Graph => values.column(),
            });
        }
        let [from, to] = self.ends.map(Int32Array::from);
        for (place, name) in model.graph.ends.iter().enumerate() {
            let nodes = if place % 2 == 0 { &from } else { &to };
            columns.push(ends_column(name, nodes.clone(), &edges)?);
        }
        Ok((columns, left_out))
    }

    /// Leaves edges out whose value is below the least one that is written, or NaN; says how many.
    fn leave_out_edges(&mut self, model: &Model) -> u64 {
        let Some(WrittenEdges { column, least }) = &model.graph.written else {
            return 0;
        };
        let mut columns = model.columns.iter().zip(&self.values);
        let values = columns.find(|(known, _)| known.name == *column);
        let Some(stay) = values.map(|(_, values)| values.at_least(least.value())) else {
            return 0;
        };
        let of_edges = model.columns.iter().zip(&mut self.values);
        for (_, values) in of_edges.filter(|(column, _)| column.level == Level::Edge) {
            values.retain(&stay);
        }
        for ends in &mut self.ends {
            let mut stays = stay.iter();
            ends.retain(|_| stays.next().copied().unwrap_or(false));
        }
        let mut left = Vec::with_capacity(stay.len() + 1);
        left.push(0);
        for stays in &stay {
            left.push(left.last().copied().unwrap_or(0) + usize::from(*stays));
        }
        for end in &mut self.edges {
            *end = left.get(*end).copied().unwrap_or(0);
        }
        stay.iter().filter(|stays| !**stays).count() as u64
    }
}
