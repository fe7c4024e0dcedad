//! Walking from roots to leaves in step: several rows through one tree, or one row through several
//! trees, so that no step waits for the one before it.

use std::collections::VecDeque;

use super::chunk_rows::Exits;
use super::columns::{Block, Columns};
use crate::score::trees::tree::{Child, Test, Tree};

/// Walks that go on side by side.
pub(in crate::score::trees) const ABREAST: usize = 8;

/// The nodes of all plain trees of an ensemble.
#[derive(Debug, Clone, Default)]
pub(super) struct Strides {
    nodes: Vec<Node>,
    /// For each node the leaf that it is; not read for splits.
    leaves: Vec<u32>,
    /// For each tree its first node; `None` where it is not plain.
    roots: Vec<Option<u32>>,
}

/// A split leads to `next`, or to the node behind it where the value is not at most the
/// threshold. A leaf leads to itself: its threshold is NaN.
#[derive(Debug, Clone, Copy)]
struct Node {
    threshold: f32,
    column: u32,
    next: u32,
}

impl Strides {
    /// Adds a tree; one that is not plain has its place, and is not walked here.
    pub(super) fn push(&mut self, tree: &Tree, columns: &mut Columns) {
        let root = u32::try_from(self.nodes.len()).ok();
        let root = root.filter(|_| tree.is_plain() && self.grow(tree, columns).is_some());
        self.roots.push(root);
    }

    /// Level after level, so that the nodes that every row meets lie together.
    fn grow(&mut self, tree: &Tree, columns: &mut Columns) -> Option<()> {
        let mut waiting = VecDeque::from([(tree.root, self.room(1)?)]);
        while let Some((child, at)) = waiting.pop_front() {
            let node = match child {
                Child::Leaf(leaf) => {
                    *self.leaves.get_mut(at as usize)? = leaf;
                    Node::leaf(at)
                }
                Child::Split(split) => {
                    let split = tree.splits.get(split as usize)?;
                    let Test::AtMost(threshold) = split.test else {
                        return None;
                    };
                    let next = self.room(2)?;
                    waiting.extend([(split.left, next), (split.right, next.checked_add(1)?)]);
                    let column = columns.column(split.feature, split.nan_left);
                    Node {
                        threshold,
                        column,
                        next,
                    }
                }
            };
            *self.nodes.get_mut(at as usize)? = node;
        }
        Some(())
    }

    /// Makes room for some nodes; the number of the first.
    fn room(&mut self, count: usize) -> Option<u32> {
        let first = u32::try_from(self.nodes.len()).ok()?;
        let length = self.nodes.len().checked_add(count)?;
        u32::try_from(length).ok()?;
        self.nodes.resize(length, Node::leaf(first));
        self.leaves.resize(length, 0);
        Some(first)
    }

    /// Whether a tree is walked here.
    pub(super) fn has(&self, tree: usize) -> bool {
        self.roots.get(tree).is_some_and(Option::is_some)
    }

    /// Whether all are.
    pub(super) fn has_all(&self) -> bool {
        self.roots.iter().all(Option::is_some)
    }

    /// The columns and thresholds of all splits.
    pub(super) fn thresholds(&self) -> impl Iterator<Item = (u32, f32)> {
        let splits = self.nodes.iter().filter(|node| !node.threshold.is_nan());
        splits.map(|node| (node.column, node.threshold))
    }

    /// The leaves of the first `rows` rows of a block in one tree.
    pub(super) fn find(&self, tree: usize, block: &[Block], rows: usize, exits: &mut Exits) {
        let Some(root) = self.roots.get(tree).copied().flatten() else {
            return;
        };
        for (group, exits) in exits.chunks_exact_mut(ABREAST).enumerate() {
            let first = group * ABREAST;
            if first >= rows {
                return;
            }
            let value = |column: u32, lane: usize| {
                let values = block.get(column as usize);
                values
                    .and_then(|values| values.0.get(first + lane))
                    .copied()
            };
            self.walk([root; ABREAST], value, exits);
        }
    }

    /// The leaves of one row in the trees from `first` on; `values` has one number a column.
    pub(super) fn find_row(&self, first: usize, values: &[f32], exits: &mut [u32; ABREAST]) {
        let roots = self.roots.get(first..).unwrap_or_default();
        let mut at = [0; ABREAST];
        for (at, root) in at.iter_mut().zip(roots) {
            *at = root.unwrap_or_default();
        }
        let value = |column: u32, _: usize| values.get(column as usize).copied();
        self.walk(at, value, exits);
    }

    #[inline(always)]
    fn walk(
        &self,
        mut at: [u32; ABREAST],
        value: impl Fn(u32, usize) -> Option<f32>,
        exits: &mut [u32],
    ) {
        loop {
            // Whether anything moves is asked at every second step.
            for (lane, at) in at.iter_mut().enumerate() {
                *at = self.step(*at, |column| value(column, lane));
            }
            let mut moved = 0;
            for (lane, at) in at.iter_mut().enumerate() {
                let next = self.step(*at, |column| value(column, lane));
                moved |= next ^ *at;
                *at = next;
            }
            if moved == 0 {
                break;
            }
        }
        for (exit, at) in exits.iter_mut().zip(at) {
            *exit = self.leaves.get(at as usize).copied().unwrap_or_default();
        }
    }

    #[inline(always)]
    fn step(&self, at: u32, value: impl Fn(u32) -> Option<f32>) -> u32 {
        let Some(node) = self.nodes.get(at as usize) else {
            return at;
        };
        let value = value(node.column).unwrap_or(f32::NAN);
        let holds = value <= node.threshold;
        node.next.wrapping_add(u32::from(!holds))
    }
}

impl Node {
    fn leaf(at: u32) -> Self {
        Self {
            threshold: f32::NAN,
            column: 0,
            next: at.wrapping_sub(1),
        }
    }
}
