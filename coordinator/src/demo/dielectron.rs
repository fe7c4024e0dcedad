//! The demo of dielectrons: pairs in tables as ALICE's derived data have them, models in bins of
//! centrality and momentum by a configuration that O2 reads too, and a campaign.
//!
//! The physics is that of a toy: prompt and nonprompt J/psi, combinations of unrelated tracks, and
//! what tracking and particle identification say of them. The tables of a data frame are in a
//! directory of its own, the centrality beside the pairs; the truth is in `fMcDecision`.

mod pair;
mod table;

use std::fs;
use std::ops::Range;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use lumimill_rootfile::write::{Compression, TreeWriter};

use super::random::Random;
use super::{DemoInputs, files, write_file};
use pair::Pair;

/// Pairs that the demo makes unless told otherwise.
pub const PAIRS: u64 = 60_000;

/// Pairs of a data frame, at most.
const FRAME_PAIRS: u64 = 4_000;
const CAMPAIGN: &str = include_str!("dielectron/campaign.toml");
const CONFIG: &[u8] = include_bytes!("dielectron/bdt_config.json");
const MODELS: [(&str, &[u8]); 4] = [
    (
        "cent_0_30_pt_0_2.onnx",
        include_bytes!("dielectron/models/cent_0_30_pt_0_2.onnx"),
    ),
    (
        "cent_0_30_pt_2_10.onnx",
        include_bytes!("dielectron/models/cent_0_30_pt_2_10.onnx"),
    ),
    (
        "cent_30_60_pt_0_2.onnx",
        include_bytes!("dielectron/models/cent_30_60_pt_0_2.onnx"),
    ),
    (
        "cent_30_60_pt_2_10.onnx",
        include_bytes!("dielectron/models/cent_30_60_pt_2_10.onnx"),
    ),
];
/// The tables of a data frame.
const TREES: [&str; 2] = ["O2rtdielectronall", "O2rtdielectronml"];

/// Writes the demo's files into `folder`, which is created if need be: `data/*.root`,
/// `models/*.onnx`, `bdt_config.json` and `campaign.toml`. The same `pairs` and `seed` give the same
/// bytes.
///
/// # Errors
/// When `pairs` is 0 or a file cannot be written.
pub fn write_inputs(folder: &Path, pairs: u64, seed: u64) -> Result<DemoInputs> {
    let files = write_tables(folder, pairs, seed)?;
    let models = folder.join("models");
    fs::create_dir_all(&models).with_context(|| format!("creating {}", models.display()))?;
    for (name, bytes) in MODELS {
        write_file(&models.join(name), bytes)?;
    }
    write_file(&folder.join("bdt_config.json"), CONFIG)?;
    let campaign = folder.join("campaign.toml");
    write_file(&campaign, CAMPAIGN.as_bytes())?;
    Ok(DemoInputs {
        campaign,
        mask: None,
        files,
        events: pairs,
        certified_events: pairs,
    })
}

/// Writes the tables alone, `data/*.root`.
///
/// # Errors
/// When `pairs` is 0 or a file cannot be written.
pub fn write_tables(folder: &Path, pairs: u64, seed: u64) -> Result<Vec<std::path::PathBuf>> {
    ensure!(pairs > 0, "the demo needs at least one pair");
    let data = folder.join("data");
    files::several(&data, "AO2D", pairs, |path, pairs, index| {
        write_frames(path, pairs, seed, index)
    })
}

/// One file: a directory for each data frame, with its tables.
fn write_frames(path: &Path, pairs: Range<u64>, seed: u64, index: u64) -> Result<()> {
    let mut file = files::created(path, Random::new(seed, u64::MAX - index))?;
    let frame_pairs = FRAME_PAIRS.min(pairs.end.saturating_sub(pairs.start).div_ceil(3));
    let mut start = pairs.start;
    while start < pairs.end {
        // Frames of different length.
        let count = frame_pairs - frame_pairs / 5 * (start % 3);
        let stop = pairs.end.min(start + count.max(1));
        // A stream of random numbers for each pair: the same wherever frames and files are cut.
        let made: Vec<Pair> = (start..stop)
            .map(|number| Pair::random(&mut Random::new(seed, number)))
            .collect();
        // As O2 names them, by a number that grows with time.
        let frame = format!("DF_{}", 2_259_000_000_000 + 1_000 * start);
        for (name, batch) in TREES
            .iter()
            .zip([table::pairs(&made)?, table::beside(&made)?])
        {
            let name = format!("{frame}/{name}");
            let mut tree = TreeWriter::new(&name, batch.schema(), Compression::Zstd(5))?;
            tree.write_cluster(&mut file, &batch)?;
            tree.finish(&mut file)?;
        }
        start = stop;
    }
    files::finished(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use lumimill_common::campaign::Campaign;

    #[test]
    fn the_campaign_is_valid_and_the_same_seed_gives_the_same_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let made = |name: &str, seed| write_inputs(&folder.path().join(name), 300, seed).unwrap();
        let (one, same, other) = (made("a", 1), made("b", 1), made("c", 2));
        let text = fs::read_to_string(&one.campaign).unwrap();
        let campaign = Campaign::parse(&text).unwrap_or_else(|errors| panic!("{errors}"));
        assert_eq!(campaign.stages[0].models.len(), 1);
        let bytes = |made: &DemoInputs| fs::read(&made.files[0]).unwrap();
        assert!(bytes(&one) == bytes(&same) && bytes(&one) != bytes(&other));
        assert!(MODELS.iter().all(|(_, bytes)| bytes.len() < 30_000));
    }
}
