//! Divisions of whole numbers: by 0, or of the least number by −1, the processor ends the process that does one,
//! and ONNX Runtime does not look.

use std::collections::HashMap;

use prost::Message;

use super::element_types::FloatValues;
use super::message::{AttributeProto, NodeProto, TensorProto};
use super::tensor::Tensor;

/// Values of a constant that are looked at, at most: a divisor has few.
const VALUES_LIMIT: usize = 1 << 16;
/// Operators that make no other values than those of all their inputs that are listed here: how many are.
const HAND_ON: [(&str, usize); 12] = [
    ("Concat", usize::MAX),
    ("Expand", 1),
    ("Flatten", 1),
    ("Gather", 1),
    ("GatherElements", 1),
    ("Identity", 1),
    ("Reshape", 1),
    ("Slice", 1),
    ("Squeeze", 1),
    ("Tile", 1),
    ("Transpose", 1),
    ("Unsqueeze", 1),
];

/// Values of which none is 0, or −1, or between the two.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Divisor {
    least: f64,
    most: f64,
}

/// What a graph's whole numbers may be divided by, as far as it is known before they are there.
#[derive(Debug, Default)]
pub(super) struct Divisors(HashMap<String, Divisor>);

impl Divisors {
    /// Takes note of a constant.
    pub(super) fn constant(&mut self, name: &str, tensor: &TensorProto) {
        let is_small = |count: usize| (1..=VALUES_LIMIT).contains(&count);
        let count = tensor.dims.iter().try_fold(1_usize, |count, dim| {
            count.checked_mul(usize::try_from(*dim).ok()?)
        });
        if count.is_some_and(is_small)
            && let Ok(tensor) = Tensor::from_proto(tensor.clone())
            && let Some(values) = tensor.to_f64()
        {
            self.note(name, &values);
        }
    }

    fn note(&mut self, name: &str, values: &[f64]) {
        let is_apart = |value: &f64| *value >= 1.0 || *value <= -2.0;
        if !values.is_empty() && values.iter().all(is_apart) {
            let least = values.iter().copied().fold(f64::INFINITY, f64::min);
            let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            self.0.insert(name.to_owned(), Divisor { least, most });
        }
    }

    /// Takes note of what a node makes, whose inputs were noted before.
    pub(super) fn made_by(&mut self, node: &NodeProto) {
        if !node.domain.is_empty() {
            return;
        }
        let Some(output) = node.output.first() else {
            return;
        };
        let inputs = node.input.iter().map(|name| self.0.get(name).copied());
        let mut inputs = inputs.collect::<Vec<_>>().into_iter();
        let hand_on = HAND_ON.iter().find(|(name, _)| *name == node.op_type);
        let made = match (node.op_type.as_str(), hand_on) {
            (_, Some((_, count))) => inputs.take(*count).reduce(|one, other| {
                let (one, other) = (one?, other?);
                Some(Divisor {
                    least: one.least.min(other.least),
                    most: one.most.max(other.most),
                })
            }),
            ("Cast", _) => inputs
                .next()
                .map(|input| input.filter(|it| keeps(node, *it))),
            // As large as the largest at least.
            ("Max", _) => Some(inputs.flatten().find(is_positive).map(at_least)),
            ("Clip", _) => {
                let [_, low, high] = [inputs.next(), inputs.next(), inputs.next()];
                let has_top = node.input.get(2).is_some_and(|name| !name.is_empty());
                let top = !has_top || high.flatten().is_some_and(|it| is_positive(&it));
                low.map(|low| low.filter(|low| top && is_positive(low)).map(at_least))
            }
            ("Constant", _) => {
                for bytes in &node.attribute {
                    let Ok(attribute) = AttributeProto::decode(bytes.as_slice()) else {
                        continue;
                    };
                    match (attribute.name.as_str(), &attribute.t) {
                        ("value", Some(tensor)) => self.constant(output, tensor),
                        ("value_int", _) => self.note(output, &[attribute.i as f64]),
                        ("value_ints", _) => {
                            let values = attribute.ints.iter().map(|value| *value as f64);
                            self.note(output, &values.collect::<Vec<_>>());
                        }
                        _ => {}
                    }
                }
                return;
            }
            _ => None,
        };
        if let Some(Some(made)) = made {
            self.0.insert(output.clone(), made);
        }
    }
}

fn is_positive(divisor: &Divisor) -> bool {
    divisor.least >= 1.0
}

fn at_least(divisor: Divisor) -> Divisor {
    Divisor {
        most: f64::INFINITY,
        ..divisor
    }
}

/// Whether a Cast makes no 0 or −1 of such values: they fit what it makes of them.
fn keeps(node: &NodeProto, divisor: Divisor) -> bool {
    let all = node.attribute.iter();
    let mut read = all.filter_map(|bytes| AttributeProto::decode(bytes.as_slice()).ok());
    let to = read.find(|attribute| attribute.name == "to");
    let within = |limit: f64| divisor.least >= -limit && divisor.most < limit;
    match to.map_or(0, |to| to.i) {
        2 => divisor.least >= 1.0 && within(256.0),
        3 => within(128.0),
        4 => divisor.least >= 1.0 && within(65_536.0),
        5 => within(32_768.0),
        6 => within(2_147_483_648.0),
        // Of 64 bits, and single and double precision, which are between whole numbers.
        1 | 7 | 11 => within(9_007_199_254_740_992.0),
        _ => false,
    }
}

/// Whether a node may divide whole numbers by 0 or −1.
pub(super) fn may_end_the_process(
    node: &NodeProto,
    floats: &FloatValues,
    divisors: &Divisors,
) -> bool {
    let divides = ["Div", "Mod"].contains(&node.op_type.as_str()) && node.domain.is_empty();
    // Both are of one type.
    let is_float = node.input.iter().take(2).any(|name| floats.contains(name));
    let divisor = node.input.get(1).and_then(|name| divisors.0.get(name));
    divides && !is_float && divisor.is_none()
}

#[cfg(test)]
mod tests {
    use super::super::message::{GraphProto, TensorTypeProto, TypeProto, ValueInfoProto};
    use super::super::values::{Dangers, Values};
    use super::*;

    type Step = (
        &'static str,
        &'static [&'static str],
        Option<AttributeProto>,
    );

    fn step(operator: &'static str, inputs: &'static [&'static str]) -> Step {
        (operator, inputs, None)
    }

    fn cast(input: &'static [&'static str], to: i64) -> Step {
        let to = AttributeProto {
            name: String::from("to"),
            i: to,
            ..Default::default()
        };
        ("Cast", input, Some(to))
    }

    fn whole(name: &str, values: &[i64]) -> TensorProto {
        TensorProto {
            name: name.to_owned(),
            dims: vec![values.len() as i64],
            data_type: 7,
            int64_data: values.to_vec(),
            ..Default::default()
        }
    }

    /// Whether the last of these operators is guarded, each of which makes its number, from inputs `f` of
    /// floats and `x` of whole numbers.
    fn is_guarded(steps: &[Step]) -> bool {
        let port = |name: &str, elem_type: i32| {
            let tensor = TensorTypeProto {
                elem_type,
                shape: None,
            };
            let kind = TypeProto {
                tensor_type: Some(tensor),
                ..Default::default()
            };
            let name = name.to_owned();
            let kind = Some(kind);
            ValueInfoProto { name, kind }.encode_to_vec()
        };
        let constants = [
            whole("zero", &[0]),
            whole("less", &[-1]),
            whole("two", &[2]),
            whole("some", &[2, 1, -2]),
            whole("one of them", &[2, 0]),
            whole("large", &[256]),
        ];
        let node = |(number, (operator, inputs, attribute)): (usize, &Step)| NodeProto {
            op_type: (*operator).to_owned(),
            name: format!("/{operator}"),
            input: inputs.iter().map(|name| (*name).to_owned()).collect(),
            output: vec![number.to_string()],
            attribute: attribute.iter().map(Message::encode_to_vec).collect(),
            ..Default::default()
        };
        let graph = GraphProto {
            initializer: constants.iter().map(Message::encode_to_vec).collect(),
            input: vec![port("f", 1), port("x", 7)],
            ..Default::default()
        };
        let mut values = Values::of(&graph).unwrap();
        let mut dangers = Vec::new();
        for node in steps.iter().enumerate().map(node) {
            dangers = values.dangers_of(&node);
            values.made_by(&node, Vec::new());
        }
        dangers.contains(&Dangers::Division)
    }

    /// The process ended by SIGFPE.
    #[test]
    fn whole_numbers_divided_by_zero_or_the_least_by_minus_one() {
        for operator in ["Div", "Mod"] {
            for divisor in [
                &["x", "x"],
                &["x", "zero"],
                &["x", "less"],
                &["x", "one of them"],
            ] {
                assert!(is_guarded(&[(operator, divisor, None)]), "{divisor:?}");
            }
        }
        let guarded: [&[Step]; 7] = [
            &[step("ArgMax", &["f"]), step("Div", &["x", "0"])],
            &[cast(&["f"], 7), step("Div", &["x", "0"])],
            &[step("Max", &["x", "zero"]), step("Div", &["x", "0"])],
            &[cast(&["large"], 3), step("Div", &["0", "0"])],
            &[step("Add", &["two", "x"]), step("Div", &["x", "0"])],
            &[
                step("Clip", &["x", "two", "zero"]),
                step("Div", &["x", "0"]),
            ],
            &[step("Concat", &["two", "x"]), step("Mod", &["x", "0"])],
        ];
        for steps in guarded {
            assert!(is_guarded(steps), "{steps:?}");
        }
    }

    #[test]
    fn divisions_that_are_known_to_be_sound_are_left_alone() {
        let alone: [&[Step]; 10] = [
            &[step("Div", &["x", "two"])],
            &[step("Div", &["x", "some"])],
            // Half of a dimension, and every second of some.
            &[
                step("Shape", &["f"]),
                step("Gather", &["0", "zero"]),
                step("Unsqueeze", &["two", "zero"]),
                step("Div", &["1", "2"]),
            ],
            &[cast(&["two"], 6), step("Mod", &["x", "0"])],
            &[step("Max", &["x", "two"]), step("Div", &["x", "0"])],
            &[step("Clip", &["x", "two"]), step("Div", &["x", "0"])],
            // A mean over those that are there, a norm, weights of attention.
            &[
                step("Sqrt", &["f"]),
                step("MatMul", &["f", "0"]),
                step("ReduceSum", &["1"]),
                step("Where", &["x", "2", "f"]),
                step("Div", &["1", "3"]),
            ],
            &[
                step("Shape", &["f"]),
                cast(&["0"], 1),
                step("Div", &["f", "1"]),
            ],
            &[step("ConstantOfShape", &["x"]), step("Div", &["f", "0"])],
            &[
                step("Softmax", &["f"]),
                step("Split", &["0"]),
                step("Mod", &["1", "1"]),
            ],
        ];
        for steps in alone {
            assert!(!is_guarded(steps), "{steps:?}");
        }
    }
}
