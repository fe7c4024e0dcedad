//! The names of branches within others: short, or with dots, where no other branch has them.

use std::collections::HashMap;

use super::event_table::EventTable;

/// How many branches of a tree have each name.
pub(super) struct ShortNames<'a> {
    counts: HashMap<&'a str, usize>,
    dotted: HashMap<String, usize>,
}

impl<'a> ShortNames<'a> {
    pub(super) fn of(tree: &'a EventTable) -> Self {
        let columns = tree.columns();
        let names = || columns.iter().map(|column| column.name());
        let mut found = Self {
            counts: HashMap::new(),
            dotted: HashMap::new(),
        };
        for name in names() {
            *found.counts.entry(name).or_default() += 1;
            if let Some((_, own)) = name.rsplit_once('/') {
                *found.counts.entry(own).or_default() += 1;
                *found.dotted.entry(name.replace('/', ".")).or_default() += 1;
            }
        }
        found
    }

    /// All names of a branch, the whole one first.
    pub(super) fn of_branch(&self, name: &str) -> Vec<String> {
        let mut names = vec![name.to_owned()];
        let Some((_, own)) = name.rsplit_once('/') else {
            return names;
        };
        let dotted = name.replace('/', ".");
        if self.dotted.get(&dotted) == Some(&1) && !self.counts.contains_key(dotted.as_str()) {
            names.push(dotted);
        }
        if self.counts.get(own) == Some(&1) {
            names.push(own.to_owned());
        }
        names
    }
}
