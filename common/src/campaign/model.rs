//! `[[stage.model]]`: a model, its inputs and the column its scores go to.

use serde::Serialize;

use super::section::Section;

/// Where a model comes from; paths are as written, relative to the campaign file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ModelSource {
    /// One ONNX file.
    Onnx(String),
    /// One ONNX file a fold: each event is scored by the model that did not see it.
    Folds(Vec<String>),
}

impl ModelSource {
    /// Every file of the model, in fold order.
    #[must_use]
    pub fn paths(&self) -> &[String] {
        match self {
            Self::Onnx(path) => std::slice::from_ref(path),
            Self::Folds(paths) => paths,
        }
    }
}

/// A model of a stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Model {
    /// Name of the score column.
    pub name: String,
    /// Its file or files.
    pub source: ModelSource,
    /// Names of the feature columns, in the order that the model was trained with.
    pub inputs: Vec<String>,
    /// Output column (class) that is the score; the last one when absent.
    pub class: Option<usize>,
}

impl Model {
    pub(super) fn read(section: &mut Section<'_>) -> Option<Self> {
        let name = section.required_text("name");
        let onnx = section.text("onnx");
        let folds = section.texts("folds");
        let inputs = section.texts("inputs");
        if section.value("inputs").is_none() {
            section.problem(
                "inputs",
                "is missing: name the feature columns in training order",
            );
        }
        let class = section.integer("class").and_then(|class| {
            let found = usize::try_from(class).ok();
            if found.is_none() {
                section.problem("class", format!("expected 0 or more, found {class}"));
            }
            found
        });
        for later in ["bdt_config", "models", "mode", "graph"] {
            if section.value(later).is_some() {
                section.problem(later, "is not available in this version: use onnx or folds");
            }
        }
        section.finish();
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
            inputs: inputs?,
            class,
        })
    }
}
