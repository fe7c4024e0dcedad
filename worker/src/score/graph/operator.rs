//! The operators that exporters put around tree ensembles.

use super::compiler::{Compiler, Value};
use crate::score::error::Problem;
use crate::score::onnx::{DOUBLE, FLOAT, Node, Tensor};
use crate::score::program::{Action, Binary, RowWise, Side, Unary};
use crate::score::trees;

/// Whether a node is compiled here.
pub(super) fn is_known(node: &Node) -> bool {
    match node.domain.as_str() {
        "" => {
            unary(&node.operator).is_some()
                || binary(&node.operator).is_some()
                || matches!(
                    node.operator.as_str(),
                    "Identity"
                        | "Cast"
                        | "Reshape"
                        | "Flatten"
                        | "Squeeze"
                        | "Unsqueeze"
                        | "Concat"
                        | "Gather"
                        | "Sum"
                        | "Softmax"
                        | "ReduceSum"
                        | "ReduceMean"
                )
        }
        trees::DOMAIN => matches!(
            node.operator.as_str(),
            "ZipMap" | "Normalizer" | "ArrayFeatureExtractor" | "Scaler"
        ),
        _ => false,
    }
}

/// Compiles a node that [`is_known`].
pub(super) fn compile(compiler: &mut Compiler<'_>, node: &Node) -> Result<Value, Problem> {
    let operator = node.operator.as_str();
    if let Some(function) = unary(operator) {
        let slot = compiler.slot(node, 0)?;
        let width = compiler.slot_width(slot);
        return compiler.push(Action::Map(slot, function), width);
    }
    if let Some(function) = binary(operator) {
        return combine(compiler, node, 0, 1, function);
    }
    match operator {
        "Identity" | "ZipMap" => compiler.input(node, 0),
        "Cast" => cast(compiler, node),
        "Reshape" | "Flatten" | "Squeeze" | "Unsqueeze" => reshape(compiler, node),
        "Concat" => concat(compiler, node),
        "Gather" | "ArrayFeatureExtractor" => pick(compiler, node),
        "Scaler" => scale(compiler, node),
        "Sum" => sum(compiler, node),
        "Softmax" | "Normalizer" | "ReduceSum" | "ReduceMean" => row_wise(compiler, node),
        other => Err(Problem::needs_runtime(format!("operator {other}"))),
    }
}

fn unary(operator: &str) -> Option<Unary> {
    Some(match operator {
        "Sigmoid" => Unary::Sigmoid,
        "Tanh" => Unary::Tanh,
        "Exp" => Unary::Exp,
        "Log" => Unary::Log,
        "Neg" => Unary::Neg,
        "Abs" => Unary::Abs,
        "Sqrt" => Unary::Sqrt,
        _ => return None,
    })
}

fn binary(operator: &str) -> Option<Binary> {
    Some(match operator {
        "Add" => Binary::Add,
        "Sub" => Binary::Sub,
        "Mul" => Binary::Mul,
        "Div" => Binary::Div,
        _ => return None,
    })
}

fn unsupported(node: &Node, reason: &str) -> Problem {
    Problem::needs_runtime(format!("operator {} {reason}", node.operator))
}

fn cast(compiler: &Compiler<'_>, node: &Node) -> Result<Value, Problem> {
    let to = node.attributes.int("to")?.unwrap_or(0);
    let to_double = to == i64::from(DOUBLE);
    if !to_double && to != i64::from(FLOAT) {
        return Err(unsupported(
            node,
            &format!("to element type {to}, expected float (1) or double (11)"),
        ));
    }
    Ok(match compiler.input(node, 0)? {
        Value::Features { columns, exact, .. } => Value::Features {
            columns,
            double: to_double,
            // What was declared to be of single precision keeps its value either way.
            exact: exact && to_double,
        },
        Value::Slot { index, .. } => Value::Slot {
            index,
            double: to_double,
        },
    })
}

/// Only reshapes that leave rows and columns as they are.
fn reshape(compiler: &Compiler<'_>, node: &Node) -> Result<Value, Problem> {
    let value = compiler.input(node, 0)?;
    let width = match &value {
        Value::Features { columns, .. } => columns.as_ref().map(|columns| columns.len()),
        Value::Slot { index, .. } => Some(compiler.slot_width(*index)),
    };
    let kept = match node.operator.as_str() {
        "Flatten" => node.attributes.int("axis")?.unwrap_or(1) == 1,
        "Reshape" => {
            let shape = node
                .inputs
                .get(1)
                .and_then(|name| compiler.constants.get(name))
                .and_then(Tensor::as_ints);
            let columns = |count: i64| count == 0 || usize::try_from(count).ok() == width;
            match shape {
                Some([-1]) => width == Some(1),
                Some([-1, count]) => columns(*count),
                Some([0 | 1, -1]) => true,
                Some([0 | 1, count]) => columns(*count),
                _ => false,
            }
        }
        // A column that becomes a vector, or the reverse.
        _ => width == Some(1),
    };
    if kept {
        Ok(value)
    } else {
        Err(unsupported(node, "changes rows or columns"))
    }
}

/// Whether an axis means the columns.
fn check_columns(node: &Node, axis: i64) -> Result<(), Problem> {
    if axis == 1 || axis == -1 {
        Ok(())
    } else {
        Err(unsupported(node, &format!("along axis {axis}, expected 1")))
    }
}

fn concat(compiler: &mut Compiler<'_>, node: &Node) -> Result<Value, Problem> {
    check_columns(node, node.attributes.int("axis")?.unwrap_or(1))?;
    let inputs = (0..node.inputs.len())
        .map(|position| compiler.input(node, position))
        .collect::<Result<Vec<_>, _>>()?;
    let features = inputs.iter().map(|value| match value {
        Value::Features {
            columns: Some(columns),
            double,
            exact,
        } => Some((&**columns, *double, *exact)),
        _ => None,
    });
    if let Some(parts) = features
        .collect::<Option<Vec<_>>>()
        .filter(|parts| !parts.is_empty())
    {
        let double = parts.iter().any(|(_, double, _)| *double);
        let mixed =
            parts.iter().any(|(.., exact)| *exact) && parts.iter().any(|(.., exact)| !exact);
        if double && mixed {
            return Err(unsupported(
                node,
                "joins inputs in double precision with some that were rounded",
            ));
        }
        let exact = parts.iter().all(|(.., exact)| *exact);
        let widths = parts.iter().map(|(columns, ..)| columns.len());
        compiler.make_room(widths.fold(0, usize::saturating_add))?;
        let columns = parts
            .iter()
            .flat_map(|(columns, ..)| columns.iter().copied())
            .collect();
        return Ok(Value::Features {
            columns: Some(columns),
            double,
            exact,
        });
    }
    let slots = (0..node.inputs.len())
        .map(|position| compiler.slot(node, position))
        .collect::<Result<Vec<_>, _>>()?;
    let widths = slots.iter().map(|slot| compiler.slot_width(*slot));
    let width = widths.fold(0, usize::saturating_add);
    compiler.push(Action::Concat(slots), width)
}

fn pick(compiler: &mut Compiler<'_>, node: &Node) -> Result<Value, Problem> {
    if node.operator == "Gather" {
        check_columns(node, node.attributes.int("axis")?.unwrap_or(0))?;
    }
    let indices = node
        .inputs
        .get(1)
        .and_then(|name| compiler.constants.get(name))
        .and_then(Tensor::as_ints);
    let indices = indices
        .ok_or_else(|| unsupported(node, "with indices that are not constant"))?
        .to_vec();
    compiler.make_room(indices.len())?;
    let choose = |width: Option<usize>| -> Result<Vec<usize>, Problem> {
        let wrapped = |index: i64| {
            let from_end = if index < 0 {
                i64::try_from(width?).ok()?
            } else {
                0
            };
            usize::try_from(index.checked_add(from_end)?)
                .ok()
                .filter(|index| width.is_none_or(|width| *index < width))
        };
        let chosen: Option<Vec<usize>> = indices.iter().map(|index| wrapped(*index)).collect();
        chosen.filter(|chosen| !chosen.is_empty()).ok_or_else(|| {
            Problem::invalid(format!(
                "operator {} picks {} columns, and none or not all of them are there",
                node.operator,
                indices.len()
            ))
        })
    };
    match compiler.input(node, 0)? {
        Value::Features {
            columns: None,
            double,
            exact,
        } => Ok(Value::Features {
            columns: Some(choose(None)?.into()),
            double,
            exact,
        }),
        Value::Features {
            columns: Some(columns),
            double,
            exact,
        } => {
            let chosen = choose(Some(columns.len()))?;
            let columns = chosen
                .iter()
                .filter_map(|index| columns.get(*index).copied())
                .collect();
            Ok(Value::Features {
                columns: Some(columns),
                double,
                exact,
            })
        }
        Value::Slot { index, double } => {
            let chosen = choose(Some(compiler.slot_width(index)))?;
            let width = chosen.len();
            compiler.push_as(Action::Pick(index, chosen), width, double)
        }
    }
}

/// A constant with one number, or one for each of `width` columns.
fn row_constant(compiler: &Compiler<'_>, name: &str, width: usize) -> Option<Vec<f32>> {
    let tensor = compiler.constants.get(name)?;
    let (last, leading) = tensor.shape.split_last().unwrap_or((&1, &[]));
    let fits = (*last == 1 || usize::try_from(*last).ok() == Some(width))
        && leading.iter().all(|dim| *dim == 1);
    let values: Vec<f32> = tensor
        .to_f64()?
        .into_iter()
        .map(|value| value as f32)
        .collect();
    (fits && !values.is_empty()).then_some(values)
}

fn combine(
    compiler: &mut Compiler<'_>,
    node: &Node,
    left: usize,
    right: usize,
    function: Binary,
) -> Result<Value, Problem> {
    let is_constant = |compiler: &Compiler<'_>, position: usize| {
        node.inputs
            .get(position)
            .is_some_and(|name| compiler.constants.get(name).is_some())
    };
    let (value, constant, side) = match (is_constant(compiler, left), is_constant(compiler, right))
    {
        (false, true) => (left, right, Side::Right),
        (true, false) => (right, left, Side::Left),
        _ => {
            let (left, right) = (compiler.slot(node, left)?, compiler.slot(node, right)?);
            return combine_slots(compiler, node, left, right, function);
        }
    };
    let slot = compiler.slot(node, value)?;
    let width = compiler.slot_width(slot);
    let name = node.inputs.get(constant).map_or("", String::as_str);
    let constants = row_constant(compiler, name, width).ok_or_else(|| {
        unsupported(
            node,
            &format!("with a constant {name:?} that is not one row"),
        )
    })?;
    compiler.push(
        Action::CombineConstant(slot, constants, function, side),
        width,
    )
}

fn combine_slots(
    compiler: &mut Compiler<'_>,
    node: &Node,
    left: usize,
    right: usize,
    function: Binary,
) -> Result<Value, Problem> {
    let (a, b) = (compiler.slot_width(left), compiler.slot_width(right));
    if a != b && a != 1 && b != 1 {
        return Err(Problem::invalid(format!(
            "operator {} joins {a} and {b} columns",
            node.operator
        )));
    }
    compiler.push(Action::Combine(left, right, function), a.max(b))
}

fn sum(compiler: &mut Compiler<'_>, node: &Node) -> Result<Value, Problem> {
    if let Some(slots) = doubles(compiler, node)? {
        return sum_doubles(compiler, node, slots);
    }
    let mut total = compiler.slot(node, 0)?;
    let mut value = Value::Slot {
        index: total,
        double: false,
    };
    for position in 1..node.inputs.len() {
        let next = compiler.slot(node, position)?;
        value = combine_slots(compiler, node, total, next, Binary::Add)?;
        if let Value::Slot { index, .. } = value {
            total = index;
        }
    }
    Ok(value)
}

/// The inputs of an operator where all are scores in double precision.
fn doubles(compiler: &Compiler<'_>, node: &Node) -> Result<Option<Vec<usize>>, Problem> {
    let inputs = 0..node.inputs.len();
    let slots = inputs.map(|position| match compiler.input(node, position)? {
        Value::Slot { index, double } => Ok(double.then_some(index)),
        Value::Features { .. } => Ok(None),
    });
    slots.collect()
}

/// The sum of scores of parts of an ensemble, as LightGBM's converter splits it.
fn sum_doubles(
    compiler: &mut Compiler<'_>,
    node: &Node,
    slots: Vec<usize>,
) -> Result<Value, Problem> {
    let mut widths = slots.iter().map(|slot| compiler.slot_width(*slot));
    let width = widths.next().unwrap_or_default();
    if widths.any(|other| other != width) {
        return Err(unsupported(node, "of different numbers of columns"));
    }
    compiler.push_as(Action::SumDoubles(slots), width, true)
}

/// (x - offset) · scale.
fn scale(compiler: &mut Compiler<'_>, node: &Node) -> Result<Value, Problem> {
    let slot = compiler.slot(node, 0)?;
    let width = compiler.slot_width(slot);
    let (offset, scale) = (
        node.attributes.floats("offset")?,
        node.attributes.floats("scale")?,
    );
    for (name, values) in [("offset", &offset), ("scale", &scale)] {
        if values.len() != 1 && values.len() != width {
            return Err(Problem::invalid(format!(
                "operator Scaler has {} entries in {name}, expected 1 or {width}",
                values.len()
            )));
        }
    }
    compiler.push(
        Action::CombineConstant(slot, offset, Binary::Sub, Side::Right),
        width,
    )?;
    let moved = compiler.last_slot();
    compiler.push(
        Action::CombineConstant(moved, scale, Binary::Mul, Side::Right),
        width,
    )
}

fn row_wise(compiler: &mut Compiler<'_>, node: &Node) -> Result<Value, Problem> {
    let function = match node.operator.as_str() {
        "Softmax" => {
            check_columns(node, node.attributes.int("axis")?.unwrap_or(-1))?;
            RowWise::Softmax
        }
        "Normalizer" => match node.attributes.string("norm")?.as_deref() {
            None | Some("MAX") => RowWise::NormalizeMax,
            Some("L1") => RowWise::NormalizeL1,
            Some("L2") => RowWise::NormalizeL2,
            Some(other) => {
                return Err(Problem::invalid(format!(
                    "operator Normalizer has norm {other:?}, expected MAX, L1 or L2"
                )));
            }
        },
        operator => {
            for axis in reduced_axes(compiler, node)? {
                check_columns(node, axis)?;
            }
            if operator == "ReduceSum" {
                RowWise::Sum
            } else {
                RowWise::Mean
            }
        }
    };
    let slot = compiler.slot(node, 0)?;
    let width = if matches!(function, RowWise::Sum | RowWise::Mean) {
        1
    } else {
        compiler.slot_width(slot)
    };
    compiler.push(Action::Rows(slot, function), width)
}

/// The axes of a reduction: an attribute in old operator sets, an input in new ones.
fn reduced_axes(compiler: &Compiler<'_>, node: &Node) -> Result<Vec<i64>, Problem> {
    let from_input = node
        .inputs
        .get(1)
        .and_then(|name| compiler.constants.get(name))
        .and_then(Tensor::as_ints);
    let axes = match from_input {
        Some(axes) => axes.to_vec(),
        None => node.attributes.ints("axes")?,
    };
    if axes.is_empty() {
        Err(unsupported(node, "over all axes"))
    } else {
        Ok(axes)
    }
}
