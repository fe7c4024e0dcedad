//! What the inputs of a model are given, and that its outputs are there.

use lumimill_common::campaign::{Graph, GraphInput, ModelOutput};
use lumimill_common::suggest;

use crate::score::onnx::{self, Port};
use crate::score::signature::{Element, Wrong, describe, element_of, inputs, of_halves};
use crate::score::tensors::{Axis, Extent, TensorInput};

/// The inputs of a model as tensors of graphs, and what each is given.
pub(super) fn bind_inputs(
    model: &onnx::Graph,
    graph: &Graph,
) -> Result<Vec<(TensorInput, GraphInput)>, Vec<Wrong>> {
    let ports = inputs(model);
    let mut wrong = Vec::new();
    let described = || {
        let all: Vec<String> = ports.iter().map(|port| describe(port)).collect();
        all.join("; ")
    };
    for (name, _) in &graph.inputs {
        if !ports.iter().any(|port| port.name == *name) {
            let near = nearest(name, ports.iter().copied());
            let message = format!(
                "the model has no input {name:?}{near} (it has {})",
                described()
            );
            wrong.push(Wrong::new(format!("inputs.{name}"), message));
        }
    }
    let mut bound = Vec::with_capacity(ports.len());
    for port in &ports {
        let given = graph.inputs.iter().find(|(name, _)| *name == port.name);
        match given.map(|(_, input)| (bind(port, *input, graph), *input)) {
            None => {
                let message = format!("gives nothing to the input {}", describe(port));
                wrong.push(Wrong::new("inputs", message));
            }
            Some((Ok(tensor), input)) => bound.push((tensor, input)),
            Some((Err(message), _)) => {
                wrong.push(Wrong::new(format!("inputs.{}", port.name), message));
            }
        }
    }
    match wrong.is_empty() {
        true => Ok(bound),
        false => Err(wrong),
    }
}

fn nearest<'a>(name: &str, ports: impl Iterator<Item = &'a Port>) -> String {
    let names = ports.map(|port| port.name.as_str());
    let near = suggest::nearest(name, names);
    near.map_or_else(String::new, |near| format!("; did you mean {near}?"))
}

fn bind(port: &Port, input: GraphInput, graph: &Graph) -> Result<TensorInput, String> {
    let told = describe(port);
    let free = Extent::Free;
    let (extents, is_index) = match input {
        GraphInput::Nodes => match &graph.dense {
            Some(dense) => {
                let nodes = Extent::Fixed(dense.nodes as usize);
                let features = Extent::Fixed(graph.features.len());
                (vec![free(Axis::Graphs), nodes, features], false)
            }
            None => (wide(Axis::Nodes, graph.features.len()), false),
        },
        GraphInput::Mask => {
            let nodes = graph.dense.as_ref().map_or(0, |dense| dense.nodes as usize);
            (vec![free(Axis::Graphs), Extent::Fixed(nodes)], false)
        }
        GraphInput::EdgeFeatures => (wide(Axis::Edges, graph.edge_features.len()), false),
        GraphInput::Globals => (wide(Axis::Graphs, graph.globals.len()), false),
        GraphInput::Edges => (vec![Extent::Fixed(2), free(Axis::Edges)], true),
        GraphInput::GraphOfNode => (vec![free(Axis::Nodes)], true),
        GraphInput::Graphs => (vec![free(Axis::Graphs)], false),
    };
    let word = input.word();
    let element = element_of(port).ok_or_else(|| {
        format!(
            "the model's input is {told}; tensors are of float, double, int64, int32 and bool: export the \
             model with one of these{}",
            of_halves(port)
        )
    })?;
    if is_index && !matches!(element, Element::Long | Element::Int) {
        return Err(format!(
            "the model's input is {told}, and {word} are whole numbers"
        ));
    }
    let Some(shape) = &port.shape else {
        return Ok(tensor(port, element, extents));
    };
    // One value each may stand without a dimension of its own.
    let extents = match (&extents[..], shape.len()) {
        ([first, Extent::Fixed(1)], 1) => vec![*first],
        _ => extents,
    };
    if shape.len() != extents.len() {
        return Err(format!(
            "the model's input is {told}, of {} dimensions; {word} have {}",
            shape.len(),
            extents.len()
        ));
    }
    for (declared, extent) in shape.iter().zip(&extents) {
        match (declared, extent) {
            (Some(declared), Extent::Fixed(size)) if *declared != *size as i64 => {
                return Err(format!(
                    "the model's input is {told} and takes {declared} values each, found {size}"
                ));
            }
            (Some(declared), Extent::Free(_)) => {
                return Err(format!(
                    "the model's input is {told}, of always {declared}: export it for any number"
                ));
            }
            _ => {}
        }
    }
    Ok(tensor(port, element, extents))
}

fn wide(axis: Axis, width: usize) -> Vec<Extent> {
    vec![Extent::Free(axis), Extent::Fixed(width)]
}

fn tensor(port: &Port, element: Element, extents: Vec<Extent>) -> TensorInput {
    TensorInput {
        name: port.name.clone(),
        element,
        extents,
    }
}

/// What is wrong with the names of outputs.
pub(super) fn wrong_outputs(model: &onnx::Graph, outputs: &[ModelOutput]) -> Vec<Wrong> {
    let missing = outputs.iter().filter(|output| {
        let mut ports = model.outputs.iter();
        !ports.any(|port| port.name == output.output)
    });
    let wrong = missing.map(|output| {
        let near = nearest(&output.output, model.outputs.iter());
        let all: Vec<String> = model.outputs.iter().map(describe).collect();
        let message = format!(
            "the model has no output {:?}{near} (it has {})",
            output.output,
            all.join("; ")
        );
        Wrong::new(format!("outputs.{}", output.column), message)
    });
    wrong.collect()
}
