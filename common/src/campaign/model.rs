//! `[[stage.model]]`: a model, its inputs and the columns that its outputs go to.

mod apply;
mod bdt;
mod draw;
mod graph;
mod inputs;
mod outputs;

use serde::Serialize;

use crate::section::Section;
pub use apply::{CorrectionSource, Outside, USUAL};
pub use bdt::{BdtMode, BdtSource, is_ccdb};
pub use draw::{DensityStage, DrawSource};
pub use graph::{Dense, Distance, Edges, Graph, GraphInput, Least, Level, WrittenEdges};
pub use inputs::{ModelInputs, NamedInput};
pub use outputs::ModelOutput;

/// Where a model comes from; paths are as written, relative to the campaign file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ModelSource {
    /// One ONNX file.
    Onnx(String),
    /// One ONNX file a fold: each event is scored by the model that did not see it.
    Folds(Vec<String>),
    /// A BDT configuration, and a model for each of its bins.
    Bdt(BdtSource),
    /// A correction of a file, whose value is a weight: `apply` of a stage.
    Correction(CorrectionSource),
    /// Densities that a column is drawn by: `resample` or `transform` of a stage.
    Draw(DrawSource),
}

impl ModelSource {
    /// Every file of the model that the campaign names, in fold order; a BDT configuration names
    /// others ([`BdtSource::files`]).
    #[must_use]
    pub fn paths(&self) -> &[String] {
        match self {
            Self::Onnx(path) => std::slice::from_ref(path),
            Self::Folds(paths) => paths,
            Self::Bdt(source) => std::slice::from_ref(&source.config),
            Self::Correction(source) => std::slice::from_ref(&source.file),
            Self::Draw(source) => &source.files,
        }
    }
}

/// What becomes of a row with NaN, or null, among the inputs of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum NanPolicy {
    /// It fails the shard, which names the event.
    Error,
    /// It is left out of the table, as a step of the cut flow.
    Drop,
    /// The model is given it.
    #[default]
    Keep,
}

/// What evaluates a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EngineChoice {
    /// Trees natively; any other graph by ONNX Runtime where it is installed, else by the embedded
    /// engine.
    #[default]
    Auto,
    /// Trees natively; a mistake where it is no tree ensemble.
    Trees,
    /// ONNX Runtime, for trees too.
    Runtime,
    /// The embedded engine, which knows no trees.
    Embedded,
}

/// A model of a stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Model {
    /// Name of the model, and of its score column where `outputs` names no others.
    pub name: String,
    /// Its file or files.
    pub source: ModelSource,
    /// The graphs that it is given, where it is not given rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub graph: Option<Graph>,
    /// What it reads, in the order that the model was trained with; nothing of a graph.
    pub inputs: ModelInputs,
    /// Output column (class) that is the score; of one or two, the last one when absent.
    pub class: Option<usize>,
    /// Its columns, where the campaign names them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub outputs: Vec<ModelOutput>,
    /// What becomes of a row with NaN among the inputs.
    #[serde(skip_serializing_if = "is_usual")]
    pub nan: NanPolicy,
    /// What evaluates it.
    #[serde(skip_serializing_if = "is_usual")]
    pub engine: EngineChoice,
}

/// What a campaign need not say says nothing of the bytes.
fn is_usual<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl Model {
    /// Names of the columns that it adds to the table, in order.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        let bins = match &self.source {
            ModelSource::Bdt(source) => &source.columns[..],
            ModelSource::Correction(source) => &source.columns[..],
            ModelSource::Draw(source) => &source.columns[..],
            ModelSource::Onnx(_) | ModelSource::Folds(_) => &[],
        };
        let named = self.outputs.iter().map(|output| output.column.as_str());
        let only = self.outputs.is_empty() && bins.is_empty();
        let only = only.then_some(self.name.as_str());
        let ends = self.graph.iter().flat_map(|graph| &graph.ends);
        let ends = ends.chain(bins.iter());
        named.chain(only).chain(ends.map(String::as_str))
    }

    /// Its BDT configuration, where it has one.
    #[must_use]
    pub fn bdt(&self) -> Option<&BdtSource> {
        match &self.source {
            ModelSource::Bdt(source) => Some(source),
            _ => None,
        }
    }

    /// What it is drawn by, where it is.
    #[must_use]
    pub fn draw(&self) -> Option<&DrawSource> {
        match &self.source {
            ModelSource::Draw(source) => Some(source),
            _ => None,
        }
    }

    /// Where it is in its stage, where it is no `[[stage.model]]`.
    #[must_use]
    pub fn place(&self) -> Option<&str> {
        match &self.source {
            ModelSource::Correction(source) => Some(&source.place),
            ModelSource::Draw(source) => Some(&source.place),
            ModelSource::Onnx(_) | ModelSource::Folds(_) | ModelSource::Bdt(_) => None,
        }
    }

    /// Every column that it reads, with its place below the model in the campaign file.
    #[must_use]
    pub fn places(&self) -> Vec<(String, &str)> {
        let mut places = self.inputs.places();
        if self.bdt().is_some() {
            for (place, _) in &mut places {
                place.replace_range(.., "bdt_config");
            }
        }
        if self.place().is_some() {
            // Each input is of one.
            let ends = places.iter_mut().map(|(place, _)| place);
            ends.for_each(|place| place.truncate(place.len().saturating_sub("[0]".len())));
        }
        places
    }

    pub(super) fn read(section: &mut Section<'_>) -> Option<Self> {
        let name = section.required_text("name");
        if section.value("bdt_config").is_some() {
            return Self::read_bdt(section, name);
        }
        let onnx = section.text("onnx");
        let folds = section.texts("folds");
        let graph = Graph::read(section);
        let inputs = match &graph {
            Some(None) => ModelInputs::read(section),
            _ => Some(ModelInputs::Named(Vec::new())),
        };
        let outputs = ModelOutput::read_all(section);
        let class = section.integer("class").and_then(|class| {
            let found = usize::try_from(class).ok();
            if found.is_none() {
                section.problem("class", format!("expected 0 or more, found {class}"));
            }
            found
        });
        if class.is_some() && !outputs.is_empty() {
            let message = "says again what outputs says: name the element there, such as \
                           { score = \"probabilities[1]\" }";
            section.problem("class", message);
        }
        let nan = read_nan(section).unwrap_or_default();
        let engine = read_engine(section);
        section.finish();
        let mut graph = graph?;
        match &mut graph {
            Some(graph) => {
                graph.take_outputs(section, &outputs);
                for (key, message) in not_of_graphs(class, folds.as_deref(), nan, engine) {
                    section.problem(key, message);
                }
            }
            None => {
                let two = outputs.iter().filter(|output| output.part.is_some());
                for output in two {
                    let message = "two indices are of outputs of a graph model: export the model with a \
                                   Reshape behind it, and write one";
                    section.problem(&format!("outputs.{}", output.column), message);
                }
            }
        }
        let source = match (onnx, folds) {
            (Some(path), None) => Some(ModelSource::Onnx(path)),
            (None, Some(paths)) if paths.len() >= 2 => Some(ModelSource::Folds(paths)),
            (None, Some(_)) => {
                section.problem("folds", "expected at least two files");
                None
            }
            _ => {
                section.problem_here("expected onnx or folds, one of the two");
                None
            }
        };
        Some(Self {
            name: name?,
            source: source?,
            graph,
            inputs: inputs?,
            class,
            outputs,
            nan,
            engine,
        })
    }

    /// A model whose inputs and outputs its configuration says.
    fn read_bdt(section: &mut Section<'_>, name: Option<String>) -> Option<Self> {
        let source = BdtSource::read(section, name.as_deref().unwrap_or_default());
        let nan = read_nan(section).unwrap_or(NanPolicy::Drop);
        if nan == NanPolicy::Error {
            let message = "expected \"drop\" or \"keep\", of scores that are no number";
            section.problem("nan", message);
        }
        let engine = read_engine(section);
        section.finish();
        Some(Self {
            name: name?,
            source: ModelSource::Bdt(source?),
            graph: None,
            inputs: ModelInputs::Columns(Vec::new()),
            class: None,
            outputs: Vec::new(),
            nan,
            engine,
        })
    }
}

fn read_nan(section: &mut Section<'_>) -> Option<NanPolicy> {
    let policies = [
        ("error", NanPolicy::Error),
        ("drop", NanPolicy::Drop),
        ("keep", NanPolicy::Keep),
    ];
    section.choice("nan", &policies)
}

fn read_engine(section: &mut Section<'_>) -> EngineChoice {
    let engines = [
        ("auto", EngineChoice::Auto),
        ("trees", EngineChoice::Trees),
        ("runtime", EngineChoice::Runtime),
        ("embedded", EngineChoice::Embedded),
    ];
    section.choice("engine", &engines).unwrap_or_default()
}

/// What models of rows may say, and those of graphs not.
fn not_of_graphs(
    class: Option<usize>,
    folds: Option<&[String]>,
    nan: NanPolicy,
    engine: EngineChoice,
) -> Vec<(&'static str, &'static str)> {
    let mut wrong = Vec::new();
    if class.is_some() {
        wrong.push(("class", "is of models of rows: name the element in outputs"));
    }
    if folds.is_some() {
        wrong.push((
            "folds",
            "is not available in this version for models of graphs: use onnx",
        ));
    }
    if nan == NanPolicy::Drop {
        wrong.push((
            "nan",
            "\"drop\" is not available for models of graphs: leave events out by where, or nodes by a \
             group of -1",
        ));
    }
    if engine == EngineChoice::Trees {
        wrong.push(("engine", "\"trees\" evaluates no graphs"));
    }
    wrong
}
