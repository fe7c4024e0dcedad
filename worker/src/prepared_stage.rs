//! A stage made ready: models loaded once, expressions compiled for each schema that files have.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef};
use lumimill_common::campaign::{Campaign, Problem, Stage};
use lumimill_common::metric::MetricSpec;
use lumimill_common::shard::stage_digest;

use crate::dataset_column::{DATASET, add_dataset, with_dataset};
use crate::feature::Program;
use crate::input::{EVENT, LUMI, RUN};
use crate::stage_model::{FOLD, ModelFiles, StageModel};
use crate::stage_types::StageTypes;

/// A stage with its models.
#[derive(Debug, Clone)]
pub struct PreparedStage {
    stage: Stage,
    path: String,
    functions: Vec<(String, String)>,
    models: Vec<StageModel>,
    folds: Option<u8>,
    metrics: Vec<MetricSpec>,
    digest: String,
    drops_duplicates: bool,
    types: StageTypes,
}

impl PreparedStage {
    /// Loads the models of a campaign's stage. All problems are returned together.
    pub fn load(
        campaign: &Campaign,
        index: usize,
        files: &ModelFiles<'_>,
    ) -> Result<Self, Vec<Problem>> {
        let (stage, problems) = Self::draft(campaign, index, files);
        match problems.is_empty() {
            true => Ok(stage),
            false => Err(problems),
        }
    }

    /// The same, with the models that load, to compile it and find what else is wrong; and all
    /// problems.
    pub fn draft(
        campaign: &Campaign,
        index: usize,
        files: &ModelFiles<'_>,
    ) -> (Self, Vec<Problem>) {
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
        let hashes: Vec<String> = models.iter().flat_map(StageModel::hashes).collect();
        let digest = stage_digest(campaign, &stage, &hashes);
        let metrics = stage.measured();
        let functions = campaign.functions.clone();
        let stage = Self {
            stage,
            path,
            functions,
            models,
            folds,
            metrics,
            digest,
            drops_duplicates: campaign.drops_duplicates(),
            types: StageTypes::default(),
        };
        (stage, problems)
    }

    /// The stage as the campaign has it.
    #[must_use]
    pub fn stage(&self) -> &Stage {
        &self.stage
    }

    /// Where it is in the campaign file, such as `stage[0]`.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
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

    /// What a person should know of the scores of its models.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        let of = |model: &StageModel| -> Vec<String> {
            let name = format!("{}: model {}", self.path, model.name());
            let notes = model.notes().into_iter();
            notes.map(|note| format!("{name}: {note}")).collect()
        };
        self.models.iter().flat_map(of).collect()
    }

    /// What is measured on its rows.
    #[must_use]
    pub fn metrics(&self) -> &[MetricSpec] {
        &self.metrics
    }

    /// Whether events that are there more than once count once, which is a step of the cut flow.
    #[must_use]
    pub fn drops_duplicates(&self) -> bool {
        self.drops_duplicates
    }

    /// The same, with the types that a plan decided for its columns.
    #[must_use]
    pub fn typed(self, types: StageTypes) -> Self {
        Self { types, ..self }
    }

    /// The types that a plan decided for its columns.
    #[must_use]
    pub fn types(&self) -> &StageTypes {
        &self.types
    }

    /// Compiles the stage for files of this schema. All problems are returned together.
    pub fn compile(self: &Arc<Self>, schema: &Schema) -> Result<CompiledStage, Vec<Problem>> {
        self.compile_as(schema, &self.types)
    }

    /// Compiles the stage for files of this schema, whose branches are read in these types.
    pub(crate) fn compile_as(
        self: &Arc<Self>,
        schema: &Schema,
        types: &StageTypes,
    ) -> Result<CompiledStage, Vec<Problem>> {
        let keeps_dataset = self.stage.keep.iter().any(|keep| keep.column == DATASET);
        let names_dataset = keeps_dataset && schema.field_with_name(DATASET).is_err();
        let schema = &match names_dataset {
            true => with_dataset(&types.retyped(schema)),
            false => types.retyped(schema),
        };
        let mut problems = match self.folds {
            Some(_) => self.missing_identity(schema),
            None => Vec::new(),
        };
        let program = Program::compile(&self.stage, &self.path, &self.functions, schema);
        let program = match program {
            Ok(program) if problems.is_empty() => program,
            Ok(_) => return Err(problems),
            Err(found) => {
                problems.splice(0..0, found);
                return Err(problems);
            }
        };
        let mut fields: Vec<Field> = program
            .output_schema()
            .fields()
            .iter()
            .map(|field| field.as_ref().clone())
            .collect();
        fields.extend(self.folds.map(|_| fold_field()));
        let scores = self.models.iter();
        fields.extend(scores.map(|model| Field::new(model.name(), DataType::Float32, false)));
        Ok(CompiledStage {
            prepared: self.clone(),
            program,
            schema: Arc::new(Schema::new(fields)),
            names_dataset,
        })
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

/// The column of folds.
#[must_use]
pub fn fold_field() -> Field {
    Field::new(FOLD, DataType::UInt8, false)
}

/// A stage compiled for files of one schema.
#[derive(Debug)]
pub struct CompiledStage {
    prepared: Arc<PreparedStage>,
    program: Program,
    schema: SchemaRef,
    names_dataset: bool,
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

    /// Events of a dataset as the stage takes them: branches in the types of the plan, and the
    /// name of the dataset where it is kept.
    pub(crate) fn as_read(
        &self,
        events: RecordBatch,
        dataset: &str,
    ) -> Result<RecordBatch, ArrowError> {
        let events = self.prepared.types.widened(events)?;
        match self.names_dataset {
            true => add_dataset(&events, dataset),
            false => Ok(events),
        }
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
        branches.retain(|branch| !(self.names_dataset && branch == DATASET));
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
