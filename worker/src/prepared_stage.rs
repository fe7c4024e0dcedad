//! A stage made ready: models loaded once, expressions compiled for each schema that files have.

use std::sync::Arc;

use arrow_schema::{DataType, Field, Schema, SchemaRef};
use lumimill_common::campaign::{Campaign, Problem, Stage};
use lumimill_common::metric::MetricSpec;
use lumimill_common::shard::stage_digest;
use lumimill_common::suggest;

use crate::feature::Program;
use crate::input::{EVENT, LUMI, RUN};
use crate::stage_model::{FOLD, ModelFiles, StageModel};

/// A stage with its models.
#[derive(Debug)]
pub struct PreparedStage {
    stage: Stage,
    path: String,
    functions: Vec<(String, String)>,
    models: Vec<StageModel>,
    folds: Option<u8>,
    metrics: Vec<MetricSpec>,
    digest: String,
}

impl PreparedStage {
    /// Loads the models of a campaign's stage. All problems are returned together.
    pub fn load(
        campaign: &Campaign,
        index: usize,
        files: &ModelFiles<'_>,
    ) -> Result<Self, Vec<Problem>> {
        let stage = campaign.stages[index].clone();
        let path = format!("stage[{index}]");
        let mut problems = Vec::new();
        let mut models = Vec::with_capacity(stage.models.len());
        for (number, spec) in stage.models.iter().enumerate() {
            match StageModel::load(files, spec) {
                Ok(model) => models.push(model),
                Err(messages) => {
                    let at = format!("{path}.model[{number}]");
                    problems.extend(messages.into_iter().map(|message| Problem {
                        path: at.clone(),
                        message,
                    }));
                }
            }
        }
        let folds = common_folds(&models).unwrap_or_else(|message| {
            problems.push(Problem {
                path: format!("{path}.model"),
                message,
            });
            None
        });
        if !problems.is_empty() {
            return Err(problems);
        }
        let hashes: Vec<String> = models.iter().flat_map(StageModel::hashes).collect();
        let digest = stage_digest(campaign, &stage, &hashes);
        let metrics = stage.measured();
        let functions = campaign.functions.clone();
        Ok(Self {
            stage,
            path,
            functions,
            models,
            folds,
            metrics,
            digest,
        })
    }

    /// The stage as the campaign has it.
    #[must_use]
    pub fn stage(&self) -> &Stage {
        &self.stage
    }

    /// Digest of all that decides its output, apart from its input.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// Its models, in order.
    #[must_use]
    pub fn models(&self) -> &[StageModel] {
        &self.models
    }

    /// What is measured on its rows.
    #[must_use]
    pub fn metrics(&self) -> &[MetricSpec] {
        &self.metrics
    }

    /// Compiles the stage for files of this schema. All problems are returned together.
    pub fn compile(self: &Arc<Self>, schema: &Schema) -> Result<CompiledStage, Vec<Problem>> {
        let program = Program::compile(&self.stage, &self.path, &self.functions, schema)?;
        let mut fields: Vec<Field> = program
            .output_schema()
            .fields()
            .iter()
            .map(|field| field.as_ref().clone())
            .collect();
        if self.folds.is_some() {
            fields.push(Field::new(FOLD, DataType::UInt8, false));
        }
        let mut problems = self.check_inputs(&fields);
        let scores = self.models.iter();
        fields.extend(scores.map(|model| Field::new(model.name(), DataType::Float32, false)));
        if self.folds.is_some() {
            problems.extend(self.missing_identity(schema));
        }
        match problems.is_empty() {
            true => {
                let schema = Arc::new(Schema::new(fields));
                Ok(CompiledStage {
                    prepared: self.clone(),
                    program,
                    schema,
                })
            }
            false => Err(problems),
        }
    }

    /// Models read columns of the rows, and only numbers.
    fn check_inputs(&self, fields: &[Field]) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (number, model) in self.models.iter().enumerate() {
            for (position, input) in model.inputs().iter().enumerate() {
                let path = format!("{}.model[{number}].inputs[{position}]", self.path);
                let message = match fields.iter().find(|field| field.name() == input) {
                    Some(field) if is_number(field.data_type()) => continue,
                    Some(field) => format!("column {input} is {}, not a number", field.data_type()),
                    None => {
                        let names = fields.iter().map(|field| field.name().as_str());
                        let near = suggest::nearest(input, names.clone());
                        let near = near.map_or_else(
                            || format!("; columns: {}", names.collect::<Vec<_>>().join(", ")),
                            |near| format!("; did you mean {near}?"),
                        );
                        format!("no column {input} in the rows of this stage{near}")
                    }
                };
                problems.push(Problem { path, message });
            }
        }
        problems
    }

    fn missing_identity(&self, schema: &Schema) -> Vec<Problem> {
        let missing = [RUN, LUMI, EVENT]
            .into_iter()
            .filter(|name| schema.field_with_name(name).is_err());
        missing
            .map(|name| Problem {
                path: format!("{}.model", self.path),
                message: format!(
                    "folds are made from run, luminosityBlock and event: no branch {name}"
                ),
            })
            .collect()
    }
}

/// How many folds the models with folds share.
fn common_folds(models: &[StageModel]) -> Result<Option<u8>, String> {
    let mut counts = models
        .iter()
        .map(StageModel::folds)
        .filter(|folds| *folds > 1);
    let Some(first) = counts.next() else {
        return Ok(None);
    };
    if let Some(other) = counts.find(|other| *other != first) {
        return Err(format!(
            "models of one stage share one fold column: one has {first} folds, another {other}"
        ));
    }
    u8::try_from(first)
        .map(Some)
        .map_err(|_| format!("expected at most 255 folds, found {first}"))
}

fn is_number(data_type: &DataType) -> bool {
    data_type.is_numeric() || matches!(data_type, DataType::Boolean)
}

/// A stage compiled for files of one schema.
#[derive(Debug)]
pub struct CompiledStage {
    prepared: Arc<PreparedStage>,
    program: Program,
    schema: SchemaRef,
}

impl CompiledStage {
    /// The stage.
    #[must_use]
    pub fn prepared(&self) -> &PreparedStage {
        &self.prepared
    }

    /// What turns events into rows.
    #[must_use]
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// Columns of the output: kept, labels, computed, candidate, fold, scores.
    #[must_use]
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Number of folds, where models have them.
    #[must_use]
    pub fn folds(&self) -> Option<u8> {
        self.prepared.folds
    }

    /// Branches that one shard reads; `certify` when its lumi sections are to be looked at.
    #[must_use]
    pub fn branches(&self, certify: bool) -> Vec<String> {
        let mut branches = self.program.branches();
        let mut need = |names: &[&str]| {
            for name in names {
                if !branches.iter().any(|branch| branch == name) {
                    branches.push((*name).to_owned());
                }
            }
        };
        if certify {
            need(&[RUN, LUMI]);
        }
        if self.prepared.folds.is_some() {
            need(&[RUN, LUMI, EVENT]);
        }
        branches
    }
}
