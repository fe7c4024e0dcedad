//! What is measured changed, and nothing else: no input is read, tables and cut flows stay, and the
//! report is, byte for byte, that of a campaign that measured it from the beginning.

use std::collections::BTreeMap;
use std::fs;
use std::time::SystemTime;

use lumimill_tests::{CampaignFolder, Cluster, DIE_AT, DIE_ONCE, Snapshot, snapshot, undisturbed};

use crate::{lumimill, lumimill_worker};

/// A demo of many shards, with these changes of its campaign file.
fn folder(changes: &[(&str, &str)]) -> CampaignFolder {
    let folder = CampaignFolder::demo(6_000);
    folder.change("events = 10_000", "events = 1_000");
    change(&folder, changes);
    folder
}

fn change(folder: &CampaignFolder, changes: &[(&str, &str)]) {
    for (from, to) in changes {
        folder.change(from, to);
    }
}

/// Another ranking, another histogram, and a drift with fewer columns.
const CHANGES: [(&str, &str); 3] = [
    (
        "score = \"score_mu17_mu8\", per = \"event\"",
        "score = \"m_mumu\", per = \"event\"",
    ),
    (
        "bins = 60, range = [60.0, 120.0]",
        "bins = 30, range = [60.0, 120.0]",
    ),
    ("columns = [\"score_iso_dz\", ", "columns = ["),
];

fn done(folder: &CampaignFolder) -> Snapshot {
    let _ = lumimill().on("run", &folder.file()).expect_code(0);
    snapshot(&folder.output())
}

/// All that was expected is there, and nothing else but figures of what is not measured any more.
#[track_caller]
fn assert_same(expected: &Snapshot, found: &Snapshot) {
    for (name, bytes) in expected {
        let found = found.get(name);
        assert!(
            found.is_some_and(|found| found == bytes),
            "{name} is missing or differs"
        );
    }
    let is_figure = |name: &String| name.starts_with("report/") && name.ends_with(".svg");
    let more = found.keys().filter(|name| !expected.contains_key(*name));
    let more: Vec<&String> = more.filter(|name| !is_figure(name)).collect();
    assert!(more.is_empty(), "{more:?}");
}

/// When each table was written.
fn tables(folder: &CampaignFolder) -> BTreeMap<String, SystemTime> {
    let entries = fs::read_dir(folder.output().join("dimuon")).unwrap();
    let files = entries.map(|entry| entry.unwrap());
    let tables = files.filter(|entry| entry.path().extension().is_some());
    tables
        .map(|entry| {
            let name = entry.file_name().into_string().unwrap();
            (name, entry.metadata().unwrap().modified().unwrap())
        })
        .collect()
}

#[test]
fn changed_metrics_are_measured_on_the_tables() {
    let expected = done(&folder(&CHANGES));
    let changed = folder(&[]);
    let before = done(&changed);
    assert_ne!(
        before["report/event_metrics.csv"],
        expected["report/event_metrics.csv"]
    );
    let written = tables(&changed);
    change(&changed, &CHANGES);
    let shards = written.len();
    let says = format!("0 shards to do, {shards} to measure again");
    let planned = lumimill().on("plan", &changed.file()).expect_code(0);
    assert!(planned.out.contains(&says), "{}", planned.out);
    let ended = lumimill().on("run", &changed.file()).expect_code(0);
    assert!(ended.err.contains(&says), "{}", ended.err);
    assert_same(&expected, &snapshot(&changed.output()));
    assert_eq!(tables(&changed), written, "no table was written again");
    let again = lumimill().on("run", &changed.file()).expect_code(0);
    assert!(again.err.contains("nothing to do"), "{}", again.err);
    let _ = lumimill().on("verify", &changed.file()).expect_code(0);
}

/// Metrics of rows, and none at all, and back again.
#[test]
fn metrics_come_and_go() {
    let first = folder(&[]);
    let expected = done(&first);
    let text = fs::read_to_string(first.file()).unwrap();
    let at = text.find("[[stage.metric]]").unwrap();
    first.write("campaign.toml", &text[..at]);
    let none = done(&first);
    assert!(none["report/index.html"] != expected["report/index.html"]);
    first.write("campaign.toml", &text);
    assert_same(&expected, &done(&first));
}

#[test]
fn a_run_that_is_stopped_before_its_end_goes_on_measuring() {
    let expected = done(&folder(&CHANGES));
    let changed = folder(&[]);
    let _ = done(&changed);
    change(&changed, &CHANGES);
    // As a run leaves it that was killed: some set aside, some with both markers.
    let (markers, aside) = ["_done", "_measure"]
        .map(|name| changed.output().join("dimuon").join(name))
        .into();
    fs::create_dir_all(&aside).unwrap();
    let names: Vec<_> = fs::read_dir(&markers)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    for (number, name) in names.iter().enumerate().take(4) {
        fs::copy(markers.join(name), aside.join(name)).unwrap();
        if number % 2 == 0 {
            fs::remove_file(markers.join(name)).unwrap();
        }
    }
    let verified = lumimill().on("verify", &changed.file()).expect_code(3);
    let says = "to be measured again, as its metrics changed";
    assert_eq!(verified.out.matches(says).count(), 2, "{}", verified.out);
    let status = lumimill().on("status", &changed.file()).expect_code(0);
    let says = "2 of these only to measure again";
    assert!(status.out.contains(says), "{}", status.out);
    let reported = lumimill().on("report", &changed.file()).expect_code(3);
    let says = "2 shards are to be measured again, as their metrics changed";
    assert!(reported.out.contains(says), "{}", reported.out);
    let says = format!("0 shards to do, {} to measure again", names.len());
    let ended = lumimill().on("run", &changed.file()).expect_code(0);
    assert!(ended.err.contains(&says), "{}", ended.err);
    assert_same(&expected, &snapshot(&changed.output()));
}

#[test]
fn a_table_that_is_damaged_is_made_again() {
    let expected = done(&folder(&CHANGES));
    let changed = folder(&[]);
    let _ = done(&changed);
    change(&changed, &CHANGES);
    let table = tables(&changed).keys().next().unwrap().clone();
    let path = changed.output().join("dimuon").join(table);
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&path, bytes).unwrap();
    let _ = lumimill().on("run", &changed.file()).expect_code(0);
    assert_same(&expected, &snapshot(&changed.output()));
}

/// Without run, lumi section and event in the table, what counts events is counted from the input.
#[test]
fn what_a_table_does_not_tell_apart_is_made_again() {
    let bare = |ranking: &str| {
        format!(
            "keep = [\"PV_npvs\"]\nlabels = [\"HLT_Mu17_Mu8\"]\n[stage.columns]\nm = \
             \"mass(pair)\"\n[[stage.metric]]\nranking = {{ label = \"HLT_Mu17_Mu8\", score = \"m\"{ranking} }}\n"
        )
    };
    let folder = folder(&[]);
    let text = fs::read_to_string(folder.file()).unwrap();
    let at = text.find("[[stage]]").unwrap();
    let stage = "[[stage]]\nname = \"dimuon\"\nrows = { pairs = \"Muon\" }\n";
    let write = |ranking: &str| {
        folder.write(
            "campaign.toml",
            format!("{}{stage}{}", &text[..at], bare(ranking)),
        )
    };
    write("");
    let _ = done(&folder);
    let shards = tables(&folder).len();
    write(", bins = 100");
    let planned = lumimill().on("plan", &folder.file()).expect_code(0);
    let says = format!("0 shards to do, {shards} to measure again");
    assert!(
        planned.out.contains(&says),
        "rows are rows: {}",
        planned.out
    );
    let _ = done(&folder);
    write(", per = \"event\"");
    let ended = lumimill().on("run", &folder.file()).expect_code(0);
    let says = format!(
        "{shards} shards to do; {shards} of them as their tables lack what is measured now"
    );
    assert!(ended.err.contains(&says), "{}", ended.err);
    let found = snapshot(&folder.output());
    fs::remove_dir_all(folder.output()).unwrap();
    assert_same(&done(&folder), &found);
}

#[test]
fn a_pool_measures_again_without_the_input() {
    const TEST: &str = "a_pool_measures_again_without_the_input";
    let Some(mut site) = Cluster::start(TEST, lumimill(), lumimill_worker()) else {
        return;
    };
    let folder = site.campaign(6_000, 500);
    let file = folder.file();
    let file = file.to_str().unwrap();
    site.serve("serve", &[]);
    site.worker("one", &["--slots", "2"]);
    let _ = site.run(&["submit", file]).expect_code(0);
    site.wait_for_campaign("demo");
    site.kill("one");
    let shards = site.keys("demo/dimuon/_done").len();
    assert!(shards > 8, "{shards}");
    change(&folder, &CHANGES);
    let expected = undisturbed(&lumimill(), &folder);
    let preview = site.run(&["submit", file, "--dry-run"]).expect_code(0);
    let says = format!("0 shards to do, {shards} to measure again");
    assert!(preview.out.contains(&says), "{}", preview.out);
    let submitted = site.run(&["submit", file]).expect_code(0);
    assert!(submitted.out.contains(&says), "{}", submitted.out);
    fs::remove_dir_all(folder.join("data")).unwrap();
    let status = site.run(&["status", file]).expect_code(0);
    let says = format!("{shards} of these only to measure again");
    assert!(status.out.contains(&says), "{}", status.out);
    // Killed at each point on the way.
    let once = folder.join("once");
    for point in ["taken", "processed", "marker-put", "reported"] {
        fs::write(&once, "").unwrap();
        site.set(DIE_AT, point);
        site.set(DIE_ONCE, once.to_str().unwrap());
        site.worker("deadly", &["--slots", "1"]);
        assert_eq!(site.wait_for_end("deadly"), -1, "{point}");
    }
    site.unset(DIE_AT);
    site.worker("two", &["--slots", "2"]);
    site.wait_for_campaign("demo");
    assert_same(&expected, &site.objects("demo"));
    let _ = site
        .run(&[
            "verify",
            &format!("s3://{}/site/demo", lumimill_tests::BUCKET),
        ])
        .expect_code(0);
}
