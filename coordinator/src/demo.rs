//! The demo's inputs: NanoAOD files with dimuons, a certification, models and a campaign.
//!
//! Everything is generated on the spot from a seed, so that `lumimill demo` needs no download,
//! no Python and no server; the three models are embedded. They were trained on events of
//! another seed by `deploy/train_demo_models.py`, so that the demo's metrics are honest. The
//! physics is that of a toy: two muons from a Z, a J/psi, an upsilon or a falling continuum, and
//! trigger decisions with turn-on curves in their momenta. It knows nothing of how a campaign
//! is run. [`pid`], [`dielectron`], [`dstar`] and [`pioneer`] are other demos.

mod branch_table;
mod certified;
mod collision;
pub mod dielectron;
mod dimuon;
pub mod dstar;
mod files;
pub mod pid;
pub mod pioneer;
mod random;

use anyhow::{Context, Result, ensure};
use branch_table::Cluster;
use certified::{LumiPlan, Section};
use collision::Collision;
use lumimill_rootfile::write::{Compression, TreeWriter};
use random::Random;
use std::fs;
use std::path::{Path, PathBuf};

/// Events that the demo makes unless told otherwise.
pub(crate) const DEMO_EVENTS: u64 = 60_000;
/// Seed of the demo's events; the models were trained on those of 20150601.
pub(crate) const DEMO_SEED: u64 = 1;

/// Number of NanoAOD files.
const FILES: usize = 2;
/// Entries of a cluster in them.
const CLUSTER_EVENTS: usize = 4_000;
const CAMPAIGN: &str = include_str!("demo/campaign.toml");
const MODELS: [(&str, &[u8]); 3] = [
    (
        "HLT_Mu17_TrkIsoVVL_Mu8_TrkIsoVVL_DZ.onnx",
        include_bytes!("demo/models/HLT_Mu17_TrkIsoVVL_Mu8_TrkIsoVVL_DZ.onnx"),
    ),
    (
        "HLT_Mu17_Mu8.onnx",
        include_bytes!("demo/models/HLT_Mu17_Mu8.onnx"),
    ),
    (
        "HLT_Mu17_Mu8_DZ.onnx",
        include_bytes!("demo/models/HLT_Mu17_Mu8_DZ.onnx"),
    ),
];

/// What [`write_inputs`] made.
#[derive(Debug, Clone)]
pub struct DemoInputs {
    /// The campaign file; its output goes to `out` beside it.
    pub campaign: PathBuf,
    /// The certified run and lumi ranges, where there are any.
    pub mask: Option<PathBuf>,
    /// The ROOT files.
    pub files: Vec<PathBuf>,
    /// Events in all files.
    pub events: u64,
    /// Events in certified lumi sections.
    pub certified_events: u64,
}

/// Writes the demo's files into `folder`, which is created if need be: `data/*.root`,
/// `certified.json`, `models/*.onnx` and `campaign.toml`. The same `events` and `seed` give the
/// same bytes.
///
/// # Errors
/// When `events` is 0 or a file cannot be written.
pub fn write_inputs(folder: &Path, events: u64, seed: u64) -> Result<DemoInputs> {
    ensure!(events > 0, "the demo needs at least one event");
    let data = folder.join("data");
    let models = folder.join("models");
    for path in [&data, &models] {
        fs::create_dir_all(path).with_context(|| format!("creating {}", path.display()))?;
    }
    let plan = LumiPlan::new(events);
    let mut files = Vec::new();
    for (index, sections) in plan.files(FILES).enumerate() {
        let path = data.join(format!("dimuon_{index}.root"));
        write_nano(&path, sections, seed, index)
            .with_context(|| format!("writing {}", path.display()))?;
        files.push(path);
    }
    for (name, bytes) in MODELS {
        write_file(&models.join(name), bytes)?;
    }
    let mask = folder.join("certified.json");
    write_file(&mask, &serde_json::to_vec(&plan.mask())?)?;
    let campaign = folder.join("campaign.toml");
    write_file(&campaign, CAMPAIGN.as_bytes())?;
    Ok(DemoInputs {
        campaign,
        mask: Some(mask),
        files,
        events,
        certified_events: plan.certified_events(),
    })
}

fn write_file(path: &Path, bytes: &[u8]) -> Result<()> {
    fs::write(path, bytes).with_context(|| format!("writing {}", path.display()))
}

/// One NanoAOD file: `Events`, and `LuminosityBlocks` with a row for each section.
fn write_nano(path: &Path, sections: &[Section], seed: u64, index: usize) -> Result<()> {
    let mut file = files::created(path, Random::new(seed, u64::MAX - index as u64))?;
    let mut tree = TreeWriter::new("Events", branch_table::schema(), Compression::Zstd(5))?;
    let mut cluster = Cluster::default();
    for section in sections {
        let mut random = Random::new(seed, section.index);
        for event in 0..section.events {
            let collision = Collision::random(&mut random, section);
            collision.fill(
                &mut cluster,
                section,
                section.first_event + event,
                &mut random,
            );
            if cluster.entries() == CLUSTER_EVENTS {
                tree.write_cluster(&mut file, &std::mem::take(&mut cluster).into_batch()?)?;
            }
        }
    }
    tree.write_cluster(&mut file, &cluster.into_batch()?)?;
    tree.finish(&mut file)?;
    let lumis = certified::lumi_batch(sections)?;
    let mut tree = TreeWriter::new("LuminosityBlocks", lumis.schema(), Compression::Zstd(5))?;
    tree.write_cluster(&mut file, &lumis)?;
    tree.finish(&mut file)?;
    files::finished(file)
}

#[cfg(test)]
mod tests;
