//! Elementary functions for whole columns: without branches, tables or fused operations, so that
//! compilers do several values at once, and every processor gives the same bits.
//!
//! Arguments are reduced and polynomials chosen as in fdlibm (Sun Microsystems, 1993); the
//! coefficients of sin and cos are those of its kernels, of log those of `e_log.c`, of exp those of
//! `e_exp.c`. Errors are below 1.5 units of the last place.

use std::f64::consts::{FRAC_2_PI, LOG2_E};

use super::columnwise::columnwise;

/// Added and subtracted, it rounds to the nearest whole number, which stands in its last bits.
const ROUND: f64 = 6_755_399_441_055_744.0;

/// Angles up to here are reduced exactly enough.
const LARGEST_ANGLE: f64 = 1_048_576.0;

/// π/2 in three parts: 33 bits, 33 bits, and the rest.
const HALF_PI: [f64; 3] = [
    1.570_796_326_734_125_6,
    6.077_100_506_303_966e-11,
    2.022_266_248_795_950_6e-21,
];

/// ln 2 in two parts, the first of which has 32 bits.
const LN_2: [f64; 2] = [0.693_147_180_369_123_8, 1.908_214_929_270_587_7e-10];

/// Of sin x − x, the last first, in x².
const SIN: [f64; 6] = [
    1.589_690_995_211_55e-10,
    -2.505_076_025_340_686_3e-8,
    2.755_731_370_707_006_8e-6,
    -1.984_126_982_985_795e-4,
    8.333_333_333_322_49e-3,
    -1.666_666_666_666_663_2e-1,
];

/// Of cos x − 1 + x²/2, the last first, in x².
const COS: [f64; 6] = [
    -1.135_964_755_778_819_5e-11,
    2.087_572_321_298_175e-9,
    -2.755_731_435_139_066_3e-7,
    2.480_158_728_947_673e-5,
    -1.388_888_888_887_411e-3,
    4.166_666_666_666_66e-2,
];

/// Of log (1 + x), in s² with s = x / (2 + x), the last first.
const LOG: [f64; 7] = [
    1.479_819_860_511_658_6e-1,
    1.531_383_769_920_937_3e-1,
    1.818_357_216_161_805e-1,
    2.222_219_843_214_978_4e-1,
    2.857_142_874_366_239e-1,
    3.999_999_999_940_942e-1,
    6.666_666_666_666_735e-1,
];

/// Of x (eˣ + 1) / (eˣ − 1) − 2, in x², the last first.
const EXP: [f64; 5] = [
    4.138_136_797_057_238_5e-8,
    -1.653_390_220_546_525_2e-6,
    6.613_756_321_437_934e-5,
    -2.777_777_777_701_559_3e-3,
    1.666_666_666_666_66e-1,
];

/// Σ `terms` x^k, the last term first.
#[inline(always)]
fn polynomial<const N: usize>(terms: [f64; N], x: f64) -> f64 {
    let [first, rest @ ..] = terms.as_slice() else {
        return 0.0;
    };
    rest.iter().fold(*first, |sum, term| sum * x + term)
}

/// `a` where all bits of `mask` are set, `b` where none is.
#[inline(always)]
fn select(mask: u64, a: f64, b: f64) -> f64 {
    f64::from_bits((a.to_bits() & mask) | (b.to_bits() & !mask))
}

/// sin and cos of an angle in radians, of a size up to [`LARGEST_ANGLE`].
#[inline(always)]
fn sin_cos_reduced(angle: f64) -> (f64, f64) {
    let shifted = angle * FRAC_2_PI + ROUND;
    let (quarters, turns) = (shifted - ROUND, shifted.to_bits());
    let [first, second, third] = HALF_PI;
    let x = angle - quarters * first - quarters * second - quarters * third;
    let square = x * x;
    let sin = x + x * square * polynomial(SIN, square);
    let half = 0.5 * square;
    let cos = 1.0 - half;
    let cos = cos + (((1.0 - cos) - half) + square * square * polynomial(COS, square));
    let odd = 0_u64.wrapping_sub(turns & 1);
    let signed = |value: f64, turns: u64| f64::from_bits(value.to_bits() ^ ((turns & 2) << 62));
    (
        signed(select(odd, cos, sin), turns),
        signed(select(odd, sin, cos), turns.wrapping_add(1)),
    )
}

/// sin and cos of an angle in radians.
#[inline(always)]
pub(super) fn sin_cos(angle: f64) -> (f64, f64) {
    match angle.abs() <= LARGEST_ANGLE {
        true => sin_cos_reduced(angle),
        false => angle.sin_cos(),
    }
}

/// `pt` cos φ and `pt` sin φ of every row.
pub(super) fn transverse(pt: &[f64], phi: &[f64]) -> [Vec<f64>; 2] {
    columnwise! {
        fn of_small(pt, phi) -> [f64; 2] {
            let (sin, cos) = sin_cos_reduced(phi);
            [pt * cos, pt * sin]
        }
    }
    columnwise! {
        fn of_any(pt, phi) -> [f64; 2] {
            let (sin, cos) = sin_cos(phi);
            [pt * cos, pt * sin]
        }
    }
    match are_small(phi) {
        true => of_small(pt, phi),
        false => of_any(pt, phi),
    }
}

/// sin of half the difference of two angles, in radians.
pub(super) fn sines_of_half(a: &[f64], b: &[f64]) -> Vec<f64> {
    columnwise! {
        fn of_small(a, b) -> f64 {
            sin_cos_reduced(0.5 * (a - b)).0
        }
    }
    columnwise! {
        fn of_any(a, b) -> f64 {
            sin_cos(0.5 * (a - b)).0
        }
    }
    match are_small(a) && are_small(b) {
        true => of_small(a, b),
        false => of_any(a, b),
    }
}

fn are_small(angles: &[f64]) -> bool {
    let is_small = |angle: &f64| angle.abs() <= LARGEST_ANGLE;
    angles
        .iter()
        .fold(true, |small, angle| small & is_small(angle))
}

/// log (1 + x) for x ≥ 0; infinite where x is.
#[inline(always)]
pub(super) fn ln_1p(x: f64) -> f64 {
    /// √½, the least mantissa.
    const HALF_ROOT: u64 = 0x3fe6_a09e_667f_3bcd;
    let sum = 1.0 + x;
    // What was lost in the sum, which matters for small x only.
    let lost = (x - (sum - 1.0)) / sum;
    let above = sum.to_bits().wrapping_sub(HALF_ROOT);
    let exponent = f64::from((above >> 52) as i32);
    let mantissa = f64::from_bits((above & 0x000f_ffff_ffff_ffff).wrapping_add(HALF_ROOT));
    let f = mantissa - 1.0;
    let s = f / (2.0 + f);
    let square = s * s;
    let half = 0.5 * f * f;
    let rest = s * (half + square * polynomial(LOG, square));
    let [high, low] = LN_2;
    let log = exponent * high - ((half - (rest + (exponent * low + lost))) - f);
    if x < f64::INFINITY { log } else { x }
}

/// eˣ for −708 ≤ x ≤ 709; 0 or infinite beyond.
#[inline(always)]
pub(super) fn exp(x: f64) -> f64 {
    let bounded = x.clamp(-708.0, 709.0);
    let shifted = bounded * LOG2_E + ROUND;
    let (twos, bits) = (shifted - ROUND, shifted.to_bits());
    let [high, low] = LN_2;
    let (high, low) = (bounded - twos * high, twos * low);
    let rest = high - low;
    let square = rest * rest;
    let c = rest - square * polynomial(EXP, square);
    let exp = 1.0 - ((low - (rest * c) / (2.0 - c)) - high);
    // Two to a power, times a number between √½ and √2.
    let scaled = f64::from_bits(exp.to_bits().wrapping_add(bits << 52));
    let scaled = if x < -708.0 { 0.0 } else { scaled };
    if x <= 709.0 {
        scaled
    } else {
        x + f64::INFINITY
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values between −1 and 1, the same in every run.
    fn numbers() -> impl Iterator<Item = f64> {
        let mut state = 1_u64;
        std::iter::repeat_with(move || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
        })
        .take(20_000)
    }

    /// The difference in units of the last place of `expected`.
    fn ulps(found: f64, expected: f64) -> f64 {
        (found - expected).abs() / (expected.abs() * f64::EPSILON).max(f64::MIN_POSITIVE)
    }

    #[test]
    fn they_are_as_exact_as_those_of_the_library() {
        let mut worst = [0.0_f64; 4];
        for x in numbers() {
            for scale in [1e-9, 0.1, 3.2, 100.0, 1e6] {
                let (sin, cos) = sin_cos(x * scale);
                worst[0] = worst[0].max(ulps(sin, (x * scale).sin()));
                worst[1] = worst[1].max(ulps(cos, (x * scale).cos()));
            }
            for scale in [1e-300, 1e-17, 1e-8, 0.01, 1.0, 40.0, 1e9, 1e300] {
                let x = x.abs() * scale;
                worst[2] = worst[2].max(ulps(ln_1p(x), x.ln_1p()));
            }
            for scale in [1e-9, 0.3, 5.0, 700.0] {
                worst[3] = worst[3].max(ulps(exp(x * scale), (x * scale).exp()));
            }
        }
        assert!(worst.iter().all(|worst| *worst < 2.0), "{worst:?}");
    }

    #[test]
    fn angles_near_multiples_of_a_quarter_turn_keep_their_digits() {
        for quarters in [1.0, 2.0, 3.0, 1000.0, 600_000.0] {
            let angle = quarters * std::f64::consts::FRAC_PI_2;
            let (sin, cos) = sin_cos(angle);
            assert!(ulps(sin, angle.sin()) < 2.0 && ulps(cos, angle.cos()) < 2.0);
        }
    }

    #[test]
    fn what_is_no_number_or_too_large_stays_what_it_is() {
        assert!(sin_cos(f64::NAN).0.is_nan() && sin_cos(f64::INFINITY).1.is_nan());
        assert_eq!(sin_cos(1e22), 1e22_f64.sin_cos());
        assert!(ln_1p(f64::NAN).is_nan() && exp(f64::NAN).is_nan());
        assert_eq!((ln_1p(f64::INFINITY), ln_1p(0.0)), (f64::INFINITY, 0.0));
        assert_eq!((exp(710.0), exp(-800.0)), (f64::INFINITY, 0.0));
        assert_eq!((exp(0.0), sin_cos(0.0)), (1.0, (0.0, 1.0)));
    }

    #[test]
    fn columns_are_as_their_values() {
        let phi: Vec<f64> = numbers().map(|x| 4.0 * x).collect();
        let pt = vec![7.5; phi.len()];
        let mut wild = phi.clone();
        wild[17] = 1e9;
        for phi in [phi, wild] {
            let [px, py] = transverse(&pt, &phi);
            for at in 0..phi.len() {
                let (sin, cos) = sin_cos(phi[at]);
                assert_eq!((px[at], py[at]), (7.5 * cos, 7.5 * sin));
            }
            let none = vec![0.0; phi.len()];
            let alone = phi.iter().map(|phi| sin_cos(0.5 * phi).0);
            assert!(sines_of_half(&phi, &none).into_iter().eq(alone));
        }
    }
}
