//! A campaign that is changed, or whose shards are cut, while workers are at its jobs: what they
//! still write of the plan before is in no table.

use lumimill_tests::{CampaignFolder, Cluster, SLOW, Snapshot, undisturbed};

use crate::pool::assert_same;
use crate::{lumimill, lumimill_worker};

/// A pool that is at work on a campaign, some of whose shards are done. Each takes so many seconds:
/// what a worker knows of the plan in force holds for two.
fn at_work(test: &str, seconds: &str) -> Option<(Cluster, CampaignFolder, Snapshot)> {
    let mut site = Cluster::start(test, lumimill(), lumimill_worker())?;
    let folder = site.campaign(12_000, 1_000);
    let expected = undisturbed(&lumimill(), &folder);
    // Once they have read and scored it all, so that every job is late to notice.
    site.set(SLOW, &format!("processed:{seconds}"));
    site.serve("serve", &[]);
    site.worker("one", &["--slots", "2"]);
    site.worker("two", &["--slots", "2"]);
    let _ = site.run(&["submit", path(&folder).as_str()]).expect_code(0);
    site.wait_until("some shards done", |site| {
        site.keys("demo/dimuon/_done").len() > 3
    });
    Some((site, folder, expected))
}

fn path(folder: &CampaignFolder) -> String {
    folder.file().to_str().unwrap().to_owned()
}

#[track_caller]
fn assert_under_way(site: &Cluster) {
    let ended = site.keys("_campaigns/ended");
    assert!(ended.is_empty(), "it was over before: {ended:?}");
}

#[test]
fn a_campaign_that_is_changed_while_it_is_done() {
    let test = "a_campaign_that_is_changed_while_it_is_done";
    let Some((site, folder, _)) = at_work(test, "3") else {
        return;
    };
    let before = site.keys("demo/dimuon/_done");
    assert_under_way(&site);
    folder.change("pt > 3", "pt > 4");
    let file = path(&folder);
    let _ = site.run(&["submit", &file, "--replace"]).expect_code(0);
    site.wait_for_campaign("demo");
    // Jobs of the plan before that were under way are at their end by now.
    std::thread::sleep(super::REST);
    let after = site.keys("demo/dimuon/_done");
    assert!(after.iter().all(|key| !before.contains(key)));
    let _ = site.run(&["verify", &file]).expect_code(0);
    let expected = undisturbed(&lumimill(), &{ folder });
    assert_same(&expected, &site.objects("demo"));
    let dropped = site.logs().contains("not wanted any more");
    assert!(dropped, "a job met the change at its end");
}

#[test]
fn shards_that_are_cut_while_they_are_done() {
    // So that some of them are committed just after the change.
    let test = "shards_that_are_cut_while_they_are_done";
    let Some((site, folder, expected)) = at_work(test, "1.5") else {
        return;
    };
    assert_under_way(&site);
    let file = path(&folder);
    let again = ["resubmit", &file, "--missing", "--split", "2"];
    let _ = site.run(&again).expect_code(0);
    site.wait_for_campaign("demo");
    std::thread::sleep(super::REST);
    let _ = site.run(&["verify", &file]).expect_code(0);
    let metrics = |objects: &Snapshot| objects["report/event_metrics.csv"].clone();
    let found = site.objects("demo");
    assert_eq!(metrics(&expected), metrics(&found), "every event once");
    let tables = |objects: &Snapshot| {
        let is_table = |name: &&String| name.ends_with(".parquet") && name.contains("part-");
        objects.keys().filter(is_table).count()
    };
    assert!(tables(&found) > tables(&expected), "{}", tables(&found));
}

#[test]
fn parts_go_to_the_pool_that_was_asked_for_and_others_stay() {
    let test = "parts_go_to_the_pool_that_was_asked_for_and_others_stay";
    let Some(mut site) = Cluster::start(test, lumimill(), lumimill_worker()) else {
        return;
    };
    let folder = site.campaign(6_000, 1_000);
    let expected = undisturbed(&lumimill(), &folder);
    let file = path(&folder);
    let _ = site.run(&["submit", &file]).expect_code(0);
    // One of them was given up, the others wait.
    let markers = expected.keys();
    let mut shards = markers.filter_map(|name| name.strip_prefix("dimuon/_done/"));
    let shard = shards.next().unwrap();
    let all = 1 + shards.count();
    let failure = r#"{"disposition":"retry","kind":"memory","subject":"","message":"too large"}"#;
    let attempt = format!(r#"{{"attempt":3,"fingerprint":"0a1b2c","failure":{failure}}}"#);
    let record = format!(r#"{{"shard":"{shard}","attempts":[{attempt}]}}"#);
    let key = format!("demo/dimuon/_failed/{shard}.json");
    site.put(&key, record.as_bytes());
    let again = [
        "resubmit", &file, "--dead", "--split", "2", "--pool", "highmem",
    ];
    let said = site.run(&again).expect_code(0).out;
    assert!(
        said.contains("2 shards published to pool highmem"),
        "{said}"
    );
    let others = format!("{} others published to pool cpu", all - 1);
    assert!(said.contains(&others), "{said}");
    site.serve("serve", &[]);
    site.worker("one", &["--slots", "2"]);
    site.wait_until("the others", |site| {
        site.keys("demo/dimuon/_done").len() == all - 1
    });
    site.worker("large", &["--slots", "1", "--pool", "highmem"]);
    site.wait_for_campaign("demo");
    let _ = site.run(&["verify", &file]).expect_code(0);
    let metrics = |objects: &Snapshot| objects["report/event_metrics.csv"].clone();
    assert_eq!(metrics(&expected), metrics(&site.objects("demo")));
}
