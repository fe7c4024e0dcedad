//! Walking and bits must find the same leaf, whatever the tree and the rows.

use proptest::prelude::*;

use super::*;
use crate::score::trees::tree::{Child, Split, Test};

/// Numbers that meet: thresholds are drawn from the same few as values.
fn number() -> impl Strategy<Value = f32> {
    let odd = [
        0.0,
        -0.0,
        1.0,
        -1.0,
        0.5,
        f32::INFINITY,
        f32::NEG_INFINITY,
        f32::MAX,
        f32::MIN,
        1e-45,
        -1e-45,
    ];
    prop_oneof![3 => prop::sample::select(odd.to_vec()), 1 => -2.0_f32..2.0]
}

fn value() -> impl Strategy<Value = f32> {
    prop_oneof![4 => number(), 1 => Just(f32::NAN)]
}

/// What one split is made of, and where its subtree is cut in two.
fn cut() -> impl Strategy<Value = (u32, f32, bool, f64)> {
    (0..3_u32, number(), any::<bool>(), 0.0..1.0)
}

/// A tree of `leaves` leaves, from `leaves - 1` cuts: from parent to children, left first.
fn grow(
    tree: &mut Tree,
    cuts: &mut impl Iterator<Item = (u32, f32, bool, f64)>,
    leaves: usize,
) -> Child {
    if leaves <= 1 {
        tree.leaves.push(vec![(0, 0.0)]);
        return Child::Leaf(tree.leaves.len() as u32 - 1);
    }
    let (feature, threshold, nan_left, share) = cuts.next().unwrap();
    let index = tree.splits.len();
    let left = Child::Leaf(0);
    tree.splits.push(Split {
        feature,
        test: Test::AtMost(threshold),
        nan_left,
        left,
        right: left,
    });
    let on_left = 1 + ((leaves - 1) as f64 * share) as usize;
    tree.splits[index].left = grow(tree, cuts, on_left);
    tree.splits[index].right = grow(tree, cuts, leaves - on_left);
    Child::Split(index as u32)
}

fn tree() -> impl Strategy<Value = Tree> {
    let leaves = prop_oneof![1_usize..40, 30_usize..70, 60_usize..257];
    leaves
        .prop_flat_map(|leaves| prop::collection::vec(cut(), leaves))
        .prop_map(|cuts| {
            let mut tree = Tree {
                splits: Vec::new(),
                leaves: Vec::new(),
                root: Child::Leaf(0),
                shares: false,
            };
            let leaves = cuts.len();
            tree.root = grow(&mut tree, &mut cuts.into_iter(), leaves);
            tree
        })
}

proptest! {
    #[test]
    fn bits_find_the_leaf_that_walking_finds(tree in tree(), rows in prop::collection::vec([value(), value(), value()], 1..80)) {
        let mut columns = Columns::default();
        let bits = Bits::new(&tree, &mut columns);
        prop_assert!(bits.is_some(), "{} leaves are few enough", tree.leaves.len());
        let lanes: Vec<Vec<f32>> = (0..3).map(|column| rows.iter().map(|row| row[column]).collect()).collect();
        let features = Features::from_columns(&[&lanes[0], &lanes[1], &lanes[2]]).unwrap();
        let chunk = Chunk { features: &features, number: 0, prepared: columns.prepare(&features, 0) };
        let walk = ExitFinder::Walk(Walk::new(&tree));
        for block in 0..rows.len().div_ceil(LANES) {
            let (mut walked, mut found) = ([0; LANES], [0; LANES]);
            let count = (rows.len() - block * LANES).min(LANES);
            walk.find(&chunk, block, count, &mut walked);
            ExitFinder::Bits(bits.clone().unwrap()).find(&chunk, block, count, &mut found);
            prop_assert_eq!(&walked[..count], &found[..count]);
            let followed: Vec<u32> = (0..count).map(|lane| follow(&tree, &rows, block * LANES + lane)).collect();
            prop_assert_eq!(&walked[..count], &followed[..]);
        }
    }
}

/// The leaf of one row, straight from the definition; rows beyond the last are zeros.
fn follow(tree: &Tree, rows: &[[f32; 3]], row: usize) -> u32 {
    let values = rows.get(row).copied().unwrap_or_default();
    let mut at = tree.root;
    loop {
        let split = match at {
            Child::Leaf(leaf) => return leaf,
            Child::Split(split) => &tree.splits[split as usize],
        };
        let value = values[split.feature as usize];
        let Test::AtMost(threshold) = split.test else {
            unreachable!("only such tests are made here")
        };
        let left = if value.is_nan() {
            split.nan_left
        } else {
            value <= threshold
        };
        at = if left { split.left } else { split.right };
    }
}

#[test]
fn other_trees_are_walked() {
    let leaf = || vec![(0, 0.0)];
    let split = |test| Split {
        feature: 0,
        test,
        nan_left: true,
        left: Child::Leaf(0),
        right: Child::Leaf(1),
    };
    let tree = |test, shares| Tree {
        splits: vec![split(test)],
        leaves: vec![leaf(), leaf()],
        root: Child::Split(0),
        shares,
    };
    let walked = |tree: &Tree| {
        matches!(
            ExitFinder::new(tree, &mut Columns::default()),
            ExitFinder::Walk(_)
        )
    };
    assert!(!walked(&tree(Test::AtMost(1.0), false)));
    assert!(
        walked(&tree(Test::AtMost(f32::NAN), false)),
        "NaN passes a test that no number passes"
    );
    assert!(walked(&tree(Test::Equal(1.0), false)));
    assert!(walked(&tree(Test::AtMost(1.0), true)));
}
