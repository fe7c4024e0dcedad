//! What a model gives for graphs that were made up: of what its outputs are, and whether a graph has
//! the same bits whatever is beside it.

use std::borrow::Cow;

use lumimill_common::campaign::{Edges, Graph, GraphInput, Level, ModelOutput};

use super::call::Call;
use crate::score::signature::Wrong;
use crate::score::tensors::{Tensor, TensorEngine, TensorInput};

/// Nodes of the graphs that are made up: of each level there is another number.
const NODES: [usize; 4] = [5, 3, 7, 2];
/// How many times as many graphs are beside one another in a crowd, at most.
const CROWD: usize = 64;

/// What was found out of a model.
#[derive(Debug)]
pub(super) struct Trial {
    /// Of each output, how long what it has for one node, edge or graph is in each dimension.
    pub(super) shapes: Vec<Vec<usize>>,
    /// What each output gave.
    pub(super) outputs: Vec<Tensor>,
    /// Whether a graph has the same bits alone and beside others.
    pub(super) keeps_graphs_apart: bool,
    /// Graphs that were beside one another, at most.
    pub(super) together: usize,
    /// Whether it fails where there is no edge at all, as of one node alone.
    pub(super) needs_edges: bool,
}

/// How many there are of a level in a call.
pub(super) fn count_of(level: Level, call: &Call<'_>) -> usize {
    match level {
        Level::Node => call.node_count(),
        Level::Edge => call.edges.len(),
        Level::Graph => call.nodes.len(),
    }
}

/// Tries a model that is given so many nodes and edges a call, at most.
pub(super) fn tried(
    engine: &dyn TensorEngine,
    graph: &Graph,
    inputs: &[(TensorInput, GraphInput)],
    of_nodes: &[bool],
    most: usize,
) -> Result<Trial, String> {
    let sizes = sizes(graph);
    let together = made_up(graph, &sizes, 0);
    let outputs = run(engine, &together, inputs, of_nodes)?;
    let mut apart: Vec<Vec<u64>> = vec![Vec::new(); outputs.len()];
    let mut first = 0;
    let mut failed = false;
    for nodes in sizes {
        let alone = made_up(graph, &[nodes], first);
        first += nodes;
        match run(engine, &alone, inputs, of_nodes) {
            Ok(found) => {
                for (apart, found) in apart.iter_mut().zip(&found) {
                    apart.extend(found.values.bits());
                }
            }
            Err(_) => failed = true,
        }
    }
    // The same graphs at the head of more.
    let nodes = graph
        .dense
        .as_ref()
        .map(|dense| dense.nodes as usize * sizes.len());
    let weight = nodes.unwrap_or(together.node_count()) + together.edges.len();
    let many = most.div_ceil(weight.max(1)).clamp(1, CROWD);
    let crowd = made_up(graph, &sizes.repeat(many), 0);
    let crowd = run(engine, &crowd, inputs, of_nodes).unwrap_or_default();
    let mut pairs = outputs.iter().zip(&crowd);
    failed |= crowd.len() != outputs.len()
        || pairs.any(|(few, more)| !more.values.bits().starts_with(&few.values.bits()));
    let lonely = made_up(graph, &[1], 0);
    let has_edges = graph.edges != Edges::None && lonely.edges.is_empty();
    let needs_edges = has_edges && run(engine, &lonely, inputs, of_nodes).is_err();
    let mut both = outputs.iter().zip(&apart);
    let rest = |output: &Tensor| output.shape.get(1..).unwrap_or_default().to_vec();
    Ok(Trial {
        shapes: outputs.iter().map(rest).collect(),
        needs_edges,
        together: sizes.len() * many,
        keeps_graphs_apart: !failed && both.all(|(output, apart)| output.values.bits() == *apart),
        outputs,
    })
}

/// What a model gives for a call: what it has for nodes of graphs of one size, for those that there
/// are.
pub(super) fn run(
    engine: &dyn TensorEngine,
    call: &Call<'_>,
    inputs: &[(TensorInput, GraphInput)],
    of_nodes: &[bool],
) -> Result<Vec<Tensor>, String> {
    let outputs = engine.run(call.tensors(inputs))?.into_iter();
    let outputs = outputs.zip(of_nodes.iter().chain(std::iter::repeat(&false)));
    let outputs = outputs.map(|(output, of_nodes)| match of_nodes {
        true => call.unpadded(output),
        false => output,
    });
    Ok(outputs.collect())
}

/// How many nodes the graphs have that are made up.
fn sizes(graph: &Graph) -> [usize; 4] {
    let most = graph.dense.as_ref().map(|dense| dense.nodes as usize);
    NODES.map(|nodes| most.map_or(nodes, |most| nodes.min(most)))
}

/// A graph with edges, for calls of models that fail without any.
pub(super) fn companion(graph: &Graph) -> Call<'static> {
    made_up(graph, &[2], 0)
}

/// Graphs of so many nodes, of which the first is the node of this number.
fn made_up(graph: &Graph, sizes: &[usize], first: usize) -> Call<'static> {
    let mut edges = Vec::new();
    let mut before = 0_u32;
    let mut names: Vec<usize> = Vec::new();
    for nodes in sizes.iter().map(|nodes| *nodes as u32) {
        let ends = if graph.edges == Edges::None {
            0..0
        } else {
            0..nodes
        };
        for i in ends {
            let others = (0..nodes).filter(|j| *j != i || graph.loops);
            edges.extend(others.map(|j| (before + i, before + j)));
        }
        names.push(first + before as usize);
        before += nodes;
    }
    let nodes: Vec<usize> = (first..first + before as usize).collect();
    let of_edges = edges
        .iter()
        .map(|(i, j)| (*i as usize + first) * 31 + *j as usize + first);
    let of_edges: Vec<usize> = of_edges.collect();
    Call {
        nodes: sizes.to_vec(),
        edges,
        node_features: numbers(&nodes, graph.features.len()),
        edge_features: numbers(&of_edges, graph.edge_features.len()),
        globals: numbers(&names, graph.globals.len()),
        dense: graph.dense.as_ref().map(|dense| dense.nodes as usize),
    }
}

/// Numbers that are made up, those of one name always the same.
fn numbers(names: &[usize], columns: usize) -> Vec<Cow<'static, [f64]>> {
    let of_column = |column: usize| {
        let number = |name: &usize| {
            // Fractions of a golden ratio: no two alike.
            let step = (name * columns + column + 1) as f64 * 0.618_033_988_749_895;
            step.fract() * 2.0 - 1.0
        };
        Cow::Owned(names.iter().map(number).collect())
    };
    (0..columns).map(of_column).collect()
}

impl Trial {
    /// What is wrong with a column that is to be made of an output, by what a trial gave.
    pub(super) fn wrong(
        &self,
        place: usize,
        level: Level,
        asked: &ModelOutput,
        graph: &Graph,
    ) -> Option<Wrong> {
        let wrong =
            |message: String| Some(Wrong::new(format!("outputs.{}", asked.column), message));
        let name = &asked.output;
        let together = made_up(graph, &sizes(graph), 0);
        let shape = &self.outputs.get(place)?.shape;
        let expected = count_of(level, &together);
        if shape.first() != Some(&expected) {
            let (nodes, edges) = (together.node_count(), together.edges.len());
            let found = shape.first().map_or_else(
                || String::from("one value"),
                |rows| format!("{rows} values"),
            );
            let each = match level {
                Level::Node => "node",
                Level::Edge => "edge",
                Level::Graph => "graph",
            };
            return wrong(format!(
                "output {name:?} has {found} for {} graphs of {nodes} nodes and {edges} edges; the name \
                 of the column says that it has {expected}, one for each {each}",
                NODES.len()
            ));
        }
        let rest = self.shapes.get(place)?.as_slice();
        match (rest, asked.element, asked.part) {
            ([] | [1], None, None) => None,
            ([width], Some(element), None) if element < *width => None,
            ([width, parts], Some(element), Some(part)) if element < *width && part < *parts => {
                None
            }
            _ => {
                let has = match rest {
                    [] => format!("one value each: write \"{name}\""),
                    [width] => format!(
                        "{width} values each: write \"{name}[0]\" to \"{name}[{}]\"",
                        width.saturating_sub(1)
                    ),
                    [width, parts] => format!(
                        "{width} times {parts} values each: write \"{name}[0,0]\" to \"{name}[{},{}]\"",
                        width.saturating_sub(1),
                        parts.saturating_sub(1)
                    ),
                    more => format!(
                        "{} dimensions: export the model with a Reshape behind it",
                        more.len() + 1
                    ),
                };
                wrong(format!("output {name:?} has {has}"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::signature::Element;
    use crate::score::tensors::{Axis, Elements, Extent};

    /// Gives each node its feature and, where there are more nodes than so many, the number of them.
    #[derive(Debug)]
    struct Sociable(usize);

    impl TensorEngine for Sociable {
        fn run(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>, String> {
            let nodes = inputs.into_iter().next().ok_or("no input")?;
            let count = nodes.shape[0];
            let Elements::Float(values) = nodes.values else {
                return Err("no floats".into());
            };
            let more = if count > self.0 { count as f32 } else { 0.0 };
            let values = values.into_iter().map(|value| value + more).collect();
            Ok(vec![Tensor {
                shape: vec![count],
                values: Elements::Float(values),
            }])
        }

        fn name(&self) -> &str {
            "sociable"
        }
    }

    /// A model that told graphs apart among few took its values from its neighbours among more, and what
    /// it gave depended on how shards were cut.
    #[test]
    fn what_changes_among_many_graphs_only_is_found() {
        let graph = super::super::tests::plain();
        let input = TensorInput {
            name: "x".into(),
            element: Element::Float,
            extents: vec![Extent::Free(Axis::Nodes), Extent::Fixed(1)],
        };
        let inputs = [(input, GraphInput::Nodes)];
        for (limit, apart) in [(usize::MAX, true), (40, false), (10, false)] {
            let found = tried(&Sociable(limit), &graph, &inputs, &[], 6_000).unwrap();
            assert_eq!(found.keeps_graphs_apart, apart, "{limit}");
        }
    }
}
