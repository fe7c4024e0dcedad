//! What ensembles that contradict themselves get; scores are compared in `tests/tree_models.rs`.

use super::*;
use crate::score::features::Features;
use crate::score::onnx::{AttributeProto, Attributes};

/// A regressor of one tree with one split, and leaves 1 and 2, to be spoilt.
struct Sample {
    ints: Vec<(&'static str, Vec<i64>)>,
    floats: Vec<(&'static str, Vec<f32>)>,
    modes: Vec<&'static str>,
    targets: i64,
}

impl Sample {
    fn new() -> Self {
        let ints = [
            ("nodes_treeids", vec![0, 0, 0]),
            ("nodes_nodeids", vec![0, 1, 2]),
            ("nodes_featureids", vec![0, 0, 0]),
            ("nodes_truenodeids", vec![1, 0, 0]),
            ("nodes_falsenodeids", vec![2, 0, 0]),
            ("target_treeids", vec![0, 0]),
            ("target_nodeids", vec![1, 2]),
            ("target_ids", vec![0, 0]),
        ];
        let floats = [
            ("nodes_values", vec![0.5, 0.0, 0.0]),
            ("target_weights", vec![1.0, 2.0]),
        ];
        Self {
            ints: ints.to_vec(),
            floats: floats.to_vec(),
            modes: vec!["BRANCH_LEQ", "LEAF", "LEAF"],
            targets: 1,
        }
    }

    fn ints(mut self, name: &str, values: &[i64]) -> Self {
        self.ints
            .iter_mut()
            .filter(|(found, _)| *found == name)
            .for_each(|(_, old)| *old = values.to_vec());
        self
    }

    fn floats(mut self, name: &str, values: &[f32]) -> Self {
        self.floats
            .iter_mut()
            .filter(|(found, _)| *found == name)
            .for_each(|(_, old)| *old = values.to_vec());
        self
    }

    /// The message of the error.
    fn refused(&self) -> String {
        self.compiled().unwrap_err().to_string()
    }

    fn compiled(&self) -> Result<Ensemble, Problem> {
        self.compiled_of(&[0])
    }

    /// Of a model with these columns.
    fn compiled_of(&self, columns: &[usize]) -> Result<Ensemble, Problem> {
        let attribute = |name: &str, kind| AttributeProto {
            name: name.to_owned(),
            kind,
            ..Default::default()
        };
        let mut attributes = Vec::new();
        attributes.extend(self.ints.iter().map(|(name, ints)| AttributeProto {
            ints: ints.clone(),
            ..attribute(name, 7)
        }));
        attributes.extend(self.floats.iter().map(|(name, floats)| AttributeProto {
            floats: floats.clone(),
            ..attribute(name, 6)
        }));
        let strings = self
            .modes
            .iter()
            .map(|mode| mode.as_bytes().to_vec())
            .collect();
        attributes.push(AttributeProto {
            strings,
            ..attribute("nodes_modes", 8)
        });
        attributes.push(AttributeProto {
            i: self.targets,
            ..attribute("n_targets", 2)
        });
        let node = Node {
            operator: "TreeEnsembleRegressor".to_owned(),
            domain: DOMAIN.to_owned(),
            name: String::new(),
            inputs: vec!["X".to_owned()],
            outputs: vec!["Y".to_owned()],
            attributes: Attributes::of(&attributes),
        };
        let source = Source {
            double: false,
            columns: Some(columns),
            rounded: None,
        };
        compile(&node, &source)
    }
}

#[test]
fn the_sample_is_sound() {
    let ensemble = Sample::new().compiled().unwrap();
    assert_eq!((ensemble.targets(), ensemble.features_used()), (1, 1));
}

#[test]
fn links_that_lead_nowhere_or_back_are_refused() {
    let message = Sample::new()
        .ints("nodes_falsenodeids", &[7, 0, 0])
        .refused();
    assert_eq!(
        message,
        "invalid graph: node 0 of tree 0: its false branch leads to node 7, which is not there"
    );
    let mut cyclic = Sample::new()
        .ints("nodes_truenodeids", &[1, 2, 0])
        .ints("nodes_falsenodeids", &[2, 1, 0]);
    cyclic.modes[1] = "BRANCH_LT";
    assert_eq!(
        cyclic.refused(),
        "invalid graph: node 1 of tree 0 leads back to itself"
    );
    let mut rooted = Sample::new()
        .ints("nodes_truenodeids", &[0, 2, 0])
        .ints("nodes_falsenodeids", &[0, 0, 0]);
    rooted.modes[0] = "LEAF";
    rooted.modes[1] = "BRANCH_LT";
    assert_eq!(
        rooted.refused(),
        "invalid graph: node 0 of tree 0 is the first of its tree, but the child of another node"
    );
    let message = Sample::new().ints("nodes_nodeids", &[0, 1, 1]).refused();
    assert_eq!(message, "invalid graph: node 1 of tree 0 is there twice");
}

#[test]
fn a_node_below_two_others_is_walked_once() {
    let ensemble = Sample::new()
        .ints("nodes_falsenodeids", &[1, 0, 0])
        .compiled()
        .unwrap();
    assert_eq!(ensemble.targets(), 1);
}

/// One split below the other, each with a leaf beside it.
fn chain(splits: i64) -> Sample {
    let nodes: Vec<i64> = (0..=2 * splits).collect();
    let zeros = vec![0; nodes.len()];
    let to = |step| {
        let nodes = nodes.iter();
        let to = nodes.map(|node| {
            if node % 2 == 0 && *node < 2 * splits {
                node + step
            } else {
                0
            }
        });
        to.collect::<Vec<i64>>()
    };
    let mut sample = Sample::new()
        .ints("nodes_treeids", &zeros)
        .ints("nodes_nodeids", &nodes)
        .ints("nodes_featureids", &zeros)
        .ints("nodes_truenodeids", &to(1))
        .ints("nodes_falsenodeids", &to(2))
        .floats("nodes_values", &vec![0.5; nodes.len()]);
    let is_split = |node: &i64| node % 2 == 0 && *node < 2 * splits;
    let mode = |node: &i64| if is_split(node) { "BRANCH_LEQ" } else { "LEAF" };
    sample.modes = nodes.iter().map(mode).collect();
    sample
}

/// Trees that are walked are walked by many chunks, one tree after the other.
#[test]
fn rows_of_many_chunks_are_scored_as_each_alone() {
    let leaves: Vec<i64> = (0..400).map(|split| 2 * split + 1).chain([800]).collect();
    let zeros = vec![0; leaves.len()];
    let thresholds: Vec<f32> = (0..=800).map(|node| node as f32 * 0.5).collect();
    let weights: Vec<f32> = leaves.iter().map(|leaf| *leaf as f32 * 1.1).collect();
    let ensemble = chain(400)
        .floats("nodes_values", &thresholds)
        .ints("target_treeids", &zeros)
        .ints("target_nodeids", &leaves)
        .ints("target_ids", &zeros)
        .floats("target_weights", &weights)
        .compiled()
        .unwrap();
    assert!(ensemble.rows_at_once() > 4 * CHUNK_ROWS);
    let rows = 4 * CHUNK_ROWS + 33;
    let values: Vec<f32> = (0..rows).map(|row| (row * 7 % 450) as f32).collect();
    let mut together = vec![0.0; rows];
    let features = Features::from_columns(&[&values]).unwrap();
    ensemble.run(&features, 0..rows, &mut together);
    for (value, together) in values.iter().zip(&together) {
        let mut alone = [0.0];
        let features = Features::from_columns(&[&[*value]]).unwrap();
        ensemble.run(&features, 0..1, &mut alone);
        assert_eq!(alone[0].to_bits(), together.to_bits(), "{value}");
    }
    let found: std::collections::BTreeSet<u32> = together.iter().map(|it| it.to_bits()).collect();
    assert!(found.len() > 300, "{} leaves", found.len());
}

/// A tree that reads more columns than steps of walks can name left the leaves of the tree before it, or none.
#[test]
fn a_tree_of_thousands_of_columns_is_walked_too() {
    const SPLITS: usize = 5000;
    let leaves: Vec<i64> = (0..SPLITS as i64).map(|split| 2 * split + 1).collect();
    let leaves: Vec<i64> = leaves.into_iter().chain([2 * SPLITS as i64]).collect();
    let zeros = vec![0; leaves.len()];
    let features: Vec<i64> = (0..=2 * SPLITS as i64).map(|node| node / 2).collect();
    let features: Vec<i64> = features
        .into_iter()
        .map(|it| it.min(SPLITS as i64 - 1))
        .collect();
    let weights: Vec<f32> = leaves.iter().map(|leaf| *leaf as f32).collect();
    let columns: Vec<usize> = (0..SPLITS).collect();
    let ensemble = chain(SPLITS as i64)
        .ints("nodes_featureids", &features)
        .ints("target_treeids", &zeros)
        .ints("target_nodeids", &leaves)
        .ints("target_ids", &zeros)
        .floats("target_weights", &weights)
        .compiled_of(&columns)
        .unwrap();
    // Each row is at most the threshold of one column.
    let chosen = [0, 1, 4095, 4096, 4097, SPLITS - 1];
    let column = |column: usize| chosen.map(|chosen| if chosen == column { 0.0 } else { 1.0 });
    let values: Vec<[f32; 6]> = (0..SPLITS).map(column).collect();
    let values: Vec<&[f32]> = values.iter().map(<[f32; 6]>::as_slice).collect();
    let mut scores = [0.0; 6];
    let features = Features::from_columns(&values).unwrap();
    ensemble.run(&features, 0..6, &mut scores);
    let expected = chosen.map(|chosen| (2 * chosen + 1) as f32);
    assert_eq!(scores.map(f32::to_bits), expected.map(f32::to_bits));
}

/// A tree of 200,000 levels was taken, and held each row up for as many steps.
#[test]
fn a_tree_that_is_too_deep_is_refused() {
    assert!(chain(10_000).compiled().is_ok());
    assert_eq!(
        chain(10_001).refused(),
        "invalid graph: node 0 of tree 0 has more than 10000 splits one below the other"
    );
}

#[test]
fn arrays_of_different_lengths_are_refused() {
    let message = Sample::new().ints("nodes_featureids", &[0]).refused();
    assert_eq!(
        message,
        "invalid graph: nodes_featureids has 1 entries, expected 3 as the arrays beside it have"
    );
    let message = Sample::new().floats("target_weights", &[1.0]).refused();
    assert_eq!(
        message,
        "invalid graph: target_weights has 1 entries, expected 2 as the arrays beside it have"
    );
    let message = Sample::new().ints("nodes_treeids", &[]).refused();
    assert_eq!(
        message,
        "invalid graph: the ensemble has no nodes (nodes_treeids is empty)"
    );
}

#[test]
fn numbers_that_cannot_be_are_refused() {
    let message = Sample::new()
        .floats("nodes_values", &[f32::NAN, 0.0, 0.0])
        .refused();
    assert_eq!(
        message,
        "invalid graph: node 0 of tree 0: its threshold is NaN"
    );
    let message = Sample::new()
        .ints("nodes_featureids", &[-1, 0, 0])
        .refused();
    assert_eq!(
        message,
        "invalid graph: node 0 of tree 0: feature id -1 is not possible"
    );
    let message = Sample::new().ints("nodes_featureids", &[5, 0, 0]).refused();
    assert_eq!(
        message,
        "invalid graph: a tree reads feature 5, but the model has 1 features"
    );
    let message = Sample::new().ints("target_ids", &[0, 3]).refused();
    assert_eq!(message, "invalid graph: target_ids has 3, expected 0 to 0");
    let huge = Sample {
        targets: 1 << 60,
        ..Sample::new()
    };
    assert!(
        huge.refused()
            .ends_with(" targets (n_targets), expected 1 to 4096")
    );
    let mut unknown = Sample::new();
    unknown.modes[0] = "BRANCH_MAYBE";
    assert!(
        unknown
            .refused()
            .starts_with("invalid graph: node mode \"BRANCH_MAYBE\" is not one of ")
    );
}
