//! The demo of particle identification: tracks with detectors that are there or not, a model that
//! is told which, and a campaign.
//!
//! The physics is that of a toy: pions, kaons, protons and electrons, the energy that each leaves
//! in a time projection chamber, its time of flight for the few that are matched, and what Bayes
//! makes of both. What a detector did not see is NaN or a sentinel, as it is in real tables.

mod track;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use arrow_array::{ArrayRef, Float32Array, Int32Array, RecordBatch, UInt32Array, UInt64Array};
use arrow_schema::{DataType, Field, Schema, SchemaRef};

use super::random::Random;
use super::{DemoInputs, files, write_file};
use track::{FLOATS, Track};

/// Tracks that the demo makes unless told otherwise.
pub(crate) const PID_TRACKS: u64 = 60_000;

/// Entries of a cluster in its files.
const CLUSTER_TRACKS: u64 = 4_000;
/// Tracks of a lumi section, and of a stream of random numbers.
const SECTION_TRACKS: u64 = 500;
const CAMPAIGN: &str = include_str!("pid/campaign.toml");
const MODEL: &[u8] = include_bytes!("pid/attention.onnx");

/// Writes the demo's files into `folder`, which is created if need be: `data/*.root`,
/// `models/attention.onnx` and `campaign.toml`. The same `tracks` and `seed` give the same bytes.
///
/// # Errors
/// When `tracks` is 0 or a file cannot be written.
pub fn write_inputs(folder: &Path, tracks: u64, seed: u64) -> Result<DemoInputs> {
    ensure!(tracks > 0, "the demo needs at least one track");
    let data = folder.join("data");
    let models = folder.join("models");
    fs::create_dir_all(&models).with_context(|| format!("creating {}", models.display()))?;
    let files = files::several(&data, "tracks", tracks, |path, tracks, index| {
        let identity = Random::new(seed, u64::MAX - index);
        let batch = |tracks| batch(tracks, seed);
        files::with_tree(path, identity, "tracks", (tracks, CLUSTER_TRACKS), batch)
    })?;
    write_file(&models.join("attention.onnx"), MODEL)?;
    let campaign = folder.join("campaign.toml");
    write_file(&campaign, CAMPAIGN.as_bytes())?;
    Ok(DemoInputs {
        campaign,
        mask: None,
        files,
        events: tracks,
        certified_events: tracks,
    })
}

fn schema() -> SchemaRef {
    let identity = [
        Field::new("run", DataType::UInt32, false),
        Field::new("luminosityBlock", DataType::UInt32, false),
        Field::new("event", DataType::UInt64, false),
        Field::new("species", DataType::Int32, false),
    ];
    let floats = FLOATS
        .iter()
        .map(|name| Field::new(*name, DataType::Float32, false));
    Arc::new(Schema::new(
        identity.into_iter().chain(floats).collect::<Vec<_>>(),
    ))
}

fn batch(tracks: std::ops::Range<u64>, seed: u64) -> Result<RecordBatch> {
    // A stream of random numbers for each track: the same wherever clusters and files are cut.
    let made: Vec<Track> = tracks
        .clone()
        .map(|number| Track::random(&mut Random::new(seed, number)))
        .collect();
    let sections = tracks
        .clone()
        .map(|number| (number / SECTION_TRACKS) as u32 + 1);
    let mut columns: Vec<ArrayRef> = vec![
        Arc::new(UInt32Array::from_iter_values(tracks.clone().map(|_| 1))),
        Arc::new(UInt32Array::from_iter_values(sections)),
        Arc::new(UInt64Array::from_iter_values(
            tracks.map(|number| number + 1),
        )),
        Arc::new(Int32Array::from_iter_values(
            made.iter().map(|track| track.species),
        )),
    ];
    for index in 0..FLOATS.len() {
        let values = made.iter().map(|track| track.floats[index] as f32);
        columns.push(Arc::new(Float32Array::from_iter_values(values)));
    }
    Ok(RecordBatch::try_new(schema(), columns)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use lumimill_common::campaign::Campaign;

    #[test]
    fn the_campaign_is_valid_and_the_same_seed_gives_the_same_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let made = |name: &str, seed| write_inputs(&folder.path().join(name), 900, seed).unwrap();
        let (one, same, other) = (made("a", 1), made("b", 1), made("c", 2));
        let text = fs::read_to_string(&one.campaign).unwrap();
        let campaign = Campaign::parse(&text).unwrap_or_else(|errors| panic!("{errors}"));
        assert_eq!(campaign.stages[0].models.len(), 1);
        let bytes = |made: &DemoInputs| fs::read(&made.files[0]).unwrap();
        assert!(bytes(&one) == bytes(&same) && bytes(&one) != bytes(&other));
        assert!(MODEL.len() < 60_000, "{} bytes", MODEL.len());
    }
}
