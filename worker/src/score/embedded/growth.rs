//! The operators that the embedded engine is given, and how large each makes its output of
//! constants: what a file could blow up while it is loaded, before shapes are known.

use tract_onnx::prelude::Tensor;

/// How many values an operator makes of what it is given.
enum Growth {
    /// No more than it is given, all inputs together.
    Same,
    /// As many as its inputs, stretched to one another.
    Broadcast,
    /// A product of matrices.
    Product,
    /// As many as one input has for each value of another.
    Pick,
    /// As many as the values of this input say, for each value that it is given.
    Sized(usize),
    /// As many as lie between two values.
    Range,
    /// It is only given what is not constant.
    Never,
}

const SAME: &[&str] = &[
    "Abs",
    "Acos",
    "Acosh",
    "ArgMax",
    "ArgMin",
    "Asin",
    "Asinh",
    "Atan",
    "BatchNormalization",
    "Cast",
    "Ceil",
    "Celu",
    "Concat",
    "Constant",
    "Cos",
    "Cosh",
    "Dropout",
    "Elu",
    "Erf",
    "Exp",
    "Flatten",
    "Floor",
    "Gelu",
    "GlobalAveragePool",
    "GlobalMaxPool",
    "HardSigmoid",
    "HardSwish",
    "Hardmax",
    "Identity",
    "InstanceNormalization",
    "IsInf",
    "IsNaN",
    "LayerNormalization",
    "LeakyRelu",
    "Log",
    "LogSoftmax",
    "LpNormalization",
    "Mish",
    "Neg",
    "Not",
    "Reciprocal",
    "ReduceL1",
    "ReduceL2",
    "ReduceLogSum",
    "ReduceLogSumExp",
    "ReduceMax",
    "ReduceMean",
    "ReduceMin",
    "ReduceProd",
    "ReduceSum",
    "ReduceSumSquare",
    "Relu",
    "Reshape",
    "Round",
    "Rsqrt",
    "ScatterElements",
    "ScatterND",
    "Selu",
    "Shape",
    "Shrink",
    "Sigmoid",
    "Sign",
    "Sin",
    "Sinh",
    "Size",
    "Slice",
    "Softmax",
    "Softplus",
    "Softsign",
    "Split",
    "Sqrt",
    "Squeeze",
    "Swish",
    "Tan",
    "Tanh",
    "ThresholdedRelu",
    "TopK",
    "Transpose",
    "Trilu",
    "Unsqueeze",
    "ai.onnx.ml.Normalizer",
    "ai.onnx.ml.LinearClassifier",
    "ai.onnx.ml.LinearRegressor",
];
const BROADCAST: &[&str] = &[
    "Add",
    "And",
    "Clip",
    "Div",
    "Equal",
    "Greater",
    "GreaterOrEqual",
    "Less",
    "LessOrEqual",
    "Max",
    "Mean",
    "Min",
    "Mod",
    "Mul",
    "Or",
    "PRelu",
    "Pow",
    "Sub",
    "Sum",
    "Where",
    "Xor",
];

fn growth(operator: &str) -> Option<Growth> {
    if SAME.contains(&operator) {
        return Some(Growth::Same);
    }
    if BROADCAST.contains(&operator) {
        return Some(Growth::Broadcast);
    }
    Some(match operator {
        "MatMul" | "Gemm" => Growth::Product,
        "Gather" | "GatherElements" | "GatherND" => Growth::Pick,
        "ConstantOfShape" => Growth::Sized(0),
        "Expand" | "Tile" => Growth::Sized(1),
        "Range" => Growth::Range,
        "AveragePool" | "Conv" | "MaxPool" => Growth::Never,
        _ => return None,
    })
}

/// Whether the engine is given this operator.
pub(super) fn is_known(operator: &str) -> bool {
    growth(operator).is_some()
}

/// At least as many values as an operator makes of these constants.
pub(super) fn values_made(operator: &str, inputs: &[&Tensor]) -> u128 {
    let all = || inputs.iter().map(|input| input.len() as u128).sum();
    let first = inputs.first().map_or(1, |input| input.len() as u128);
    match growth(operator) {
        Some(Growth::Same) => all(),
        Some(Growth::Broadcast) => broadcast(inputs),
        Some(Growth::Product) => {
            let of = |at: usize| inputs.get(at).map_or(1, |input| input.len() as u128);
            let inner = inputs
                .first()
                .and_then(|input| input.shape().last().copied());
            let inner = inner.unwrap_or(1).max(1) as u128;
            // The inner dimension may be the other one, where a matrix is turned.
            let outer = inputs
                .first()
                .and_then(|input| input.shape().first().copied());
            let inner = inner.min(outer.unwrap_or(1).max(1) as u128);
            of(0).saturating_mul(of(1)) / inner
        }
        Some(Growth::Pick) => {
            first.saturating_mul(inputs.get(1).map_or(1, |input| input.len() as u128))
        }
        Some(Growth::Sized(which)) => {
            let made = inputs.get(which).map_or(u128::MAX, |sizes| product(sizes));
            match which {
                0 => made,
                _ => made.saturating_mul(first),
            }
        }
        Some(Growth::Range) => range(inputs),
        Some(Growth::Never) | None => u128::MAX,
    }
}

fn broadcast(inputs: &[&Tensor]) -> u128 {
    let rank = inputs.iter().map(|input| input.rank()).max().unwrap_or(0);
    let dimension = |from_end: usize| {
        let of = |input: &&Tensor| {
            input
                .shape()
                .iter()
                .rev()
                .nth(from_end)
                .copied()
                .unwrap_or(1)
        };
        inputs.iter().map(of).max().unwrap_or(1) as u128
    };
    (0..rank).map(dimension).fold(1, u128::saturating_mul)
}

/// The product of whole numbers; a negative one counts as nothing asked for.
fn product(sizes: &Tensor) -> u128 {
    let Ok(sizes) = sizes.cast_to::<i64>() else {
        return u128::MAX;
    };
    let Ok(view) = sizes.to_plain_array_view::<i64>() else {
        return u128::MAX;
    };
    let sizes = view
        .iter()
        .map(|size| u128::try_from(*size).unwrap_or(1).max(1));
    sizes.fold(1, u128::saturating_mul)
}

fn range(inputs: &[&Tensor]) -> u128 {
    let number = |at: usize| -> Option<f64> {
        let value = inputs.get(at)?.cast_to::<f64>().ok()?;
        value
            .to_plain_array_view::<f64>()
            .ok()?
            .iter()
            .next()
            .copied()
    };
    match (number(0), number(1), number(2)) {
        (Some(start), Some(limit), Some(step)) => {
            let count = ((limit - start) / step).ceil();
            match count.is_nan() {
                true => u128::MAX,
                false => count.max(0.0) as u128,
            }
        }
        _ => u128::MAX,
    }
}

#[cfg(test)]
mod tests {
    use tract_onnx::prelude::tensor1;

    use super::*;

    #[test]
    fn what_constants_would_become_is_known_before_it_is_made() {
        let huge = tensor1(&[1_000_000_i64, 1_000_000]);
        let three = tensor1(&[1_i64, 2, 3]);
        assert_eq!(values_made("ConstantOfShape", &[&huge]), 1_000_000_000_000);
        assert_eq!(values_made("Expand", &[&three, &huge]), 3_000_000_000_000);
        assert_eq!(values_made("Add", &[&three, &three]), 3);
        assert_eq!(values_made("Concat", &[&three, &huge]), 5);
        let (zero, most, one) = (tensor1(&[0.0_f64]), tensor1(&[1e12]), tensor1(&[1.0]));
        assert_eq!(
            values_made("Range", &[&zero, &most, &one]),
            1_000_000_000_000
        );
        assert_eq!(values_made("Range", &[&zero, &most, &zero]), u128::MAX);
        assert!(!is_known("Loop") && !is_known("RandomNormal"));
        let tall = Tensor::zero::<f32>(&[1000, 1]).unwrap();
        let wide = Tensor::zero::<f32>(&[1, 1000]).unwrap();
        assert_eq!(values_made("Mul", &[&tall, &wide]), 1_000_000);
        assert!(values_made("MatMul", &[&tall, &wide]) >= 1_000_000);
    }
}
