//! What work is done on: the demo's events and models, and a forest. The same each time.

use anyhow::{Context, Result};
use arrow_array::RecordBatch;
use lumimill::demo::write_inputs;
use lumimill_rootfile::{RootFile, Tree};
use lumimill_worker::score::Features;
use std::fs;
use std::path::Path;

use crate::forest_file;
use crate::uniform::uniform;

const EVENTS: u64 = 12_000;
const SEED: u64 = 1;

/// Writes all of it into a folder.
pub(crate) fn write(folder: &Path) -> Result<()> {
    write_inputs(folder, EVENTS, SEED)?;
    fs::write(folder.join("forest.onnx"), forest_file::bytes())?;
    Ok(())
}

/// The tree of the first file of events.
pub(crate) fn events(folder: &Path) -> Result<Tree> {
    let path = folder.join("data/dimuon_0.root");
    Ok(RootFile::open(&path)?.tree("Events")?)
}

/// The first 4,096 events, with branches that expressions read.
pub(crate) fn batch(folder: &Path, branches: &[&str]) -> Result<RecordBatch> {
    Ok(events(folder)?.reader(branches)?.read(0..4_096)?)
}

/// Numbers like those of a standard normal distribution, so many features of so many rows each.
pub(crate) fn features(width: usize, rows: usize) -> Result<Features> {
    let mut uniform = uniform();
    let mut normal = || (0..12).map(|_| uniform()).sum::<f32>() - 6.0;
    let columns: Vec<Vec<f32>> = (0..width)
        .map(|_| (0..rows).map(|_| normal()).collect())
        .collect();
    let columns: Vec<&[f32]> = columns.iter().map(Vec::as_slice).collect();
    Features::from_columns(&columns).context("features")
}
