//! The operators of ai.onnx.ml 1 and 3: one table of nodes, addressed by tree and node number.

use std::collections::{HashMap, HashSet};

use super::aggregate::TARGET_LIMIT;
use super::aggregate::{Aggregate, Kind, Rule};
use super::code::Codes;
use super::forest::Forest;
use super::transform::PostTransform;
use super::tree::{Builder, Mode, RawNode};
use crate::score::error::Problem;
use crate::score::onnx::Attributes;

/// Names of the attributes that tell classifiers from regressors.
struct Names {
    ids: &'static str,
    nodes: &'static str,
    trees: &'static str,
    weights: &'static str,
}

const CLASSES: Names = Names {
    ids: "class_ids",
    nodes: "class_nodeids",
    trees: "class_treeids",
    weights: "class_weights",
};
const TARGETS: Names = Names {
    ids: "target_ids",
    nodes: "target_nodeids",
    trees: "target_treeids",
    weights: "target_weights",
};

/// Reads a TreeEnsembleClassifier or TreeEnsembleRegressor; `wide` when it compares in double
/// precision.
pub(super) fn read(
    attributes: &Attributes,
    classifier: bool,
    wide: bool,
) -> Result<Forest, Problem> {
    let targets = targets(attributes, classifier)?;
    let tree_ids = attributes.ints("nodes_treeids")?;
    let node_ids = attributes.ints("nodes_nodeids")?;
    let (mut nodes, mut double) = read_nodes(attributes, tree_ids.len())?;
    check_length("nodes_nodeids", node_ids.len(), nodes.len())?;
    let mut index = HashMap::with_capacity(nodes.len());
    for (position, id) in tree_ids.iter().zip(&node_ids).enumerate() {
        if index.insert((*id.0, *id.1), position).is_some() {
            return Err(Problem::invalid(format!(
                "node {} of tree {} is there twice",
                id.1, id.0
            )));
        }
    }
    link(attributes, &tree_ids, &node_ids, &index, &mut nodes)?;
    let names = if classifier { &CLASSES } else { &TARGETS };
    let weights = read_weights(attributes, names, targets, &index, &mut nodes)?;
    double |= weights.double;
    let (base, base_double) = attributes.numbers("base_values")?;
    check_base(&base, targets, classifier)?;

    let codes = wide.then(|| Codes::take(&mut nodes)).transpose()?;
    let name = |position: usize| match (tree_ids.get(position), node_ids.get(position)) {
        (Some(tree), Some(node)) => format!("node {node} of tree {tree}"),
        _ => format!("node at {position}"),
    };
    let mut builder = Builder::new(&nodes, &name);
    let trees = roots(&tree_ids, &nodes, &name)?
        .into_iter()
        .map(|root| builder.tree(root))
        .collect::<Result<_, _>>()?;
    let kind = if classifier {
        Kind::Classifier {
            one_column: targets == 2 && weights.distinct == 1,
            all_positive: weights.all_positive,
        }
    } else {
        Kind::Regressor
    };
    let aggregate = match attributes.string("aggregate_function")? {
        Some(name) if !classifier => Aggregate::from_name(&name)?,
        _ => Aggregate::Sum,
    };
    let post = attributes
        .string("post_transform")?
        .map_or(Ok(PostTransform::None), |name| {
            PostTransform::from_name(&name)
        })?;
    let rule = Rule {
        targets,
        kind,
        aggregate,
        base,
        post,
        double: double || base_double,
    };
    Ok(Forest { trees, rule, codes })
}

/// Number of classes or targets.
fn targets(attributes: &Attributes, classifier: bool) -> Result<usize, Problem> {
    let (count, what) = if classifier {
        let labels = attributes.strings("classlabels_strings")?.len();
        let count = if labels > 0 {
            labels
        } else {
            attributes.ints("classlabels_int64s")?.len()
        };
        (count, "class labels")
    } else {
        // ONNX Runtime refuses a regressor without it as well.
        let count = attributes.int("n_targets")?.unwrap_or(0);
        (usize::try_from(count).unwrap_or(0), "targets (n_targets)")
    };
    if (1..=TARGET_LIMIT).contains(&count) {
        return Ok(count);
    }
    Err(Problem::invalid(format!(
        "{count} {what}, expected 1 to {TARGET_LIMIT}"
    )))
}

fn check_length(name: &str, found: usize, expected: usize) -> Result<(), Problem> {
    if found == expected {
        return Ok(());
    }
    Err(Problem::invalid(format!(
        "{name} has {found} entries, expected {expected} as the arrays beside it have"
    )))
}

/// All nodes, without children and weights, and whether thresholds are of double precision.
fn read_nodes(attributes: &Attributes, count: usize) -> Result<(Vec<RawNode>, bool), Problem> {
    if count == 0 {
        return Err(Problem::invalid(
            "the ensemble has no nodes (nodes_treeids is empty)",
        ));
    }
    let features = attributes.ints("nodes_featureids")?;
    let modes = attributes.strings("nodes_modes")?;
    let (values, double) = attributes.numbers("nodes_values")?;
    let missing = attributes.ints("nodes_missing_value_tracks_true")?;
    check_length("nodes_featureids", features.len(), count)?;
    check_length("nodes_modes", modes.len(), count)?;
    check_length("nodes_values", values.len(), count)?;
    if !missing.is_empty() {
        check_length("nodes_missing_value_tracks_true", missing.len(), count)?;
    }
    let mut nodes = Vec::with_capacity(count);
    for (position, ((mode, feature), value)) in modes.iter().zip(features).zip(values).enumerate() {
        nodes.push(RawNode {
            mode: mode_from_name(mode)?,
            feature,
            value,
            on_true: 0,
            on_false: 0,
            missing_true: missing.get(position).is_some_and(|tracks| *tracks == 1),
            weights: Vec::new(),
        });
    }
    Ok((nodes, double))
}

fn mode_from_name(name: &[u8]) -> Result<Mode, Problem> {
    match name {
        b"BRANCH_LEQ" => Ok(Mode::Leq),
        b"BRANCH_LT" => Ok(Mode::Lt),
        b"BRANCH_GTE" => Ok(Mode::Gte),
        b"BRANCH_GT" => Ok(Mode::Gt),
        b"BRANCH_EQ" => Ok(Mode::Eq),
        b"BRANCH_NEQ" => Ok(Mode::Neq),
        b"LEAF" => Ok(Mode::Leaf),
        other => Err(Problem::invalid(format!(
            "node mode {:?} is not one of BRANCH_LEQ, LT, GTE, GT, EQ, NEQ and LEAF",
            String::from_utf8_lossy(other)
        ))),
    }
}

/// Gives every inner node its children.
fn link(
    attributes: &Attributes,
    tree_ids: &[i64],
    node_ids: &[i64],
    index: &HashMap<(i64, i64), usize>,
    nodes: &mut [RawNode],
) -> Result<(), Problem> {
    let on_true = attributes.ints("nodes_truenodeids")?;
    let on_false = attributes.ints("nodes_falsenodeids")?;
    check_length("nodes_truenodeids", on_true.len(), nodes.len())?;
    check_length("nodes_falsenodeids", on_false.len(), nodes.len())?;
    let ids = tree_ids.iter().zip(node_ids);
    for (((node, (tree, id)), on_true), on_false) in
        nodes.iter_mut().zip(ids).zip(on_true).zip(on_false)
    {
        if node.mode == Mode::Leaf {
            continue;
        }
        let child = |branch: &str, child: i64| {
            index.get(&(*tree, child)).copied().ok_or_else(|| {
                Problem::invalid(format!("node {id} of tree {tree}: its {branch} branch leads to node {child}, which is not there"))
            })
        };
        node.on_true = child("true", on_true)?;
        node.on_false = child("false", on_false)?;
    }
    Ok(())
}

/// What the weights as a whole decide.
struct Weights {
    double: bool,
    /// Number of different targets that have weights.
    distinct: usize,
    all_positive: bool,
}

/// Gives every leaf its weights.
fn read_weights(
    attributes: &Attributes,
    names: &Names,
    targets: usize,
    index: &HashMap<(i64, i64), usize>,
    nodes: &mut [RawNode],
) -> Result<Weights, Problem> {
    let ids = attributes.ints(names.ids)?;
    let leaf_nodes = attributes.ints(names.nodes)?;
    let leaf_trees = attributes.ints(names.trees)?;
    let (weights, double) = attributes.numbers(names.weights)?;
    check_length(names.nodes, leaf_nodes.len(), ids.len())?;
    check_length(names.trees, leaf_trees.len(), ids.len())?;
    check_length(names.weights, weights.len(), ids.len())?;
    let mut distinct = HashSet::new();
    let mut all_positive = true;
    for (((target, node), tree), weight) in
        ids.into_iter().zip(leaf_nodes).zip(leaf_trees).zip(weights)
    {
        let position = *index.get(&(tree, node)).ok_or_else(|| {
            Problem::invalid(format!(
                "{}: node {node} of tree {tree} is not there",
                names.nodes
            ))
        })?;
        let target = u32::try_from(target)
            .ok()
            .filter(|target| *target < u32::try_from(targets).unwrap_or(u32::MAX))
            .ok_or_else(|| {
                Problem::invalid(format!(
                    "{} has {target}, expected 0 to {}",
                    names.ids,
                    targets.saturating_sub(1)
                ))
            })?;
        distinct.insert(target);
        all_positive &= weight >= 0.0;
        // Weights of inner nodes are never reached, as in ONNX Runtime.
        if let Some(node) = nodes.get_mut(position) {
            node.weights.push((target, weight));
        }
    }
    Ok(Weights {
        double,
        distinct: distinct.len(),
        all_positive,
    })
}

fn check_base(base: &[f64], targets: usize, classifier: bool) -> Result<(), Problem> {
    let fits = match (classifier, targets) {
        (true, 2) => base.len() <= 2,
        _ => base.is_empty() || base.len() == targets,
    };
    if fits {
        return Ok(());
    }
    Err(Problem::invalid(format!(
        "base_values has {} entries, expected none or {targets}",
        base.len()
    )))
}

/// The first node of each tree, which must not be the child of another.
fn roots(
    tree_ids: &[i64],
    nodes: &[RawNode],
    name: &dyn Fn(usize) -> String,
) -> Result<Vec<usize>, Problem> {
    let mut is_child = vec![false; nodes.len()];
    for node in nodes.iter().filter(|node| node.mode != Mode::Leaf) {
        for child in [node.on_true, node.on_false] {
            if let Some(slot) = is_child.get_mut(child) {
                *slot = true;
            }
        }
    }
    let mut seen = HashSet::new();
    let mut roots = Vec::new();
    for (position, tree) in tree_ids.iter().enumerate() {
        if !seen.insert(*tree) {
            continue;
        }
        if is_child.get(position).copied().unwrap_or(true) {
            return Err(Problem::invalid(format!(
                "{} is the first of its tree, but the child of another node",
                name(position)
            )));
        }
        roots.push(position);
    }
    Ok(roots)
}
