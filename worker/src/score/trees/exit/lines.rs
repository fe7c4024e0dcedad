//! Where the nodes of a tree lie: a walk down a large one waits for the lines of a cache that it has not
//! met, and so as many of its nodes as may be are in each.

use std::collections::VecDeque;

use crate::score::trees::tree::{Child, Tree};

/// Nodes in a line.
pub(super) const LINE: usize = 8;

/// For each split of a tree where the two nodes behind it are, side by side; the root is at 0, alone
/// where others are two. `None` where they are more than can be counted.
///
/// In one line with two nodes are those behind them that most leaves are behind, and so on while it has
/// room.
pub(super) fn places(tree: &Tree) -> Option<Vec<u32>> {
    let leaves = leaves_behind(tree);
    let mut places = vec![0; tree.splits.len()];
    // Splits whose own nodes are in this line, and in those before it.
    let (mut near, mut far) = (Vec::new(), VecDeque::new());
    near.extend(split_of(tree.root));
    let mut free = 2_u32;
    loop {
        if free.is_multiple_of(LINE as u32) {
            far.extend(near.drain(..));
        }
        let most = (0..near.len()).max_by_key(|place| {
            let split: Option<&u32> = near.get(*place);
            split.and_then(|split| leaves.get(*split as usize))
        });
        let next = most.map(|place| near.swap_remove(place));
        let Some(next) = next.or_else(|| far.pop_front()) else {
            return Some(places);
        };
        *places.get_mut(next as usize)? = free;
        let split = tree.splits.get(next as usize)?;
        near.extend([split.left, split.right].into_iter().filter_map(split_of));
        free = free.checked_add(2)?;
    }
}

fn split_of(child: Child) -> Option<u32> {
    match child {
        Child::Split(split) => Some(split),
        Child::Leaf(_) => None,
    }
}

/// For each split how many leaves are behind it; parents are before their children.
fn leaves_behind(tree: &Tree) -> Vec<usize> {
    let mut behind = vec![0_usize; tree.splits.len()];
    for (place, split) in tree.splits.iter().enumerate().rev() {
        let leaves = [split.left, split.right].map(|child| match child {
            Child::Leaf(_) => 1,
            Child::Split(split) => behind.get(split as usize).copied().unwrap_or_default(),
        });
        if let Some(behind) = behind.get_mut(place) {
            *behind = leaves.iter().sum();
        }
    }
    behind
}
