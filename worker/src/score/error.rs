//! What can be wrong with a model, or with scoring by it.

use thiserror::Error;

/// A model that cannot be used, or a use that does not fit it; the message begins with the
/// model's name.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("model {model}: {problem}")]
pub struct ModelError {
    model: String,
    problem: Problem,
}

impl ModelError {
    pub(crate) fn new(model: &str, problem: Problem) -> Self {
        Self {
            model: model.to_owned(),
            problem,
        }
    }

    /// What is wrong, without the model's name.
    pub fn problem(&self) -> &Problem {
        &self.problem
    }

    /// Whether the model is sound as far as it was read, but not a tree ensemble.
    pub(crate) fn needs_runtime(&self) -> bool {
        matches!(self.problem, Problem::NeedsRuntime { .. })
    }
}

/// The kinds of problems.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Problem {
    /// The file has no bytes.
    #[error("the file is empty, expected an ONNX model")]
    Empty,
    /// The file is larger than any tree ensemble.
    #[error("the file has {found} bytes, more than the {limit} that are read")]
    TooLarge {
        /// Size of the file, in bytes.
        found: usize,
        /// The most that is read, in bytes.
        limit: usize,
    },
    /// It has more parts than any model.
    #[error("the graph has {found} {what}, more than the {limit} that are read")]
    TooMany {
        /// How many there are.
        found: usize,
        /// Of what.
        what: &'static str,
        /// The most that are read.
        limit: usize,
    },
    /// The bytes are something else.
    #[error("not an ONNX file: expected a protobuf ModelProto, found {found}")]
    NotOnnx {
        /// What the bytes look like.
        found: String,
    },
    /// It begins as an ONNX file does, and then cannot be read.
    #[error("truncated or damaged ONNX file: {reason}")]
    Damaged {
        /// Where reading stopped and why.
        reason: String,
    },
    /// Sound, but not a tree ensemble.
    #[error("no tree ensemble: {reason}")]
    NeedsRuntime {
        /// The operator or the shape that is not a tree ensemble's.
        reason: String,
    },
    /// Nothing that the embedded engine evaluates.
    #[error("the embedded engine cannot evaluate it: {reason}")]
    NotEmbedded {
        /// The operator, or what the engine says.
        reason: String,
    },
    /// Nothing that ONNX Runtime evaluates here.
    #[error("ONNX Runtime cannot evaluate it: {reason}")]
    NotRuntime {
        /// What it says, or that it is not there.
        reason: String,
    },
    /// The graph contradicts itself or the ONNX specification.
    #[error("invalid graph: {reason}")]
    InvalidGraph {
        /// What is wrong and where.
        reason: String,
    },
    /// The number of inputs differs from the model's.
    #[error("takes {expected} features, {found} inputs are given: {inputs}")]
    Width {
        /// Features of the model.
        expected: usize,
        /// Inputs given.
        found: usize,
        /// Their names.
        inputs: String,
    },
    /// The model names its features and they differ from the inputs.
    #[error(
        "feature {position} is {expected:?} in the model's metadata, but input {position} is {found:?}; give the inputs in the model's order: {order}"
    )]
    Names {
        /// Index, from 0, of the first difference.
        position: usize,
        /// The model's name.
        expected: String,
        /// The input's name.
        found: String,
        /// All of the model's names.
        order: String,
    },
    /// The class asked for is not among the columns.
    #[error("class {class} asked for, but the model has {classes} output columns (0 to {})", classes.saturating_sub(1))]
    Class {
        /// The class asked for.
        class: usize,
        /// Output columns of the model.
        classes: usize,
    },
}

impl Problem {
    pub(crate) fn needs_runtime(reason: impl Into<String>) -> Self {
        Self::NeedsRuntime {
            reason: reason.into(),
        }
    }

    #[cfg(feature = "embedded")]
    pub(crate) fn not_embedded(reason: impl Into<String>) -> Self {
        Self::NotEmbedded {
            reason: reason.into(),
        }
    }

    #[cfg(feature = "runtime")]
    pub(crate) fn not_runtime(reason: impl Into<String>) -> Self {
        Self::NotRuntime {
            reason: reason.into(),
        }
    }

    pub(crate) fn invalid(reason: impl Into<String>) -> Self {
        Self::InvalidGraph {
            reason: reason.into(),
        }
    }

    pub(crate) fn damaged(reason: impl Into<String>) -> Self {
        Self::Damaged {
            reason: reason.into(),
        }
    }
}
