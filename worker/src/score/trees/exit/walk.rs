//! Walking from the root to a leaf: for every kind of tree.

use super::chunk_rows::Exits;
use crate::score::features::{LANES, Lane};
use crate::score::trees::tree::{Child, Split, Test, Tree};

/// Splits, then leaves; a leaf leads to itself, so that the rows of a block walk in step until
/// none moves any more.
#[derive(Debug, Clone)]
pub(in crate::score::trees) struct Walk {
    steps: Vec<Step>,
    sets: Vec<Vec<f32>>,
    root: u32,
    leaves_from: u32,
}

#[derive(Debug, Clone, Copy)]
struct Step {
    threshold: f32,
    feature: u32,
    left: u32,
    right: u32,
    kind: Kind,
    nan_left: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    AtMost,
    Equal,
    /// One of the values of that set.
    Among(u32),
}

impl Walk {
    pub(super) fn new(tree: &Tree) -> Self {
        let splits = tree.splits.len() as u32;
        let at = |child: Child| match child {
            Child::Split(index) => index,
            Child::Leaf(index) => splits.saturating_add(index),
        };
        let mut sets = Vec::new();
        let mut steps: Vec<Step> = tree
            .splits
            .iter()
            .map(|split| step(split, at, &mut sets))
            .collect();
        for leaf in 0..tree.leaves.len() as u32 {
            let here = at(Child::Leaf(leaf));
            let step = Step {
                threshold: f32::NAN,
                feature: 0,
                left: here,
                right: here,
                kind: Kind::AtMost,
                nan_left: false,
            };
            steps.push(step);
        }
        Self {
            steps,
            sets,
            root: at(tree.root),
            leaves_from: splits,
        }
    }

    /// Finds the leaves of the first `rows` rows of a block.
    pub(super) fn find(&self, block: &[Lane], rows: usize, exits: &mut Exits) {
        let mut at = [self.root; LANES];
        let mut moved = u32::from(self.root < self.leaves_from);
        while moved != 0 {
            moved = 0;
            for (lane, at) in at.iter_mut().take(rows).enumerate() {
                let next = self.next(*at, block, lane);
                moved |= next ^ *at;
                *at = next;
            }
        }
        for (exit, at) in exits.iter_mut().zip(at) {
            *exit = at.saturating_sub(self.leaves_from);
        }
    }

    #[inline(always)]
    fn next(&self, at: u32, block: &[Lane], lane: usize) -> u32 {
        let Some(step) = self.steps.get(at as usize) else {
            return at;
        };
        let value = block
            .get(step.feature as usize)
            .and_then(|values| values.get(lane))
            .copied()
            .unwrap_or(f32::NAN);
        let holds = match step.kind {
            Kind::AtMost => value <= step.threshold,
            Kind::Equal => equal(value, step.threshold),
            Kind::Among(set) => self
                .sets
                .get(set as usize)
                .is_some_and(|set| set.iter().any(|member| equal(value, *member))),
        };
        if holds || (step.nan_left && value.is_nan()) {
            step.left
        } else {
            step.right
        }
    }
}

fn step(split: &Split, at: impl Fn(Child) -> u32, sets: &mut Vec<Vec<f32>>) -> Step {
    let (kind, threshold) = match &split.test {
        Test::AtMost(threshold) => (Kind::AtMost, *threshold),
        Test::Equal(value) => (Kind::Equal, *value),
        Test::Among(values) => {
            sets.push(values.clone());
            (Kind::Among(sets.len().saturating_sub(1) as u32), f32::NAN)
        }
    };
    Step {
        threshold,
        feature: split.feature,
        left: at(split.left),
        right: at(split.right),
        kind,
        nan_left: split.nan_left,
    }
}

#[expect(clippy::float_cmp, reason = "the operator tests for equality")]
fn equal(a: f32, b: f32) -> bool {
    a == b
}
