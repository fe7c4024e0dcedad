//! The demo's inputs hang together: campaign, models, mask and files.

use super::*;
use arrow_array::{Array, ListArray};
use lumimill_common::campaign::Campaign;

#[test]
fn the_campaign_is_valid_and_names_what_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let made = write_inputs(folder.path(), 500, 1).unwrap();
    let text = fs::read_to_string(&made.campaign).unwrap();
    let campaign = Campaign::parse(&text).unwrap_or_else(|errors| panic!("{errors}"));
    let stage = &campaign.stages[0];
    assert_eq!(stage.models.len(), 3);
    for model in &stage.models {
        for path in model.source.paths() {
            assert!(folder.path().join(path).is_file(), "{path} is not written");
        }
    }
    assert_eq!(made.files.len(), 2);
    assert!(
        made.files
            .iter()
            .all(|file| file.starts_with(folder.path().join("data")))
    );
}

#[test]
fn models_are_small() {
    for (name, bytes) in MODELS {
        assert!(
            !bytes.is_empty() && bytes.len() < 150_000,
            "{name}: {} bytes",
            bytes.len()
        );
    }
}

#[test]
fn a_cluster_has_lists_as_long_as_their_counters() {
    let plan = LumiPlan::new(240);
    let mut cluster = Cluster::default();
    for section in plan.files(1).flatten() {
        let mut random = Random::new(5, section.index);
        for event in 0..section.events {
            Collision::random(&mut random, section).fill(&mut cluster, section, event, &mut random);
        }
    }
    let batch = cluster.into_batch().unwrap();
    assert_eq!(batch.num_rows(), 240);
    let muons = batch.column_by_name("Muon_pt").unwrap();
    let muons = muons.as_any().downcast_ref::<ListArray>().unwrap();
    let leading = |i: usize| muons.value(i).len();
    assert!((0..240).any(|i| leading(i) >= 3) && (0..240).any(|i| leading(i) < 2));
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = |name: &str, seed| {
        let made = write_inputs(&folder.path().join(name), 300, seed).unwrap();
        fs::read(&made.files[0]).unwrap()
    };
    assert!(
        bytes("a", 1) == bytes("b", 1),
        "two runs with one seed differ"
    );
    assert!(
        bytes("a", 1) != bytes("c", 2),
        "two seeds give the same file"
    );
}
