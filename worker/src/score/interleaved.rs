//! Columns side by side: row after row, as the tensors of models are.

/// Values that are written before the next ones, so that they are in the nearest cache while each column
/// comes to them.
const TILE: usize = 4096;
/// Columns that are written at a time.
const GROUP: usize = 4;

/// Columns of so many rows side by side, each value as `of` makes it. What a column lacks is 0.
pub(super) fn interleaved<S: Copy, T: Copy + Default>(
    columns: &[&[S]],
    rows: usize,
    of: impl Fn(S) -> T + Copy,
) -> Vec<T> {
    let width = columns.len();
    if let [only] = columns {
        return only.iter().take(rows).copied().map(of).collect();
    }
    let mut all = Vec::with_capacity(rows.saturating_mul(width));
    if width == 0 {
        return all;
    }
    let in_tile = rows_in_tile(width);
    for first in (0..rows).step_by(in_tile) {
        // What is written first is still in that cache when it is written again.
        let begin = all.len();
        all.resize(begin + in_tile.min(rows - first) * width, T::default());
        let tile = all.get_mut(begin..).unwrap_or_default();
        fill_tile((tile, first), (0, width), columns, of);
    }
    all
}

fn rows_in_tile(width: usize) -> usize {
    (TILE / width).max(1)
}

/// Puts columns side by side from a place on in each row of `width` values, each value as `of` makes it.
pub(super) fn fill<S: Copy, T: Copy>(
    all: &mut [T],
    (first_place, width): (usize, usize),
    columns: &[&[S]],
    of: impl Fn(S) -> T + Copy,
) {
    if width == 0 {
        return;
    }
    let in_tile = rows_in_tile(width);
    for (number, tile) in all.chunks_mut(in_tile * width).enumerate() {
        fill_tile((tile, number * in_tile), (first_place, width), columns, of);
    }
}

/// The same for some rows, the first of which is so far down.
fn fill_tile<S: Copy, T: Copy>(
    (tile, first): (&mut [T], usize),
    (first_place, width): (usize, usize),
    columns: &[&[S]],
    of: impl Fn(S) -> T + Copy,
) {
    let here = |column: &&'_ [S]| column.len().min(first)..column.len();
    for (group, columns) in columns.chunks(GROUP).enumerate() {
        let place = first_place + group * GROUP;
        match columns {
            [a, b, c, d] => {
                let values = [a, b, c, d].map(|column| &column[here(column)]);
                put_four(tile, (place, width), values, of);
            }
            few => {
                for (place, column) in (place..).zip(few) {
                    put(tile, (place, width), &column[here(column)], of);
                }
            }
        }
    }
}

fn put<S: Copy, T>(
    tile: &mut [T],
    (place, width): (usize, usize),
    column: &[S],
    of: impl Fn(S) -> T,
) {
    for (row, value) in tile.chunks_exact_mut(width).zip(column) {
        if let Some(slot) = row.get_mut(place) {
            *slot = of(*value);
        }
    }
}

/// The same of four columns, which are as long as one another, or are written one by one.
fn put_four<S: Copy, T>(
    tile: &mut [T],
    (place, width): (usize, usize),
    columns: [&[S]; GROUP],
    of: impl Fn(S) -> T + Copy,
) {
    let [a, b, c, d] = columns;
    if [b, c, d].iter().any(|other| other.len() != a.len()) {
        for (place, column) in (place..).zip(columns) {
            put(tile, (place, width), column, of);
        }
        return;
    }
    let values = a.iter().zip(b).zip(c.iter().zip(d));
    for (row, ((a, b), (c, d))) in tile.chunks_exact_mut(width).zip(values) {
        if let Some(slots) = row.get_mut(place..).and_then(<[T]>::first_chunk_mut) {
            *slots = [of(*a), of(*b), of(*c), of(*d)];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_of_any_number_and_length_stand_side_by_side() {
        for width in [0, 1, 2, 3, 4, 5, 8, 21, TILE + 3] {
            for rows in [0, 1, 7, 1_000]
                .into_iter()
                .filter(|rows| rows * width < 100_000)
            {
                let value = |row: usize, column: usize| (row * 31 + column) as f64;
                let columns: Vec<Vec<f64>> = (0..width)
                    .map(|column| (0..rows).map(|row| value(row, column)).collect())
                    .collect();
                let columns: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
                let found = interleaved(&columns, rows, |value| value as f32);
                let expected = (0..rows * width).map(|at| value(at / width, at % width) as f32);
                assert_eq!(
                    found,
                    expected.collect::<Vec<_>>(),
                    "{rows} rows of {width}"
                );
            }
        }
        let short = [&[1, 2, 3][..], &[4], &[5, 6, 7], &[8, 9]];
        let found = interleaved(&short, 3, i64::from);
        assert_eq!(found, [1, 4, 5, 8, 2, 0, 6, 9, 3, 0, 7, 0]);
    }
}
