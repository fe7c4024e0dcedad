//! Functions of one number.

use tract_onnx::model::OnnxOpRegister;
use tract_onnx::pb::NodeProto;
use tract_onnx::prelude::{DatumType, Tensor, TractResult, f16};
use tract_onnx::tract_core::internal::{ElementWiseMiniOp, bail};
use tract_onnx::tract_core::ops::element_wise::ElementWiseOp;
use tract_onnx::tract_core::ops::math::Tanh;
use tract_onnx::tract_core::ops::nn::Sigmoid;
use tract_onnx::tract_hir::internal::{ElementWiseIntoHir, InferenceOp};

/// A function, as ONNX defines it, with its constants as bits: two that are alike are equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    Relu,
    Sigmoid,
    Tanh,
    HardSigmoid(u32, u32),
    HardSwish,
    Softplus,
    Swish(u32),
    Celu(u32),
    Mish,
    GeluTanh,
    Acosh,
    Asinh,
}

type Operator = TractResult<(Box<dyn InferenceOp>, Vec<String>)>;

/// Registers the functions that files name.
pub(super) fn register(operators: &mut OnnxOpRegister) {
    operators.insert("Relu", |_, _| named(Function::Relu));
    operators.insert("Sigmoid", |_, _| named(Function::Sigmoid));
    operators.insert("Tanh", |_, _| named(Function::Tanh));
    operators.insert("HardSwish", |_, _| named(Function::HardSwish));
    operators.insert("Softplus", |_, _| named(Function::Softplus));
    operators.insert("Mish", |_, _| named(Function::Mish));
    operators.insert("Acosh", |_, _| named(Function::Acosh));
    operators.insert("Asinh", |_, _| named(Function::Asinh));
    operators.insert("HardSigmoid", |_, node| {
        let (alpha, beta) = (constant(node, "alpha", 0.2)?, constant(node, "beta", 0.5)?);
        named(Function::HardSigmoid(alpha, beta))
    });
    operators.insert("Swish", |_, node| {
        named(Function::Swish(constant(node, "alpha", 1.0)?))
    });
    operators.insert("Celu", |_, node| {
        named(Function::Celu(constant(node, "alpha", 1.0)?))
    });
}

fn named(function: Function) -> Operator {
    let op = ElementWiseOp(Box::new(function), None);
    Ok((op.into_hir(), Vec::new()))
}

fn constant(node: &NodeProto, name: &str, usual: f32) -> TractResult<u32> {
    let found: Option<f32> = node.get_attr_opt(name)?;
    Ok(found.unwrap_or(usual).to_bits())
}

impl Function {
    /// x · sigmoid(x).
    pub(super) fn swish() -> Self {
        Self::Swish(1.0_f32.to_bits())
    }

    fn apply(self, x: f64) -> f64 {
        let of = |bits: u32| f64::from(f32::from_bits(bits));
        match self {
            // Comparisons are such that NaN stays what it is.
            Self::Relu if x < 0.0 => 0.0,
            Self::Relu => x,
            Self::Sigmoid => sigmoid(x),
            Self::Tanh => x.tanh(),
            Self::HardSigmoid(alpha, beta) => hard(of(alpha), of(beta), x),
            Self::HardSwish => x * hard(1.0 / 6.0, 0.5, x),
            Self::Softplus => softplus(x),
            Self::Swish(alpha) => x * sigmoid(of(alpha) * x),
            Self::Celu(_) if x > 0.0 => x,
            Self::Celu(alpha) => of(alpha) * (x / of(alpha)).exp_m1(),
            Self::Mish => x * softplus(x).tanh(),
            Self::GeluTanh => {
                let inner = (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044_715 * x * x * x);
                0.5 * x * (1.0 + inner.tanh())
            }
            Self::Acosh => x.acosh(),
            Self::Asinh => x.asinh(),
        }
    }

    /// tract's kernel for numbers of single precision, and where it is to be trusted.
    fn kernel(self, xs: &mut Tensor) -> TractResult<Option<f32>> {
        match self {
            Self::Sigmoid => Sigmoid {}.eval_in_place(xs, None).map(|()| Some(8.0)),
            Self::Tanh => Tanh {}.eval_in_place(xs, None).map(|()| Some(4.0)),
            _ => Ok(None),
        }
    }

    fn single(self, tensor: &mut Tensor) -> TractResult<()> {
        let given = match self {
            Self::Sigmoid | Self::Tanh => Some(tensor.clone()),
            _ => None,
        };
        let trusted = self.kernel(tensor)?;
        let mut plain = tensor.try_as_plain_ram_mut()?;
        let values = plain.as_slice_mut::<f32>()?;
        if let (Some(trusted), Some(given)) = (trusted, given) {
            let given = given.try_as_plain_ram()?;
            for (value, given) in values.iter_mut().zip(given.as_slice::<f32>()?) {
                if given.is_nan() || given.abs() > trusted {
                    *value = self.apply(f64::from(*given)) as f32;
                }
            }
            return Ok(());
        }
        if self == Self::Relu {
            for value in values.iter_mut().filter(|value| **value < 0.0) {
                *value = 0.0;
            }
            return Ok(());
        }
        for value in values {
            *value = self.apply(f64::from(*value)) as f32;
        }
        Ok(())
    }
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

fn hard(alpha: f64, beta: f64, x: f64) -> f64 {
    // NaN stays NaN.
    (alpha * x + beta).clamp(0.0, 1.0)
}

fn softplus(x: f64) -> f64 {
    match x > 0.0 {
        true => x + (-x).exp().ln_1p(),
        false => x.exp().ln_1p(),
    }
}

impl ElementWiseMiniOp for Function {
    fn name(&self) -> String {
        format!("{self:?}")
    }

    fn eval_in_place(&self, tensor: &mut Tensor, _: Option<DatumType>) -> TractResult<()> {
        macro_rules! values {
            ($kind:ty, $apply:expr) => {{
                let mut plain = tensor.try_as_plain_ram_mut()?;
                for value in plain.as_slice_mut::<$kind>()? {
                    *value = $apply(*value);
                }
            }};
        }
        match tensor.datum_type() {
            DatumType::F32 => self.single(tensor)?,
            DatumType::F64 => values!(f64, |x| self.apply(x)),
            DatumType::F16 => {
                values!(f16, |x: f16| f16::from_f64(self.apply(f64::from(x))));
            }
            DatumType::I32 if *self == Self::Relu => values!(i32, |x: i32| x.max(0)),
            DatumType::I64 if *self == Self::Relu => values!(i64, |x: i64| x.max(0)),
            other => bail!("{self:?} of {other:?} is not known"),
        }
        Ok(())
    }
}
