//! A campaign done by a pool of workers on a real broker and a real store.

use lumimill_tests::{ACCESS_KEY, Cluster, DIE_AT, DIE_ONCE, SECRET_KEY, Snapshot, undisturbed};

use crate::{lumimill, lumimill_worker};

#[track_caller]
pub(crate) fn assert_same(expected: &Snapshot, found: &Snapshot) {
    let names = |files: &Snapshot| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(expected), names(found), "the same objects");
    for (name, bytes) in expected {
        assert!(found[name] == *bytes, "{name} differs");
    }
}

/// Workers take up what was submitted, one after the other, and each dies at a point of a shard of a
/// stage.
#[track_caller]
pub(crate) fn workers_die_at(site: &mut Cluster, expected: &Snapshot, deaths: &[(&str, &str)]) {
    let folder = tempfile::tempdir().unwrap();
    let once = folder.path().join("once");
    site.set(DIE_ONCE, once.to_str().unwrap());
    for (point, stage) in deaths {
        let done = format!("{stage}/_done/");
        let id = expected.keys().find_map(|key| key.strip_prefix(&done));
        std::fs::write(&once, "").unwrap();
        site.set(DIE_AT, &format!("{point}:{}", id.unwrap()));
        site.worker("deadly", &["--slots", "1"]);
        assert_eq!(site.wait_for_end("deadly"), -1, "{point} {stage}");
    }
    site.unset(DIE_AT);
}

fn site(test: &str) -> Option<Cluster> {
    Cluster::start(test, lumimill(), lumimill_worker())
}

#[test]
fn a_pool_writes_what_one_laptop_writes() {
    let Some(mut site) = site("a_pool_writes_what_one_laptop_writes") else {
        return;
    };
    let folder = site.campaign(24_000, 1_000);
    let expected = undisturbed(&lumimill(), &folder);
    assert!(expected.len() > 40, "many shards: {}", expected.len());
    let file = folder.file();
    let file = file.to_str().unwrap();
    site.serve("serve", &[]);
    site.worker("one", &["--slots", "2"]);
    site.worker("two", &["--slots", "1"]);
    let submitted = site.run(&["submit", file]).expect_code(0);
    assert!(
        submitted.out.contains(" shards published"),
        "{}",
        submitted.out
    );
    site.wait_for_campaign("demo");
    assert_same(&expected, &site.objects("demo"));
    let _ = site.run(&["verify", file]).expect_code(0);
    let status = site.run(&["status", file]).expect_code(0);
    assert!(status.out.contains(" 0 failed"), "{}", status.out);
    // Models in bins by a configuration, which is no file of the workers.
    let folder = site.dielectrons(4_000, 500);
    let expected = undisturbed(&lumimill(), &folder);
    let file = folder.file();
    let _ = site.run(&["submit", file.to_str().unwrap()]).expect_code(0);
    site.wait_for_campaign("dielectron");
    let found = site.objects("dielectron");
    assert!(
        found.contains_key("report/bdt_config.json"),
        "{:?}",
        found.keys()
    );
    assert_same(&expected, &found);
    site.signal("one", "TERM");
    assert_eq!(site.wait_for_end("one"), 0, "{}", site.log("one"));
    let logs = site.logs();
    for secret in [ACCESS_KEY, SECRET_KEY, site.broker.password()] {
        assert!(!logs.contains(secret), "a credential is in a log:\n{logs}");
    }
}

pub(crate) const SECOND_STAGE: &str = r#"
[[stage]]
name = "muons"
rows = { each = "Muon", where = "pt > 5" }
keep = ["run", "luminosityBlock as lumi", "event"]
[stage.columns]
p = "pt * cosh(eta)"
[[stage.metric]]
histogram = { column = "p", bins = 50, range = [0.0, 200.0] }
"#;

#[test]
fn stages_go_side_by_side_and_only_changed_shards_are_done_again() {
    let test = "stages_go_side_by_side_and_only_changed_shards_are_done_again";
    let Some(mut site) = site(test) else {
        return;
    };
    let folder = site.campaign(6_000, 1_000);
    let text = std::fs::read_to_string(folder.file()).unwrap();
    folder.write("campaign.toml", format!("{text}{SECOND_STAGE}"));
    let expected = undisturbed(&lumimill(), &folder);
    let file = folder.file();
    let file = file.to_str().unwrap();
    site.serve("serve", &[]);
    site.worker("one", &["--slots", "2"]);
    let submitted = site.run(&["submit", file]).expect_code(0);
    // Neither reads what the other writes.
    assert!(
        !submitted.out.contains("later stages follow"),
        "{}",
        submitted.out
    );
    let watched = site.run(&["status", file, "--watch"]).expect_code(0);
    assert!(watched.out.contains("at its end"), "{}", watched.out);
    site.wait_for_campaign("demo");
    assert_same(&expected, &site.objects("demo"));

    let of_stage = |stage: &str| site.keys(&format!("demo/{stage}/_done"));
    let (dimuon, muons) = (of_stage("dimuon"), of_stage("muons"));
    folder.change("pt > 5", "pt > 6");
    let refused = site.run(&["submit", file]).expect_code(2);
    refused.says(&["earlier configuration", "--replace"]);
    let again = site.run(&["submit", file, "--replace"]).expect_code(0);
    let count = format!("{} of {}", muons.len(), muons.len() + dimuon.len());
    assert!(
        again.out.contains(&count),
        "{} shards\n{}",
        count,
        again.out
    );
    site.wait_for_campaign("demo");
    assert_eq!(
        of_stage("dimuon"),
        dimuon,
        "what did not change is as it was"
    );
    assert!(of_stage("muons").iter().all(|key| !muons.contains(key)));
    assert_eq!(of_stage("muons").len(), muons.len());
    let _ = site.run(&["verify", file]).expect_code(0);
    let expected = undisturbed(&lumimill(), &{ folder });
    assert_same(&expected, &site.objects("demo"));
}
