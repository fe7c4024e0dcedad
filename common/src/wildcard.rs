//! Patterns of names: `*` is any letters, also none, and `?` one.

/// Whether a name is one of those that a pattern means.
#[must_use]
pub fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), name.chars().collect());
    let (mut at, mut of) = (0, 0);
    // The last `*`, and how far the letters go that it stands for.
    let mut star: Option<(usize, usize)> = None;
    while of < name.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, of));
                at += 1;
            }
            Some(letter) if *letter == '?' || *letter == name[of] => (at, of) = (at + 1, of + 1),
            _ => {
                let Some((place, taken)) = star else {
                    return false;
                };
                star = Some((place, taken + 1));
                (at, of) = (place + 1, taken + 1);
            }
        }
    }
    pattern.iter().skip(at).all(|letter| *letter == '*')
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_star_is_any_letters_and_a_question_mark_one() {
        for (pattern, name, expected) in [
            ("Hit_*", "Hit_x", true),
            ("Hit_*", "Hit_", true),
            ("Hit_*", "Hits_x", false),
            ("*", "", true),
            ("*_x", "a_x_x", true),
            ("*_x", "a_x_y", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("a*b*c", "a1b2b3c", true),
            ("a*b*c", "a1c2b", false),
            ("é?", "éa", true),
            ("", "a", false),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
        let (pattern, name) = ("*a".repeat(200), "a".repeat(5000) + "b");
        assert!(!matches(&pattern, &name), "and does not take for ever");
    }
}
