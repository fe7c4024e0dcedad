//! Walking from roots to leaves in step: several rows through one tree, or one row through several
//! trees, so that no step waits for the one before it.

use std::hint::black_box;

use super::chunk_rows::Exits;
use super::columns::{Block, Columns};
use super::lines::{self, LINE};
use crate::score::features::LANES;
use crate::score::trees::tree::{Child, Test, Tree};

/// Walks that go on side by side: more do not fit into a processor's registers.
pub(in crate::score::trees) const ABREAST: usize = 8;
/// Steps beyond those to the mean leaf that are taken unasked, where no leaf is deeper.
const BEYOND: usize = 2;
/// Steps that are taken unasked at most: few rows come to the deepest leaves of trees that are deeper.
const UNASKED: usize = 32;
/// Bits of a node that name its column.
const COLUMN_BITS: u32 = 12;
/// Nodes of a tree at most, so that the others name any of them, or the one before the first.
const NODES: usize = 1 << (u32::BITS - COLUMN_BITS - 1);
/// Bits of NaN that name a leaf.
const LEAF_BITS: u32 = 22;

/// The nodes of all plain trees of an ensemble.
#[derive(Debug, Clone, Default)]
pub(super) struct Strides {
    nodes: Vec<Node>,
    /// `None` where a tree is not plain, or too large.
    trees: Vec<Option<Stand>>,
    /// The same trees by eights, as one row is led through them.
    eights: Vec<Eight>,
}

/// Where the nodes of a tree are.
#[derive(Debug, Clone, Copy)]
struct Stand {
    first: usize,
    count: usize,
    steps: Steps,
}

/// Trees that one row is led through together: where their nodes are, and steps that are enough for all.
#[derive(Debug, Clone, Copy, Default)]
struct Eight {
    firsts: [u32; ABREAST],
    steps: Steps,
}

/// Steps to be taken before it is asked whether anything moves still, if it is asked at all.
#[derive(Debug, Clone, Copy, Default)]
struct Steps {
    unasked: u32,
    goes_on: bool,
}

/// Eight bytes: of a tree as many as may be are in the nearest cache.
///
/// A split leads to another node of its tree, or to the node behind that where the value is not at
/// most the threshold. A leaf leads to itself: its threshold is NaN, whose bits have the leaf's number.
#[derive(Debug, Clone, Copy)]
struct Node {
    threshold: f32,
    /// The node that it leads to, and its column.
    way: u32,
}

impl Strides {
    /// None yet, with room for those of some trees; where there is room, lines are lines of a cache.
    pub(super) fn with_room_for(trees: &[Tree]) -> Self {
        let room = trees.iter().map(nodes_of).sum::<usize>();
        let mut nodes: Vec<Node> = Vec::with_capacity(room.saturating_add(LINE));
        let before = nodes.as_ptr().align_offset(LINE * size_of::<Node>());
        nodes.resize(before.min(LINE), Node::leaf(0, 0));
        Self {
            nodes,
            trees: Vec::new(),
            eights: Vec::new(),
        }
    }

    /// Adds a tree; one that is not plain, or too large, has its place, and is not walked here.
    pub(super) fn push(&mut self, tree: &Tree, columns: &mut Columns) {
        let first = self.nodes.len();
        let stand = tree.is_plain().then(|| self.grow(tree, columns)).flatten();
        if stand.is_none() {
            self.nodes.truncate(first);
        }
        let lane = self.trees.len() % ABREAST;
        if lane == 0 {
            self.eights.push(Eight::default());
        }
        if let (Some(stand), Some(eight)) = (stand, self.eights.last_mut()) {
            eight.firsts[lane] = stand.first as u32;
            eight.steps = eight.steps.most(stand.steps);
        }
        self.trees.push(stand);
    }

    fn grow(&mut self, tree: &Tree, columns: &mut Columns) -> Option<Stand> {
        let places = lines::places(tree)?;
        let first = self.nodes.len();
        let count = nodes_of(tree);
        u32::try_from(first.checked_add(count)?).ok()?;
        if count > NODES {
            return None;
        }
        self.nodes.resize(first + count, Node::leaf(0, 0));
        let nodes = self.nodes.get_mut(first..)?;
        // Of each split where its own node is, and how many steps lead there.
        let mut known = vec![(0, 0_usize); tree.splits.len()];
        let (mut depth, mut depths) = (0, 0);
        let mut put = |nodes: &mut [Node], known: &mut [(u32, usize)], child, at: u32, steps| {
            match child {
                Child::Leaf(leaf) => {
                    (depth, depths) = (depth.max(steps), depths + steps);
                    *nodes.get_mut(at as usize)? = Node::leaf(at, leaf);
                }
                Child::Split(split) => *known.get_mut(split as usize)? = (at, steps),
            }
            Some(())
        };
        put(nodes, &mut known, tree.root, 0, 0)?;
        for (place, (split, next)) in tree.splits.iter().zip(places).enumerate() {
            let Test::AtMost(threshold) = split.test else {
                return None;
            };
            let (at, steps) = *known.get(place)?;
            let column = columns.column(split.feature, split.nan_left);
            *nodes.get_mut(at as usize)? = Node::split(threshold, column, next)?;
            put(nodes, &mut known, split.left, next, steps + 1)?;
            put(nodes, &mut known, split.right, next + 1, steps + 1)?;
        }
        Some(Stand {
            first,
            count,
            steps: Steps::of(depth, depths.div_ceil(tree.leaves.len().max(1))),
        })
    }

    /// Whether a tree is walked here.
    pub(super) fn has(&self, tree: usize) -> bool {
        self.trees.get(tree).is_some_and(Option::is_some)
    }

    /// Whether all are.
    pub(super) fn has_all(&self) -> bool {
        self.trees.iter().all(Option::is_some)
    }

    /// The columns and thresholds of all splits.
    pub(super) fn thresholds(&self) -> impl Iterator<Item = (u32, f32)> {
        let splits = self.nodes.iter().filter(|node| !node.threshold.is_nan());
        splits.map(|node| (node.column() as u32, node.threshold))
    }

    /// The leaves of the first `rows` rows of a block in one tree.
    pub(super) fn find(&self, tree: usize, block: &[Block], rows: usize, exits: &mut Exits) {
        let Some(stand) = self.trees.get(tree).copied().flatten() else {
            return;
        };
        let nodes = self.nodes.get(stand.first..).unwrap_or_default();
        let nodes = nodes.get(..stand.count).unwrap_or_default();
        // As a constant number of groups, so that no place in a block is asked for in vain.
        for group in 0..LANES / ABREAST {
            let first = group * ABREAST;
            if first >= rows {
                return;
            }
            let mut at = [0_u32; ABREAST];
            let step = |at: u32, lane: usize| {
                let Some(node) = nodes.get(at as usize) else {
                    return at;
                };
                let Some(values) = block.get(node.column()) else {
                    return at;
                };
                node.next(values.0[first + lane])
            };
            walk(&mut at, stand.steps, step);
            for (exit, at) in exits.iter_mut().skip(first).zip(at) {
                *exit = nodes.get(at as usize).map_or(0, Node::number);
            }
        }
    }

    /// The leaves of one row in the trees of an eight; `values` has one number a column.
    pub(super) fn find_row(&self, eight: usize, values: &[f32], exits: &mut [u32; ABREAST]) {
        let Some(Eight { firsts, steps }) = self.eights.get(eight).copied() else {
            return;
        };
        self.fetch(eight + 1);
        let mut at = firsts;
        let step = |at: u32, lane: usize| {
            let Some(node) = self.nodes.get(at as usize) else {
                return at;
            };
            let Some(value) = values.get(node.column()) else {
                return at;
            };
            firsts[lane].wrapping_add(node.next(*value))
        };
        walk(&mut at, steps, step);
        for (exit, at) in exits.iter_mut().zip(at) {
            *exit = self.nodes.get(at as usize).map_or(0, Node::number);
        }
    }

    /// Has the roots of an eight come from the memory while another one is walked.
    #[inline(always)]
    fn fetch(&self, eight: usize) {
        if let Some(eight) = self.eights.get(eight) {
            let roots = eight.firsts.iter();
            let roots = roots.filter_map(|first| self.nodes.get(*first as usize));
            black_box(roots.fold(0, |met, root| met ^ root.way));
        }
    }
}

/// Takes all walks so many steps on, and then, if they may go on, until none moves.
#[inline(always)]
fn walk(at: &mut [u32; ABREAST], steps: Steps, step: impl Fn(u32, usize) -> u32) {
    for _ in 0..steps.unasked {
        for (lane, at) in at.iter_mut().enumerate() {
            *at = step(*at, lane);
        }
    }
    let mut moved = u32::from(steps.goes_on);
    while moved != 0 {
        moved = 0;
        // It is asked at every second step.
        for (lane, at) in at.iter_mut().enumerate() {
            *at = step(*at, lane);
        }
        for (lane, at) in at.iter_mut().enumerate() {
            let next = step(*at, lane);
            moved |= next ^ *at;
            *at = next;
        }
    }
}

/// Room for the nodes of a tree: whole lines.
fn nodes_of(tree: &Tree) -> usize {
    let nodes = tree.splits.len().saturating_mul(2).saturating_add(2);
    nodes.next_multiple_of(LINE)
}

impl Steps {
    /// Those of a tree, by the depths of its deepest and of its mean leaf.
    fn of(deepest: usize, mean: usize) -> Self {
        let goes_on = deepest > UNASKED.min(mean + BEYOND);
        let unasked = if goes_on { mean.min(UNASKED) } else { deepest };
        Self {
            unasked: unasked as u32,
            goes_on,
        }
    }

    /// Those that are enough for both.
    fn most(self, other: Self) -> Self {
        Self {
            unasked: self.unasked.max(other.unasked),
            goes_on: self.goes_on || other.goes_on,
        }
    }
}

impl Node {
    fn split(threshold: f32, column: u32, next: u32) -> Option<Self> {
        let way = next << COLUMN_BITS | column;
        (column >> COLUMN_BITS == 0).then_some(Self { threshold, way })
    }

    fn leaf(at: u32, number: u32) -> Self {
        Self {
            threshold: f32::from_bits(f32::NAN.to_bits() | number),
            way: at.wrapping_sub(1) << COLUMN_BITS,
        }
    }

    #[inline(always)]
    fn column(&self) -> usize {
        (self.way & ((1 << COLUMN_BITS) - 1)) as usize
    }

    /// Where a value leads to.
    #[inline(always)]
    fn next(&self, value: f32) -> u32 {
        let holds = value <= self.threshold;
        let next = self.way.cast_signed() >> COLUMN_BITS;
        next.cast_unsigned().wrapping_add(u32::from(!holds))
    }

    /// Of a leaf.
    fn number(&self) -> u32 {
        self.threshold.to_bits() & ((1 << LEAF_BITS) - 1)
    }
}
