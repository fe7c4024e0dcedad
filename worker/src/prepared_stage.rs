//! A stage made ready: models loaded once, expressions compiled for each schema that files have.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef};
use lumimill_common::campaign::{Campaign, Problem, Rows, Stage};
use lumimill_common::metric::{MetricSpec, Unit};
use lumimill_common::shard::stage_digest;

use crate::dataset_column::{DATASET, add_dataset, with_dataset};
use crate::feature::{Draft, Program};
use crate::input::{EVENT, LUMI, RUN};
use crate::planned_stage::PlannedStage;
use crate::process::wrong_metrics;
use crate::score::FOLD;
use crate::stage_model::{ModelFiles, StageModel};
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

    /// The same as it was planned: models are evaluated by what the plan says.
    pub fn load_planned(
        campaign: &Campaign,
        index: usize,
        files: &ModelFiles<'_>,
        planned: &PlannedStage,
    ) -> Result<Self, Vec<Problem>> {
        let (stage, problems) = Self::prepared(campaign, index, files, Some(planned));
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
        Self::prepared(campaign, index, files, None)
    }

    fn prepared(
        campaign: &Campaign,
        index: usize,
        files: &ModelFiles<'_>,
        planned: Option<&PlannedStage>,
    ) -> (Self, Vec<Problem>) {
        let stage = campaign.stages[index].clone();
        let path = format!("stage[{index}]");
        let mut problems = Vec::new();
        let mut models = Vec::with_capacity(stage.models.len());
        let mut first = 0;
        for (number, spec) in stage.models.iter().enumerate() {
            let engine = |file| planned.map_or("", |planned| planned.engine(first + file));
            let engine = |file| engine(file).to_owned();
            let engine = planned.map(|_| &engine as &dyn Fn(usize) -> String);
            let is_column = |name: &str| stage.has_column(name);
            let loaded = StageModel::load(files, spec, &is_column, engine);
            first += match &loaded {
                Ok(model) => model.files().len(),
                Err(_) => spec.source.paths().len(),
            };
            match loaded {
                Ok(model) => models.push(model),
                Err(wrong) => {
                    let at = format!("{path}.model[{}]", stage.reading.models.of(number));
                    problems.extend(wrong.into_iter().map(|wrong| Problem {
                        path: match wrong.key.as_str() {
                            "" => at.clone(),
                            key => format!("{at}.{key}"),
                        },
                        message: wrong.message,
                    }));
                }
            }
        }
        let folds = common_folds(stage.folds, &models).unwrap_or_else(|message| {
            problems.push(Problem {
                path: format!("{path}.{}", of_folds(&stage)),
                message,
            });
            None
        });
        let makers: Vec<String> = models.iter().flat_map(StageModel::makers).collect();
        let digest = stage_digest(campaign, &stage, &makers);
        let stage = resolved(stage, &models);
        problems.extend(without_score(&campaign.stages[index], &stage, &path));
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

    /// The steps of its cut flow, in order.
    #[must_use]
    pub fn steps(&self) -> Vec<(String, Unit)> {
        self.stage.steps(self.drops_duplicates)
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

    /// Everything that is wrong with the stage for files of this schema; and the stage compiled, if
    /// it can be. A draft may have mistakes in itself, and models that did not load.
    pub fn look(self: &Arc<Self>, schema: &Schema) -> (Option<CompiledStage>, Vec<Problem>) {
        let (schema, names_dataset) = self.as_named(schema, &self.types);
        let Draft {
            program,
            known,
            mut problems,
        } = Program::draft(&self.stage, &self.path, &self.functions, &schema);
        problems.extend(self.identity_problems(&schema));
        problems.extend(wrong_metrics(self, known));
        let program = program.filter(|_| problems.is_empty());
        let compiled = program.map(|program| self.compiled(program, names_dataset));
        (compiled, problems)
    }

    /// Compiles the stage for files of this schema, whose branches are read in these types.
    pub(crate) fn compile_as(
        self: &Arc<Self>,
        schema: &Schema,
        types: &StageTypes,
    ) -> Result<CompiledStage, Vec<Problem>> {
        let (schema, names_dataset) = self.as_named(schema, types);
        let mut problems = self.identity_problems(&schema);
        let program = Program::compile(&self.stage, &self.path, &self.functions, &schema);
        match program {
            Ok(program) if problems.is_empty() => Ok(self.compiled(program, names_dataset)),
            Ok(_) => Err(problems),
            Err(found) => {
                problems.splice(0..0, found);
                Err(problems)
            }
        }
    }

    /// The branches of a file in these types, with the name of the dataset where that is kept.
    fn as_named(&self, schema: &Schema, types: &StageTypes) -> (Schema, bool) {
        let keeps_dataset = self.stage.keep.iter().any(|keep| keep.column == DATASET);
        let names_dataset = keeps_dataset && schema.field_with_name(DATASET).is_err();
        let schema = match names_dataset {
            true => with_dataset(&types.retyped(schema)),
            false => types.retyped(schema),
        };
        (schema, names_dataset)
    }

    /// The branches of a file that the stage names, whatever else is wrong with it.
    pub(crate) fn named(&self, schema: &Schema) -> Vec<String> {
        let stage = &self.stage;
        let rows = match &stage.rows {
            Rows::Event => None,
            Rows::Each { condition, .. } | Rows::Pairs { condition, .. } => condition.as_deref(),
        };
        let texts = [stage.condition.as_deref(), stage.select.as_deref(), rows];
        let kept = stage.keep.iter().chain(&stage.labels);
        let columns = stage.columns.iter().map(|column| &column.expression);
        let others = kept.map(|keep| &keep.column).chain(columns);
        let texts = texts.into_iter().flatten();
        let texts = texts.chain(others.map(String::as_str));
        let words: BTreeSet<&str> = texts
            .flat_map(|text| text.split(|c: char| !(c.is_alphanumeric() || c == '_')))
            .collect();
        let fields = schema.fields().iter().map(|field| field.name());
        let named = fields.filter(|name| words.contains(name.as_str()));
        named.cloned().collect()
    }

    fn compiled(self: &Arc<Self>, program: Program, names_dataset: bool) -> CompiledStage {
        let mut fields: Vec<Field> = program
            .output_schema()
            .fields()
            .iter()
            .map(|field| field.as_ref().clone())
            .collect();
        fields.extend(self.folds.map(|_| fold_field()));
        fields.extend(self.models.iter().flat_map(StageModel::fields));
        CompiledStage {
            prepared: self.clone(),
            program,
            schema: Arc::new(Schema::new(fields)),
            names_dataset,
        }
    }

    fn identity_problems(&self, schema: &Schema) -> Vec<Problem> {
        if self.folds.is_none() {
            return Vec::new();
        }
        let missing = [RUN, LUMI, EVENT]
            .into_iter()
            .filter(|name| schema.field_with_name(name).is_err());
        missing
            .map(|name| Problem {
                path: format!("{}.{}", self.path, of_folds(&self.stage)),
                message: format!(
                    "folds are made from run, luminosityBlock and event: no branch {name}"
                ),
            })
            .collect()
    }
}

/// A stage whose models say what their configurations say of them.
fn resolved(mut stage: Stage, models: &[StageModel]) -> Stage {
    for model in models {
        let of_name = |spec: &&mut lumimill_common::campaign::Model| spec.name == model.name();
        if let Some(spec) = stage.models.iter_mut().find(of_name) {
            *spec = model.spec().clone();
        }
    }
    stage
}

/// Metrics of scores that a configuration does not have, which the campaign alone cannot know.
fn without_score(campaign: &Stage, resolved: &Stage, path: &str) -> Vec<Problem> {
    let before = campaign.output_names();
    let after: BTreeSet<&str> = resolved.output_names().into_iter().collect();
    let gone: Vec<&str> = before
        .into_iter()
        .filter(|name| !after.contains(name))
        .collect();
    let metrics = resolved.metrics.iter().enumerate();
    let problems = metrics.flat_map(|(number, metric)| {
        let named = metric.columns().into_iter();
        let place = resolved.reading.metrics.of(number);
        named
            .filter(|name| gone.contains(&name.as_str()))
            .map(move |name| Problem {
                path: format!("{path}.metric[{place}]"),
                message: format!("the BDT configuration has no score {name}: it is Binary"),
            })
    });
    problems.collect()
}

/// How many folds the stage and its models with folds share.
fn common_folds(of_stage: Option<u8>, models: &[StageModel]) -> Result<Option<u8>, String> {
    let of_models = models.iter().map(StageModel::folds);
    let of_models = of_models.filter(|folds| *folds > 1);
    let mut counts = of_stage.map(usize::from).into_iter().chain(of_models);
    let Some(first) = counts.next() else {
        return Ok(None);
    };
    if let Some(other) = counts.find(|other| *other != first) {
        let one = if of_stage.is_some() {
            "the stage"
        } else {
            "one"
        };
        return Err(format!(
            "a stage and its models share one fold column: {one} has {first} folds, another {other}"
        ));
    }
    u8::try_from(first)
        .map(Some)
        .map_err(|_| format!("expected at most 255 folds, found {first}"))
}

/// The key of a stage that its folds come from.
fn of_folds(stage: &Stage) -> &'static str {
    match stage.folds {
        Some(_) => "folds",
        None => "model",
    }
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
