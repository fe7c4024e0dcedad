//! Some entries at work: from their graphs to calls, and from calls to columns.

use std::borrow::Cow;
use std::ops::Range;
use std::time::Duration;

use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_select::concat::concat;
use lumimill_common::campaign::{Graph, NanPolicy};
use tracing::debug;

use super::call::Call;
use super::edges::{Nodes, edges};
use super::features::{Columns, Features};
use super::found::Found;
use super::model::Model;
use super::table::{Table, members};
use super::trial::{companion, run};
use super::{LeftOut, Scored, Unscored};
use crate::cpu_time::cpu_time;
use crate::score::doubles;

/// Entries that are looked at together, and members of theirs: what bounds memory, as all of their edges
/// are kept until they are columns.
const ENTRIES: usize = 4_096;
const MEMBERS: u32 = 8_192;

impl Model {
    /// The columns that it adds to rows, each of which is an entry, and what it leaves out.
    pub(crate) fn evaluate(
        &self,
        features: &Features,
        rows: &RecordBatch,
    ) -> Result<Scored, Unscored> {
        let start = cpu_time();
        let mut spent = Spent::default();
        let mut parts: Vec<Vec<ArrayRef>> = Vec::new();
        let mut left_out = LeftOut::default();
        let members = members(features, rows)?;
        let mut first = 0;
        loop {
            let count = together(
                members.get(first..).unwrap_or_default(),
                before(&members, first),
            );
            let part = columns_of(self, features, &rows.slice(first, count), &mut spent);
            let part = part.map_err(|wrong| wrong.after(first))?;
            parts.push(part.columns);
            left_out.nodes += part.left_out.nodes;
            left_out.edges += part.left_out.edges;
            first += count;
            if first >= rows.num_rows() {
                break;
            }
        }
        let columns = parts.first().map_or(0, Vec::len);
        let column = |at: usize| {
            let of_parts = parts.iter().filter_map(|part| part.get(at));
            let of_parts: Vec<&dyn Array> = of_parts.map(AsRef::as_ref).collect();
            concat(&of_parts).map_err(Unscored::whole)
        };
        let columns = (0..columns).map(column).collect::<Result<_, _>>()?;
        let all = cpu_time().zip(start);
        let all = all.map(|(end, start)| end.saturating_sub(start));
        debug!(
            graphs = spent.graphs,
            calls = spent.calls,
            cpu_us = all.map_or(0, |all| all.as_micros() as u64),
            of_it_in_engine_us = spent.in_engine.as_micros() as u64,
            "graphs scored"
        );
        Ok(Scored { columns, left_out })
    }
}

/// What calls of a model took.
#[derive(Debug, Default)]
struct Spent {
    graphs: usize,
    calls: usize,
    in_engine: Duration,
}

/// The columns that a model adds to some entries, and what it leaves out.
fn columns_of(
    model: &Model,
    features: &Features,
    rows: &RecordBatch,
    spent: &mut Spent,
) -> Result<Scored, Unscored> {
    let table = Table::of(features, rows)?;
    let mut work = Work {
        model,
        features,
        nodes: features.of_nodes(&table)?,
        globals: features.of_graphs(&table)?,
        joined_by: joined_by(features, &table)?,
        found: Found::new(model, &table.layout),
        table,
        spent,
    };
    work.look_for_nan()?;
    let (mut next, mut found) = (Next::default(), Vec::new());
    let mut most = model.call_size.next();
    for graph in 0..work.table.layout.count() {
        found.clear();
        work.edges_of(graph, &mut found)?;
        let nodes = work.table.layout.range(graph);
        let weight = model.weight(nodes.len(), found.len());
        let is_full = next.graphs.len() >= model.together || next.weight + weight > most;
        if is_full && !next.graphs.is_empty() {
            let next = std::mem::take(&mut next);
            let weight = next.weight;
            model.call_size.timed(most, weight, || work.call(next))?;
            most = model.call_size.next();
        }
        work.found.count_edges(&work.table.layout, graph, &found);
        // One without nodes has nothing that a model could be given.
        if !nodes.is_empty() {
            next.add(graph, nodes, &found);
            next.weight += weight;
        }
    }
    if !next.graphs.is_empty() {
        work.call(next)?;
    }
    let nodes = work.table.left_out;
    let (columns, edges) = work.found.columns(model, &work.table.layout)?;
    let left_out = LeftOut { nodes, edges };
    Ok(Scored { columns, left_out })
}

/// Graphs that wait for a call.
#[derive(Default)]
struct Next {
    graphs: Vec<usize>,
    /// Of each, where its nodes are in the table.
    ranges: Vec<Range<usize>>,
    /// Both ends of each edge, by the number of the node in the call.
    edges: Vec<(u32, u32)>,
    /// Of each edge, its graph.
    owners: Vec<u32>,
    weight: usize,
}

impl Next {
    fn add(&mut self, graph: usize, nodes: Range<usize>, edges: &[(u32, u32)]) {
        // Graphs come in order, and those between have no nodes.
        let start = self.ranges.first().map_or(nodes.start, |range| range.start);
        let before = (nodes.start - start) as u32;
        let edges = edges.iter().map(|(i, j)| (before + i, before + j));
        self.edges.extend(edges);
        self.owners.resize(self.edges.len(), graph as u32);
        self.graphs.push(graph);
        self.ranges.push(nodes);
    }
}

/// The values of these nodes.
fn part<'a>(column: &'a [f64], nodes: &Range<usize>) -> &'a [f64] {
    column.get(nodes.clone()).unwrap_or_default()
}

/// How many members there are before an entry, of where those of each end.
fn before(ends: &[u32], entry: usize) -> u32 {
    let before = entry.checked_sub(1).and_then(|before| ends.get(before));
    before.copied().unwrap_or(0)
}

/// How many entries are looked at together, the members of which end there, counted from `start`.
fn together(ends: &[u32], start: u32) -> usize {
    let many = ends.iter().take(ENTRIES);
    let many = many.take_while(|end| **end - start <= MEMBERS).count();
    many.max(1).min(ends.len())
}

/// What edges are made by, for all nodes.
fn joined_by(features: &Features, table: &Table) -> Result<Columns, Unscored> {
    let columns = features.joined_by.iter().map(|place| {
        let values = table.values.get(*place).and_then(doubles);
        values.ok_or_else(|| Unscored::whole("a column that edges are made by has no numbers"))
    });
    columns.collect()
}

/// Some entries, as they are worked on.
struct Work<'a> {
    model: &'a Model,
    features: &'a Features,
    table: Table,
    nodes: Columns,
    globals: Columns,
    joined_by: Columns,
    found: Found,
    spent: &'a mut Spent,
}

impl Work<'_> {
    /// The edges of a graph, by the numbers of its nodes.
    fn edges_of(&self, graph: usize, found: &mut Vec<(u32, u32)>) -> Result<(), Unscored> {
        let range = self.table.layout.range(graph);
        let coordinates = self.joined_by.iter();
        let coordinates = coordinates.map(|of| of.get(range.clone()).unwrap_or_default());
        let nodes = Nodes {
            count: range.len(),
            coordinates: coordinates.collect(),
        };
        let Graph {
            edges: rule, loops, ..
        } = &self.model.graph;
        edges(rule, *loops, &nodes, found)
            .map_err(|message| Unscored::of_row(self.table.layout.entry(graph), message))
    }

    fn look_for_nan(&self) -> Result<(), Unscored> {
        if self.model.nan != NanPolicy::Error {
            return Ok(());
        }
        let layout = &self.table.layout;
        let graph = &self.model.graph;
        let found = Features::first_nan(&graph.features, &self.nodes, 0..layout.nodes.len());
        if let Some((node, text)) = found {
            let of = (0..layout.count()).find(|graph| layout.range(*graph).contains(&node));
            return Err(self.is_nan("feature", text, of.unwrap_or(0)));
        }
        match Features::first_nan(&graph.globals, &self.globals, 0..layout.count()) {
            Some((graph, text)) => Err(self.is_nan("global", text, graph)),
            None => Ok(()),
        }
    }

    fn is_nan(&self, what: &str, text: &str, graph: usize) -> Unscored {
        let message =
            format!("its {what} {text} is NaN; nan = \"keep\" gives such graphs to the model");
        Unscored::of_row(self.table.layout.entry(graph), message)
    }

    /// Gives some graphs to the model.
    fn call(&mut self, next: Next) -> Result<(), Unscored> {
        let (graphs, owners) = (&next.graphs[..], &next.owners[..]);
        let layout = &self.table.layout;
        let start = next.ranges.first().map_or(0, |range| range.start);
        let nodes = start..next.ranges.last().map_or(start, |range| range.end);
        let edge_features =
            self.features
                .of_edges(&self.table, nodes.clone(), &next.edges, owners)?;
        if self.model.nan == NanPolicy::Error {
            let texts = &self.model.graph.edge_features;
            let found = Features::first_nan(texts, &edge_features, 0..next.edges.len());
            if let Some((edge, text)) = found {
                let graph = owners.get(edge).map_or(0, |graph| *graph as usize);
                return Err(self.is_nan("edge feature", text, graph));
            }
        }
        let of_graphs = |column: &Vec<f64>| {
            let values = graphs.iter();
            let values = values.filter_map(|graph| column.get(*graph).copied());
            Cow::Owned(values.collect())
        };
        let of_nodes = self.nodes.iter();
        let of_nodes = of_nodes.map(|column| Cow::Borrowed(part(column, &nodes)));
        let call = Call {
            nodes: next.ranges.iter().map(Range::len).collect(),
            edges: next.edges,
            node_features: of_nodes.collect(),
            edge_features: edge_features.into_iter().map(Cow::Owned).collect(),
            globals: self.globals.iter().map(of_graphs).collect(),
            dense: self.features.dense,
        };
        let failed = |message: String| Unscored::whole(message);
        let Model {
            engine,
            inputs,
            of_nodes,
            ..
        } = self.model;
        let start = cpu_time();
        let outputs = match self.model.needs_edges && call.edges.is_empty() {
            false => run(engine.as_ref(), &call, inputs, of_nodes),
            true => {
                let both = call.and(&companion(&self.model.graph));
                let outputs = run(engine.as_ref(), &both, inputs, of_nodes);
                outputs.map(|outputs| self.model.first_of(outputs, &both, &call))
            }
        };
        let outputs = outputs.map_err(failed)?;
        self.spent.graphs += graphs.len();
        self.spent.calls += 1;
        if let Some((end, start)) = cpu_time().zip(start) {
            self.spent.in_engine += end.saturating_sub(start);
        }
        self.model.check(&outputs, &call).map_err(|message| {
            Unscored::of_row(layout.entry(graphs.first().copied().unwrap_or(0)), message)
        })?;
        self.found.take(self.model, layout, graphs, &outputs);
        Ok(())
    }
}
