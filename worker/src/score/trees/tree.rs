//! One decision tree in one form, checked, whatever it was read from.
//!
//! Every test becomes "at most", "equal" or "among": `x < t` is `x <= t'` with the next smaller
//! f32, and `>=`, `>`, `!=` are the opposite tests with the branches exchanged. Thresholds of
//! double precision are rounded so that no f32 changes side.

use crate::score::error::Problem;

/// The test of a node as ONNX writes it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Mode {
    Leq,
    Lt,
    Gte,
    Gt,
    Eq,
    Neq,
    Member(Vec<f64>),
    Leaf,
}

/// A node as read: children are indices into the same list.
#[derive(Debug, Clone)]
pub(super) struct RawNode {
    pub(super) mode: Mode,
    pub(super) feature: i64,
    pub(super) value: f64,
    pub(super) on_true: usize,
    pub(super) on_false: usize,
    /// Whether a missing value (NaN) takes the true branch.
    pub(super) missing_true: bool,
    /// Of a leaf: target and weight.
    pub(super) weights: Vec<(u32, f64)>,
}

/// A checked tree: no cycles, every child there. Leaves are numbered from left to right, until they
/// are given other numbers.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tree {
    pub(super) splits: Vec<Split>,
    pub(super) leaves: Vec<Vec<(u32, f64)>>,
    pub(super) root: Child,
    /// Whether some node has several parents.
    pub(super) shares: bool,
}

impl Tree {
    /// Whether every test asks if a value is at most a number, and no node has several parents.
    pub(super) fn is_plain(&self) -> bool {
        let plain = |test: &Test| matches!(test, Test::AtMost(threshold) if !threshold.is_nan());
        !self.shares && self.splits.iter().all(|split| plain(&split.test))
    }

    /// Gives each leaf another number.
    pub(super) fn renumber(&mut self, places: &[u32]) -> Option<()> {
        let mut leaves = vec![Vec::new(); self.leaves.len()];
        for (place, leaf) in places.iter().zip(&self.leaves) {
            *leaves.get_mut(*place as usize)? = leaf.clone();
        }
        let children = self
            .splits
            .iter_mut()
            .flat_map(|split| [&mut split.left, &mut split.right]);
        for child in children.chain([&mut self.root]) {
            if let Child::Leaf(leaf) = child {
                *leaf = places.get(*leaf as usize).copied()?;
            }
        }
        self.leaves = leaves;
        Some(())
    }
}

/// A test and where it leads; `left` is where the test holds.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Split {
    pub(super) feature: u32,
    pub(super) test: Test,
    pub(super) nan_left: bool,
    pub(super) left: Child,
    pub(super) right: Child,
}

/// What holds for rows that go left; false for NaN.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Test {
    AtMost(f32),
    Equal(f32),
    /// ONNX Runtime also truncates values before it looks in sets that reach beyond 0 to 30; the
    /// specification does not, nor do we.
    Among(Vec<f32>),
}

/// An index into the splits or the leaves of a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Child {
    Split(u32),
    Leaf(u32),
}

/// Splits between the root of a tree and a leaf, at most: each row may have to go through all of them. The
/// deepest trees in use have some hundred.
const DEPTH_LIMIT: u32 = 10_000;

/// How far the search below a node has come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Progress {
    New,
    Open,
    Done,
}

/// Builds trees out of one list of nodes.
pub(super) struct Builder<'a> {
    nodes: &'a [RawNode],
    /// Names a node in errors.
    name: &'a dyn Fn(usize) -> String,
    progress: Vec<Progress>,
    place: Vec<Child>,
    /// How many splits there are from a node that is done to the farthest leaf below it.
    depth: Vec<u32>,
    /// Which tree a node is in, counted from 1.
    owner: Vec<u32>,
    trees: u32,
}

impl<'a> Builder<'a> {
    pub(super) fn new(nodes: &'a [RawNode], name: &'a dyn Fn(usize) -> String) -> Self {
        let count = nodes.len();
        Self {
            nodes,
            name,
            progress: vec![Progress::New; count],
            place: vec![Child::Leaf(0); count],
            depth: vec![0; count],
            owner: vec![0; count],
            trees: 0,
        }
    }

    /// The tree below `root`. No node may belong to two trees.
    pub(super) fn tree(&mut self, root: usize) -> Result<Tree, Problem> {
        let mut tree = Tree {
            splits: Vec::new(),
            leaves: Vec::new(),
            root: Child::Leaf(0),
            shares: false,
        };
        let mut order: Vec<usize> = Vec::new();
        // A node is put back before its children, and is done when it is met again.
        let mut stack = vec![root];
        self.trees = self.trees.saturating_add(1);
        while let Some(index) = stack.pop() {
            let node = self.node(index)?;
            self.claim(index)?;
            match self.at(index)? {
                Progress::Done => tree.shares = true,
                Progress::Open => {
                    self.measure(index, node)?;
                    self.set(index, Progress::Done);
                }
                Progress::New if node.mode == Mode::Leaf => {
                    self.put(index, Child::Leaf(position(tree.leaves.len())?));
                    self.set(index, Progress::Done);
                    tree.leaves.push(node.weights.clone());
                }
                Progress::New => {
                    self.put(index, Child::Split(position(order.len())?));
                    order.push(index);
                    self.set(index, Progress::Open);
                    let (left, right) = branches(node);
                    for child in [left, right] {
                        if self.at(child).map_err(|_| self.no_child(index))? == Progress::Open {
                            return Err(Problem::invalid(format!(
                                "{} leads back to itself",
                                (self.name)(child)
                            )));
                        }
                    }
                    stack.extend([index, right, left]);
                }
            }
        }
        tree.root = self.placed(root)?;
        for index in order {
            tree.splits.push(self.split(index)?);
        }
        Ok(tree)
    }

    /// Notes how deep a tree is below a node whose children are done.
    fn measure(&mut self, index: usize, node: &RawNode) -> Result<(), Problem> {
        let (left, right) = branches(node);
        let below = [left, right].map(|child| self.depth.get(child).copied().unwrap_or(0));
        let depth = below.into_iter().max().unwrap_or(0).saturating_add(1);
        if depth > DEPTH_LIMIT {
            return Err(Problem::invalid(format!(
                "{} has more than {DEPTH_LIMIT} splits one below the other",
                (self.name)(index)
            )));
        }
        if let Some(slot) = self.depth.get_mut(index) {
            *slot = depth;
        }
        Ok(())
    }

    fn split(&self, index: usize) -> Result<Split, Problem> {
        let node = self.node(index)?;
        let named = |reason: String| Problem::invalid(format!("{}: {reason}", (self.name)(index)));
        let feature = u32::try_from(node.feature)
            .map_err(|_| named(format!("feature id {} is not possible", node.feature)))?;
        if node.value.is_nan() && !matches!(node.mode, Mode::Member(_)) {
            return Err(named("its threshold is NaN".to_owned()));
        }
        let (left, right) = branches(node);
        let (test, nan_left) = normal_form(node);
        Ok(Split {
            feature,
            test,
            nan_left,
            left: self.placed(left)?,
            right: self.placed(right)?,
        })
    }

    /// Notes that a node is in the current tree, which must not have been in another.
    fn claim(&mut self, index: usize) -> Result<(), Problem> {
        match self.owner.get_mut(index) {
            Some(owner) if *owner == 0 || *owner == self.trees => {
                *owner = self.trees;
                Ok(())
            }
            _ => Err(Problem::invalid(format!(
                "{} is in two trees",
                (self.name)(index)
            ))),
        }
    }

    fn node(&self, index: usize) -> Result<&'a RawNode, Problem> {
        self.nodes.get(index).ok_or_else(|| self.no_child(index))
    }

    fn at(&self, index: usize) -> Result<Progress, Problem> {
        self.progress
            .get(index)
            .copied()
            .ok_or_else(|| self.no_child(index))
    }

    fn placed(&self, index: usize) -> Result<Child, Problem> {
        self.place
            .get(index)
            .copied()
            .ok_or_else(|| self.no_child(index))
    }

    fn set(&mut self, index: usize, progress: Progress) {
        if let Some(slot) = self.progress.get_mut(index) {
            *slot = progress;
        }
    }

    fn put(&mut self, index: usize, child: Child) {
        if let Some(slot) = self.place.get_mut(index) {
            *slot = child;
        }
    }

    fn no_child(&self, index: usize) -> Problem {
        Problem::invalid(format!(
            "{} has a child that is not there",
            (self.name)(index)
        ))
    }
}

fn position(count: usize) -> Result<u32, Problem> {
    u32::try_from(count).map_err(|_| Problem::invalid("a tree has more than 2^32 nodes"))
}

/// Left and right child: exchanged where the normal form is the opposite test.
fn branches(node: &RawNode) -> (usize, usize) {
    match node.mode {
        Mode::Gte | Mode::Gt | Mode::Neq => (node.on_false, node.on_true),
        _ => (node.on_true, node.on_false),
    }
}

/// The test in one of the three forms, and whether NaN goes left.
fn normal_form(node: &RawNode) -> (Test, bool) {
    let missing = node.missing_true;
    match &node.mode {
        // x > t is the opposite of x <= t, and x >= t of x < t; NaN fails both as written.
        Mode::Leq | Mode::Leaf => (Test::AtMost(at_or_below(node.value)), missing),
        Mode::Gt => (Test::AtMost(at_or_below(node.value)), !missing),
        Mode::Lt => (Test::AtMost(below(node.value)), missing),
        Mode::Gte => (Test::AtMost(below(node.value)), !missing),
        Mode::Eq => (Test::Equal(exactly(node.value)), missing),
        // NaN is unequal to everything, so it takes the true branch whatever is tracked.
        Mode::Neq => (Test::Equal(exactly(node.value)), false),
        Mode::Member(values) => (
            Test::Among(values.iter().map(|value| exactly(*value)).collect()),
            missing,
        ),
    }
}

/// The greatest f32 that is at most `value`.
fn at_or_below(value: f64) -> f32 {
    let nearest = value as f32;
    if f64::from(nearest) > value {
        nearest.next_down()
    } else {
        nearest
    }
}

/// The greatest f32 that is less than `value`; NaN, which no number is at most, when there is
/// none.
fn below(value: f64) -> f32 {
    let nearest = value as f32;
    if f64::from(nearest) < value {
        nearest
    } else if nearest == f32::NEG_INFINITY {
        f32::NAN
    } else {
        nearest.next_down()
    }
}

/// The f32 of that value, NaN (which nothing equals) when there is none.
#[expect(
    clippy::float_cmp,
    reason = "it asks whether rounding changed the value"
)]
fn exactly(value: f64) -> f32 {
    let nearest = value as f32;
    if f64::from(nearest) == value {
        nearest
    } else {
        f32::NAN
    }
}
