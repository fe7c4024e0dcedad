//! Values that an operator is not given, as tract has another one for them than ONNX Runtime.

use tract_onnx::model::OnnxOpRegister;
use tract_onnx::pb::{AttributeProto, GraphProto, NodeProto, TensorProto};
use tract_onnx::prelude::{DatumType, Tensor, TractError, TractResult};
use tract_onnx::tract_core::internal::{ElementWiseMiniOp, anyhow};
use tract_onnx::tract_core::ops::element_wise::ElementWiseOp;
use tract_onnx::tract_hir::internal::ElementWiseIntoHir;

use crate::runtime_library::INSTALL;

/// What looks at the input of an operator.
const WITHIN: &str = "lumimill.Within";

/// Operators of which the first input is looked at: whether they may be given what is no finite
/// number, and up to what absolute value.
const LIMITS: &[(&str, bool, f32)] = &[
    ("Hardmax", false, f32::MAX),
    ("InstanceNormalization", true, 1e15),
    ("LayerNormalization", true, 1e15),
    ("LpNormalization", true, 1e15),
    ("ReduceLogSumExp", false, 80.0),
    ("TopK", false, f32::MAX),
];

/// What is said of a value that an operator cannot be given, and of no other error.
const ANOTHER: &str = "of which this engine makes another value";

/// Whether an error is one of values: others may be fine.
pub(in crate::score::embedded) fn is_of_values(message: &str) -> bool {
    message.contains(ANOTHER)
}

/// That an operator was given what it cannot be.
pub(super) fn refused(operator: &str, value: f64) -> TractError {
    let dropped = match value.is_nan() {
        true => "; where an input is NaN, nan = \"drop\" leaves its row out instead",
        false => "",
    };
    anyhow!(
        "operator {operator} is given {value}, {ANOTHER} than ONNX \
         Runtime: {INSTALL}{dropped}"
    )
}

/// Puts what looks at inputs in front of the operators that need it, and gives a Clip the limits
/// that it has where it is told none.
pub(in crate::score::embedded) fn guard(graph: &mut GraphProto, operator_set: i64) {
    let mut nodes = Vec::with_capacity(graph.node.len());
    for (number, mut node) in std::mem::take(&mut graph.node).into_iter().enumerate() {
        let place = LIMITS.iter().position(|(name, ..)| *name == node.op_type);
        if let (Some(place), Some(input)) = (place, node.input.first_mut()) {
            let looked_at = format!("{WITHIN} {number}");
            nodes.push(NodeProto {
                op_type: WITHIN.to_owned(),
                name: looked_at.clone(),
                input: vec![std::mem::replace(input, looked_at.clone())],
                output: vec![looked_at],
                attribute: vec![AttributeProto {
                    name: String::from("place"),
                    r#type: 2,
                    i: place as i64,
                    ..AttributeProto::default()
                }],
                ..NodeProto::default()
            });
        }
        if node.op_type == "Clip" {
            bounded(&mut node, graph, operator_set);
        }
        nodes.push(node);
    }
    graph.node = nodes;
}

/// A Clip with both of its bounds: those that it is not told are the greatest finite numbers.
fn bounded(node: &mut NodeProto, graph: &mut GraphProto, operator_set: i64) {
    for (place, name, usual) in [(1, "min", f32::MIN), (2, "max", f32::MAX)] {
        if operator_set < 11 {
            if !node
                .attribute
                .iter()
                .any(|attribute| attribute.name == name)
            {
                node.attribute.push(AttributeProto {
                    name: name.to_owned(),
                    r#type: 1,
                    f: usual,
                    ..AttributeProto::default()
                });
            }
            continue;
        }
        if node.input.len() <= place {
            node.input.resize(place + 1, String::new());
        }
        if let Some(bound) = node.input.get_mut(place).filter(|bound| bound.is_empty()) {
            *bound = format!("{WITHIN} {name}");
            if !graph.initializer.iter().any(|tensor| tensor.name == *bound) {
                graph.initializer.push(TensorProto {
                    name: bound.clone(),
                    data_type: 1,
                    float_data: vec![usual],
                    ..TensorProto::default()
                });
            }
        }
    }
}

/// Registers what looks at inputs.
pub(super) fn register(operators: &mut OnnxOpRegister) {
    operators.insert(WITHIN, |_, node| {
        let place = usize::try_from(node.get_attr::<i64>("place")?)?;
        let op = ElementWiseOp(Box::new(Within { place }), None);
        Ok((op.into_hir(), Vec::new()))
    });
}

/// Lets numbers through that an operator may be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Within {
    place: usize,
}

impl ElementWiseMiniOp for Within {
    fn name(&self) -> String {
        WITHIN.to_owned()
    }

    fn eval_in_place(&self, tensor: &mut Tensor, _: Option<DatumType>) -> TractResult<()> {
        let Some((operator, takes_any, most)) = LIMITS.get(self.place) else {
            return Ok(());
        };
        if !tensor.datum_type().is_float() {
            return Ok(());
        }
        let values = tensor.cast_to::<f64>()?;
        let plain = values.try_as_plain_ram()?;
        for value in plain.as_slice::<f64>()? {
            let is_told = match value.is_finite() {
                true => value.abs() > f64::from(*most),
                false => !takes_any && (value.is_nan() || *most < f32::MAX),
            };
            if is_told {
                return Err(refused(operator, *value));
            }
        }
        Ok(())
    }
}
