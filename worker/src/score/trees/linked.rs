//! The operator TreeEnsemble of ai.onnx.ml 5: inner nodes and leaves in two lists, linked by
//! position.

use super::aggregate::TARGET_LIMIT;
use super::aggregate::{Aggregate, Kind, Rule};
use super::code::Codes;
use super::forest::Forest;
use super::transform::PostTransform;
use super::tree::{Builder, Mode, RawNode};
use crate::score::error::Problem;
use crate::score::onnx::Attributes;

/// Reads a TreeEnsemble; `wide` when it compares in double precision.
pub(super) fn read(attributes: &Attributes, wide: bool) -> Result<Forest, Problem> {
    let targets = attributes.int("n_targets")?.unwrap_or(0);
    let targets = usize::try_from(targets)
        .ok()
        .filter(|targets| (1..=TARGET_LIMIT).contains(targets))
        .ok_or_else(|| {
            Problem::invalid(format!(
                "{targets} targets (n_targets), expected 1 to {TARGET_LIMIT}"
            ))
        })?;
    let (mut nodes, double) = read_splits(attributes)?;
    let splits = nodes.len();
    append_leaves(attributes, targets, &mut nodes)?;
    let codes = wide.then(|| Codes::take(&mut nodes)).transpose()?;

    let name = |position: usize| match position.checked_sub(splits) {
        Some(leaf) => format!("leaf {leaf}"),
        None => format!("node {position}"),
    };
    let mut builder = Builder::new(&nodes, &name);
    let mut trees = Vec::new();
    for root in attributes.ints("tree_roots")? {
        let root = index(root, splits, "tree_roots")?;
        // A tree of one leaf is written as a node with both branches on that leaf.
        let single = nodes
            .get(root)
            .filter(|node| node.on_true == node.on_false && node.on_true >= splits);
        trees.push(builder.tree(single.map_or(root, |node| node.on_true))?);
    }
    if trees.is_empty() {
        return Err(Problem::invalid(
            "the ensemble has no trees (tree_roots is empty)",
        ));
    }
    let aggregate = Aggregate::from_number(attributes.int("aggregate_function")?.unwrap_or(1))?;
    let post = PostTransform::from_number(attributes.int("post_transform")?.unwrap_or(0))?;
    let rule = Rule {
        targets,
        kind: Kind::Regressor,
        aggregate,
        base: Vec::new(),
        post,
        double,
    };
    Ok(Forest { trees, rule, codes })
}

/// The inner nodes; children that are leaves are counted on from the last inner node.
fn read_splits(attributes: &Attributes) -> Result<(Vec<RawNode>, bool), Problem> {
    let features = attributes.ints("nodes_featureids")?;
    let modes = modes(attributes)?;
    let (values, double) = attributes.numbers("nodes_splits")?;
    let [on_true, on_false, true_leaf, false_leaf] = [
        "nodes_truenodeids",
        "nodes_falsenodeids",
        "nodes_trueleafs",
        "nodes_falseleafs",
    ]
    .map(|name| attributes.ints(name));
    let (on_true, on_false, true_leaf, false_leaf) = (on_true?, on_false?, true_leaf?, false_leaf?);
    let missing = attributes.ints("nodes_missing_value_tracks_true")?;
    let count = features.len();
    let lengths = [
        modes.len(),
        values.len(),
        on_true.len(),
        on_false.len(),
        true_leaf.len(),
        false_leaf.len(),
    ];
    if lengths.iter().any(|length| *length != count)
        || !(missing.is_empty() || missing.len() == count)
    {
        return Err(Problem::invalid(format!(
            "its arrays of nodes have different lengths: {count} features and {lengths:?}"
        )));
    }
    let mut nodes = Vec::with_capacity(count);
    let branches = on_true
        .into_iter()
        .zip(on_false)
        .zip(true_leaf.into_iter().zip(false_leaf));
    for (position, (((mode, feature), value), ((on_true, on_false), (true_leaf, false_leaf)))) in
        modes
            .into_iter()
            .zip(features)
            .zip(values)
            .zip(branches)
            .enumerate()
    {
        let child = |id: i64, leaf: i64, name: &str| {
            let offset = if leaf == 0 { 0 } else { count };
            index(id, usize::MAX, name)?
                .checked_add(offset)
                .ok_or_else(|| Problem::invalid(format!("{name} has {id}")))
        };
        nodes.push(RawNode {
            mode,
            feature,
            value,
            on_true: child(on_true, true_leaf, "nodes_truenodeids")?,
            on_false: child(on_false, false_leaf, "nodes_falsenodeids")?,
            missing_true: missing.get(position).is_some_and(|tracks| *tracks == 1),
            weights: Vec::new(),
        });
    }
    Ok((nodes, double))
}

/// The tests, with the values of the "member" ones, which are separated by NaN.
fn modes(attributes: &Attributes) -> Result<Vec<Mode>, Problem> {
    let numbers = attributes.tensor("nodes_modes")?;
    let numbers = numbers
        .as_ref()
        .and_then(|tensor| tensor.as_ints())
        .unwrap_or_default();
    let (members, _) = attributes.numbers("membership_values")?;
    let mut sets = members.split(|value| value.is_nan());
    numbers
        .iter()
        .map(|number| match number {
            0 => Ok(Mode::Leq),
            1 => Ok(Mode::Lt),
            2 => Ok(Mode::Gte),
            3 => Ok(Mode::Gt),
            4 => Ok(Mode::Eq),
            5 => Ok(Mode::Neq),
            6 => match sets.next() {
                Some(set) if !set.is_empty() => Ok(Mode::Member(set.to_vec())),
                _ => Err(Problem::invalid(
                    "membership_values has fewer sets than there are BRANCH_MEMBER nodes",
                )),
            },
            other => Err(Problem::invalid(format!(
                "node mode {other}, expected 0 to 6"
            ))),
        })
        .collect()
}

fn append_leaves(
    attributes: &Attributes,
    targets: usize,
    nodes: &mut Vec<RawNode>,
) -> Result<(), Problem> {
    let ids = attributes.ints("leaf_targetids")?;
    let (weights, _) = attributes.numbers("leaf_weights")?;
    if ids.len() != weights.len() {
        return Err(Problem::invalid(format!(
            "leaf_targetids has {} entries, leaf_weights {}",
            ids.len(),
            weights.len()
        )));
    }
    for (target, weight) in ids.into_iter().zip(weights) {
        let target = index(target, targets, "leaf_targetids")?;
        let target =
            u32::try_from(target).map_err(|_| Problem::invalid("leaf_targetids is too large"))?;
        nodes.push(RawNode {
            mode: Mode::Leaf,
            feature: 0,
            value: 0.0,
            on_true: 0,
            on_false: 0,
            missing_true: false,
            weights: vec![(target, weight)],
        });
    }
    Ok(())
}

/// A number from the file as an index below `limit`.
fn index(number: i64, limit: usize, name: &str) -> Result<usize, Problem> {
    usize::try_from(number)
        .ok()
        .filter(|index| *index < limit)
        .ok_or_else(|| {
            Problem::invalid(format!(
                "{name} has {number}, expected 0 to {}",
                limit.saturating_sub(1)
            ))
        })
}
