//! Numbers as whole numbers, of all their bits.

use tract_onnx::model::OnnxOpRegister;
use tract_onnx::prelude::{DatumType, Tensor, TractResult, TypedModel};
use tract_onnx::tract_core::internal::{
    ElementWiseMiniOp, OutletId, SpecialOps, StaticName, TVec, bail,
};
use tract_onnx::tract_core::ops::cast::cast;
use tract_onnx::tract_core::ops::element_wise::ElementWiseOp;
use tract_onnx::tract_hir::infer::rules::{InferenceResult, Solver, TensorProxy};
use tract_onnx::tract_hir::internal::{Expansion, check_input_arity, check_output_arity, expand};

use super::within::refused;

/// Registers ONNX's operator.
pub(super) fn register(operators: &mut OnnxOpRegister) {
    operators.insert("Cast", |_, node| {
        let to = node.get_attr::<DatumType>("to")?;
        Ok((expand(Cast { to }), Vec::new()))
    });
}

/// ONNX's operator.
#[derive(Debug, Clone)]
struct Cast {
    to: DatumType,
}

impl Cast {
    /// Sizes that are not known yet stay what they are.
    fn made_of(&self, from: DatumType) -> DatumType {
        match self.to {
            DatumType::I64 if from == DatumType::TDim => from,
            to => to,
        }
    }
}

impl Expansion for Cast {
    fn name(&self) -> StaticName {
        "Cast".into()
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        solver: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        outputs: &'p [TensorProxy],
    ) -> InferenceResult {
        check_input_arity(inputs, 1)?;
        check_output_arity(outputs, 1)?;
        solver.given(&inputs[0].datum_type, move |solver, from| {
            solver.equals(&outputs[0].datum_type, self.made_of(from))
        })?;
        solver.equals(&outputs[0].rank, &inputs[0].rank)?;
        solver.equals(&outputs[0].shape, &inputs[0].shape)
    }

    fn wire(
        &self,
        prefix: &str,
        model: &mut TypedModel,
        inputs: &[OutletId],
    ) -> TractResult<TVec<OutletId>> {
        let from = match inputs.first() {
            Some(input) => model.outlet_fact(*input)?.datum_type,
            None => bail!("Cast of nothing"),
        };
        let to = self.made_of(from);
        match from.is_float() && to.is_integer() {
            true => model.wire_node(prefix, ElementWiseOp(Box::new(Whole { to }), None), inputs),
            false => model.wire_node(prefix, cast(to), inputs),
        }
    }
}

/// Floats as whole numbers, cut off; what none of them is, is the least number of 32 and 64 bits, as
/// processors have it, and of others refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Whole {
    to: DatumType,
}

impl ElementWiseMiniOp for Whole {
    fn name(&self) -> String {
        format!("CastTo{:?}", self.to)
    }

    fn output_type(&self, _: DatumType) -> Option<DatumType> {
        Some(self.to)
    }

    fn eval_out_of_place(&self, tensor: &Tensor, _: Option<DatumType>) -> TractResult<Tensor> {
        let given = tensor.cast_to::<f64>()?;
        let plain = given.try_as_plain_ram()?;
        let values = plain.as_slice::<f64>()?;
        macro_rules! whole {
            ($kind:ty, $other:expr) => {{
                // What is above the greatest number of 64 bits is one of double precision.
                let (least, above) = (<$kind>::MIN as f64, <$kind>::MAX as f64 + 1.0);
                let mut made: Vec<$kind> = Vec::with_capacity(values.len());
                for value in values.iter().map(|value| value.trunc()) {
                    let fits = value >= least && value < above;
                    let other: Option<$kind> = $other;
                    match (fits, other) {
                        (true, _) => made.push(value as $kind),
                        (false, Some(other)) => made.push(other),
                        (false, None) => {
                            return Err(refused(&format!("Cast to {:?}", self.to), value));
                        }
                    }
                }
                Tensor::from_shape(tensor.shape(), &made)
            }};
        }
        match self.to {
            DatumType::I64 => whole!(i64, Some(i64::MIN)),
            DatumType::I32 => whole!(i32, Some(i32::MIN)),
            DatumType::I16 => whole!(i16, None),
            DatumType::I8 => whole!(i8, None),
            DatumType::U64 => whole!(u64, None),
            DatumType::U32 => whole!(u32, None),
            DatumType::U16 => whole!(u16, None),
            DatumType::U8 => whole!(u8, None),
            other => bail!("Cast to {other:?} is not known"),
        }
    }
}
