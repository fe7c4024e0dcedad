//! The terms that a formula is made of.

/// A part of a formula.
#[derive(Debug, Clone)]
pub(super) enum Term {
    Number(f64),
    Variable(usize),
    Parameter(usize),
    One(fn(f64) -> f64, Box<Term>),
    Two(fn(f64, f64) -> f64, Box<Term>, Box<Term>),
}
