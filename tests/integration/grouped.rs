//! Flat tables, one row a hit, as events with collections.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use arrow_array::{ArrayRef, Float32Array, UInt32Array, UInt64Array};
use lumimill_tests::{CampaignFolder, python, snapshot};

use crate::hit_files::write;
use crate::lumimill;

const TEXT: &str = r#"
name = "grouped"
output = "out"
[certification]
mask = "mask.json"
[shards]
events = 40
[[dataset]]
name = "D"
kind = "data"
files = ["flat/*.root"]
[[stage]]
name = "s"
rows = { group_by = ["run", "luminosityBlock", "event"], sorted = true, collection = "Hit" }
where = "Hit_x.size() > 1"
keep = ["run", "luminosityBlock", "event", "Hit_x", "Hit_energy"]
[stage.columns]
total = "sum(Hit_energy)"
Hit_share = "Hit_energy / total"
Hit_group = "time_group(Hit_time, 0.3)"
[[stage.metric]]
histogram = { column = "Hit_share", bins = 10, range = [0.0, 1.0], over = "Hit" }
[[stage]]
name = "derived"
from = "s"
[stage.columns]
Hit_twice = "2 * Hit_x"
"#;

/// A flat file: hits of these events, some of which are long.
fn write_file(path: &Path, events: &[u64]) {
    let mut hits: Vec<(u64, usize)> = Vec::new();
    for event in events {
        let count = if event % 17 == 3 {
            90
        } else {
            1 + (*event as usize * 7) % 5
        };
        hits.extend((0..count).map(|hit| (*event, hit)));
    }
    let values = |step: f64| -> ArrayRef {
        let of = hits
            .iter()
            .map(|(event, hit)| (*event as f64 * 37.0 + *hit as f64) * step);
        Arc::new(Float32Array::from_iter_values(
            of.map(|value| value.fract() as f32),
        ))
    };
    let lumis = hits.iter().map(|(event, _)| 1 + (*event / 50) as u32);
    let numbers = hits.iter().map(|(event, _)| *event);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    write(
        path,
        &[
            (
                "run",
                Arc::new(UInt32Array::from(vec![7; hits.len()])) as ArrayRef,
            ),
            (
                "luminosityBlock",
                Arc::new(UInt32Array::from_iter_values(lumis)),
            ),
            ("event", Arc::new(UInt64Array::from_iter_values(numbers))),
            ("x", values(0.569_840_290_998)),
            ("energy", values(0.754_877_666_246)),
            ("Hit_time", values(0.819_172_513_396)),
        ],
    );
}

fn folder(files: &[(&str, &[u64])]) -> CampaignFolder {
    let folder = CampaignFolder::with_text(TEXT);
    for (name, events) in files {
        write_file(&folder.join("flat").join(name), events);
    }
    folder.write("mask.json", r#"{"7": [[1, 1], [3, 20]]}"#);
    folder
}

#[test]
fn rows_of_an_event_are_its_hits_and_never_in_two_shards() {
    let first: Vec<u64> = (0..120).collect();
    // In no order, but together.
    let second: Vec<u64> = (120..200).rev().collect();
    let folder = folder(&[("a.root", &first), ("b.root", &second)]);
    let _ = lumimill().on("run", &folder.file()).expect_code(0);
    let out = folder.join("out/grouped");
    let tables = fs::read_dir(out.join("s")).unwrap().count();
    assert!(tables > 5, "{tables} in several shards");
    let paths = [out.join("s"), folder.join("flat"), out.join("derived")];
    let paths = paths.each_ref().map(|path| path.to_str().unwrap());
    if let Some(ended) = python("grouped.py", &paths) {
        let _ = ended.expect_code(0);
    }
    let _ = lumimill().on("verify", &folder.file()).expect_code(0);
    let before = snapshot(&folder.join("out"));
    fs::remove_dir_all(folder.join("out")).unwrap();
    let file = folder.file();
    let args = ["run", file.to_str().unwrap(), "--slots", "8"];
    let _ = lumimill().run(&args).expect_code(0);
    assert!(
        snapshot(&folder.join("out")) == before,
        "the same with 8 slots"
    );
}

#[test]
fn an_event_that_comes_back_is_told_with_its_place() {
    let events = folder(&[("a.root", &[1, 2, 3, 2])]);
    let ended = lumimill().on("check", &events.file()).expect_code(2);
    ended.says(&[
        "flat/a.root: tree \"Events\": run 7, luminosityBlock 1, event 2 comes back in entry",
        "sort the file by run, luminosityBlock, event",
    ]);
    let files = folder(&[("a.root", &[1, 2, 3]), ("b.root", &[3, 4])]);
    let ended = lumimill().on("check", &files.file()).expect_code(2);
    ended.says(&[
        "stage s: events come back in later files (1): flat/b.root has some of flat/a.root",
    ]);
    files.change(
        "mask = \"mask.json\"",
        "mask = \"mask.json\"\nduplicates = \"keep\"",
    );
    let _ = lumimill().on("check", &files.file()).expect_code(0);
}

#[test]
fn what_cannot_be_grouped_is_told() {
    let files: &[(&str, &[u64])] = &[("a.root", &[1, 2, 3])];
    for (old, new, expected) in [
        (
            "\"run\", \"luminosityBlock\", \"event\"]",
            "\"event\"]",
            "rows.group_by has no \"run\"",
        ),
        (
            "\"event\"], sorted",
            "\"evnt\"], sorted",
            "no branch \"evnt\" to group rows by",
        ),
        (
            "\"event\"], sorted",
            "\"x\"], sorted",
            "branch x is Float32, expected whole numbers",
        ),
        ("sorted = true, ", "", "stage[0].rows.sorted: expected true"),
        (
            "collection = \"Hit\"",
            "collection = \"\"",
            "is no name of a collection",
        ),
        (
            "from = \"s\"",
            "from = \"D\"",
            "stage[1].rows: another stage reads the same tree",
        ),
    ] {
        let folder = folder(files);
        folder.change(old, new);
        lumimill()
            .on("check", &folder.file())
            .expect_code(2)
            .says(&[expected]);
    }
}
