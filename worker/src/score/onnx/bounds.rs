//! What no engine is given: graphs within graphs, what is random, what constants alone would make huge.

use std::collections::HashMap;

use super::division::{Divisors, may_end_the_process};
use super::element_types::FloatValues;
use super::excerpt::Excerpt;
use super::message::{AttributeProto, NodeProto, TensorProto};
use super::tree_nodes::TreeNodes;
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
/// Splits from a root to a leaf, at most: as the trees of this program.
const DEPTH_LIMIT: u32 = 10_000;
/// Operators that give as many values as their input's values say: what they give for a row depends on others.
#[cfg(feature = "runtime")]
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
    let (mut floats, mut divisors) = (FloatValues::default(), Divisors::default());
    for bytes in &graph.input {
        floats.input(&decode("graph input", bytes)?);
    }
    for bytes in &graph.initializer {
        let tensor: TensorProto = decode("initializer", bytes)?;
        floats.constant(&tensor.name, tensor.data_type);
        divisors.constant(&tensor.name, &tensor);
        constants.insert(tensor.name.clone(), tensor);
    }
    let mut joined: HashMap<String, u128> = HashMap::new();
    for (number, bytes) in graph.node.iter().enumerate() {
        let node: NodeProto = decode("node", bytes)?;
        let operator = &node.op_type;
        if may_end_the_process(&node, &floats, &divisors) {
            let name = excerpt.names.get(number).map_or("", String::as_str);
            return refused(format!(
                "operator {operator} (node {name:?}) divides what may be whole numbers by what may be 0 \
                 or -1, which would end the process: export the model with both cast to float, or with a \
                 divisor that is a constant without these, or Max(divisor, 1)"
            ));
        }
        floats.made_by(&node);
        divisors.made_by(&node);
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
#[cfg(feature = "runtime")]
pub(crate) fn is_sized_by_values(operator: &str) -> bool {
    SIZED_BY_VALUES.contains(&operator)
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
        assert!(out_of_bounds(&chain(&operators[..40]), Problem::not_runtime).is_ok());
    }
}
