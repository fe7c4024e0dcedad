//! Tree ensembles, by each of the ways to score them.

use anyhow::{Context, Result};
use lumimill_worker::score::{Features, Model};
use std::fs;
use std::hint::black_box;
use std::path::Path;

use crate::{Pass, input};

/// Three hundred small trees, without walking.
pub(crate) fn in_batches(folder: &Path) -> Result<Pass> {
    scored(&folder.join("models/HLT_Mu17_Mu8.onnx"), 1, 4_096)
}

/// The same, each row walked by itself.
pub(crate) fn by_row(folder: &Path) -> Result<Pass> {
    scored(&folder.join("models/HLT_Mu17_Mu8.onnx"), 256, 1)
}

/// Trees that are too large for anything but walking.
pub(crate) fn of_a_forest(folder: &Path) -> Result<Pass> {
    scored(&folder.join("forest.onnx"), 1, 4_096)
}

/// So many batches of as many rows.
fn scored(path: &Path, batches: usize, rows: usize) -> Result<Pass> {
    let name = path.display().to_string();
    let model = Model::from_bytes(&name, &fs::read(path)?)?;
    let width = model.width().context("the model does not tell its width")?;
    let class = model.classes() - 1;
    let batches: Vec<Features> = vec![input::features(width, rows)?; batches];
    let mut scores = Vec::new();
    Ok(Box::new(move || {
        for batch in &batches {
            model.score(batch, class, &mut scores)?;
            black_box(&scores);
        }
        Ok(())
    }))
}
