//! What a person configured, as a digest.

use lumimill_common::campaign::{
    Campaign, Dataset, DatasetKind, DuplicatePolicy, Measured, RatioTable, Sample, ShardPolicy,
    Share, StageName,
};
use lumimill_common::field_hash::FieldHash;
use lumimill_common::metric::metrics_digest;

use super::{Certified, PlannedStage};

/// Digest of all that a person configured: campaign, mask and models. Where the output goes is
/// left out: it changes nothing in it.
pub(super) fn digest_of(
    campaign: &Campaign,
    certified: &Certified,
    planned: &[PlannedStage],
) -> String {
    let Campaign {
        name,
        output: _,
        // As what is certified and which duplicates count.
        certification: _,
        datasets,
        shards,
        // They are in the digests of the stages.
        functions: _,
        stages,
        tables,
    } = campaign;
    let stages = stages.iter().zip(planned).map(|(stage, planned)| {
        let mut hash = FieldHash::of("stage");
        hash.text("digest", &planned.digest)
            .texts("from", &stage.datasets)
            .text_if("from_stage", stage.from.as_ref().map(StageName::as_str))
            .text_if("tree", stage.tree.as_ref())
            .text("metrics", metrics_digest(&stage.measured()));
        if !stage.zip_trees.is_empty() {
            hash.texts("zip_trees", &stage.zip_trees);
        }
        hash
    });
    let mut hash = FieldHash::of("configuration");
    hash.text("name", name.as_str())
        .part("certified", &of_certified(certified))
        .text("data", of_policy(campaign.duplicates(DatasetKind::Data)))
        .text("mc", of_policy(campaign.duplicates(DatasetKind::Mc)))
        .parts("datasets", datasets.iter().map(of_dataset))
        .part("shards", &of_shards(shards))
        .parts("stages", stages);
    if !tables.is_empty() {
        hash.parts("tables", tables.iter().map(of_table));
    }
    hash.to_string()
}

fn of_table(table: &RatioTable) -> FieldHash {
    let RatioTable { name, data, mc } = table;
    let measured = |Measured { stage, metric }: &Measured| {
        let mut hash = FieldHash::of("measured");
        hash.text("stage", stage.as_str())
            .number("metric", *metric as u64);
        hash
    };
    let sample = |Sample { particle, misid }: &Sample| {
        let mut hash = FieldHash::of("sample");
        hash.part("particle", &measured(particle))
            .parts("misid", misid.iter().map(measured));
        hash
    };
    let mut hash = FieldHash::of("table");
    hash.text("name", name.as_str())
        .part("data", &sample(data))
        .parts("mc", mc.iter().map(sample));
    hash
}

fn of_certified(certified: &Certified) -> FieldHash {
    let mut hash = FieldHash::of("certified");
    match certified {
        Certified::Everything => {}
        Certified::Mask(mask) => {
            hash.text("mask", mask.to_json());
        }
        Certified::Runs(runs) => {
            hash.text("runs", runs.to_string());
        }
    }
    hash
}

fn of_policy(policy: DuplicatePolicy) -> &'static str {
    match policy {
        DuplicatePolicy::Error => "error",
        DuplicatePolicy::Keep => "keep",
        DuplicatePolicy::First => "first",
    }
}

fn of_dataset(dataset: &Dataset) -> FieldHash {
    let Dataset {
        name,
        kind,
        files,
        tree,
    } = dataset;
    let mut hash = FieldHash::of("dataset");
    hash.text("name", name)
        .flag("mc", *kind == DatasetKind::Mc)
        .texts("files", files)
        .text("tree", tree);
    hash
}

fn of_shards(policy: &ShardPolicy) -> FieldHash {
    let ShardPolicy {
        events,
        max_attempts,
        limit_minutes,
        accept,
    } = policy;
    let mut hash = FieldHash::of("shards");
    hash.number("events", *events)
        .number("max_attempts", (*max_attempts).into())
        .number("limit_minutes", *limit_minutes);
    if *accept != Share::ALL {
        hash.number("accept", accept.millionths().into());
    }
    hash
}
