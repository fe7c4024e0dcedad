//! What is known of operators by their names alone.

/// Operators that give as many values as their input's values say: what they give for a row depends on others.
const SIZED_BY_VALUES: [&str; 3] = ["NonZero", "Unique", "Compress"];

/// Whether what an operator gives for a row may depend on the values of others, whatever a trial shows.
pub(crate) fn is_sized_by_values(operator: &str) -> bool {
    SIZED_BY_VALUES.contains(&operator)
}
