//! Sums of a grid spread by normal kernels, one axis after the other.

use std::f64::consts::SQRT_2;

/// Standard deviations to which a kernel reaches.
const REACH: f64 = 4.0;
/// Factors of widths: neighbours differ by √2, and what lies between two is shared among them.
const LEVELS: [f64; 6] = [
    0.5,
    0.707_106_781_186_547_5,
    1.0,
    SQRT_2,
    2.0,
    2.828_427_124_746_190_3,
];

/// The share of a normal kernel of so many bins in bins that are 0, 1, … bins away; what would be
/// beyond its reach is added to none.
fn kernel(width: f64) -> Vec<f64> {
    let reach = (REACH * width).ceil() as usize;
    let below = |edge: f64| 0.5 * libm::erfc(-edge / (width * SQRT_2));
    let share = |bin: usize| {
        let bin = bin as f64;
        below(bin + 0.5) - below(bin - 0.5)
    };
    (0..=reach).map(share).collect()
}

/// Sums spread by kernels of these widths (in bins), the last axis fastest. What leaves the grid is
/// lost.
pub(crate) fn spread(sums: &[f64], shape: &[usize], widths: &[f64]) -> Vec<f64> {
    let mut from = sums.to_vec();
    let mut stride = sums.len();
    for (bins, width) in shape.iter().zip(widths) {
        stride /= bins;
        let kernel = kernel(*width);
        let mut to = vec![0.0; from.len()];
        for block in 0..from.len() / (stride * bins) {
            for offset in 0..stride {
                let first = block * stride * bins + offset;
                spread_line(&from, &mut to, (first, stride, *bins), &kernel);
            }
        }
        from = to;
    }
    from
}

/// One line of bins, each `stride` behind the one before.
fn spread_line(
    from: &[f64],
    to: &mut [f64],
    (first, stride, bins): (usize, usize, usize),
    kernel: &[f64],
) {
    for bin in 0..bins {
        let sum = from.get(first + bin * stride).copied().unwrap_or_default();
        if sum.abs() < f64::MIN_POSITIVE {
            continue;
        }
        for (away, share) in kernel.iter().enumerate() {
            let below = bin.checked_sub(away).filter(|_| away > 0);
            let above = Some(bin + away).filter(|above| *above < bins);
            for place in below.into_iter().chain(above) {
                if let Some(slot) = to.get_mut(first + place * stride) {
                    *slot += sum * share;
                }
            }
        }
    }
}

/// The same with kernels that are wider by a factor of each cell.
pub(crate) fn spread_by(
    sums: &[f64],
    shape: &[usize],
    widths: &[f64],
    factors: &[f64],
) -> Vec<f64> {
    let mut all = vec![0.0; sums.len()];
    for (level, factor) in LEVELS.iter().enumerate() {
        let shares = sums.iter().zip(factors);
        let part: Vec<f64> = shares.map(|(sum, of)| sum * share_of(level, *of)).collect();
        if part.iter().all(|sum| sum.abs() < f64::MIN_POSITIVE) {
            continue;
        }
        let widths: Vec<f64> = widths.iter().map(|width| width * factor).collect();
        let part = spread(&part, shape, &widths);
        all.iter_mut()
            .zip(part)
            .for_each(|(all, part)| *all += part);
    }
    all
}

/// The part of a cell with this factor that is spread by a level, in the logarithm of factors.
fn share_of(level: usize, factor: f64) -> f64 {
    // Levels are half powers of 2, the first of them 2^-1.
    let place = 2.0 * libm::log2(factor) + 2.0;
    let place = place.clamp(0.0, (LEVELS.len() - 1) as f64);
    (1.0 - (place - level as f64).abs()).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(of: &[f64]) -> f64 {
        of.iter().sum()
    }

    #[test]
    fn kernels_have_their_width_and_lose_nothing_inside() {
        let mut sums = vec![0.0; 101];
        sums[50] = 2.0;
        let spread = spread(&sums, &[101], &[3.0]);
        assert!((sum(&spread) - 2.0).abs() < 2e-4, "{}", sum(&spread));
        let square = |(bin, sum): (usize, &f64)| sum * (bin as f64 - 50.0).powi(2);
        let variance: f64 = spread.iter().enumerate().map(square).sum::<f64>() / 2.0;
        // A bin's own width adds a twelfth.
        assert!((variance - 9.0 - 1.0 / 12.0).abs() < 0.03, "{variance}");
    }

    #[test]
    fn axes_are_spread_one_by_one() {
        let mut sums = vec![0.0; 9 * 31];
        sums[4 * 31 + 15] = 1.0;
        let found = spread(&sums, &[9, 31], &[0.5, 2.0]);
        let line = spread(&[0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0], &[9], &[0.5]);
        let row: f64 = found[3 * 31..4 * 31].iter().sum();
        assert!((row - line[3]).abs() < 1e-3, "{row} {}", line[3]);
    }

    #[test]
    fn factors_between_two_levels_are_shared() {
        for factor in [0.3, 0.5, 0.6, 1.0, 1.2, 2.0, 5.0] {
            let shares: Vec<f64> = (0..LEVELS.len())
                .map(|level| share_of(level, factor))
                .collect();
            assert!((sum(&shares) - 1.0).abs() < 1e-12, "{factor} {shares:?}");
        }
        let mut sums = vec![0.0; 61];
        sums[30] = 1.0;
        let one = spread_by(&sums, &[61], &[2.0], &[1.0; 61]);
        assert_eq!(one, spread(&sums, &[61], &[2.0]));
        let wide = spread_by(&sums, &[61], &[2.0], &[2.0; 61]);
        assert!(wide[30] < 0.6 * one[30]);
    }
}
