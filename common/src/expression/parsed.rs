//! An expression whose syntax is right, before its names are looked at.

use std::collections::BTreeSet;

use super::error::ExpressionError;
use super::parse;
use super::syntax::{Form, Syntax};

/// A parsed expression: its syntax is right, its names and types are not yet checked.
#[derive(Debug, Clone)]
pub struct Expression {
    source: String,
    syntax: Syntax,
}

impl Expression {
    /// Parses `source`; at most 16 KiB long and 200 levels deep.
    pub fn parse(source: &str) -> Result<Self, ExpressionError> {
        let syntax = parse::expression(source)?;
        Ok(Self {
            source: source.to_owned(),
            syntax,
        })
    }

    /// The text that was parsed.
    pub fn source(&self) -> &str {
        &self.source
    }

    pub(super) fn syntax(&self) -> &Syntax {
        &self.syntax
    }

    /// The names in it that stand for values.
    pub fn names(&self) -> BTreeSet<String> {
        fn collect(of: &Syntax, names: &mut BTreeSet<String>) {
            if let Form::Name(name) = &of.form {
                names.insert(name.clone());
            }
            of.for_each(&mut |under| collect(under, names));
        }
        let mut names = BTreeSet::new();
        collect(&self.syntax, &mut names);
        names
    }

    /// The same of an edge: `x[i]` and `x[j]` become names, written like that, of what its two ends
    /// have.
    #[must_use]
    pub fn of_edges(mut self) -> Self {
        self.syntax.name_ends();
        self
    }
}
