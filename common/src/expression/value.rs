//! Evaluated values: a column of them, or one for all rows.

use std::borrow::Cow;

use super::columnwise::{each, each_two};
use super::int::Int;

/// A value written in an expression.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Constant {
    /// `true` or `false`.
    Bool(bool),
    /// A number without point or exponent; see [`Int`] for how its value is kept.
    Int(Int, i64),
    /// Any other number.
    Float(f64),
}

/// One value for all rows, or one for each.
#[derive(Debug, Clone, PartialEq)]
pub enum Series<'a, T: Copy> {
    /// The same for every row.
    One(T),
    /// One per row, borrowed where Arrow's buffer has the right type already.
    Many(Cow<'a, [T]>),
}

impl<T: Copy> Series<'_, T> {
    /// Applies `f` to every value.
    pub(super) fn map<R: Copy + Default>(&self, f: impl Fn(T) -> R) -> Series<'static, R> {
        match self {
            Self::One(value) => Series::One(f(*value)),
            Self::Many(values) => Series::many(each(values, f)),
        }
    }

    /// Applies `f` to every pair of values; two columns have the same length.
    pub(super) fn zip<U: Copy, R: Copy + Default>(
        &self,
        other: &Series<'_, U>,
        f: impl Fn(T, U) -> R,
    ) -> Series<'static, R> {
        match (self, other) {
            (_, Series::One(right)) => self.map(|left| f(left, *right)),
            (Self::One(left), _) => other.map(|right| f(*left, right)),
            (Self::Many(left), Series::Many(right)) => Series::many(each_two(left, right, f)),
        }
    }

    /// All values, for `len` rows.
    pub fn into_vec(self, len: usize) -> Vec<T> {
        match self {
            Self::One(value) => vec![value; len],
            Self::Many(values) => values.into_owned(),
        }
    }

    /// The value of row `at`.
    pub fn get(&self, at: usize) -> Option<T> {
        match self {
            Self::One(value) => Some(*value),
            Self::Many(values) => values.get(at).copied(),
        }
    }
}

impl<T: Copy> Series<'static, T> {
    pub(super) fn many(values: Vec<T>) -> Self {
        Self::Many(Cow::Owned(values))
    }
}

/// The values of an expression.
#[derive(Debug, Clone, PartialEq)]
pub enum Values<'a> {
    /// Conditions.
    Bool(Series<'a, bool>),
    /// Whole numbers of a type; see [`Int`] for how their values are kept.
    Int(Int, Series<'a, i64>),
    /// Numbers.
    Float(Series<'a, f64>),
}

/// Values of the members of every entry, one after the other.
#[derive(Debug, Clone, PartialEq)]
pub struct Listed<'a> {
    /// The values.
    pub values: Values<'a>,
    /// Where those of each entry end.
    pub ends: Vec<usize>,
}

impl<'a> Values<'a> {
    pub(super) fn constant(constant: Constant) -> Self {
        match constant {
            Constant::Bool(value) => Self::Bool(Series::One(value)),
            Constant::Int(int, value) => Self::Int(int, Series::One(value)),
            Constant::Float(value) => Self::Float(Series::One(value)),
        }
    }

    /// As conditions; a number holds where it is not 0.
    pub fn into_bools(self) -> Series<'a, bool> {
        match self {
            Self::Bool(values) => values,
            Self::Int(_, values) => values.map(|value| value != 0),
            Self::Float(values) => values.map(|value| value != 0.0),
        }
    }

    /// As whole numbers of 64 bits: a condition is 0 or 1, a float is truncated.
    pub fn into_ints(self) -> Series<'a, i64> {
        match self {
            Self::Bool(values) => values.map(i64::from),
            Self::Int(_, values) => values,
            Self::Float(values) => values.map(|value| value as i64),
        }
    }

    /// As floats: a condition is 0 or 1.
    pub fn into_floats(self) -> Series<'a, f64> {
        match self {
            Self::Bool(values) => values.map(|value| f64::from(u8::from(value))),
            Self::Int(Int::U64, values) => values.map(|value| Int::U64.to_float(value)),
            Self::Int(_, values) => values.map(|value| value as f64),
            Self::Float(values) => values,
        }
    }
}
