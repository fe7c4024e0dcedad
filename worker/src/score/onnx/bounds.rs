//! What no engine is given: graphs within graphs, what is random, what constants alone would make huge.

use std::collections::HashMap;

use super::excerpt::Excerpt;
use super::message::{AttributeProto, NodeProto, TensorProto};
use super::of_runtime::{OF_RUNTIME, RUNTIME};
use super::tree_nodes::TreeNodes;
use super::values::Values;
use super::versions::unknown_version;
use super::{decode, read_model, read_parts};
use crate::score::error::Problem;

/// Nodes, at most.
const NODE_LIMIT: usize = 5_000;
/// Splits from a root to a leaf, at most: as the trees of this program.
const DEPTH_LIMIT: u32 = 10_000;
/// Kinds of attributes that are graphs.
const GRAPH: i32 = 5;
const GRAPHS: i32 = 10;
/// Whose operators are known to it.
const DOMAINS: [&str; 3] = ["", "ai.onnx.ml", RUNTIME];

/// Operators of other things than tables, which end the process or hold it for numbers that they may be given.
const NEVER: [&str; 3] = ["STFT", "SplitToSequence", "TfIdfVectorizer"];

/// Refuses a model that may not be given away; `problem` says to which engine.
///
/// # Errors
/// The first reason against it.
pub(crate) fn out_of_bounds(
    excerpt: &Excerpt,
    problem: impl Fn(String) -> Problem,
) -> Result<(), Problem> {
    let (model, graph) = read_model(&excerpt.bytes)?;
    let graph = read_parts(&graph)?;
    let found = excerpt.operators.len();
    if found > NODE_LIMIT {
        return Err(problem(format!(
            "{found} nodes, more than the {NODE_LIMIT} that it is given"
        )));
    }
    let nodes = graph.node.iter().map(|bytes| decode("node", bytes));
    let nodes: Vec<NodeProto> = nodes.collect::<Result<_, _>>()?;
    let mut values = Values::of(&graph)?;
    for (number, node) in nodes.iter().enumerate() {
        let attributes = node.attribute.iter();
        let attributes = attributes.map(|bytes| decode("attribute", bytes));
        let attributes: Vec<AttributeProto> = attributes.collect::<Result<_, _>>()?;
        let of_operator = of_operator(node, &attributes, &values.constants);
        if let Some(reason) = of_operator.or_else(|| values.beyond(node)) {
            let operator = &node.op_type;
            let name = excerpt.names.get(number).filter(|name| !name.is_empty());
            let name = name.map_or_else(String::new, |name| format!(" ({name:?})"));
            return Err(problem(format!("operator {operator}{name} {reason}")));
        }
        values.made_by(node, attributes);
    }
    let domains: Vec<&str> = nodes.iter().map(|node| node.domain.as_str()).collect();
    unknown_version(&model, &domains).map_or(Ok(()), |reason| Err(problem(reason)))
}

/// Why an operator is given to nobody, whatever its values.
fn of_operator(
    node: &NodeProto,
    attributes: &[AttributeProto],
    constants: &HashMap<String, TensorProto>,
) -> Option<String> {
    let (operator, domain) = (&node.op_type, &node.domain);
    if !DOMAINS.contains(&domain.as_str()) || operator == "EPContext" {
        return Some(format!("of {domain:?} is nobody's that is known"));
    }
    if domain == RUNTIME && !OF_RUNTIME.contains(&operator.as_str()) {
        return Some(format!(
            "of {RUNTIME:?} is not given away, as it ends the process where shapes do not fit: export the model \
             with operators of ONNX alone, before any optimiser of ONNX Runtime"
        ));
    }
    if NEVER.contains(&operator.as_str()) {
        return Some(String::from(
            "is not given away, as it ends or holds the process for some numbers: compute what it makes \
             before the model",
        ));
    }
    if is_random(operator) {
        return Some(String::from("is random: no two runs would agree"));
    }
    if operator == "Dropout" && is_training(node, constants) {
        return Some(String::from(
            "is in training mode, and so random: export the model for inference",
        ));
    }
    // Only branches that hand on values are in an excerpt.
    let is_graph = |attribute: &AttributeProto| {
        [GRAPH, GRAPHS].contains(&attribute.kind) && attribute.g.is_none()
    };
    if attributes.iter().any(is_graph) {
        return Some(String::from(
            "holds a graph of its own: export the model without conditions and loops \
             (torch.onnx.export writes fewer with dynamo=True)",
        ));
    }
    let parts = attributes
        .iter()
        .find(|attribute| attribute.name == "num_outputs");
    if let Some(parts) = parts.filter(|parts| usize::try_from(parts.i) != Ok(node.output.len())) {
        let (parts, outputs) = (parts.i, node.output.len());
        return Some(format!("has num_outputs = {parts} and {outputs} outputs"));
    }
    let mut trees = TreeNodes::default();
    for attribute in attributes {
        trees.take(attribute);
    }
    (operator.starts_with("TreeEnsemble") && trees.depth() > DEPTH_LIMIT)
        .then(|| format!("has a tree of more than {DEPTH_LIMIT} splits one below the other"))
}

fn is_random(operator: &str) -> bool {
    operator.starts_with("Random") || ["Bernoulli", "Multinomial"].contains(&operator)
}

/// Whether a Dropout may drop anything: its third input says so.
fn is_training(node: &NodeProto, constants: &HashMap<String, TensorProto>) -> bool {
    let Some(mode) = node.input.get(2).filter(|name| !name.is_empty()) else {
        return false;
    };
    let is_off = |tensor: &TensorProto| {
        let stored = tensor.raw_data.len() + tensor.int32_data.len();
        let raw = tensor.raw_data.iter().all(|byte| *byte == 0);
        stored > 0 && raw && tensor.int32_data.iter().all(|value| *value == 0)
    };
    !constants.get(mode).is_some_and(is_off)
}

#[cfg(test)]
mod tests {
    use prost::Message;

    use super::super::message::{GraphProto, ModelProto, OperatorSetIdProto};
    use super::*;

    fn chain(operators: &[(&str, &[&str])]) -> Excerpt {
        let mut graph = GraphProto::default();
        for (number, (operator, inputs)) in operators.iter().enumerate() {
            let node = NodeProto {
                op_type: (*operator).to_owned(),
                input: inputs.iter().map(|name| (*name).to_owned()).collect(),
                output: vec![number.to_string()],
                ..Default::default()
            };
            graph.node.push(node.encode_to_vec());
        }
        let model = ModelProto {
            ir_version: Some(8),
            graph: Some(graph.encode_to_vec()),
            opset_import: vec![OperatorSetIdProto {
                domain: String::new(),
                version: 17,
            }],
            ..Default::default()
        };
        Excerpt {
            bytes: model.encode_to_vec(),
            operators: vec![String::new(); operators.len()],
            names: vec![String::new(); operators.len()],
            inputs: vec![String::from("x")],
            outputs: Vec::new(),
        }
    }

    /// A model of 33 such operators was run until it had the memory that there was.
    #[test]
    fn values_that_are_doubled_over_and_over_are_refused_before_there_are_any() {
        let names: Vec<String> = (0..66).map(|number| number.to_string()).collect();
        let mut operators: Vec<(&str, Vec<&str>)> = vec![("Concat", vec!["x", "x"])];
        for pair in names.chunks(2).take(32) {
            operators.push(("Relu", vec![&pair[0]]));
            operators.push(("Concat", vec![&pair[1], &pair[1]]));
        }
        let operators: Vec<(&str, &[&str])> = operators
            .iter()
            .map(|(name, inputs)| (*name, &inputs[..]))
            .collect();
        let told = out_of_bounds(&chain(&operators), Problem::not_runtime)
            .unwrap_err()
            .to_string();
        assert!(
            told.contains("Concat puts more values side by side"),
            "{told}"
        );
        // So many that a trial of some hundred rows took gigabytes, and so many that it does not.
        assert!(out_of_bounds(&chain(&operators[..40]), Problem::not_runtime).is_err());
        assert!(out_of_bounds(&chain(&operators[..31]), Problem::not_runtime).is_ok());
    }

    /// What was said of it spoke of trees.
    #[test]
    fn a_graph_of_more_nodes_than_are_read_is_called_so() {
        let graph = GraphProto {
            node: vec![Vec::new(); 20_001],
            ..Default::default()
        };
        let model = ModelProto {
            ir_version: Some(8),
            graph: Some(graph.encode_to_vec()),
            opset_import: vec![OperatorSetIdProto::default()],
            ..Default::default()
        };
        let told = super::super::parse(&model.encode_to_vec()).unwrap_err();
        assert_eq!(
            told.to_string(),
            "the graph has 20001 nodes, more than the 20000 that are read"
        );
    }

    /// An assertion of the library that ONNX Runtime is built with ended the process.
    #[test]
    fn a_split_into_other_parts_than_it_says_is_refused() {
        let told = |outputs: usize| {
            let parts = AttributeProto {
                name: String::from("num_outputs"),
                i: 2,
                ..Default::default()
            };
            let node = NodeProto {
                op_type: String::from("Split"),
                output: vec![String::from("y"); outputs],
                ..Default::default()
            };
            of_operator(&node, &[parts], &HashMap::new())
        };
        assert_eq!(told(2), None);
        assert_eq!(told(3).unwrap(), "has num_outputs = 2 and 3 outputs");
    }

    #[test]
    fn operators_that_onnx_runtime_adds_and_that_ended_the_process_are_refused() {
        let node = |operator: &str| NodeProto {
            op_type: operator.to_owned(),
            domain: RUNTIME.to_owned(),
            ..Default::default()
        };
        let told = |operator| of_operator(&node(operator), &[], &HashMap::new());
        assert!(told("Inverse").unwrap().contains("operators of ONNX alone"));
        assert_eq!(told("FusedMatMul"), None);
    }
}
