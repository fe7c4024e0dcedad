//! Draws that are the same however rows are cut, follow the density, and keep the order of what they
//! were.

use std::collections::HashSet;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Float32Type;
use arrow_array::{ArrayRef, Float32Array, RecordBatch, UInt64Array};
use lumimill_kde::{Approximation, Axis, Density, Scale};

use super::{DRAW, Drawn, DrawnBy, draw_of, uniform};

const EXPECTED_DRAW: u64 = 1_496_263_509_649_806_624;
const EXPECTED_UNIFORM: f64 = 0.09866986472150768;

/// x in [0, 1] with a density that rises by `slope`, the same for all p.
fn density(slope: f64) -> Density {
    let axis = |name: &str, bins| Axis {
        name: name.to_owned(),
        low: 0.0,
        high: 1.0,
        bins,
        scale: Scale::Linear,
        width: 0.5,
    };
    let cells = 0..100 * 4;
    let sums: Vec<f64> = cells
        .map(|cell: u32| 1.0 + slope * (f64::from(cell % 100) - 49.5) / 50.0)
        .collect();
    let axes = vec![axis("x", 100), axis("p", 4)];
    Density::estimate(axes, &sums, Approximation::Constant).unwrap()
}

fn drawn(simulation: Option<Density>) -> Drawn {
    Drawn {
        value: simulation.is_some().then(|| "x".to_owned()),
        by: DrawnBy::Files {
            data: vec![density(0.9), density(0.5)],
            simulation,
        },
        given: vec!["p".to_owned()],
        seed: 3,
        columns: vec!["d".to_owned(), "d_syst".to_owned()],
    }
}

fn rows(count: u64) -> RecordBatch {
    let draws = (0..count).map(|event| draw_of((1, 2, event), 0));
    let x = (0..count).map(|row| (row as f32 + 0.5) / count as f32);
    let p = (0..count).map(|row| if row == 3 { 2.0 } else { 0.5 });
    RecordBatch::try_from_iter([
        ("x", Arc::new(Float32Array::from_iter_values(x)) as ArrayRef),
        ("p", Arc::new(Float32Array::from_iter_values(p)) as ArrayRef),
        (
            DRAW,
            Arc::new(UInt64Array::from_iter_values(draws)) as ArrayRef,
        ),
    ])
    .unwrap()
}

fn values(columns: &[ArrayRef]) -> Vec<Vec<f32>> {
    let columns = columns.iter();
    columns
        .map(|column| column.as_primitive::<Float32Type>().values().to_vec())
        .collect()
}

/// The share of [0, 1] below x of a density that rises by `slope`.
fn truth(slope: f64, x: f64) -> f64 {
    (1.0 - slope) * x + slope * x * x
}

#[test]
fn draws_follow_the_density_and_do_not_depend_on_batches() {
    let drawn = drawn(None);
    let rows = rows(20_000);
    let whole = values(&drawn.evaluate(&rows, None, &mut HashSet::new()).unwrap().0);
    let parts = [rows.slice(0, 7_001), rows.slice(7_001, 12_999)];
    let parts =
        parts.map(|part| values(&drawn.evaluate(&part, None, &mut HashSet::new()).unwrap().0));
    for column in 0..2 {
        let joined: Vec<u32> = parts
            .iter()
            .flat_map(|part| &part[column])
            .map(|x| x.to_bits())
            .collect();
        assert!(
            joined
                == whole[column]
                    .iter()
                    .map(|x| x.to_bits())
                    .collect::<Vec<_>>()
        );
    }
    // Rows that are there again, whatever the batch, share what they had.
    let mut seen = HashSet::new();
    let mut shared = |rows: &RecordBatch| drawn.evaluate(rows, None, &mut seen).unwrap().1;
    assert_eq!((shared(&rows), shared(&rows.slice(0, 70))), (0, 70));
    for (column, slope) in whole.iter().zip([0.9, 0.5]) {
        assert!(column[3].is_nan(), "outside of the density");
        let mut sorted: Vec<f32> = column.iter().copied().filter(|x| !x.is_nan()).collect();
        sorted.sort_by(f32::total_cmp);
        let count = sorted.len() as f64;
        let distance =
            |(place, x): (usize, &f32)| (truth(slope, f64::from(*x)) - place as f64 / count).abs();
        let distance = sorted.iter().enumerate().map(distance).fold(0.0, f64::max);
        assert!(distance < 0.015, "{distance}");
    }
    // By other weights it is the same draw.
    assert!(
        whole[0]
            .iter()
            .zip(&whole[1])
            .all(|(one, other)| *one > other - 0.01 || one.is_nan())
    );
}

#[test]
fn quantiles_of_simulation_become_those_of_data() {
    let drawn = drawn(Some(density(0.0)));
    let rows = rows(1_000);
    let moved = &values(&drawn.evaluate(&rows, None, &mut HashSet::new()).unwrap().0)[0];
    for (row, x) in moved.iter().enumerate().filter(|(row, _)| *row != 3) {
        let share = (row as f64 + 0.5) / 1_000.0;
        assert!(
            (truth(0.9, f64::from(*x)) - share).abs() < 0.01,
            "{row}: {x}"
        );
    }
    assert!(moved[3].is_nan());
    assert!(moved.iter().filter(|x| !x.is_nan()).is_sorted());
}

/// Reference: `xxhash.xxh64_intdigest(struct.pack("<IIQI", 1, 2, 3, 4))`, and of its bytes with a
/// double and a name.
#[test]
fn draws_are_those_that_python_computes() {
    assert_eq!(draw_of((1, 2, 3), 4), EXPECTED_DRAW);
    assert!((uniform(7, "kpi", EXPECTED_DRAW, &[1.5]) - EXPECTED_UNIFORM).abs() < 1e-15);
}
