//! How far a distribution is from that of everything else.

use crate::metric::tally::Tally;
use serde::Serialize;

/// Groups of the population stability index: deciles of all values together.
pub(super) const GROUPS: usize = 10;

/// Differences between the values at one key and those at all other keys together.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Shift {
    /// Population stability index, Σ (p − q) ln(p / q) over the deciles of all values together,
    /// with half a count added to every decile; with weights, counts are shares of the effective
    /// number of entries.
    pub psi: f64,
    /// What `psi` is on average when nothing moved: (groups − 1)(1/n + 1/m); after B. Yurdakul,
    /// "Statistical properties of population stability index" (2018).
    pub psi_expected: f64,
    /// Kolmogorov-Smirnov distance: the largest difference of the two cumulative distributions
    /// at the edges of the shape's bins.
    pub ks: f64,
    /// Probability of a distance of at least `ks` when nothing moved, from the asymptotic
    /// distribution; too large rather than too small for values that repeat.
    pub ks_p_value: f64,
}

impl Shift {
    /// Compares `one` with what `all` holds besides it; `None` when either side is empty.
    pub(super) fn between(one: &Tally, all: &Tally) -> Option<Self> {
        let (n, total) = (one.total(), all.total());
        let m = total.checked_sub(n).filter(|rest| *rest > 0 && n > 0)?;
        let (n, m) = (n as f64, m as f64);
        let mut mine = one.iter().peekable();
        let mut groups = [(0u64, 0u64); GROUPS];
        let (mut seen, mut seen_mine) = (0u64, 0u64);
        let mut ks = 0f64;
        for (bin, count) in all.iter() {
            let own = mine.next_if(|cell| cell.0 == bin).map_or(0, |cell| cell.1);
            let group = u128::from(seen) * GROUPS as u128 / u128::from(total);
            if let Some((in_one, in_rest)) =
                groups.get_mut(usize::try_from(group).unwrap_or(GROUPS))
            {
                *in_one += own;
                *in_rest += count.saturating_sub(own);
            }
            seen = seen.saturating_add(count);
            seen_mine = seen_mine.saturating_add(own);
            ks = ks.max((seen_mine as f64 / n - seen.saturating_sub(seen_mine) as f64 / m).abs());
        }
        let filled: Vec<_> = groups
            .into_iter()
            .filter(|(one, rest)| one + rest > 0)
            .collect();
        let size = filled.len() as f64;
        let psi = filled.iter().map(|(one, rest)| {
            let p = (*one as f64 + 0.5) / (n + 0.5 * size);
            let q = (*rest as f64 + 0.5) / (m + 0.5 * size);
            (p - q) * (p / q).ln()
        });
        let psi_expected = (size - 1.0) * (1.0 / n + 1.0 / m);
        let ks_p_value = kolmogorov(ks * (n * m / (n + m)).sqrt());
        Some(Self {
            psi: psi.sum(),
            psi_expected,
            ks,
            ks_p_value,
        })
    }
}

/// The complementary distribution function of Kolmogorov's statistic,
/// 2 Σ (−1)^(k−1) exp(−2 k² x²).
pub(super) fn kolmogorov(x: f64) -> f64 {
    if x < 0.2 {
        return 1.0;
    }
    let terms = (1..=100).map(|k| {
        let k = f64::from(k);
        let sign = if k % 2.0 > 0.5 { 1.0 } else { -1.0 };
        sign * (-2.0 * k * k * x * x).exp()
    });
    (2.0 * terms.sum::<f64>()).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kolmogorov_as_tabulated() {
        // scipy.special.kolmogorov
        for (x, expected) in [
            (0.5, 0.9639452436648751),
            (1.0, 0.26999967167735456),
            (2.0, 0.0006709252557796953),
        ] {
            assert!((kolmogorov(x) - expected).abs() < 1e-12);
        }
        assert!((kolmogorov(0.1) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn alone_there_is_nothing_to_compare_with() {
        let mut one = Tally::sparse(8);
        one.add_all(&mut [1, 2, 3]);
        assert!(Shift::between(&one, &one).is_none());
        assert!(Shift::between(&Tally::sparse(8), &one).is_none());
    }

    #[test]
    fn the_same_twice_does_not_shift_and_the_disjoint_does() {
        let (mut one, mut other) = (Tally::sparse(80), Tally::sparse(80));
        one.add_all(&mut (0..40).collect::<Vec<u64>>());
        let mut both = one.clone();
        both.merge(&one);
        let same = Shift::between(&one, &both).unwrap();
        assert!(same.ks.abs() < 1e-15 && same.psi.abs() < 1e-15 && same.ks_p_value > 0.999);
        other.add_all(&mut (40..80).collect::<Vec<u64>>());
        other.merge(&one);
        let apart = Shift::between(&one, &other).unwrap();
        assert!((apart.ks - 1.0).abs() < 1e-15 && apart.psi > 2.0 && apart.ks_p_value < 1e-6);
        assert!((apart.psi_expected - 9.0 * (2.0 / 40.0)).abs() < 1e-12);
    }
}
