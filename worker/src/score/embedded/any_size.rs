//! Models whose inputs may have any size, as those of graphs: sizes are symbols until a call.

use std::sync::Arc;

use lumimill_common::campaign::ModelOutput;
use tract_onnx::prelude::{
    InferenceFact, InferenceModelExt, IntoRunnable, IntoTValue, TDim, TVec, Tensor as TractTensor,
    TractResult, TypedRunnableModel,
};
use tract_onnx::tract_core::internal::{Symbol, SymbolValues};

use super::exact;
use super::guard::{ENGINE, guarded};
use super::plan::{Asked, TENSOR_LIMIT, TOTAL_LIMIT, datum};
use super::timed::run_within;
use crate::score::error::Problem;
use crate::score::signature::BoundInput;
use crate::score::tensors::{Axis, Elements, Extent, Tensor, TensorEngine, TensorInput};
use crate::score::time_limit::CALL_LIMIT;

/// A usual call: of so many nodes, edges and graphs.
const USUAL: [usize; 3] = [500, 6_000, 64];

/// A model, made ready for calls of any size.
#[derive(Debug)]
pub(crate) struct AnySize {
    runnable: Arc<TypedRunnableModel>,
    /// Which of the inputs it takes, in its order.
    takes: Vec<usize>,
    inputs: Vec<TensorInput>,
    /// How many values each value between has.
    sizes: Vec<TDim>,
    symbols: [Symbol; 3],
}

impl AnySize {
    pub(crate) fn load(
        bytes: &[u8],
        inputs: &[TensorInput],
        outputs: &[String],
    ) -> Result<Self, Problem> {
        let bound = inputs.iter().map(|input| BoundInput {
            name: input.name.clone(),
            element: input.element,
            is_flat: false,
            rows: None,
            columns: 0..0,
        });
        let asked_outputs = outputs.iter().map(|output| ModelOutput {
            column: String::new(),
            output: output.clone(),
            element: None,
            part: None,
        });
        let asked_outputs: Vec<ModelOutput> = asked_outputs.collect();
        let asked = Asked::new(bytes, bound.collect(), &asked_outputs)?;
        let place = |name: &str| inputs.iter().position(|input| input.name == name);
        let takes = asked.inputs().iter().filter_map(|input| place(&input.name));
        let takes: Vec<usize> = takes.collect();
        let mut symbols = None;
        let model = asked.inferred(|model| {
            let new = ["nodes", "edges", "graphs"].map(|name| model.symbols.sym(name));
            for (slot, input) in takes.iter().filter_map(|at| inputs.get(*at)).enumerate() {
                let extent = |extent: &Extent| match extent {
                    Extent::Free(axis) => TDim::Sym(of_axis(&new, *axis).clone()),
                    Extent::Fixed(size) => TDim::Val(*size as i64),
                };
                let shape: TVec<TDim> = input.extents.iter().map(extent).collect();
                let fact = InferenceFact::dt_shape(datum(input.element), shape);
                model.set_input_fact(slot, fact)?;
            }
            symbols = Some(new);
            Ok(())
        })?;
        let refused = Problem::not_embedded;
        let symbols = symbols.ok_or_else(|| refused(String::from("it has no inputs")))?;
        let mut model = guarded(|| model.into_typed()).map_err(refused)?;
        exact::replace(&mut model);
        let facts = model.nodes.iter().flat_map(|node| &node.outputs);
        let sizes = facts.map(|output| output.fact.shape.iter().cloned().product());
        let sizes: Vec<TDim> = sizes.collect();
        within_limits(&sizes, &symbols, USUAL).map_err(refused)?;
        let model = guarded(|| model.into_optimized()).map_err(refused)?;
        let runnable = guarded(|| model.into_runnable()).map_err(refused)?;
        Ok(Self {
            runnable,
            takes,
            inputs: inputs.to_vec(),
            sizes,
            symbols,
        })
    }

    /// How many nodes, edges and graphs a call has.
    fn counts(&self, given: &[Tensor]) -> [usize; 3] {
        let count = |axis: Axis| {
            let inputs = self.inputs.iter().zip(given);
            let sizes = inputs.flat_map(|(input, tensor)| input.extents.iter().zip(&tensor.shape));
            let mut of = sizes.filter(|(extent, _)| **extent == Extent::Free(axis));
            of.next().map_or(0, |(_, size)| *size)
        };
        [count(Axis::Nodes), count(Axis::Edges), count(Axis::Graphs)]
    }
}

impl TensorEngine for AnySize {
    fn run(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>, String> {
        let counts = self.counts(&inputs);
        let mut larger = counts.iter().zip(USUAL);
        if larger.any(|(count, usual)| *count > usual) {
            within_limits(&self.sizes, &self.symbols, counts)?;
        }
        let mut inputs: Vec<Option<Tensor>> = inputs.into_iter().map(Some).collect();
        let mut given = TVec::new();
        for at in &self.takes {
            let tensor = inputs.get_mut(*at).and_then(Option::take);
            let tensor = tensor.ok_or("an input is missing")?;
            given.push(guarded(|| in_engine(&tensor))?.into_tvalue());
        }
        let outputs = guarded(|| run_within(CALL_LIMIT, &self.runnable, given))?;
        outputs
            .iter()
            .map(|output| guarded(|| of_engine(output)))
            .collect()
    }

    fn name(&self) -> &str {
        ENGINE
    }
}

fn of_axis(symbols: &[Symbol; 3], axis: Axis) -> &Symbol {
    match axis {
        Axis::Nodes => &symbols[0],
        Axis::Edges => &symbols[1],
        Axis::Graphs => &symbols[2],
    }
}

/// Refuses a call for which values between would take too much memory.
fn within_limits(sizes: &[TDim], symbols: &[Symbol; 3], counts: [usize; 3]) -> Result<(), String> {
    let mut values = SymbolValues::default();
    for (symbol, count) in symbols.iter().zip(counts) {
        values.set(symbol, count as i64);
    }
    let mut total = 0_u128;
    for size in sizes {
        let size = size.eval(&values).to_i64();
        let size = size.map_err(|_| String::from("it has a shape that depends on values"))?;
        let size = u128::try_from(size).unwrap_or(u128::MAX);
        total = total.saturating_add(size);
        if size > TENSOR_LIMIT || total > TOTAL_LIMIT {
            return Err(format!(
                "{} together make more values than the embedded engine keeps",
                told(counts)
            ));
        }
    }
    Ok(())
}

/// How large a call is: of a model without an input of edges, say, there are none.
fn told([nodes, edges, graphs]: [usize; 3]) -> String {
    let all = [(graphs, "graphs"), (nodes, "nodes"), (edges, "edges")];
    let there = all.iter().filter(|(count, _)| *count > 0);
    let there = there.map(|(count, what)| format!("{count} {what}"));
    there.collect::<Vec<_>>().join(" and ")
}

fn in_engine(tensor: &Tensor) -> TractResult<TractTensor> {
    let shape = &tensor.shape;
    match &tensor.values {
        Elements::Float(all) => TractTensor::from_shape(shape, all),
        Elements::Double(all) => TractTensor::from_shape(shape, all),
        Elements::Long(all) => TractTensor::from_shape(shape, all),
        Elements::Int(all) => TractTensor::from_shape(shape, all),
        Elements::Bool(all) => TractTensor::from_shape(shape, all),
    }
}

fn of_engine(output: &TractTensor) -> TractResult<Tensor> {
    use tract_onnx::prelude::DatumType;

    macro_rules! values {
        ($kind:ty) => {{
            let cast = output.cast_to::<$kind>()?;
            cast.to_plain_array_view::<$kind>()?
                .iter()
                .copied()
                .collect()
        }};
    }
    let values = match output.datum_type() {
        DatumType::F64 => Elements::Double(values!(f64)),
        DatumType::Bool => Elements::Bool(values!(bool)),
        kind if kind.is_integer() => Elements::Long(values!(i64)),
        _ => Elements::Float(values!(f32)),
    };
    Ok(Tensor {
        shape: output.shape().to_vec(),
        values,
    })
}
