//! Every way must find the same leaf, whatever the tree and the rows.

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
        .prop_map(|cuts| grown(&cuts))
}

/// A tree of as many leaves as there are cuts, of which the last is not used.
fn grown(cuts: &[(u32, f32, bool, f64)]) -> Tree {
    let mut tree = Tree {
        splits: Vec::new(),
        leaves: Vec::new(),
        root: Child::Leaf(0),
        shares: false,
    };
    tree.root = grow(&mut tree, &mut cuts.iter().copied(), cuts.len());
    tree
}

/// Every way to find leaves that there is for these trees, with the trees as they are numbered.
fn ways(trees: &[Tree]) -> Vec<(&'static str, ExitFinder, Vec<Tree>)> {
    let mut ways = Vec::new();
    if Avx2::detect().is_none() {
        eprintln!("NOT TESTED: this processor has no AVX2");
    }
    for avx2 in [Avx2::detect(), None] {
        let mut numbered = trees.to_vec();
        let finder = ExitFinder::with(&mut numbered, avx2);
        let mut strides = finder.clone();
        strides.ways.fill(Way::Strides);
        let mut walk = finder.clone();
        let walks = numbered.iter().map(|tree| Way::Walk(Walk::new(tree)));
        walk.ways = walks.collect();
        // As if it had been found that so few rows are walked sooner.
        let mut words = finder.clone();
        words.walks_words = true;
        let of = [
            ("slices", finder),
            ("slices", words),
            ("strides", strides),
            ("walk", walk),
        ];
        ways.extend(of.map(|(name, finder)| (name, finder, numbered.clone())));
    }
    ways
}

fn is(way: &Way) -> &'static str {
    match way {
        Way::Slices(_) => "slices",
        Way::Strides => "strides",
        Way::Walk(_) => "walk",
    }
}

fn features(rows: &[[f32; 3]]) -> Features {
    let lane = |column: usize| rows.iter().map(|row| row[column]).collect::<Vec<f32>>();
    Features::from_columns(&[&lane(0), &lane(1), &lane(2)]).unwrap()
}

proptest! {
    #[test]
    fn every_way_finds_the_leaf_that_walking_finds(trees in prop::collection::vec(tree(), 1..4), rows in prop::collection::vec([value(), value(), value()], 1..300)) {
        same_leaves(&trees, &rows)?;
    }
}

fn same_leaves(trees: &[Tree], rows: &[[f32; 3]]) -> Result<(), TestCaseError> {
    let features = features(rows);
    for (name, finder, trees) in ways(trees) {
        // Trees of one leaf ask nothing.
        let is_way = |(way, tree): (&Way, &Tree)| is(way) == name || tree.splits.is_empty();
        prop_assert!(finder.ways.iter().zip(&trees).all(is_way), "{}", name);
        for number in 0..rows.len().div_ceil(CHUNK) {
            let chunk = finder.chunk(&features, number);
            let before = number * CHUNK;
            let count = (rows.len() - before).min(CHUNK);
            let mut found = Found::default();
            for (place, tree) in trees.iter().enumerate() {
                finder.find(place, &chunk, count, &mut found);
                let (small, large) = found.blocks();
                let small = small.iter().flat_map(|line| line.0.map(u32::from));
                let found: Vec<u32> = small.chain(large.iter().flatten().copied()).collect();
                let followed = rows[before..][..count].iter().map(|row| follow(tree, row));
                prop_assert_eq!(
                    &found[..count],
                    &followed.collect::<Vec<u32>>()[..],
                    "{}",
                    name
                );
            }
        }
        let mut exits = [0; ABREAST];
        for (row, values) in rows.iter().enumerate() {
            finder.find_row(0, &finder.row(&features, row), &mut exits);
            let followed: Vec<u32> = trees.iter().map(|tree| follow(tree, values)).collect();
            prop_assert_eq!(&exits[..trees.len()], &followed[..], "one by one");
        }
    }
    Ok(())
}

/// The leaf of one row, straight from the definition.
fn follow(tree: &Tree, values: &[f32; 3]) -> u32 {
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
        let finder = ExitFinder::with(&mut [tree.clone()], Avx2::detect());
        matches!(finder.ways[..], [Way::Walk(_)])
    };
    assert!(!walked(&tree(Test::AtMost(1.0), false)));
    assert!(
        walked(&tree(Test::AtMost(f32::NAN), false)),
        "NaN passes a test that no number passes"
    );
    assert!(walked(&tree(Test::Equal(1.0), false)));
    assert!(walked(&tree(Test::AtMost(1.0), true)));
}

/// A leaf is where walks end that others go on beside.
#[test]
fn trees_of_one_leaf_are_walked_beside_deep_ones() {
    let cuts = |count| vec![(0, 1.0, false, 0.9); count];
    let mut trees = [grown(&cuts(1)), grown(&cuts(400)), grown(&cuts(1))];
    let finder = ExitFinder::with(&mut trees, None);
    let mut exits = [7; ABREAST];
    finder.find_row(0, &[2.0], &mut exits);
    let followed = trees.each_ref().map(|tree| follow(tree, &[2.0; 3]));
    assert_eq!(exits[..3], followed);
}

#[test]
fn one_row_is_led_through_more_trees_than_one_eight() {
    let threshold = |tree: u32, at: u32| (tree * 7 + at * 3) as f32 % 11.0;
    let grow = |tree| {
        let cuts = (0..=tree * 2).map(|at| (at % 3, threshold(tree, at), at % 2 == 0, 0.4));
        grown(&cuts.collect::<Vec<_>>())
    };
    let mut trees: Vec<Tree> = (0..19).map(grow).collect();
    let finder = ExitFinder::with(&mut trees, None);
    for row in [
        [2.0, 9.0, 5.5],
        [f32::NAN, 0.5, 7.0],
        [10.5, -1.0, f32::NAN],
    ] {
        let values = finder.row(&features(&[row]), 0);
        for (eight, trees) in trees.chunks(ABREAST).enumerate() {
            let mut exits = [0; ABREAST];
            finder.find_row(eight, &values, &mut exits);
            let followed: Vec<u32> = trees.iter().map(|tree| follow(tree, &row)).collect();
            assert_eq!(exits[..trees.len()], followed);
        }
    }
}

#[test]
fn large_trees_are_walked_abreast() {
    let cuts: Vec<_> = (0..3000_u32)
        .map(|at| (at % 3, at as f32, at % 2 == 0, 0.5))
        .collect();
    let trees = [grown(&cuts)];
    let mut numbered = trees.to_vec();
    let finder = ExitFinder::with(&mut numbered, Avx2::detect());
    assert!(matches!(finder.ways[..], [Way::Strides]));
    let rows: Vec<[f32; 3]> = (0..500)
        .map(|at| [at as f32 * 6.1, 1500.0, f32::NAN])
        .collect();
    let features = features(&rows);
    let mut found = Found::default();
    finder.find(0, &finder.chunk(&features, 0), CHUNK, &mut found);
    let (_, large) = found.blocks();
    let followed: Vec<u32> = rows
        .iter()
        .take(CHUNK)
        .map(|row| follow(&trees[0], row))
        .collect();
    assert_eq!(large.concat(), followed);
}
