//! The existing name that is most like one that does not exist.

/// The name among `names` with the fewest edits to `wanted`, when that is few.
pub(crate) fn nearest_name<'a>(
    wanted: &str,
    names: impl Iterator<Item = &'a str>,
) -> Option<&'a str> {
    let wanted: Vec<char> = wanted
        .chars()
        .take(256)
        .flat_map(char::to_lowercase)
        .collect();
    let limit = wanted.len().div_ceil(2).max(1);
    names
        .map(|name| (edits(&wanted, name), name))
        .filter(|&(distance, _)| distance <= limit)
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, name)| name)
}

/// Levenshtein's distance, blind to case.
fn edits(wanted: &[char], name: &str) -> usize {
    let mut row: Vec<usize> = (0..=wanted.len()).collect();
    for (index, letter) in name.chars().flat_map(char::to_lowercase).enumerate() {
        let mut diagonal = index;
        let mut left = index + 1;
        if let Some(first) = row.first_mut() {
            *first = left;
        }
        for (cell, &other) in row.iter_mut().skip(1).zip(wanted) {
            let replaced = diagonal + usize::from(letter != other);
            diagonal = *cell;
            left = replaced.min(left + 1).min(diagonal + 1);
            *cell = left;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::nearest_name;

    #[test]
    fn finds_the_name_with_fewest_edits() {
        let names = ["nMuon", "Muon_pt", "Muon_eta", "run"];
        assert_eq!(nearest_name("muon_Pt", names.into_iter()), Some("Muon_pt"));
        assert_eq!(
            nearest_name("Muon_etaa", names.into_iter()),
            Some("Muon_eta")
        );
        assert_eq!(nearest_name("Zzzzzzzzzzzzz", names.into_iter()), None);
    }
}
