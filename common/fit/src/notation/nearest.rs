//! The known name that a mistyped one most likely means.

/// `; nearest: name`, or nothing when no name is near.
pub(crate) fn hint<'a>(wanted: &str, names: impl Iterator<Item = &'a str>) -> String {
    let letters: Vec<char> = wanted
        .chars()
        .take(64)
        .flat_map(char::to_lowercase)
        .collect();
    let limit = (letters.len() / 2).clamp(1, 5);
    names
        .map(|name| (edits(&letters, name), name))
        .filter(|(edits, _)| *edits <= limit)
        .min_by_key(|(edits, _)| *edits)
        .map_or_else(String::new, |(_, name)| format!("; nearest: {name}"))
}

/// Letters to add, drop or change.
fn edits(wanted: &[char], name: &str) -> usize {
    let mut row: Vec<usize> = (0..=wanted.len()).collect();
    for (above, letter) in name.chars().enumerate() {
        let mut next = vec![above + 1];
        for (at, other) in wanted.iter().enumerate() {
            let changed = row[at] + usize::from(letter != *other);
            next.push(changed.min(row[at + 1] + 1).min(next[at] + 1));
        }
        row = next;
    }
    row[wanted.len()]
}
