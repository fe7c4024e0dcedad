//! Expressions over event columns, in the notation that ROOT users know.
//!
//! An expression is parsed ([`Expression::parse`]), checked against what is in scope
//! ([`Expression::check`], before any job runs), and evaluated over Arrow columns
//! ([`Checked::evaluate`]), a column at a time. This module knows nothing of files, stages or
//! campaigns: a [`Scope`] says which names exist, [`Inputs`] where their values are.
//!
//! # Meaning
//! * As in RDataFrame, that is as in C++, with what follows; `tests/expressions.toml` has the
//!   differences, and is held against ROOT.
//! * Whole numbers have C++'s types and operators ([`Int`]): 8 and 16 bits and conditions become
//!   `int`, `7 / 2` is 3, an unsigned difference is never negative. Overflow wraps around.
//! * Floats are computed in double precision.
//! * A number where a condition is wanted is an error, and so is a condition that depends on
//!   nothing. Comparisons with NaN are false, `!=` is true. `min` and `max` give NaN when any
//!   argument is NaN.
//! * A list column (`Muon_pt`) has one value per member of its collection. Operators work member
//!   by member; `sum mean count any all max min` and `.size()` reduce it to one value per event.
//!   Of an empty collection: sum, count and mean 0, any false, all true, max and min NaN (so that
//!   these two are floats). `list[condition]` is of the members for which the condition holds.
//! * What C++ leaves undefined (`list[number]` of a member that is not there, a whole number
//!   divided by zero, a shift by too many bits) is an error in the first event that asks for it;
//!   none is asked for on the other side of `&&`, `||` and `?:`.
//! * Kinematics are in GeV and radians, from `pt`, `eta`, `phi`, `mass` members; Photon and
//!   FsrPhoton have no mass column and are massless.

mod builtin;
mod cast;
mod check;
mod columnwise;
mod elementary;
mod error;
mod evaluate;
mod function;
mod input;
mod int;
mod kinematics;
mod momentum_columns;
mod nearest;
mod number;
mod parse;
mod parsed;
mod plan;
mod row_index;
mod scope;
mod syntax;
#[cfg(test)]
mod tests;
mod token;
mod value;
mod vector;

pub use error::{EvaluateError, ExpressionError};
pub use evaluate::MOST_GROUPS;
pub use evaluate::column::{list_ends, list_values, same_count, same_lengths};
pub use function::Functions;
pub use input::Inputs;
pub use int::Int;
pub use kinematics::Polar;
pub use parsed::Expression;
pub use row_index::{Index, RowIndex};
pub use scope::{Kind, Scope, collection_of, collection_of_groups};
pub use value::{Constant, Listed, Series, Values};

use std::collections::BTreeSet;

impl Expression {
    /// Checks names and types against `scope`: the result has one value per row, of the
    /// `expected` kind when one is given (a bool or an int will do for a float, a bool for an int).
    pub fn check(&self, scope: &Scope, expected: Option<Kind>) -> Result<Checked, ExpressionError> {
        let plan = check::check(self.syntax(), self.source(), scope, expected)?;
        let mut columns = BTreeSet::new();
        plan.collect_columns(&mut columns);
        Ok(Checked { plan, columns })
    }

    /// The same, with every name that is not known. What else is wrong is found once these are.
    pub fn check_names(
        &self,
        scope: &Scope,
        expected: Option<Kind>,
    ) -> Result<Checked, Vec<ExpressionError>> {
        /// Names of one expression.
        const MOST: usize = 50;
        let mut errors: Vec<ExpressionError> = Vec::new();
        let mut known = scope.clone();
        loop {
            match self.check(&known, expected) {
                Ok(checked) if errors.is_empty() => return Ok(checked),
                // What is wrong now may be so only because of what the names were taken for.
                Ok(_) => return Err(errors),
                Err(error) => {
                    let unknown = error.unknown().map(str::to_owned);
                    if errors.is_empty() || unknown.is_some() {
                        errors.push(error);
                    }
                    match unknown.filter(|_| errors.len() < MOST) {
                        Some(name) => known.define(&name, Kind::Float),
                        None => return Err(errors),
                    }
                }
            }
        }
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

    /// Whether rows may have no value (a member that is not there, a division by zero), so that
    /// it must be evaluated only on rows that are wanted.
    pub fn is_partial(&self) -> bool {
        self.plan.is_partial
    }

    /// The collection whose members it has a value for each, where the scope lets it.
    pub fn collection(&self) -> Option<&str> {
        match &self.plan.shape {
            plan::Shape::List(list) => Some(&list.collection),
            _ => None,
        }
    }

    /// Whether its rows must be all entries of the batch: it gives members of them what an earlier
    /// result says of the entry, or has a value per member.
    pub fn asks_for_entries(&self) -> bool {
        self.collection().is_some() || self.plan.spreads_results()
    }

    /// One value per member of every entry of the batch, where it has a [`Self::collection`].
    pub fn evaluate_lists<'a>(&self, inputs: &'a Inputs<'_>) -> Result<Listed<'a>, EvaluateError> {
        evaluate::lists(&self.plan, inputs)
    }

    /// One value per row of `inputs`; an error for a row that has none.
    pub fn evaluate<'a>(&self, inputs: &'a Inputs<'_>) -> Result<Values<'a>, EvaluateError> {
        evaluate::rows(&self.plan, inputs)
    }
}
