//! Comparison in double precision by comparison of small whole numbers.
//!
//! All that the trees ask of a feature is how it compares with their thresholds. So a value is
//! coded by its place among the thresholds of its feature, of which the n-th is 2n + 1: a value
//! between two thresholds is the even number between theirs. Codes compare as what they stand for,
//! and are exact in single precision, in which trees are run.

use std::collections::BTreeMap;

use super::tree::{Mode, RawNode};
use crate::score::error::Problem;
use crate::score::features::{DoubleLane, Features, LANES};

/// Different thresholds of one feature at most, so that codes are exact.
const LIMIT: usize = 1 << 22;

/// The features that an ensemble reads, each with its thresholds.
#[derive(Debug, Clone, Default)]
pub(super) struct Codes(Vec<Coded>);

#[derive(Debug, Clone)]
struct Coded {
    /// The feature's id, or the column that it was found in.
    feature: u32,
    /// Whether its values are of single precision by declaration.
    single: bool,
    /// Ascending.
    thresholds: Vec<f64>,
}

impl Codes {
    /// Puts codes in the place of the thresholds of all nodes, and numbers in the place of the ids
    /// of their features.
    pub(super) fn take(nodes: &mut [RawNode]) -> Result<Self, Problem> {
        let mut thresholds: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
        for node in nodes.iter().filter(|node| node.mode != Mode::Leaf) {
            // An id that is none is an error once the tree is built.
            let Ok(feature) = u32::try_from(node.feature) else {
                continue;
            };
            let values = thresholds.entry(feature).or_default();
            match &node.mode {
                Mode::Member(members) => values.extend(members),
                _ => values.push(node.value),
            }
        }
        let mut codes = Vec::with_capacity(thresholds.len());
        for (feature, mut thresholds) in thresholds {
            thresholds.retain(|value| !value.is_nan());
            // -0 is 0.
            thresholds.iter_mut().for_each(|value| *value += 0.0);
            thresholds.sort_unstable_by(f64::total_cmp);
            thresholds.dedup();
            if thresholds.len() > LIMIT {
                let found = thresholds.len();
                return Err(Problem::needs_runtime(format!(
                    "{found} thresholds of feature {feature} in double precision"
                )));
            }
            codes.push(Coded {
                feature,
                single: false,
                thresholds,
            });
        }
        let codes = Self(codes);
        for node in nodes.iter_mut().filter(|node| node.mode != Mode::Leaf) {
            codes.put(node);
        }
        Ok(codes)
    }

    fn put(&self, node: &mut RawNode) {
        let place = self
            .0
            .binary_search_by_key(&node.feature, |coded| coded.feature.into());
        let Some((place, coded)) = place.ok().and_then(|at| Some((at, self.0.get(at)?))) else {
            return;
        };
        node.feature = i64::try_from(place).unwrap_or(i64::MAX);
        node.value = coded.code(node.value).into();
        if let Mode::Member(members) = &mut node.mode {
            let code = |value: &mut f64| *value = coded.code(*value).into();
            members.iter_mut().for_each(code);
        }
    }

    /// One more than the greatest id, or column, of a feature.
    pub(super) fn features_used(&self) -> usize {
        let used = self.0.iter().map(|coded| coded.feature as usize + 1);
        used.max().unwrap_or(0)
    }

    /// Makes it read `columns[id]` where it reads feature `id`.
    pub(super) fn pick_columns(&mut self, columns: &[usize]) -> Result<(), Problem> {
        for coded in &mut self.0 {
            let column = columns.get(coded.feature as usize);
            let column = column.and_then(|column| u32::try_from(*column).ok());
            coded.feature = column.ok_or_else(|| {
                Problem::invalid(format!(
                    "a tree reads feature {}, but the model has {} features",
                    coded.feature,
                    columns.len()
                ))
            })?;
        }
        Ok(())
    }

    /// Notes which columns are of single precision by declaration.
    pub(super) fn round(&mut self, is_single: &dyn Fn(usize) -> bool) {
        for coded in &mut self.0 {
            coded.single = is_single(coded.feature as usize);
        }
    }

    /// The codes of some blocks of rows.
    pub(super) fn features(&self, features: &Features, first: usize, rows: usize) -> Features {
        let mut found = Features::zeros(rows, self.0.len());
        for (place, coded) in self.0.iter().enumerate() {
            let blocks = first..first + rows.div_ceil(LANES);
            let values = blocks.flat_map(|block| lane(features, block, coded.feature as usize));
            found.fill(place, values.map(|value| coded.code(value)));
        }
        found
    }
}

/// The values of a feature in one block. Those that were given in single precision are exact.
fn lane(features: &Features, block: usize, feature: usize) -> DoubleLane {
    if features.has_doubles() {
        let lane = features.double_block(block).get(feature);
        return lane.copied().unwrap_or([f64::NAN; LANES]);
    }
    let lane = features.block(block).get(feature).copied();
    lane.unwrap_or([f32::NAN; LANES]).map(f64::from)
}

impl Coded {
    fn code(&self, value: f64) -> f32 {
        let value = match self.single {
            true => f64::from(value as f32),
            false => value,
        };
        if value.is_nan() {
            return f32::NAN;
        }
        let place = self.thresholds.partition_point(|known| *known < value);
        let next = self.thresholds.get(place);
        let is_threshold = next.is_some_and(|known| *known <= value);
        (2 * place + usize::from(is_threshold)) as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(mode: Mode, feature: i64, value: f64) -> RawNode {
        RawNode {
            mode,
            feature,
            value,
            on_true: 0,
            on_false: 0,
            missing_true: false,
            weights: Vec::new(),
        }
    }

    #[test]
    fn codes_compare_as_values_do() {
        let thresholds = [0.1, -0.0, f64::INFINITY, 1e300, 16_777_217.0, -5e-324];
        let mut nodes: Vec<RawNode> = thresholds
            .iter()
            .map(|value| node(Mode::Leq, 7, *value))
            .collect();
        let codes = Codes::take(&mut nodes).unwrap();
        assert!(nodes.iter().all(|node| node.feature == 0));
        assert_eq!(codes.features_used(), 8);
        let near = |value: f64| [value.next_down(), value, value.next_up()];
        let values = thresholds.into_iter().flat_map(near);
        let values = values.chain([0.0, f64::NEG_INFINITY, 0.1f32.into(), 16_777_216.0]);
        for value in values.filter(|value| !value.is_nan()) {
            let code = f64::from(codes.0[0].code(value));
            for (threshold, node) in thresholds.iter().zip(&nodes) {
                let expected = value.partial_cmp(threshold);
                assert_eq!(
                    code.partial_cmp(&node.value),
                    expected,
                    "{value}, {threshold}"
                );
            }
        }
        assert!(codes.0[0].code(f64::NAN).is_nan());
    }

    #[test]
    fn a_threshold_that_is_none_stays_none() {
        let mut nodes = [node(Mode::Gt, 0, f64::NAN), node(Mode::Leq, -1, 2.0)];
        let _ = Codes::take(&mut nodes).unwrap();
        assert!(nodes[0].value.is_nan());
        assert_eq!(
            (nodes[1].feature, nodes[1].value.to_bits()),
            (-1, 2f64.to_bits())
        );
    }
}
