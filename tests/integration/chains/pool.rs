//! A chain that is done by a pool whose workers die, and of which a root is done again.

use lumimill_tests::{Cluster, undisturbed};

use super::{chain, text, with_stages};
use crate::pool::{assert_same, workers_die_at};
use crate::{lumimill, lumimill_worker};

#[test]
fn a_pool_makes_a_chain_as_one_laptop_does() {
    let test = "a_pool_makes_a_chain_as_one_laptop_does";
    let Some(mut site) = Cluster::start(test, lumimill(), lumimill_worker()) else {
        return;
    };
    let folder = site.campaign(6_000, 1_000);
    with_stages(&folder, &chain());
    let expected = undisturbed(&lumimill(), &folder);
    let file = folder.file();
    let file = text(&file);
    site.serve("serve", &[]);
    let submitted = site.run(&["submit", file]).expect_code(0);
    assert!(
        submitted.out.contains("of later stages will follow"),
        "{}",
        submitted.out
    );
    let deaths = [
        ("processed", "events"),
        ("object-put", "pairs"),
        ("marker-put", "scored"),
        ("processed", "spectra"),
        ("reported", "spectra"),
    ];
    workers_die_at(&mut site, &expected, &deaths);
    site.worker("one", &["--slots", "4"]);
    site.worker("two", &["--slots", "2"]);
    site.wait_for_campaign("demo");
    assert_same(&expected, &site.objects("demo"));

    let root = site.keys("demo/events/_done").remove(0);
    let id = root.rsplit('/').next().unwrap();
    site.delete(&root);
    site.delete(&format!("demo/events/part-{id}.parquet"));
    let again = site.run(&["resubmit", file, "--missing"]).expect_code(0);
    assert!(again.out.contains("1 shard published"), "{}", again.out);
    site.wait_for_campaign("demo");
    assert_same(&expected, &site.objects("demo"));
    let _ = site.run(&["verify", file]).expect_code(0);
    let status = site.run(&["status", file]).expect_code(0);
    for stage in ["events", "pairs", "scored", "spectra"] {
        assert!(
            status.out.contains(&format!("stage {stage}")),
            "{}",
            status.out
        );
    }
    let brought = folder.join("brought");
    let fetched = site.run(&["fetch", file, "--output", text(&brought)]);
    let fetched = fetched.expect_code(0);
    assert!(brought.join("demo/scored").is_dir(), "{}", fetched.out);

    // Another middle stage: it is done again, with what reads it, and nothing else.
    let of = |stage: &str| site.keys(&format!("demo/{stage}/_done"));
    let [events, pairs, scored, spectra] = ["events", "pairs", "scored", "spectra"].map(of);
    folder.change("pt > 3 &&", "pt > 4 &&");
    let changed = undisturbed(&lumimill(), &folder);
    let submitted = site.run(&["submit", file, "--replace"]).expect_code(0);
    let later = scored.len() + spectra.len();
    let all = events.len() + pairs.len() + later;
    for said in [
        format!("{} of {all} shards published", pairs.len()),
        format!("{} were done", events.len()),
        format!("{later} shards of later stages will follow"),
    ] {
        assert!(submitted.out.contains(&said), "{said}\n{}", submitted.out);
    }
    site.wait_for_campaign("demo");
    assert_eq!(of("events"), events);
    assert_same(&changed, &site.objects("demo"));
}
