//! A stage made ready: models loaded once, expressions compiled for each schema that files have.

mod events;
mod folds;

use std::collections::BTreeSet;

use arrow_schema::Schema;
use lumimill_common::campaign::{Campaign, Problem, Rows, Stage};
use lumimill_common::metric::{MetricSpec, Unit};
use lumimill_common::shard::stage_digest;

use crate::model_files::ModelFiles;
use crate::planned_stage::PlannedStage;
use crate::stage_model::StageModel;
use crate::stage_types::StageTypes;

use folds::{common_folds, of_folds};

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
    pub(crate) fn load_planned(
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

    /// The functions that its expressions may call, by name.
    pub(crate) fn functions(&self) -> &[(String, String)] {
        &self.functions
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
