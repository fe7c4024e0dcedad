//! Integrals without a closed form: Gauss–Legendre's rule of 16 nodes on pieces.

use crate::number::Number;

/// Positive nodes on [−1, 1] and their weights (Abramowitz and Stegun, table 25.4).
const NODES: [(f64, f64); 8] = [
    (0.095_012_509_837_637_44, 0.189_450_610_455_068_64),
    (0.281_603_550_779_258_9, 0.182_603_415_044_923_64),
    (0.458_016_777_657_227_37, 0.169_156_519_395_002_65),
    (0.617_876_244_402_643_8, 0.149_595_988_816_576_7),
    (0.755_404_408_355_003, 0.124_628_971_255_534_07),
    (0.865_631_202_387_831_8, 0.095_158_511_682_492_6),
    (0.944_575_023_073_232_6, 0.062_253_523_938_647_456),
    (0.989_400_934_991_649_9, 0.027_152_459_411_754_176),
];

/// ∫ f from `low` to `high`, both of which may depend on parameters, for a smooth `f`.
pub(crate) fn smooth<T: Number>(low: T, high: T, f: impl Fn(T) -> T) -> T {
    let middle = (low + high) * 0.5;
    let half = (high - low) * 0.5;
    let mut sum = T::constant(0.0);
    for (node, weight) in NODES {
        let offset = half * node;
        sum = sum + (f(middle - offset) + f(middle + offset)) * weight;
    }
    sum * half
}

/// The nodes and weights of one piece, in ascending order.
pub(crate) fn nodes(low: f64, high: f64) -> impl Iterator<Item = (f64, f64)> {
    let (middle, half) = (0.5 * (low + high), 0.5 * (high - low));
    let left = NODES.iter().rev().map(|(node, weight)| (-node, *weight));
    let right = NODES.iter().copied();
    left.chain(right)
        .map(move |(node, weight)| (middle + half * node, weight * half))
}

/// ∫ f from `low` to `high`, cut at those of the ascending `breaks` that lie between.
pub(crate) fn piecewise<T: Number>(low: f64, high: f64, breaks: &[f64], f: impl Fn(f64) -> T) -> T {
    let inside = breaks.iter().copied().filter(|x| low < *x && *x < high);
    let mut sum = T::constant(0.0);
    let mut from = low;
    for to in inside.chain([high]) {
        for (x, weight) in nodes(from, to) {
            sum = sum + f(x) * weight;
        }
        from = to;
    }
    sum
}

/// Where a peak of that place and width changes from one regime to the next, ascending.
pub(crate) fn around_peak(mean: f64, width: f64) -> Vec<f64> {
    const STEPS: [f64; 12] = [
        0.7, 1.5, 2.5, 3.5, 5.0, 7.5, 12.0, 20.0, 40.0, 100.0, 300.0, 1000.0,
    ];
    let left = STEPS.iter().rev().map(|step| mean - step * width);
    let right = STEPS.iter().map(|step| mean + step * width);
    left.chain([mean]).chain(right).collect()
}

#[cfg(test)]
mod tests {
    use super::{around_peak, piecewise, smooth};

    #[test]
    fn integrates_polynomials_and_peaks() {
        let cube = smooth(0.0, 2.0, |x: f64| x * x * x);
        assert!((cube - 4.0).abs() < 1e-13);
        let breaks = around_peak(0.3, 0.001);
        let peak = piecewise(0.0, 1.0, &breaks, |x: f64| {
            0.001 / ((x - 0.3).powi(2) + 1e-6)
        });
        let exact = (0.7_f64 / 0.001).atan() + (0.3_f64 / 0.001).atan();
        assert!((peak / exact - 1.0).abs() < 1e-10, "{peak} {exact}");
    }
}
