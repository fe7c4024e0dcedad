//! Operators and functions of numbers, element by element.

use super::integer;
use crate::expression::builtin::Math;
use crate::expression::int::Int;
use crate::expression::scope::Kind;
use crate::expression::syntax::{Binary, Unary};
use crate::expression::value::{Series, Values};

pub(super) fn unary(operator: Unary, operand: Values<'_>) -> Values<'static> {
    let int = int_of(&operand);
    match (operator, operand) {
        (Unary::Not, operand) => Values::Bool(operand.into_bools().map(|value| !value)),
        (Unary::Negate, Values::Float(values)) => Values::Float(values.map(|value| -value)),
        (Unary::Negate, operand) => {
            let negate = |value: i64| int.wrap(value.wrapping_neg());
            Values::Int(int, operand.into_ints().map(negate))
        }
        (Unary::Complement, operand) => {
            Values::Int(int, operand.into_ints().map(|value| int.wrap(!value)))
        }
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
    if is_float(&left) || is_float(&right) {
        return of_floats(operator, &left.into_floats(), &right.into_floats());
    }
    let are_bools = matches!((&left, &right), (Values::Bool(_), Values::Bool(_)));
    let int = match operator.is_shift() {
        true => int_of(&left),
        false => int_of(&left).common(int_of(&right)),
    };
    let (left, right) = match operator.is_shift() {
        true => (left.into_ints(), right.into_ints()),
        false => (converted(left, int), converted(right, int)),
    };
    match integer::binary(operator, int, &left, &right) {
        bits if are_bools && operator.is_bitwise() && !operator.is_shift() => {
            Values::Bool(bits.into_bools())
        }
        values => values,
    }
}

/// The type of values that are no floats, once promoted.
fn int_of(values: &Values<'_>) -> Int {
    match values {
        Values::Int(int, _) => *int,
        _ => Int::I32,
    }
}

/// Values that are no floats, as `int`.
fn converted(values: Values<'_>, int: Int) -> Series<'_, i64> {
    let is_changed = int == Int::U32 && int_of(&values) == Int::I32;
    let values = values.into_ints();
    match is_changed {
        true => values.map(|value| int.wrap(value)),
        // Wider types have the same value, or (as unsigned) the same bits.
        false => values,
    }
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
        // The checker lets nothing else come here.
        _ => Values::Float(a.zip(b, |a, b| a + b)),
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
            Kind::Int(int) => Values::Int(int, converted(chosen, int)),
            Kind::Float | Kind::Vector => Values::Float(chosen.into_floats()),
        };
    }
    match kind {
        Kind::Bool => Values::Bool(pick(condition, &yes.into_bools(), &no.into_bools())),
        Kind::Int(int) => {
            let (yes, no) = (converted(yes, int), converted(no, int));
            Values::Int(int, pick(condition, &yes, &no))
        }
        Kind::Float | Kind::Vector => {
            Values::Float(pick(condition, &yes.into_floats(), &no.into_floats()))
        }
    }
}

fn pick<T: Copy + Default>(
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
    if function == Math::Int {
        return Values::Int(Int::I32, truncated(next()));
    }
    if !is_float && matches!(function, Math::Abs | Math::Min | Math::Max) {
        let first = next();
        let int = int_of(&first);
        return match function {
            Math::Abs if int == Int::U64 => first_as(int, first),
            Math::Abs => {
                let abs = |value: i64| int.wrap(value.wrapping_abs());
                Values::Int(int, first.into_ints().map(abs))
            }
            _ => {
                let second = next();
                let int = int.common(int_of(&second));
                let (first, second) = (converted(first, int), converted(second, int));
                integer::extreme(function == Math::Max, int, &first, &second)
            }
        };
    }
    let first = next().into_floats();
    match function {
        Math::IsNan => return Values::Bool(first.map(f64::is_nan)),
        Math::IsInf => return Values::Bool(first.map(f64::is_infinite)),
        Math::IsFinite => return Values::Bool(first.map(f64::is_finite)),
        _ => {}
    }
    Values::Float(match function {
        Math::Pow => first.zip(&next().into_floats(), f64::powf),
        Math::Fmod => first.zip(&next().into_floats(), |a, b| a % b),
        Math::Atan2 => first.zip(&next().into_floats(), f64::atan2),
        Math::Hypot => first.zip(&next().into_floats(), f64::hypot),
        Math::Min => first.zip(&next().into_floats(), |a, b| extreme(a, b, a < b)),
        Math::Max => first.zip(&next().into_floats(), |a, b| extreme(a, b, a > b)),
        _ => of_one(function, &first),
    })
}

/// Values as an `int`: floats without what follows the point, and 0 where that does not fit.
fn truncated(values: Values<'_>) -> Series<'static, i64> {
    match values {
        Values::Float(values) => values.map(|value| match fits_int(value) {
            true => value as i64,
            false => 0,
        }),
        values => values.into_ints().map(|value| Int::I32.wrap(value)),
    }
}

/// Whether a float without what follows its point is an `int`.
pub(super) fn fits_int(value: f64) -> bool {
    (f64::from(i32::MIN)..=f64::from(i32::MAX)).contains(&value.trunc())
}

fn first_as(int: Int, values: Values<'_>) -> Values<'static> {
    Values::Int(int, values.into_ints().map(|value| value))
}

/// `a` if it is better or NaN; else `b`, which then may be NaN.
fn extreme(a: f64, b: f64, better: bool) -> f64 {
    if better || a.is_nan() { a } else { b }
}

fn of_one(function: Math, values: &Series<'_, f64>) -> Series<'static, f64> {
    match function {
        Math::Abs | Math::Fabs => values.map(f64::abs),
        Math::Sqrt => values.map(f64::sqrt),
        Math::Exp => values.map(f64::exp),
        Math::Log => values.map(f64::ln),
        Math::Log10 => values.map(f64::log10),
        Math::Log2 => values.map(f64::log2),
        Math::Log1p => values.map(f64::ln_1p),
        Math::Expm1 => values.map(f64::exp_m1),
        Math::Cbrt => values.map(f64::cbrt),
        Math::Sin => values.map(f64::sin),
        Math::Cos => values.map(f64::cos),
        Math::Tan => values.map(f64::tan),
        Math::Asin => values.map(f64::asin),
        Math::Acos => values.map(f64::acos),
        Math::Atan => values.map(f64::atan),
        Math::Sinh => values.map(f64::sinh),
        Math::Cosh => values.map(f64::cosh),
        Math::Tanh => values.map(f64::tanh),
        Math::Asinh => values.map(f64::asinh),
        Math::Acosh => values.map(f64::acosh),
        Math::Atanh => values.map(f64::atanh),
        Math::Floor => values.map(f64::floor),
        Math::Ceil => values.map(f64::ceil),
        Math::Round => values.map(f64::round),
        Math::Trunc => values.map(f64::trunc),
        Math::Single => values.map(|value| f64::from(value as f32)),
        // The others are not of one float.
        _ => values.map(|value| value),
    }
}
