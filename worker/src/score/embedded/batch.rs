//! Rows as tensors of a batch.

use tract_onnx::prelude::{IntoTValue, TValue, Tensor, TractResult};

use crate::score::signature::BoundInput;
use crate::score::tensor_values::TensorValues;

/// Some rows as a tensor of a batch, the last of them repeated to fill it up.
pub(super) fn tensor(
    input: &BoundInput,
    values: &TensorValues,
    rows: std::ops::Range<usize>,
    batch: usize,
) -> TractResult<TValue> {
    let width = input.columns.len();
    let shape = match input.is_flat {
        true => vec![batch],
        false => vec![batch, width],
    };
    let tensor = match values.filled(width, rows, batch) {
        TensorValues::Float(all) => Tensor::from_shape(&shape, &all),
        TensorValues::Double(all) => Tensor::from_shape(&shape, &all),
        TensorValues::Long(all) => Tensor::from_shape(&shape, &all),
        TensorValues::Int(all) => Tensor::from_shape(&shape, &all),
        TensorValues::Bool(all) => Tensor::from_shape(&shape, &all),
    };
    Ok(tensor?.into_tvalue())
}
