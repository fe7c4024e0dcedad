//! What scores rows, whatever it is made of: the one place that says what a kind of model answers.

use std::fmt::Debug;

use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::DataType;
use lumimill_common::failure::Failure;

use super::features::Features;

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
    last: Option<(Vec<String>, Features)>,
}

impl<'a> Gathering<'a> {
    /// Nothing gathered yet.
    #[must_use]
    pub fn of(rows: &'a RecordBatch) -> Self {
        Self { rows, last: None }
    }

    /// The rows.
    #[must_use]
    pub fn rows(&self) -> &'a RecordBatch {
        self.rows
    }

    /// The columns of these names.
    pub fn columns(&self, names: &[String]) -> Result<Vec<ArrayRef>, Failure> {
        let column = |name: &String| {
            let missing =
                || Failure::reject("model", name, format!("no column {name} to score with"));
            self.rows.column_by_name(name).cloned().ok_or_else(missing)
        };
        names.iter().map(column).collect()
    }

    /// Features of the columns of these names, in double precision too where that is asked for.
    pub fn features(&mut self, names: &[String], doubles: bool) -> Result<&Features, Failure> {
        let fits = |(inputs, features): &(Vec<String>, Features)| {
            inputs == names && (features.has_doubles() || !doubles)
        };
        let last = match self.last.take().filter(fits) {
            Some(last) => last,
            None => {
                let columns = self.columns(names)?;
                let features = match doubles {
                    true => Features::gather_doubles(&columns),
                    false => Features::gather(&columns),
                };
                let features =
                    features.map_err(|error| Failure::reject("model", names.join(", "), error))?;
                (names.to_vec(), features)
            }
        };
        Ok(&self.last.insert(last).1)
    }
}
