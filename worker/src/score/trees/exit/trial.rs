//! Which way is the fastest here: tried once, when an ensemble is made ready, on rows made up of
//! its own thresholds.

use std::hint::black_box;
use std::time::{Duration, Instant};

use super::columns::Prepared;
use super::{ABREAST, BLOCKS, CHUNK, Chunk, ExitFinder, Found, Way};
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
        let walked = self.sample(|way| matches!(way, Way::Slices(_)));
        let is_nothing = tried.is_empty() && walked.is_empty();
        if is_nothing || self.columns.count() > COLUMNS {
            return;
        }
        let features = Features::default();
        let of = |rows| {
            let prepared = self.made_up();
            Chunk {
                features: &features,
                number: 0,
                marks: self.marks(&prepared, rows),
                prepared,
            }
        };
        let (chunk, block) = (of(CHUNK), of(LANES));
        if !walked.is_empty() {
            let as_made = self.time(&walked, &chunk, CHUNK);
            if self.time_walking(&walked, &chunk) < as_made {
                let ways = self.ways.iter_mut().enumerate();
                let plain = ways.filter(|(tree, _)| self.strides.has(*tree));
                plain.for_each(|(_, way)| *way = Way::Strides);
            }
        }
        if tried.is_empty() || !self.strides.has_all() {
            return;
        }
        let block = self.time(&tried, &block, LANES) / tried.len() as u32;
        let row = self.time_rows(&chunk) / (ROWS * ABREAST) as u32;
        self.few = few(block, row);
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

    fn time(&self, trees: &[usize], chunk: &Chunk<'_>, rows: usize) -> Duration {
        let mut found = Found::default();
        fastest(|| {
            for tree in trees {
                self.find(*tree, chunk, rows, &mut found);
                black_box(&mut found);
            }
        })
    }

    fn time_walking(&self, trees: &[usize], chunk: &Chunk<'_>) -> Duration {
        let mut exits = [0; LANES];
        fastest(|| {
            for tree in trees {
                for block in 0..BLOCKS {
                    let block = chunk.prepared.block(block);
                    self.strides.find(*tree, block, LANES, &mut exits);
                    black_box(&mut exits);
                }
            }
        })
    }

    fn time_rows(&self, chunk: &Chunk<'_>) -> Duration {
        let first = chunk.prepared.block(0);
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
