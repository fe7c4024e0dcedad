//! Functions of the numbers along some dimensions.

use tract_onnx::model::OnnxOpRegister;
use tract_onnx::prelude::{DatumType, IntoTValue, TValue, TVec, Tensor, TractResult, TypedFact};
use tract_onnx::tract_core::internal::{
    DatumTypeExt, EvalContext, EvalOp, Op, OutletId, SpecialOps, StaticName, ToDim, TypedModel,
    TypedOp, as_op, bail, op_as_typed_op, tvec,
};
use tract_onnx::tract_core::ops::cast::cast;
use tract_onnx::tract_core::ops::nn::Reducer;
use tract_onnx::tract_hir::infer::rules::{InferenceResult, Solver, TensorProxy};
use tract_onnx::tract_hir::internal::{Expansion, check_input_arity, check_output_arity, expand};

use super::within::refused;

/// A function of the numbers along some dimensions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lanes {
    kind: Kind,
    axes: TVec<usize>,
}

/// Which function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    LogSoftmax,
    Normalized(Norm),
    Max,
    Min,
    /// Of several that are alike, the last one.
    ArgMax(bool),
    ArgMin(bool),
}

/// What numbers are divided by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Norm {
    Max,
    L1,
    L2,
}

/// Registers the functions that files name.
pub(super) fn register(operators: &mut OnnxOpRegister) {
    operators.insert("Normalizer", |_, node| {
        let norm: Option<String> = node.get_attr_opt("norm")?;
        let norm = match norm.as_deref() {
            None | Some("MAX") => Norm::Max,
            Some("L1") => Norm::L1,
            Some("L2") => Norm::L2,
            Some(other) => bail!("Normalizer by {other} is not known"),
        };
        let kind = Kind::Normalized(norm);
        Ok((
            expand(OfFile {
                kind,
                axis: -1,
                and_after: false,
            }),
            Vec::new(),
        ))
    });
    operators.insert("LogSoftmax", |file, node| {
        let axis: Option<i64> = node.get_attr_opt("axis")?;
        // Once it was of all dimensions from that one.
        let and_after = file.onnx_operator_set_version < 13;
        let axis = axis.unwrap_or(if and_after { 1 } else { -1 });
        let kind = Kind::LogSoftmax;
        Ok((
            expand(OfFile {
                kind,
                axis,
                and_after,
            }),
            Vec::new(),
        ))
    });
}

impl Lanes {
    /// What takes the place of one of tract's reductions.
    pub(super) fn reduction(reducer: Reducer, axes: &[usize], taken: DatumType) -> Option<Self> {
        let kind = match reducer {
            _ if !taken.is_float() => return None,
            Reducer::Max => Kind::Max,
            Reducer::Min => Kind::Min,
            Reducer::ArgMax(last) => Kind::ArgMax(last),
            Reducer::ArgMin(last) => Kind::ArgMin(last),
            _ => return None,
        };
        let axes = axes.into();
        Some(Self { kind, axes })
    }

    /// The values of a lane, and what becomes of them.
    fn of_lane(&self, lane: &mut [f64]) -> TractResult<f64> {
        let better = |is_less: bool, one: f64, other: f64| match is_less {
            true => one < other,
            false => one > other,
        };
        match self.kind {
            Kind::LogSoftmax => log_softmax(lane),
            Kind::Normalized(norm) => normalize(norm, lane),
            Kind::Max | Kind::Min => {
                let is_less = self.kind == Kind::Min;
                let none = if is_less {
                    f64::INFINITY
                } else {
                    f64::NEG_INFINITY
                };
                let mut best = none;
                for value in lane.iter().copied() {
                    // ONNX Runtime has another answer for each place of it.
                    if value.is_nan() {
                        let name = if is_less { "ReduceMin" } else { "ReduceMax" };
                        return Err(refused(name, value));
                    }
                    if better(is_less, value, best) {
                        best = value;
                    }
                }
                return Ok(best);
            }
            Kind::ArgMax(last) | Kind::ArgMin(last) => {
                let is_less = matches!(self.kind, Kind::ArgMin(_));
                let mut best: Option<(usize, f64)> = None;
                for (place, value) in lane.iter().copied().enumerate() {
                    if value.is_nan() {
                        let name = if is_less { "ArgMin" } else { "ArgMax" };
                        return Err(refused(name, value));
                    }
                    let wins = best.is_none_or(|(_, best)| {
                        better(is_less, value, best) || (last && !better(is_less, best, value))
                    });
                    if wins {
                        best = Some((place, value));
                    }
                }
                return Ok(best.map_or(0.0, |(place, _)| place as f64));
            }
        }
        Ok(0.0)
    }

    fn keeps_lanes(&self) -> bool {
        matches!(self.kind, Kind::LogSoftmax | Kind::Normalized(_))
    }

    fn made_of(&self, taken: DatumType) -> DatumType {
        match self.kind {
            Kind::ArgMax(_) | Kind::ArgMin(_) => DatumType::I64,
            _ => taken,
        }
    }

    fn run(&self, input: &Tensor) -> TractResult<Tensor> {
        let taken = input.datum_type();
        let mut shape = input.shape().to_vec();
        let (lanes, along) = places(&shape, &self.axes);
        let doubles = input.cast_to::<f64>()?;
        let plain = doubles.try_as_plain_ram()?;
        let values = plain.as_slice::<f64>()?;
        let of_value = |place: usize| values.get(place).copied().unwrap_or(f64::NAN);
        let mut made = match self.keeps_lanes() {
            true => vec![0.0; values.len()],
            false => Vec::with_capacity(lanes.len()),
        };
        let mut lane = vec![0.0; along.len()];
        for first in lanes {
            for (value, step) in lane.iter_mut().zip(&along) {
                *value = of_value(first + step);
            }
            let one = self.of_lane(&mut lane)?;
            if !self.keeps_lanes() {
                made.push(one);
                continue;
            }
            for (value, step) in lane.iter().zip(&along) {
                if let Some(slot) = made.get_mut(first + step) {
                    *slot = *value;
                }
            }
        }
        if !self.keeps_lanes() {
            for axis in &self.axes {
                if let Some(size) = shape.get_mut(*axis) {
                    *size = 1;
                }
            }
        }
        let made = Tensor::from_shape(&shape, &made)?;
        Ok(made.cast_to_dt(self.made_of(taken))?.into_owned())
    }
}

/// Where each lane begins, and where its values are from there.
fn places(shape: &[usize], axes: &[usize]) -> (Vec<usize>, Vec<usize>) {
    let mut stride = 1;
    let mut strides = vec![0; shape.len()];
    for (slot, size) in strides.iter_mut().zip(shape).rev() {
        *slot = stride;
        stride *= size;
    }
    let along = |is_axis: bool| {
        let mut places = vec![0];
        for (axis, (size, stride)) in shape.iter().zip(&strides).enumerate() {
            if axes.contains(&axis) == is_axis {
                let of = |place: &usize| {
                    let place = *place;
                    (0..*size).map(move |step| place + step * stride)
                };
                places = places.iter().flat_map(of).collect();
            }
        }
        places
    };
    (along(false), along(true))
}

fn log_softmax(lane: &mut [f64]) {
    let most = lane.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = lane.iter().map(|value| (value - most).exp()).sum();
    for value in lane {
        *value = *value - most - sum.ln();
    }
}

/// As ONNX Runtime has it, in single precision: a row of zeros stays as it is, and the greatest value is
/// one with its sign.
fn normalize(norm: Norm, lane: &mut [f64]) {
    let singles = lane.iter().map(|value| *value as f32);
    let by: f32 = match norm {
        Norm::Max => singles.fold(f32::MIN, f32::max),
        Norm::L1 => singles.map(f32::abs).sum(),
        Norm::L2 => singles.map(|value| value * value).sum(),
    };
    if by == 0.0 {
        return;
    }
    for value in lane {
        let single = *value as f32;
        let divided = match norm {
            Norm::Max | Norm::L1 => single / by,
            Norm::L2 => (single * single / by).sqrt().copysign(single),
        };
        *value = f64::from(divided);
    }
}

impl Op for Lanes {
    fn name(&self) -> StaticName {
        format!("{:?}", self.kind).into()
    }

    op_as_typed_op!();
}

impl EvalOp for Lanes {
    fn eval_out_of_plan(&self, inputs: TVec<TValue>) -> TractResult<Option<TVec<TValue>>> {
        self.eval(&EvalContext::out_of_plan(), inputs).map(Some)
    }

    fn eval(&self, _: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        match inputs.first() {
            Some(input) => Ok(tvec![self.run(input)?.into_tvalue()]),
            None => bail!("{:?} of nothing", self.kind),
        }
    }
}

impl TypedOp for Lanes {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let Some(input) = inputs.first() else {
            bail!("{:?} of nothing", self.kind);
        };
        let mut shape = input.shape.to_tvec();
        if !self.keeps_lanes() {
            for axis in &self.axes {
                if let Some(size) = shape.get_mut(*axis) {
                    *size = 1.to_dim();
                }
            }
        }
        Ok(tvec![self.made_of(input.datum_type).fact(shape)])
    }

    as_op!();
}

/// A function as a file names it.
#[derive(Debug, Clone)]
struct OfFile {
    kind: Kind,
    /// The dimension, from the end where it is negative.
    axis: i64,
    /// Whether it is along all that come after that, too.
    and_after: bool,
}

impl Expansion for OfFile {
    fn name(&self) -> StaticName {
        format!("{:?}", self.kind).into()
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        solver: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        outputs: &'p [TensorProxy],
    ) -> InferenceResult {
        check_input_arity(inputs, 1)?;
        check_output_arity(outputs, 1)?;
        match self.kind {
            Kind::Normalized(_) => solver.equals(&outputs[0].datum_type, DatumType::F32)?,
            _ => solver.equals(&outputs[0].datum_type, &inputs[0].datum_type)?,
        }
        solver.equals(&inputs[0].shape, &outputs[0].shape)
    }

    fn wire(
        &self,
        prefix: &str,
        model: &mut TypedModel,
        inputs: &[OutletId],
    ) -> TractResult<TVec<OutletId>> {
        let fact = match inputs.first() {
            Some(input) => model.outlet_fact(*input)?.clone(),
            None => bail!("{:?} of nothing", self.kind),
        };
        let rank = fact.rank();
        let from = match self.axis {
            axis if axis < 0 => rank as i64 + axis,
            axis => axis,
        };
        let from = usize::try_from(from).ok().filter(|from| *from < rank);
        let Some(from) = from else {
            bail!("{:?} along dimension {} of {rank}", self.kind, self.axis);
        };
        let axes = match self.and_after {
            true => (from..rank).collect(),
            false => tvec![from],
        };
        let lanes = Lanes {
            kind: self.kind,
            axes,
        };
        match self.kind {
            Kind::Normalized(_) if fact.datum_type != DatumType::F32 => {
                let name = format!("{prefix}.single");
                let single = model.wire_node(name, cast(DatumType::F32), inputs)?;
                model.wire_node(prefix, lanes, &single)
            }
            _ => model.wire_node(prefix, lanes, inputs),
        }
    }
}
