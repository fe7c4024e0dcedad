//! The name that a person most likely meant.

/// The candidate nearest to `word` by edit distance, if any is near enough to be meant.
pub fn nearest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (word.chars().count() / 3).clamp(1, 4);
    candidates
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Edits from one word to the other, case ignored: a character more, less or another, or two
/// neighbours in each other's place (Damerau's distance, of which no part is edited twice).
fn distance(a: &str, b: &str) -> usize {
    let letters = |word: &str| -> Vec<char> { word.chars().flat_map(char::to_lowercase).collect() };
    let (a, b) = (letters(a), letters(b));
    let mut above: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.iter().enumerate() {
        let mut next = vec![i + 1];
        for (j, to) in b.iter().enumerate() {
            let substituted = row[j] + usize::from(from != to);
            let mut least = substituted.min(row[j + 1] + 1).min(next[j] + 1);
            let is_swapped = i > 0 && j > 0 && a[i - 1] == *to && *from == b[j - 1];
            if is_swapped {
                least = least.min(above[j - 1] + 1);
            }
            next.push(least);
        }
        above = std::mem::replace(&mut row, next);
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn finds_the_slip_of_a_finger_and_nothing_far_away() {
        let known = ["Muon_pt", "Muon_eta", "MET_pt"];
        assert_eq!(nearest("Muon_ptt", known.into_iter()), Some("Muon_pt"));
        assert_eq!(nearest("muon_eta", known.into_iter()), Some("Muon_eta"));
        assert_eq!(nearest("kepe", ["keep", "zip"].into_iter()), Some("keep"));
        assert_eq!(nearest("Electron_phi", known.into_iter()), None);
    }
}
