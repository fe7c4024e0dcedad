//! Operators on whole numbers, as C++ defines them for their type.
//!
//! What C++ leaves undefined is either wrapped around (overflow) or has no value, which
//! [`super::gap`] finds; such values are 0 here.

use crate::expression::int::Int;
use crate::expression::syntax::Binary;
use crate::expression::value::{Series, Values};

type Ints<'a> = Series<'a, i64>;

/// An operation on two columns of the type `int` (shifts: on a column of that type and any other).
pub(super) fn binary(operator: Binary, int: Int, a: &Ints<'_>, b: &Ints<'_>) -> Values<'static> {
    match operator {
        Binary::Equal => Values::Bool(a.zip(b, |a, b| a == b)),
        Binary::NotEqual => Values::Bool(a.zip(b, |a, b| a != b)),
        Binary::Less => less(int, a, b),
        Binary::Greater => less(int, b, a),
        Binary::LessEqual => not_less(int, b, a),
        Binary::GreaterEqual => not_less(int, a, b),
        Binary::BitAnd => Values::Int(int, a.zip(b, |a, b| a & b)),
        Binary::BitOr => Values::Int(int, a.zip(b, |a, b| a | b)),
        Binary::BitXor => Values::Int(int, a.zip(b, |a, b| a ^ b)),
        Binary::ShiftLeft => shift(int, a, b, i64::wrapping_shl),
        Binary::ShiftRight if int == Int::U64 => shift(int, a, b, |value, by| {
            value.cast_unsigned().wrapping_shr(by).cast_signed()
        }),
        Binary::ShiftRight => shift(int, a, b, i64::wrapping_shr),
        Binary::Subtract => wrapped(int, a, b, i64::wrapping_sub),
        Binary::Multiply => wrapped(int, a, b, i64::wrapping_mul),
        Binary::Divide if int == Int::U64 => unsigned(a, b, |a, b| a.checked_div(b)),
        Binary::Remainder if int == Int::U64 => unsigned(a, b, |a, b| a.checked_rem(b)),
        Binary::Divide => wrapped(int, a, b, |a, b| if b == 0 { 0 } else { a.wrapping_div(b) }),
        Binary::Remainder => wrapped(int, a, b, |a, b| if b == 0 { 0 } else { a.wrapping_rem(b) }),
        Binary::Add | Binary::Or | Binary::And => wrapped(int, a, b, i64::wrapping_add),
    }
}

/// The smaller or the larger of two columns of the type `int`.
pub(super) fn extreme(largest: bool, int: Int, a: &Ints<'_>, b: &Ints<'_>) -> Values<'static> {
    let values = match (largest, int) {
        (true, Int::U64) => a.zip(b, |a, b| {
            a.cast_unsigned().max(b.cast_unsigned()).cast_signed()
        }),
        (false, Int::U64) => a.zip(b, |a, b| {
            a.cast_unsigned().min(b.cast_unsigned()).cast_signed()
        }),
        (true, _) => a.zip(b, i64::max),
        (false, _) => a.zip(b, i64::min),
    };
    Values::Int(int, values)
}

fn less(int: Int, a: &Ints<'_>, b: &Ints<'_>) -> Values<'static> {
    Values::Bool(match int {
        Int::U64 => a.zip(b, |a, b| a.cast_unsigned() < b.cast_unsigned()),
        _ => a.zip(b, |a, b| a < b),
    })
}

fn not_less(int: Int, a: &Ints<'_>, b: &Ints<'_>) -> Values<'static> {
    Values::Bool(match int {
        Int::U64 => a.zip(b, |a, b| a.cast_unsigned() >= b.cast_unsigned()),
        _ => a.zip(b, |a, b| a >= b),
    })
}

fn wrapped(int: Int, a: &Ints<'_>, b: &Ints<'_>, f: impl Fn(i64, i64) -> i64) -> Values<'static> {
    Values::Int(int, a.zip(b, |a, b| int.wrap(f(a, b))))
}

fn unsigned(a: &Ints<'_>, b: &Ints<'_>, f: impl Fn(u64, u64) -> Option<u64>) -> Values<'static> {
    let apply = |a: i64, b: i64| f(a.cast_unsigned(), b.cast_unsigned()).unwrap_or(0);
    Values::Int(Int::U64, a.zip(b, |a, b| apply(a, b).cast_signed()))
}

fn shift(int: Int, a: &Ints<'_>, b: &Ints<'_>, f: impl Fn(i64, u32) -> i64) -> Values<'static> {
    let shifted = |value: i64, by: i64| match (0..int.bits()).contains(&by) {
        true => int.wrap(f(value, by as u32)),
        false => 0,
    };
    Values::Int(int, a.zip(b, shifted))
}
