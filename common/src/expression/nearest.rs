//! The name that was probably meant.

use crate::suggest;

/// Names longer than this are not compared: suggestions must stay cheap on hostile input.
const LONGEST: usize = 100;

/// `; nearest: name` for an error message, or nothing.
pub(super) fn hint<'a>(wanted: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    if wanted.len() > LONGEST {
        return String::new();
    }
    let near = names
        .into_iter()
        .filter(|name| name.len().abs_diff(wanted.len()) <= 4);
    suggest::nearest(wanted, near).map_or_else(String::new, |name| format!("; nearest: {name}"))
}
