//! A stage made ready: models loaded once, expressions compiled for each schema that files have.

mod events;

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow_schema::{DataType, Field, Schema};
use lumimill_common::campaign::{Campaign, Problem, Rows, Stage};
use lumimill_common::expression::Functions;
use lumimill_common::metric::{MetricSpec, Unit};
use lumimill_common::shard::stage_digest;

use crate::beside;
use crate::compiled_stage::CompiledStage;
use crate::dataset_column::{DATASET, with_dataset};
use crate::feature::{Draft, Program};
use crate::graph::Features;
use crate::identity::{Role, with_roles};
use crate::planned_stage::PlannedStage;
use crate::process::wrong_metrics;
use crate::resolved_stage::with_all_names;
use crate::score::FOLD;
use crate::stage_model::{ModelFiles, StageModel};
use crate::stage_types::StageTypes;

use events::{common_folds, of_folds};

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
    entries_are_events: bool,
    types: StageTypes,
}

/// A stage for what it reads, before it is compiled.
pub(crate) struct Fitted {
    pub(crate) stage: Stage,
    pub(crate) schema: Schema,
    pub(crate) names_dataset: bool,
    problems: Vec<Problem>,
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
                    let at = format!("{path}.{}", stage.model_place(number));
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
        let parent = stage.from.as_ref().and_then(|name| campaign.stage(name));
        let entries_are_events = parent.is_none_or(|parent| campaign.rows_are_events(parent));
        let stage = Self {
            stage,
            path,
            functions,
            models,
            folds,
            metrics,
            digest,
            drops_duplicates: campaign.drops_duplicates(),
            entries_are_events,
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

    /// What evaluates each file of its models; nothing for trees, and for all when all are.
    #[must_use]
    pub fn engines(&self) -> Vec<String> {
        let engines = self.models.iter().flat_map(StageModel::engines);
        let engines: Vec<String> = engines.map(str::to_owned).collect();
        match engines.iter().all(String::is_empty) {
            true => Vec::new(),
            false => engines,
        }
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

    /// Whether some metric shuffles features among events.
    pub(crate) fn shuffles(&self) -> bool {
        self.metrics
            .iter()
            .any(|metric| metric.shuffles().is_some())
    }

    /// Number of folds, where it or its models have them.
    pub(crate) fn folds(&self) -> Option<u8> {
        self.folds
    }

    /// Whether a model of it is drawn, for which its rows must be told apart.
    pub(crate) fn needs_draws(&self) -> bool {
        self.models.iter().any(StageModel::needs_draws)
    }

    /// Whether each entry that it reads is an event of its own.
    pub(crate) fn entries_are_events(&self) -> bool {
        self.entries_are_events
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

    /// Whether each of its rows is an event of its own.
    #[must_use]
    pub fn rows_are_events(&self) -> bool {
        self.entries_are_events && self.stage.rows == Rows::Event
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
        let mut fitted = self.fitted(schema, &self.types);
        let Draft {
            program,
            known,
            mut problems,
        } = Program::draft(&fitted.stage, &self.path, &self.functions, &fitted.schema);
        problems.append(&mut fitted.problems);
        problems.extend(wrong_metrics(self, &fitted.stage, known));
        let graphs = program.as_ref().map(|program| self.graphs(program));
        let graphs = graphs
            .unwrap_or_else(|| Ok(Vec::new()))
            .unwrap_or_else(|wrong| {
                problems.extend(wrong);
                Vec::new()
            });
        let program = program.filter(|_| problems.is_empty());
        let compiled = program.map(|program| CompiledStage::of(self, program, graphs, fitted));
        (compiled, problems)
    }

    /// Compiles the stage for files of this schema, whose branches are read in these types.
    pub fn compile_as(
        self: &Arc<Self>,
        schema: &Schema,
        types: &StageTypes,
    ) -> Result<CompiledStage, Vec<Problem>> {
        let mut fitted = self.fitted(schema, types);
        let mut problems = std::mem::take(&mut fitted.problems);
        let program = Program::compile(&fitted.stage, &self.path, &self.functions, &fitted.schema);
        match program {
            Ok(program) if problems.is_empty() => {
                let graphs = self.graphs(&program)?;
                Ok(CompiledStage::of(self, program, graphs, fitted))
            }
            Ok(_) => Err(problems),
            Err(found) => {
                problems.splice(0..0, found);
                Err(problems)
            }
        }
    }

    /// The stage for columns in these types, with the name of the dataset where that is kept; and
    /// what is wrong with it in that alone.
    fn fitted(&self, schema: &Schema, types: &StageTypes) -> Fitted {
        let keeps_dataset = self.stage.keep.iter().any(|keep| keep.column == DATASET);
        let names_dataset = keeps_dataset && schema.field_with_name(DATASET).is_err();
        let schema = match names_dataset {
            true => with_dataset(&types.retyped(schema)),
            false => types.retyped(schema),
        };
        let schema = match self.stage.from {
            Some(_) => schema,
            None => with_roles(&schema),
        };
        let (stage, mut problems) = with_all_names(&self.stage, &self.path, &schema);
        problems.extend(beside::wrong(&schema, &self.path));
        problems.extend(self.identity_problems(&schema));
        Fitted {
            stage,
            schema,
            names_dataset,
            problems,
        }
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

    /// What the graphs of its models are made of, for the rows of a program; none for models of
    /// rows.
    fn graphs(&self, program: &Program) -> Result<Vec<Option<Features>>, Vec<Problem>> {
        let sources = self.functions.iter();
        let sources = sources.map(|(name, source)| (name.as_str(), source.as_str()));
        // What is wrong with one is told where it is.
        let functions = Functions::parse(sources).unwrap_or_default();
        let mut fields: Vec<Field> = Vec::new();
        let rows = program.row_schema().fields().iter();
        fields.extend(rows.map(|field| field.as_ref().clone()));
        fields.extend(self.folds.map(|_| fold_field()));
        let (mut graphs, mut problems) = (Vec::new(), Vec::new());
        for (number, spec) in self.stage.models.iter().enumerate() {
            let mut loaded = self.models.iter();
            // What comes after one that did not load may be made of what that would give.
            let Some(model) = loaded.find(|model| model.name() == spec.name) else {
                break;
            };
            let schema = Schema::new(fields.clone());
            let compiled = model.graph().map(|graph| {
                let path = format!("{}.{}", self.path, self.stage.model_place(number));
                Features::compile(graph, &schema, &functions, &path)
            });
            graphs.push(compiled.transpose().unwrap_or_else(|wrong| {
                problems.extend(wrong);
                None
            }));
            fields.extend(model.fields());
        }
        match problems.is_empty() {
            true => Ok(graphs),
            false => Err(problems),
        }
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

/// The column of folds.
#[must_use]
pub fn fold_field() -> Field {
    Role::Fold.given_to(Field::new(FOLD, DataType::UInt8, false))
}
