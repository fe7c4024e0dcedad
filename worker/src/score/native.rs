//! Tree ensembles behind the evaluator: some of the columns of their scores.

use std::sync::Arc;

use arrow_array::{ArrayRef, Float32Array};
use arrow_schema::DataType;
use lumimill_common::failure::{Failure, FailureKind};

use super::error::{ModelError, Problem};
use super::evaluator::{Evaluator, Gathering};
use super::model::Model;

/// A tree ensemble, the columns that it reads and those of its scores that are asked for.
#[derive(Debug)]
pub(super) struct NativeTrees {
    model: Model,
    inputs: Vec<String>,
    classes: Vec<usize>,
}

impl NativeTrees {
    /// These classes of a model's scores, of columns that were checked to be the model's.
    ///
    /// # Errors
    /// When there is no such class.
    pub(super) fn new(
        model: Model,
        inputs: Vec<String>,
        classes: Vec<usize>,
    ) -> Result<Self, ModelError> {
        let found = model.classes();
        match classes.iter().find(|class| **class >= found) {
            None => Ok(Self {
                model,
                inputs,
                classes,
            }),
            Some(class) => Err(ModelError::new(
                model.name(),
                Problem::Class {
                    class: *class,
                    classes: found,
                },
            )),
        }
    }
}

impl Evaluator for NativeTrees {
    fn inputs(&self) -> &[String] {
        &self.inputs
    }

    fn outputs(&self) -> Vec<DataType> {
        vec![DataType::Float32; self.classes.len()]
    }

    fn evaluate(&self, rows: &mut Gathering<'_>) -> Result<Vec<ArrayRef>, Failure> {
        let failed = |error: ModelError| Failure::reject(FailureKind::Model, "score", error);
        let features = rows.features(&self.inputs, self.model.reads_doubles())?;
        if let [class] = self.classes.as_slice() {
            let mut scores = Vec::with_capacity(features.rows());
            self.model
                .score(features, *class, &mut scores)
                .map_err(failed)?;
            return Ok(vec![Arc::new(Float32Array::from(scores))]);
        }
        let mut all = Vec::new();
        self.model.score_all(features, &mut all).map_err(failed)?;
        let width = self.model.classes().max(1);
        let column = |class: &usize| -> ArrayRef {
            let scores = all.iter().skip(*class).step_by(width);
            Arc::new(Float32Array::from_iter_values(scores.copied()))
        };
        Ok(self.classes.iter().map(column).collect())
    }

    fn sha256(&self) -> &str {
        self.model.sha256()
    }

    fn engine(&self) -> Option<&str> {
        None
    }

    fn notes(&self) -> Vec<String> {
        self.model.notes()
    }
}
