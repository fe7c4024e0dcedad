//! Which leaf each row of a chunk leaves a tree by.
//!
//! There are several ways to find it, and all of them find the same: which one is taken changes
//! how long it takes, never a score.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(not(target_arch = "x86_64"))]
#[path = "exit/no_avx2.rs"]
mod avx2;
mod chunk_rows;
mod columns;
mod lines;
mod marks;
mod slices;
mod strides;
mod trial;
mod walk;

use super::tree::Tree;
use crate::score::features::{Features, LANES};
pub(super) use avx2::{Avx2, Lookup};
pub(super) use chunk_rows::{BLOCKS, CHUNK, Exits};
use columns::{Columns, Prepared};
use marks::{Rows, Tests};
pub(super) use slices::Line;
use slices::{Places, Slices};
pub(super) use strides::ABREAST;
use strides::Strides;
use walk::Walk;

/// Rows whose marks are one word.
const WORD: usize = u64::BITS as usize;

/// The trees of an ensemble, made ready for running.
#[derive(Debug, Clone)]
pub(super) struct ExitFinder {
    columns: Columns,
    ways: Vec<Way>,
    strides: Strides,
    tests: Option<Tests>,
    avx2: Option<Avx2>,
    /// Up to how many rows each one is walked by itself through all trees.
    few: usize,
    /// Whether rows are walked that fit a word of marks, where more are not.
    walks_words: bool,
}

/// How the leaves of one tree are found.
#[derive(Debug, Clone)]
enum Way {
    Slices(Slices),
    Strides,
    Walk(Walk),
}

/// One chunk of rows, as the trees read it.
#[derive(Debug)]
pub(super) struct Chunk<'a> {
    features: &'a Features,
    number: usize,
    prepared: Prepared,
    marks: Marks,
}

/// What tests say of the rows of a chunk: of 64 rows at most, or of more; or nothing, where they are
/// walked.
#[derive(Debug)]
enum Marks {
    None,
    Narrow(Vec<Rows<1>>),
    Wide(Vec<Rows<4>>),
}

/// The leaves that the rows of a chunk leave a tree by.
#[derive(Debug)]
pub(super) struct Found {
    small: [Line; BLOCKS],
    large: [Exits; BLOCKS],
    is_small: bool,
    narrow: Places<1>,
    wide: Places<4>,
}

impl ExitFinder {
    /// Leaves of the trees get the numbers by which they are found.
    pub(super) fn new(trees: &mut [Tree]) -> Self {
        let mut finder = Self::with(trees, Avx2::detect());
        finder.choose();
        finder
    }

    fn with(trees: &mut [Tree], avx2: Option<Avx2>) -> Self {
        let mut columns = Columns::default();
        let fit = trees.iter().filter(|tree| Slices::fit(tree));
        let tests = Tests::new(fit, &mut columns);
        let mut strides = Strides::with_room_for(trees);
        let mut ways = Vec::with_capacity(trees.len());
        for (number, tree) in trees.iter_mut().enumerate() {
            let tests = tests.as_ref();
            let slices = tests.and_then(|tests| Slices::new(tree, tests, &columns));
            strides.push(tree, &mut columns);
            ways.push(match slices {
                Some(slices) => Way::Slices(slices),
                None if strides.has(number) => Way::Strides,
                None => Way::Walk(Walk::new(tree)),
            });
        }
        Self {
            columns,
            ways,
            strides,
            tests,
            avx2,
            few: 0,
            walks_words: false,
        }
    }

    /// Whether so few rows are to be taken one by one, by [`Self::find_row`].
    pub(super) fn is_few(&self, rows: usize) -> bool {
        rows <= self.few
    }

    /// Whether every tree is walked, however many rows there are.
    pub(super) fn is_walked(&self) -> bool {
        self.tests.is_none()
    }

    /// Bytes of what the trees read of a chunk.
    pub(super) fn bytes_of_a_chunk(&self) -> usize {
        self.columns
            .count()
            .saturating_mul(CHUNK * size_of::<f32>())
    }

    /// What the trees read of one row.
    pub(super) fn row(&self, features: &Features, row: usize) -> Vec<f32> {
        self.columns.row(features, row)
    }

    /// The leaves of one row in the trees of one eight.
    pub(super) fn find_row(&self, eight: usize, values: &[f32], exits: &mut [u32; ABREAST]) {
        self.strides.find_row(eight, values, exits);
    }

    /// What the trees read of one chunk.
    pub(super) fn chunk<'a>(&self, features: &'a Features, number: usize) -> Chunk<'a> {
        let prepared = self.columns.prepare(features, number);
        let rows = features.rows().saturating_sub(number.saturating_mul(CHUNK));
        Chunk {
            features,
            number,
            marks: self.marks(&prepared, rows),
            prepared,
        }
    }

    fn marks(&self, prepared: &Prepared, rows: usize) -> Marks {
        match (&self.tests, self.avx2, rows) {
            (None, ..) => Marks::None,
            (_, _, 0..=WORD) if self.walks_words => Marks::None,
            (Some(tests), Some(avx2), 0..=WORD) => Marks::Narrow(avx2.marks(tests, prepared)),
            (Some(tests), Some(avx2), _) => Marks::Wide(avx2.marks(tests, prepared)),
            (Some(tests), None, 0..=WORD) => Marks::Narrow(tests.marks(prepared)),
            (Some(tests), None, _) => Marks::Wide(tests.marks(prepared)),
        }
    }

    /// Finds the leaves of the first `rows` rows of a chunk in one tree.
    pub(super) fn find(&self, tree: usize, chunk: &Chunk<'_>, rows: usize, found: &mut Found) {
        let blocks = rows.div_ceil(LANES);
        let Some(way) = self.ways.get(tree) else {
            return;
        };
        found.is_small = true;
        let small = (blocks, &mut found.small);
        match (way, &chunk.marks) {
            (Way::Slices(slices), Marks::Narrow(marks)) => {
                return self.slice(slices, marks, &mut found.narrow, small);
            }
            (Way::Slices(slices), Marks::Wide(marks)) => {
                return self.slice(slices, marks, &mut found.wide, small);
            }
            _ => found.is_small = false,
        }
        for (block, exits) in found.large.iter_mut().enumerate().take(blocks) {
            let rows = (rows - block * LANES).min(LANES);
            match way {
                Way::Strides | Way::Slices(_) => {
                    let block = chunk.prepared.block(block);
                    self.strides.find(tree, block, rows, exits);
                }
                Way::Walk(walk) => {
                    let block = chunk.number * BLOCKS + block;
                    walk.find(chunk.features.block(block), rows, exits);
                }
            }
        }
    }

    fn slice<const WORDS: usize>(
        &self,
        slices: &Slices,
        marks: &[Rows<WORDS>],
        places: &mut Places<WORDS>,
        (blocks, exits): (usize, &mut [Line; BLOCKS]),
    ) {
        match self.avx2 {
            Some(avx2) => avx2.find(slices, marks, places, (blocks, exits)),
            None => slices::put_together(&slices.numbers(marks, places), blocks, exits),
        }
    }
}

impl Default for Found {
    fn default() -> Self {
        Self {
            small: [Line([0; LANES]); BLOCKS],
            large: [[0; LANES]; BLOCKS],
            is_small: false,
            narrow: Places::default(),
            wide: Places::default(),
        }
    }
}

impl Found {
    /// The leaves of each block, as bytes or as whole numbers.
    pub(super) fn blocks(&self) -> (&[Line], &[Exits]) {
        match self.is_small {
            true => (&self.small, &[]),
            false => (&[], &self.large),
        }
    }
}

#[cfg(test)]
mod tests;
