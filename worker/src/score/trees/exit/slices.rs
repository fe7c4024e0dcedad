//! Trees of at most 256 leaves without walking, up to 256 rows at a time.
//!
//! Of each leaf it is kept which rows are on their way to it, a bit a row; each test parts the rows
//! that come to it. What a test says of the rows was found before, for all trees that ask it. In
//! the end every row is at one leaf, whose number is put together bit by bit, as numbers lie in
//! bit-sliced arithmetic.

use super::chunk_rows::BLOCKS;
use super::columns::Columns;
use super::marks::{Rows, Tests};
use crate::score::features::LANES;
use crate::score::trees::tree::{Child, Test, Tree};

/// Larger trees are walked: their leaves have no number of a byte.
const LEAF_LIMIT: usize = 256;
/// Bits of a leaf's number.
pub(super) const BITS: usize = 8;

/// 32 bytes, where vector instructions read them best.
#[derive(Debug, Clone, Copy)]
#[repr(align(32))]
pub(in crate::score::trees) struct Line(pub(in crate::score::trees) [u8; LANES]);

/// The tests of a tree, from parents to children.
#[derive(Debug, Clone)]
pub(super) struct Slices {
    parts: Vec<Part>,
}

/// Parts the rows at a place: those that fail the test go to the next place that is free.
#[derive(Debug, Clone, Copy)]
struct Part {
    test: u16,
    place: u8,
}

/// Which rows are at which place of a tree, and room to put places together.
#[derive(Debug, Clone)]
pub(super) struct Places<const WORDS: usize>([[Rows<WORDS>; LEAF_LIMIT]; 2]);

/// The numbers of rows' leaves, a bit of all rows after another; how many there are.
pub(super) type Numbers<const WORDS: usize> = ([Rows<WORDS>; BITS], usize);

impl<const WORDS: usize> Default for Places<WORDS> {
    fn default() -> Self {
        Self([[[0; WORDS]; LEAF_LIMIT]; 2])
    }
}

impl Slices {
    /// Whether a tree is of the kind.
    pub(super) fn fit(tree: &Tree) -> bool {
        tree.is_plain() && tree.leaves.len() <= LEAF_LIMIT
    }

    /// `None` when it is not; its leaves get the numbers that are found for them.
    pub(super) fn new(tree: &mut Tree, tests: &Tests, columns: &Columns) -> Option<Self> {
        if !Self::fit(tree) {
            return None;
        }
        let mut places = vec![0_u8; tree.splits.len()];
        let mut leaves = vec![0_u32; tree.leaves.len()];
        let mut parts = Vec::with_capacity(tree.splits.len());
        for (split, free) in (0..).zip(1..=u8::MAX).take(tree.splits.len()) {
            let place = places.get(split).copied()?;
            let split = tree.splits.get(split)?;
            let Test::AtMost(threshold) = split.test else {
                return None;
            };
            let column = columns.known(split.feature, split.nan_left)?;
            let test = tests.number(column, threshold)?;
            parts.push(Part { test, place });
            for (child, place) in [(split.left, place), (split.right, free)] {
                match child {
                    Child::Leaf(leaf) => *leaves.get_mut(leaf as usize)? = place.into(),
                    Child::Split(split) => *places.get_mut(split as usize)? = place,
                }
            }
        }
        tree.renumber(&leaves)?;
        Some(Self { parts })
    }

    /// The numbers of the leaves that rows reach, from what tests say of them.
    #[inline(always)]
    pub(super) fn numbers<const WORDS: usize>(
        &self,
        marks: &[Rows<WORDS>],
        places: &mut Places<WORDS>,
    ) -> Numbers<WORDS> {
        let Places([places, room]) = places;
        places[0] = [u64::MAX; WORDS];
        for (part, at) in self.parts.iter().zip(0_usize..) {
            // There are fewer parts than places.
            let free = (at as u8).wrapping_add(1);
            let Some(passes) = marks.get(part.test as usize) else {
                continue;
            };
            let whole = places[part.place as usize];
            let stay = std::array::from_fn(|word| whole[word] & passes[word]);
            places[part.place as usize] = stay;
            places[free as usize] = std::array::from_fn(|word| whole[word] ^ stay[word]);
        }
        numbers(places, room, self.parts.len() + 1)
    }
}

/// The number of the place that each row is at, of the first `count`: the places of odd numbers
/// give a bit, and each two become one.
#[inline(always)]
fn numbers<'a, const WORDS: usize>(
    mut places: &'a mut [Rows<WORDS>; LEAF_LIMIT],
    mut room: &'a mut [Rows<WORDS>; LEAF_LIMIT],
    count: usize,
) -> Numbers<WORDS> {
    let mut found = [[0; WORDS]; BITS];
    let mut count = count.min(LEAF_LIMIT);
    let mut used = 0;
    for bits in &mut found {
        if count <= 1 {
            break;
        }
        let (pairs, alone) = places[..count].as_chunks::<2>();
        let mut odd = [0; WORDS];
        for (both, [even, other]) in room.iter_mut().zip(pairs) {
            odd = std::array::from_fn(|word| odd[word] | other[word]);
            *both = std::array::from_fn(|word| even[word] | other[word]);
        }
        if let ([last], Some(slot)) = (alone, room.get_mut(count / 2)) {
            *slot = *last;
        }
        *bits = odd;
        used += 1;
        count = count.div_ceil(2);
        std::mem::swap(&mut places, &mut room);
    }
    (found, used)
}

/// Puts numbers together, on processors of every kind: eight bits of eight rows at a time.
pub(super) fn put_together<const WORDS: usize>(
    (bits, used): &Numbers<WORDS>,
    blocks: usize,
    exits: &mut [Line; BLOCKS],
) {
    let bits = bits.get(..*used).unwrap_or_default();
    for (block, line) in exits.iter_mut().enumerate().take(blocks) {
        for (eight, bytes) in line.0.chunks_exact_mut(8).enumerate() {
            let first = block * LANES + eight * 8;
            let (word, shift) = (first / 64, first % 64);
            let mut square = 0;
            for (bit, rows) in bits.iter().enumerate() {
                let rows = rows.get(word).copied().unwrap_or_default();
                square |= (rows >> shift & 0xff) << (8 * bit);
            }
            bytes.copy_from_slice(&turned(square).to_le_bytes());
        }
    }
}

/// A square of eight times eight bits about its diagonal.
fn turned(square: u64) -> u64 {
    let swap = |square: u64, shift: u32, mask: u64| {
        let changed = (square ^ square >> shift) & mask;
        square ^ changed ^ changed << shift
    };
    let square = swap(square, 7, 0x00aa_00aa_00aa_00aa);
    let square = swap(square, 14, 0x0000_cccc_0000_cccc);
    swap(square, 28, 0x0000_0000_f0f0_f0f0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn squares_are_turned() {
        for (row, column) in (0..8).flat_map(|row| (0..8).map(move |column| (row, column))) {
            assert_eq!(turned(1 << (8 * row + column)), 1 << (8 * column + row));
        }
    }

    #[test]
    fn a_row_at_a_place_has_its_number() {
        for count in [1, 2, 3, 17, 63, 64, 255, 256] {
            let mut places = Places::<4>::default();
            let place_of = |row: usize| row * 7 % count;
            for row in 0..256 {
                places.0[0][place_of(row)][row / 64] |= 1 << (row % 64);
            }
            let [places, room] = &mut places.0;
            let found = numbers(places, room, count);
            let mut exits = [Line([0; LANES]); BLOCKS];
            put_together(&found, BLOCKS, &mut exits);
            for row in 0..256 {
                assert_eq!(
                    usize::from(exits[row / LANES].0[row % LANES]),
                    place_of(row)
                );
            }
        }
    }
}
