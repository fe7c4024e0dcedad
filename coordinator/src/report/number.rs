//! Numbers as a person reads them, and as a program does.

/// An integer with its thousands apart: `1,234,567`.
pub(super) fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The shortest decimal that reads back as the same double.
pub(super) fn exact(value: f64) -> String {
    let size = value.abs();
    if size == 0.0 || (1e-5..1e16).contains(&size) {
        format!("{value}")
    } else {
        format!("{value:e}")
    }
}

/// The edge of a bin, for people: exact, with a minus that is as wide as a plus.
pub(super) fn edge(value: f64) -> String {
    exact(value).replace('-', "−")
}

/// A value with `digits` significant digits, without exponent where that is short.
pub(super) fn significant(value: f64, digits: usize) -> String {
    if !value.is_finite() {
        return value.to_string();
    }
    let size = value.abs();
    if size == 0.0 {
        return "0".to_owned();
    }
    let power = size.log10().floor();
    if !(-5.0..7.0).contains(&power) {
        return format!("{value:.*e}", digits.saturating_sub(1));
    }
    let decimals = (digits as f64 - 1.0 - power).max(0.0) as usize;
    format!("{value:.decimals$}")
}

/// A value to two significant digits of its error: `0.8541 ± 0.0012`.
pub(crate) fn with_error(value: f64, error: Option<f64>) -> String {
    match error.filter(|error| *error > 0.0 && error.is_finite() && value.is_finite()) {
        Some(error) if (1e-12..1e7).contains(&error) => with_errors(value, &[error]),
        Some(error) => format!("{} ± {}", significant(value, 4), significant(error, 2)),
        None => significant(value, 4),
    }
}

/// A value with all of its errors to two significant digits of the largest: `2.10 ± 0.15 ± 0.04`.
pub(super) fn with_errors(value: f64, errors: &[f64]) -> String {
    let largest = errors.iter().copied().fold(0.0, f64::max);
    if !((1e-12..1e7).contains(&largest) && value.is_finite()) {
        return significant(value, 4);
    }
    let decimals = (1.0 - largest.log10().floor()).max(0.0) as usize;
    let mut text = decimal(value, decimals);
    for error in errors {
        text += &format!(" ± {error:.decimals$}");
    }
    text
}

/// A value with so many decimals; what rounds to nothing has no sign.
fn decimal(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    let is_nothing = text.bytes().all(|byte| b"-0.".contains(&byte));
    match text.strip_prefix('-').filter(|_| is_nothing) {
        Some(zero) => zero.to_owned(),
        None => text,
    }
}

/// A count as it is, and a sum of weights with so many significant digits.
pub(super) fn amount(value: f64, digits: usize) -> String {
    /// Up to here a double holds every integer.
    const WHOLE: f64 = 9_007_199_254_740_992.0;
    match value.fract().abs() > 0.0 || !(0.0..WHOLE).contains(&value) {
        true => significant(value, digits),
        false => grouped(value as u64),
    }
}

/// A number between 0 and 1 with four decimals, and as many more as the rest to 1 has before its second
/// digit: `0.9432`, `0.999976`.
pub(super) fn share(value: f64) -> String {
    let rest = (1.0 - value).abs();
    let decimals = match rest > 0.0 && rest < 1e-3 {
        true => (1.0 - rest.log10().floor()).clamp(4.0, 12.0) as usize,
        false => 4,
    };
    decimal(value, decimals)
}

/// A fraction in per cent: `12.3%`, with more digits near 0 and 100, and none that are idle.
pub(super) fn percent(fraction: f64) -> String {
    let rest = fraction.abs().min((1.0 - fraction).abs());
    let decimals = match rest {
        rest if rest < 0.001 => 3,
        rest if rest < 0.01 => 2,
        _ => 1,
    };
    let text = format!("{:.decimals$}", 100.0 * fraction);
    format!("{}%", text.trim_end_matches('0').trim_end_matches('.'))
}

/// An upper limit to one digit: `6e-6`.
pub(super) fn limit(value: f64) -> String {
    if value.abs() > 0.0 && value.is_finite() {
        format!("{value:.0e}")
    } else {
        value.to_string()
    }
}

/// A count and its noun in the right number: `1 shard`, `2 shards`.
pub(super) fn counted(count: u64, noun: &str) -> String {
    format!(
        "{} {noun}{}",
        grouped(count),
        if count == 1 { "" } else { "s" }
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn for_people() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(45_235_604), "45,235,604");
        assert_eq!(with_error(0.854_123, Some(0.001_23)), "0.8541 ± 0.0012");
        assert_eq!(with_error(91.1876, Some(12.0)), "91 ± 12");
        assert_eq!(with_error(0.5, None), "0.5000");
        assert_eq!(significant(123_456.0, 3), "123456");
        assert_eq!(significant(1e-9, 2), "1.0e-9");
        assert_eq!(percent(0.123_456), "12.3%");
        assert_eq!(percent(1.0), "100%");
        assert_eq!(percent(0.5), "50%");
        assert_eq!(percent(0.9908), "99.08%");
        assert_eq!(limit(0.000_006_1), "6e-6");
        assert_eq!(with_errors(2.0987, &[0.15, 0.045]), "2.10 ± 0.15 ± 0.04");
        assert_eq!(with_error(-0.000_1, Some(0.077)), "0.000 ± 0.077");
        assert_eq!(amount(41_908.0, 7), "41,908");
        assert_eq!(amount(41_908.25, 7), "41908.25");
        assert_eq!(amount(-3.5, 3), "-3.50");
        assert_eq!(percent(0.000_12), "0.012%");
        assert_eq!(counted(1, "shard"), "1 shard");
        assert_eq!(counted(2000, "shard"), "2,000 shards");
    }

    #[test]
    fn an_area_of_0_99998_was_1() {
        assert_eq!(share(0.999_976_4), "0.999976");
        assert_eq!(share(0.943_21), "0.9432");
        assert_eq!((share(1.0), share(0.0)), ("1.0000".into(), "0.0000".into()));
    }

    #[test]
    fn for_programs() {
        assert_eq!(exact(0.1), "0.1");
        assert_eq!(exact(0.0), "0");
        assert_eq!(exact(1e-9), "1e-9");
    }
}
