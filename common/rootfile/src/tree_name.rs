//! What a tree is asked for by: the directories, which may be patterns, its name, and the trees
//! that stand beside it.

/// `DF_*/O2rtdielectronall+O2rtdielectronml`: in each directory that matches, a tree and the trees
/// beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TreeName<'a> {
    /// The directories, `A/B`; nothing for the top of the file.
    pub(crate) directories: &'a str,
    /// The tree, and after it those beside it.
    leaves: &'a str,
}

impl<'a> TreeName<'a> {
    /// The parts of a name of several trees; `None` where it is of one tree.
    pub(crate) fn of_several(name: &'a str) -> Option<Self> {
        let (directories, leaves) = name.rsplit_once('/').unwrap_or(("", name));
        let several = directories.contains(['*', '?']) || leaves.contains('+');
        several.then_some(Self {
            directories,
            leaves,
        })
    }

    /// The names of the trees in a directory, the first of which says how many entries there are.
    pub(crate) fn leaves(&self) -> impl Iterator<Item = &'a str> {
        self.leaves.split('+')
    }

    /// The name of the tree without those beside it.
    pub(crate) fn first(&self) -> &'a str {
        self.leaves().next().unwrap_or_default()
    }

    /// The patterns of the directories, from the top.
    pub(crate) fn patterns(&self) -> impl Iterator<Item = &'a str> {
        self.directories.split('/').filter(|part| !part.is_empty())
    }
}

/// Whether a pattern, in which `*` is any text and `?` any character, is of a name.
pub(crate) fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), name.chars().collect());
    let (mut at, mut of) = (0, 0);
    // Where the last star is, and up to where its text goes.
    let mut star: Option<(usize, usize)> = None;
    while at < name.len() {
        match pattern.get(of) {
            Some('*') => {
                star = Some((of, at));
                of += 1;
            }
            Some(letter) if *letter == '?' || name.get(at) == Some(letter) => {
                at += 1;
                of += 1;
            }
            _ => match &mut star {
                Some((starred, until)) => {
                    *until += 1;
                    at = *until;
                    of = *starred + 1;
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(of).all(|letter| *letter == '*')
}

/// A name without its cycle, and the cycle.
pub(crate) fn split_cycle(name: &str) -> (&str, Option<u16>) {
    match name.rsplit_once(';') {
        Some((path, cycle)) => match cycle.parse() {
            Ok(cycle) => (path, Some(cycle)),
            Err(_) => (name, None),
        },
        None => (name, None),
    }
}

#[cfg(test)]
mod tests {
    use super::{TreeName, matches};

    #[test]
    fn a_name_of_several_trees_has_a_pattern_or_trees_beside_it() {
        assert_eq!(TreeName::of_several("DF_1/events"), None);
        assert_eq!(TreeName::of_several("odd*name"), None);
        let name = TreeName::of_several("A/DF_*/one+two").unwrap();
        assert_eq!(name.patterns().collect::<Vec<_>>(), ["A", "DF_*"]);
        assert_eq!(name.leaves().collect::<Vec<_>>(), ["one", "two"]);
        assert_eq!(name.first(), "one");
        assert!(
            TreeName::of_several("one+two")
                .unwrap()
                .patterns()
                .next()
                .is_none()
        );
    }

    #[test]
    fn stars_and_question_marks() {
        for (pattern, name, fits) in [
            ("DF_*", "DF_2259", true),
            ("DF_*", "parentFiles", false),
            ("*", "", true),
            ("a*b*c", "aXbYbZc", true),
            ("a*b*c", "aXbY", false),
            ("?F_?", "DF_1", true),
            ("?F_?", "DF_12", false),
            ("DF_1", "DF_1", true),
            ("DF_1", "DF_10", false),
        ] {
            assert_eq!(matches(pattern, name), fits, "{pattern} of {name}");
        }
    }
}
