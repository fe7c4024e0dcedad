//! From the bytes of a model to what can be run for a number of rows, with bounds on all that is
//! made on the way.

use std::sync::Arc;
use std::time::Duration;

use arrow_schema::DataType;
use lumimill_common::campaign::ModelOutput;
use tract_onnx::pb::ModelProto;
use tract_onnx::prelude::{
    DatumType, Framework, InferenceFact, InferenceModel, InferenceModelExt, IntoRunnable, TValue,
    TVec, Tensor, TractResult, TypedModel, TypedRunnableModel,
};
use tract_onnx::tract_core::internal::{OutletId, tvec};
use tract_onnx::tract_hir::infer::Factoid;

use super::guard::guarded;
use super::timed::run_within;
use super::unsound::unsound;
use super::{exact, growth};
use crate::score::columns::Given;
use crate::score::error::Problem;
use crate::score::onnx::{Excerpt, excerpt, out_of_bounds};
use crate::score::signature::{BoundInput, Element};
use crate::score::time_limit::CALL_LIMIT;

/// Values of one tensor, at most.
pub(super) const TENSOR_LIMIT: u128 = 1 << 26;
/// Values of all tensors together, at most.
pub(super) const TOTAL_LIMIT: u128 = 1 << 28;
/// Nodes that the engine is given, at most.
const NODE_LIMIT: usize = 5_000;
/// Looks at every node, until no more is learned of shapes.
const MOST_PASSES: usize = 8;

/// A model as a campaign uses it, not yet made ready for a number of rows.
pub(super) struct Asked {
    proto: ModelProto,
    operators: Vec<String>,
    /// The inputs that are needed, in the order of the file.
    inputs: Vec<BoundInput>,
    /// Names of the outputs, each once.
    outputs: Vec<String>,
}

/// A model made ready.
#[derive(Debug)]
pub(super) struct Plan {
    runnable: Arc<TypedRunnableModel>,
    rows: usize,
    outputs: Vec<Output>,
}

#[derive(Debug)]
struct Output {
    name: String,
    shape: Vec<usize>,
    stored: DataType,
}

impl Asked {
    pub(super) fn new(
        bytes: &[u8],
        inputs: Vec<BoundInput>,
        asked: &[ModelOutput],
    ) -> Result<Self, Problem> {
        let mut outputs: Vec<String> = Vec::new();
        for output in asked {
            if !outputs.contains(&output.output) {
                outputs.push(output.output.clone());
            }
        }
        let names: Vec<&str> = outputs.iter().map(String::as_str).collect();
        let excerpt = excerpt(bytes, &names)?;
        let operators = &excerpt.operators;
        if operators.len() > NODE_LIMIT {
            let found = operators.len();
            return Err(Problem::not_embedded(format!(
                "{found} nodes, more than the {NODE_LIMIT} that it is given"
            )));
        }
        if let Some(operator) = operators
            .iter()
            .find(|operator| !growth::is_known(operator))
        {
            return Err(Problem::not_embedded(format!(
                "it does not know operator {operator}"
            )));
        }
        out_of_bounds(&excerpt, Problem::not_embedded)?;
        let Excerpt {
            bytes,
            operators,
            inputs: needed,
            ..
        } = excerpt;
        let mut proto = <ModelProto as prost::Message>::decode(bytes.as_slice())
            .map_err(|error| Problem::damaged(error.to_string()))?;
        let sets = proto.opset_import.iter();
        let operator_set = sets.filter(|set| set.domain.is_empty() || set.domain == "ai.onnx");
        let operator_set = operator_set.map(|set| set.version).max().unwrap_or(1);
        if let Some(graph) = &mut proto.graph {
            if let Some(reason) = unsound(graph) {
                return Err(Problem::not_embedded(reason));
            }
            exact::guard(graph, operator_set);
        }
        let of = |name: &String| inputs.iter().find(|input| input.name == *name).cloned();
        let inputs = needed.iter().filter_map(of).collect();
        Ok(Self {
            proto,
            operators,
            inputs,
            outputs,
        })
    }

    /// The inputs that are needed, in the order in which a plan takes them.
    pub(super) fn inputs(&self) -> &[BoundInput] {
        &self.inputs
    }

    /// Makes it ready for this many rows at a time, or for as many as it declares.
    pub(super) fn plan(&self, rows: usize) -> Result<Plan, Problem> {
        let declared = self.inputs.iter().filter_map(|input| input.rows).max();
        let tries = match declared {
            // A declaration of one row is most often one of no thought.
            Some(1) if rows > 1 => vec![rows, 1],
            Some(declared) => vec![declared],
            None => vec![rows],
        };
        let mut first = None;
        for rows in tries {
            match self.plan_for(rows) {
                Ok(plan) => return Ok(plan),
                Err(problem) => first = first.or(Some(problem)),
            }
        }
        Err(first.unwrap_or_else(|| Problem::invalid("it takes no rows")))
    }

    fn plan_for(&self, rows: usize) -> Result<Plan, Problem> {
        let model = self.sized(rows)?;
        let refused = |message| Problem::not_embedded(message);
        let mut model = guarded(|| model.into_typed()).map_err(refused)?;
        within_limits(&model)?;
        exact::replace(&mut model);
        let model = guarded(|| model.into_optimized()).map_err(refused)?;
        let mut outputs = Vec::with_capacity(self.outputs.len());
        for (name, outlet) in self.outputs.iter().zip(&model.outputs) {
            let fact = guarded(|| model.outlet_fact(*outlet)).map_err(refused)?;
            let shape = fact.shape.as_concrete().ok_or_else(|| {
                refused(format!(
                    "output {name:?} has a shape that depends on values"
                ))
            })?;
            outputs.push(Output {
                name: name.clone(),
                shape: shape.to_vec(),
                stored: stored(name, fact.datum_type)?,
            });
        }
        let runnable = guarded(|| model.into_runnable()).map_err(refused)?;
        Ok(Plan {
            runnable,
            rows,
            outputs,
        })
    }

    /// The model with its inputs of this many rows, all shapes inferred.
    fn sized(&self, rows: usize) -> Result<InferenceModel, Problem> {
        self.inferred(|model| {
            for (place, input) in self.inputs.iter().enumerate() {
                let width = input.columns.len();
                let fact = match input.is_flat {
                    true => InferenceFact::dt_shape(datum(input.element), tvec![rows]),
                    false => InferenceFact::dt_shape(datum(input.element), tvec![rows, width]),
                };
                model.set_input_fact(place, fact)?;
            }
            Ok(())
        })
    }

    /// The model, told of its inputs, all shapes inferred.
    pub(super) fn inferred(
        &self,
        tell: impl FnOnce(&mut InferenceModel) -> TractResult<()>,
    ) -> Result<InferenceModel, Problem> {
        let refused = |message| Problem::not_embedded(message);
        let mut model = guarded(|| {
            let mut model = exact::reader().model_for_proto_model(&self.proto)?;
            tell(&mut model)?;
            Ok(model)
        })
        .map_err(refused)?;
        let order = guarded(|| model.eval_order()).map_err(refused)?;
        for _ in 0..MOST_PASSES {
            let mut learned = false;
            for node in &order {
                self.check_growth(&model, *node)?;
                learned |= guarded(|| infer(&mut model, *node)).map_err(refused)?;
            }
            if !learned {
                break;
            }
        }
        Ok(model)
    }

    /// Refuses what would become huge of constants alone.
    fn check_growth(&self, model: &InferenceModel, node: usize) -> Result<(), Problem> {
        let node = model.node(node);
        let operator = node
            .name
            .parse()
            .ok()
            .and_then(|at: usize| self.operators.get(at));
        let values = node.inputs.iter().map(|input| {
            let fact = model.outlet_fact(*input).ok()?;
            fact.value.concretize()
        });
        let (Some(operator), Some(values)) = (operator, values.collect::<Option<Vec<_>>>()) else {
            return Ok(());
        };
        let values: Vec<&Tensor> = values.iter().map(AsRef::as_ref).collect();
        // A size that is known when the model is called makes nothing now.
        let is_open = |values: &&Tensor| {
            values.datum_type() == DatumType::TDim && values.cast_to::<i64>().is_err()
        };
        if values.iter().any(is_open) {
            return Ok(());
        }
        match growth::values_made(operator, &values) {
            made if made <= TENSOR_LIMIT || values.is_empty() => Ok(()),
            _ => Err(too_large(&format!("operator {operator}"))),
        }
    }
}

impl Plan {
    /// Rows of a batch.
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// What it gives for an output.
    pub(super) fn output(&self, name: &str) -> Option<Given> {
        let place = self.outputs.iter().position(|output| output.name == name)?;
        let output = self.outputs.get(place)?;
        Some(Given {
            output: place,
            shape: output.shape.clone(),
            stored: output.stored.clone(),
        })
    }

    /// What it gives for a batch.
    pub(super) fn run(&self, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        self.run_within(CALL_LIMIT, inputs)
    }

    /// The same, for so long at most.
    pub(super) fn run_within(
        &self,
        limit: Duration,
        inputs: TVec<TValue>,
    ) -> TractResult<TVec<TValue>> {
        run_within(limit, &self.runnable, inputs)
    }
}

fn too_large(what: &str) -> Problem {
    Problem::not_embedded(format!("{what} makes more values than it keeps"))
}

/// Learns what can be known of a node's values from those around it; says whether that is news.
fn infer(model: &mut InferenceModel, node: usize) -> TractResult<bool> {
    let outlets: Vec<OutletId> = model.node(node).inputs.to_vec();
    let made = model.node(node).outputs.len();
    let made: Vec<OutletId> = (0..made).map(|slot| OutletId::new(node, slot)).collect();
    let observed = model
        .node(node)
        .op
        .observe_outlets(model, model.node(node))?;
    let facts = |model: &InferenceModel, outlets: &[OutletId]| {
        let facts = outlets
            .iter()
            .map(|outlet| model.outlet_fact(*outlet).cloned());
        facts.collect::<TractResult<TVec<InferenceFact>>>()
    };
    let (inputs, outputs) = (facts(model, &outlets)?, facts(model, &made)?);
    let seen = facts(model, &observed)?;
    let (inputs, outputs, seen) = model.node_mut(node).op.infer(
        inputs.iter().collect(),
        outputs.iter().collect(),
        seen.iter().collect(),
    )?;
    let mut learned = false;
    let places = outlets.iter().chain(&made).chain(&observed);
    for (outlet, fact) in places.zip(inputs.iter().chain(&outputs).chain(&seen)) {
        let known = model.outlet_fact(*outlet)?;
        let unified = known.unify(fact)?;
        if unified != *known {
            learned = true;
            model.set_outlet_fact(*outlet, unified)?;
        }
    }
    Ok(learned)
}

/// Refuses a model whose values for one batch would take too much memory.
fn within_limits(model: &TypedModel) -> Result<(), Problem> {
    let mut total = 0_u128;
    for node in &model.nodes {
        for output in &node.outputs {
            let shape = output.fact.shape.as_concrete().unwrap_or_default();
            let values = shape.iter().fold(1, |product: u128, size| {
                product.saturating_mul(*size as u128)
            });
            total = total.saturating_add(values);
            if values > TENSOR_LIMIT || total > TOTAL_LIMIT {
                return Err(too_large("the graph"));
            }
        }
    }
    Ok(())
}

pub(super) fn datum(element: Element) -> DatumType {
    match element {
        Element::Float => DatumType::F32,
        Element::Double => DatumType::F64,
        Element::Long => DatumType::I64,
        Element::Int => DatumType::I32,
        Element::Bool => DatumType::Bool,
    }
}

/// The type of the column that an output becomes.
fn stored(name: &str, datum: DatumType) -> Result<DataType, Problem> {
    match datum {
        DatumType::F16 | DatumType::F32 => Ok(DataType::Float32),
        DatumType::F64 => Ok(DataType::Float64),
        DatumType::Bool => Ok(DataType::Boolean),
        _ if datum.is_integer() => Ok(DataType::Int64),
        other => Err(Problem::not_embedded(format!(
            "output {name:?} holds {other:?}, which makes no column"
        ))),
    }
}
