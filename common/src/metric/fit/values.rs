//! The values of the fit variable one by one, for fits without bins: counted by their bits, so that
//! they merge whatever the order of shards.

use lumimill_fit::{FitRange, Values};

use crate::metric::tally::Tally;

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
        return Err(format!(
            "{entries} values are too many for a fit without bins, of at most {MOST}: leave out \
             `unbinned`, or take narrower categories"
        ));
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
}
