//! The branches of a tree as its users see them: named with those above them.

use crate::branch::{Branch, Column, compression_name};
use crate::file::RootFile;
use crate::ttree::basket::BasketIndex;
use crate::ttree::branch_record::BranchRecord;
use crate::ttree::interpretation::{Interpretation, interpret, interpret_leaves};
use crate::ttree::tree_record::TreeRecord;

/// The branches in the order of the tree, each before those below it.
pub(crate) fn list_branches(record: &TreeRecord, file: &RootFile) -> Vec<Branch> {
    let branch_of_leaf = branches_of_leaves(record);
    let counting = |leaf: Option<usize>| branch_of_leaf.get(leaf?).copied().flatten();
    let mut listed = Vec::with_capacity(record.branches.len());
    let mut visited = vec![false; record.branches.len()];
    let mut waiting: Vec<(usize, Option<String>)> = record
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
        let top = above.is_none();
        let prefix = above.map(|above| above + "/").unwrap_or_default();
        let name = format!("{prefix}{}", branch.name);
        for &child in branch.children.iter().rev() {
            waiting.push((child, Some(name.clone())));
        }
        let interpretation = interpret(record, branch, top, file);
        let counter = counting(interpretation.counter);
        listed.push(describe(
            record,
            index,
            branch,
            name,
            interpretation,
            counter,
        ));
        for (name, interpretation) in interpret_leaves(record, branch) {
            let name = format!("{prefix}{name}");
            listed.push(describe(record, index, branch, name, interpretation, None));
        }
    }
    listed
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

fn describe(
    record: &TreeRecord,
    index: usize,
    branch: &BranchRecord,
    name: String,
    interpretation: Interpretation,
    counter: Option<usize>,
) -> Branch {
    let Interpretation {
        layout, type_name, ..
    } = interpretation;
    let counting = counter.and_then(|index| record.branches.get(index));
    Branch {
        name,
        title: branch.title.clone(),
        type_name,
        counter: counting.map(|branch| branch.name.clone()),
        column: layout.map(|layout| Column {
            data_type: layout.data_type(),
            layout,
            counter,
        }),
        compression: compression_name(branch.compression),
        compressed_bytes: u64::try_from(branch.stored_bytes).unwrap_or(0),
        uncompressed_bytes: u64::try_from(branch.total_bytes).unwrap_or(0),
        baskets: BasketIndex::read(branch, &record.payload).map_or(0, |index| index.spans.len()),
        record: index,
    }
}
