//! Some graphs as the tensors of one call: side by side, with no edge between them.

use std::borrow::Cow;

use lumimill_common::campaign::GraphInput;

use crate::score::signature::Element;
use crate::score::tensors::{Elements, Extent, Tensor, TensorInput};

/// Values of each of some expressions, one after the other.
type Columns<'a> = Vec<Cow<'a, [f64]>>;

/// The graphs of one call.
#[derive(Debug, Default)]
pub(super) struct Call<'a> {
    /// Of each graph, how many nodes it has.
    pub(super) nodes: Vec<usize>,
    /// Both ends of each edge, by the number of the node in the call.
    pub(super) edges: Vec<(u32, u32)>,
    pub(super) node_features: Columns<'a>,
    pub(super) edge_features: Columns<'a>,
    pub(super) globals: Columns<'a>,
    /// Nodes of each graph where they are given as so many, those that are not there as zeros.
    pub(super) dense: Option<usize>,
}

impl Call<'_> {
    /// How many nodes there are.
    pub(super) fn node_count(&self) -> usize {
        self.nodes.iter().sum()
    }

    /// The same with those of another one behind.
    pub(super) fn and(&self, other: &Call<'_>) -> Call<'static> {
        let before = self.node_count() as u32;
        let both = |mine: &Columns<'_>, theirs: &Columns<'_>| -> Columns<'static> {
            let columns = mine.iter().zip(theirs);
            columns
                .map(|(mine, theirs)| Cow::Owned([mine.as_ref(), theirs].concat()))
                .collect()
        };
        let edges = other.edges.iter().map(|(i, j)| (before + i, before + j));
        Call {
            nodes: [self.nodes.as_slice(), &other.nodes].concat(),
            edges: self.edges.iter().copied().chain(edges).collect(),
            node_features: both(&self.node_features, &other.node_features),
            edge_features: both(&self.edge_features, &other.edge_features),
            globals: both(&self.globals, &other.globals),
            dense: self.dense,
        }
    }

    /// The tensors that a model is given.
    pub(super) fn tensors(&self, inputs: &[(TensorInput, GraphInput)]) -> Vec<Tensor> {
        let inputs = inputs.iter();
        inputs
            .map(|(tensor, input)| self.tensor(tensor, *input))
            .collect()
    }

    fn tensor(&self, tensor: &TensorInput, input: GraphInput) -> Tensor {
        let element = tensor.element;
        let wide =
            |columns: &Columns<'_>, rows| (rows, Elements::side_by_side(element, columns, rows));
        let (rows, values) = match input {
            GraphInput::Nodes => match self.dense {
                Some(size) => self.padded(element, &self.node_features, size),
                None => wide(&self.node_features, self.node_count()),
            },
            GraphInput::Mask => {
                let ones = vec![Cow::Owned(vec![1.0; self.node_count()])];
                self.padded(element, &ones, self.dense.unwrap_or(0))
            }
            GraphInput::EdgeFeatures => wide(&self.edge_features, self.edges.len()),
            GraphInput::Globals => wide(&self.globals, self.nodes.len()),
            GraphInput::Graphs => {
                let graphs = self.nodes.len();
                (graphs, Elements::of(element, vec![0.0; graphs]))
            }
            GraphInput::GraphOfNode => {
                let graphs = self.nodes.iter().zip(0_u32..);
                let of = graphs.flat_map(|(nodes, graph)| std::iter::repeat_n(graph, *nodes));
                (self.node_count(), index(element, of))
            }
            GraphInput::Edges => (self.edges.len(), ends(element, &self.edges)),
        };
        let extent = |extent: &Extent| match extent {
            Extent::Free(_) => rows,
            Extent::Fixed(size) => *size,
        };
        Tensor {
            shape: tensor.extents.iter().map(extent).collect(),
            values,
        }
    }
}

impl Call<'_> {
    /// Columns side by side, those of each graph filled up with zeros to so many rows.
    fn padded(&self, element: Element, columns: &Columns<'_>, size: usize) -> (usize, Elements) {
        let graphs = self.nodes.len();
        let mut values = Vec::with_capacity(graphs * size * columns.len());
        let mut row = 0;
        for (nodes, before) in self.nodes.iter().zip(0..) {
            for node in row..row + nodes {
                values.extend(
                    columns
                        .iter()
                        .filter_map(|column| column.get(node).copied()),
                );
            }
            row += nodes;
            values.resize((before + 1) * size * columns.len(), 0.0);
        }
        (graphs, Elements::of(element, values))
    }

    /// An output of nodes of graphs of one size as one of the nodes that there are; any other as it
    /// is.
    pub(super) fn unpadded(&self, output: Tensor) -> Tensor {
        let Some(size) = self.dense else {
            return output;
        };
        let rest = match output.shape.as_slice() {
            [graphs, nodes, rest @ ..] if *graphs == self.nodes.len() && *nodes == size => rest,
            _ => return output,
        };
        let width: usize = rest.iter().product();
        let starts = (0..self.nodes.len()).map(|graph| graph * size * width);
        let ranges = starts.zip(&self.nodes);
        let ranges = ranges.map(|(start, nodes)| start..start + nodes * width);
        let mut shape = vec![self.node_count()];
        shape.extend_from_slice(rest);
        Tensor {
            shape,
            values: output.values.of_ranges(ranges),
        }
    }
}

fn index(element: Element, places: impl Iterator<Item = u32>) -> Elements {
    match element {
        Element::Int => Elements::Int(places.map(|place| place.cast_signed()).collect()),
        _ => Elements::Long(places.map(i64::from).collect()),
    }
}

/// The first ends of all edges, then the second ones.
fn ends(element: Element, edges: &[(u32, u32)]) -> Elements {
    fn both<T>(edges: &[(u32, u32)], of: impl Fn(u32) -> T) -> Vec<T> {
        let mut all = Vec::with_capacity(edges.len() * 2);
        all.extend(edges.iter().map(|(from, _)| of(*from)));
        all.extend(edges.iter().map(|(_, to)| of(*to)));
        all
    }
    match element {
        Element::Int => Elements::Int(both(edges, u32::cast_signed)),
        _ => Elements::Long(both(edges, i64::from)),
    }
}
