//! What no engine is given: graphs within graphs, what is random, what constants alone would make huge.

use std::collections::HashMap;

use super::excerpt::Excerpt;
use super::message::{AttributeProto, NodeProto, TensorProto};
use super::{decode, read_model, read_parts};
use crate::score::error::Problem;

/// Nodes, at most.
const NODE_LIMIT: usize = 5_000;
/// Values that an operator makes of constants, at most.
const VALUES_LIMIT: u128 = 1 << 26;
/// Values that are put side by side in the end, for each that a row has or of constants, at most.
const JOINED_LIMIT: u128 = 1 << 26;
/// Operators that make as many values as one of their inputs has, and so hand on what was put side by side.
const KEEP: [&str; 19] = [
    "Abs",
    "Add",
    "Cast",
    "Clip",
    "Dropout",
    "Exp",
    "Flatten",
    "Identity",
    "LeakyRelu",
    "Mul",
    "Neg",
    "Relu",
    "Reshape",
    "Sigmoid",
    "Squeeze",
    "Sub",
    "Tanh",
    "Transpose",
    "Unsqueeze",
];
/// Attributes that number dimensions, of which a tensor has some ten.
const AXES: [&str; 5] = ["axis", "axes", "batch_axis", "batch_dims", "time_axis"];
const MOST_DIMENSIONS: u64 = 1_000;
/// Class labels of a tree ensemble, and splits from a root to a leaf, at most: as the trees of this program.
const LABEL_LIMIT: usize = 4_096;
const DEPTH_LIMIT: u32 = 10_000;
/// Operators that give as many values as their input's values say: what they give for a row depends on others.
const SIZED_BY_VALUES: [&str; 3] = ["NonZero", "Unique", "Compress"];
/// Kinds of attributes that are graphs.
const GRAPH: i32 = 5;
const GRAPHS: i32 = 10;
/// Whose operators are known to it.
const DOMAINS: [&str; 3] = ["", "ai.onnx.ml", "com.microsoft"];

/// Refuses a model that may not be given away; `problem` says to which engine.
///
/// # Errors
/// The first reason against it.
pub(crate) fn out_of_bounds(
    excerpt: &Excerpt,
    problem: impl Fn(String) -> Problem,
) -> Result<(), Problem> {
    let refused = |reason: String| Err(problem(reason));
    let (_, graph) = read_model(&excerpt.bytes)?;
    let graph = read_parts(&graph)?;
    let found = excerpt.operators.len();
    if found > NODE_LIMIT {
        return refused(format!(
            "{found} nodes, more than the {NODE_LIMIT} that it is given"
        ));
    }
    let mut constants: HashMap<String, TensorProto> = HashMap::new();
    for bytes in &graph.initializer {
        let tensor: TensorProto = decode("initializer", bytes)?;
        constants.insert(tensor.name.clone(), tensor);
    }
    let mut joined: HashMap<String, u128> = HashMap::new();
    for bytes in &graph.node {
        let node: NodeProto = decode("node", bytes)?;
        let operator = &node.op_type;
        let values = values_joined(&node, &joined, &constants);
        if values > JOINED_LIMIT {
            return refused(format!(
                "operator {operator} puts more values side by side than it keeps"
            ));
        }
        joined.extend(node.output.iter().map(|name| (name.clone(), values)));
        if !DOMAINS.contains(&node.domain.as_str()) || operator == "EPContext" {
            let domain = &node.domain;
            return refused(format!(
                "operator {operator} of {domain:?} is nobody's that is known"
            ));
        }
        if is_random(operator) {
            return refused(format!(
                "operator {operator} is random: no two runs would agree"
            ));
        }
        if operator == "Dropout" && is_training(&node, &constants) {
            return refused(String::from(
                "operator Dropout is in training mode, and so random: export the model for inference",
            ));
        }
        let mut trees = TreeNodes::default();
        for bytes in &node.attribute {
            let attribute: AttributeProto = decode("attribute", bytes)?;
            trees.take(&attribute);
            if [GRAPH, GRAPHS].contains(&attribute.kind) {
                return refused(format!(
                    "operator {operator} holds a graph of its own: export the model without \
                     conditions and loops"
                ));
            }
            if operator == "Constant"
                && let (Some(tensor), Some(name)) = (attribute.t, node.output.first())
            {
                constants.insert(name.clone(), tensor);
            }
        }
        if operator.starts_with("TreeEnsemble") && trees.depth() > DEPTH_LIMIT {
            return refused(format!(
                "operator {operator} has a tree of more than {DEPTH_LIMIT} splits one below the other"
            ));
        }
        let sizes = sizes_of(operator).and_then(|at| node.input.get(at));
        let sizes = sizes.and_then(|name| constants.get(name));
        if sizes.is_some_and(|sizes| product(sizes) > VALUES_LIMIT) {
            return refused(format!(
                "operator {operator} makes more values than it keeps"
            ));
        }
    }
    Ok(())
}

/// Whether what an operator gives for a row may depend on the values of others, whatever a trial shows.
pub(crate) fn is_sized_by_values(operator: &str) -> bool {
    SIZED_BY_VALUES.contains(&operator)
}

/// Why an attribute is no possible one.
pub(super) fn wrong_attribute(attribute: &AttributeProto) -> Option<String> {
    let name = attribute.name.as_str();
    if AXES.contains(&name) {
        let mut all = std::iter::once(&attribute.i).chain(&attribute.ints);
        let far = all.find(|axis| axis.unsigned_abs() > MOST_DIMENSIONS)?;
        return Some(format!(
            "{name} = {far}, and no tensor has as many dimensions"
        ));
    }
    let labels = attribute.ints.len().max(attribute.strings.len());
    let are_labels = ["classlabels_int64s", "classlabels_strings"].contains(&name);
    (are_labels && labels > LABEL_LIMIT)
        .then(|| format!("{labels} class labels, expected 1 to {LABEL_LIMIT}"))
}

/// The nodes of a tree ensemble, as its attributes list them.
#[derive(Default)]
struct TreeNodes {
    trees: Vec<i64>,
    numbers: Vec<i64>,
    children: [Vec<i64>; 2],
    /// Of each, whether it has children at all.
    is_leaf: Vec<bool>,
    /// Of each child, whether it is a leaf, which has numbers of its own.
    leaves: [Vec<i64>; 2],
}

impl TreeNodes {
    fn take(&mut self, attribute: &AttributeProto) {
        if attribute.name == "nodes_modes" {
            let modes = attribute.strings.iter();
            self.is_leaf = modes.map(|mode| mode.as_slice() == b"LEAF").collect();
        }
        let ([left, right], [left_leaf, right_leaf]) = (&mut self.children, &mut self.leaves);
        let into = match attribute.name.as_str() {
            "nodes_treeids" => &mut self.trees,
            "nodes_nodeids" => &mut self.numbers,
            "nodes_truenodeids" => left,
            "nodes_falsenodeids" => right,
            "nodes_trueleafs" => left_leaf,
            "nodes_falseleafs" => right_leaf,
            _ => return,
        };
        into.clone_from(&attribute.ints);
    }

    /// How many nodes there are from a root to the farthest node below it; those of a circle have no root.
    /// Without numbers of nodes, children are numbered as the nodes are listed.
    fn depth(&self) -> u32 {
        let count = self.children.iter().map(Vec::len).min().unwrap_or(0);
        let tree = |node: usize| self.trees.get(node).copied().unwrap_or(0);
        let number = |node: usize| self.numbers.get(node).copied().unwrap_or(node as i64);
        let places: HashMap<(i64, i64), usize> = (0..count)
            .map(|node| ((tree(node), number(node)), node))
            .collect();
        let children = |node: usize| {
            let is_leaf = self.is_leaf.get(node).copied().unwrap_or(false);
            let sides = self.children.iter().zip(&self.leaves);
            let splits = sides.filter(move |(_, leaves)| !is_leaf && leaves.get(node) != Some(&1));
            let key = tree(node);
            let named = splits.filter_map(move |(of, _)| of.get(node));
            let places = &places;
            let found = named.filter_map(move |child| places.get(&(key, *child)).copied());
            // The node itself stands for none.
            found.filter(move |child| *child != node)
        };
        let mut parents = vec![0_u32; count];
        for child in (0..count).flat_map(children) {
            if let Some(parents) = parents.get_mut(child) {
                *parents += 1;
            }
        }
        let is_root = |node: &usize| parents.get(*node) == Some(&0);
        let mut ready: Vec<usize> = (0..count).filter(is_root).collect();
        let mut depth = vec![1_u32; count];
        let mut deepest = u32::from(count > 0);
        while let Some(node) = ready.pop() {
            let below = depth.get(node).map_or(1, |depth| depth.saturating_add(1));
            for child in children(node) {
                if let (Some(depth), Some(parents)) = (depth.get_mut(child), parents.get_mut(child))
                {
                    *depth = below.max(*depth);
                    deepest = deepest.max(*depth);
                    *parents = parents.saturating_sub(1);
                    if *parents == 0 {
                        ready.push(child);
                    }
                }
            }
        }
        deepest
    }
}

/// How many values an operator makes by putting those of others side by side: what is done over and over doubles
/// them each time.
fn values_joined(
    node: &NodeProto,
    joined: &HashMap<String, u128>,
    constants: &HashMap<String, TensorProto>,
) -> u128 {
    let of = |name: &String| {
        let known = joined.get(name).copied();
        let size = |tensor: &TensorProto| {
            let dims = tensor
                .dims
                .iter()
                .map(|dim| u128::try_from(*dim).unwrap_or(1));
            dims.fold(1, u128::saturating_mul)
        };
        known.or_else(|| constants.get(name).map(size)).unwrap_or(1)
    };
    let inputs = node.input.iter().map(of);
    match node.op_type.as_str() {
        "Concat" => inputs.fold(0, u128::saturating_add),
        operator if KEEP.contains(&operator) => inputs.max().unwrap_or(1),
        _ => 1,
    }
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

/// Which input says how much an operator makes.
fn sizes_of(operator: &str) -> Option<usize> {
    match operator {
        "ConstantOfShape" => Some(0),
        "Expand" | "Tile" | "Range" | "OneHot" | "Pad" | "Reshape" => Some(1),
        "Upsample" => Some(1),
        "Resize" => Some(3),
        _ => None,
    }
}

/// The product of the whole numbers of a constant; what is negative or 0 counts as 1.
fn product(tensor: &TensorProto) -> u128 {
    let of = |value: i64| u128::try_from(value).unwrap_or(1).max(1);
    let wide = || {
        tensor
            .raw_data
            .chunks_exact(8)
            .map(|bytes| i64::from_le_bytes(<[u8; 8]>::try_from(bytes).unwrap_or_default()))
    };
    let narrow = || {
        tensor
            .raw_data
            .chunks_exact(4)
            .map(|bytes| i32::from_le_bytes(<[u8; 4]>::try_from(bytes).unwrap_or_default()).into())
    };
    let kept = tensor.int64_data.iter().copied();
    let kept = kept.chain(tensor.int32_data.iter().map(|value| i64::from(*value)));
    let all: Vec<i64> = match tensor.data_type {
        super::INT64 => kept.chain(wide()).collect(),
        super::INT32 => kept.chain(narrow()).collect(),
        super::FLOAT => tensor
            .float_data
            .iter()
            .map(|value| *value as i64)
            .collect(),
        _ => kept.collect(),
    };
    all.into_iter().map(of).fold(1, u128::saturating_mul)
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
            opset_import: vec![OperatorSetIdProto::default()],
            ..Default::default()
        };
        Excerpt {
            bytes: model.encode_to_vec(),
            operators: vec![String::new(); operators.len()],
            inputs: vec![String::from("x")],
            outputs: Vec::new(),
        }
    }

    fn attribute(name: &str, ints: Vec<i64>) -> AttributeProto {
        AttributeProto {
            name: name.to_owned(),
            ints,
            ..Default::default()
        }
    }

    /// The embedded engine added the number of dimensions to a far axis until it was one of them, and ONNX
    /// Runtime went down a tree by calling itself.
    #[test]
    fn far_axes_and_deep_trees_are_refused_before_an_engine_sees_them() {
        let told = wrong_attribute(&attribute("axes", vec![1, -1_000_000_000])).unwrap();
        assert!(told.contains("-1000000000"), "{told}");
        assert!(wrong_attribute(&attribute("axis", vec![-1, 3])).is_none());
        assert!(wrong_attribute(&attribute("classlabels_int64s", vec![0; 5_000])).is_some());
        let depth = |count: i64, is_numbered: bool| {
            let mut trees = TreeNodes::default();
            if is_numbered {
                trees.take(&attribute("nodes_treeids", vec![7; count as usize]));
                trees.take(&attribute("nodes_nodeids", (10..10 + count).collect()));
            }
            let first = if is_numbered { 10 } else { 0 };
            let next = (1..=count).map(|node| first + node.min(count - 1));
            trees.take(&attribute("nodes_truenodeids", next.collect()));
            trees.take(&attribute(
                "nodes_falsenodeids",
                vec![first; count as usize],
            ));
            trees.depth()
        };
        // All false branches lead to the root, which then is none: nothing is reached from nowhere.
        assert_eq!(depth(5, true), 1);
        let mut chain = TreeNodes::default();
        chain.take(&attribute("nodes_truenodeids", (1..=20_000).collect()));
        chain.take(&attribute("nodes_falsenodeids", vec![20_000; 20_000]));
        assert_eq!(chain.depth(), 20_000);
        // Leaves name the root, or have numbers of their own.
        let mut tree = TreeNodes::default();
        tree.take(&attribute("nodes_truenodeids", vec![1, 0, 0]));
        tree.take(&attribute("nodes_falsenodeids", vec![2, 0, 0]));
        let modes = ["BRANCH_LEQ", "LEAF", "LEAF"].map(|mode| mode.as_bytes().to_vec());
        tree.take(&AttributeProto {
            strings: modes.to_vec(),
            ..attribute("nodes_modes", Vec::new())
        });
        assert_eq!(tree.depth(), 2);
        let mut linked = TreeNodes::default();
        linked.take(&attribute("nodes_truenodeids", vec![1, 0]));
        linked.take(&attribute("nodes_falsenodeids", vec![0, 1]));
        linked.take(&attribute("nodes_trueleafs", vec![0, 1]));
        linked.take(&attribute("nodes_falseleafs", vec![1, 1]));
        assert_eq!(linked.depth(), 2);
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
        assert!(out_of_bounds(&chain(&operators[..40]), Problem::not_runtime).is_ok());
    }
}
