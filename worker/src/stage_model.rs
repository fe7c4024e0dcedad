//! The models of a stage: loaded once, checked against their inputs, scoring whole batches.

use arrow_array::{Array, ArrayRef, BooleanArray, RecordBatch};
use arrow_schema::{DataType, Field};
use lumimill_common::campaign::{self, ModelSource, NanPolicy};
use lumimill_common::failure::Failure;

use crate::planned_stage::maker;
use crate::score::{self, Choice, Gathering, Wrong, is_nan};

/// Gives the bytes of a model file by the path that the campaign has for it.
pub type ModelFiles<'a> = dyn Fn(&str) -> Result<Vec<u8>, String> + 'a;

/// A model of a stage, ready to score.
#[derive(Debug, Clone)]
pub struct StageModel {
    name: String,
    columns: Vec<String>,
    nan: NanPolicy,
    models: Choice,
}

impl StageModel {
    /// Loads a model's files and checks its inputs and outputs; of what `planned` gives, each file is
    /// evaluated by what it says. All problems are returned together.
    pub fn load(
        files: &ModelFiles<'_>,
        spec: &campaign::Model,
        planned: Option<&dyn Fn(usize) -> String>,
    ) -> Result<Self, Vec<Wrong>> {
        let mut problems = Vec::new();
        let mut models = Vec::new();
        for (file, path) in spec.source.paths().iter().enumerate() {
            let planned = planned.map(|engine| engine(file));
            let unread = |error| format!("{path}: cannot read the model: {error}");
            let bytes = files(path).map_err(|error| vec![Wrong::here(unread(error))]);
            match bytes.and_then(|bytes| score::load(path, &bytes, spec, planned.as_deref())) {
                Ok(model) => models.push(model),
                Err(wrong) => problems.extend(wrong),
            }
        }
        if let Some(pair) = models
            .windows(2)
            .find(|pair| matches!(pair, [one, other] if one.outputs() != other.outputs()))
        {
            let types: Vec<String> = pair
                .iter()
                .map(|one| format!("{:?}", one.outputs()))
                .collect();
            let message = format!(
                "the models of two folds give other types: {}",
                types.join(" and ")
            );
            problems.push(Wrong::here(message));
        }
        let models = match (&spec.source, models.pop()) {
            (ModelSource::Onnx(_), Some(only)) => Choice::Only(only),
            (_, last) => Choice::Folds(models.into_iter().chain(last).collect()),
        };
        match problems.is_empty() {
            true => Ok(Self {
                name: spec.name.clone(),
                columns: spec.columns().map(str::to_owned).collect(),
                nan: spec.nan,
                models,
            }),
            false => Err(problems),
        }
    }

    /// Its name in the campaign.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The columns that it adds.
    #[must_use]
    pub fn fields(&self) -> Vec<Field> {
        let types = self.models.outputs().into_iter();
        let columns = self.columns.iter().zip(types);
        columns
            .map(|(name, stored): (_, DataType)| Field::new(name, stored, false))
            .collect()
    }

    /// How many folds it has; 1 where it is one model.
    #[must_use]
    pub fn folds(&self) -> usize {
        self.models.all().len()
    }

    /// SHA-256 of each file, in fold order.
    pub fn hashes(&self) -> impl Iterator<Item = String> {
        let models = self.models.all().iter();
        models.map(|model| model.sha256().to_owned())
    }

    /// What evaluates each file, in fold order; nothing for trees.
    pub fn engines(&self) -> impl Iterator<Item = &str> {
        let models = self.models.all().iter();
        models.map(|model| model.engine().unwrap_or_default())
    }

    /// What its values depend on beside its configuration, of each file (see [`maker`]).
    pub fn makers(&self) -> impl Iterator<Item = String> {
        let files = self.hashes().zip(self.engines());
        files.map(|(sha256, engine)| maker(&sha256, engine))
    }

    /// What evaluates it, where that is not this program alone.
    #[must_use]
    pub fn engine(&self) -> Option<&str> {
        self.models.all().iter().find_map(|model| model.engine())
    }

    /// What a person should know of its scores, each note once.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        let models = self.models.all().iter();
        let mut notes: Vec<String> = models.flat_map(|model| model.notes()).collect();
        notes.sort();
        notes.dedup();
        notes
    }

    /// The step of the cut flow after which it is given no NaN, where rows are left out for it.
    #[must_use]
    pub fn nan_step(&self) -> Option<String> {
        self.nan.step(&self.name)
    }

    /// Which rows have numbers in all of its inputs; `None` where it is given whatever there is.
    pub fn has_numbers(&self, rows: &RecordBatch) -> Result<Option<BooleanArray>, NoNumber> {
        if self.nan == NanPolicy::Keep {
            return Ok(None);
        }
        let inputs = self.models.all().first();
        let inputs = inputs.map_or(&[][..], |model| model.inputs());
        let mut numbers = vec![true; rows.num_rows()];
        for name in inputs {
            // One that comes later, the fold, is always a number.
            let column = rows.column_by_name(name);
            let Some((column, nans)) = column.and_then(|column| Some((column, is_nan(column)?)))
            else {
                continue;
            };
            for (row, (number, nan)) in numbers.iter_mut().zip(nans).enumerate() {
                if nan && self.nan == NanPolicy::Error {
                    let what = if column.is_null(row) { "null" } else { "NaN" };
                    let message = format!(
                        "model {}: its input {name} is {what}; nan = \"drop\" leaves such rows \
                         out, nan = \"keep\" gives them to the model",
                        self.name
                    );
                    return Err(NoNumber { row, message });
                }
                *number &= !nan;
            }
        }
        Ok(Some(BooleanArray::from(numbers)))
    }
}

/// An input of a row that is no number, where it must be one.
#[derive(Debug)]
pub struct NoNumber {
    /// The row.
    pub row: usize,
    /// Which model and input.
    pub message: String,
}

/// The columns of all models of a stage; models of the same inputs share one gathering.
pub fn score_all(models: &[StageModel], rows: &RecordBatch) -> Result<Vec<ArrayRef>, Failure> {
    let mut gathering = Gathering::of(rows);
    let mut columns = Vec::with_capacity(models.len());
    for model in models {
        columns.extend(model.models.evaluate(&mut gathering)?);
    }
    Ok(columns)
}
