//! Small trees without walking: every test removes the leaves that it rules out.
//!
//! Each row has a bit for every leaf. A test that fails clears the bits of the leaves on its left;
//! the leaf reached is the lowest bit left. The order of the tests is free, so that one test runs
//! over a whole block of rows, without branches and without gathering. The idea is QuickScorer's
//! (Lucchese et al., SIGIR 2015); unlike there, trees are taken one at a time, so that the bits
//! stay in registers. Of more than 32 leaves, each word of 32 bits has its own list of tests.

use super::columns::{Block, Columns};
use crate::score::features::LANES;
use crate::score::trees::exit::Exits;
use crate::score::trees::tree::{Child, Test, Tree};

/// Larger trees are walked: their tests reach too many words.
const WORD_LIMIT: usize = 8;

/// The tests of a tree, for each word of leaves.
#[derive(Debug, Clone)]
pub(in crate::score::trees) struct Bits {
    words: Vec<Vec<BitTest>>,
}

/// A test as one word sees it.
#[derive(Debug, Clone, Copy)]
struct BitTest {
    threshold: f32,
    /// Bits that stay in rows whose value is not at most the threshold.
    keep: u32,
    column: u32,
}

impl Bits {
    /// `None` when the tree is too large, has other tests, or shares nodes.
    pub(super) fn new(tree: &Tree, columns: &mut Columns) -> Option<Self> {
        let words = tree.leaves.len().div_ceil(32);
        let plain = |test: &Test| matches!(test, Test::AtMost(threshold) if !threshold.is_nan());
        if tree.shares || words > WORD_LIMIT || !tree.splits.iter().all(|split| plain(&split.test))
        {
            return None;
        }
        let ranges = leaf_ranges(tree)?;
        let mut tests = vec![Vec::new(); words];
        for (split, (first, end)) in tree.splits.iter().zip(ranges) {
            let Test::AtMost(threshold) = split.test else {
                return None;
            };
            let column = columns.column(split.feature, split.nan_left);
            for (word, tests) in tests.iter_mut().enumerate() {
                let keep = !bits_between(first, end, word);
                if keep != u32::MAX {
                    tests.push(BitTest {
                        threshold,
                        keep,
                        column,
                    });
                }
            }
        }
        Some(Self { words: tests })
    }

    /// Finds the leaves of the first `rows` rows of a block.
    #[inline(always)]
    pub(super) fn find(&self, block: &[Block], rows: usize, exits: &mut Exits) {
        match rows {
            0..=4 => self.find_lanes::<4>(block, exits),
            5..=8 => self.find_lanes::<8>(block, exits),
            9..=16 => self.find_lanes::<16>(block, exits),
            _ => self.find_lanes::<LANES>(block, exits),
        }
    }

    #[inline(always)]
    fn find_lanes<const N: usize>(&self, block: &[Block], exits: &mut Exits) {
        let Some(exits) = exits.first_chunk_mut::<N>() else {
            return;
        };
        let Some((last, before)) = self.words.split_last() else {
            return;
        };
        let last_start = before.len() as u32 * 32;
        *exits = survivors(last, block).map(|alive| last_start + lowest_bit(alive));
        for (word, tests) in before.iter().enumerate().rev() {
            let alive = survivors::<N>(tests, block);
            let start = word as u32 * 32;
            for (exit, alive) in exits.iter_mut().zip(alive) {
                *exit = if alive == 0 {
                    *exit
                } else {
                    start + lowest_bit(alive)
                };
            }
        }
    }
}

/// The bits of one word that no test clears, for each of the first rows of a block.
#[inline(always)]
fn survivors<const N: usize>(tests: &[BitTest], block: &[Block]) -> [u32; N] {
    let mut alive = [u32::MAX; N];
    for test in tests {
        let values = block
            .get(test.column as usize)
            .and_then(|block| block.0.first_chunk::<N>());
        let Some(values) = values else { continue };
        // As arithmetic on bits the compiler makes vector instructions of it.
        let passes: [u32; N] =
            std::array::from_fn(|lane| u32::from(values[lane] <= test.threshold).wrapping_neg());
        alive = std::array::from_fn(|lane| alive[lane] & (passes[lane] | test.keep));
    }
    alive
}

/// The number of the lowest bit, which must be there: the exponent of its value as a
/// floating-point number, which vector instructions give and a count of zeros they do not.
#[inline(always)]
fn lowest_bit(bits: u32) -> u32 {
    let lowest = bits & bits.wrapping_neg();
    ((lowest.cast_signed() as f32).to_bits() >> 23 & 0xff).wrapping_sub(127)
}

/// First and end of the leaves on the left of each split. Leaves are numbered from left to right
/// and splits from a parent to its children.
fn leaf_ranges(tree: &Tree) -> Option<Vec<(u32, u32)>> {
    let mut whole = vec![(0, 0); tree.splits.len()];
    let mut left = whole.clone();
    let range = |child: Child, whole: &[(u32, u32)]| match child {
        Child::Leaf(leaf) => Some((leaf, leaf.checked_add(1)?)),
        Child::Split(split) => whole.get(split as usize).copied(),
    };
    for (index, split) in tree.splits.iter().enumerate().rev() {
        let (first, middle) = range(split.left, &whole)?;
        let (next, end) = range(split.right, &whole)?;
        if middle != next {
            return None;
        }
        *left.get_mut(index)? = (first, middle);
        *whole.get_mut(index)? = (first, end);
    }
    Some(left)
}

/// The bits of leaves `first` to `end` (not included) in a word.
fn bits_between(first: u32, end: u32, word: usize) -> u32 {
    let start = word as u32 * 32;
    let below = |leaf: u32| match leaf.saturating_sub(start) {
        bits @ 0..32 => (1_u32 << bits) - 1,
        _ => u32::MAX,
    };
    below(end) & !below(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_bit_is_found() {
        for bit in 0..32 {
            assert_eq!(lowest_bit(1 << bit), bit);
            assert_eq!(lowest_bit(u32::MAX << bit), bit);
        }
    }

    #[test]
    fn bits_of_a_word_are_those_of_its_leaves() {
        assert_eq!(bits_between(0, 3, 0), 0b111);
        assert_eq!(bits_between(30, 34, 0), 0b11 << 30);
        assert_eq!(bits_between(30, 34, 1), 0b11);
        assert_eq!(bits_between(0, 64, 1), u32::MAX);
        assert_eq!(bits_between(0, 32, 1), 0);
    }
}
