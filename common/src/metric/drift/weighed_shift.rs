//! How far a distribution of weights is from that of everything else.

use super::shift::{GROUPS, Shift, kolmogorov};
use crate::metric::interval::effective;
use crate::metric::weight_tally::WeightTally;

/// Compares `one` with what `all` holds besides it, as entries are compared: their numbers are the
/// effective ones, (Σw)² / Σw². `None` when the weights of either side do not sum to more than
/// nothing.
pub(super) fn between_weights(one: &WeightTally, all: &WeightTally) -> Option<Shift> {
    let (mine, total) = (one.total(), all.total());
    let (sum, rest) = (mine.sum(), total.sum() - mine.sum());
    if sum <= 0.0 || rest <= 0.0 {
        return None;
    }
    let n = effective(sum, mine.squares());
    let m = effective(rest, total.squares() - mine.squares());
    if n <= 0.0 || m <= 0.0 {
        return None;
    }
    let mut of_one = one.iter().peekable();
    let mut groups = [(0.0, 0.0, false); GROUPS];
    let (mut seen, mut seen_of_one, mut ks) = (0.0, 0.0, 0f64);
    for (bin, weighed) in all.iter() {
        let own = of_one.next_if(|cell| cell.0 == bin);
        let own = own.map_or(0.0, |cell| cell.1.sum());
        let others = weighed.sum() - own;
        // Sums that fall again stay in the group that they fall to.
        let group = (seen / total.sum() * GROUPS as f64).clamp(0.0, GROUPS as f64 - 1.0);
        if let Some((in_one, in_rest, filled)) = groups.get_mut(group as usize) {
            *in_one += own;
            *in_rest += others;
            *filled = true;
        }
        seen += weighed.sum();
        seen_of_one += own;
        ks = ks.max((seen_of_one / sum - (seen - seen_of_one) / rest).abs());
    }
    let filled: Vec<_> = groups.into_iter().filter(|group| group.2).collect();
    let size = filled.len() as f64;
    let psi = filled.iter().map(|(in_one, in_rest, _)| {
        // What sums to less than nothing is taken for nothing.
        let share = |part: f64, whole: f64, entries: f64| {
            let count = (part / whole * entries).max(0.0);
            (count + 0.5) / (entries + 0.5 * size)
        };
        let (p, q) = (share(*in_one, sum, n), share(*in_rest, rest, m));
        (p - q) * (p / q).ln()
    });
    Some(Shift {
        psi: psi.sum(),
        psi_expected: (size - 1.0) * (1.0 / n + 1.0 / m),
        ks,
        ks_p_value: kolmogorov(ks * (n * m / (n + m)).sqrt()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::tally::Tally;

    #[test]
    fn weights_of_one_are_counts() {
        let bins = |count: u64, step: u64| (0..count).map(move |entry| entry * entry * step % 61);
        let (mut one, mut all) = (Tally::sparse(64), Tally::sparse(64));
        let (mut weighed, mut weighed_all) = (WeightTally::new(64), WeightTally::new(64));
        one.add_all(&mut bins(100, 7).collect::<Vec<_>>());
        all.add_all(&mut bins(300, 3).collect::<Vec<_>>());
        all.merge(&one);
        weighed.add_all(bins(100, 7).map(|bin| (bin, 1.0)).collect());
        weighed_all.add_all(bins(300, 3).map(|bin| (bin, 1.0)).collect());
        weighed_all.merge(&weighed);
        let counted = Shift::between(&one, &all).unwrap();
        let found = between_weights(&weighed, &weighed_all).unwrap();
        for (found, counted) in [
            (found.psi, counted.psi),
            (found.psi_expected, counted.psi_expected),
            (found.ks, counted.ks),
            (found.ks_p_value, counted.ks_p_value),
        ] {
            assert!((found - counted).abs() < 1e-12, "{found} {counted}");
        }
        // Nothing is compared with what sums to nothing.
        weighed_all.add_all(vec![(3, -400.0)]);
        assert!(between_weights(&weighed, &weighed_all).is_none());
    }
}
