//! Inputs and stored objects that somebody made to fill memory, to hang, or to be repeated: an
//! error in bounded time and memory. Everything runs with 4 GiB of addresses.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use lumimill_tests::{CampaignFolder, Ended, Program};

use crate::lumimill;

const EVENTS: u64 = 2_000;
/// Addresses of a process, in KiB.
const ADDRESSES: &str = "4194304";
/// For what ends in less than a second, on a machine that does much else.
const PATIENCE: Duration = Duration::from_secs(120);

/// Runs the program within its memory, and expects it to end by itself.
fn run(args: &[&str]) -> Ended {
    let shell = format!("ulimit -v {ADDRESSES} && exec \"$@\"");
    let command = lumimill().command(args);
    let mut limited = Command::new("sh");
    limited.args(["-c", &shell, "sh"]);
    limited.arg(command.get_program()).args(command.get_args());
    limited.stdin(Stdio::null());
    limited.env_remove("LUMIMILL_SITE");
    let begun = Instant::now();
    let ended = Program::finish(&mut limited);
    assert!(begun.elapsed() < PATIENCE, "{args:?}: {}", ended.err);
    assert!((0..100).contains(&ended.code), "{args:?}: {ended:?}");
    assert!(!ended.err.contains("panicked"), "{args:?}: {}", ended.err);
    ended
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Things that are no small files, in a folder, and what is said of each.
fn endless(folder: &Path) -> Vec<(PathBuf, &'static str)> {
    let (large, pipe) = (folder.join("large"), folder.join("pipe"));
    File::create(&large).unwrap().set_len(10 << 30).unwrap();
    let made = Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    vec![
        (large, "10737418240 bytes"),
        (pipe, "nothing came through"),
        (PathBuf::from("/dev/zero"), "is a device"),
        (folder.to_owned(), "folder"),
    ]
}

#[test]
fn what_has_no_end_is_refused_wherever_it_is_named() {
    let things = tempfile::tempdir().unwrap();
    let folder = CampaignFolder::demo(EVENTS);
    let campaign = fs::read_to_string(folder.file()).unwrap();
    let quoted = |key: &str| {
        let line = campaign.lines().find(|line| line.starts_with(key)).unwrap();
        line.split('"').nth(1).unwrap().to_owned()
    };
    let mask = quoted("mask");
    let model = quoted("onnx");
    for (thing, says) in endless(things.path()) {
        run(&["check", text(&thing)]).expect_code(2).says(&[says]);
        for (from, to) in [
            (mask.clone(), text(&thing).to_owned()),
            (model.clone(), text(&thing).to_owned()),
            (String::from("data/*.root"), format!("@{}", text(&thing))),
        ] {
            fs::write(folder.file(), campaign.replace(&from, &to)).unwrap();
            let ended = run(&["check", text(&folder.file())]).expect_code(2);
            ended.says(&[says]);
        }
    }
}

#[test]
fn a_text_of_brackets_is_a_mistake() {
    let folder = CampaignFolder::demo(EVENTS);
    let right = fs::read_to_string(folder.file()).unwrap();
    for bomb in [
        format!("x = {}", "[".repeat(1 << 20)),
        format!("x = {}", "{a=".repeat(1 << 20)),
        format!("{}x = 1", "a.".repeat(1 << 20)),
        format!("[{}x]", "a.".repeat(1 << 20)),
        "[[stage]]\n".repeat(300_000),
        (0..200_000)
            .map(|number| format!("u{number} = 1\n"))
            .collect(),
    ] {
        fs::write(folder.file(), bomb).unwrap();
        let ended = run(&["check", text(&folder.file())]).expect_code(2);
        // Not megabytes on a terminal.
        assert!(ended.err.len() < 1 << 20, "{} bytes", ended.err.len());
    }
    fs::write(folder.file(), right).unwrap();
    for bomb in ["[".repeat(1 << 20), "{\"1\":".repeat(1 << 20)] {
        folder.write("bomb.json", bomb);
        let campaign = fs::read_to_string(folder.file()).unwrap();
        let mask = campaign.lines().find(|line| line.starts_with("mask"));
        let mask = mask.and_then(|line| line.split('"').nth(1)).unwrap();
        fs::write(folder.file(), campaign.replace(mask, "bomb.json")).unwrap();
        let ended = run(&["check", text(&folder.file())]).expect_code(2);
        ended.says(&["bomb.json"]);
        fs::write(folder.file(), campaign).unwrap();
    }
}

/// Every command that looks at what is stored, on objects that are anything.
#[test]
fn stored_objects_may_be_anything() {
    let folder = CampaignFolder::demo(EVENTS);
    folder.change("events = 10_000", "events = 1_000");
    let done = run(&["run", text(&folder.file()), "--quiet"]).expect_code(0);
    assert!(done.out.contains("shards"), "{}", done.out);
    let output = folder.output();
    let first = |below: &str| -> PathBuf {
        let found = fs::read_dir(output.join(below)).unwrap().flatten();
        found.map(|entry| entry.path()).min().unwrap()
    };
    let marker = first("dimuon/_done");
    let id = marker.file_name().unwrap().to_str().unwrap().to_owned();
    fs::create_dir_all(output.join("dimuon/_failed")).unwrap();
    let objects = [
        marker,
        output.join("plan.parquet"),
        output.join("campaign.toml"),
        output.join("_control.json"),
        output.join(format!("dimuon/_failed/{id}.json")),
        output.join(format!("dimuon/part-{id}.parquet")),
    ];
    for object in objects {
        let right = fs::read(&object).ok();
        for kind in 0..5 {
            let _ = fs::remove_file(&object);
            match kind {
                0 => File::create(&object).unwrap().set_len(10 << 30).unwrap(),
                1 => fs::write(&object, "[".repeat(50_000)).unwrap(),
                2 => fs::write(
                    &object,
                    (0..=255u8).cycle().take(70_000).collect::<Vec<_>>(),
                )
                .unwrap(),
                3 => std::os::unix::fs::symlink("/dev/zero", &object).unwrap(),
                _ => {
                    let made = Command::new("mkfifo").arg(&object).status().unwrap();
                    assert!(made.success());
                }
            }
            for args in [
                vec!["status", text(&output), "--failed"],
                vec!["verify", text(&output)],
                vec!["report", text(&output)],
                vec!["resubmit", text(&folder.file()), "--missing", "--dry-run"],
            ] {
                run(&args);
            }
        }
        let _ = fs::remove_file(&object);
        if let Some(bytes) = right {
            fs::write(&object, bytes).unwrap();
        }
    }
    // The last report was made while a table could not be read.
    let _ = run(&["verify", text(&output)]).expect_code(3);
    let _ = run(&["report", text(&output)]).expect_code(0);
    run(&["verify", text(&output)]).expect_code(0).says(&[]);
}

#[test]
fn a_password_in_an_address_is_refused_and_repeated_nowhere() {
    let folder = CampaignFolder::demo(EVENTS);
    let silent = |args: &[&str]| {
        let ended = run(args).expect_code(2);
        let said = ended.out + &ended.err;
        assert!(!said.contains("hunter2"), "{args:?}: {said}");
        assert!(said.contains("password"), "{args:?}: {said}");
    };
    for address in [
        "s3://user:hunter2@bucket/x",
        "s3://user:/hunter2+/@bucket/x",
        "https://user:hunter2@host/x",
    ] {
        for command in ["status", "verify", "fetch", "check", "run", "inspect"] {
            silent(&[command, address]);
        }
        silent(&["status", "--no-such-option", address]);
        folder.write("list.txt", format!("data/a.root\n{address}\n"));
        let right = fs::read_to_string(folder.file()).unwrap();
        for (from, to) in [
            ("\"out\"", format!("\"{address}\"")),
            ("data/*.root", address.to_owned()),
            ("data/*.root", String::from("@list.txt")),
            ("name =", format!("# {address}\nname =")),
        ] {
            fs::write(folder.file(), right.replacen(from, &to, 1)).unwrap();
            silent(&["check", text(&folder.file())]);
            silent(&["run", text(&folder.file())]);
        }
        fs::write(folder.file(), right).unwrap();
    }
    assert!(!folder.output().exists(), "nothing was begun");
}

#[test]
fn a_password_in_a_setting_is_refused_and_repeated_nowhere() {
    let store = tempfile::tempdir().unwrap();
    for (name, value) in [
        ("LUMIMILL_STORE", "s3://user:hunter2@bucket/x"),
        ("LUMIMILL_STORE", "https://user:hunter2@host/x"),
        ("LUMIMILL_S3_ENDPOINT", "https://user:hunter2@host"),
        ("AWS_CA_BUNDLE", "https://user:hunter2@host"),
        ("LUMIMILL_BROKER", "amqp:/user:hunter2@host"),
    ] {
        let mut command = lumimill().command(&["serve", "--until-done"]);
        command.env("LUMIMILL_STORE", store.path());
        command.env("LUMIMILL_BROKER", "amqp://user:password@127.0.0.1:1/");
        command.env("AWS_ACCESS_KEY_ID", "key");
        command.env("AWS_SECRET_ACCESS_KEY", "secret");
        command.env(name, value);
        let ended = Program::finish(&mut command).expect_code(2);
        let said = ended.out + &ended.err;
        assert!(!said.contains("hunter2"), "{name}: {said}");
        assert!(
            said.contains(name) || said.contains("broker"),
            "{name}: {said}"
        );
    }
}

#[test]
fn a_plan_of_another_campaign_is_refused() {
    let folder = CampaignFolder::demo(EVENTS);
    run(&["run", text(&folder.file()), "--quiet"])
        .expect_code(0)
        .says(&[]);
    let other = folder.join("out/other");
    fs::rename(folder.output(), &other).unwrap();
    folder.change("name = \"demo\"", "name = \"other\"");
    for args in [
        vec!["status", text(&other)],
        vec!["verify", text(&other)],
        vec!["report", text(&other)],
    ] {
        let file = folder.file();
        for target in [text(&other), text(&file)] {
            let ended = run(&[args[0], target]);
            assert_ne!(ended.code, 0, "{args:?}: {}", ended.out);
            ended.says(&["of campaign demo"]);
        }
    }
}

#[test]
fn what_steers_a_terminal_is_shown_escaped() {
    let folder = CampaignFolder::demo(EVENTS);
    folder.change("\"MET_pt\"]\nlabels", "\"M\\u001b[2J\\u009bpt\"]\nlabels");
    let ended = run(&["check", text(&folder.file())]).expect_code(2);
    assert!(!ended.err.contains(['\u{1b}', '\u{9b}']), "{}", ended.err);
    assert!(ended.err.contains("\\u001b[2J"), "{}", ended.err);
}
