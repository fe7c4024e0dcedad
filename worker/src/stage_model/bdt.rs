//! The models of a BDT configuration: each loaded once, held against the configuration.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use lumimill_common::bdt_config::{BdtConfig, BdtKind, FEATURES};
use lumimill_common::campaign::{self, BdtSource, ModelInputs};
use lumimill_common::hex::hex;
use lumimill_common::suggest;
use sha2::{Digest, Sha256};

use crate::model_files::ModelFiles;
use crate::score::{Bins, Elements, Wrong, load_elements};

/// A configuration with its models.
#[derive(Debug)]
pub(super) struct LoadedBins {
    pub(super) bins: Bins,
    /// The model of the campaign with what the configuration says of it.
    pub(super) resolved: campaign::Model,
    /// Paths of configuration and models, each with its SHA-256.
    pub(super) files: Vec<(String, String)>,
    /// What a person should know.
    pub(super) notes: Vec<String>,
}

/// Loads a configuration and its models. `is_column` says whether the stage has a column of a name,
/// `planned` what evaluates each file, of which the configuration is the first.
pub(super) fn load(
    files: &ModelFiles<'_>,
    spec: &campaign::Model,
    source: &BdtSource,
    is_column: &dyn Fn(&str) -> bool,
    planned: Option<&dyn Fn(usize) -> String>,
) -> Result<LoadedBins, Vec<Wrong>> {
    let path = &source.config;
    let wrong = |message: String| Wrong::at("bdt_config", message);
    let bytes = files(path);
    let bytes = bytes.map_err(|error| vec![wrong(format!("{path}: cannot be read: {error}"))])?;
    let config = BdtConfig::parse(&bytes).map_err(|problems| {
        let problems = problems.into_iter();
        problems
            .map(|problem| wrong(format!("{path}: {problem}")))
            .collect::<Vec<_>>()
    })?;
    let mut problems = Vec::new();
    let columns = columns_of(&config, is_column, |message| {
        problems.push(wrong(format!("{path}: {message}")));
    });
    if config.kind == BdtKind::MultiClass && source.score_column.is_some() {
        let message = "is of Binary models: of MultiClass ones, the columns are background, prompt \
                       and nonprompt, in this order";
        problems.push(Wrong::at("score_column", message));
    }
    for (number, why) in source.misplaced(&config) {
        let place = format!("{path}: {}.modelFiles[{number}]", config.name);
        problems.push(wrong(format!("{place}: {why}")));
    }
    let paths = source.files(&config);
    if paths.len() != config.bins.len() {
        let message = format!("has {} paths for {} bins", paths.len(), config.bins.len());
        problems.push(Wrong::at("model_paths", message));
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let centrality = column_of(&config.centrality, is_column);
    let pt = column_of("kPt", is_column);
    let resolved = campaign::Model {
        source: campaign::ModelSource::Bdt(BdtSource {
            columns: BdtSource::columns_of(&spec.name, config.kind.classes()),
            is_read: true,
            ..source.clone()
        }),
        inputs: ModelInputs::Columns(columns),
        ..spec.clone()
    };
    let mut loader = Loader {
        files,
        spec: &resolved,
        config: &config,
        elements: elements(&config, source),
        planned,
        known: BTreeMap::new(),
        hashes: vec![(path.clone(), sha256(&bytes))],
        notes: config
            .warnings
            .iter()
            .map(|said| format!("{path}: {said}"))
            .chain(source.names_absolute_files(&config).then(|| {
                format!(
                    "{path}: {}.modelFiles: what begins with / is read where it is, not below models = {:?}",
                    config.name, source.models
                )
            }))
            .collect(),
        problems,
    };
    let models: Vec<Option<Elements>> = paths
        .iter()
        .enumerate()
        .map(|(number, path)| loader.load(number, path))
        .collect();
    loader.note_score_column(source, &models);
    let Loader {
        hashes,
        notes,
        problems,
        ..
    } = loader;
    if !problems.is_empty() {
        return Err(problems);
    }
    let evaluators = models
        .into_iter()
        .flatten()
        .map(|model| model.evaluator)
        .collect();
    let resolved = campaign::Model {
        inputs: with_bins(&resolved.inputs, [&centrality, &pt]),
        ..resolved
    };
    Ok(LoadedBins {
        bins: Bins::new(Arc::new(config), evaluators, centrality, pt),
        resolved,
        files: hashes,
        notes,
    })
}

/// The columns that features are of, in order.
fn columns_of(
    config: &BdtConfig,
    is_column: &dyn Fn(&str) -> bool,
    mut problem: impl FnMut(String),
) -> Vec<String> {
    let mut columns = Vec::with_capacity(config.features.len());
    for (number, feature) in config.features.iter().enumerate() {
        if !is_column(feature) && !FEATURES.contains(&feature.as_str()) {
            let near = suggest::nearest(feature, FEATURES.into_iter());
            let near = near.map_or_else(String::new, |near| format!("; did you mean {near}?"));
            problem(format!(
                "{}.inputFeatures[{number}]: O2 has no feature {feature}, nor has the stage a \
                 column of that name{near}",
                config.name
            ));
        }
        columns.push(column_of(feature, is_column));
    }
    columns
}

/// The stage's own column of that name, or else the branch of O2's table.
fn column_of(feature: &str, is_column: &dyn Fn(&str) -> bool) -> String {
    match feature.strip_prefix('k') {
        Some(rest) if !is_column(feature) => format!("f{rest}"),
        _ => feature.to_owned(),
    }
}

/// What models read, and what their bins are of.
fn with_bins(inputs: &ModelInputs, bins: [&String; 2]) -> ModelInputs {
    let mut columns = inputs.columns();
    columns.extend(bins.into_iter().cloned());
    ModelInputs::Columns(columns)
}

fn elements(config: &BdtConfig, source: &BdtSource) -> Vec<usize> {
    match config.kind {
        BdtKind::Binary => vec![source.score_column.unwrap_or(0)],
        BdtKind::MultiClass => vec![0, 1, 2],
    }
}

struct Loader<'a> {
    files: &'a ModelFiles<'a>,
    spec: &'a campaign::Model,
    config: &'a BdtConfig,
    elements: Vec<usize>,
    planned: Option<&'a dyn Fn(usize) -> String>,
    /// Models that several bins share.
    known: BTreeMap<String, (String, Elements)>,
    hashes: Vec<(String, String)>,
    notes: Vec<String>,
    problems: Vec<Wrong>,
}

impl Loader<'_> {
    fn load(&mut self, number: usize, path: &str) -> Option<Elements> {
        if let Entry::Vacant(slot) = self.known.entry(path.to_owned()) {
            let place = format!("{}.modelFiles[{number}]", self.config.name);
            let mut wrong = |message: String| {
                let message = format!("{place}: {message}");
                self.problems.push(Wrong::at("bdt_config", message));
            };
            let bytes = match (self.files)(path) {
                Ok(bytes) => bytes,
                Err(error) => {
                    wrong(format!("{path}: cannot read the model: {error}"));
                    return None;
                }
            };
            let features = &self.config.features;
            let planned = self.planned.map(|engine| engine(number + 1));
            let wanted = (features.as_slice(), self.elements.as_slice());
            match load_elements(path, &bytes, self.spec, wanted, planned.as_deref()) {
                Ok(model) => {
                    self.notes.extend(model.evaluator.notes());
                    slot.insert((sha256(&bytes), model));
                }
                Err(found) => {
                    found.into_iter().for_each(|found| wrong(found.message));
                    return None;
                }
            }
        }
        let (hash, model) = self.known.get(path)?;
        self.hashes.push((path.to_owned(), hash.clone()));
        Some(model.clone())
    }

    /// Says which class is cut on where a model has two and nobody said.
    fn note_score_column(&mut self, source: &BdtSource, models: &[Option<Elements>]) {
        let widths = models.iter().flatten().filter_map(|model| model.width);
        let several = widths.max().filter(|width| *width > 1);
        if self.config.kind == BdtKind::Binary
            && source.score_column.is_none()
            && let Some(width) = several
        {
            self.notes.push(format!(
                "its models give {width} scores a candidate, and the cut is on the first one, that of \
                 class 0, as in O2; models that are trained with signal as class 1 are meant to be \
                 cut on score_column = 1: say score_column = 0 or 1"
            ));
        }
    }
}

fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}
