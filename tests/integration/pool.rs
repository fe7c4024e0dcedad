//! A campaign done by a pool of workers on a real broker and a real store.

use lumimill_tests::{ACCESS_KEY, Cluster, SECRET_KEY, Snapshot, undisturbed};

use crate::{lumimill, lumimill_worker};

#[track_caller]
fn assert_same(expected: &Snapshot, found: &Snapshot) {
    let names = |files: &Snapshot| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(expected), names(found), "the same objects");
    for (name, bytes) in expected {
        assert!(found[name] == *bytes, "{name} differs");
    }
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
    site.signal("one", "TERM");
    assert_eq!(site.wait_for_end("one"), 0, "{}", site.log("one"));
    let logs = site.logs();
    for secret in [ACCESS_KEY, SECRET_KEY, site.broker.password()] {
        assert!(!logs.contains(secret), "a credential is in a log:\n{logs}");
    }
}
