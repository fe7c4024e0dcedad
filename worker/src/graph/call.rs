//! Some graphs as the tensors of one call: side by side, with no edge between them.

use lumimill_common::campaign::GraphInput;

use super::features::Columns;
use crate::score::signature::Element;
use crate::score::tensors::{Elements, Extent, Tensor, TensorInput};

/// Edges of a call: what is fastest, and bounds its memory. A larger graph has a call of its own.
pub(super) const CALL_EDGES: usize = 7_000;
/// Graphs of a call.
pub(super) const CALL_GRAPHS: usize = 16;

/// The graphs of one call.
#[derive(Debug, Default)]
pub(super) struct Call {
    /// Of each graph, how many nodes it has.
    pub(super) nodes: Vec<usize>,
    /// Both ends of each edge, by the number of the node in the call.
    pub(super) edges: Vec<(u32, u32)>,
    pub(super) node_features: Columns,
    pub(super) edge_features: Columns,
    pub(super) globals: Columns,
}

impl Call {
    /// How many nodes there are.
    pub(super) fn node_count(&self) -> usize {
        self.nodes.iter().sum()
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
        let (rows, values) = match input {
            GraphInput::Nodes => wide(element, &self.node_features, self.node_count()),
            GraphInput::EdgeFeatures => wide(element, &self.edge_features, self.edges.len()),
            GraphInput::Globals => wide(element, &self.globals, self.nodes.len()),
            GraphInput::Graphs => {
                let graphs = self.nodes.len();
                (graphs, Elements::of(element, vec![0.0; graphs]))
            }
            GraphInput::GraphOfNode => {
                let graphs = self.nodes.iter().zip(0_u32..);
                let of = graphs.flat_map(|(nodes, graph)| std::iter::repeat_n(graph, *nodes));
                (self.node_count(), index(element, of))
            }
            GraphInput::Edges => {
                let from = self.edges.iter().map(|(from, _)| *from);
                let to = self.edges.iter().map(|(_, to)| *to);
                (self.edges.len(), index(element, from.chain(to)))
            }
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

/// Columns side by side.
fn wide(element: Element, columns: &Columns, rows: usize) -> (usize, Elements) {
    let mut values = Vec::with_capacity(rows.saturating_mul(columns.len()));
    for row in 0..rows {
        values.extend(columns.iter().filter_map(|column| column.get(row).copied()));
    }
    (rows, Elements::of(element, values))
}

fn index(element: Element, places: impl Iterator<Item = u32>) -> Elements {
    match element {
        Element::Int => Elements::Int(places.map(|place| place.cast_signed()).collect()),
        _ => Elements::Long(places.map(i64::from).collect()),
    }
}
