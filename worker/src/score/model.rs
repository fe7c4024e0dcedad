//! A loaded model: what it needs, and its scores.

use lumimill_common::hex::hex;
use sha2::{Digest, Sha256};

use super::error::{ModelError, Problem};
use super::features::Features;
use super::graph::{self, Compiled};
use super::metadata;
use super::onnx::{self, Graph};

/// A tree ensemble ready to score. Loaded once and shared: scoring takes no lock and changes
/// nothing.
#[derive(Debug)]
pub struct Model {
    name: String,
    sha256: String,
    feature_names: Option<Vec<String>>,
    compiled: Compiled,
}

impl Model {
    /// Loads an ONNX file; `name` is what errors call it by.
    ///
    /// # Errors
    /// When the bytes are not an ONNX file, are damaged, contradict themselves, or hold a graph
    /// that is not a tree ensemble, and so needs a runtime.
    pub fn from_bytes(name: &str, bytes: &[u8]) -> Result<Self, ModelError> {
        let in_model = |problem| ModelError::new(name, problem);
        let graph = onnx::parse(bytes).map_err(in_model)?;
        Self::of_graph(name, &graph, sha256(bytes))
    }

    /// The same, of a graph that was read of a file of this hash.
    pub(super) fn of_graph(name: &str, graph: &Graph, sha256: String) -> Result<Self, ModelError> {
        let in_model = |problem| ModelError::new(name, problem);
        let compiled = graph::compile(graph).map_err(in_model)?;
        let feature_names =
            metadata::feature_names(&graph.metadata).or_else(|| compiled.input_names.clone());
        if let (Some(names), Some(width)) = (&feature_names, compiled.width)
            && names.len() != width
        {
            let reason = format!(
                "its metadata names {} features, but its input has {width}",
                names.len()
            );
            return Err(in_model(Problem::invalid(reason)));
        }
        Ok(Self {
            name: name.to_owned(),
            sha256,
            feature_names,
            compiled,
        })
    }

    /// What errors call it by.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// SHA-256 of the file, in hexadecimal.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// Number of features, when the model tells: by its input's shape, or by naming them.
    pub fn width(&self) -> Option<usize> {
        self.compiled
            .width
            .or_else(|| self.feature_names.as_ref().map(Vec::len))
    }

    /// Whether it compares inputs in double precision, and so is to be given features that were
    /// gathered in it.
    pub fn reads_doubles(&self) -> bool {
        self.compiled.reads_doubles
    }

    /// What a person should know of its scores.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = self.compiled.notes.clone();
        if self.compiled.reads_whole_numbers {
            notes.push(String::from(
                "it declares inputs of whole numbers: fractions are compared as they are, not cut off",
            ));
        }
        notes.sort();
        notes.dedup();
        notes
    }

    /// Names of the features in the model's order, when it tells them.
    pub fn feature_names(&self) -> Option<&[String]> {
        self.feature_names.as_deref()
    }

    /// The graph's output that its scores are.
    pub(super) fn output(&self) -> &str {
        &self.compiled.output
    }

    /// Output columns: the classes of a classifier, the targets of a regressor.
    pub fn classes(&self) -> usize {
        self.compiled.program.width()
    }

    /// Checks the names of the columns that are to be given, in their order.
    ///
    /// # Errors
    /// When their number is not the model's, or when the model names its features and a name
    /// differs.
    pub fn check_inputs(&self, inputs: &[String]) -> Result<(), ModelError> {
        self.check_width(inputs.len(), || inputs.join(", "))?;
        let names = self.feature_names().unwrap_or_default();
        match names
            .iter()
            .zip(inputs)
            .position(|(name, input)| name != input)
        {
            None => Ok(()),
            Some(position) => Err(self.error(Problem::Names {
                position,
                expected: names.get(position).cloned().unwrap_or_default(),
                found: inputs.get(position).cloned().unwrap_or_default(),
                order: names.join(", "),
            })),
        }
    }

    /// Scores of one class, one a row, in `out`, which is emptied first.
    ///
    /// A row's score does not depend on the rows beside it: any way of cutting a table into
    /// batches gives the same bits.
    ///
    /// # Errors
    /// When there is no such class, or the features are not as many as the model's.
    pub fn score(
        &self,
        features: &Features,
        class: usize,
        out: &mut Vec<f32>,
    ) -> Result<(), ModelError> {
        let classes = self.classes();
        if class >= classes {
            return Err(self.error(Problem::Class { class, classes }));
        }
        self.check_features(features)?;
        out.clear();
        out.reserve(features.rows());
        self.compiled.program.run(features, |chunk| {
            out.extend(chunk.values.iter().skip(class).step_by(classes))
        });
        Ok(())
    }

    /// Scores of all classes in `out`, which is emptied first: row after row,
    /// [`Model::classes`] numbers each.
    ///
    /// # Errors
    /// When the features are not as many as the model's.
    pub fn score_all(&self, features: &Features, out: &mut Vec<f32>) -> Result<(), ModelError> {
        self.check_features(features)?;
        out.clear();
        out.reserve(features.rows().saturating_mul(self.classes()));
        self.compiled
            .program
            .run(features, |chunk| out.extend_from_slice(&chunk.values));
        Ok(())
    }

    fn check_features(&self, features: &Features) -> Result<(), ModelError> {
        self.check_width(features.width(), || {
            format!("{} gathered columns", features.width())
        })
    }

    pub(super) fn check_width(
        &self,
        found: usize,
        inputs: impl Fn() -> String,
    ) -> Result<(), ModelError> {
        let (expected, fits) = match self.width() {
            Some(width) => (width, found == width),
            // Nothing declared: there must be at least the features that the trees read.
            None => (self.compiled.width_used, found >= self.compiled.width_used),
        };
        if fits {
            return Ok(());
        }
        Err(self.error(Problem::Width {
            expected,
            found,
            inputs: inputs(),
        }))
    }

    fn error(&self, problem: Problem) -> ModelError {
        ModelError::new(&self.name, problem)
    }
}

/// SHA-256 in hexadecimal.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

#[cfg(test)]
mod tests;
