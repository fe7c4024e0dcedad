//! The member of a list that has a number.

use super::column::Flat;
use crate::expression::error::EvaluateError;
use crate::expression::input::Inputs;
use crate::expression::plan::List;
use crate::expression::row_index::{Domain, Index};
use crate::expression::value::{Series, Values};

/// Per value of `numbers`, the place of the member of that number among the members of all
/// entries; of the members that `passes`, if given, holds for. None where there is no such member.
pub(super) fn places(
    numbers: &Series<'_, i64>,
    entries: &Index,
    flat: &Flat<'_>,
    passes: Option<&[bool]>,
) -> Vec<Option<usize>> {
    let place = |row: usize| {
        let number = usize::try_from(numbers.get(row)?).ok()?;
        let mut members = flat.members(entries.at(row)?);
        match passes {
            None => members.nth(number),
            Some(passes) => {
                let passes = |at: &usize| passes.get(*at).copied().unwrap_or(false);
                members.filter(passes).nth(number)
            }
        }
    };
    (0..entries.len()).map(place).collect()
}

/// Per member of the second list, the place of the member of its number among the members that the
/// first list has in all entries; none where there is no such member in the same entry.
pub(super) fn places_beside(
    numbers: &Series<'_, i64>,
    [list, beside]: &[List; 2],
    inputs: &Inputs<'_>,
) -> Result<Vec<Option<usize>>, EvaluateError> {
    let flat = inputs.flat(&list.collection, &list.column)?;
    let beside = inputs.flat(&beside.collection, &beside.column)?;
    let mut places = Vec::with_capacity(beside.range.len());
    for entry in 0..inputs.entries(Domain::Events).len() {
        let place = |member: usize| {
            let number = usize::try_from(numbers.get(member)?).ok()?;
            flat.members(entry).nth(number)
        };
        places.extend(beside.members(entry).map(place));
    }
    Ok(places)
}

/// The values at `places`; false, 0 or NaN where there is none.
pub(super) fn take(values: &Values<'_>, places: &[Option<usize>]) -> Values<'static> {
    match values {
        Values::Bool(values) => Values::Bool(of(values, places, false)),
        Values::Int(int, values) => Values::Int(*int, of(values, places, 0)),
        Values::Float(values) => Values::Float(of(values, places, f64::NAN)),
    }
}

fn of<T: Copy>(values: &Series<'_, T>, places: &[Option<usize>], missing: T) -> Series<'static, T> {
    let value = |place: &Option<usize>| place.and_then(|at| values.get(at)).unwrap_or(missing);
    Series::many(places.iter().map(value).collect())
}
