//! The branches of a tree as its users see them: named with those above them.

use std::sync::Arc;

use crate::branch::{Branch, Column};
use crate::cursor::Malformed;
use crate::file::RootFile;
use crate::ttree::basket::BasketIndex;
use crate::ttree::branch_record::BranchRecord;
use crate::ttree::interpretation::{Interpretation, interpret, interpret_leaves};
use crate::ttree::tree_record::{MOST_BRANCHES, TreeRecord};

/// Bytes of names and types that are always allowed; beyond, they are as many as the tree's
/// description has, which damage makes branches repeat.
const SHORT_TEXTS: usize = 4 << 20;

/// The branches in the order of the tree, each before those below it.
pub(crate) fn list_branches(
    record: &TreeRecord,
    file: &RootFile,
) -> Result<Vec<Branch>, Malformed> {
    let branch_of_leaf = branches_of_leaves(record);
    let counting = |leaf: Option<usize>| branch_of_leaf.get(leaf?).copied().flatten();
    let mut list = List::new(record);
    let mut visited = vec![false; record.branches.len()];
    let mut waiting: Vec<(usize, Option<Arc<str>>)> = record
        .top
        .iter()
        .rev()
        .map(|&index| (index, None))
        .collect();
    while let Some((index, above)) = waiting.pop() {
        let (Some(branch), Some(seen)) = (record.branches.get(index), visited.get_mut(index))
        else {
            continue;
        };
        // Damage can make a branch its own child; each is listed once.
        if std::mem::replace(seen, true) {
            continue;
        }
        let name = list.name(above.as_deref(), &branch.name)?;
        for &child in branch.children.iter().rev() {
            waiting.push((child, Some(Arc::clone(&name))));
        }
        let baskets = BasketIndex::read(branch, &record.payload);
        let described = Described {
            index,
            branch,
            baskets: baskets.map_or(0, |index| index.spans.len()),
        };
        let interpretation = interpret(record, branch, above.is_none(), file);
        let counter = counting(interpretation.counter);
        list.push(&described, name, interpretation, counter)?;
        for (leaf, interpretation) in interpret_leaves(record, branch) {
            let own = list.name(above.as_deref(), &format!("{}.{leaf}", branch.name))?;
            list.push(&described, own, interpretation, None)?;
        }
    }
    Ok(list.branches)
}

/// Of each leaf, the branch that it is of.
fn branches_of_leaves(record: &TreeRecord) -> Vec<Option<usize>> {
    let mut found = vec![None; record.leaves.len()];
    for (index, branch) in record.branches.iter().enumerate() {
        for &leaf in &branch.leaves {
            if let Some(slot) = found.get_mut(leaf) {
                *slot = Some(index);
            }
        }
    }
    found
}

/// A branch that gives one column, or one for each of its leaves.
struct Described<'a> {
    index: usize,
    branch: &'a BranchRecord,
    baskets: usize,
}

/// The branches so far.
struct List<'a> {
    record: &'a TreeRecord,
    branches: Vec<Branch>,
    /// Bytes that names and types may still take.
    left: usize,
}

impl<'a> List<'a> {
    fn new(record: &'a TreeRecord) -> Self {
        List {
            record,
            branches: Vec::with_capacity(record.branches.len()),
            left: record.payload.len().saturating_add(SHORT_TEXTS),
        }
    }

    /// Counts so many bytes of text, before they are made.
    fn count(&mut self, bytes: usize) -> Result<(), Malformed> {
        let left = self.left.checked_sub(bytes);
        self.left = left.ok_or_else(|| {
            Malformed::new("the names of its branches are longer than its description")
        })?;
        Ok(())
    }

    /// The name of a branch below `above`.
    fn name(&mut self, above: Option<&str>, own: &str) -> Result<Arc<str>, Malformed> {
        self.count(above.map_or(0, str::len).saturating_add(own.len()))?;
        Ok(match above {
            Some(above) => Arc::from(format!("{above}/{own}")),
            None => Arc::from(own),
        })
    }

    fn push(
        &mut self,
        described: &Described<'_>,
        name: Arc<str>,
        interpretation: Interpretation,
        counter: Option<usize>,
    ) -> Result<(), Malformed> {
        let Interpretation {
            layout, type_name, ..
        } = interpretation;
        let reason = layout.as_ref().err().map_or(0, String::len);
        self.count(type_name.len().saturating_add(reason))?;
        if self.branches.len() >= MOST_BRANCHES {
            return Err(Malformed::new(format!("more than {MOST_BRANCHES} columns")));
        }
        let Described {
            index,
            branch,
            baskets,
        } = *described;
        let counting = counter.and_then(|index| self.record.branches.get(index));
        self.branches.push(Branch {
            name,
            title: Arc::clone(&branch.title),
            type_name,
            counter: counting.map(|branch| Arc::clone(&branch.name)),
            column: layout.map(|layout| Column {
                data_type: layout.data_type(),
                layout: Some(layout),
                counter,
            }),
            compression: branch.compression,
            compressed_bytes: u64::try_from(branch.stored_bytes).unwrap_or(0),
            uncompressed_bytes: u64::try_from(branch.total_bytes).unwrap_or(0),
            baskets,
            added_at: None,
            record: index,
        });
        Ok(())
    }
}
