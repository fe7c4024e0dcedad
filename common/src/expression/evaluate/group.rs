//! Groups of the members of an entry: who is in which, and one value per group.

use std::cmp::Ordering;

use super::column::Flat;
use super::reduce::{self, Together};
use crate::expression::builtin::{Numbering, Reduction};
use crate::expression::error::EvaluateError;
use crate::expression::int::Int;
use crate::expression::value::{Series, Values};

/// The largest group number: what no sensible entry reaches, and what bounds memory.
pub const MOST_GROUPS: i64 = 9_999;
/// Members of one entry that are compared with one another.
const MOST_COMPARED: usize = 1 << 15;
/// What has no number.
const NONE: i64 = -1;

/// The number of each member, by `values` of them.
pub(super) fn number(
    numbering: Numbering,
    values: Vec<Series<'_, f64>>,
    flat: &Flat<'_>,
) -> Result<Values<'static>, EvaluateError> {
    let members = flat.range.len();
    let values: Vec<Vec<f64>> = values.into_iter().map(|of| of.into_vec(members)).collect();
    let mut numbers = vec![NONE; members];
    let mut start = 0;
    for (entry, end) in flat.ends().enumerate() {
        let of_entry = start..end;
        start = end;
        let values = values.iter().filter_map(|of| of.get(of_entry.clone()));
        let values: Vec<&[f64]> = values.collect();
        let Some(numbers) = numbers.get_mut(of_entry) else {
            continue;
        };
        // A member with NaN is in no group, and has no rank.
        let known = |at: &usize| {
            let mut of_member = values.iter().filter_map(|of| of.get(*at));
            of_member.all(|value| !value.is_nan())
        };
        let known: Vec<usize> = (0..numbers.len()).filter(known).collect();
        match numbering {
            Numbering::Rank => rank(&values, known, numbers),
            Numbering::TimeGroup(gap) => time_groups(&values, known, gap, numbers),
            Numbering::Cluster(_) if known.len() > MOST_COMPARED => {
                return Err(EvaluateError::Members {
                    members: known.len(),
                    most: MOST_COMPARED,
                    entry,
                });
            }
            Numbering::Cluster(distance) => clusters(&values, known, distance, numbers),
        }
    }
    Ok(Values::Int(Int::I32, Series::many(numbers)))
}

/// Members by ascending value of the first kind; equal ones stay in order.
fn sorted(values: &[&[f64]], mut members: Vec<usize>) -> Vec<(usize, f64)> {
    let value = |at: usize| values.first().and_then(|of| of.get(at)).copied();
    // Without a NaN, the total order is that of numbers but for -0, which is added away.
    let value = |at: usize| value(at).unwrap_or(f64::NAN) + 0.0;
    members.sort_by(|a, b| value(*a).total_cmp(&value(*b)));
    members.into_iter().map(|at| (at, value(at))).collect()
}

fn rank(values: &[&[f64]], members: Vec<usize>, numbers: &mut [i64]) {
    for ((at, _), rank) in sorted(values, members).into_iter().zip(0..) {
        numbers[at] = rank;
    }
}

fn time_groups(values: &[&[f64]], members: Vec<usize>, gap: f64, numbers: &mut [i64]) {
    let (mut group, mut last) = (0, None);
    for (at, time) in sorted(values, members) {
        // Two infinities of one sign are no gap apart.
        if last.is_some_and(|last: f64| last < time && time - last > gap) {
            group += 1;
        }
        numbers[at] = group;
        last = Some(time);
    }
}

/// Groups are numbered in the order of their first members.
fn clusters(values: &[&[f64]], members: Vec<usize>, distance: f64, numbers: &mut [i64]) {
    let by_first = sorted(values, members.clone());
    let mut leaders: Vec<usize> = (0..numbers.len()).collect();
    for (place, (one, x)) in by_first.iter().enumerate() {
        let near = by_first.iter().skip(place + 1);
        // Two infinities of one sign are no distance apart, which their difference does not say.
        let is_near = |other: f64| (other - x).partial_cmp(&distance) != Some(Ordering::Greater);
        for (other, _) in near.take_while(|(_, other)| is_near(*other)) {
            if leader(&mut leaders, *one) != leader(&mut leaders, *other)
                && are_near(values, *one, *other, distance)
            {
                let (a, b) = (leader(&mut leaders, *one), leader(&mut leaders, *other));
                leaders[a.max(b)] = a.min(b);
            }
        }
    }
    let mut next = 0;
    for at in members {
        let leader = leader(&mut leaders, at);
        if numbers[leader] == NONE {
            numbers[leader] = next;
            next += 1;
        }
        numbers[at] = numbers[leader];
    }
}

fn are_near(values: &[&[f64]], one: usize, other: usize, distance: f64) -> bool {
    let square = |of: &&[f64]| match (of.get(one), of.get(other)) {
        // Two infinities of one sign are in one place.
        (Some(a), Some(b)) if (a - b).is_nan() => 0.0,
        (Some(a), Some(b)) => (a - b) * (a - b),
        _ => f64::NAN,
    };
    values.iter().map(square).sum::<f64>() <= distance * distance
}

fn leader(leaders: &mut [usize], mut at: usize) -> usize {
    while leaders[at] != at {
        leaders[at] = leaders[leaders[at]];
        at = leaders[at];
    }
    at
}

/// Members by their groups: of every entry, groups from 0 to the largest.
pub(super) struct Grouped {
    /// Of each member, its place among the groups of all entries.
    places: Vec<Option<usize>>,
    ends: Vec<usize>,
}

impl Grouped {
    pub(super) fn new(
        column: &str,
        groups: Series<'_, i64>,
        flat: &Flat<'_>,
    ) -> Result<Self, EvaluateError> {
        let groups = groups.into_vec(flat.range.len());
        let mut places = Vec::with_capacity(groups.len());
        let mut ends = Vec::new();
        let (mut start, mut first) = (0, 0);
        for (entry, end) in flat.ends().enumerate() {
            let of_entry = groups.get(start..end).unwrap_or_default();
            start = end;
            let mut count = 0;
            for group in of_entry {
                if !(NONE..=MOST_GROUPS).contains(group) {
                    return Err(EvaluateError::Group {
                        column: column.to_owned(),
                        number: *group,
                        most: MOST_GROUPS,
                        entry,
                    });
                }
                let place = usize::try_from(*group).ok();
                count = count.max(place.map_or(0, |place| place + 1));
                places.push(place.map(|place| first + place));
            }
            first += count;
            ends.push(first);
        }
        Ok(Self { places, ends })
    }

    /// Where the groups of each entry end.
    pub(super) fn ends(self) -> Vec<usize> {
        self.ends
    }

    fn count(&self) -> usize {
        self.ends.last().copied().unwrap_or(0)
    }

    /// One value per group.
    pub(super) fn reduce(&self, reduction: Reduction, values: Values<'_>) -> Values<'static> {
        reduce::reduced(reduction, values, self)
    }
}

impl Together for Grouped {
    fn fold<T: Copy, R: Copy>(
        &self,
        values: &Series<'_, T>,
        empty: R,
        f: impl Fn(R, T) -> R,
    ) -> Series<'static, R> {
        let mut folded = vec![empty; self.count()];
        for (member, place) in self.places.iter().enumerate() {
            if let (Some(place), Some(value)) = (place, values.get(member)) {
                folded[*place] = f(folded[*place], value);
            }
        }
        Series::many(folded)
    }
}
