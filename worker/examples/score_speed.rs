//! Rows scored per CPU-second, one thread, for batches of 1, 64 and 4096 rows.
//!
//! `cargo run --release -p lumimill-worker --example score_speed -- MODEL.onnx [ROWS.csv [SECONDS]]`:
//! the CSV file has a header and one column a feature first; without it rows are random normal
//! numbers, which other ranges of thresholds make unlike real ones. Each size of batch is run for
//! so many seconds, or two. `tests/benches/trees.py` runs it and onnxruntime in turns.
#![expect(clippy::print_stdout, reason = "a program for the terminal")]

use std::time::{Duration, Instant};

use lumimill_worker::cpu_time::cpu_time;
use lumimill_worker::score::{Features, Model};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments
        .next()
        .ok_or("usage: score_speed MODEL.onnx [ROWS.csv [SECONDS]]")?;
    let model = Model::from_bytes(&path, &std::fs::read(&path)?)?;
    let width = model.width().ok_or("the model does not tell its width")?;
    let columns = match arguments.next() {
        Some(rows) => read_columns(&rows, width)?,
        None => random_columns(width, 4096),
    };
    let seconds = arguments.next().map_or(Ok(2.0), |text| text.parse())?;
    let span = Duration::try_from_secs_f64(seconds)?;
    let rows = columns.first().map_or(0, Vec::len);
    for asked in [1, 64, 4096] {
        let batch = rows.min(asked).max(1);
        let batches: Vec<Features> = (0..rows.min(4096) / batch)
            .map(|index| {
                let part = |column: &Vec<f32>| column[index * batch..][..batch].to_vec();
                let columns: Vec<Vec<f32>> = columns.iter().map(part).collect();
                Features::from_columns(&columns.iter().map(Vec::as_slice).collect::<Vec<_>>())
            })
            .collect::<Result<_, _>>()?;
        let mut scores = Vec::new();
        let (mut done, mut sum) = (0_usize, 0.0_f64);
        let (start, cpu) = (Instant::now(), cpu_time());
        while start.elapsed() < span {
            for features in &batches {
                model.score(features, model.classes() - 1, &mut scores)?;
                sum += scores.iter().map(|score| f64::from(*score)).sum::<f64>();
                done += scores.len();
            }
        }
        let spent = match (cpu, cpu_time()) {
            (Some(before), Some(after)) => after - before,
            _ => start.elapsed(),
        };
        let speed = done as f64 / spent.as_secs_f64();
        println!(
            "batch {asked:>5}: {speed:>10.0} rows/s   (mean score {:.6})",
            sum / done as f64
        );
    }
    Ok(())
}

fn read_columns(path: &str, width: usize) -> Result<Vec<Vec<f32>>, Box<dyn std::error::Error>> {
    let mut columns = vec![Vec::new(); width];
    for line in std::fs::read_to_string(path)?.lines().skip(1) {
        for (column, number) in columns.iter_mut().zip(line.split(',')) {
            column.push(number.trim().parse()?);
        }
    }
    Ok(columns)
}

/// Sums of twelve uniform numbers from a linear congruential generator.
fn random_columns(width: usize, rows: usize) -> Vec<Vec<f32>> {
    let mut state = 1_u64;
    let mut uniform = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1_u64 << 24) as f32
    };
    let mut normal = || (0..12).map(|_| uniform()).sum::<f32>() - 6.0;
    (0..width)
        .map(|_| (0..rows).map(|_| normal()).collect())
        .collect()
}
