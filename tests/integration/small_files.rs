//! Small files share shards: the same rows as one by one, whatever the files are like; and what is
//! wrong with one of them is said of that one.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray, Float32Array, Int32Array, RecordBatch};
use arrow_array::{UInt32Array, UInt64Array};
use lumimill_rootfile::write::{Compression, FileWriter, TreeWriter};
use lumimill_tests::{CampaignFolder, python, snapshot};
use serde_json::Value;

use crate::lumimill;

const FILES: u64 = 60;
const EVENTS: u64 = 20;

const TEXT: &str = r#"
name = "small"
output = "out"
[certification]
mask = "mask.json"
[shards]
events = 300
max_attempts = 1
[[dataset]]
name = "D"
kind = "data"
files = ["data/*.root"]
[[stage]]
name = "s"
keep = ["run", "luminosityBlock", "event", "x", "dataset"]
labels = ["HLT_a as fired"]
missing_labels = "null"
select = "x > 3"
[[stage.metric]]
histogram = { column = "x", bins = 10, range = [0.0, 20.0] }
"#;

/// One file: of a lumi section of its own; every third lacks the label, every second has `x` in
/// another type.
fn write(path: &Path, number: u64) {
    let events = number * EVENTS..(number + 1) * EVENTS;
    let lumis = events.clone().map(|_| 1 + number as u32);
    let values = events.clone().map(|event| (event * 7 % 20) as i32);
    let values = Int32Array::from_iter_values(values);
    let x: ArrayRef = match number % 2 {
        0 => Arc::new(Float32Array::from_iter_values(
            values.values().iter().map(|value| *value as f32),
        )),
        _ => Arc::new(values),
    };
    let count = EVENTS as usize;
    let mut columns: Vec<(&str, ArrayRef)> = vec![
        ("run", Arc::new(UInt32Array::from(vec![1; count]))),
        (
            "luminosityBlock",
            Arc::new(UInt32Array::from_iter_values(lumis)),
        ),
        (
            "event",
            Arc::new(UInt64Array::from_iter_values(events.clone())),
        ),
        ("x", x),
    ];
    if !number.is_multiple_of(3) {
        let fired = events.map(|event| Some(event % 5 == 0));
        columns.push(("HLT_a", Arc::new(fired.collect::<BooleanArray>())));
    }
    let fields = columns
        .iter()
        .map(|(name, column)| arrow_schema::Field::new(*name, column.data_type().clone(), false));
    let schema = Arc::new(arrow_schema::Schema::new(fields.collect::<Vec<_>>()));
    let columns = columns.into_iter().map(|(_, column)| column).collect();
    let batch = RecordBatch::try_new(schema.clone(), columns).unwrap();
    let uuid = u128::from(number + 1).to_be_bytes();
    let out = fs::File::create(path).unwrap();
    let mut file = FileWriter::new(out, "small.root", uuid).unwrap();
    let mut tree = TreeWriter::new("Events", schema, Compression::Zstd(1)).unwrap();
    tree.write_cluster(&mut file, &batch).unwrap();
    tree.finish(&mut file).unwrap();
    file.finish().unwrap();
}

fn folder() -> CampaignFolder {
    let folder = CampaignFolder::with_text(TEXT);
    folder.write("mask.json", r#"{"1": [[1, 20], [22, 60]]}"#);
    fs::create_dir(folder.join("data")).unwrap();
    for number in 0..FILES {
        write(&folder.join(&format!("data/{number:03}.root")), number);
    }
    folder
}

fn json(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn tables(folder: &CampaignFolder) -> usize {
    let objects = snapshot(&folder.join("out/small/s"));
    objects
        .keys()
        .filter(|name| name.starts_with("part-"))
        .count()
}

#[test]
fn shards_of_many_files_have_the_rows_of_each() {
    let folder = folder();
    let _ = lumimill().on("run", &folder.file()).expect_code(0);
    let _ = lumimill().on("verify", &folder.file()).expect_code(0);
    assert!(
        (3..10).contains(&tables(&folder)),
        "{} tables",
        tables(&folder)
    );
    let one = snapshot(&folder.join("out"));
    fs::remove_dir_all(folder.join("out")).unwrap();
    let file = folder.file();
    let slots = ["run", file.to_str().unwrap(), "--slots", "4"];
    let _ = lumimill().run(&slots).expect_code(0);
    assert!(
        snapshot(&folder.join("out")) == one,
        "the same with 4 slots"
    );
    let report = json(&folder.join("out/small/report/metrics.json"));
    let of_files = report["files"].as_array().unwrap();
    assert_eq!(of_files.len() as u64, FILES);
    assert!(
        of_files
            .iter()
            .all(|file| file["shards"]["done"] == file["shards"]["planned"])
    );
    fs::rename(folder.join("out"), folder.join("packed")).unwrap();
    folder.change("events = 300", "events = 20");
    let _ = lumimill().on("run", &folder.file()).expect_code(0);
    assert_eq!(tables(&folder), 59);
    let stages = ["packed/small/s", "out/small/s"].map(|stage| folder.join(stage));
    let stages = [0, 1].map(|place| stages[place].to_str().unwrap());
    if let Some(ended) = python("small_files.py", &stages) {
        let _ = ended.expect_code(0);
    }
    let alone = json(&folder.join("out/small/report/metrics.json"));
    for same in ["cut_flow", "metrics", "rows", "labels"] {
        assert_eq!(
            report["stages"][0][same], alone["stages"][0][same],
            "{same}"
        );
    }
    assert_eq!(report["lumis"], alone["lumis"]);
}

#[test]
fn a_file_that_fails_its_shard_is_named_and_cut_out_of_it() {
    let folder = folder();
    let bad = folder.join("data/030.root");
    let good = fs::read(&bad).unwrap();
    let name = b"\x01x\x06Events";
    let at = good
        .windows(name.len())
        .position(|window| window == name)
        .unwrap();
    let mut bytes = good.clone();
    let end = (at + name.len() + 30).min(bytes.len());
    bytes[at + name.len() + 8..end].fill(0x55);
    fs::write(&bad, &bytes).unwrap();
    let ended = lumimill().on("run", &folder.file()).expect_code(3);
    ended.says(&["data/030.root"]);
    let missing = |folder: &CampaignFolder| {
        let lumis = &json(&folder.join("out/small/report/metrics.json"))["lumis"];
        assert_eq!(
            lumis["processed"].as_u64().unwrap() + lumis["missing"].as_u64().unwrap(),
            59
        );
        lumis["missing"].as_u64().unwrap()
    };
    let with_it = missing(&folder);
    assert!(with_it > 1, "its shard has others: {with_it}");
    let file = folder.file();
    let split = [
        "resubmit",
        file.to_str().unwrap(),
        "--failed",
        "--split",
        "2",
    ];
    let ended = lumimill().run(&split).expect_code(3);
    ended.says(&["data/030.root"]);
    assert_eq!(missing(&folder), 1, "of the one file");
    fs::write(&bad, &good).unwrap();
    let again = ["resubmit", file.to_str().unwrap(), "--failed"];
    let _ = lumimill().run(&again).expect_code(0);
    let _ = lumimill().on("verify", &folder.file()).expect_code(0);
    assert_eq!(missing(&folder), 0);
}
