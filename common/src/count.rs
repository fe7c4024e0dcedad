//! How many of something there are, as a person says it: one file, two files.

/// A count with its noun, which is given for one.
#[must_use]
pub fn counted(count: impl TryInto<u64>, noun: &str) -> String {
    let count = count.try_into().unwrap_or(u64::MAX);
    match (count, noun.strip_suffix('y')) {
        (1, _) => format!("1 {noun}"),
        (_, Some(stem)) => format!("{count} {stem}ies"),
        (_, None) => format!("{count} {noun}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::counted;

    #[test]
    fn one_is_no_plural() {
        assert_eq!(counted(1u64, "table"), "1 table");
        assert_eq!(counted(0usize, "table"), "0 tables");
        assert_eq!(counted(2u32, "copy"), "2 copies");
    }
}
