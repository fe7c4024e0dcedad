//! Between members and entries: reductions, and their opposite.

use super::column::Flat;
use crate::expression::builtin::Reduction;
use crate::expression::input::Index;
use crate::expression::value::{Series, Values};

/// One value per entry, of one per member.
pub(super) fn reduce(reduction: Reduction, values: Values<'_>, flat: &Flat<'_>) -> Values<'static> {
    match (reduction, values) {
        (Reduction::Any, values) => {
            Values::Bool(fold(&values.into_bools(), flat, false, |any, value| {
                any | value
            }))
        }
        (Reduction::All, values) => {
            Values::Bool(fold(&values.into_bools(), flat, true, |all, value| {
                all & value
            }))
        }
        (Reduction::Count, Values::Int(_) | Values::Float(_)) => {
            Values::Int(fold(&Series::One(1), flat, 0, |sum, one| sum + one))
        }
        (Reduction::Sum, Values::Float(values)) => {
            Values::Float(fold(&values, flat, 0.0, |sum, value| sum + value))
        }
        (Reduction::Sum | Reduction::Count, values) => {
            Values::Int(fold(&values.into_ints(), flat, 0, i64::wrapping_add))
        }
        (Reduction::Max, values) => Values::Float(extreme(&values, flat, |a, b| a > b)),
        (Reduction::Min, values) => Values::Float(extreme(&values, flat, |a, b| a < b)),
    }
}

fn extreme(
    values: &Values<'_>,
    flat: &Flat<'_>,
    better: impl Fn(f64, f64) -> bool,
) -> Series<'static, f64> {
    let values = values.clone().into_floats();
    let first = fold(&values, flat, None, |best: Option<f64>, value| match best {
        Some(best) if best.is_nan() || !(value.is_nan() || better(value, best)) => Some(best),
        _ => Some(value),
    });
    first.map(|best| best.unwrap_or(f64::NAN))
}

fn fold<T: Copy, R: Copy>(
    values: &Series<'_, T>,
    flat: &Flat<'_>,
    empty: R,
    f: impl Fn(R, T) -> R,
) -> Series<'static, R> {
    let mut start = 0;
    let entries = flat.ends().map(|end| {
        let members = start..end;
        start = end;
        match values {
            Series::One(value) => members.fold(empty, |folded, _| f(folded, *value)),
            Series::Many(values) => {
                let values = values.get(members).unwrap_or_default();
                values.iter().fold(empty, |folded, value| f(folded, *value))
            }
        }
    });
    Series::many(entries.collect())
}

/// The value of each entry, for each of its members.
pub(super) fn spread(values: &Values<'_>, flat: &Flat<'_>) -> Values<'static> {
    match values {
        Values::Bool(values) => Values::Bool(repeat(values, flat)),
        Values::Int(values) => Values::Int(repeat(values, flat)),
        Values::Float(values) => Values::Float(repeat(values, flat)),
    }
}

fn repeat<T: Copy>(values: &Series<'_, T>, flat: &Flat<'_>) -> Series<'static, T> {
    let values = match values {
        Series::One(value) => return Series::One(*value),
        Series::Many(values) => values,
    };
    let mut repeated = Vec::with_capacity(flat.range.len());
    for (value, end) in values.iter().zip(flat.ends()) {
        repeated.resize(end, *value);
    }
    Series::many(repeated)
}

/// The values that `index` picks.
pub(super) fn gather(values: Values<'static>, index: &Index) -> Values<'static> {
    let Index::Chosen(chosen) = index else {
        return values;
    };
    match values {
        Values::Bool(values) => Values::Bool(take(&values, chosen)),
        Values::Int(values) => Values::Int(take(&values, chosen)),
        Values::Float(values) => Values::Float(take(&values, chosen)),
    }
}

fn take<T: Copy>(values: &Series<'_, T>, chosen: &[u32]) -> Series<'static, T> {
    match values {
        Series::One(value) => Series::One(*value),
        Series::Many(values) => {
            Series::many(chosen.iter().map(|at| values[*at as usize]).collect())
        }
    }
}
