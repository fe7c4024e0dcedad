//! A forest of full trees with thresholds by chance, as an ONNX file.

use crate::uniform::uniform;

const TREES: usize = 20;
const DEPTH: u32 = 11;
const FEATURES: usize = 6;

/// The attributes of a TreeEnsembleRegressor that have a value for each node.
#[derive(Default)]
struct Nodes {
    tree: Vec<u64>,
    node: Vec<u64>,
    feature: Vec<u64>,
    on_true: Vec<u64>,
    on_false: Vec<u64>,
    threshold: Vec<f32>,
    mode: Vec<&'static str>,
}

/// Those that have one for each leaf.
#[derive(Default)]
struct Leaves {
    tree: Vec<u64>,
    node: Vec<u64>,
    target: Vec<u64>,
    weight: Vec<f32>,
}

/// The file.
pub(crate) fn bytes() -> Vec<u8> {
    let (mut nodes, mut leaves) = (Nodes::default(), Leaves::default());
    let mut uniform = uniform();
    for tree in 0..TREES as u64 {
        // The children of node n are 2n + 1 and 2n + 2.
        let splits = (1_u64 << DEPTH) - 1;
        for node in 0..=2 * splits {
            let is_split = node < splits;
            let children = if is_split {
                (2 * node + 1, 2 * node + 2)
            } else {
                (0, 0)
            };
            nodes.tree.push(tree);
            nodes.node.push(node);
            nodes.feature.push((uniform() * FEATURES as f32) as u64);
            nodes.on_true.push(children.0);
            nodes.on_false.push(children.1);
            nodes.threshold.push(3.0 * uniform() - 1.5);
            nodes
                .mode
                .push(if is_split { "BRANCH_LEQ" } else { "LEAF" });
            if !is_split {
                leaves.tree.push(tree);
                leaves.node.push(node);
                leaves.target.push(0);
                leaves.weight.push(uniform());
            }
        }
    }
    model(&node(&nodes, &leaves))
}

fn node(nodes: &Nodes, leaves: &Leaves) -> Vec<u8> {
    let mut node = [text(1, "x"), text(2, "y"), text(4, "TreeEnsembleRegressor")].concat();
    let modes = nodes.mode.iter().flat_map(|mode| text(9, mode)).collect();
    for (name, kind, values) in [
        ("nodes_treeids", 7, ints(&nodes.tree)),
        ("nodes_nodeids", 7, ints(&nodes.node)),
        ("nodes_featureids", 7, ints(&nodes.feature)),
        ("nodes_truenodeids", 7, ints(&nodes.on_true)),
        ("nodes_falsenodeids", 7, ints(&nodes.on_false)),
        ("nodes_values", 6, floats(&nodes.threshold)),
        ("nodes_modes", 8, modes),
        ("target_treeids", 7, ints(&leaves.tree)),
        ("target_nodeids", 7, ints(&leaves.node)),
        ("target_ids", 7, ints(&leaves.target)),
        ("target_weights", 6, floats(&leaves.weight)),
        ("n_targets", 2, int(3, 1)),
    ] {
        let attribute = [text(1, name), int(20, kind), values].concat();
        node.extend(part(5, &attribute));
    }
    node.extend(text(7, "ai.onnx.ml"));
    node
}

fn model(node: &[u8]) -> Vec<u8> {
    let value = |name, width| {
        let batch = part(1, &text(2, "N"));
        let shape = part(2, &[batch, part(1, &int(1, width))].concat());
        let tensor = [int(1, 1), shape].concat();
        [text(1, name), part(2, &part(1, &tensor))].concat()
    };
    let graph = [
        part(1, node),
        text(2, "forest"),
        part(11, &value("x", FEATURES as u64)),
        part(12, &value("y", 1)),
    ];
    let versions = [("", 17), ("ai.onnx.ml", 3)];
    let versions = versions.map(|(domain, version)| [text(1, domain), int(2, version)].concat());
    let versions = versions
        .iter()
        .flat_map(|version| part(8, version))
        .collect();
    [int(1, 8), part(7, &graph.concat()), versions].concat()
}

/// A field of a protobuf message that has a length.
fn part(field: u64, bytes: &[u8]) -> Vec<u8> {
    let mut found = varint(field << 3 | 2);
    found.extend(varint(bytes.len() as u64));
    found.extend(bytes);
    found
}

fn text(field: u64, text: &str) -> Vec<u8> {
    part(field, text.as_bytes())
}

fn int(field: u64, value: u64) -> Vec<u8> {
    [varint(field << 3), varint(value)].concat()
}

fn ints(values: &[u64]) -> Vec<u8> {
    let values: Vec<u8> = values.iter().flat_map(|value| varint(*value)).collect();
    part(8, &values)
}

fn floats(values: &[f32]) -> Vec<u8> {
    let values: Vec<u8> = values
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect();
    part(7, &values)
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut found = Vec::new();
    while value >= 0x80 {
        found.push(value as u8 | 0x80);
        value >>= 7;
    }
    found.push(value as u8);
    found
}
