//! What of tract is replaced, so that every value is the one that ONNX Runtime has for it.
//!
//! tract's kernels take NaN for a number (a sigmoid of NaN is 4.8e-7), some of its formulas overflow
//! where the function does not (a softplus of 100), some leave what is multiplied by 0 out, and whole
//! numbers of 64 bits are taken for sizes of 32. Operators are replaced where a file is read
//! ([`reader`]) or where it was made of simpler ones ([`replace`]); what has no counterpart here is
//! refused when it is met ([`within`]). `operators.py` of the integration tests holds all of them against ONNX Runtime.

mod binary;
mod cast;
mod function;
mod lanes;
mod within;

use tract_onnx::Onnx;
use tract_onnx::prelude::{DatumType, TypedModel};
use tract_onnx::tract_core::internal::TypedOp;
use tract_onnx::tract_core::ops::binary::TypedBinOp;
use tract_onnx::tract_core::ops::element_wise::ElementWiseOp;
use tract_onnx::tract_core::ops::math::Tanh;
use tract_onnx::tract_core::ops::nn::{GeluApproximate, HardSwish, Reduce, Sigmoid, Silu};

use binary::Binary;
use function::Function;
use lanes::Lanes;
pub(super) use within::{guard, is_of_values};

/// tract's reader of files, with operators of this program.
pub(super) fn reader() -> Onnx {
    let mut onnx = tract_onnx::onnx();
    let operators = &mut onnx.op_register;
    function::register(operators);
    cast::register(operators);
    lanes::register(operators);
    within::register(operators);
    onnx
}

/// Replaces what does not keep values as they are, before anything is made faster.
pub(super) fn replace(model: &mut TypedModel) {
    for node in 0..model.nodes.len() {
        let input = model.node(node).inputs.first().copied();
        let input = input.and_then(|input| model.outlet_fact(input).ok());
        let taken = input.map(|fact| fact.datum_type);
        if let Some(node) = model.nodes.get_mut(node)
            && let Some(taken) = taken
            && let Some(exact) = counterpart(node.op.as_ref(), taken)
        {
            node.op = exact;
        }
    }
}

/// The operator of this program for one of tract's that is given numbers of a type.
fn counterpart(op: &dyn TypedOp, taken: DatumType) -> Option<Box<dyn TypedOp>> {
    if let Some(TypedBinOp(op, stored)) = op.downcast_ref() {
        let exact = Binary::of(op.as_ref(), taken)?;
        return Some(Box::new(TypedBinOp(Box::new(exact), *stored)));
    }
    if let Some(Reduce { axes, reducer }) = op.downcast_ref() {
        let exact = Lanes::reduction(*reducer, axes, taken)?;
        return Some(Box::new(exact));
    }
    let ElementWiseOp(op, stored) = op.downcast_ref()?;
    let exact = match op {
        _ if stored.is_some() || !taken.is_float() => return None,
        op if op.is::<Sigmoid>() => Function::Sigmoid,
        op if op.is::<Tanh>() => Function::Tanh,
        op if op.is::<HardSwish>() => Function::HardSwish,
        op if op.is::<Silu>() => Function::swish(),
        op if op.is::<GeluApproximate>() => Function::GeluTanh,
        _ => return None,
    };
    Some(Box::new(ElementWiseOp(Box::new(exact), None)))
}
