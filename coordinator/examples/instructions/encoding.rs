//! Rows of events as a Parquet file.

use anyhow::{Result, anyhow};
use arrow_array::RecordBatch;
use lumimill_common::failure::Failure;
use lumimill_worker::parquet_output::ParquetOutput;
use std::path::Path;

use crate::{Pass, input};

/// Batches of the same rows.
const BATCHES: usize = 4;
const COLUMNS: [&str; 12] = [
    "run",
    "luminosityBlock",
    "event",
    "nMuon",
    "MET_pt",
    "MET_phi",
    "MET_sumEt",
    "PV_npvs",
    "PV_z",
    "fixedGridRhoFastjetAll",
    "HLT_Mu17_Mu8",
    "Muon_pt",
];

pub(crate) fn ready(folder: &Path) -> Result<Pass> {
    let batch = input::batch(folder, &COLUMNS)?;
    let path = folder.join(format!("{}.parquet", std::process::id()));
    Ok(Box::new(move || {
        encode(&path, &batch).map_err(|failure| anyhow!(failure.message))
    }))
}

fn encode(path: &Path, batch: &RecordBatch) -> Result<(), Failure> {
    let mut output = ParquetOutput::create(path, &batch.schema(), Vec::new())?;
    for _ in 0..BATCHES {
        output.write(batch)?;
    }
    output.finish()?;
    Ok(())
}
