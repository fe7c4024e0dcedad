//! Which values of a graph are floating-point numbers, by the schemas of ONNX: most operators make values of the
//! type of their first input.
//!
//! Truth values may be taken for numbers here, as no operator does arithmetic with them; values of operators
//! that are not known are taken for none. `make_element_types.py` makes what it is held against.

use std::collections::HashSet;

use prost::Message;

use super::branches::{Branch, branches};
use super::message::{AttributeProto, NodeProto, ValueInfoProto};
use super::of_runtime::{OF_RUNTIME, RUNTIME};
use super::{DOUBLE, FLOAT};

/// ONNX's numbers for floating-point numbers: of 32, 16 and 64 bits, and of the short mantissa.
const FLOATS: [i32; 4] = [FLOAT, 10, DOUBLE, 16];

/// What an output of an operator is.
enum Made {
    Floats,
    /// Whole numbers, text, or nobody knows.
    Others,
    /// Of the type of this input.
    As(usize),
}

/// The values that are floating-point numbers.
#[derive(Debug, Default)]
pub(super) struct FloatValues(HashSet<String>);

impl FloatValues {
    pub(super) fn contains(&self, name: &str) -> bool {
        self.0.contains(name)
    }

    /// Takes note of an input of the graph.
    pub(super) fn input(&mut self, port: &ValueInfoProto) {
        let kind = port
            .kind
            .as_ref()
            .and_then(|kind| kind.tensor_type.as_ref());
        if let Some(kind) = kind {
            self.constant(&port.name, kind.elem_type);
        }
    }

    /// Takes note of a constant of an element type.
    pub(super) fn constant(&mut self, name: &str, element: i32) {
        if FLOATS.contains(&element) {
            self.0.insert(name.to_owned());
        }
    }

    /// Takes note of what a node makes, whose inputs were noted before.
    pub(super) fn made_by(&mut self, node: &NodeProto) {
        let branches = branches(node);
        for (place, output) in node.output.iter().enumerate() {
            let is_float = match made(node, place) {
                Made::Floats => true,
                Made::Others => {
                    let of_branch = |branch: &Branch| {
                        let name = branch.hands_on.get(place);
                        name.is_some_and(|name| self.contains(name))
                    };
                    !branches.is_empty() && branches.iter().all(of_branch)
                }
                Made::As(input) => {
                    let input = node.input.get(input);
                    input.is_some_and(|input| self.contains(input))
                }
            };
            if is_float {
                self.0.insert(output.clone());
            }
        }
    }
}

/// What an output of a node is, by its number.
fn made(node: &NodeProto, output: usize) -> Made {
    let operator = node.op_type.as_str();
    match node.domain.as_str() {
        "" => standard(node, operator, output),
        "ai.onnx.ml" => of_trees(node, operator, output),
        RUNTIME if OF_RUNTIME.contains(&operator) => Made::As(0),
        _ => Made::Others,
    }
}

fn standard(node: &NodeProto, operator: &str, output: usize) -> Made {
    match operator {
        "Cast" | "BitCast" => told(node, "to").unwrap_or(Made::Others),
        "CastLike" | "Where" => Made::As(1),
        "OneHot" => Made::As(2),
        "Constant" => constant(node),
        "ConstantOfShape" => told(node, "value").unwrap_or(Made::Floats),
        "EyeLike" => told(node, "dtype").unwrap_or(Made::As(0)),
        "BlackmanWindow" | "HammingWindow" | "HannWindow" | "MelWeightMatrix" => {
            told(node, "output_datatype").unwrap_or(Made::Floats)
        }
        "DequantizeLinear" | "TfIdfVectorizer" => Made::Floats,
        "ArgMax" | "ArgMin" | "ConcatFromSequence" | "ConvInteger" | "EfficientNMS_TRT" | "If"
        | "ImageDecoder" | "Loop" | "MatMulInteger" | "Multinomial" | "NonMaxSuppression"
        | "NonZero" | "Optional" | "OptionalGetElement" | "QLinearConv" | "QLinearMatMul"
        | "QuantizeLinear" | "Scan" | "SequenceAt" | "SequenceLength" | "Shape" | "Size"
        | "StringSplit" => Made::Others,
        "DynamicQuantizeLinear" if output != 1 => Made::Others,
        "MaxPool" | "TopK" | "Unique" if output > 0 => Made::Others,
        _ => Made::As(0),
    }
}

fn of_trees(node: &NodeProto, operator: &str, output: usize) -> Made {
    match operator {
        "ArrayFeatureExtractor" | "Binarizer" | "Imputer" => Made::As(0),
        "FeatureVectorizer"
        | "LinearRegressor"
        | "Normalizer"
        | "OneHotEncoder"
        | "SVMRegressor"
        | "Scaler"
        | "TreeEnsemble"
        | "TreeEnsembleRegressor" => Made::Floats,
        "LinearClassifier" | "SVMClassifier" | "TreeEnsembleClassifier" if output > 0 => {
            Made::Floats
        }
        "LabelEncoder" if attribute(node, "values_floats").is_some() => Made::Floats,
        "LabelEncoder" => told(node, "values_tensor").unwrap_or(Made::Others),
        _ => Made::Others,
    }
}

/// What an attribute says that is an element type, or a tensor of one; none where it is not there.
fn told(node: &NodeProto, name: &str) -> Option<Made> {
    let attribute = attribute(node, name)?;
    let element = match attribute.t {
        Some(tensor) => tensor.data_type,
        None => i32::try_from(attribute.i).unwrap_or_default(),
    };
    Some(match FLOATS.contains(&element) {
        true => Made::Floats,
        false => Made::Others,
    })
}

fn constant(node: &NodeProto) -> Made {
    let floats = ["value_float", "value_floats"];
    match floats.iter().any(|name| attribute(node, name).is_some()) {
        true => Made::Floats,
        false => told(node, "value").unwrap_or(Made::Others),
    }
}

fn attribute(node: &NodeProto, name: &str) -> Option<AttributeProto> {
    let all = node.attribute.iter();
    let mut read = all.filter_map(|bytes| AttributeProto::decode(bytes.as_slice()).ok());
    read.find(|attribute| attribute.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Operators of which engines are given none, whose attributes say all, or of another engine.
    const GIVEN_TO_NONE: [&str; 4] = ["Loop", "Scan", "Constant", "EfficientNMS_TRT"];

    /// Every operator of the schemas, of every kind of inputs (`make_element_types.py`).
    #[test]
    fn no_whole_number_is_taken_for_a_floating_point_number() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/element_types.txt");
        let text = std::fs::read_to_string(file).unwrap();
        let (mut wrong, mut checked) = (Vec::new(), 0);
        for line in text.lines() {
            let mut parts = line.split(' ');
            let (operator, inputs, outputs) = (
                parts.next().unwrap(),
                parts.next().unwrap(),
                parts.next().unwrap_or_default(),
            );
            let (domain, name) = operator.rsplit_once('.').unwrap_or(("", operator));
            let of = |kinds: &str, letter: char| -> Vec<String> {
                let numbered = (0..kinds.len()).map(|place| format!("{letter}{place}"));
                numbered.collect()
            };
            let node = NodeProto {
                domain: domain.to_owned(),
                op_type: name.to_owned(),
                input: of(inputs, 'i'),
                output: of(outputs, 'o'),
                ..Default::default()
            };
            let mut floats = FloatValues::default();
            for (place, kind) in inputs.chars().enumerate() {
                let element = if kind == 'f' { FLOAT } else { 7 };
                floats.constant(&format!("i{place}"), element);
            }
            floats.made_by(&node);
            for (place, kind) in outputs.chars().enumerate() {
                let found = floats.contains(&format!("o{place}"));
                // Those of ONNX Runtime may be passed over; some attributes decide.
                let is_open = domain == "com.microsoft" || GIVEN_TO_NONE.contains(&name);
                let is_missed = kind == 'f' && !found && !is_open && !name.starts_with("Random");
                if (kind == 'w' && found) || is_missed {
                    wrong.push(format!("{line}: output {place}"));
                }
                checked += 1;
            }
        }
        assert!(checked > 700, "{checked}");
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}
