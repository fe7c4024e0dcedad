//! Operators and functions of numbers, element by element.

use crate::expression::builtin::Math;
use crate::expression::scope::Kind;
use crate::expression::syntax::{Binary, Unary};
use crate::expression::value::{Series, Values};

pub(super) fn unary(operator: Unary, operand: Values<'_>) -> Values<'static> {
    match (operator, operand) {
        (Unary::Not, operand) => Values::Bool(operand.into_bools().map(|value| !value)),
        (Unary::Negate, Values::Float(values)) => Values::Float(values.map(|value| -value)),
        (Unary::Negate, operand) => Values::Int(operand.into_ints().map(i64::wrapping_neg)),
    }
}

pub(super) fn binary(operator: Binary, left: Values<'_>, right: Values<'_>) -> Values<'static> {
    if operator.is_logical() {
        let (left, right) = (left.into_bools(), right.into_bools());
        return Values::Bool(match operator {
            Binary::Or => left.zip(&right, |a, b| a | b),
            _ => left.zip(&right, |a, b| a & b),
        });
    }
    let is_float = |values: &Values<'_>| matches!(values, Values::Float(_));
    if is_float(&left) || is_float(&right) || operator == Binary::Divide {
        return of_floats(operator, &left.into_floats(), &right.into_floats());
    }
    of_ints(operator, &left.into_ints(), &right.into_ints())
}

#[expect(clippy::float_cmp, reason = "the user's == means exactly equal")]
fn of_floats(operator: Binary, a: &Series<'_, f64>, b: &Series<'_, f64>) -> Values<'static> {
    match operator {
        Binary::Equal => Values::Bool(a.zip(b, |a, b| a == b)),
        Binary::NotEqual => Values::Bool(a.zip(b, |a, b| a != b)),
        Binary::Less => Values::Bool(a.zip(b, |a, b| a < b)),
        Binary::LessEqual => Values::Bool(a.zip(b, |a, b| a <= b)),
        Binary::Greater => Values::Bool(a.zip(b, |a, b| a > b)),
        Binary::GreaterEqual => Values::Bool(a.zip(b, |a, b| a >= b)),
        Binary::Subtract => Values::Float(a.zip(b, |a, b| a - b)),
        Binary::Multiply => Values::Float(a.zip(b, |a, b| a * b)),
        Binary::Divide => Values::Float(a.zip(b, |a, b| a / b)),
        Binary::Remainder => Values::Float(a.zip(b, |a, b| a % b)),
        Binary::Add | Binary::Or | Binary::And => Values::Float(a.zip(b, |a, b| a + b)),
    }
}

fn of_ints(operator: Binary, a: &Series<'_, i64>, b: &Series<'_, i64>) -> Values<'static> {
    match operator {
        Binary::Equal => Values::Bool(a.zip(b, |a, b| a == b)),
        Binary::NotEqual => Values::Bool(a.zip(b, |a, b| a != b)),
        Binary::Less => Values::Bool(a.zip(b, |a, b| a < b)),
        Binary::LessEqual => Values::Bool(a.zip(b, |a, b| a <= b)),
        Binary::Greater => Values::Bool(a.zip(b, |a, b| a > b)),
        Binary::GreaterEqual => Values::Bool(a.zip(b, |a, b| a >= b)),
        Binary::Subtract => Values::Int(a.zip(b, i64::wrapping_sub)),
        Binary::Multiply => Values::Int(a.zip(b, i64::wrapping_mul)),
        Binary::Remainder => {
            Values::Int(a.zip(b, |a, b| if b == 0 { 0 } else { a.wrapping_rem(b) }))
        }
        Binary::Add | Binary::Divide | Binary::Or | Binary::And => {
            Values::Int(a.zip(b, i64::wrapping_add))
        }
    }
}

/// `condition ? yes : no`, as `kind`.
pub(super) fn choose<'v>(
    kind: Kind,
    condition: &Series<'_, bool>,
    yes: Values<'v>,
    no: Values<'v>,
) -> Values<'v> {
    if let Series::One(condition) = condition {
        let chosen = if *condition { yes } else { no };
        return match kind {
            Kind::Bool => Values::Bool(chosen.into_bools()),
            Kind::Int => Values::Int(chosen.into_ints()),
            Kind::Float | Kind::Vector => Values::Float(chosen.into_floats()),
        };
    }
    match kind {
        Kind::Bool => Values::Bool(pick(condition, &yes.into_bools(), &no.into_bools())),
        Kind::Int => Values::Int(pick(condition, &yes.into_ints(), &no.into_ints())),
        Kind::Float | Kind::Vector => {
            Values::Float(pick(condition, &yes.into_floats(), &no.into_floats()))
        }
    }
}

fn pick<T: Copy>(
    condition: &Series<'_, bool>,
    yes: &Series<'_, T>,
    no: &Series<'_, T>,
) -> Series<'static, T> {
    let yes = condition.zip(yes, |condition, yes| (condition, yes));
    yes.zip(no, |(condition, yes), no| if condition { yes } else { no })
}

pub(super) fn math(function: Math, arguments: Vec<Values<'_>>) -> Values<'static> {
    let is_float = arguments
        .iter()
        .any(|values| matches!(values, Values::Float(_)));
    let mut arguments = arguments.into_iter();
    // The checker counts arguments; a missing one would be NaN.
    let mut next = || {
        arguments
            .next()
            .unwrap_or(Values::Float(Series::One(f64::NAN)))
    };
    if !is_float && matches!(function, Math::Abs | Math::Min | Math::Max) {
        let first = next().into_ints();
        return Values::Int(match function {
            Math::Min => first.zip(&next().into_ints(), i64::min),
            Math::Max => first.zip(&next().into_ints(), i64::max),
            _ => first.map(i64::wrapping_abs),
        });
    }
    let first = next().into_floats();
    if function == Math::IsNan {
        return Values::Bool(first.map(f64::is_nan));
    }
    Values::Float(match function {
        Math::Pow => first.zip(&next().into_floats(), f64::powf),
        Math::Atan2 => first.zip(&next().into_floats(), f64::atan2),
        Math::Hypot => first.zip(&next().into_floats(), f64::hypot),
        Math::Min => first.zip(&next().into_floats(), |a, b| extreme(a, b, a < b)),
        Math::Max => first.zip(&next().into_floats(), |a, b| extreme(a, b, a > b)),
        _ => of_one(function, &first),
    })
}

/// `a` if it is better or NaN; else `b`, which then may be NaN.
fn extreme(a: f64, b: f64, better: bool) -> f64 {
    if better || a.is_nan() { a } else { b }
}

fn of_one(function: Math, values: &Series<'_, f64>) -> Series<'static, f64> {
    match function {
        Math::Abs => values.map(f64::abs),
        Math::Sqrt => values.map(f64::sqrt),
        Math::Exp => values.map(f64::exp),
        Math::Log => values.map(f64::ln),
        Math::Log10 => values.map(f64::log10),
        Math::Sin => values.map(f64::sin),
        Math::Cos => values.map(f64::cos),
        Math::Tan => values.map(f64::tan),
        Math::Asin => values.map(f64::asin),
        Math::Acos => values.map(f64::acos),
        Math::Atan => values.map(f64::atan),
        Math::Sinh => values.map(f64::sinh),
        Math::Cosh => values.map(f64::cosh),
        Math::Tanh => values.map(f64::tanh),
        Math::Floor => values.map(f64::floor),
        Math::Ceil => values.map(f64::ceil),
        Math::Round => values.map(f64::round),
        Math::Pow | Math::Atan2 | Math::Hypot | Math::Min | Math::Max | Math::IsNan => {
            values.map(|value| value)
        }
    }
}
