//! Weights and values whose squares are numbers, which errors are made of.

use super::interval::ratio;

/// Weights beyond this, whose squares overflow, are left out like NaN.
pub(super) const LARGEST: f64 = 1e150;

/// Weights closer to 0 than this, whose squares underflow, are left out, too.
const SMALLEST: f64 = 1e-150;

/// Share of the rows left out that is warned of.
const MUCH_LEFT_OUT: f64 = 0.01;

/// Whether a weight counts: it is a number, and so is its square, which errors are made of.
pub(super) fn has_square(weight: f64) -> bool {
    let size = weight.abs();
    size <= 0.0 || (SMALLEST..=LARGEST).contains(&size)
}

/// What is said of rows that are left out for want of a value or a weight, where they are many.
pub(super) fn left_out(missing: u64, counted: u64) -> Option<String> {
    let all = missing.saturating_add(counted);
    (missing as f64 > MUCH_LEFT_OUT * all as f64).then(|| {
        format!(
            "{:.1} % of {all} rows are left out, with a value or weight that is null, NaN, beyond \
             {LARGEST:e} or closer to 0 than {SMALLEST:e}",
            100.0 * ratio(missing, all)
        )
    })
}
