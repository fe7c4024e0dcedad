//! What was given up is cut smaller and done again, by the pool and in one process.

use lumimill_tests::{CampaignFolder, Cluster};
use serde_json::Value;

use crate::{lumimill, lumimill_worker};

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn what_ran_out_of_memory_is_cut_smaller_and_done() {
    let test = "what_ran_out_of_memory_is_cut_smaller_and_done";
    let Some(mut site) = Cluster::start(test, lumimill(), lumimill_worker()) else {
        return;
    };
    let folder = site.campaign(3_000, 1_000);
    let alone = lumimill_tests::undisturbed(&lumimill(), &folder);
    let file = folder.file();
    let file = file.to_str().unwrap();
    site.serve("serve", &[]);
    site.worker("small", &["--slots", "4", "--memory-limit", "1MiB"]);
    let _ = site.run(&["submit", file, "--pool", "cpu"]).expect_code(0);
    site.wait_for_campaign("demo");
    let status = site
        .run(&["status", file, "--json", "--failed"])
        .expect_code(0);
    let status = json(&status.out);
    let stage = &status["stages"][0];
    assert_eq!(stage["dead"], stage["shards"], "{status:#}");
    assert_eq!(status["failures"][0]["kind"], "memory", "{status:#}");
    let said = status["failures"][0]["message"].as_str().unwrap();
    assert!(said.contains("--memory-limit"), "{said}");
    assert!(site.ended("small").is_none(), "the worker lives");

    let arguments = ["resubmit", file, "--dead", "--split", "3"];
    let preview = [arguments.as_slice(), &["--dry-run"]].concat();
    let preview = site.run(&preview).expect_code(0);
    assert!(preview.out.contains("each cut into 3"), "{}", preview.out);
    site.kill("small");
    site.worker("large", &["--slots", "2", "--pool", "highmem"]);
    let again = [arguments.as_slice(), &["--pool", "highmem"]].concat();
    let again = site.run(&again).expect_code(0);
    assert!(again.out.contains("to pool highmem"), "{}", again.out);
    site.wait_for_campaign("demo");
    let status = site.run(&["status", file, "--json"]).expect_code(0);
    let status = json(&status.out);
    let stage = &status["stages"][0];
    assert_eq!(stage["done"], stage["shards"], "{status:#}");
    assert!(stage["shards"].as_u64() >= Some(6), "{status:#}");
    let _ = site.run(&["verify", file]).expect_code(0);
    let report = |objects: &lumimill_tests::Snapshot| objects["report/event_metrics.csv"].clone();
    assert_eq!(
        report(&alone),
        report(&site.objects("demo")),
        "the same events"
    );
    // Planned again, the shards are those of the split.
    let submitted = site.run(&["submit", file, "--dry-run"]).expect_code(0);
    assert!(
        submitted.out.contains("would do 0 shards"),
        "{}",
        submitted.out
    );
}

#[test]
fn a_campaign_without_a_pool_is_cut_smaller_in_one_process() {
    let folder = CampaignFolder::demo(3_000);
    let _ = lumimill().on("run", &folder.file()).expect_code(0);
    let rows = lumimill().on("verify", &folder.file()).expect_code(0).out;
    let rows = rows.split_once(" objects, ").unwrap().1.to_owned();
    std::fs::remove_dir_all(folder.output().join("dimuon/_done")).unwrap();
    // Their objects stay, as when they were killed before their marker: what is cut replaces them.
    let file = folder.file();
    let split = [
        "resubmit",
        file.to_str().unwrap(),
        "--missing",
        "--split",
        "4",
    ];
    let _ = lumimill().run(&split).expect_code(0);
    let verified = lumimill().on("verify", &file).expect_code(0).out;
    assert!(
        verified.ends_with(&rows),
        "{verified} has the rows of {rows}"
    );
    let again = lumimill().on("run", &file).expect_code(0);
    assert!(again.err.contains("nothing to do"), "{}", again.err);
    let wrong = ["resubmit", file.to_str().unwrap(), "--pool", "cpu"];
    lumimill()
        .run(&wrong)
        .expect_code(2)
        .says(&["not with a pool", "lumimill submit"]);
}
