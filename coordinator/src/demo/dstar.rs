//! The demo of sWeights: D* candidates of data and of simulation, kaons and pions of which nobody
//! knows which are real but by the mass, a file of corrections, and a campaign.
//!
//! The physics is that of a toy with a known truth, which is in `isSignal`; below 1.5 GeV the
//! background is such that weights by the mass are not valid. It knows nothing of how a campaign is
//! run.

mod candidate;
mod correction;

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Result, ensure};
use arrow_array::{
    ArrayRef, BooleanArray, Float32Array, Int32Array, RecordBatch, UInt32Array, UInt64Array,
};

use super::random::Random;
use super::{DemoInputs, files, write_file};
use candidate::Candidate;
pub use candidate::{Origin, Species};

/// Candidates of data that the demo makes unless told otherwise, and as many of simulation.
pub(crate) const CANDIDATES: u64 = 60_000;

/// Entries of a cluster in its files.
const CLUSTER: u64 = 4_000;
/// Candidates of a lumi section, and sections of a run.
const SECTION: u64 = 250;
const RUN: u64 = 40;
/// The number of the first run of data; simulation is of run 1.
const FIRST_RUN: u32 = 5_001;
const CAMPAIGN: &str = include_str!("dstar/campaign.toml");

/// Writes the demo's files into `folder`, which is created if need be: `data/*.root`,
/// `simulation/*.root`, `certified.json`, `pid_ratio.json` and `campaign.toml`. The same `candidates` and `seed` give the same bytes.
///
/// # Errors
/// When `candidates` is 0 or a file cannot be written.
pub fn write_inputs(folder: &Path, candidates: u64, seed: u64) -> Result<DemoInputs> {
    ensure!(candidates > 0, "the demo needs at least one candidate");
    let mut files = write_candidates(&folder.join("data"), Origin::Data, candidates, seed)?;
    let simulation = folder.join("simulation");
    files.extend(write_candidates(
        &simulation,
        Origin::Simulation,
        candidates,
        seed,
    )?);
    let mask = folder.join("certified.json");
    write_file(&mask, &serde_json::to_vec(&certified(candidates))?)?;
    write_file(
        &folder.join("pid_ratio.json"),
        correction::file()?.as_bytes(),
    )?;
    let campaign = folder.join("campaign.toml");
    write_file(&campaign, CAMPAIGN.as_bytes())?;
    let sections = 0..candidates.div_ceil(SECTION);
    let sections = sections.filter(|section| is_certified(*section));
    let of_section = |section| SECTION.min(candidates - section * SECTION);
    Ok(DemoInputs {
        campaign,
        mask: Some(mask),
        files,
        events: 2 * candidates,
        certified_events: candidates + sections.map(of_section).sum::<u64>(),
    })
}

/// Writes candidates of one origin alone, `dstar_*.root`.
///
/// # Errors
/// When a file cannot be written.
pub(crate) fn write_candidates(
    folder: &Path,
    origin: Origin,
    candidates: u64,
    seed: u64,
) -> Result<Vec<PathBuf>> {
    files::several(folder, "dstar", candidates, |path, candidates, _| {
        let stream = u64::MAX - 2 * candidates.start - origin as u64;
        let batch = |candidates| batch(origin, candidates, seed);
        let identity = Random::new(seed, stream);
        files::with_tree(path, identity, "dstar", (candidates, CLUSTER), batch)
    })
}

/// The run of a lumi section.
fn run_of(section: u64) -> u32 {
    FIRST_RUN + (section / RUN) as u32
}

/// One section of seventeen was refused.
fn is_certified(section: u64) -> bool {
    section % 17 != 5
}

/// The certified sections by run, as ranges.
fn certified(candidates: u64) -> BTreeMap<String, Vec<[u64; 2]>> {
    let mut mask: BTreeMap<String, Vec<[u64; 2]>> = BTreeMap::new();
    for section in (0..candidates.div_ceil(SECTION)).filter(|section| is_certified(*section)) {
        let lumi = section % RUN + 1;
        let ranges = mask.entry(run_of(section).to_string()).or_default();
        match ranges.last_mut() {
            Some(range) if range[1] + 1 == lumi => range[1] = lumi,
            _ => ranges.push([lumi, lumi]),
        }
    }
    mask
}

fn batch(origin: Origin, numbers: Range<u64>, seed: u64) -> Result<RecordBatch> {
    // A stream of random numbers for each candidate: the same wherever clusters and files are cut.
    let stream = |number: u64| 2 * number + origin as u64;
    let made: Vec<Candidate> = numbers
        .clone()
        .map(|number| Candidate::random(&mut Random::new(seed, stream(number)), origin))
        .collect();
    let run = |number: u64| match origin {
        Origin::Data => run_of(number / SECTION),
        Origin::Simulation => 1,
    };
    let lumi = |number: u64| match origin {
        Origin::Data => (number / SECTION % RUN) as u32 + 1,
        Origin::Simulation => (number / SECTION) as u32 + 1,
    };
    let floats = |of: fn(&Candidate) -> f64| -> ArrayRef {
        let values = made.iter().map(|candidate| of(candidate) as f32);
        Arc::new(Float32Array::from_iter_values(values))
    };
    let runs = UInt32Array::from_iter_values(numbers.clone().map(run));
    let lumis = UInt32Array::from_iter_values(numbers.clone().map(lumi));
    let events = UInt64Array::from_iter_values(numbers.map(|number| number + 1));
    let charges = Int32Array::from_iter_values(made.iter().map(|candidate| candidate.charge));
    let truth = made.iter().map(|candidate| Some(candidate.is_signal));
    let truth: BooleanArray = truth.collect();
    let columns: [(&str, ArrayRef); 17] = [
        ("run", Arc::new(runs)),
        ("luminosityBlock", Arc::new(lumis)),
        ("event", Arc::new(events)),
        ("M_D0", floats(|candidate| candidate.mass)),
        ("deltaM", floats(|candidate| candidate.delta_m)),
        ("dr", floats(|candidate| candidate.dr)),
        ("dz", floats(|candidate| candidate.dz)),
        ("charge", Arc::new(charges)),
        ("p", floats(|candidate| candidate.kaon.p)),
        ("cosTheta", floats(|candidate| candidate.kaon.cosine)),
        ("kaonID", floats(|candidate| candidate.kaon.kaon_id)),
        ("pionID", floats(|candidate| candidate.kaon.pion_id)),
        ("pi_p", floats(|candidate| candidate.pion.p)),
        ("pi_cosTheta", floats(|candidate| candidate.pion.cosine)),
        ("pi_kaonID", floats(|candidate| candidate.pion.kaon_id)),
        ("pi_pionID", floats(|candidate| candidate.pion.pion_id)),
        ("isSignal", Arc::new(truth)),
    ];
    Ok(RecordBatch::try_from_iter(columns)?)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use lumimill_common::campaign::Campaign;

    #[test]
    fn the_campaign_is_valid_and_the_same_seed_gives_the_same_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let made = |name: &str, seed| write_inputs(&folder.path().join(name), 900, seed).unwrap();
        let (one, same, other) = (made("a", 1), made("b", 1), made("c", 2));
        let text = fs::read_to_string(&one.campaign).unwrap();
        let campaign = Campaign::parse(&text).unwrap_or_else(|errors| panic!("{errors}"));
        assert_eq!(campaign.functions[0].0, "binaryID");
        let bytes = |made: &DemoInputs, file: usize| fs::read(&made.files[file]).unwrap();
        assert!(bytes(&one, 0) == bytes(&same, 0) && bytes(&one, 0) != bytes(&other, 0));
        assert!(bytes(&one, 0) != bytes(&one, 2));
        assert_eq!((one.events, one.certified_events), (1_800, 1_800));
        assert_eq!(certified(5_000)["5001"], [[1, 5], [7, 20]]);
    }
}
