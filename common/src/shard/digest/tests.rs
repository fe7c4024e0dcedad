use thin_vec::ThinVec;

use super::*;
use crate::entry_set::EntrySet;
use crate::shard::{FileIdentity, Shard, ShardId, Source};

/// Everything that a stage may say, none of it at its default.
const ALL: &str = r#"
name = "golden"
output = "out"
[certification]
mask = "golden.json"
duplicates = "first"
[[dataset]]
name = "data"
kind = "data"
files = ["a.root"]
[functions]
twofold = "(x) => 2 * x"
[[stage]]
name = "dimuon"
from = "data"
tree = "Events"
where = "nMuon >= 2"
rows = { pairs = "Muon", charge = "opposite", where = "pt > 3" }
keep = ["run", "luminosityBlock as lumi", "event"]
labels = ["HLT_Mu8 as fired"]
missing_labels = "null"
select = "m > 2"
[stage.columns]
m = { value = "mass(p4(#1) + p4(#2))", type = "f32", unit = "GeV" }
twice = "twofold(m)"
[[stage.model]]
name = "score"
folds = ["one.onnx", "two.onnx"]
inputs = ["m", "twice"]
class = 1
[[stage.metric]]
ranking = { label = "fired", score = "score" }
"#;

/// Only what a stage must say.
const LEAST: &str = r#"
name = "golden"
output = "out"
[[dataset]]
name = "data"
kind = "data"
files = ["a.root"]
[[stage]]
name = "all"
"#;

fn digest(text: &str) -> String {
    let mut campaign = Campaign::parse(text).unwrap_or_else(|errors| panic!("{errors}\n{text}"));
    // What the digests were first taken of, before functions were looked at.
    for (name, definition) in &mut campaign.functions {
        *name = name.replace("twofold", "double");
        *definition = definition.replace("(x) =>", "x =>");
    }
    for column in &mut campaign.stages[0].columns {
        column.expression = column.expression.replace("twofold", "double");
    }
    let stage = &campaign.stages[0];
    let paths = stage.models.iter().flat_map(|model| model.source.paths());
    let hashes: Vec<String> = paths.map(|path| format!("sha of {path}")).collect();
    stage_digest(&campaign, stage, &hashes)
}

/// Whoever changes one of these has every shard of every campaign done again. A key that is added
/// to campaign files goes without: what leaves it at its default hashes as before.
#[test]
fn the_digests_of_stages_stay_what_they_are() {
    assert_eq!(
        [digest(ALL), digest(LEAST)],
        [
            "1896300e25b1100a608a92cc58e7e7d4e6b30323134524471008b461299a5545",
            "214ab288221e1351fc954f87fc67ccb400d0468c2fc2e916b9f21c0820315abd",
        ]
    );
}

#[test]
fn the_ids_of_shards_stay_what_they_are() {
    let mut shard = Shard {
        id: ShardId::default(),
        stage: "dimuon".parse().unwrap(),
        source: Source::Entries,
        beside: ThinVec::new(),
        wholes: ThinVec::new(),
        dataset: "data".into(),
        file: std::sync::Arc::new(FileIdentity {
            url: String::from("a.root"),
            size: 1234,
            state: "00".repeat(16),
        }),
        tree: "Events".into(),
        entries: 100..200,
        certified_events: 50,
        lumis: None,
        dropped: EntrySet::default(),
        packed: ThinVec::new(),
    };
    let bare = shard.compute_id("digest");
    shard.lumis = Some(serde_json::from_str(r#"{"1": [[1, 7]]}"#).unwrap());
    shard.dropped = EntrySet::from_ranges([101..102, 105..106]);
    let held = shard.compute_id("digest");
    shard.source = Source::Rows(held);
    let found = [bare, held, shard.compute_id("digest")].map(|id| id.to_string());
    assert_eq!(
        found,
        [
            "9aa81e9d28befabfcc6983f6b3ef9df2",
            "937d756e2b18cc6f6f7f97e33c4297b6",
            "c0906000330a60f37510e903c001f257",
        ]
    );
}

#[test]
fn what_changes_no_table_leaves_the_digest() {
    let same = |from: &str, to: &str| {
        let changed = ALL.replace(from, to);
        assert_ne!(changed, ALL);
        assert_eq!(digest(&changed), digest(ALL), "{to}");
    };
    same(
        "ranking = { label = \"fired\"",
        "ranking = { per = \"event\", label = \"fired\"",
    );
    same(
        "[[stage.metric]]\nranking = { label = \"fired\", score = \"score\" }",
        "",
    );
    same("output = \"out\"", "output = \"elsewhere\"");
    same("files = [\"a.root\"]", "files = [\"a.root\", \"b.root\"]");
    same(
        "[[dataset]]",
        "[shards]\nevents = 7\nmax_attempts = 9\n[[dataset]]",
    );
    let spelled_out = LEAST.replace(
        "name = \"all\"",
        "name = \"all\"\nrows = \"event\"\nmissing_labels = \"error\"\nkeep = []\nlabels = []\n\
         from = \"data\"\n[stage.columns]",
    );
    assert_eq!(digest(&spelled_out), digest(LEAST));
}

#[test]
fn what_changes_tables_changes_the_digest() {
    for (from, to) in [
        ("name = \"dimuon\"", "name = \"dimuons\""),
        ("nMuon >= 2", "nMuon >= 3"),
        ("where = \"nMuon >= 2\"", ""),
        ("opposite", "same"),
        ("charge = \"opposite\", ", ""),
        ("pt > 3", "pt > 4"),
        ("\"event\"]", "\"event\", \"nMuon\"]"),
        ("luminosityBlock as lumi", "luminosityBlock as section"),
        ("HLT_Mu8 as fired", "HLT_Mu9 as fired"),
        ("missing_labels = \"null\"", "missing_labels = \"false\""),
        ("missing_labels = \"null\"", ""),
        ("m > 2", "m > 3"),
        ("type = \"f32\", ", ""),
        ("\"GeV\"", "\"MeV\""),
        ("twofold(m)", "twofold(2 * m)"),
        ("2 * x", "3 * x"),
        ("\"m\", \"twice\"", "\"twice\", \"m\""),
        ("class = 1", "class = 0"),
        ("class = 1", ""),
        ("one.onnx", "three.onnx"),
        (
            "folds = [\"one.onnx\", \"two.onnx\"]",
            "onnx = \"one.onnx\"",
        ),
        ("duplicates = \"first\"", ""),
        ("select = ", "folds = 2\nselect = "),
    ] {
        let changed = ALL.replacen(from, to, 1);
        assert_ne!(changed, ALL, "{from}");
        assert_ne!(digest(&changed), digest(ALL), "{from} -> {to}");
    }
}
