//! Which way is the fastest here: tried once, when an ensemble is made ready, on rows made up of
//! its own thresholds.

use std::hint::black_box;
use std::time::{Duration, Instant};

use super::columns::Prepared;
use super::{ABREAST, CHUNK, Chunk, ExitFinder, Found, Marks, WORD, Way};
use crate::score::features::{Features, LANES};

/// Trees that are tried, at even distances.
const SAMPLE: usize = 2 * ABREAST;
/// Of as many tries the fastest counts.
const TRIES: usize = 3;
/// Of more columns nothing is tried: rows of them are large, and which way is taken matters little.
const COLUMNS: usize = 4096;
/// Rows that are tried one by one.
const ROWS: usize = 8;

impl ExitFinder {
    /// Takes to walking where that is faster, and finds up to how many rows are few.
    pub(super) fn choose(&mut self) {
        let tried = self.sample(|way| !matches!(way, Way::Walk(_)));
        if tried.is_empty() || self.columns.count() > COLUMNS {
            return;
        }
        let made_up = self.made_up();
        let sliced = self.sample(|way| matches!(way, Way::Slices(_)));
        if !sliced.is_empty() && self.may_be_walked() {
            self.walks_words = self.is_faster_walked(&sliced, &made_up, WORD);
            if self.is_faster_walked(&sliced, &made_up, CHUNK) {
                let ways = self.ways.iter_mut();
                let sliced = ways.filter(|way| matches!(way, Way::Slices(_)));
                sliced.for_each(|way| *way = Way::Strides);
                self.tests = None;
            }
        }
        if !self.strides.has_all() {
            return;
        }
        let marks = self.marks(&made_up, LANES);
        let block = self.time(&tried, &made_up, marks, LANES) / tried.len() as u32;
        let row = self.time_rows(&made_up) / (ROWS * ABREAST) as u32;
        self.few = few(block, row);
    }

    /// Whether all trees that are sliced could be walked in step.
    fn may_be_walked(&self) -> bool {
        let ways = self.ways.iter().enumerate();
        let mut sliced = ways.filter(|(_, way)| matches!(way, Way::Slices(_)));
        sliced.all(|(tree, _)| self.strides.has(tree))
    }

    /// Whether so many rows are at the leaves of these trees sooner if they are walked.
    fn is_faster_walked(&self, trees: &[usize], made_up: &Prepared, rows: usize) -> bool {
        let sliced = self.time(trees, made_up, self.marks(made_up, rows), rows);
        self.time(trees, made_up, Marks::None, rows) < sliced
    }

    /// Values that stand beside thresholds of their columns.
    fn made_up(&self) -> Prepared {
        let mut thresholds: Vec<Vec<f32>> = Vec::new();
        for (column, threshold) in self.strides.thresholds() {
            let column = column as usize;
            if thresholds.len() <= column {
                thresholds.resize(column + 1, Vec::new());
            }
            if let Some(of_column) = thresholds.get_mut(column) {
                of_column.push(threshold);
            }
        }
        Prepared::made_up(thresholds.len(), |column, row| {
            let of_column = thresholds.get(column).map_or(&[][..], Vec::as_slice);
            let place = (row + 1)
                .wrapping_mul(2_654_435_761)
                .wrapping_add(column * 40_503);
            let chosen = of_column.get((place >> 7) % of_column.len().max(1));
            chosen.copied().unwrap_or_default()
        })
    }

    fn sample(&self, fits: impl Fn(&Way) -> bool) -> Vec<usize> {
        let ways = self.ways.iter().enumerate();
        let all: Vec<usize> = ways
            .filter(|(_, way)| fits(way))
            .map(|(tree, _)| tree)
            .collect();
        let step = all.len().div_ceil(SAMPLE).max(1);
        all.into_iter().step_by(step).collect()
    }

    fn time(&self, trees: &[usize], made_up: &Prepared, marks: Marks, rows: usize) -> Duration {
        let chunk = Chunk {
            features: &Features::default(),
            number: 0,
            prepared: made_up.clone(),
            marks,
        };
        let mut found = Found::default();
        fastest(|| {
            for tree in trees {
                self.find(*tree, &chunk, rows, &mut found);
                black_box(&mut found);
            }
        })
    }

    fn time_rows(&self, made_up: &Prepared) -> Duration {
        let first = made_up.block(0);
        let value = |row: usize| first.iter().map(move |values| values.0[row]);
        let rows: Vec<Vec<f32>> = (0..ROWS).map(|row| value(row).collect()).collect();
        let mut exits = [0; ABREAST];
        fastest(|| {
            for row in &rows {
                self.find_row(0, row, &mut exits);
                black_box(&mut exits);
            }
        })
    }
}

fn fastest(mut run: impl FnMut()) -> Duration {
    let mut once = || {
        let start = Instant::now();
        run();
        start.elapsed()
    };
    let tries = (0..TRIES).map(|_| once());
    tries.min().unwrap_or_default()
}

/// Rows that are walked one by one in the time of a block.
fn few(block: Duration, row: Duration) -> usize {
    let rows = block.as_nanos() / row.as_nanos().max(1);
    usize::try_from(rows).unwrap_or(LANES).clamp(1, LANES - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_rows_are_few_as_are_walked_in_the_time_of_a_block() {
        let of = |block, row| few(Duration::from_nanos(block), Duration::from_nanos(row));
        assert_eq!(of(700, 100), 7);
        assert_eq!(of(50, 100), 1);
        assert_eq!(of(9000, 0), LANES - 1);
    }
}
