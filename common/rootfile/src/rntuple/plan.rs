//! What has to be read for some branches: their columns, and which counts the items of which.

use std::sync::Arc;

use super::ntuple::Ntuple;
use super::page_column::PageColumn;
use super::shape::{Level, Shape, Values};
use crate::branch::Branch;
use crate::error::{Error, Place};

/// The columns of some branches, each once.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) columns: Vec<PageColumn>,
    /// Those that others count on come first.
    pub(super) axes: Vec<Axis>,
    /// One for each branch.
    pub(super) leaves: Vec<Leaf>,
}

/// Whose elements something is of: entries, or the items of lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Parent {
    pub(super) axis: Option<usize>,
    /// How many elements each entry or item has.
    pub(super) scale: u64,
    /// How many lists they are in.
    pub(super) depth: usize,
}

/// Lists, by a column that says where they end.
#[derive(Debug)]
pub(super) struct Axis {
    pub(super) parent: Parent,
    /// Its number among the columns.
    pub(super) column: usize,
}

/// The values of a branch.
#[derive(Debug)]
pub(super) struct Leaf {
    pub(super) parent: Parent,
    pub(super) column: usize,
    pub(super) shape: Shape,
    /// For each of the shape's levels that is a list, which.
    pub(super) axes: Vec<Option<usize>>,
    pub(super) place: Place,
}

impl Plan {
    pub(super) fn of(ntuple: &Ntuple, chosen: &[(&str, &Branch)]) -> Result<Self, Error> {
        let mut plan = Self::default();
        for (_, branch) in chosen {
            let place = ntuple.place().with_branch(&branch.name);
            let Some(shape) = ntuple.shape(branch) else {
                return Err(place.unsupported("it is not decoded"));
            };
            plan.add(shape, place);
        }
        Ok(plan)
    }

    fn add(&mut self, shape: &Shape, place: Place) {
        let mut parent = Parent {
            axis: None,
            scale: 1,
            depth: 0,
        };
        let mut axes = Vec::with_capacity(shape.levels.len());
        for level in &shape.levels {
            match level {
                Level::Array(length) => {
                    parent.scale = parent.scale.saturating_mul(*length as u64);
                    axes.push(None);
                }
                Level::List(ends) => {
                    let axis = self.axis(parent, ends, &place);
                    axes.push(Some(axis));
                    parent = Parent {
                        axis: Some(axis),
                        scale: 1,
                        depth: parent.depth + 1,
                    };
                }
            }
        }
        let column = self.column(&shape.columns, &place);
        self.leaves.push(Leaf {
            parent,
            column,
            shape: shape.clone(),
            axes,
            place,
        });
    }

    fn axis(&mut self, parent: Parent, ends: &Arc<[usize]>, place: &Place) -> usize {
        let column = self.column(ends, place);
        let same = |axis: &Axis| axis.parent == parent && axis.column == column;
        self.axes.iter().position(same).unwrap_or_else(|| {
            self.axes.push(Axis { parent, column });
            self.axes.len() - 1
        })
    }

    fn column(&mut self, ids: &Arc<[usize]>, place: &Place) -> usize {
        let known = self.columns.iter().position(|column| column.is_of(ids));
        known.unwrap_or_else(|| {
            self.columns
                .push(PageColumn::new(ids.clone(), place.clone()));
            self.columns.len() - 1
        })
    }

    /// How many lists the innermost elements are in, at most.
    pub(super) fn depth(&self) -> usize {
        let depths = self.leaves.iter().map(|leaf| leaf.parent.depth);
        depths.max().unwrap_or_default()
    }
}

impl Leaf {
    /// Whether it is made of where lists end.
    pub(super) fn is_lengths(&self) -> bool {
        self.shape.values == Values::Lengths
    }
}
