//! The upper limit of a probability that so many of so many trials leave (Clopper and Pearson,
//! Biometrika 26 (1934) 404): with it, as few successes or fewer have a chance of 5 %.

/// The chance that the limit leaves.
const LEFT: f64 = 0.05;
/// Steps of a bisection: more than doubles can tell apart.
const STEPS: u32 = 200;
/// Terms of a continued fraction, at most.
const TERMS: u32 = 200_000;

/// The upper limit, at 95 % confidence; none without a trial.
pub(super) fn upper_limit(successes: u64, trials: u64) -> Option<f64> {
    if trials == 0 {
        return None;
    }
    if successes >= trials {
        return Some(1.0);
    }
    let (some, others) = (successes as f64, (trials - successes) as f64);
    // As many successes or fewer have the chance I(1 - p; n - k, k + 1), which falls with p.
    let chance = |p: f64| regularised_beta(others, some + 1.0, 1.0 - p);
    let (mut low, mut high) = (some / trials as f64, 1.0);
    for _ in 0..STEPS {
        let middle = f64::midpoint(low, high);
        if middle <= low || middle >= high {
            break;
        }
        match chance(middle) > LEFT {
            true => low = middle,
            false => high = middle,
        }
    }
    Some(high)
}

/// The regularised incomplete beta function I(x; a, b).
fn regularised_beta(a: f64, b: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    let front = ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b) + a * x.ln() + b * (-x).ln_1p();
    match x < (a + 1.0) / (a + b + 2.0) {
        true => front.exp() * fraction(a, b, x) / a,
        false => 1.0 - front.exp() * fraction(b, a, 1.0 - x) / b,
    }
}

/// Its continued fraction (DLMF 8.17.22), by Lentz's method.
fn fraction(a: f64, b: f64, x: f64) -> f64 {
    let never_zero = |value: f64| if value.abs() < 1e-300 { 1e-300 } else { value };
    let mut c = 1.0;
    let mut d = 1.0 / never_zero(1.0 - (a + b) * x / (a + 1.0));
    let mut found = d;
    for term in 1..TERMS {
        let m = f64::from(term);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        let mut change = 1.0;
        for numerator in [even, odd] {
            d = 1.0 / never_zero(1.0 + numerator * d);
            c = never_zero(1.0 + numerator / c);
            change = c * d;
            found *= change;
        }
        if (change - 1.0).abs() < 1e-15 {
            break;
        }
    }
    found
}

/// The logarithm of the gamma function for arguments of at least 1, by Stirling's series.
fn ln_gamma(x: f64) -> f64 {
    let (mut x, mut product) = (x, 1.0);
    while x < 12.0 {
        product *= x;
        x += 1.0;
    }
    let over = 1.0 / x;
    let square = over * over;
    let series =
        over * (1.0 / 12.0 - square * (1.0 / 360.0 - square * (1.0 / 1260.0 - square / 1680.0)));
    (x - 0.5) * x.ln() - x + 0.5 * std::f64::consts::TAU.ln() + series - f64::ln(product)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_those_of_scipy() {
        // scipy.stats.beta.ppf(0.95, k + 1, n - k), scipy 1.16.
        let known = [
            (0, 1, 9.500000000e-01),
            (0, 10, 2.588655509e-01),
            (1, 10, 3.941633024e-01),
            (9, 10, 9.948838031e-01),
            (3, 1000, 7.735244718e-03),
            (500, 1000, 5.264822688e-01),
            (12, 4200, 4.625081378e-03),
            (0, 1000000, 2.995727786e-06),
            (40, 1000000, 5.206905489e-05),
            (999999, 1000000, 9.999999487e-01),
            (123456, 100000000, 1.240351516e-03),
        ];
        for (successes, trials, limit) in known {
            let found = upper_limit(successes, trials).unwrap();
            assert!(
                (found / limit - 1.0).abs() < 1e-7,
                "{successes} of {trials}: {found}, expected {limit}"
            );
        }
        assert_eq!((upper_limit(0, 0), upper_limit(7, 7)), (None, Some(1.0)));
    }
}
