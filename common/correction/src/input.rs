//! What a correction is given.

/// What an input of a correction is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InputKind {
    /// Text, which selects a category.
    Text,
    /// An integer.
    Int,
    /// A number.
    Real,
}

/// The name and kind of an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputVariable {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: InputKind,
}

/// A value for an input.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Input<'a> {
    /// Text.
    Text(&'a str),
    /// An integer, which a real input takes, too.
    Int(i64),
    /// A number.
    Real(f64),
}

/// The texts that an input may be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Categories {
    /// Those that are named, in the order of the file.
    pub texts: Vec<String>,
    /// Whether there is a value for others, too.
    pub are_open: bool,
}

impl InputKind {
    /// The word for it in a file.
    pub fn word(self) -> &'static str {
        match self {
            Self::Text => "string",
            Self::Int => "int",
            Self::Real => "real",
        }
    }
}

impl Input<'_> {
    /// The number that it is, NaN for text.
    pub(crate) fn number(self) -> f64 {
        match self {
            Self::Text(_) => f64::NAN,
            Self::Int(value) => value as f64,
            Self::Real(value) => value,
        }
    }
}
