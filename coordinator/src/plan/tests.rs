use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, UInt32Array, UInt64Array};
use arrow_schema::{DataType, Field, Schema};
use lumimill_common::campaign::Campaign;
use lumimill_common::event_id::Run;
use lumimill_common::lumi_mask::LumiMask;
use lumimill_rootfile::write::{Compression, FileWriter, TreeWriter};
use lumimill_worker::prepared_stage::PreparedStage;

use super::*;

mod columns;
mod duplicates;
mod random_files;

/// Run, lumi section and event number.
type Row = (u32, u32, u64);

fn batch(rows: &[Row], schema: &Arc<Schema>) -> RecordBatch {
    let runs: ArrayRef = Arc::new(UInt32Array::from_iter_values(rows.iter().map(|row| row.0)));
    let lumis: ArrayRef = Arc::new(UInt32Array::from_iter_values(rows.iter().map(|row| row.1)));
    let events: ArrayRef = Arc::new(UInt64Array::from_iter_values(rows.iter().map(|row| row.2)));
    let columns = [runs, lumis, events];
    RecordBatch::try_new(
        Arc::clone(schema),
        columns[..schema.fields().len()].to_vec(),
    )
    .unwrap()
}

fn schema(columns: usize) -> Arc<Schema> {
    let fields = [
        Field::new("run", DataType::UInt32, false),
        Field::new("luminosityBlock", DataType::UInt32, false),
        Field::new("event", DataType::UInt64, false),
    ];
    Arc::new(Schema::new(fields[..columns].to_vec()))
}

/// Writes an `Events` tree of these clusters, and the lumi sections listed beside it.
fn write_file(path: &Path, clusters: &[Vec<Row>], listed: &[(u32, u32)], columns: usize) {
    let uuid = *blake3::hash(path.to_string_lossy().as_bytes()).as_bytes();
    let uuid: [u8; 16] = uuid[..16].try_into().unwrap();
    let out = fs::File::create(path).unwrap();
    let mut file = FileWriter::new(out, "test.root", uuid).unwrap();
    let events = schema(columns);
    let mut tree = TreeWriter::new("Events", Arc::clone(&events), Compression::Zstd(1)).unwrap();
    for cluster in clusters {
        tree.write_cluster(&mut file, &batch(cluster, &events))
            .unwrap();
    }
    tree.finish(&mut file).unwrap();
    if !listed.is_empty() {
        let lumis = schema(2);
        let name = "LuminosityBlocks";
        let mut tree = TreeWriter::new(name, Arc::clone(&lumis), Compression::None).unwrap();
        let rows: Vec<Row> = listed.iter().map(|&(run, lumi)| (run, lumi, 0)).collect();
        tree.write_cluster(&mut file, &batch(&rows, &lumis))
            .unwrap();
        tree.finish(&mut file).unwrap();
    }
    file.finish().unwrap();
}

/// Ten events of each lumi section from `first` on, one cluster a lumi section.
fn clusters(run: u32, first: u32, count: u32) -> Vec<Vec<Row>> {
    (first..first + count)
        .map(|lumi| {
            (0..10)
                .map(|at| (run, lumi, u64::from(lumi) * 10 + at))
                .collect()
        })
        .collect()
}

fn campaign(more: &str) -> Campaign {
    let text = format!(
        "name = \"c\"\noutput = \"out\"\n{more}\n[[stage]]\nname = \"s\"\nkeep = [\"run\"]\n"
    );
    Campaign::parse(&text).unwrap()
}

/// Stages without models.
fn prepared(campaign: &Campaign) -> Vec<Arc<PreparedStage>> {
    let none = |path: &str| Err(format!("{path}: no models here"));
    let stages = 0..campaign.stages.len();
    stages
        .map(|index| Arc::new(PreparedStage::load(campaign, index, &none).unwrap()))
        .collect()
}

const DATA: &str = "[[dataset]]\nname = \"D\"\nkind = \"data\"\nfiles = [\"*.root\"]\n";
const MC: &str = "[[dataset]]\nname = \"M\"\nkind = \"mc\"\nfiles = [\"*.root\"]\n";
const MASK: &str = "[certification]\nmask = \"mask.json\"\n";

fn plan_with(text: &str, base: &Path, slots: usize) -> Result<Plan, PlanErrors> {
    let slots = NonZeroUsize::new(slots).unwrap();
    let campaign = campaign(text);
    plan(&campaign, base, &prepared(&campaign), slots)
}

fn ranges(plan: &Plan) -> Vec<(String, std::ops::Range<u64>)> {
    let pieces = plan.shards.iter().flat_map(|shard| shard.pieces());
    pieces
        .map(|piece| (piece.file.url.clone(), piece.entries.clone()))
        .collect()
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn certified_clusters_become_shards_and_the_rest_is_pruned() {
    let folder = folder();
    let base = folder.path();
    write_file(
        &base.join("b.root"),
        &clusters(1, 1, 10),
        &[(1, 99), (2, 5)],
        3,
    );
    write_file(&base.join("a.root"), &clusters(2, 1, 2), &[], 3);
    write_file(&base.join("empty.root"), &[], &[(3, 1), (3, 2)], 3);
    fs::write(
        base.join("mask.json"),
        r#"{"1": [[2, 5], [99, 100]], "3": [[2, 9]]}"#,
    )
    .unwrap();
    let text = format!("{MASK}{DATA}[shards]\nevents = 20\n");
    let plan = plan_with(&text, base, 2).unwrap();
    let b = || String::from("b.root");
    assert_eq!(ranges(&plan), [(b(), 10..30), (b(), 30..50)]);
    assert_eq!(
        plan.shards[0].lumis.as_ref().unwrap().to_json(),
        r#"{"1": [[2, 3]]}"#
    );
    assert_eq!(plan.files.len(), 3);
    assert_eq!(
        plan.lumis_in_files().to_json(),
        r#"{"1": [[2, 5], [99, 99]], "3": [[2, 2]]}"#
    );
    let summary = PlanSummary::of(&plan);
    assert_eq!(
        (
            summary.events,
            summary.certified_events,
            summary.pruned_events
        ),
        (120, 40, 80)
    );
    assert_eq!(summary.lumis_not_in_files, Some(8));
    let text = summary.to_string();
    insta::assert_snapshot!(text.lines().skip(1).collect::<Vec<_>>().join("\n"), @r"
    files       3, 2 without certified events
    events      120, certified 40, pruned 80
    lumis       6 certified in the files, 8 of the mask in no file
    stage       s: 2 shards, 40 events, certified 40
      dataset[0] (D): 1 of 3 files without events, of which nothing is read: empty.root; make it again if there should be some
    ");
}

#[test]
fn the_same_plan_for_any_number_of_slots_and_through_parquet() {
    let folder = folder();
    let base = folder.path();
    for file in 0..7 {
        let name = base.join(format!("f{file}.root"));
        write_file(
            &name,
            &clusters(file % 3 + 1, file * 5 + 1, 8),
            &[(9, file)],
            3,
        );
    }
    fs::write(
        base.join("mask.json"),
        r#"{"1": [[2, 15], [14, 22]], "2": [[9, 9]], "9": [[1, 3]]}"#,
    )
    .unwrap();
    let text = format!("{MASK}{DATA}[shards]\nevents = 25\n");
    let one = plan_with(&text, base, 1).unwrap();
    let four = plan_with(&text, base, 4).unwrap();
    assert_eq!(one, four);
    assert!(!one.shards.is_empty());
    assert_eq!(
        one.notes,
        ["mask: run 1, range 1: overlaps another range: merged"]
    );
    let bytes = one.to_parquet().unwrap();
    assert_eq!(bytes, four.to_parquet().unwrap());
    assert_eq!(Plan::from_parquet(bytes).unwrap(), one);
}

#[test]
fn a_changed_mask_changes_the_ids_of_the_shards_concerned() {
    let folder = folder();
    let base = folder.path();
    write_file(&base.join("a.root"), &clusters(1, 1, 8), &[], 3);
    let text = format!("{MASK}{DATA}[shards]\nevents = 20\n");
    fs::write(base.join("mask.json"), r#"{"1": [[1, 8]]}"#).unwrap();
    let before = plan_with(&text, base, 1).unwrap();
    fs::write(base.join("mask.json"), r#"{"1": [[1, 3], [4, 7]]}"#).unwrap();
    let after = plan_with(&text, base, 1).unwrap();
    let ids = |plan: &Plan| plan.shards.iter().map(|shard| shard.id).collect::<Vec<_>>();
    assert_eq!(ids(&before)[..3], ids(&after)[..3]);
    assert_ne!(ids(&before)[3], ids(&after)[3]);
    assert_ne!(before.configuration, after.configuration);
}

#[test]
fn simulation_is_never_certified_and_needs_no_lumi_sections() {
    let folder = folder();
    let base = folder.path();
    write_file(&base.join("a.root"), &clusters(1, 1, 4), &[], 1);
    fs::write(base.join("mask.json"), "{}").unwrap();
    let text = format!("{MASK}{MC}[shards]\nevents = 20\n");
    let plan = plan_with(&text, base, 1).unwrap();
    let a = || String::from("a.root");
    assert_eq!(ranges(&plan), [(a(), 0..20), (a(), 20..40)]);
    assert!(plan.shards.iter().all(|shard| shard.lumis.is_none()));
    assert_eq!(plan.files[0].lumis, None);
}

#[test]
fn data_without_a_lumi_section_branch_cannot_be_certified() {
    let folder = folder();
    let base = folder.path();
    write_file(&base.join("a.root"), &clusters(1, 1, 1), &[], 1);
    fs::write(base.join("mask.json"), r#"{"1": [[1, 2]]}"#).unwrap();
    let error = plan_with(&format!("{MASK}{DATA}"), base, 1)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("a.root: tree \"Events\": no branch \"luminosityBlock\""),
        "{error}"
    );
    plan_with(DATA, base, 1).unwrap();
}

#[test]
fn runs_alone_certify() {
    let folder = folder();
    let base = folder.path();
    let mut rows = clusters(1, 1, 2);
    rows.extend(clusters(7, 1, 2));
    write_file(&base.join("a.root"), &rows, &[], 3);
    let text = format!("[certification]\nruns = \"5-9\"\n{DATA}");
    let plan = plan_with(&text, base, 1).unwrap();
    assert_eq!(ranges(&plan), [(String::from("a.root"), 20..40)]);
    assert_eq!(plan.lumis_in_files().to_json(), r#"{"7": [[1, 2]]}"#);
    let back = Plan::from_parquet(plan.to_parquet().unwrap()).unwrap();
    assert_eq!(back, plan);
}

#[test]
fn every_problem_is_reported_at_once() {
    let folder = folder();
    let base = folder.path();
    write_file(&base.join("good.root"), &clusters(1, 1, 1), &[], 3);
    fs::write(base.join("text.root"), "not a ROOT file").unwrap();
    fs::write(base.join("mask.json"), "{").unwrap();
    let text = format!("{MASK}{DATA}tree = \"Evnts\"\n");
    let error = plan_with(&text, base, 1).unwrap_err().to_string();
    assert!(error.contains("text.root: not a ROOT file"), "{error}");
    assert!(error.contains("mask mask.json: not JSON"), "{error}");
    fs::write(base.join("mask.json"), "{}").unwrap();
    let error = plan_with(&text, base, 1).unwrap_err().to_string();
    assert!(error.contains("text.root: not a ROOT file"), "{error}");
    assert!(
        error.contains("good.root: no tree \"Evnts\"; the file has Events"),
        "{error}"
    );
}

#[test]
fn damaged_plans_are_errors() {
    let folder = folder();
    let base = folder.path();
    write_file(&base.join("a.root"), &clusters(1, 1, 2), &[], 3);
    let bytes = plan_with(DATA, base, 1).unwrap().to_parquet().unwrap();
    for length in (0..bytes.len()).step_by(97) {
        assert!(Plan::from_parquet(bytes[..length].to_vec()).is_err());
    }
    for at in (0..bytes.len()).step_by(13) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x55;
        let _ = Plan::from_parquet(damaged);
    }
}

fn shared() -> Option<PathBuf> {
    let shared = std::env::var("LUMIMILL_SHARED").map_or_else(
        |_| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared")),
        PathBuf::from,
    );
    let found = shared.join("data/nanoaod");
    if found.is_dir() {
        return Some(found);
    }
    eprintln!("SKIPPED: {} not found", found.display());
    None
}

#[test]
fn real_files_are_planned() {
    let Some(nanoaod) = shared() else { return };
    let folder = folder();
    let base = folder.path();
    fs::write(
        base.join("mask.json"),
        r#"{"315267": [[1, 4000]], "359571": [[1, 100]]}"#,
    )
    .unwrap();
    let files = format!(
        "{0}/EGamma*.root\", \"{0}/nano_dimuon.root",
        nanoaod.display()
    );
    let text = format!("{MASK}{}", DATA.replace("*.root", &files));
    let plan = plan_with(&text, base, 2).unwrap();
    let egamma = &plan.files[0];
    assert_eq!((egamma.entries, egamma.all_lumis), (100, 258));
    let dimuon = &plan.files[1];
    assert_eq!((dimuon.entries, dimuon.certified_events), (40, 40));
    let events: u64 = plan.shards.iter().map(|shard| shard.certified_events).sum();
    assert_eq!(events, egamma.certified_events + 40);
    let all: LumiMask = plan.lumis_in_files();
    assert!(all.contains(
        Run::new(315_267),
        dimuon.lumis.as_ref().unwrap().iter().next().unwrap().1
    ));
}

#[test]
fn real_simulation_is_planned_even_empty_or_without_lumi_sections() {
    let Some(nanoaod) = shared() else { return };
    let path = |name: &str| format!("\"{}/{name}.root\"", nanoaod.display());
    let files = [
        path("nano_dy_empty"),
        path("missing_luminosityBlock"),
        path("nano_dy"),
    ]
    .join(", ");
    let text = MC.replace("\"*.root\"", &files);
    let plan = plan_with(&text, Path::new("."), 2).unwrap();
    let entries: Vec<u64> = plan.files.iter().map(|file| file.entries).collect();
    assert_eq!(entries, [2, 40, 0]);
    assert_eq!(ranges(&plan).len(), 2);
}
