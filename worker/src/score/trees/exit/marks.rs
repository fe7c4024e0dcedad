//! Which rows of a chunk pass which tests: a bit a row, for every different test of an ensemble.
//!
//! Trees of one ensemble share most of their tests. A value's place among the thresholds of its
//! column says which it passes: it is marked at the first of them, and each threshold passes on its
//! marks to the next.

use super::columns::{Block, Columns, Prepared};
use crate::score::features::LANES;
use crate::score::trees::tree::{Test, Tree};

/// More different tests are not marked: trees are walked.
const LIMIT: usize = u16::MAX as usize;
/// Thresholds that a value is compared with at a time.
const GROUP: usize = 16;

/// Rows of a chunk, or some of them, by words of 64.
pub(super) type Rows<const WORDS: usize> = [u64; WORDS];

/// The different tests of an ensemble's small trees.
#[derive(Debug, Clone)]
pub(super) struct Tests {
    columns: Vec<Thresholds>,
    count: usize,
}

/// The thresholds of a column.
#[derive(Debug, Clone)]
struct Thresholds {
    /// The number of the first test.
    first: usize,
    /// Ascending.
    all: Vec<f32>,
    /// The same in groups; each level has the last of every group of the level behind it, and the
    /// first is one group.
    levels: Vec<Vec<[f32; GROUP]>>,
}

impl Tests {
    /// `None` where there are none or too many.
    pub(super) fn new<'a>(
        trees: impl Iterator<Item = &'a Tree>,
        columns: &mut Columns,
    ) -> Option<Self> {
        let mut all: Vec<Vec<f32>> = Vec::new();
        for split in trees.flat_map(|tree| &tree.splits) {
            let Test::AtMost(threshold) = split.test else {
                continue;
            };
            let column = columns.column(split.feature, split.nan_left) as usize;
            if all.len() <= column {
                all.resize(column + 1, Vec::new());
            }
            // -0 is 0.
            all.get_mut(column)?.push(threshold + 0.0);
        }
        let mut count = 0;
        let mut columns = Vec::with_capacity(all.len());
        for all in all {
            let thresholds = Thresholds::new(count, all);
            count = count.checked_add(thresholds.all.len())?;
            columns.push(thresholds);
        }
        (1..=LIMIT)
            .contains(&count)
            .then_some(Self { columns, count })
    }

    /// The number of a test.
    pub(super) fn number(&self, column: u32, threshold: f32) -> Option<u16> {
        let thresholds = self.columns.get(column as usize)?;
        let place = thresholds.all.partition_point(|known| *known < threshold);
        u16::try_from(thresholds.first.checked_add(place)?).ok()
    }

    /// For each test the rows of a chunk that pass it.
    #[inline(always)]
    pub(super) fn marks<const WORDS: usize>(&self, prepared: &Prepared) -> Vec<Rows<WORDS>> {
        let mut marks = vec![[0; WORDS]; self.count];
        for (column, thresholds) in self.columns.iter().enumerate() {
            let end = thresholds.first + thresholds.all.len();
            let Some(marks) = marks.get_mut(thresholds.first..end) else {
                continue;
            };
            for block in 0..WORDS * u64::BITS as usize / LANES {
                if let Some(values) = prepared.block(block).get(column) {
                    thresholds.mark(values, block * LANES, marks);
                }
            }
            let mut before = [0; WORDS];
            for marks in marks {
                for (mark, before) in marks.iter_mut().zip(&mut before) {
                    *mark |= *before;
                    *before = *mark;
                }
            }
        }
        marks
    }
}

impl Thresholds {
    fn new(first: usize, mut all: Vec<f32>) -> Self {
        all.sort_unstable_by(f32::total_cmp);
        all.dedup();
        let mut levels: Vec<Vec<[f32; GROUP]>> = Vec::new();
        let mut level = all.clone();
        loop {
            let filled = |part: &[f32]| {
                std::array::from_fn(|place| part.get(place).copied().unwrap_or(f32::INFINITY))
            };
            let groups: Vec<[f32; GROUP]> = level.chunks(GROUP).map(filled).collect();
            level = groups.iter().map(|group| group[GROUP - 1]).collect();
            levels.push(groups);
            if level.len() <= 1 {
                break;
            }
        }
        levels.reverse();
        Self { first, all, levels }
    }

    /// Marks each row of a block at the first threshold that its value is at most.
    #[inline(always)]
    fn mark<const WORDS: usize>(&self, values: &Block, first: usize, marks: &mut [Rows<WORDS>]) {
        for (row, value) in (first..).zip(&values.0) {
            let words = marks.get_mut(self.place(*value));
            if let Some(word) = words.and_then(|words| words.get_mut(row / u64::BITS as usize)) {
                *word |= 1 << (row % u64::BITS as usize);
            }
        }
    }

    /// The number of thresholds that a value is not at most, or more if it is at most none.
    #[inline(always)]
    fn place(&self, value: f32) -> usize {
        let mut place = 0;
        for level in &self.levels {
            let Some(group) = level.get(place) else {
                return self.all.len();
            };
            let beyond = group.iter().map(|known| u32::from(!at_most(value, *known)));
            place = place * GROUP + beyond.sum::<u32>() as usize;
        }
        place
    }
}

#[inline(always)]
fn at_most(value: f32, threshold: f32) -> bool {
    value <= threshold
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_counts_the_thresholds_that_a_value_is_not_at_most() {
        for count in [0, 1, 15, 16, 17, 255, 256, 257, 5000] {
            let all: Vec<f32> = (0..count).map(|place| place as f32 * 0.5).collect();
            let thresholds = Thresholds::new(0, all.clone());
            let beside = |value: &f32| [value.next_down(), *value, value.next_up()];
            let odd = [f32::INFINITY, f32::NEG_INFINITY, f32::NAN, -0.0, f32::MAX];
            for value in all.iter().flat_map(beside).chain(odd) {
                let beyond = all.iter().filter(|known| !at_most(value, **known));
                let found = thresholds.place(value).min(all.len());
                assert_eq!(found, beyond.count(), "{value} of {count}");
            }
        }
    }

    #[test]
    fn an_infinite_threshold_is_one_of_them() {
        let thresholds = Thresholds::new(0, vec![f32::INFINITY, f32::NEG_INFINITY, 1.0]);
        let values = [f32::NEG_INFINITY, 0.0, 1.0, 2.0, f32::INFINITY];
        let places = values.map(|value| thresholds.place(value));
        assert_eq!(places, [0, 1, 1, 2, 2]);
        assert!(thresholds.place(f32::NAN) >= 3);
    }
}
