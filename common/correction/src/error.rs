//! What can be wrong with a file of corrections, and with the inputs of one.

use thiserror::Error;

/// Why text is no file of corrections that can be evaluated.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FileError {
    /// It is no JSON.
    #[error("this is no JSON: {0}")]
    Json(String),
    /// It begins as what gzip writes, and is none.
    #[error("this is compressed by gzip, and cannot be read: {0}")]
    Gzip(String),
    /// It is of another schema.
    #[error("its schema_version is {0}, this reads version 2: convert it with correctionlib")]
    Schema(String),
    /// Something in it is not as the schema has it.
    #[error("{place}: {what}")]
    Content {
        /// Where, as a path of keys.
        place: String,
        /// What is wrong.
        what: String,
    },
    /// A kind of node that is not evaluated here.
    #[error(
        "{place}: nodes of the type \"{kind}\" are not evaluated here, only binning, multibinning, category, formula, formularef and transform"
    )]
    Node {
        /// Where.
        place: String,
        /// The type of the node.
        kind: String,
    },
    /// There is no correction of that name.
    #[error("it has no correction \"{name}\", but {known}")]
    Unknown {
        /// The name that was asked for.
        name: String,
        /// Those that it has.
        known: String,
    },
}

impl FileError {
    pub(crate) fn content(place: &str, what: impl Into<String>) -> Self {
        Self::Content {
            place: place.to_owned(),
            what: what.into(),
        }
    }
}

/// Why a correction has no value for some inputs.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum EvaluateError {
    /// Too few or too many inputs.
    #[error("it takes {expected} inputs, not {found}")]
    Count {
        /// How many it takes.
        expected: usize,
        /// How many there were.
        found: usize,
    },
    /// An input has another type.
    #[error("input \"{name}\" is of the type {expected}")]
    Type {
        /// The input.
        name: String,
        /// Its type.
        expected: &'static str,
    },
    /// A value lies outside of the bins.
    #[error("{name} = {value} lies outside of the bins, and the correction has no value there")]
    Outside {
        /// The input.
        name: String,
        /// Its value.
        value: f64,
    },
    /// A category that is not there.
    #[error("{name} = {value} is none of the categories: {known}")]
    Category {
        /// The input.
        name: String,
        /// Its value.
        value: String,
        /// Those that there are.
        known: String,
    },
}
