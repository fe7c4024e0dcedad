//! Input in S3-compatible storage, on a real server: read by ranges, and the same tables as from
//! files of this machine.

mod line;

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use lumimill_common::store::{S3Reader, S3Url, Store, StoreError};
use lumimill_tests::{
    ACCESS_KEY, CampaignFolder, Ended, Program, SECRET_KEY, SeaweedFs, python, snapshot,
};
use tokio::runtime::Runtime;

use crate::{lumimill, real_files};

/// Where the input is, in the bucket.
const FOLDER: &str = "nano/2016";
const FILES: &str = "files = [\"data/*.root\"]";

#[track_caller]
fn assert_no_credentials(text: &str) {
    for secret in [ACCESS_KEY, SECRET_KEY] {
        assert!(!text.contains(secret), "a credential is shown:\n{text}");
    }
}

/// The program, with what it needs to reach the server.
fn command(server: &SeaweedFs, args: &[&str]) -> Command {
    let mut command = lumimill().command(args);
    server.environment(&mut command);
    command
}

fn run(server: &SeaweedFs, args: &[&str]) -> Ended {
    let ended = Program::finish(&mut command(server, args));
    assert_no_credentials(&format!("{}{}", ended.out, ended.err));
    ended
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Puts a file into the bucket, under its name or another.
fn put(server: &SeaweedFs, file: &Path, name: &str) {
    let store = server.store(FOLDER);
    let bytes = fs::read(file).unwrap();
    let key = name.parse().unwrap();
    let put = store.put(&key, bytes);
    Runtime::new().unwrap().block_on(put).unwrap();
}

fn delete(server: &SeaweedFs, name: &str) {
    let store = server.store(FOLDER);
    let key = name.parse().unwrap();
    let deleted = store.delete(&key);
    Runtime::new().unwrap().block_on(deleted).unwrap();
}

fn url(name: &str) -> String {
    format!("s3://campaigns/{FOLDER}/{name}")
}

fn files(name: &str) -> String {
    format!("files = [\"{}\"]", url(name))
}

#[test]
fn an_object_is_read_by_ranges_of_one_version() {
    let Some(server) = SeaweedFs::start("objects read by ranges") else {
        return;
    };
    let bytes: Vec<u8> = (0..700_000u32).map(|n| (n % 251) as u8).collect();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("object");
    fs::write(&file, &bytes).unwrap();
    put(&server, &file, "object");
    let reader = S3Reader::new(server.settings()).unwrap();
    let address: S3Url = url("object").parse().unwrap();
    let object = reader.open(&address).unwrap().unwrap();
    assert_eq!(object.size(), 700_000);
    let check = || {
        for (offset, length) in [
            (0, 4),
            (16_000, 800),
            (16_384, 1),
            (5, 600_000),
            (699_999, 1),
        ] {
            let mut found = vec![0; length];
            object.read_at(offset as u64, &mut found).unwrap();
            assert!(found == bytes[offset..offset + length], "{offset}");
        }
    };
    // On a thread of a runtime, and on several at once.
    Runtime::new().unwrap().block_on(async { check() });
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(check);
        }
    });
    let refused = |error: StoreError, text: &str| {
        assert!(!error.is_transient(), "{error}");
        assert!(error.to_string().contains(text), "{error}");
        assert!(error.to_string().contains("object"), "{error}");
        assert_no_credentials(&format!("{error:?}"));
    };
    let read = || object.read_at(500_000, &mut [0; 10]).unwrap_err();
    refused(
        object.read_at(699_999, &mut [0; 2]).unwrap_err(),
        "past its end",
    );
    fs::write(&file, vec![7; 700_000]).unwrap();
    put(&server, &file, "object");
    refused(read(), "changed since it was opened");
    delete(&server, "object");
    refused(read(), "gone since it was opened");
    assert!(reader.open(&address).unwrap().is_none());
    fs::write(&file, "").unwrap();
    put(&server, &file, "object");
    assert_eq!(reader.open(&address).unwrap().unwrap().size(), 0);
    assert_no_credentials(&format!("{reader:?} {object:?}"));
    names_are_listed(&server, &reader, &file);
}

fn names_are_listed(server: &SeaweedFs, reader: &S3Reader, file: &Path) {
    for name in ["list/b.root", "list/a.root", "list/c.txt", "listed.root"] {
        put(server, file, name);
    }
    let prefix = format!("{FOLDER}/list/");
    let found = reader.list("campaigns", &prefix, |name| name.ends_with(".root"));
    let names = ["a.root", "b.root"].map(|name| format!("{prefix}{name}"));
    assert_eq!(found.unwrap(), names);
    let error = reader.list("no-such-bucket", "", |_| true).unwrap_err();
    assert!(error.to_string().contains("no such bucket"), "{error}");
}

#[test]
fn a_campaign_on_objects_has_the_tables_of_one_on_files() {
    let Some(server) = SeaweedFs::start("a campaign on input in S3") else {
        return;
    };
    let folder = CampaignFolder::demo(12_000);
    folder.change("events = 10_000", "events = 2_000");
    let _ = lumimill().on("run", &folder.file()).expect_code(0);
    fs::rename(folder.join("out"), folder.join("local")).unwrap();
    for name in ["dimuon_0.root", "dimuon_1.root"] {
        put(&server, &folder.join(&format!("data/{name}")), name);
    }
    folder.change(FILES, &files("*.root"));
    models_are_objects_too(&server, &folder);
    let file = folder.file();
    let checked = run(&server, &["check", text(&file)]).expect_code(0);
    assert!(checked.out.contains("is fine"), "{}", checked.out);
    let _ = run(&server, &["run", text(&file), "--slots", "2"]).expect_code(0);
    let _ = run(&server, &["verify", text(&file)]).expect_code(0);
    assert_same_results(&folder, "demo", "dimuon");
    let inspected = |target: &str| {
        let shown = run(&server, &["inspect", target, "--json"])
            .expect_code(0)
            .out;
        shown.replace(target, "FILE")
    };
    let local = folder.join("data/dimuon_0.root");
    assert_eq!(inspected(&url("dimuon_0.root")), inspected(text(&local)));
    // One by name, one from a list: the same files, so nothing is left to do.
    folder.write("mine.txt", url("dimuon_1.root"));
    let two = format!("files = [\"{}\", \"@mine.txt\"]", url("dimuon_0.root"));
    folder.change(&files("*.root"), &two);
    let again = run(&server, &["run", text(&file)]).expect_code(0);
    assert!(again.err.contains("nothing to do"), "{}", again.err);
    what_is_wrong_is_told(&server, &folder, &two);
}

/// Models of the campaign come from the bucket, and from nowhere else; one that is not there is told.
fn models_are_objects_too(server: &SeaweedFs, folder: &CampaignFolder) {
    let models = fs::read_dir(folder.join("models")).unwrap();
    for model in models.map(|model| model.unwrap().path()) {
        let name = model.file_name().unwrap().to_str().unwrap();
        put(server, &model, name);
    }
    let spare = folder.join("spare.onnx");
    fs::rename(folder.join("models/HLT_Mu17_Mu8.onnx"), &spare).unwrap();
    fs::remove_dir_all(folder.join("models")).unwrap();
    let here = "onnx = \"models/";
    folder.change(here, &format!("onnx = \"{}", url("")));
    let file = folder.file();
    delete(server, "HLT_Mu17_Mu8.onnx");
    let refused = run(server, &["check", text(&file)]).expect_code(2);
    refused.says(&[&url("HLT_Mu17_Mu8.onnx"), "stage[0].model[1]"]);
    put(server, &spare, "HLT_Mu17_Mu8.onnx");
}

/// Tables and numbers in `out` are those in `local`.
fn assert_same_results(folder: &CampaignFolder, campaign: &str, stage: &str) {
    let at = |output: &str| folder.join(output).join(campaign);
    let numbers = |output: &str| {
        let mut report = snapshot(&at(output).join("report"));
        report.retain(|name, _| name.ends_with(".csv") || name.ends_with("_lumis.json"));
        assert!(report.len() > 3, "{:?}", report.keys());
        report
    };
    assert!(numbers("local") == numbers("out"), "the reports differ");
    let (local, remote) = (at("local").join(stage), at("out").join(stage));
    let prefix = url("");
    if let Some(ended) = python("same_rows.py", &[text(&local), text(&remote), &prefix]) {
        let ended = ended.expect_code(0);
        let rows = ended.out.trim().strip_prefix("rows ").unwrap();
        assert!(rows.parse::<u64>().unwrap() > 20, "{rows}");
    }
}

/// Every mistake ends with code 2 and names the entry.
fn what_is_wrong_is_told(server: &SeaweedFs, folder: &CampaignFolder, good: &str) {
    let file = folder.file();
    let told = |entry: &str, texts: &[&str]| {
        folder.change(good, &format!("files = [\"{entry}\"]"));
        let ended = run(server, &["run", text(&file)]).expect_code(2);
        folder.change(&format!("files = [\"{entry}\"]"), good);
        ended.says(texts);
        ended.says(&[entry]);
    };
    told(&url("gone.root"), &["there is no such object"]);
    told(&url("none*.root"), &["no file matches in s3://campaigns"]);
    told("s3://no-such-bucket/*.root", &["there is no such bucket"]);
    told("s3://no-such-bucket/a.root", &["there is no such bucket"]);
    told("s3://Bad/a.root", &["is not an S3 address"]);
    told(&url("a[.root"), &["not a file pattern"]);
    told("http://host/a.root", &["is not available in this version"]);
    let with = |name: &str, value: &str, texts: &[&str]| {
        let mut command = command(server, &["run", text(&file)]);
        let ended = Program::finish(command.env(name, value)).expect_code(2);
        assert_no_credentials(&ended.err);
        ended.says(texts);
    };
    let (secret, denied) = ("AWS_SECRET_ACCESS_KEY", "access denied");
    with(secret, "another", &[denied, "dimuon_0.root", secret]);
    with(
        secret,
        "",
        &["AWS_SECRET_ACCESS_KEY is not set", "dimuon_0.root"],
    );
    folder.change(good, &files("*.root"));
    with(secret, "another", &[denied, "*.root"]);
    let target = url("dimuon_0.root");
    let mut inspect = command(server, &["inspect", &target]);
    let ended = Program::finish(inspect.env(secret, "another")).expect_code(2);
    ended.says(&[denied, &target]);
    assert_no_credentials(&ended.err);
}

const PARQUET: &str = r#"
name = "p"
output = "out"
[[dataset]]
name = "D"
kind = "mc"
files = ["*.parquet"]
[shards]
events = 15
[[stage]]
name = "s"
keep = ["run", "event", "x", "nHit", "Hit_id"]
[stage.columns]
muons = "Muon_pt.size()"
"#;

#[test]
fn parquet_objects_have_the_tables_of_parquet_files() {
    let Some(server) = SeaweedFs::start("Parquet input in S3") else {
        return;
    };
    let folder = CampaignFolder::with_text(PARQUET);
    let data = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../worker/tests/data/parquet/packed.parquet"
    );
    folder.copy(data.as_ref(), "packed.parquet");
    put(&server, data.as_ref(), "packed.parquet");
    let _ = lumimill().on("run", &folder.file()).expect_code(0);
    fs::rename(folder.join("out"), folder.join("local")).unwrap();
    folder.change("files = [\"*.parquet\"]", &files("*.parquet"));
    let _ = run(&server, &["run", text(&folder.file())]).expect_code(0);
    let (local, remote) = (folder.join("local/p/s"), folder.join("out/p/s"));
    if let Some(ended) = python("same_values.py", &[text(&local), text(&remote)]) {
        assert_eq!(ended.expect_code(0).out.trim(), "rows 40");
    }
}

/// A file is replaced behind the back of a run that has planned it: its shards fail and say why,
/// those of the other file do not care, and with the old one back all is done.
#[test]
fn an_object_replaced_after_planning_is_rejected() {
    let Some(server) = SeaweedFs::start("an object replaced after planning") else {
        return;
    };
    let folder = CampaignFolder::demo(60_000);
    folder.change("events = 10_000", "events = 5_000");
    for name in ["dimuon_0.root", "dimuon_1.root"] {
        put(&server, &folder.join(&format!("data/{name}")), name);
    }
    folder.change(FILES, &files("*.root"));
    let mut run_with_one_slot = command(&server, &["run", text(&folder.file()), "--slots", "1"]);
    let quiet = run_with_one_slot
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let child = quiet.spawn().unwrap();
    wait_for(&folder.output().join("plan.parquet"));
    signal(&child, "-STOP");
    let other = CampaignFolder::demo(6_000);
    put(&server, &other.join("data/dimuon_0.root"), "dimuon_1.root");
    signal(&child, "-CONT");
    let output = child.wait_with_output().unwrap();
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{err}");
    assert_no_credentials(&err);
    let status = run(&server, &["status", text(&folder.file()), "--failed"]).expect_code(0);
    let place = url("dimuon_1.root");
    for told in [&*place, "changed since it was planned"] {
        assert!(
            status.out.contains(told),
            "expected {told:?} in {}",
            status.out
        );
    }
    assert!(!status.out.contains("dimuon_0.root"), "{}", status.out);
    put(&server, &folder.join("data/dimuon_1.root"), "dimuon_1.root");
    let _ = run(&server, &["resubmit", text(&folder.file()), "--failed"]).expect_code(0);
    let _ = run(&server, &["verify", text(&folder.file())]).expect_code(0);
}

fn wait_for(file: &Path) {
    let patience = Instant::now() + Duration::from_secs(120);
    while !file.exists() {
        assert!(
            Instant::now() < patience,
            "{} does not come",
            file.display()
        );
        sleep(Duration::from_millis(1));
    }
}

fn signal(child: &Child, name: &str) {
    let id = child.id().to_string();
    let sent = Command::new("kill").args([name, &id]).status().unwrap();
    assert!(sent.success());
}

/// Real NanoAOD, in storage as on disk.
#[test]
fn a_real_file_in_storage() {
    const NAME: &str = "nano_dimuon.root";
    let mask = r#"{"315267": [[1, 4294967295]]}"#;
    let Some(folder) = real_files::campaign(NAME, mask, "null") else {
        return;
    };
    let Some(server) = SeaweedFs::start("a real file in S3") else {
        return;
    };
    let _ = lumimill().on("run", &folder.file()).expect_code(0);
    fs::rename(folder.join("out"), folder.join("local")).unwrap();
    for name in [NAME, real_files::LABELLED] {
        let file = folder.join(&format!("DoubleMuon2016G/{name}"));
        put(&server, &file, name);
    }
    folder.change(
        "files = [\"DoubleMuon2016G/*.root\"]",
        &files("nano_*.root"),
    );
    let _ = run(&server, &["run", text(&folder.file())]).expect_code(0);
    assert_same_results(&folder, "doublemuon-2016g", "dimuon");
}
