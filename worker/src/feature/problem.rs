//! The mistakes of a stage, collected.

use lumimill_common::campaign::Problem;
use lumimill_common::expression::{Checked, Expression, Kind, Scope};

/// Mistakes found so far.
#[derive(Debug, Default)]
pub(crate) struct Problems(Vec<Problem>);

impl Problems {
    pub(crate) fn add(&mut self, path: String, message: impl Into<String>) {
        self.0.push(Problem {
            path,
            message: message.into(),
        });
    }

    /// Parses and checks an expression; a mistake is kept, and nothing returned.
    pub(crate) fn check(
        &mut self,
        path: String,
        text: &str,
        scope: &Scope,
        expected: Option<Kind>,
    ) -> Option<Checked> {
        let checked = Expression::parse(text).and_then(|parsed| parsed.check(scope, expected));
        checked
            .map_err(|error| self.add(path, error.to_string()))
            .ok()
    }

    /// Whether nothing is wrong.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them.
    pub(crate) fn into_inner(self) -> Vec<Problem> {
        self.0
    }
}
