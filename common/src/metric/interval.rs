//! Shares of counts and of weights, and their intervals.

/// `part / whole` for a whole that is not zero.
pub(super) fn ratio(part: u64, whole: u64) -> f64 {
    part as f64 / whole as f64
}

/// The score interval of a binomial fraction at one standard deviation (68.27%), after
/// E. B. Wilson, J. Am. Stat. Assoc. 22 (1927) 209; `[0, 1]` when nothing was tried.
pub(super) fn wilson(passed: u64, tried: u64) -> [f64; 2] {
    if tried == 0 {
        return [0.0, 1.0];
    }
    wilson_of(ratio(passed, tried), tried as f64)
}

/// The same of a fraction of so many entries, which may be an effective number.
pub(super) fn wilson_of(p: f64, n: f64) -> [f64; 2] {
    if n.is_nan() || n <= 0.0 {
        return [0.0, 1.0];
    }
    let centre = (p + 0.5 / n) / (1.0 + 1.0 / n);
    let half = (p * (1.0 - p) / n + 0.25 / (n * n)).max(0.0).sqrt() / (1.0 + 1.0 / n);
    [(centre - half).max(0.0), (centre + half).min(1.0)]
}

/// The effective number of entries whose weights have this sum, and this sum of squares.
pub(super) fn effective(sum: f64, squares: f64) -> f64 {
    if squares > 0.0 {
        sum * sum / squares
    } else {
        0.0
    }
}
