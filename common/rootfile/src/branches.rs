//! The branches of a tree, found by their names.

use std::collections::HashMap;
use std::sync::Arc;

use crate::branch::Branch;

/// Branches, each followed by its sub-branches.
#[derive(Debug)]
pub(crate) struct Branches {
    list: Vec<Branch>,
    by_name: HashMap<Arc<str>, usize>,
    /// Those that are in others.
    nested: Vec<usize>,
}

impl Branches {
    pub(crate) fn new(list: Vec<Branch>) -> Self {
        let mut by_name = HashMap::with_capacity(list.len());
        for (index, branch) in list.iter().enumerate() {
            by_name.entry(Arc::clone(&branch.name)).or_insert(index);
        }
        let nested = list.iter().enumerate();
        let nested = nested.filter(|(_, branch)| branch.name.contains('/'));
        let nested = nested.map(|(index, _)| index).collect();
        Self {
            list,
            by_name,
            nested,
        }
    }

    pub(crate) fn list(&self) -> &[Branch] {
        &self.list
    }

    /// Which branch is of that name. The names above a sub-branch may be left out when no other
    /// branch is called the same, and may have dots between them.
    pub(crate) fn position(&self, name: &str) -> Option<usize> {
        if let Some(&index) = self.by_name.get(name) {
            return Some(index);
        }
        let only = |fits: &dyn Fn(&str) -> bool| {
            let branches = self.nested.iter().copied();
            let mut fitting = branches.filter(|&index| {
                let branch = self.list.get(index);
                branch.is_some_and(|branch| fits(&branch.name))
            });
            fitting.next().filter(|_| fitting.next().is_none())
        };
        only(&|full| {
            full.strip_suffix(name)
                .is_some_and(|above| above.ends_with('/'))
        })
        .or_else(|| only(&|full| is_dotted(full, name)))
    }

    /// The branch of that name; see [`Branches::position`].
    pub(crate) fn find(&self, name: &str) -> Option<&Branch> {
        self.list.get(self.position(name)?)
    }
}

/// Whether `name` is `full` with dots for the slashes.
fn is_dotted(full: &str, name: &str) -> bool {
    let same = |(full, name): (u8, u8)| full == name || (full == b'/' && name == b'.');
    full.len() == name.len() && full.bytes().zip(name.bytes()).all(same)
}
