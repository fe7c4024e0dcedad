//! The weights of a tree's leaves, and how they are added up.

use super::aggregate::{Aggregate, Weight};
use super::exit::{BLOCKS, Exits, Line, Lookup};
use super::tree::Tree;
use crate::score::features::LANES;

/// The weights of a tree's leaves.
#[derive(Debug)]
pub(super) enum Leaves<W> {
    /// Every leaf has one weight, for the same target, and weights are summed.
    One {
        target: usize,
        weights: Vec<W>,
        lookup: Option<Lookup>,
    },
    /// The same for several targets: every leaf has a weight for each.
    Each {
        targets: Vec<usize>,
        weights: Vec<W>,
    },
    /// Leaves with none or several, or weights that are compared.
    Many(Vec<Vec<(usize, W)>>),
}

/// The aggregates of one chunk: for each target, block after block.
pub(super) struct Sums<W> {
    pub(super) values: Vec<[W; LANES]>,
    pub(super) reached: Vec<[bool; LANES]>,
    aggregate: Aggregate,
}

impl<W: Weight> Leaves<W> {
    pub(super) fn new(tree: &Tree, aggregate: Aggregate) -> Self {
        let sums = matches!(aggregate, Aggregate::Sum | Aggregate::Average);
        let first = tree.leaves.first().map_or(&[][..], Vec::as_slice);
        let targets: Vec<u32> = first.iter().map(|(target, _)| *target).collect();
        let same = |leaf: &Vec<(u32, f64)>| leaf.iter().map(|(target, _)| target).eq(&targets);
        if !sums || targets.is_empty() || !tree.leaves.iter().all(same) {
            let entry = |(target, weight): &(u32, f64)| (*target as usize, W::from_f64(*weight));
            let entries = |leaf: &Vec<(u32, f64)>| leaf.iter().map(entry).collect();
            return Self::Many(tree.leaves.iter().map(entries).collect());
        }
        let weights = tree.leaves.iter().flatten();
        let weights: Vec<W> = weights.map(|(_, weight)| W::from_f64(*weight)).collect();
        match targets.as_slice() {
            [target] => Self::One {
                target: *target as usize,
                lookup: W::lookup(&weights),
                weights,
            },
            _ => Self::Each {
                targets: targets.iter().map(|target| *target as usize).collect(),
                weights,
            },
        }
    }

    /// The targets of every leaf.
    pub(super) fn targets(&self) -> &[usize] {
        match self {
            Self::One { target, .. } => std::slice::from_ref(target),
            Self::Each { targets, .. } => targets,
            Self::Many(_) => &[],
        }
    }

    /// Adds the weights of the leaves, numbered by bytes, that the rows of a block reached.
    #[inline(always)]
    pub(super) fn add_line(&self, exits: &Line, block: usize, sums: &mut Sums<W>) {
        let Self::One {
            target,
            lookup: Some(lookup),
            ..
        } = self
        else {
            return self.add(&exits.0, block, 0, sums);
        };
        if let Some(values) = sums.values.get_mut(target * BLOCKS + block) {
            W::add_looked_up(lookup, exits, values);
        }
    }

    /// Adds the weights of the leaves that the rows of a block reached.
    #[inline(always)]
    pub(super) fn add_block(&self, exits: &Exits, block: usize, sums: &mut Sums<W>) {
        self.add(exits, block, 0, sums);
    }

    /// Adds the weights of the leaves that rows of a block reached, from `lane` on.
    #[inline(always)]
    pub(super) fn add<E: Copy + Into<u32>>(
        &self,
        exits: &[E],
        block: usize,
        lane: usize,
        sums: &mut Sums<W>,
    ) {
        match self {
            Self::One {
                target, weights, ..
            } => {
                let Some(values) = sums.values.get_mut(target * BLOCKS + block) else {
                    return;
                };
                for (value, exit) in values.iter_mut().skip(lane).zip(exits) {
                    let weight = weights.get((*exit).into() as usize);
                    *value = *value + weight.copied().unwrap_or_default();
                }
            }
            Self::Each { targets, weights } => {
                for (place, target) in targets.iter().enumerate() {
                    let Some(values) = sums.values.get_mut(target * BLOCKS + block) else {
                        return;
                    };
                    for (value, exit) in values.iter_mut().skip(lane).zip(exits) {
                        let leaf = (*exit).into() as usize * targets.len();
                        let weight = weights.get(leaf + place);
                        *value = *value + weight.copied().unwrap_or_default();
                    }
                }
            }
            Self::Many(leaves) => {
                for (lane, exit) in (lane..).zip(exits) {
                    let leaf = leaves.get((*exit).into() as usize);
                    for (target, weight) in leaf.into_iter().flatten() {
                        sums.merge(target * BLOCKS + block, lane, *weight);
                    }
                }
            }
        }
    }
}

impl<W: Weight> Sums<W> {
    /// `always_reached` has for each target whether every leaf of some tree has a weight for it.
    pub(super) fn new(aggregate: Aggregate, always_reached: &[bool]) -> Self {
        let targets = always_reached.len();
        let reached = always_reached.iter();
        Self {
            values: vec![[W::default(); LANES]; BLOCKS.saturating_mul(targets)],
            reached: reached
                .flat_map(|reached| [[*reached; LANES]; BLOCKS])
                .collect(),
            aggregate,
        }
    }

    fn merge(&mut self, block: usize, lane: usize, weight: W) {
        let values = self.values.get_mut(block);
        let value = values.and_then(|values| values.get_mut(lane));
        let reached = self.reached.get_mut(block);
        let reached = reached.and_then(|reached| reached.get_mut(lane));
        let (Some(value), Some(reached)) = (value, reached) else {
            return;
        };
        let better = match self.aggregate {
            Aggregate::Sum | Aggregate::Average => {
                *value = *value + weight;
                false
            }
            Aggregate::Min => weight < *value,
            Aggregate::Max => weight > *value,
        };
        let first = !*reached && matches!(self.aggregate, Aggregate::Min | Aggregate::Max);
        if better || first {
            *value = weight;
        }
        *reached = true;
    }
}
