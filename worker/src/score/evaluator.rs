//! What scores rows, whatever it is made of: the one place that says what a kind of model answers.

use std::fmt::Debug;
#[cfg(any(feature = "embedded", feature = "runtime"))]
use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::DataType;
use lumimill_common::failure::{Failure, FailureKind};

use super::features::Features;
#[cfg(any(feature = "embedded", feature = "runtime"))]
use super::signature::{BoundInput, Element};
#[cfg(any(feature = "embedded", feature = "runtime"))]
use super::tensor_values::TensorValues;

/// A loaded model: columns in, columns out. It is shared by all slots, and a row's values do not
/// depend on the rows beside it: any way of cutting a table into batches gives the same bits.
pub trait Evaluator: Debug + Send + Sync {
    /// Names of the columns that it reads, in order.
    fn inputs(&self) -> &[String];

    /// Types of the columns that it adds, in order.
    fn outputs(&self) -> Vec<DataType>;

    /// Their values, one a row.
    fn evaluate(&self, rows: &mut Gathering<'_>) -> Result<Vec<ArrayRef>, Failure>;

    /// SHA-256 of its file, in hexadecimal.
    fn sha256(&self) -> &str;

    /// The program beside this one that its values depend on, with its version.
    fn engine(&self) -> Option<&str>;

    /// What a person should know of its values.
    fn notes(&self) -> Vec<String>;
}

/// Rows to be scored, and what was last gathered of them: models of the same inputs share it.
#[derive(Debug)]
pub struct Gathering<'a> {
    rows: &'a RecordBatch,
    last: Option<(Vec<usize>, Features)>,
    #[cfg(any(feature = "embedded", feature = "runtime"))]
    tensors: Vec<Tensor>,
}

/// The values of the columns at some places, for inputs of a type.
#[cfg(any(feature = "embedded", feature = "runtime"))]
#[derive(Debug)]
struct Tensor {
    places: Vec<usize>,
    element: Element,
    values: Arc<TensorValues>,
}

impl<'a> Gathering<'a> {
    /// Nothing gathered yet.
    #[must_use]
    pub fn of(rows: &'a RecordBatch) -> Self {
        Self {
            rows,
            last: None,
            #[cfg(any(feature = "embedded", feature = "runtime"))]
            tensors: Vec::new(),
        }
    }

    /// The rows.
    #[must_use]
    pub fn rows(&self) -> &'a RecordBatch {
        self.rows
    }

    /// The columns of these names.
    pub fn columns(&self, names: &[String]) -> Result<Vec<ArrayRef>, Failure> {
        Ok(self.at(&self.places(names)?))
    }

    /// Where the columns of these names are.
    fn places(&self, names: &[String]) -> Result<Vec<usize>, Failure> {
        let fields = self.rows.schema_ref().fields();
        // Most come in the order of the table.
        let mut next = 0;
        let place = |name: &String| {
            let is_it =
                |place: &usize| fields.get(*place).is_some_and(|field| field.name() == name);
            let found = (next..fields.len()).chain(0..next).find(is_it);
            let missing = || {
                Failure::reject(
                    FailureKind::Model,
                    name,
                    format!("no column {name} to score with"),
                )
            };
            let place = found.ok_or_else(missing)?;
            next = place + 1;
            Ok(place)
        };
        names.iter().map(place).collect()
    }

    fn at(&self, places: &[usize]) -> Vec<ArrayRef> {
        let columns = self.rows.columns();
        let column = |place: &usize| columns.get(*place).cloned();
        places.iter().filter_map(column).collect()
    }

    /// Features of the columns of these names, in double precision too where that is asked for.
    pub fn features(&mut self, names: &[String], doubles: bool) -> Result<&Features, Failure> {
        let places = self.places(names)?;
        let fits = |(inputs, features): &(Vec<usize>, Features)| {
            *inputs == places && (features.has_doubles() || !doubles)
        };
        let last = match self.last.take().filter(fits) {
            Some(last) => last,
            None => {
                let columns = self.at(&places);
                let features = match doubles {
                    true => Features::gather_doubles(&columns),
                    false => Features::gather(&columns),
                };
                let features = features.map_err(|error| {
                    Failure::reject(FailureKind::Model, names.join(", "), error)
                })?;
                (places, features)
            }
        };
        Ok(&self.last.insert(last).1)
    }

    /// The values of each of these inputs, of the columns of these names; what several models read
    /// is gathered once.
    #[cfg(any(feature = "embedded", feature = "runtime"))]
    pub(super) fn tensors(
        &mut self,
        inputs: &[BoundInput],
        names: &[String],
        failed: impl Fn(String) -> Failure,
    ) -> Result<Vec<Arc<TensorValues>>, Failure> {
        let mut all = Vec::with_capacity(inputs.len());
        for BoundInput {
            element, columns, ..
        } in inputs
        {
            let names = names.get(columns.clone()).unwrap_or_default();
            let places = self.places(names)?;
            let fits = |tensor: &&Tensor| tensor.element == *element && tensor.places == places;
            if let Some(found) = self.tensors.iter().find(fits) {
                all.push(found.values.clone());
                continue;
            }
            let columns = self.at(&places);
            let values = TensorValues::gather(*element, &columns, names).map_err(&failed)?;
            let values = Arc::new(values);
            self.tensors.push(Tensor {
                places,
                element: *element,
                values: values.clone(),
            });
            all.push(values);
        }
        Ok(all)
    }
}
