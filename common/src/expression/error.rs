//! What is wrong with an expression, shown under its source line; and what can go wrong with data.

use std::fmt;
use std::ops::Range;

use crate::count::counted;

/// A mistake in an expression. Displays as the message, the line it is on, and a caret under it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpressionError(Box<Mistake>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Mistake {
    message: String,
    text: String,
    span: Range<usize>,
    /// The user's function whose body `text` is.
    function: Option<String>,
    /// The name that is not known, if that is what is wrong.
    unknown: Option<String>,
    /// The outermost call that led there.
    caller: Option<(String, Range<usize>)>,
}

impl ExpressionError {
    pub(super) fn new(message: impl Into<String>, text: &str, span: Range<usize>) -> Self {
        Self(Box::new(Mistake {
            message: message.into(),
            text: text.to_owned(),
            span,
            function: None,
            unknown: None,
            caller: None,
        }))
    }

    /// The same mistake, which is that a name is not known.
    pub(super) fn of_unknown(mut self, name: &str) -> Self {
        self.0.unknown = Some(name.to_owned());
        self
    }

    /// The name that is not known, if that is the mistake.
    pub(crate) fn unknown(&self) -> Option<&str> {
        self.0.unknown.as_deref()
    }

    /// The same mistake, known to be in the body of `function`.
    pub(super) fn in_function(mut self, function: &str) -> Self {
        self.0.function.get_or_insert_with(|| function.to_owned());
        self
    }

    /// The same mistake, reached by a call at `span` of `text`; an outer call replaces an inner one.
    pub(super) fn called_from(mut self, text: &str, span: Range<usize>) -> Self {
        self.0.caller = Some((text.to_owned(), span));
        self
    }

    /// What is wrong, in one line.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Where, as a byte range of the expression, or of the body of [`Self::function`].
    pub fn span(&self) -> Range<usize> {
        self.0.span.clone()
    }

    /// The user's function that the mistake is in, if it is in one.
    pub fn function(&self) -> Option<&str> {
        self.0.function.as_deref()
    }
}

impl fmt::Display for ExpressionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(function) = &self.0.function {
            write!(f, "in function \"{function}\": ")?;
        }
        write!(f, "{}", self.0.message)?;
        mark(f, &self.0.text, &self.0.span)?;
        if let Some((text, span)) = &self.0.caller {
            write!(f, "\ncalled here")?;
            mark(f, text, span)?;
        }
        Ok(())
    }
}

impl std::error::Error for ExpressionError {}

/// Writes the line of `text` in which `span` starts, and carets under `span`.
fn mark(f: &mut fmt::Formatter<'_>, text: &str, span: &Range<usize>) -> fmt::Result {
    let start = floor(text, span.start);
    let end = floor(text, span.end).max(start);
    let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let line_end = text[start..].find('\n').map_or(text.len(), |at| start + at);
    // A tab stays a tab under a tab, so that the caret stands where the mistake is.
    let indent: String = text[line_start..start]
        .chars()
        .map(|c| if c == '\t' { '\t' } else { ' ' })
        .collect();
    let width = text[start..end.min(line_end).max(start)]
        .chars()
        .count()
        .max(1);
    write!(
        f,
        "\n  {}\n  {indent}{}",
        &text[line_start..line_end],
        "^".repeat(width)
    )
}

/// The last character boundary of `text` that is not after `at`.
fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// What can go wrong when a checked expression meets a batch.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EvaluateError {
    /// The batch lacks a column of the schema that was checked.
    #[error("column \"{0}\" is not in the batch")]
    Missing(String),
    /// A column has another type than in the schema that was checked.
    #[error("column \"{column}\" has type {found}, expected {expected}")]
    Type {
        /// The column.
        column: String,
        /// Its type in the batch.
        found: String,
        /// What the schema promised.
        expected: &'static str,
    },
    /// A null where a value is needed.
    #[error(
        "column \"{0}\" has nulls, which expressions cannot use but among floating-point numbers, where \
         they are NaN: join with missing = \"drop\", or make it a column of type \"f64\" before"
    )]
    Null(String),
    /// What C++ leaves undefined, in an entry where it is asked for.
    #[error("{why}")]
    NoValue {
        /// What it is, and what to write instead.
        why: String,
        /// The first entry of the batch that has no value.
        entry: usize,
    },
    /// Two columns of one collection have different numbers of members.
    #[error(
        "column \"{first}\" has {a} and \"{second}\" has {b}: columns of one collection whose members \
         do not belong together; filter both alike when the file is made, or use one of them",
        a = counted(lengths[0], "value"),
        b = lengths[1]
    )]
    Lengths {
        /// The column read first.
        first: String,
        /// The column that differs from it.
        second: String,
        /// How many members each has.
        lengths: [usize; 2],
        /// The first entry of the batch where they differ.
        entry: usize,
    },
    /// A list column whose collection is counted otherwise by the column that counts it.
    #[error(
        "column \"{column}\" has {a} and \"{counter}\" says {b}: its members do not belong to what is \
         counted; filter both alike when the file is made, or leave \"{counter}\" out of it",
        a = counted(lengths[0], "value"),
        b = lengths[1]
    )]
    Counter {
        /// The list column.
        column: String,
        /// The column that counts.
        counter: String,
        /// How many members it has, and how many are counted.
        lengths: [i64; 2],
        /// The first entry of the batch where they differ.
        entry: usize,
    },
    /// An entry with more members than pairs of them can be looked at.
    #[error("{members} members are more than the {most} that cluster compares with one another")]
    Members {
        /// How many there are.
        members: usize,
        /// The most that are compared.
        most: usize,
        /// The entry of the batch.
        entry: usize,
    },
    /// A group number that is none.
    #[error(
        "column \"{column}\" has the group number {number}: groups are numbered from 0 to {most}, and \
         -1 is none"
    )]
    Group {
        /// The column that says which group a member is in.
        column: String,
        /// The number.
        number: i64,
        /// The largest that is taken.
        most: i64,
        /// The first entry of the batch that has it.
        entry: usize,
    },
    /// Rows refer to entries or members that are not there.
    #[error("row index {index} is out of range for {len} {what}")]
    Index {
        /// The offending index.
        index: usize,
        /// How many there are.
        len: usize,
        /// Of what.
        what: &'static str,
    },
}

impl EvaluateError {
    /// The same, where entries of the batch are others of another one.
    #[must_use]
    pub fn with_entries(mut self, of: impl Fn(usize) -> usize) -> Self {
        match &mut self {
            Self::Lengths { entry, .. }
            | Self::Group { entry, .. }
            | Self::Members { entry, .. }
            | Self::Counter { entry, .. }
            | Self::NoValue { entry, .. } => *entry = of(*entry),
            _ => {}
        }
        self
    }

    /// The entry of the batch that it is about, if it is about one.
    pub fn entry(&self) -> Option<usize> {
        match self {
            Self::Lengths { entry, .. }
            | Self::Group { entry, .. }
            | Self::Members { entry, .. }
            | Self::Counter { entry, .. }
            | Self::NoValue { entry, .. } => Some(*entry),
            _ => None,
        }
    }
}
