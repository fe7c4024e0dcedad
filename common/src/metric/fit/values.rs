//! The values of the fit variable one by one, for fits without bins: counted by their bits, with those of
//! weights where rows have some, so that they merge whatever the order of shards.

use std::collections::BTreeMap;

use lumimill_fit::{FitRange, Values};
use serde::{Deserialize, Serialize};

use crate::metric::tally::Tally;

/// How often each value came with each weight.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<[u64; 3]>", into = "Vec<[u64; 3]>")]
pub(super) struct Pairs(BTreeMap<[u64; 2], u64>);

impl From<Vec<[u64; 3]>> for Pairs {
    fn from(lines: Vec<[u64; 3]>) -> Self {
        let lines = lines.into_iter();
        Self(
            lines
                .map(|[value, weight, count]| ([value, weight], count))
                .collect(),
        )
    }
}

impl From<Pairs> for Vec<[u64; 3]> {
    fn from(pairs: Pairs) -> Self {
        let pairs = pairs.0.into_iter();
        pairs
            .map(|([value, weight], count)| [value, weight, count])
            .collect()
    }
}

/// Values with weights of a category, at most: each takes a line of its own in what a shard counted.
const MOST_WEIGHTED: u64 = 1 << 18;

impl Pairs {
    /// Adds a value with its weight; too many are forgotten, which shows in how many there are.
    pub(super) fn add(&mut self, pair: [f64; 2]) {
        let count = self.0.entry(pair.map(key)).or_default();
        *count = count.saturating_add(1);
    }

    /// Adds those of another shard.
    pub(super) fn merge(&mut self, other: &Self) {
        for (pair, count) in &other.0 {
            let mine = self.0.entry(*pair).or_default();
            *mine = mine.saturating_add(*count);
        }
        self.forget();
    }

    /// Forgets too many.
    pub(super) fn forget(&mut self) {
        if self.total() > MOST_WEIGHTED {
            self.0.clear();
        }
    }

    fn total(&self) -> u64 {
        self.0.values().copied().fold(0, u64::saturating_add)
    }

    /// The values with their weights, ascending, if they are all of so many entries.
    pub(super) fn values(&self, range: FitRange, entries: u64) -> Result<Values, String> {
        if self.total() != entries {
            return Err(too_many(entries, MOST_WEIGHTED));
        }
        let mut values = Values::new(range);
        for (pair, count) in &self.0 {
            let [x, weight] = pair.map(value);
            for _ in 0..*count {
                values.push(x, weight);
            }
        }
        Ok(values)
    }
}

fn too_many(entries: u64, most: u64) -> String {
    format!(
        "{entries} values are too many for a fit without bins, of at most {most}: leave out `unbinned`, or \
         take narrower categories"
    )
}

/// Values of a category, at most: a fit without bins takes time for each.
pub(super) const MOST: u64 = 1 << 20;

/// No values.
pub(super) fn empty() -> Tally {
    Tally::sparse(u64::MAX)
}

/// A number that ascends as the value does.
pub(super) fn key(value: f64) -> u64 {
    let bits = value.to_bits();
    match bits >> 63 {
        0 => bits | 1 << 63,
        _ => !bits,
    }
}

fn value(key: u64) -> f64 {
    f64::from_bits(match key >> 63 {
        0 => !key,
        _ => key & !(1 << 63),
    })
}

/// Adds values; too many are forgotten, which shows in how many there are.
pub(super) fn add(tally: &mut Tally, keys: &mut [u64]) {
    tally.add_all(keys);
    forget(tally);
}

/// Adds those of another shard.
pub(super) fn merge(tally: &mut Tally, other: &Tally) {
    tally.merge(other);
    forget(tally);
}

fn forget(tally: &mut Tally) {
    if tally.total() > MOST {
        *tally = empty();
    }
}

/// The values, ascending, if they are all of so many entries.
pub(super) fn values(tally: &Tally, range: FitRange, entries: u64) -> Result<Values, String> {
    if tally.total() != entries {
        return Err(too_many(entries, MOST));
    }
    let mut values = Values::new(range);
    for (key, count) in tally.iter() {
        for _ in 0..count {
            values.push(value(key), 1.0);
        }
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_back_ascending_and_each_as_often_as_it_was_there() {
        let range = FitRange::new(-2.0, 2.0).unwrap();
        let given = [0.5, -1.25, 0.0, 1.0 / 3.0, -1.25, 2.0];
        let mut tally = empty();
        for value in given {
            add(&mut tally, &mut [key(value)]);
        }
        let found = values(&tally, range, 6).unwrap();
        assert_eq!(found.x(), [-1.25, -1.25, 0.0, 1.0 / 3.0, 0.5, 2.0]);
        let told = values(&tally, range, 7).unwrap_err();
        assert!(told.starts_with("7 values are too many"), "{told}");
    }

    #[test]
    fn weights_come_back_with_their_values_whatever_the_order() {
        let range = FitRange::new(-2.0, 2.0).unwrap();
        let given = [[0.5, -1.0], [-1.25, 0.3], [0.5, 2.0], [0.5, -1.0]];
        let of = |given: &[[f64; 2]]| {
            let mut pairs = Pairs::default();
            given.iter().for_each(|pair| pairs.add(*pair));
            pairs
        };
        let mut merged = of(&given[2..]);
        merged.merge(&of(&given[..2]));
        assert_eq!(merged, of(&given));
        let text = serde_json::to_string(&merged).unwrap();
        assert_eq!(serde_json::from_str::<Pairs>(&text).unwrap(), merged);
        let found = merged.values(range, 4).unwrap();
        assert_eq!(found.x(), [-1.25, 0.5, 0.5, 0.5]);
        let weights: Vec<f64> = (0..4).map(|row| found.weight(row)).collect();
        assert_eq!(weights, [0.3, -1.0, -1.0, 2.0]);
        assert!(merged.values(range, 5).is_err());
    }
}
