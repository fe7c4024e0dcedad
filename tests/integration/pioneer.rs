//! The demo of pion decays: a chain of five models of graphs, held against numpy and ONNX Runtime.

use std::fs;

use lumimill_tests::{BUCKET, CampaignFolder, Cluster, Snapshot, python, snapshot, undisturbed};

use crate::chains::kills::is_killed_in_time;
use crate::pool::{assert_same, workers_die_at};
use crate::{lumimill, lumimill_worker};

fn folder(events: u64) -> CampaignFolder {
    let folder = CampaignFolder::pioneer(events);
    folder.change("events = 1_500", "events = 120");
    folder
}

/// Runs it with so many slots, and says what is written.
fn written(folder: &CampaignFolder, slots: &str) -> Snapshot {
    let file = folder.file();
    let args = ["run", file.to_str().unwrap(), "--slots", slots];
    let ended = lumimill().run(&args).expect_code(0);
    assert!(!ended.err.contains("one at a time"), "{}", ended.err);
    snapshot(&folder.join("out"))
}

#[test]
fn each_stage_sees_what_those_before_it_found_whatever_the_slots() {
    let folder = folder(500);
    let alone = written(&folder, "1");
    fs::remove_dir_all(folder.join("out")).unwrap();
    assert!(written(&folder, "2") == alone, "the same with 2 slots");
    let file = folder.file();
    if let Some(ended) = python("pioneer.py", &[file.to_str().unwrap()]) {
        let ended = ended.expect_code(0);
        assert!(ended.out.contains("values agree"), "{}", ended.out);
    }
    let page = fs::read_to_string(folder.join("out/pioneer/report/index.html")).unwrap();
    assert!(page.contains("suppression") && page.contains("Single entries"));
    let displays = (1..=6).map(|number| format!("events-display-{number}.svg"));
    let mut displays = displays.map(|name| folder.join("out/pioneer/report").join(name));
    assert!(displays.all(|path| path.is_file()));
    let _ = lumimill().on("verify", &file).expect_code(0);
}

#[test]
fn a_changed_model_makes_its_stage_and_those_behind_it_again() {
    let folder = folder(240);
    let _ = written(&folder, "2");
    folder.change(
        "outputs = { GroupEdge_same",
        "nan = \"error\"\noutputs = { GroupEdge_same",
    );
    let file = folder.file();
    let args = ["plan", file.to_str().unwrap(), "--json"];
    let plan = lumimill().run(&args).expect_code(0);
    // Of eight stages of two shards the first three stay as they are.
    assert!(plan.out.contains("\"shards_to_do\": 10"), "{}", plan.out);
}

#[test]
fn the_chain_runs_on_the_embedded_engine() {
    let folder = folder(60);
    folder.change("\nonnx =", "\nengine = \"embedded\"\nonnx =");
    let file = folder.file();
    let ended = lumimill().on("run", &file).expect_code(0);
    ended.says(&["note: model pion_stop is evaluated by tract"]);
    let paths = folder.join("out/pioneer/stop");
    assert!(fs::read_dir(paths).unwrap().count() > 1);
}

#[test]
fn a_chain_of_models_that_is_killed_in_each_stage_leaves_no_trace() {
    let undisturbed = folder(240);
    let expected = written(&undisturbed, "2");
    let killed = folder(240);
    let output = killed.join("out/pioneer");
    let points = [
        ("classifier", 1, "1"),
        ("splitter", 2, "2"),
        ("linker", 1, "2"),
        ("stop", 1, "1"),
        ("angle", 1, "2"),
    ];
    let in_time = points.map(|point| is_killed_in_time(&killed, &output, point));
    // A slow machine may be late for the last one.
    assert_eq!(in_time[..4], [true; 4]);
    assert!(written(&killed, "2") == expected, "the same after kills");
}

#[test]
fn a_pool_whose_workers_die_makes_a_chain_of_models_as_one_laptop_does() {
    let test = "a_pool_whose_workers_die_makes_a_chain_of_models_as_one_laptop_does";
    let Some(mut site) = Cluster::start(test, lumimill(), lumimill_worker()) else {
        return;
    };
    let folder = folder(360);
    folder.change(
        "output = \"out\"",
        &format!("output = \"s3://{BUCKET}/site\""),
    );
    let expected = undisturbed(&lumimill(), &folder);
    let file = folder.file();
    site.serve("serve", &[]);
    let _ = site.run(&["submit", file.to_str().unwrap()]).expect_code(0);
    let deaths = [
        ("object-put", "groups"),
        ("processed", "classifier"),
        ("marker-put", "splitter"),
        ("object-put", "linker"),
        ("reported", "stop"),
        ("processed", "angle"),
        ("marker-put", "decays"),
    ];
    workers_die_at(&mut site, &expected, &deaths);
    site.worker("one", &["--slots", "2"]);
    site.worker("two", &["--slots", "1"]);
    site.wait_for_campaign("pioneer");
    assert_same(&expected, &site.objects("pioneer"));
    let _ = site.run(&["verify", file.to_str().unwrap()]).expect_code(0);
}
