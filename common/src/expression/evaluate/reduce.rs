//! Between members and entries: reductions, and their opposite.

use super::column::Flat;
use crate::expression::builtin::Reduction;
use crate::expression::int::Int;
use crate::expression::row_index::Index;
use crate::expression::value::{Series, Values};

/// One value per entry, of one per member; of those members that `passes`, if given, holds for.
pub(super) fn reduce(
    reduction: Reduction,
    values: Values<'_>,
    flat: &Flat<'_>,
    passes: Option<&[bool]>,
) -> Values<'static> {
    reduced(reduction, values, &Members { flat, passes })
}

/// What puts members together: those of an entry, or of a group.
pub(super) trait Together {
    /// For each of what they are put together in, `f` of one member after the other; `empty` of none.
    fn fold<T: Copy, R: Copy>(
        &self,
        values: &Series<'_, T>,
        empty: R,
        f: impl Fn(R, T) -> R,
    ) -> Series<'static, R>;
}

/// One value for each of what members are put together in.
pub(super) fn reduced(
    reduction: Reduction,
    values: Values<'_>,
    members: &impl Together,
) -> Values<'static> {
    match (reduction, values) {
        (Reduction::Any, values) => {
            Values::Bool(members.fold(&values.into_bools(), false, |any, value| any | value))
        }
        (Reduction::All, values) => {
            Values::Bool(members.fold(&values.into_bools(), true, |all, value| all & value))
        }
        (Reduction::Count, Values::Bool(values)) => {
            let holding = |count: i64, holds| count + i64::from(holds);
            Values::Int(Int::I64, members.fold(&values, 0, holding))
        }
        (Reduction::Count, _) => Values::Int(Int::I64, count(members)),
        (Reduction::Size, _) => Values::Int(Int::U64, count(members)),
        (Reduction::Sum, Values::Float(values)) => {
            Values::Float(members.fold(&values, 0.0, |sum, value| sum + value))
        }
        (Reduction::Sum, values) => {
            let int = match &values {
                Values::Int(int, _) => *int,
                _ => Int::I32,
            };
            let sums = members.fold(&values.into_ints(), 0, i64::wrapping_add);
            Values::Int(int, sums.map(|sum| int.wrap(sum)))
        }
        (Reduction::Mean, values) => {
            let sums = members.fold(&values.into_floats(), 0.0, |sum, value| sum + value);
            Values::Float(sums.zip(&count(members), mean))
        }
        (Reduction::Max, values) => Values::Float(extreme(members, values, |a, b| a > b)),
        (Reduction::Min, values) => Values::Float(extreme(members, values, |a, b| a < b)),
    }
}

/// The mean of so many values; 0 of none.
fn mean(sum: f64, count: i64) -> f64 {
    if count == 0 { 0.0 } else { sum / count as f64 }
}

/// The better of two values; NaN where one is.
fn better_of(best: Option<f64>, value: f64, better: &impl Fn(f64, f64) -> bool) -> Option<f64> {
    match best {
        Some(best) if best.is_nan() || !(value.is_nan() || better(value, best)) => Some(best),
        _ => Some(value),
    }
}

/// The members of each entry.
struct Members<'m, 'b> {
    flat: &'m Flat<'b>,
    passes: Option<&'m [bool]>,
}

fn count(members: &impl Together) -> Series<'static, i64> {
    members.fold(&Series::One(1_i64), 0, |count, one| count + one)
}

fn extreme(
    members: &impl Together,
    values: Values<'_>,
    better: impl Fn(f64, f64) -> bool,
) -> Series<'static, f64> {
    let best = |best, value| better_of(best, value, &better);
    let best = members.fold(&values.into_floats(), None, best);
    best.map(|best| best.unwrap_or(f64::NAN))
}

impl Together for Members<'_, '_> {
    fn fold<T: Copy, R: Copy>(
        &self,
        values: &Series<'_, T>,
        empty: R,
        f: impl Fn(R, T) -> R,
    ) -> Series<'static, R> {
        let mut start = 0;
        let entries = self.flat.ends().map(|end| {
            let members = start..end;
            start = end;
            match (values, self.passes) {
                (Series::One(value), None) => members.fold(empty, |folded, _| f(folded, *value)),
                (Series::One(value), Some(passes)) => {
                    let passes = passes.get(members).unwrap_or_default().iter();
                    let chosen = passes.filter(|passes| **passes);
                    chosen.fold(empty, |folded, _| f(folded, *value))
                }
                (Series::Many(values), None) => {
                    let values = values.get(members).unwrap_or_default();
                    values.iter().fold(empty, |folded, value| f(folded, *value))
                }
                (Series::Many(values), Some(passes)) => {
                    let passes = passes.get(members.clone()).unwrap_or_default();
                    let values = values.get(members).unwrap_or_default().iter();
                    let chosen = values.zip(passes).filter(|(_, passes)| **passes);
                    chosen.fold(empty, |folded, (value, _)| f(folded, *value))
                }
            }
        });
        Series::many(entries.collect())
    }
}

/// The value of each entry, for each of its members.
pub(super) fn spread(values: &Values<'_>, flat: &Flat<'_>) -> Values<'static> {
    match values {
        Values::Bool(values) => Values::Bool(repeat(values, flat)),
        Values::Int(int, values) => Values::Int(*int, repeat(values, flat)),
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
        Values::Int(int, values) => Values::Int(int, take(&values, chosen)),
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
