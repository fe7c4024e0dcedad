//! What evaluates a model that is given graphs: tensors of nodes and edges, not rows.

use lumimill_common::campaign::EngineChoice;

use crate::score::onnx::{Graph, Port};
use crate::score::signature::{self, Element, element_of};
use crate::score::tensor_engine;
use crate::score::tensors::{Axis, Extent, TensorInput};

/// What the tables of a model may be of, in their order: its file does not say.
const ORDERS: [[Axis; 3]; 6] = [
    [Axis::Nodes, Axis::Edges, Axis::Graphs],
    [Axis::Nodes, Axis::Graphs, Axis::Edges],
    [Axis::Edges, Axis::Nodes, Axis::Graphs],
    [Axis::Edges, Axis::Graphs, Axis::Nodes],
    [Axis::Graphs, Axis::Nodes, Axis::Edges],
    [Axis::Graphs, Axis::Edges, Axis::Nodes],
];

/// Nodes of each graph where a file leaves that open.
const NODES: usize = 8;
/// What tables of one size may be of: they are of graphs alone.
const DENSE: [[Axis; 3]; 1] = [[Axis::Graphs; 3]];

/// Whether a model has an input of graphs of one size: a table for each.
pub(super) fn is_dense(graph: &Graph) -> bool {
    let ports = signature::inputs(graph);
    let is_table = |port: &&Port| matches!(port.shape.as_deref(), Some([_, _, Some(_)]));
    !ports.iter().any(|port| is_edges(port)) && ports.iter().any(is_table)
}

/// The engine that takes a model of graphs, or why there is none; nothing where no input has the
/// shape of edges, two numbers of nodes for each, and none is a table for each graph.
pub(super) fn engine(
    bytes: &[u8],
    graph: &Graph,
    choice: EngineChoice,
) -> Option<Result<String, String>> {
    let ports = signature::inputs(graph);
    let orders = match (ports.iter().any(|port| is_edges(port)), is_dense(graph)) {
        (true, _) => &ORDERS[..],
        (false, true) => &DENSE[..],
        (false, false) => return None,
    };
    let outputs: Vec<String> = graph.outputs.iter().map(|port| port.name.clone()).collect();
    let mut first = None;
    for order in orders {
        let mut axes = order.iter().copied().cycle();
        let inputs = ports.iter().map(|port| input(port, &mut axes));
        let inputs = inputs.collect::<Option<Vec<TensorInput>>>()?;
        match tensor_engine::load(bytes, &inputs, &outputs, (choice, None)) {
            Ok(engine) => return Some(Ok(engine.name().to_owned())),
            Err(why) => first = first.or(Some(why)),
        }
    }
    first.map(Err)
}

fn is_edges(port: &Port) -> bool {
    port.shape.as_deref() == Some(&[Some(2), None]) && is_whole(port)
}

fn is_whole(port: &Port) -> bool {
    matches!(element_of(port), Some(Element::Long | Element::Int))
}

/// An input with what is likely to be along it; tables take one of `axes` after the other.
fn input(port: &Port, axes: &mut impl Iterator<Item = Axis>) -> Option<TensorInput> {
    let fixed = |size: &i64| usize::try_from(*size).ok().map(Extent::Fixed);
    let extents = match port.shape.as_deref()? {
        _ if is_edges(port) => vec![Extent::Fixed(2), Extent::Free(Axis::Edges)],
        [None] if is_whole(port) => vec![Extent::Free(Axis::Nodes)],
        [None] => vec![Extent::Free(Axis::Graphs)],
        [None, Some(width)] => vec![Extent::Free(axes.next()?), fixed(width)?],
        [None, nodes, Some(width)] => {
            let nodes = nodes.as_ref().map_or(Some(Extent::Fixed(NODES)), fixed);
            vec![Extent::Free(Axis::Graphs), nodes?, fixed(width)?]
        }
        [None, None] => vec![Extent::Free(axes.next()?), Extent::Fixed(NODES)],
        _ => return None,
    };
    Some(TensorInput {
        name: port.name.clone(),
        element: element_of(port)?,
        extents,
    })
}
