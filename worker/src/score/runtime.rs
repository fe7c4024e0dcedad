//! Any ONNX graph, by ONNX Runtime: a library that is looked for when a model needs it.
//!
//! It is given what [`crate::score::onnx`] understood of a file. A session has one thread and is one
//! slot's at a time; [`sessions`] keeps those that nobody uses. How many rows it is given at a time
//! is [`batch`]'s to say.

mod any_size;
mod arena;
mod batch;
mod library;
mod session;
mod sessions;
mod shrink;
mod watch;

use std::sync::{Arc, OnceLock};

use arrow_array::ArrayRef;
use arrow_schema::DataType;
use lumimill_common::failure::{Failure, FailureKind};

use self::batch::Batch;
use self::session::Asked;
use super::columns::{OutputColumn, Values, columns_of};
use super::error::Problem;
use super::evaluator::{Evaluator, Gathering};
use super::signature::{BoundInput, Outputs, Wrong};
use super::tensor_values::TensorValues;

pub(super) use any_size::AnySize;
pub(super) use arena::keep_within;
pub(super) use library::{load as load_library, name};
pub(super) use shrink::give_back;

/// A model, loaded by ONNX Runtime.
#[derive(Debug)]
pub(crate) struct Runtime {
    name: String,
    sha256: String,
    engine: String,
    /// Names of the columns of all inputs.
    columns: Vec<String>,
    asked: Asked,
    outputs: Vec<OutputColumn>,
    batch: Batch,
    /// Rows at a time, where any number gives the same, found out when there is something to do.
    best: OnceLock<usize>,
}

impl Runtime {
    /// Loads a model; `inputs` were bound to `columns`, `outputs` were checked by name.
    pub(crate) fn load(
        (name, sha256, bytes): (&str, String, &[u8]),
        columns: Vec<String>,
        inputs: Vec<BoundInput>,
        outputs: &Outputs,
    ) -> Result<Self, Vec<Wrong>> {
        let whole = |problem: Problem| vec![Wrong::new("", format!("model {name}: {problem}"))];
        let refused = |message: String| whole(Problem::not_runtime(message));
        let library = load_library().map_err(refused)?;
        let asked = Asked::new(bytes, inputs, outputs.list()).map_err(whole)?;
        let (asked, mut session, rows) = asked.ready().map_err(refused)?;
        let given = session.given(&asked, rows).map_err(refused)?;
        let found = |name: &str| given.iter().find(|(output, _)| output == name);
        let columns_of = columns_of(outputs, rows, &|name| Some(found(name)?.1.clone()))?;
        let batch = Batch::of(&mut session, &asked);
        let batch = batch.map_err(|problem| whole(Problem::invalid(problem)))?;
        sessions::give_back(&asked, session);
        Ok(Self {
            name: name.to_owned(),
            sha256,
            engine: library.name(),
            columns,
            asked,
            outputs: columns_of,
            batch,
            best: OnceLock::new(),
        })
    }

    /// Values of all rows, batch by batch, as the columns that are asked for.
    fn run(&self, values: &[&TensorValues], rows: usize) -> Result<Vec<ArrayRef>, String> {
        let mut found: Vec<Values> = self
            .outputs
            .iter()
            .map(|column| Values::of(column, rows))
            .collect();
        if rows == 0 {
            return Ok(found.into_iter().map(Values::finish).collect());
        }
        let mut session = match sessions::take(&self.asked) {
            Some(session) => session,
            None => self.asked.session()?,
        };
        let (batch, is_filled) = match self.batch {
            Batch::Any => {
                let measured = || batch::best(&mut session, &self.asked);
                (*self.best.get_or_init(measured), false)
            }
            Batch::Only(rows) => (rows, true),
        };
        let mut start = 0;
        while start < rows {
            let stop = rows.min(start.saturating_add(batch));
            let filled = if is_filled { batch } else { stop - start };
            session.run(&self.asked, values, start..stop, filled, |outputs| {
                let columns = self.outputs.iter().zip(&mut found);
                for (column, into) in columns {
                    outputs.append(column, stop - start, into)?;
                }
                Ok(())
            })?;
            start = stop;
        }
        sessions::give_back(&self.asked, session);
        Ok(found.into_iter().map(Values::finish).collect())
    }
}

impl Evaluator for Runtime {
    fn inputs(&self) -> &[String] {
        &self.columns
    }

    fn outputs(&self) -> Vec<DataType> {
        let stored = self.outputs.iter().map(|column| column.stored.clone());
        stored.collect()
    }

    fn evaluate(&self, rows: &mut Gathering<'_>) -> Result<Vec<ArrayRef>, Failure> {
        let failed = |message: String| {
            let message = format!("model {}: {message}", self.name);
            Failure::reject(FailureKind::Model, &self.name, message)
        };
        let count = rows.rows().num_rows();
        let inputs = self.asked.inputs();
        let values = rows.tensors(inputs, &self.columns, failed)?;
        let values: Vec<&TensorValues> = values.iter().map(Arc::as_ref).collect();
        self.run(&values, count).map_err(failed)
    }

    fn sha256(&self) -> &str {
        &self.sha256
    }

    fn engine(&self) -> Option<&str> {
        Some(&self.engine)
    }

    fn notes(&self) -> Vec<String> {
        self.batch
            .note(self.asked.declared().is_some())
            .into_iter()
            .collect()
    }
}

#[cfg(test)]
mod tests;
