//! A density that a pool estimates and draws by, whose workers die at every step of it, and one that one
//! process is killed at.

use lumimill_tests::{BUCKET, Cluster, snapshot, undisturbed};

use super::{STAGES, folder, run};
use crate::chains::kills::is_killed_in_time;
use crate::pool::{assert_same, workers_die_at};
use crate::{lumimill, lumimill_worker};

#[test]
fn a_pool_whose_workers_die_estimates_and_draws_as_one_laptop_does() {
    let test = "a_pool_whose_workers_die_estimates_and_draws_as_one_laptop_does";
    let Some(mut site) = Cluster::start(test, lumimill(), lumimill_worker()) else {
        return;
    };
    let folder = folder(6_000, STAGES);
    folder.change("events = 10_000", "events = 1_000");
    folder.change(
        "output = \"out\"",
        &format!("output = \"s3://{BUCKET}/site\""),
    );
    let expected = undisturbed(&lumimill(), &folder);
    assert!(expected.contains_key("kaons/_fit/all.json"));
    let file = folder.file();
    let file = file.to_str().unwrap();
    site.serve("serve", &[]);
    let _ = site.run(&["submit", file]).expect_code(0);
    let deaths = [
        ("marker-put", "dstar"),
        ("processed", "kaons"),
        ("object-put", "kaons"),
        ("marker-put", "kaons"),
        ("reported", "kaons"),
        ("processed", "resampled"),
        ("object-put", "resampled"),
    ];
    workers_die_at(&mut site, &expected, &deaths);
    site.worker("one", &["--slots", "2"]);
    site.worker("two", &["--slots", "1"]);
    site.wait_for_campaign("dstar");
    assert_same(&expected, &site.objects("dstar"));
    let _ = site.run(&["verify", file]).expect_code(0);
}

#[test]
fn one_process_that_is_killed_around_a_density_leaves_no_trace() {
    let one = folder(6_000, STAGES);
    one.change("events = 10_000", "events = 1_000");
    let _ = run(&one, "2", 0);
    let output = |folder: &lumimill_tests::CampaignFolder| folder.join("out/dstar");
    let killed = folder(6_000, STAGES);
    killed.change("events = 10_000", "events = 1_000");
    let points = [
        ("dstar", 2, "1"),
        ("simulation", 2, "2"),
        // The density is made, or about to be.
        ("dstar", 6, "1"),
        ("kaons", 1, "1"),
        ("resampled", 1, "1"),
    ];
    let in_time = points.map(|point| is_killed_in_time(&killed, &output(&killed), point));
    // A slow machine may be late for the last ones.
    assert_eq!(in_time[..2], [true; 2]);
    let _ = run(&killed, "2", 0);
    assert_same(&snapshot(&output(&one)), &snapshot(&output(&killed)));
    let _ = lumimill().on("verify", &killed.file()).expect_code(0);
}
