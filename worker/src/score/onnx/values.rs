//! What is known of the values of a graph before there are any: constants, types, how many there will be.

use std::collections::HashMap;

use super::decode;
use super::division::{Divisors, may_end_the_process};
use super::element_types::FloatValues;
use super::message::{AttributeProto, GraphProto, NodeProto, TensorProto};
use crate::score::error::Problem;

/// Values that an operator makes of constants, at most.
const VALUES_LIMIT: u128 = 1 << 26;
/// Values that are put side by side in the end, of constants, at most.
const JOINED_LIMIT: u128 = 1 << 26;
/// The same for each that a row has: a trial gives a model some hundred rows.
const JOINED_OF_ROW_LIMIT: u128 = 1 << 16;
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

/// How many values were put side by side, for each that a row has, and of constants.
#[derive(Debug, Clone, Copy, Default)]
struct Joined {
    of_row: u128,
    of_constants: u128,
}

impl Joined {
    const ONE: Self = Self {
        of_row: 1,
        of_constants: 0,
    };

    fn by(self, other: Self, both: impl Fn(u128, u128) -> u128) -> Self {
        Self {
            of_row: both(self.of_row, other.of_row),
            of_constants: both(self.of_constants, other.of_constants),
        }
    }

    fn is_too_much(self) -> bool {
        self.of_row > JOINED_OF_ROW_LIMIT || self.of_constants > JOINED_LIMIT
    }
}

/// What is known of the values of a graph before there are any.
#[derive(Default)]
pub(super) struct Values {
    pub(super) constants: HashMap<String, TensorProto>,
    /// How many values there are of constants, and of what is made of them.
    counted: HashMap<String, u128>,
    /// How many were put side by side.
    joined: HashMap<String, Joined>,
    pub(super) floats: FloatValues,
    divisors: Divisors,
}

/// What would end the process, if values were such.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dangers {
    /// That the input at this place has none.
    Empty(usize),
    /// That it divides by them.
    Division,
    /// That the input at this place has not this number of them.
    Count(usize, i64),
}

impl Values {
    /// What is known of inputs and constants.
    pub(super) fn of(graph: &GraphProto) -> Result<Self, Problem> {
        let mut values = Self::default();
        for bytes in &graph.input {
            values.floats.input(&decode("graph input", bytes)?);
        }
        for bytes in &graph.initializer {
            let tensor: TensorProto = decode("initializer", bytes)?;
            values.constant(tensor.name.clone(), tensor);
        }
        Ok(values)
    }

    pub(super) fn constant(&mut self, name: String, tensor: TensorProto) {
        self.floats.constant(&name, tensor.data_type);
        self.divisors.constant(&name, &tensor);
        self.counted.insert(name.clone(), count(&tensor));
        self.constants.insert(name, tensor);
    }

    /// Takes note of what a node makes.
    pub(super) fn made_by(&mut self, node: &NodeProto, attributes: Vec<AttributeProto>) {
        self.floats.made_by(node);
        self.divisors.made_by(node);
        let values = values_joined(node, &self.joined, &self.constants);
        let outputs = node.output.iter().map(|name| (name.clone(), values));
        if node.op_type != "Constant" {
            self.joined.extend(outputs);
        }
        if node.op_type == "Constant"
            && let Some(name) = node.output.first()
            && let Some(attribute) = attributes.into_iter().next()
        {
            let all = attribute.floats.len().max(attribute.ints.len()).max(1);
            let all = attribute.t.as_ref().map_or(all as u128, count);
            self.counted.insert(name.clone(), all);
            if let Some(tensor) = attribute.t {
                self.constants.insert(name.clone(), tensor);
            }
        }
        if let (Some(output), Some(count)) = (node.output.first(), self.count_of(node)) {
            self.counted.insert(output.clone(), count);
        }
    }

    /// How many values a node makes of what is counted, where it hands all of it on.
    fn count_of(&self, node: &NodeProto) -> Option<u128> {
        let mut counts = node
            .input
            .iter()
            .map(|name| self.counted.get(name).copied());
        match node.op_type.as_str() {
            "Concat" => counts.try_fold(0_u128, |all, count| Some(all.saturating_add(count?))),
            "Cast" | "Identity" | "Reshape" | "Squeeze" | "Unsqueeze" => counts.next()?,
            _ => None,
        }
    }

    /// What of a node's values may end the process, whose inputs were noted before.
    #[cfg_attr(
        not(feature = "runtime"),
        expect(dead_code, reason = "no value ends the process of the embedded engine")
    )]
    pub(super) fn dangers_of(&self, node: &NodeProto) -> Vec<Dangers> {
        let is_along = |bytes: &Vec<u8>| {
            decode::<AttributeProto>("attribute", bytes).is_ok_and(|it| it.name == "axis")
        };
        match (node.domain.as_str(), node.op_type.as_str()) {
            ("", "GRU" | "LSTM") => vec![Dangers::Empty(0)],
            ("", "Unique") if node.attribute.iter().any(is_along) => vec![Dangers::Empty(0)],
            // It does not look how many numbers its depth is, and its values.
            ("", "OneHot") => [(1, 1), (2, 2)]
                .into_iter()
                .filter(|(place, count)| {
                    let name = node.input.get(*place);
                    let found = name.and_then(|name| self.counted.get(name));
                    found.is_none_or(|found| i64::try_from(*found) != Ok(*count))
                })
                .map(|(place, count)| Dangers::Count(place, count))
                .collect(),
            ("", "Div" | "Mod") if may_end_the_process(node, &self.floats, &self.divisors) => {
                vec![Dangers::Division]
            }
            _ => Vec::new(),
        }
    }

    /// Why a node cannot be given these values.
    pub(super) fn beyond(&self, node: &NodeProto) -> Option<String> {
        if values_joined(node, &self.joined, &self.constants).is_too_much() {
            return Some(String::from("puts more values side by side than it keeps"));
        }
        let sizes = sizes_of(&node.op_type).and_then(|at| node.input.get(at));
        let sizes = sizes.and_then(|name| self.constants.get(name));
        sizes
            .is_some_and(|sizes| product(sizes) > VALUES_LIMIT)
            .then(|| String::from("makes more values than it keeps"))
    }
}

/// How many values a tensor has.
fn count(tensor: &TensorProto) -> u128 {
    let dims = tensor.dims.iter();
    let dims = dims.map(|dim| u128::try_from(*dim).unwrap_or(1));
    dims.fold(1, u128::saturating_mul)
}

/// How many values an operator makes by putting those of others side by side: what is done over and over doubles
/// them each time.
fn values_joined(
    node: &NodeProto,
    joined: &HashMap<String, Joined>,
    constants: &HashMap<String, TensorProto>,
) -> Joined {
    let of_constant = |tensor| Joined {
        of_row: 0,
        of_constants: count(tensor),
    };
    let of = |name: &String| {
        let known = joined.get(name).copied();
        let known = known.or_else(|| constants.get(name).map(of_constant));
        known.unwrap_or(Joined::ONE)
    };
    let inputs = node.input.iter().map(of);
    let joined = match node.op_type.as_str() {
        "Concat" => inputs.reduce(|one, other| one.by(other, u128::saturating_add)),
        operator if KEEP.contains(&operator) => {
            inputs.reduce(|one, other| one.by(other, u128::max))
        }
        _ => None,
    };
    joined.unwrap_or(Joined::ONE)
}

/// Which input says how much an operator makes.
fn sizes_of(operator: &str) -> Option<usize> {
    match operator {
        "BlackmanWindow" | "ConstantOfShape" | "HammingWindow" | "HannWindow" => Some(0),
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
    use super::*;

    /// An assertion of the library that ONNX Runtime is built with ended the process.
    #[test]
    fn a_one_hot_whose_depth_is_no_number_is_guarded() {
        let dangers = |depth: usize, values: usize| {
            let mut values_of = Values::default();
            for (name, count) in [("depth", depth), ("values", values)] {
                let tensor = TensorProto {
                    dims: vec![count as i64],
                    data_type: 7,
                    int64_data: vec![3; count],
                    ..Default::default()
                };
                values_of.constant(name.to_owned(), tensor);
            }
            let node = |operator: &str, input: &[&str], output: &str| NodeProto {
                op_type: operator.to_owned(),
                input: input.iter().map(|name| (*name).to_owned()).collect(),
                output: vec![output.to_owned()],
                ..Default::default()
            };
            values_of.made_by(&node("Unsqueeze", &["depth", "x"], "d"), Vec::new());
            values_of.dangers_of(&node("OneHot", &["x", "d", "values"], "y"))
        };
        assert!(dangers(1, 2).is_empty());
        let (depth, values) = (Dangers::Count(1, 1), Dangers::Count(2, 2));
        assert_eq!(dangers(0, 2), [depth]);
        assert_eq!(dangers(2, 2), [depth]);
        assert_eq!(dangers(1, 0), [values]);
        assert_eq!(dangers(3, 1), [depth, values]);
    }
}
