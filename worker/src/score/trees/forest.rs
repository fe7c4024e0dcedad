//! Checked trees, and the rule for their weights.

use super::aggregate::{Kind, Rule};
use super::code::Codes;
use super::transform::PostTransform;
use super::tree::Tree;
use crate::score::error::Problem;

/// Checked trees and the rule for their weights.
#[derive(Debug)]
pub(super) struct Forest {
    pub(super) trees: Vec<Tree>,
    pub(super) rule: Rule,
    /// Where trees compare in double precision: what their thresholds stand for.
    pub(super) codes: Option<Codes>,
}

impl Forest {
    /// Makes the trees read `columns[id]` where they read feature `id`.
    pub(super) fn pick_columns(&mut self, columns: &[usize]) -> Result<(), Problem> {
        if let Some(codes) = &mut self.codes {
            return codes.pick_columns(columns);
        }
        for split in self.trees.iter_mut().flat_map(|tree| &mut tree.splits) {
            let column = columns
                .get(split.feature as usize)
                .and_then(|column| u32::try_from(*column).ok());
            split.feature = column.ok_or_else(|| {
                Problem::invalid(format!(
                    "a tree reads feature {}, but the model has {} features",
                    split.feature,
                    columns.len()
                ))
            })?;
        }
        Ok(())
    }

    /// Whether ONNX Runtime would leave a classifier's second column unset for some rows.
    pub(super) fn leaves_column_unset(&self) -> bool {
        let rule = &self.rule;
        let binary = matches!(rule.kind, Kind::Classifier { .. })
            && rule.targets == 2
            && rule.base.len() < 2;
        let reaches_second = |tree: &Tree| {
            tree.leaves
                .iter()
                .all(|leaf| leaf.iter().any(|(target, _)| *target == 1))
        };
        binary && rule.post == PostTransform::Probit && !self.trees.iter().any(reaches_second)
    }

    pub(super) fn features_used(&self) -> usize {
        if let Some(codes) = &self.codes {
            return codes.features_used();
        }
        let splits = self.trees.iter().flat_map(|tree| &tree.splits);
        splits
            .map(|split| split.feature as usize + 1)
            .max()
            .unwrap_or(0)
    }
}
