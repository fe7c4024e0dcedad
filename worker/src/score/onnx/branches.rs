//! Conditions whose branches do nothing but hand on values in another shape: TorchScript's exporter writes one
//! wherever a dimension may or may not be 1.

use std::collections::{HashMap, HashSet};

use prost::Message;

use super::message::{AttributeProto, GraphProto, NodeProto, TensorProto, ValueInfoProto};
use super::sound::{attributes, sound};
use super::{decode, standard};

/// Operators that hand on the values of their first input.
const HAND_ON: [&str; 5] = ["Flatten", "Identity", "Reshape", "Squeeze", "Unsqueeze"];
/// Nodes of a branch, at most.
const NODE_LIMIT: usize = 64;

/// A branch.
#[derive(Debug)]
pub(super) struct Branch {
    /// The graph, written anew.
    pub(super) bytes: Vec<u8>,
    /// Values from outside that it reads.
    pub(super) reads: Vec<String>,
    /// Of each output the value from outside that it hands on.
    pub(super) hands_on: Vec<String>,
}

/// The branches of a condition; nothing of other operators, and of those that do more than to hand on.
pub(super) fn branches(node: &NodeProto) -> Vec<Branch> {
    if node.op_type != "If" || !standard(node.domain.clone()).is_empty() {
        return Vec::new();
    }
    let all = node.attribute.iter().map(|bytes| {
        let attribute: AttributeProto = decode("attribute", bytes).ok()?;
        branch(&attribute.g?).filter(|branch| branch.hands_on.len() == node.output.len())
    });
    let all: Option<Vec<Branch>> = all.collect();
    all.filter(|all| all.len() == 2).unwrap_or_default()
}

fn branch(bytes: &[u8]) -> Option<Branch> {
    let graph: GraphProto = decode("graph", bytes).ok()?;
    if !graph.input.is_empty() || graph.node.len() > NODE_LIMIT {
        return None;
    }
    let mut own = HashSet::new();
    let mut cut = GraphProto {
        name: String::from("branch"),
        ..Default::default()
    };
    for bytes in &graph.initializer {
        let tensor: TensorProto = decode("initializer", bytes).ok()?;
        own.insert(tensor.name.clone());
        cut.initializer.push(sound(tensor).ok()?.encode_to_vec());
    }
    let mut from: HashMap<String, String> = HashMap::new();
    let mut reads = Vec::new();
    for (number, bytes) in graph.node.iter().enumerate() {
        let mut node: NodeProto = decode("node", bytes).ok()?;
        node.domain = standard(node.domain);
        let [output] = &node.output[..] else {
            return None;
        };
        match node.input.first() {
            Some(first) if HAND_ON.contains(&node.op_type.as_str()) => {
                let before = from.get(first).unwrap_or(first).clone();
                from.insert(output.clone(), before);
            }
            None if node.op_type == "Constant" => {}
            _ => return None,
        }
        if !node.domain.is_empty() || own.contains(output) {
            return None;
        }
        let outside = node.input.iter();
        let outside = outside.filter(|name| !name.is_empty() && !own.contains(*name));
        reads.extend(outside.cloned());
        own.insert(output.clone());
        node.name = format!("branch {number}");
        node.attribute = attributes(&node).ok()?;
        cut.node.push(node.encode_to_vec());
    }
    let mut hands_on = Vec::with_capacity(graph.output.len());
    for bytes in &graph.output {
        let ValueInfoProto { name, .. } = decode("graph output", bytes).ok()?;
        hands_on.push(from.get(&name).filter(|from| !own.contains(*from))?.clone());
        cut.output
            .push(ValueInfoProto { name, kind: None }.encode_to_vec());
    }
    Some(Branch {
        bytes: cut.encode_to_vec(),
        reads,
        hands_on,
    })
}
