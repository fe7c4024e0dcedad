//! Functions of two numbers.

use tract_onnx::prelude::{DatumType, Tensor, TractResult, f16, tract_ndarray};
use tract_onnx::tract_core::internal::bail;
use tract_onnx::tract_core::ops::binary::BinMiniOp;
use tract_onnx::tract_core::ops::math;
use tract_onnx::tract_core::tract_linalg::BinOp;

/// A function of two numbers: of floats with all that IEEE 754 says of them, of whole numbers modulo
/// 2 to their bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Binary {
    Max,
    Min,
    Sum,
    Difference,
    /// With 0 too: what is no number, or infinite, makes NaN of it.
    Product,
    /// Not by the reciprocal, which may be infinite where the quotient is not.
    Quotient,
    Power,
}

impl Binary {
    /// What takes the place of one of tract's, of numbers of a type.
    pub(super) fn of(op: &dyn BinMiniOp, taken: DatumType) -> Option<Self> {
        let is_float = taken.is_float();
        let is_whole = matches!(taken, DatumType::I32 | DatumType::I64);
        match op {
            op if is_float && op.is::<math::Max>() => Some(Self::Max),
            op if is_float && op.is::<math::Min>() => Some(Self::Min),
            op if is_float && op.is::<math::Div>() => Some(Self::Quotient),
            op if is_float && op.is::<math::Pow>() => Some(Self::Power),
            op if is_whole && op.is::<math::Add>() => Some(Self::Sum),
            op if is_whole && op.is::<math::Sub>() => Some(Self::Difference),
            op if (is_float || is_whole) && op.is::<math::Mul>() => Some(Self::Product),
            _ => None,
        }
    }

    fn of_doubles(self, a: f64, b: f64) -> f64 {
        match self {
            Self::Max | Self::Min if a.is_nan() || b.is_nan() => f64::NAN,
            Self::Max => a.max(b),
            Self::Min => a.min(b),
            Self::Sum => a + b,
            Self::Difference => a - b,
            Self::Product => a * b,
            Self::Quotient => a / b,
            Self::Power => a.powf(b),
        }
    }

    fn of_singles(self, a: f32, b: f32) -> f32 {
        match self {
            Self::Max | Self::Min if a.is_nan() || b.is_nan() => f32::NAN,
            Self::Max => a.max(b),
            Self::Min => a.min(b),
            Self::Sum => a + b,
            Self::Difference => a - b,
            Self::Product => a * b,
            Self::Quotient => a / b,
            Self::Power if b.to_bits() == 2.0_f32.to_bits() => a * a,
            Self::Power => a.powf(b),
        }
    }

    fn of_halves(self, a: f16, b: f16) -> f16 {
        f16::from_f32(self.of_singles(a.to_f32(), b.to_f32()))
    }

    fn of_ints(self, a: i32, b: i32) -> i32 {
        match self {
            Self::Sum => a.wrapping_add(b),
            Self::Difference => a.wrapping_sub(b),
            _ => a.wrapping_mul(b),
        }
    }

    fn of_longs(self, a: i64, b: i64) -> i64 {
        match self {
            Self::Sum => a.wrapping_add(b),
            Self::Difference => a.wrapping_sub(b),
            _ => a.wrapping_mul(b),
        }
    }
}

impl BinMiniOp for Binary {
    fn name(&self) -> &'static str {
        match self {
            Self::Max => "Max",
            Self::Min => "Min",
            Self::Sum => "Sum",
            Self::Difference => "Difference",
            Self::Product => "Product",
            Self::Quotient => "Quotient",
            Self::Power => "Power",
        }
    }

    fn result_datum_type(&self, a: DatumType, b: DatumType) -> TractResult<DatumType> {
        match a == b {
            true => Ok(a),
            false => self.operating_datum_type(a, b),
        }
    }

    fn is_commutative(&self) -> bool {
        !matches!(self, Self::Difference | Self::Quotient | Self::Power)
    }

    fn neutral_element(&self) -> Option<i64> {
        match self {
            Self::Max | Self::Min => None,
            Self::Sum | Self::Difference => Some(0),
            Self::Product | Self::Quotient | Self::Power => Some(1),
        }
    }

    fn eval_in_a(&self, a: &mut Tensor, b: &Tensor) -> TractResult<()> {
        macro_rules! pairs {
            ($kind:ty, $apply:ident) => {{
                let mut plain = a.try_as_plain_ram_mut()?;
                let mut a = plain.to_array_view_mut::<$kind>()?;
                let b = b.to_plain_array_view::<$kind>()?;
                tract_ndarray::Zip::from(&mut a)
                    .and_broadcast(&b)
                    .for_each(|a, b| *a = self.$apply(*a, *b));
            }};
        }
        match a.datum_type() {
            DatumType::F32 => pairs!(f32, of_singles),
            DatumType::F64 => pairs!(f64, of_doubles),
            DatumType::F16 => pairs!(f16, of_halves),
            DatumType::I32 => pairs!(i32, of_ints),
            DatumType::I64 => pairs!(i64, of_longs),
            other => bail!("{self:?} of {other:?} is not known"),
        }
        Ok(())
    }

    fn eval_out_of_place(&self, c: &mut Tensor, a: &Tensor, b: &Tensor) -> TractResult<()> {
        macro_rules! pairs {
            ($kind:ty, $apply:ident) => {{
                let mut plain = c.try_as_plain_ram_mut()?;
                let mut c = plain.to_array_view_mut::<$kind>()?;
                let a = a.to_plain_array_view::<$kind>()?;
                let b = b.to_plain_array_view::<$kind>()?;
                tract_ndarray::Zip::from(&mut c)
                    .and_broadcast(&a)
                    .and_broadcast(&b)
                    .for_each(|c, a, b| *c = self.$apply(*a, *b));
            }};
        }
        match c.datum_type() {
            DatumType::F32 => pairs!(f32, of_singles),
            DatumType::F64 => pairs!(f64, of_doubles),
            DatumType::F16 => pairs!(f16, of_halves),
            DatumType::I32 => pairs!(i32, of_ints),
            DatumType::I64 => pairs!(i64, of_longs),
            other => bail!("{self:?} of {other:?} is not known"),
        }
        Ok(())
    }

    /// The kernel that multiplies does so with all numbers.
    fn as_linalg_binop(&self) -> Option<BinOp> {
        (*self == Self::Product).then_some(BinOp::Mul)
    }
}
