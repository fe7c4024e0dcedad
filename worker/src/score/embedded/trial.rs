//! Whether a model keeps the rows of a batch apart: tried with the same rows beside others.

use tract_onnx::prelude::{TVec, TractResult};

use super::batch::tensor;
use super::guard::guarded;
use super::plan::Plan;
use crate::score::made_up::made_up;
use crate::score::signature::BoundInput;

/// Whether each row has the same values, to the last bit, wherever it is in a batch and whatever is
/// beside it.
///
/// # Errors
/// When it does not take rows that were made up.
pub(super) fn keeps_rows_apart(inputs: &[BoundInput], plan: &Plan) -> Result<bool, String> {
    let rows = plan.rows();
    // By an odd number of places: by no multiple of the widths that engines work in. Others come
    // in for those that leave, as an order alone changes neither a sum nor a mean of the batch.
    let moved = (rows / 2) | 1;
    let before = values(inputs, plan, &|place| place)?;
    let after = values(inputs, plan, &|place| place + moved)?;
    Ok(before.iter().zip(&after).all(|(before, after)| {
        let width = before.len() / rows.max(1);
        let stayed = before.iter().skip(moved * width);
        stayed.eq(after.iter().take(rows.saturating_sub(moved) * width))
    }))
}

/// The bits of all outputs, of rows that were made up: at each place the one of this number.
pub(super) fn values(
    inputs: &[BoundInput],
    plan: &Plan,
    from: &dyn Fn(usize) -> usize,
) -> Result<Vec<Vec<u64>>, String> {
    let rows = plan.rows();
    let of_inputs = inputs.iter().map(|input| {
        let values = made_up(input, rows, from);
        tensor(input, &values, 0..rows, rows)
    });
    guarded(|| {
        let outputs = plan.run(of_inputs.collect::<TractResult<TVec<_>>>()?)?;
        let bits = outputs.iter().map(|output| {
            let doubles = output.cast_to::<f64>()?;
            let view = doubles.to_plain_array_view::<f64>()?;
            let bits = |value: &f64| match value.is_nan() {
                true => u64::MAX,
                false => value.to_bits(),
            };
            Ok(view.iter().map(bits).collect())
        });
        bits.collect()
    })
}
