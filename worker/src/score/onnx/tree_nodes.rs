//! How deep the trees of an ensemble are, of what its attributes list.

use std::collections::HashMap;

use super::message::AttributeProto;

/// The nodes of a tree ensemble, as its attributes list them.
#[derive(Default)]
pub(super) struct TreeNodes {
    trees: Vec<i64>,
    numbers: Vec<i64>,
    children: [Vec<i64>; 2],
    /// Of each, whether it has children at all.
    is_leaf: Vec<bool>,
    /// Of each child, whether it is a leaf, which has numbers of its own.
    leaves: [Vec<i64>; 2],
}

impl TreeNodes {
    pub(super) fn take(&mut self, attribute: &AttributeProto) {
        if attribute.name == "nodes_modes" {
            let modes = attribute.strings.iter();
            self.is_leaf = modes.map(|mode| mode.as_slice() == b"LEAF").collect();
        }
        let ([left, right], [left_leaf, right_leaf]) = (&mut self.children, &mut self.leaves);
        let into = match attribute.name.as_str() {
            "nodes_treeids" => &mut self.trees,
            "nodes_nodeids" => &mut self.numbers,
            "nodes_truenodeids" => left,
            "nodes_falsenodeids" => right,
            "nodes_trueleafs" => left_leaf,
            "nodes_falseleafs" => right_leaf,
            _ => return,
        };
        into.clone_from(&attribute.ints);
    }

    /// How many nodes there are from a root to the farthest node below it; those of a circle have no root.
    /// Without numbers of nodes, children are numbered as the nodes are listed.
    pub(super) fn depth(&self) -> u32 {
        let count = self.children.iter().map(Vec::len).min().unwrap_or(0);
        let tree = |node: usize| self.trees.get(node).copied().unwrap_or(0);
        let number = |node: usize| self.numbers.get(node).copied().unwrap_or(node as i64);
        let places: HashMap<(i64, i64), usize> = (0..count)
            .map(|node| ((tree(node), number(node)), node))
            .collect();
        let children = |node: usize| {
            let is_leaf = self.is_leaf.get(node).copied().unwrap_or(false);
            let sides = self.children.iter().zip(&self.leaves);
            let splits = sides.filter(move |(_, leaves)| !is_leaf && leaves.get(node) != Some(&1));
            let key = tree(node);
            let named = splits.filter_map(move |(of, _)| of.get(node));
            let places = &places;
            let found = named.filter_map(move |child| places.get(&(key, *child)).copied());
            // The node itself stands for none.
            found.filter(move |child| *child != node)
        };
        let mut parents = vec![0_u32; count];
        for child in (0..count).flat_map(children) {
            if let Some(parents) = parents.get_mut(child) {
                *parents += 1;
            }
        }
        let is_root = |node: &usize| parents.get(*node) == Some(&0);
        let mut ready: Vec<usize> = (0..count).filter(is_root).collect();
        let mut depth = vec![1_u32; count];
        let mut deepest = u32::from(count > 0);
        while let Some(node) = ready.pop() {
            let below = depth.get(node).map_or(1, |depth| depth.saturating_add(1));
            for child in children(node) {
                if let (Some(depth), Some(parents)) = (depth.get_mut(child), parents.get_mut(child))
                {
                    *depth = below.max(*depth);
                    deepest = deepest.max(*depth);
                    *parents = parents.saturating_sub(1);
                    if *parents == 0 {
                        ready.push(child);
                    }
                }
            }
        }
        deepest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ONNX Runtime went down a tree by calling itself, and had no more stack.
    #[test]
    fn a_tree_is_as_deep_as_its_farthest_leaf() {
        let depth = |count: i64, is_numbered: bool| {
            let mut trees = TreeNodes::default();
            if is_numbered {
                trees.take(&AttributeProto::of_ints(
                    "nodes_treeids",
                    vec![7; count as usize],
                ));
                trees.take(&AttributeProto::of_ints(
                    "nodes_nodeids",
                    (10..10 + count).collect(),
                ));
            }
            let first = if is_numbered { 10 } else { 0 };
            let next = (1..=count).map(|node| first + node.min(count - 1));
            trees.take(&AttributeProto::of_ints(
                "nodes_truenodeids",
                next.collect(),
            ));
            trees.take(&AttributeProto::of_ints(
                "nodes_falsenodeids",
                vec![first; count as usize],
            ));
            trees.depth()
        };
        // All false branches lead to the root, which then is none: nothing is reached from nowhere.
        assert_eq!(depth(5, true), 1);
        let mut chain = TreeNodes::default();
        chain.take(&AttributeProto::of_ints(
            "nodes_truenodeids",
            (1..=20_000).collect(),
        ));
        chain.take(&AttributeProto::of_ints(
            "nodes_falsenodeids",
            vec![20_000; 20_000],
        ));
        assert_eq!(chain.depth(), 20_000);
        // Leaves name the root, or have numbers of their own.
        let mut tree = TreeNodes::default();
        tree.take(&AttributeProto::of_ints("nodes_truenodeids", vec![1, 0, 0]));
        tree.take(&AttributeProto::of_ints(
            "nodes_falsenodeids",
            vec![2, 0, 0],
        ));
        let modes = ["BRANCH_LEQ", "LEAF", "LEAF"].map(|mode| mode.as_bytes().to_vec());
        tree.take(&AttributeProto {
            strings: modes.to_vec(),
            ..AttributeProto::of_ints("nodes_modes", Vec::new())
        });
        assert_eq!(tree.depth(), 2);
        let mut linked = TreeNodes::default();
        linked.take(&AttributeProto::of_ints("nodes_truenodeids", vec![1, 0]));
        linked.take(&AttributeProto::of_ints("nodes_falsenodeids", vec![0, 1]));
        linked.take(&AttributeProto::of_ints("nodes_trueleafs", vec![0, 1]));
        linked.take(&AttributeProto::of_ints("nodes_falseleafs", vec![1, 1]));
        assert_eq!(linked.depth(), 2);
    }
}
