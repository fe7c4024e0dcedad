//! Operators by which some values would end the process, made such that they give an error of those values: nodes
//! before them look at what they are given, and fail as ONNX Runtime fails by itself. Numbers stay as they are.

use std::collections::HashSet;

use prost::Message;

use super::excerpt::Excerpt;
use super::message::{AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto};
use super::values::{Dangers, Values};
use super::{INT64, decode, read_model, read_parts};
use crate::score::error::Problem;

/// What names of guards begin with: all other nodes are called by their number.
const GUARD: &str = "guard ";
/// What text attributes are that are tensors or whole numbers.
const KIND_INT: i32 = 2;
const KIND_TENSOR: i32 = 4;

/// The model of an excerpt, guarded.
///
/// # Errors
/// When the excerpt is none.
pub(crate) fn with_guards(excerpt: &Excerpt) -> Result<Vec<u8>, Problem> {
    let (mut model, graph) = read_model(&excerpt.bytes)?;
    let mut graph = read_parts(&graph)?;
    let mut values = Values::of(&graph)?;
    let mut guards = Guards::new(&excerpt.bytes);
    for (number, bytes) in std::mem::take(&mut graph.node).into_iter().enumerate() {
        let mut node: NodeProto = decode("node", &bytes)?;
        let name = excerpt.names.get(number).filter(|name| !name.is_empty());
        let operator = &node.op_type;
        let named = match name {
            Some(name) => format!("operator {operator} ({name:?})"),
            None => format!("operator {operator}"),
        };
        for danger in values.dangers_of(&node) {
            guards.guard(&mut node, danger, &named);
        }
        values.made_by(&node, attributes(&node)?);
        guards.nodes.push(node.encode_to_vec());
    }
    graph.node = guards.nodes;
    with_graph(&mut model, &graph);
    Ok(model.encode_to_vec())
}

/// What a guard says of values, where an error of ONNX Runtime is that of a guard.
pub(crate) fn told_by_guard(message: &str) -> Option<&str> {
    let (_, named) = message.split_once(&format!("Name:'{GUARD}"))?;
    let (_, told) = named.split_once('\'')?.0.split_once(": ")?;
    Some(told)
}

fn with_graph(model: &mut ModelProto, graph: &GraphProto) {
    model.graph = Some(graph.encode_to_vec());
}

fn attributes(node: &NodeProto) -> Result<Vec<AttributeProto>, Problem> {
    let all = node.attribute.iter();
    all.map(|bytes| decode("attribute", bytes)).collect()
}

/// A name that no name in these bytes begins with, which is short whatever they are.
fn unused_name(bytes: &[u8]) -> String {
    let begin = b"guard";
    let numbers = bytes.windows(begin.len()).enumerate();
    let numbers = numbers.filter(|(_, part)| part == begin).map(|(at, _)| {
        let rest = bytes.get(at + begin.len()..).unwrap_or_default();
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit());
        digits.fold(0_u64, |number, digit| {
            number
                .saturating_mul(10)
                .saturating_add(u64::from(digit - b'0'))
        })
    });
    let taken: HashSet<u64> = numbers.collect();
    let free = (0..).find(|number| !taken.contains(number));
    format!("guard{}_", free.unwrap_or(u64::MAX))
}

/// Nodes, guards among them.
struct Guards {
    nodes: Vec<Vec<u8>>,
    /// What no value of the model is called like.
    prefix: String,
    made: usize,
}

impl Guards {
    fn new(model: &[u8]) -> Self {
        Self {
            nodes: Vec::new(),
            prefix: unused_name(model),
            made: 0,
        }
    }

    /// Guards a node, which is called so.
    fn guard(&mut self, node: &mut NodeProto, danger: Dangers, named: &str) {
        match danger {
            Dangers::Empty(place) => {
                let told = format!("{named} is given no values, which would end the process");
                self.replace(node, place, |guards, input| guards.not_empty(input, &told));
            }
            Dangers::Division => {
                let told = format!(
                    "{named} divides whole numbers by 0, or the least by -1, which would end the process"
                );
                let dividend = node.input.first().cloned().unwrap_or_default();
                self.replace(node, 1, |guards, divisor| {
                    guards.divisible(&dividend, divisor, &told)
                });
            }
            Dangers::Count(place, count) => {
                let told = format!("{named} is not given {count} of a value");
                self.replace(node, place, |guards, input| {
                    let shape = guards.constant(vec![1], count);
                    guards.node("Reshape", &[input, &shape], &[], &told)
                });
            }
        }
    }

    fn replace(
        &mut self,
        node: &mut NodeProto,
        place: usize,
        by: impl FnOnce(&mut Self, &str) -> String,
    ) {
        if let Some(input) = node.input.get_mut(place).filter(|name| !name.is_empty()) {
            *input = by(self, input);
        }
    }

    /// The same values; an error where a dimension is 0.
    fn not_empty(&mut self, input: &str, told: &str) -> String {
        let shape = self.node("Shape", &[input], &[], "");
        let zero = self.constant(Vec::new(), 0);
        let is_none = self.node("Equal", &[&shape, &zero], &[], "");
        self.unless(&is_none, input, told)
    }

    /// The same divisor; an error where a division by it would end the process.
    fn divisible(&mut self, dividend: &str, divisor: &str, told: &str) -> String {
        // Of all lengths whole numbers have, as these are types of constants that are not known.
        let [dividends, divisors] = [dividend, divisor].map(|name| self.long(name));
        let is = |guards: &mut Self, name: &str, value: i64| {
            let value = guards.constant(Vec::new(), value);
            guards.node("Equal", &[name, &value], &[], "")
        };
        let zero = is(self, &divisors, 0);
        let less = is(self, &divisors, -1);
        let least = is(self, &dividends, i64::MIN);
        let least_of_short = is(self, &dividends, i32::MIN.into());
        let least = self.node("Or", &[&least, &least_of_short], &[], "");
        let beyond = self.node("And", &[&less, &least], &[], "");
        let wrong = self.node("Or", &[&zero, &beyond], &[], "");
        self.unless(&wrong, divisor, told)
    }

    /// The same values; an error where any of those flags is set.
    fn unless(&mut self, flags: &str, input: &str, told: &str) -> String {
        let numbers = self.long(flags);
        let keep = AttributeProto {
            name: String::from("keepdims"),
            kind: KIND_INT,
            ..Default::default()
        };
        let count = self.node("ReduceSum", &[&numbers], &[keep], "");
        // There is one at 0, and none at any other place.
        let only = self.constant(vec![1], 0);
        let nothing = self.node("Gather", &[&only, &count], &[], told);
        let shape = self.node("Shape", &[input], &[], "");
        let shape = self.node("Add", &[&shape, &nothing], &[], "");
        self.node("Reshape", &[input, &shape], &[], "")
    }

    fn long(&mut self, name: &str) -> String {
        let to = AttributeProto {
            name: String::from("to"),
            i: INT64.into(),
            kind: KIND_INT,
            ..Default::default()
        };
        self.node("Cast", &[name], &[to], "")
    }

    fn constant(&mut self, dims: Vec<i64>, value: i64) -> String {
        let value = AttributeProto {
            name: String::from("value"),
            kind: KIND_TENSOR,
            t: Some(TensorProto {
                dims,
                data_type: INT64,
                int64_data: vec![value],
                ..Default::default()
            }),
            ..Default::default()
        };
        self.node("Constant", &[], &[value], "")
    }

    /// Adds a node with one output; `told` is what an error of it says.
    fn node(
        &mut self,
        operator: &str,
        inputs: &[&str],
        attributes: &[AttributeProto],
        told: &str,
    ) -> String {
        let number = self.made;
        let output = format!("{}{number}", self.prefix);
        self.made += 1;
        let told = told.replace('\'', "\"");
        let node = NodeProto {
            op_type: operator.to_owned(),
            name: format!("{GUARD}{number}: {told}"),
            input: inputs.iter().map(|name| (*name).to_owned()).collect(),
            output: vec![output.clone()],
            attribute: attributes.iter().map(Message::encode_to_vec).collect(),
            ..Default::default()
        };
        self.nodes.push(node.encode_to_vec());
        output
    }
}

#[cfg(test)]
mod tests {
    use super::unused_name;

    /// Names as long as the file, in each of thousands of nodes, took its square of memory.
    #[test]
    fn names_of_guards_are_short_whatever_names_a_model_has() {
        assert_eq!(unused_name(b"a model"), "guard0_");
        assert_eq!(unused_name(b"guard0_1 and guard1_, guard3_"), "guard2_");
        assert_eq!(
            unused_name(&[b"guard".as_slice(), &[b'_'; 1 << 20]].concat()),
            "guard1_"
        );
        assert_eq!(
            unused_name(&[b"guard".as_slice(), &[b'9'; 1 << 20]].concat()),
            "guard0_"
        );
    }
}
