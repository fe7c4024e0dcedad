//! What specifications of metrics have in common: names, bins and ranges that cannot be wrong.

use crate::field_hash::FieldHash;

/// More bins than this are refused: a marker must stay small.
const MAX_BINS: u32 = 1 << 20;

pub(super) fn done<T>(errors: Vec<String>, value: T) -> Result<T, Vec<String>> {
    if errors.is_empty() {
        Ok(value)
    } else {
        Err(errors)
    }
}

pub(super) fn check_name(errors: &mut Vec<String>, key: &str, name: &str) {
    if name.trim().is_empty() {
        errors.push(format!("{key}: empty; name a column"));
    }
}

pub(super) fn check_over(errors: &mut Vec<String>, key: &str, over: Option<&String>) {
    if let Some(over) = over {
        let named = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if over.is_empty() || !over.chars().all(named) {
            errors.push(format!(
                "{key}.over: \"{over}\" is no name of a collection, such as \"Hit\" of Hit_x"
            ));
        }
    }
}

pub(super) fn check_names(errors: &mut Vec<String>, key: &str, names: &[String]) {
    for (position, name) in names.iter().enumerate() {
        check_name(errors, key, name);
        if names.iter().take(position).any(|earlier| earlier == name) {
            errors.push(format!("{key}: `{name}` is named twice"));
        }
    }
}

pub(super) fn check_axis(errors: &mut Vec<String>, key: &str, bins: u32, [low, high]: [f64; 2]) {
    if bins == 0 || bins > MAX_BINS {
        errors.push(format!(
            "{key}.bins: {bins} is not between 1 and {MAX_BINS}"
        ));
    }
    let width = (high - low) / f64::from(bins.max(1));
    let resolved = low + width > low && high - width < high;
    if !(low.is_finite() && high.is_finite() && (high - low).is_finite() && low < high && resolved)
    {
        errors.push(format!("{key}.range: [{low}, {high}] is not a finite range with low < high that {bins} bins can divide"));
    }
}

pub(super) fn add_axis(hash: &mut FieldHash, bins: u32, range: Option<[f64; 2]>) {
    hash.number("bins", bins.into());
    if let Some([low, high]) = range {
        hash.float("low", low).float("high", high);
    }
}
