//! Expressions over event columns, in the notation that ROOT users know.
//!
//! An expression is parsed ([`Expression::parse`]), checked against what is in scope
//! ([`Expression::check`], before any job runs), and evaluated over Arrow columns
//! ([`Checked::evaluate`]), a column at a time. This module knows nothing of files, stages or
//! campaigns: a [`Scope`] says which names exist, [`Inputs`] where their values are.
//!
//! # Meaning
//! * Types are bool, int (i64), float (f64) and vector (a four-momentum). A bool in arithmetic
//!   is 0 or 1; a number where a condition is wanted is an error.
//! * `/` always divides as floats, unlike in C++: `1 / 2` is 0.5. `%` is C++'s remainder (the
//!   sign of the left operand); of ints by zero it is 0. Int arithmetic wraps.
//! * Two ints compare exactly, an int and a float as floats. Comparisons with NaN are false,
//!   `!=` is true. `min` and `max` give NaN when any argument is NaN.
//! * `&&`, `||` and `?:` evaluate all their operands; nothing in the language can fail on a value.
//! * A list column (`Muon_pt`) has one value per member of its collection. Operators work member
//!   by member; `sum count any all max min` reduce it to one value per event. Of an empty
//!   collection: sum and count 0, any false, all true, max and min NaN. `count` of a condition
//!   counts where it holds, of numbers it counts members. `max` and `min` of a list are floats.
//! * Kinematics are in GeV and radians, from `pt`, `eta`, `phi`, `mass` members; Photon and
//!   FsrPhoton have no mass column and are massless.

mod builtin;
mod check;
mod error;
mod evaluate;
mod function;
mod input;
mod kinematics;
mod nearest;
mod parse;
mod plan;
mod scope;
mod syntax;
#[cfg(test)]
mod tests;
mod token;
mod value;
mod vector;

pub use error::{EvaluateError, ExpressionError};
pub use evaluate::column::{list_ends, list_values};
pub use function::Functions;
pub use input::{Index, Inputs, RowIndex};
pub use kinematics::{Polar, delta_phi, pair_mass};
pub use scope::{Kind, Scope};
pub use value::{Constant, Series, Values};

use std::collections::BTreeSet;

/// A parsed expression: its syntax is right, its names and types are not yet checked.
#[derive(Debug, Clone)]
pub struct Expression {
    source: String,
    syntax: syntax::Syntax,
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

    /// Checks names and types against `scope`: the result has one value per row, of the
    /// `expected` kind when one is given (a bool or an int will do for a float, a bool for an int).
    pub fn check(&self, scope: &Scope, expected: Option<Kind>) -> Result<Checked, ExpressionError> {
        let plan = check::check(&self.syntax, &self.source, scope, expected)?;
        let mut columns = BTreeSet::new();
        plan.collect_columns(&mut columns);
        Ok(Checked { plan, columns })
    }
}

/// An expression that fits a [`Scope`], ready to be evaluated on any batch of that schema.
#[derive(Debug, Clone)]
pub struct Checked {
    plan: plan::Plan,
    columns: BTreeSet<String>,
}

impl Checked {
    /// The kind of its values.
    pub fn kind(&self) -> Kind {
        self.plan.kind
    }

    /// The input columns that evaluating it reads; earlier results are not among them.
    pub fn columns(&self) -> &BTreeSet<String> {
        &self.columns
    }

    /// One value per row of `inputs`.
    pub fn evaluate<'a>(&self, inputs: &'a Inputs<'_>) -> Result<Values<'a>, EvaluateError> {
        evaluate::rows(&self.plan, inputs)
    }
}
