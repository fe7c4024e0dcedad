//! A campaign goes on without shards that were given up: as it says itself, or as somebody says;
//! every command agrees on what it lacks, and takes it back.

use std::fs;

use lumimill_tests::{CampaignFolder, Cluster, undisturbed};
use serde_json::Value;

use crate::main_job::damaged_basket;
use crate::pool::assert_same;
use crate::{lumimill, lumimill_worker};

const DAMAGED: &str = "data/dimuon_1.root";

/// Damages one of three files behind its metadata; returns what it was.
fn damage(folder: &CampaignFolder) -> Vec<u8> {
    let good = fs::read(folder.join(DAMAGED)).unwrap();
    let at = damaged_basket(folder);
    let mut bad = good.clone();
    bad[at..at + 64].fill(0x55);
    folder.write(DAMAGED, &bad);
    good
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// Every command says what is lacking, and that nothing else is.
fn assert_accepted(folder: &CampaignFolder, shards: u64) {
    let (file, lacking) = (
        folder.file(),
        format!("accepted: stage dimuon without {shards} of"),
    );
    for verb in ["status", "verify"] {
        let said = lumimill().on(verb, &file).expect_code(0).out;
        assert!(said.contains(&lacking), "{verb}: {said}");
    }
    let status = lumimill().run(&["status", file.to_str().unwrap(), "--json"]);
    let status = json(&status.expect_code(0).out);
    let stage = &status["stages"][0];
    assert_eq!(
        (&stage["dropped"], &stage["failed"]),
        (&shards.into(), &0.into()),
        "{status:#}"
    );
    assert_eq!(status["accepted"][0]["shards"], shards);
    assert_eq!(status["state"], "ended", "{status:#}");
    let report = fs::read_to_string(folder.output().join("report/metrics.json")).unwrap();
    let report = json(&report);
    assert_eq!(report["accepted"], status["accepted"]);
    assert_eq!(report["dropped"].as_array().unwrap().len() as u64, shards);
    assert!(
        report["dropped"][0]["message"]
            .as_str()
            .unwrap()
            .contains("MET_pt")
    );
    let lumis = &report["lumis"];
    assert_eq!(lumis["missing"], status["lumis"]["missing"]);
    assert!(lumis["missing"].as_u64() > Some(0), "{lumis:#}");
}

#[test]
fn what_a_campaign_accepts_is_dropped_and_taken_back() {
    let folder = CampaignFolder::demo(12_000);
    let expected = undisturbed(&lumimill(), &folder);
    let good = damage(&folder);
    folder.change("max_attempts = 3", "max_attempts = 3\naccept = 0.5");
    let done = lumimill().on("run", &folder.file()).expect_code(0);
    assert!(
        done.out.contains("accepted: stage dimuon without 1 of"),
        "{}",
        done.out
    );
    assert_accepted(&folder, 1);
    let again = lumimill().on("run", &folder.file()).expect_code(0);
    assert!(again.err.contains("nothing to do"), "{}", again.err);
    let copy = folder.join("copy");
    let (file, to) = (folder.file(), copy.to_str().unwrap());
    let fetch = ["fetch", file.to_str().unwrap(), "--output", to];
    let fetched = lumimill().run(&fetch).expect_code(0).out;
    assert!(fetched.contains("accepted: stage dimuon"), "{fetched}");
    let _ = lumimill().on("verify", &copy.join("demo")).expect_code(0);
    folder.write(DAMAGED, good);
    let back = ["resubmit", file.to_str().unwrap(), "--dropped"];
    let _ = lumimill().run(&back).expect_code(0);
    let mut found = lumimill_tests::snapshot(&folder.output());
    let mut expected = expected;
    for name in ["campaign.toml", "_lock", "plan.parquet"] {
        // What says how much has to be done is in the plan and in what the report is of.
        found.remove(name);
        expected.remove(name);
    }
    let same = |name: &String| name.starts_with("dimuon/") || name.ends_with("lumis.json");
    expected.retain(|name, _| same(name));
    found.retain(|name, _| same(name));
    assert_same(&expected, &found);
}

#[test]
fn what_somebody_accepts_is_dropped_and_taken_back() {
    let folder = CampaignFolder::demo(12_000);
    let expected = undisturbed(&lumimill(), &folder);
    let good = damage(&folder);
    let _ = lumimill().on("run", &folder.file()).expect_code(3);
    let file = folder.file();
    let file = file.to_str().unwrap();
    let preview = lumimill()
        .run(&["resubmit", file, "--accept", "--dry-run"])
        .expect_code(0);
    assert!(
        preview.out.contains("accepted: stage dimuon without 1 of"),
        "{}",
        preview.out
    );
    let _ = lumimill().on("verify", &folder.file()).expect_code(3);
    let _ = lumimill()
        .run(&["resubmit", file, "--accept"])
        .expect_code(0);
    assert_accepted(&folder, 1);
    let nothing = lumimill()
        .run(&["resubmit", file, "--accept"])
        .expect_code(0);
    assert!(
        nothing.err.contains("nothing was changed"),
        "{}",
        nothing.err
    );
    folder.write(DAMAGED, good);
    let _ = lumimill()
        .run(&["resubmit", file, "--dropped"])
        .expect_code(0);
    let mut found = lumimill_tests::snapshot(&folder.output());
    for name in ["campaign.toml", "_lock"] {
        found.remove(name);
    }
    assert_same(&expected, &found);
}

#[test]
fn a_pool_goes_on_without_what_a_campaign_accepts() {
    let test = "a_pool_goes_on_without_what_a_campaign_accepts";
    let Some(mut site) = Cluster::start(test, lumimill(), lumimill_worker()) else {
        return;
    };
    let folder = site.campaign(6_000, 500);
    folder.change("max_attempts = 3", "max_attempts = 3\naccept = 0.5");
    let expected = undisturbed(&lumimill(), &folder);
    let good = damage(&folder);
    site.serve("serve", &[]);
    site.worker("one", &["--slots", "2"]);
    let file = folder.file();
    let file = file.to_str().unwrap();
    let _ = site.run(&["submit", file]).expect_code(0);
    site.wait_for_campaign("demo");
    let status = json(&site.run(&["status", file, "--json"]).expect_code(0).out);
    let stage = &status["stages"][0];
    let lost = stage["dropped"].as_u64().unwrap();
    assert!(lost > 0 && stage["failed"] == 0, "{status:#}");
    assert_eq!(status["state"], "ended", "{status:#}");
    let _ = site.run(&["verify", file]).expect_code(0);
    // Submitted again, it goes on without them as before.
    let again = site.run(&["submit", file, "--dry-run"]).expect_code(0).out;
    assert!(again.contains("would do 0 shards"), "{again}");
    folder.write(DAMAGED, good);
    let back = site
        .run(&["resubmit", file, "--dropped"])
        .expect_code(0)
        .out;
    assert!(back.contains(&format!("{lost} shard")), "{back}");
    site.wait_for_campaign("demo");
    let _ = site.run(&["verify", file]).expect_code(0);
    assert_same(&expected, &site.objects("demo"));
}
