//! What the store holds, written by another version, or changed after it was written.

use std::fs;
use std::path::{Path, PathBuf};

use lumimill_tests::CampaignFolder;
use serde_json::Value;

use crate::lumimill;

const NEWER: &str = "written by a newer version of lumimill (form ";

/// A record of the next form, as a version to come may write it: nothing else of it is known.
pub(crate) fn of_the_next_form(record: &[u8]) -> Vec<u8> {
    let first = serde_json::Deserializer::from_slice(record).into_iter::<Value>();
    let form = first.map(|value| value.unwrap()["form"].as_u64().unwrap());
    let form = form.take(1).sum::<u64>() + 1;
    format!("{{\"form\":{form},\"colour\":\"blue\"}}\nand more").into_bytes()
}

/// A plan of a form to come.
pub(crate) fn plan_of_a_later_form(plan: &[u8]) -> Vec<u8> {
    plan_of_form(plan, b"99")
}

/// A plan of another form: the number in its metadata is this one.
fn plan_of_form(plan: &[u8], form: &[u8; 2]) -> Vec<u8> {
    let key = b"lumimill.plan";
    let at = plan.windows(key.len()).position(|bytes| bytes == key);
    let at = at.unwrap() + key.len();
    let digit = plan[at..].iter().position(u8::is_ascii_digit).unwrap();
    let mut plan = plan.to_vec();
    plan[at + digit..at + digit + 2].copy_from_slice(form);
    plan
}

fn done() -> CampaignFolder {
    let folder = CampaignFolder::demo(4_000);
    let _ = lumimill().on("run", &folder.file()).expect_code(0);
    folder
}

fn a_marker(folder: &CampaignFolder) -> PathBuf {
    let markers = fs::read_dir(folder.output().join("dimuon/_done")).unwrap();
    let mut markers: Vec<_> = markers.map(|entry| entry.unwrap().path()).collect();
    markers.sort();
    markers.remove(0)
}

#[track_caller]
fn says_newer(verb: &[&str], path: &Path) {
    let mut args = verb.to_vec();
    args.insert(1, path.to_str().unwrap());
    let ended = lumimill().run(&args).expect_code(2);
    ended.says(&[NEWER, "; upgrade"]);
    assert!(!ended.err.contains("damaged"), "{verb:?}: {}", ended.err);
}

#[test]
fn a_marker_of_a_newer_version_is_not_called_damaged() {
    let folder = done();
    let marker = a_marker(&folder);
    let newer = of_the_next_form(&fs::read(&marker).unwrap());
    fs::write(&marker, &newer).unwrap();
    for verb in [["verify"], ["report"], ["run"]] {
        says_newer(&verb, &folder.file());
    }
    assert_eq!(fs::read(&marker).unwrap(), newer, "it is left alone");
}

#[test]
fn a_plan_of_a_newer_version_is_not_replaced() {
    let folder = done();
    let path = folder.output().join("plan.parquet");
    let newer = plan_of_a_later_form(&fs::read(&path).unwrap());
    fs::write(&path, &newer).unwrap();
    for verb in [
        &["verify"][..],
        &["report"],
        &["run"],
        &["status"],
        &["resubmit", "--missing"],
    ] {
        says_newer(verb, &folder.file());
    }
    assert!(fs::read(&path).unwrap() == newer, "it is left alone");
}

#[test]
fn a_plan_of_an_older_version_is_named_and_made_anew() {
    let folder = done();
    let path = folder.output().join("plan.parquet");
    let plan = fs::read(&path).unwrap();
    fs::write(&path, plan_of_form(&plan, b" 1")).unwrap();
    let older = "plan.parquet is written by an older version of lumimill (form 1, this one reads ";
    for verb in ["verify", "report"] {
        lumimill()
            .on(verb, &folder.file())
            .expect_code(2)
            .says(&[older, "lumimill run with the campaign file makes it anew"]);
    }
    let ended = lumimill().on("run", &folder.file()).expect_code(0);
    ended.says(&[older]);
    assert!(fs::read(&path).unwrap() == plan, "it is what it was");
    let _ = lumimill().on("verify", &folder.file()).expect_code(0);
}

#[test]
fn a_control_record_of_a_newer_version_is_not_called_damaged() {
    let folder = done();
    let path = folder.output().join("_control.json");
    fs::write(&path, "{\"form\": 99}").unwrap();
    for verb in [["verify"], ["report"], ["run"], ["status"]] {
        says_newer(&verb, &folder.file());
    }
}

#[test]
fn a_failed_record_of_a_newer_version_is_not_called_damaged() {
    let folder = CampaignFolder::demo(4_000);
    let _ = lumimill().on("run", &folder.file()).expect_code(0);
    let marker = a_marker(&folder);
    let shard = marker.file_name().unwrap().to_str().unwrap().to_owned();
    fs::remove_file(&marker).unwrap();
    let failed = format!("out/demo/dimuon/_failed/{shard}.json");
    folder.write(&failed, "{\"form\": 99}");
    says_newer(&["status", "--failed"], &folder.file());
    says_newer(&["report"], &folder.file());
}

/// The counts of a histogram are others, and everything else is right, the JSON included.
#[test]
fn a_marker_whose_metrics_changed_is_found() {
    let folder = done();
    let marker = a_marker(&folder);
    let text = fs::read_to_string(&marker).unwrap();
    let at = text.find("\"missing\":0").unwrap();
    let changed = format!("{}{}", &text[..at], text[at..].replacen(":0", ":7", 1));
    fs::write(&marker, changed).unwrap();
    let verified = lumimill().on("verify", &folder.file()).expect_code(3);
    assert!(verified.out.contains("its checksum is"), "{}", verified.out);
    let ended = lumimill().on("report", &folder.file()).expect_code(3);
    for says in ["cannot be used", "its checksum is"] {
        assert!(ended.out.contains(says), "{says}: {}", ended.out);
    }
}

/// What was measured is not what the marker says, and everything else is right, the JSON included.
#[test]
fn a_marker_with_fewer_metrics_is_not_merged() {
    let folder = done();
    let marker = a_marker(&folder);
    let text = fs::read_to_string(&marker).unwrap();
    let mut lines = text.lines();
    let mut head: Value = serde_json::from_str(lines.next().unwrap()).unwrap();
    let mut value: Value = serde_json::from_str(lines.next().unwrap()).unwrap();
    value["partials"].as_array_mut().unwrap().pop();
    let body = serde_json::to_string(&value).unwrap();
    head["checksum"] = blake3::hash(body.as_bytes()).to_hex().to_string().into();
    fs::write(&marker, format!("{head}\n{body}\n")).unwrap();
    let says = "it says metrics ";
    let verified = lumimill().on("verify", &folder.file()).expect_code(3);
    assert!(verified.out.contains(says), "{}", verified.out);
    let ended = lumimill().on("report", &folder.file()).expect_code(3);
    assert!(ended.out.contains(says), "{}", ended.out);
}
