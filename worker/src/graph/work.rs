//! Some entries at work: from their graphs to calls, and from calls to columns.

use std::ops::Range;

use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_select::concat::concat;
use lumimill_common::campaign::{Graph, NanPolicy};

use super::call::Call;
use super::edges::{Nodes, edges};
use super::features::{Columns, Features};
use super::found::Found;
use super::model::Model;
use super::table::Table;
use super::trial::{companion, run};
use super::{LeftOut, Scored, Unscored};
use crate::score::doubles;

/// Entries that are looked at together: what bounds memory, as all of their edges are kept until
/// they are columns.
const ENTRIES: usize = 256;

impl Model {
    /// The columns that it adds to rows, each of which is an entry, and what it leaves out.
    pub(crate) fn evaluate(
        &self,
        features: &Features,
        rows: &RecordBatch,
    ) -> Result<Scored, Unscored> {
        let mut parts: Vec<Vec<ArrayRef>> = Vec::new();
        let mut left_out = LeftOut::default();
        let mut first = 0;
        loop {
            let count = ENTRIES.min(rows.num_rows() - first);
            let part = columns_of(self, features, &rows.slice(first, count));
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
        Ok(Scored {
            columns: (0..columns).map(column).collect::<Result<_, _>>()?,
            left_out,
        })
    }
}

/// The columns that a model adds to some entries, and what it leaves out.
fn columns_of(model: &Model, features: &Features, rows: &RecordBatch) -> Result<Scored, Unscored> {
    let table = Table::of(features, rows)?;
    let mut work = Work {
        model,
        features,
        nodes: features.of_nodes(&table)?,
        globals: features.of_graphs(&table)?,
        joined_by: joined_by(features, &table)?,
        found: Found::new(model, &table.layout),
        table,
    };
    work.look_for_nan()?;
    let mut next = Next::default();
    let mut most = model.call_size.next();
    for graph in 0..work.table.layout.count() {
        let found = work.edges_of(graph)?;
        let nodes = work.table.layout.range(graph).len();
        let weight = model.weight(nodes, found.len());
        let is_full = next.graphs.len() >= model.together || next.weight + weight > most;
        if is_full && !next.graphs.is_empty() {
            model
                .call_size
                .timed(most, next.weight, || work.call(&next))?;
            next = Next::default();
            most = model.call_size.next();
        }
        work.found.count_edges(&work.table.layout, graph, &found);
        // One without nodes has nothing that a model could be given.
        if nodes > 0 {
            next.weight += weight;
            next.graphs.push(graph);
            next.edges.push(found);
        }
    }
    if !next.graphs.is_empty() {
        work.call(&next)?;
    }
    let nodes = work.table.left_out;
    let (columns, edges) = work.found.columns(model, &work.table.layout)?;
    let left_out = LeftOut { nodes, edges };
    Ok(Scored { columns, left_out })
}

/// Graphs that wait for a call, with their edges.
#[derive(Default)]
struct Next {
    graphs: Vec<usize>,
    edges: Vec<Vec<(u32, u32)>>,
    weight: usize,
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
}

impl Work<'_> {
    /// The edges of a graph, by the numbers of its nodes.
    fn edges_of(&self, graph: usize) -> Result<Vec<(u32, u32)>, Unscored> {
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
        edges(rule, *loops, &nodes)
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
    fn call(&mut self, next: &Next) -> Result<(), Unscored> {
        let (graphs, edges_of) = (&next.graphs[..], &next.edges[..]);
        let layout = &self.table.layout;
        let ranges = graphs.iter().map(|graph| layout.range(*graph));
        let ranges: Vec<Range<usize>> = ranges.collect();
        // Graphs come in order, and those between have no nodes.
        let start = ranges.first().map_or(0, |range| range.start);
        let nodes = start..ranges.last().map_or(start, |range| range.end);
        let count = edges_of.iter().map(Vec::len).sum();
        let (mut in_call, mut owners) = (Vec::with_capacity(count), Vec::with_capacity(count));
        for ((graph, range), edges) in graphs.iter().zip(&ranges).zip(edges_of) {
            let before = (range.start - start) as u32;
            in_call.extend(edges.iter().map(|(i, j)| (before + i, before + j)));
            owners.resize(in_call.len(), *graph as u32);
        }
        let edge_features =
            self.features
                .of_edges(&self.table, nodes.clone(), &in_call, &owners)?;
        if self.model.nan == NanPolicy::Error {
            let texts = &self.model.graph.edge_features;
            let found = Features::first_nan(texts, &edge_features, 0..in_call.len());
            if let Some((edge, text)) = found {
                let graph = owners.get(edge).map_or(0, |graph| *graph as usize);
                return Err(self.is_nan("edge feature", text, graph));
            }
        }
        let of_nodes = |column: &Vec<f64>| column.get(nodes.clone()).unwrap_or_default().to_vec();
        let of_graphs = |column: &Vec<f64>| {
            let values = graphs
                .iter()
                .filter_map(|graph| column.get(*graph).copied());
            values.collect()
        };
        let call = Call {
            nodes: ranges.iter().map(Range::len).collect(),
            edges: in_call,
            node_features: self.nodes.iter().map(of_nodes).collect(),
            edge_features,
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
        let outputs = match self.model.needs_edges && call.edges.is_empty() {
            false => run(engine.as_ref(), &call, inputs, of_nodes),
            true => {
                let both = call.and(&companion(&self.model.graph));
                let outputs = run(engine.as_ref(), &both, inputs, of_nodes);
                outputs.map(|outputs| self.model.first_of(outputs, &both, &call))
            }
        };
        let outputs = outputs.map_err(failed)?;
        self.model.check(&outputs, &call).map_err(|message| {
            Unscored::of_row(layout.entry(graphs.first().copied().unwrap_or(0)), message)
        })?;
        self.found.take(self.model, layout, graphs, &outputs);
        Ok(())
    }
}
