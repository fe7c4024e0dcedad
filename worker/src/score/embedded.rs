//! Any ONNX graph, by tract: an engine in Rust that is part of this program.
//!
//! It is given what [`crate::score::onnx`] understood of a file, an operator that
//! [`growth`] knows at a time, and batches of one size: the last of a table is filled up. Of a
//! model that mixes the rows of a batch, which a trial shows, rows are scored one at a time.

mod any_size;
mod batch;
mod exact;
mod growth;
mod guard;
mod plan;
mod timed;
mod trial;
mod unsound;

use std::sync::Arc;

use arrow_array::ArrayRef;
use arrow_schema::DataType;
use lumimill_common::failure::{Failure, FailureKind};
use tract_onnx::prelude::{TVec, Tensor, TractResult};

use super::columns::{OutputColumn, Values, columns_of};
use super::error::Problem;
use super::evaluator::{Evaluator, Gathering};
use super::signature::{BoundInput, Outputs, Wrong};
use super::tensor_values::TensorValues;
pub(crate) use any_size::AnySize;
use batch::tensor;
pub(crate) use guard::ENGINE;
use guard::{guarded, told};
use plan::{Asked, Plan};

/// Rows of a batch: enough to fill the caches of a processor, and what most of the time is not
/// lost to filling up. The same for everybody, as scores may depend on it in their last bit.
const BATCH_ROWS: usize = 256;

/// A model, loaded by the embedded engine.
#[derive(Debug)]
pub(crate) struct Embedded {
    name: String,
    sha256: String,
    /// Names of the columns of all inputs.
    columns: Vec<String>,
    inputs: Vec<BoundInput>,
    outputs: Vec<OutputColumn>,
    plan: Plan,
}

impl Embedded {
    /// Loads a model; `inputs` were bound to `columns`, `outputs` were checked by name.
    pub(crate) fn load(
        (name, sha256, bytes): (&str, String, &[u8]),
        columns: Vec<String>,
        inputs: Vec<BoundInput>,
        outputs: &Outputs,
    ) -> Result<Self, Vec<Wrong>> {
        let whole = |problem: Problem| vec![Wrong::new("", format!("model {name}: {problem}"))];
        let asked = Asked::new(bytes, inputs, outputs.list()).map_err(whole)?;
        let inputs = asked.inputs().to_vec();
        let plan = asked.plan(BATCH_ROWS).map_err(whole)?;
        let columns_of = columns_of(outputs, plan.rows(), &|name| plan.output(name))?;
        let mut model = Self {
            name: name.to_owned(),
            sha256,
            columns,
            inputs,
            outputs: columns_of,
            plan,
        };
        let refused = |message| whole(Problem::not_embedded(message));
        let is_apart = model.plan.rows() > 1
            && trial::keeps_rows_apart(&model.inputs, &model.plan).unwrap_or(false);
        if !is_apart {
            model.plan = asked.plan(1).map_err(whole)?;
            // Rows that were made up may have values that those of a table do not.
            match trial::values(&model.inputs, &model.plan, &|place| place) {
                Err(message) if !exact::is_of_values(&message) => return Err(refused(message)),
                _ => {}
            }
            if model.plan.rows() > 1 {
                let rows = model.plan.rows();
                return Err(whole(Problem::invalid(format!(
                    "it declares batches of {rows} rows, and its values for a row depend on the rows \
                     beside it: export it for any number of rows"
                ))));
            }
        }
        Ok(model)
    }

    /// Values of all rows, batch by batch, as the columns that are asked for.
    fn run(&self, values: &[Arc<TensorValues>], rows: usize) -> Result<Vec<ArrayRef>, String> {
        let of = |column| Values::of(column, rows);
        let mut found: Vec<Values> = self.outputs.iter().map(of).collect();
        let mut start = 0;
        while start < rows {
            let stop = rows.min(start.saturating_add(self.plan.rows()));
            let inputs = self.inputs.iter().zip(values);
            let inputs =
                inputs.map(|(input, values)| tensor(input, values, start..stop, self.plan.rows()));
            let inputs = inputs.collect::<TractResult<TVec<_>>>();
            let inputs = inputs.map_err(|error| told(&error))?;
            let outputs = guarded(|| self.plan.run(inputs));
            let outputs = outputs.map_err(|wrong| format!("rows {start} to {stop}: {wrong}"))?;
            for (column, into) in self.outputs.iter().zip(&mut found) {
                let output = outputs.get(column.output).ok_or("an output is missing")?;
                append(into, column, output, stop - start).map_err(|error| told(&error))?;
            }
            start = stop;
        }
        Ok(found.into_iter().map(Values::finish).collect())
    }
}

impl Evaluator for Embedded {
    fn inputs(&self) -> &[String] {
        &self.columns
    }

    fn outputs(&self) -> Vec<DataType> {
        self.outputs
            .iter()
            .map(|column| column.stored.clone())
            .collect()
    }

    fn evaluate(&self, rows: &mut Gathering<'_>) -> Result<Vec<ArrayRef>, Failure> {
        let failed = |message: String| {
            Failure::reject(
                FailureKind::Model,
                &self.name,
                format!("model {}: {message}", self.name),
            )
        };
        let count = rows.rows().num_rows();
        let values = rows.tensors(&self.inputs, &self.columns, failed)?;
        self.run(&values, count).map_err(failed)
    }

    fn sha256(&self) -> &str {
        &self.sha256
    }

    fn engine(&self) -> Option<&str> {
        Some(ENGINE)
    }

    fn notes(&self) -> Vec<String> {
        match self.plan.rows() {
            1 if self.inputs.iter().all(|input| input.rows.is_none()) => vec![String::from(
                "its values for a row depend on the rows beside it in a batch: rows are scored one \
                 at a time, which is slow",
            )],
            _ => Vec::new(),
        }
    }
}

/// Appends the first `rows` of a batch to a column.
fn append(
    into: &mut Values,
    column: &OutputColumn,
    output: &Tensor,
    rows: usize,
) -> TractResult<()> {
    macro_rules! append {
        ($into:expr, $kind:ty) => {{
            let cast = output.cast_to::<$kind>()?;
            let view = cast.to_plain_array_view::<$kind>()?;
            let values = view
                .iter()
                .skip(column.element)
                .step_by(column.width.max(1));
            $into.extend(values.take(rows));
        }};
    }
    match into {
        Values::Float(into) => append!(into, f32),
        Values::Double(into) => append!(into, f64),
        Values::Long(into) => append!(into, i64),
        Values::Bool(into) => append!(into, bool),
    }
    Ok(())
}

#[cfg(test)]
mod tests;
