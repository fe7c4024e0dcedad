//! The part of a model that some of its outputs depend on, written anew from what was understood
//! of it: whatever else is in a file (functions, subgraphs, external data, unknown fields) goes to
//! no other reader.

use std::collections::{HashMap, HashSet};

use prost::Message;

use super::branches::branches;
use super::message::{AttributeProto, GraphProto, NodeProto, TensorProto, ValueInfoProto};
use super::sound::{attributes, sound};
use super::versions::known;
use super::{decode, read_model, read_parts, standard};
use crate::score::error::Problem;

/// An ONNX file with what is needed and nothing beside it.
#[derive(Debug)]
pub(crate) struct Excerpt {
    /// The file. Its nodes are named by their number, from 0, its inputs are in the file's order.
    pub(crate) bytes: Vec<u8>,
    /// The operator of each node, with its domain unless that is the standard one.
    pub(crate) operators: Vec<String>,
    /// The name of each node in the file.
    pub(crate) names: Vec<String>,
    /// The inputs that are needed.
    pub(crate) inputs: Vec<String>,
    /// The outputs, as they were asked for: of a ZipMap, the tensor that it takes apart.
    #[cfg_attr(
        not(feature = "runtime"),
        expect(dead_code, reason = "the embedded engine takes them in order")
    )]
    pub(crate) outputs: Vec<String>,
}

/// Cuts a model down to these outputs, which may be those of a ZipMap: they become the tensor that
/// it takes apart.
pub(crate) fn excerpt(bytes: &[u8], outputs: &[&str]) -> Result<Excerpt, Problem> {
    let (mut model, graph) = read_model(bytes)?;
    let graph = read_parts(&graph)?;
    let nodes = graph.node.iter().map(|node| decode("node", node));
    let nodes: Vec<NodeProto> = nodes.collect::<Result<_, _>>()?;
    let outputs = outputs.iter().map(|name| tensor_of(&nodes, name));
    let outputs: Vec<String> = outputs.collect();
    let (kept, names) = needed(&nodes, &outputs)?;
    let mut cut = GraphProto::default();
    let made = kept.iter().flat_map(|node| node.output.iter().cloned());
    let kept_outputs: HashSet<String> = made.collect();
    let mut operators = Vec::with_capacity(kept.len());
    let mut node_names = Vec::with_capacity(kept.len());
    for (number, mut node) in kept.into_iter().enumerate() {
        node_names.push(std::mem::replace(&mut node.name, number.to_string()));
        node.domain = standard(node.domain);
        let branches = branches(&node);
        node.attribute = attributes(&node)?;
        for (bytes, branch) in node.attribute.iter_mut().zip(branches) {
            let mut attribute: AttributeProto = decode("attribute", bytes)?;
            attribute.g = Some(branch.bytes);
            *bytes = attribute.encode_to_vec();
        }
        operators.push(match node.domain.as_str() {
            "" => node.op_type.clone(),
            domain => format!("{domain}.{}", node.op_type),
        });
        cut.node.push(node.encode_to_vec());
    }
    let mut constants = HashSet::new();
    for bytes in &graph.initializer {
        let tensor: TensorProto = decode("initializer", bytes)?;
        if names.contains(&tensor.name) && constants.insert(tensor.name.clone()) {
            cut.initializer.push(sound(tensor)?.encode_to_vec());
        }
    }
    let mut inputs = Vec::new();
    for bytes in &graph.input {
        let port: ValueInfoProto = decode("graph input", bytes)?;
        if names.contains(&port.name) && !constants.contains(&port.name) {
            inputs.push(port.name.clone());
            cut.input.push(port.encode_to_vec());
        }
    }
    for name in &outputs {
        let made = kept_outputs.contains(name) || inputs.contains(name);
        if !made && !constants.contains(name) {
            return Err(Problem::invalid(format!(
                "output {name:?} is made by no operator"
            )));
        }
        let name = name.clone();
        let port = ValueInfoProto { name, kind: None };
        cut.output.push(port.encode_to_vec());
    }
    model.graph = Some(cut.encode_to_vec());
    model.opset_import = known(model.opset_import);
    model.metadata_props.clear();
    Ok(Excerpt {
        bytes: model.encode_to_vec(),
        operators,
        names: node_names,
        inputs,
        outputs,
    })
}

/// The same with inputs of any number of rows.
#[cfg(feature = "runtime")]
pub(crate) fn with_free_rows(bytes: &[u8]) -> Result<Vec<u8>, Problem> {
    let (mut model, graph) = read_model(bytes)?;
    let mut graph = read_parts(&graph)?;
    for bytes in &mut graph.input {
        let mut port: ValueInfoProto = decode("graph input", bytes)?;
        let tensor = port
            .kind
            .as_mut()
            .and_then(|kind| kind.tensor_type.as_mut());
        let shape = tensor.and_then(|tensor| tensor.shape.as_mut());
        if let Some(rows) = shape.and_then(|shape| shape.dim.first_mut()) {
            rows.dim_value = None;
        }
        *bytes = port.encode_to_vec();
    }
    model.graph = Some(graph.encode_to_vec());
    Ok(model.encode_to_vec())
}

/// What a ZipMap takes apart, where a value is that of one.
fn tensor_of(nodes: &[NodeProto], name: &str) -> String {
    let zipped = nodes
        .iter()
        .find(|node| node.op_type == "ZipMap" && node.output.iter().any(|output| output == name));
    let tensor = zipped.and_then(|node| node.input.first());
    tensor.map_or_else(|| name.to_owned(), Clone::clone)
}

/// The nodes that values depend on, in the order of the file, and the names of all values that
/// they touch. Every value is made once, before it is used.
fn needed(
    nodes: &[NodeProto],
    outputs: &[String],
) -> Result<(Vec<NodeProto>, HashSet<String>), Problem> {
    let mut makers = HashMap::new();
    for (index, node) in nodes.iter().enumerate() {
        for name in node.output.iter().filter(|name| !name.is_empty()) {
            if makers.insert(name.as_str(), index).is_some() {
                return Err(Problem::invalid(format!("value {name:?} is made twice")));
            }
        }
    }
    let branches: HashMap<usize, Vec<String>> = nodes
        .iter()
        .enumerate()
        .filter(|(_, node)| node.op_type == "If")
        .map(|(index, node)| {
            let reads = branches(node).into_iter().flat_map(|branch| branch.reads);
            (index, reads.collect())
        })
        .collect();
    let mut names: HashSet<String> = outputs.iter().cloned().collect();
    let mut open: Vec<&str> = outputs.iter().map(String::as_str).collect();
    let mut kept = HashSet::new();
    while let Some(name) = open.pop() {
        let Some((index, node)) = makers
            .get(name)
            .and_then(|index| Some((*index, nodes.get(*index)?)))
        else {
            continue;
        };
        if !kept.insert(index) {
            continue;
        }
        names.extend(node.output.iter().cloned());
        let by_branches = branches.get(&index).into_iter().flatten();
        let read = node.input.iter().chain(by_branches);
        for input in read.filter(|input| !input.is_empty()) {
            if makers
                .get(input.as_str())
                .is_some_and(|maker| *maker >= index)
            {
                let operator = &node.op_type;
                return Err(Problem::invalid(format!(
                    "operator {operator} reads {input:?} before it is made"
                )));
            }
            names.insert(input.clone());
            open.push(input);
        }
    }
    let nodes = nodes.iter().enumerate();
    let nodes = nodes.filter(|(index, _)| kept.contains(index));
    Ok((nodes.map(|(_, node)| node.clone()).collect(), names))
}
