//! Clusters: runs of entries that were written together.

use std::collections::HashMap;

use crate::ttree::{BasketIndex, TreeRecord};

/// More clusters than this are taken for damage.
const MOST_CLUSTERS: u64 = 1 << 22;

/// Ascending cluster boundaries: first 0, last the number of entries.
pub(crate) fn boundaries(tree: &TreeRecord) -> Vec<u64> {
    if tree.entries == 0 {
        return vec![0];
    }
    declared(tree).unwrap_or_else(|| from_baskets(tree))
}

/// The clusters that the tree itself declares.
fn declared(tree: &TreeRecord) -> Option<Vec<u64>> {
    let numbers = &tree.numbers;
    let mut found = vec![0];
    let mut start = 0;
    for &(last, size) in &numbers.cluster_ranges {
        let end = u64::try_from(last)
            .ok()?
            .saturating_add(1)
            .min(tree.entries);
        start = steps(&mut found, start, end, size)?;
    }
    if start < tree.entries {
        steps(&mut found, start, tree.entries, numbers.auto_flush)?;
    }
    Some(found)
}

/// Adds the boundaries after `start` up to `end`, one every `size` entries.
fn steps(found: &mut Vec<u64>, start: u64, end: u64, size: i64) -> Option<u64> {
    if end <= start {
        return Some(start);
    }
    let size = u64::try_from(size).ok().filter(|&size| size > 0)?;
    if (end - start) / size > MOST_CLUSTERS {
        return None;
    }
    let mut at = start;
    while at < end {
        if found.len() as u64 > MOST_CLUSTERS {
            return None;
        }
        at = at.saturating_add(size).min(end);
        found.push(at);
    }
    Some(end)
}

/// Where the baskets of most branches begin together; failing that, the baskets of the branch
/// with the most bytes.
fn from_baskets(tree: &TreeRecord) -> Vec<u64> {
    let mut branches = 0_usize;
    let mut starts: HashMap<u64, usize> = HashMap::new();
    let mut largest = (0, Vec::new());
    for branch in &tree.branches {
        let Ok(index) = BasketIndex::read(branch, &tree.payload) else {
            continue;
        };
        if index.spans.is_empty() {
            continue;
        }
        branches += 1;
        let inner: Vec<u64> = index
            .spans
            .iter()
            .map(|span| span.entries.start)
            .filter(|start| (1..tree.entries).contains(start))
            .collect();
        for &start in &inner {
            *starts.entry(start).or_default() += 1;
        }
        if branch.stored_bytes > largest.0 {
            largest = (branch.stored_bytes, inner);
        }
    }
    let mut common: Vec<u64> = starts
        .into_iter()
        .filter(|&(_, count)| count * 2 > branches)
        .map(|(at, _)| at)
        .collect();
    if common.is_empty() {
        common = largest.1;
    }
    common.sort_unstable();
    let mut found = vec![0];
    found.extend(common);
    found.push(tree.entries);
    found
}
