//! The models of a stage: loaded once, checked against their inputs, scoring whole batches.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::UInt8Type;
use arrow_array::{ArrayRef, Float32Array, RecordBatch, UInt8Array, UInt32Array};
use arrow_schema::{DataType, Field};
use arrow_select::take::take;
use lumimill_common::campaign;
use lumimill_common::failure::Failure;

use crate::score::{Features, Model};

/// Gives the bytes of a model file by the path that the campaign has for it.
pub type ModelFiles<'a> = dyn Fn(&str) -> Result<Vec<u8>, String> + 'a;

/// Name of the column that says which fold an event is of.
pub const FOLD: &str = "fold";

/// A model of a stage, ready to score.
#[derive(Debug, Clone)]
pub struct StageModel {
    name: String,
    inputs: Vec<String>,
    class: usize,
    /// One model, or one a fold.
    models: Vec<Arc<Model>>,
}

impl StageModel {
    /// Loads a model's files and checks width, feature names and class. All problems are returned together.
    pub fn load(files: &ModelFiles<'_>, spec: &campaign::Model) -> Result<Self, Vec<String>> {
        let mut problems = Vec::new();
        let mut models = Vec::new();
        for path in spec.source.paths() {
            match load_one(files, path, spec) {
                Ok(model) => models.push(Arc::new(model)),
                Err(problem) => problems.push(problem),
            }
        }
        let classes = models
            .iter()
            .map(|model| model.classes())
            .min()
            .unwrap_or(1);
        let class = spec.class.unwrap_or(classes.saturating_sub(1));
        if !models.is_empty() && class >= classes {
            problems.push(format!(
                "class = {class}: the model has {classes} output columns, numbered from 0"
            ));
        }
        match problems.is_empty() {
            true => Ok(Self {
                name: spec.name.clone(),
                inputs: spec.inputs.clone(),
                class,
                models,
            }),
            false => Err(problems),
        }
    }

    /// Name of the score column.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Names of the feature columns, in order.
    #[must_use]
    pub fn inputs(&self) -> &[String] {
        &self.inputs
    }

    /// How many folds it has; 1 where it is one model.
    #[must_use]
    pub fn folds(&self) -> usize {
        self.models.len()
    }

    /// SHA-256 of each file, in fold order.
    pub fn hashes(&self) -> impl Iterator<Item = String> {
        self.models.iter().map(|model| model.sha256().to_owned())
    }

    /// Whether its features are to be gathered in double precision.
    #[must_use]
    pub fn reads_doubles(&self) -> bool {
        self.models.iter().any(|model| model.reads_doubles())
    }

    /// What a person should know of its scores, each note once.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        let mut notes: Vec<String> = self.models.iter().flat_map(|model| model.notes()).collect();
        notes.sort();
        notes.dedup();
        notes
    }

    fn score_one(&self, model: &Model, features: &Features) -> Result<Vec<f32>, Failure> {
        let mut scores = Vec::with_capacity(features.rows());
        model
            .score(features, self.class, &mut scores)
            .map_err(model_failure)?;
        Ok(scores)
    }

    /// Scores each row with the model of its fold.
    fn score_folds(&self, models: &[Arc<Model>], rows: &RecordBatch) -> Result<Vec<f32>, Failure> {
        let mut scores = vec![f32::NAN; rows.num_rows()];
        let folds = rows
            .column_by_name(FOLD)
            .and_then(|column| column.as_primitive_opt::<UInt8Type>());
        let folds = folds.ok_or_else(|| Failure::reject("model", &self.name, "no fold column"))?;
        let columns = input_columns(rows, &self.inputs)?;
        for (fold, model) in models.iter().enumerate() {
            let chosen: Vec<u32> = (0u32..)
                .zip(folds.values())
                .filter(|(_, of)| usize::from(**of) % models.len() == fold)
                .map(|(row, _)| row)
                .collect();
            let indices = UInt32Array::from(chosen);
            let taken: Result<Vec<ArrayRef>, _> = columns
                .iter()
                .map(|column| take(column, &indices, None))
                .collect();
            let taken = taken.map_err(|error| Failure::reject("model", &self.name, error))?;
            let features = gather(&self.inputs, &taken, model.reads_doubles())?;
            for (row, score) in indices
                .values()
                .iter()
                .zip(self.score_one(model, &features)?)
            {
                scores[*row as usize] = score;
            }
        }
        Ok(scores)
    }
}

fn load_one(files: &ModelFiles<'_>, path: &str, spec: &campaign::Model) -> Result<Model, String> {
    let bytes = files(path).map_err(|error| format!("{path}: cannot read the model: {error}"))?;
    let model = Model::from_bytes(path, &bytes).map_err(|error| error.to_string())?;
    model
        .check_inputs(&spec.inputs)
        .map_err(|error| error.to_string())?;
    Ok(model)
}

fn model_failure(error: crate::score::ModelError) -> Failure {
    Failure::reject("model", "score", error)
}

fn input_columns(rows: &RecordBatch, inputs: &[String]) -> Result<Vec<ArrayRef>, Failure> {
    let column = |name: &String| {
        let missing = || Failure::reject("model", name, format!("no column {name} to score with"));
        rows.column_by_name(name).cloned().ok_or_else(missing)
    };
    inputs.iter().map(column).collect()
}

fn gather(inputs: &[String], columns: &[ArrayRef], doubles: bool) -> Result<Features, Failure> {
    let features = match doubles {
        true => Features::gather_doubles(columns),
        false => Features::gather(columns),
    };
    features.map_err(|error| Failure::reject("model", inputs.join(", "), error))
}

/// The score columns of all models of a stage; models of the same inputs share one gathering.
pub fn score_all(
    models: &[StageModel],
    rows: &RecordBatch,
) -> Result<Vec<(Field, ArrayRef)>, Failure> {
    let mut gathered: Option<(&[String], Features)> = None;
    let mut columns: Vec<(Field, ArrayRef)> = Vec::with_capacity(models.len());
    for model in models {
        let scores = match (model.models.as_slice(), gathered.take()) {
            ([one], Some((inputs, features))) if inputs == model.inputs => {
                let scores = model.score_one(one, &features)?;
                gathered = Some((inputs, features));
                scores
            }
            ([one], _) => {
                let columns = input_columns(rows, &model.inputs)?;
                // For all models of these inputs.
                let doubles = models
                    .iter()
                    .any(|other| other.inputs == model.inputs && other.reads_doubles());
                let features = gather(&model.inputs, &columns, doubles)?;
                let scores = model.score_one(one, &features)?;
                gathered = Some((&model.inputs, features));
                scores
            }
            (folds, last) => {
                gathered = last;
                model.score_folds(folds, rows)?
            }
        };
        let scores: ArrayRef = Arc::new(Float32Array::from(scores));
        columns.push((Field::new(&model.name, DataType::Float32, false), scores));
    }
    Ok(columns)
}

/// Fold of every event: XXH64, with seed 0, of run (u32), lumi section (u32) and event number
/// (u64) as 16 little-endian bytes, modulo the number of folds. The same event is of the same
/// fold wherever it is read.
#[must_use]
pub fn fold_column(runs: &[u32], lumis: &[u32], events: &[u64], folds: u8) -> UInt8Array {
    let fold = |((run, lumi), event): ((&u32, &u32), &u64)| {
        let mut bytes = [0; 16];
        bytes[..4].copy_from_slice(&run.to_le_bytes());
        bytes[4..8].copy_from_slice(&lumi.to_le_bytes());
        bytes[8..].copy_from_slice(&event.to_le_bytes());
        let hash = twox_hash::XxHash64::oneshot(0, &bytes) % u64::from(folds.max(1));
        u8::try_from(hash).unwrap_or_default()
    };
    runs.iter()
        .zip(lumis)
        .zip(events)
        .map(fold)
        .collect::<Vec<_>>()
        .into()
}

#[cfg(test)]
mod tests {
    use super::fold_column;

    /// Reference: `xxhash.xxh64_intdigest(struct.pack("<IIQ", run, lumi, event), 0) % folds`.
    #[test]
    fn folds_are_those_that_python_computes() {
        let most = u32::MAX;
        let runs = [1, 278_820, 278_820, most];
        let events = [1, 1_000_000_007, 1_000_000_008, u64::MAX];
        let folds = fold_column(&runs, &[1, 17, 17, most], &events, 5);
        assert_eq!(folds.values().to_vec(), [3, 3, 4, 3]);
    }
}
