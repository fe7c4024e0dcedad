//! The demo of an active target: pions that stop, and what they decay to, as hits of silicon strips;
//! a chain of five models of graphs, and a campaign.
//!
//! The physics is that of a toy of PIONEER: a pion stops in the target and becomes a positron, or a
//! muon, which stops after less than a millimetre, and then a positron. A second pion is there in some
//! events. What is true of each hit and event is in the file beside what was measured.

mod chain;
mod event;
mod flight;
mod table;
mod target;

use std::fs;
use std::ops::Range;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use arrow_array::RecordBatch;

use super::random::Random;
use super::{DemoInputs, files, write_file};
use event::Event;

/// Events that the demo makes unless told otherwise.
pub(crate) const PIONEER_EVENTS: u64 = 12_000;

/// Entries of a cluster in its files.
const CLUSTER_EVENTS: u64 = 1_000;
const CAMPAIGN: &str = include_str!("pioneer/campaign.toml");
const MODELS: [(&str, &[u8]); 5] = [
    ("classifier", include_bytes!("pioneer/classifier.onnx")),
    ("splitter", include_bytes!("pioneer/splitter.onnx")),
    ("linker", include_bytes!("pioneer/linker.onnx")),
    ("stop", include_bytes!("pioneer/stop.onnx")),
    ("angle", include_bytes!("pioneer/angle.onnx")),
];

/// Writes the demo's files into `folder`, which is created if need be: `data/*.root`,
/// `models/*.onnx` and `campaign.toml`. The same `events` and `seed` give the same bytes.
///
/// # Errors
/// When `events` is 0 or a file cannot be written.
pub fn write_inputs(folder: &Path, events: u64, seed: u64) -> Result<DemoInputs> {
    ensure!(events > 0, "the demo needs at least one event");
    let (data, models) = (folder.join("data"), folder.join("models"));
    fs::create_dir_all(&models).with_context(|| format!("creating {}", models.display()))?;
    let files = files::several(&data, "atar", events, |path, events, index| {
        let identity = Random::new(seed, u64::MAX - index);
        let batch = |events| batch(events, seed);
        files::with_tree(path, identity, "atar", (events, CLUSTER_EVENTS), batch)
    })?;
    for (name, bytes) in MODELS {
        write_file(&models.join(format!("{name}.onnx")), bytes)?;
    }
    let campaign = folder.join("campaign.toml");
    write_file(&campaign, CAMPAIGN.as_bytes())?;
    Ok(DemoInputs {
        campaign,
        mask: None,
        files,
        events,
        certified_events: events,
    })
}

fn batch(events: Range<u64>, seed: u64) -> Result<RecordBatch> {
    // A stream of random numbers for each event: the same wherever clusters and files are cut.
    let made: Vec<Event> = events
        .map(|number| Event::random(number, &mut Random::new(seed, number)))
        .collect();
    table::batch(&made)
}

#[cfg(test)]
mod tests {
    use super::*;
    use lumimill_common::campaign::Campaign;

    #[test]
    fn the_campaign_is_valid_and_the_same_seed_gives_the_same_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let made = |name: &str, seed| write_inputs(&folder.path().join(name), 90, seed).unwrap();
        let (one, same, other) = (made("a", 1), made("b", 1), made("c", 2));
        let text = fs::read_to_string(&one.campaign).unwrap();
        let campaign = Campaign::parse(&text).unwrap_or_else(|errors| panic!("{errors}"));
        let models = campaign.stages.iter().flat_map(|stage| &stage.models);
        let paths = models.flat_map(|model| model.source.paths());
        let paths: Vec<_> = paths
            .map(|path| folder.path().join("a").join(path))
            .collect();
        assert!(paths.len() == MODELS.len() && paths.iter().all(|path| path.is_file()));
        let bytes = |made: &DemoInputs| fs::read(&made.files[0]).unwrap();
        assert!(bytes(&one) == bytes(&same) && bytes(&one) != bytes(&other));
        let sizes = MODELS.map(|(_, bytes)| bytes.len());
        assert!(sizes.iter().all(|size| *size < 200_000), "{sizes:?}");
    }
}
