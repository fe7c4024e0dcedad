//! Faults that somebody found, each as it was.

use std::fs;

use serde_json::{Value, json};

use lumimill_tests::python;

use super::Done;
use crate::forms::{of_the_next_form, plan_of_a_later_form};

/// A marker changed in what it says, with a checksum that fits.
fn falsified(marker: &[u8], change: impl Fn(&mut Value)) -> Vec<u8> {
    let body = marker.split(|byte| *byte == b'\n').nth(1).unwrap();
    let mut value = serde_json::from_slice(body).unwrap();
    change(&mut value);
    let body = serde_json::to_string(&value).unwrap();
    let checksum = blake3::hash(body.as_bytes()).to_hex();
    format!("{{\"form\":3,\"checksum\":\"{checksum}\"}}\n{body}\n").into_bytes()
}

#[test]
fn a_fetch_without_a_plan_brings_the_report_and_says_what_makes_the_plan_anew() {
    let done = Done::new();
    fs::remove_file(done.at("plan.parquet")).unwrap();
    for target in [done.file(), done.output()] {
        let fetched = done.run_on("fetch --output here", &target);
        let fetched = fetched.with(3, &["plan.parquet is missing", "lumimill run", "0 tables"]);
        assert!(fetched.all.contains("here/demo"), "{}", fetched.all);
        assert!(
            done.folder
                .path()
                .join("here/demo/report/index.html")
                .exists()
        );
        assert!(!done.at("out").exists(), "one place, and not below itself");
    }
    let _ = done.run("run").with(0, &[]);
    let _ = done.run("fetch --output here").with(0, &[]);
}

#[test]
fn a_plan_of_another_configuration_is_refused_and_no_report_is_made_of_it() {
    let done = Done::new();
    let before = done.snapshot();
    let other = Done::new();
    let file = fs::read_to_string(other.file()).unwrap();
    fs::write(other.file(), file.replace("pt > 3", "pt > 4")).unwrap();
    let _ = other.run("run --replace").with(0, &[]);
    fs::copy(other.at("plan.parquet"), done.at("plan.parquet")).unwrap();
    for line in [
        "verify",
        "verify --mend",
        "resubmit --damaged",
        "resubmit --failed",
        "resubmit --missing --dry-run",
        "report",
        "status",
    ] {
        let said = done.run(line);
        let _ = said.with(
            2,
            &[
                "plan.parquet is not of the campaign beside it",
                "lumimill run",
            ],
        );
    }
    let _ = done
        .run("fetch --output here")
        .with(3, &["plan.parquet is not of"]);
    assert!(done.snapshot()["report/index.html"] == before["report/index.html"]);
    let _ = done.run("run").with(0, &["plan.parquet is not of"]);
    let _ = done.run("verify").with(0, &[]);
    done.assert_was(&before);
}

/// Whoever was killed between the last shard and the report left that of the configuration before, and
/// all who looked called it that of the campaign.
#[test]
fn a_report_of_another_configuration_is_named_by_all_who_look() {
    let done = Done::new();
    let before = done.snapshot();
    let file = fs::read_to_string(done.file()).unwrap();
    fs::write(done.file(), file.replace("pt > 3", "pt > 4")).unwrap();
    let _ = done.run("run --replace").with(0, &[]);
    let after = done.snapshot();
    let _ = done
        .run("status")
        .with(0, &["at its end"])
        .without(&["files.json"]);
    fs::remove_dir_all(done.at("report")).unwrap();
    fs::create_dir(done.at("report")).unwrap();
    for (name, bytes) in &before {
        if name.starts_with("report/") {
            fs::write(done.at(name), bytes).unwrap();
        }
    }
    let words = ["report/files.json is of a report of another configuration"];
    let _ = done
        .run("status")
        .with(0, &words)
        .with(0, &["lumimill report"]);
    let _ = done.run("verify").with(3, &words);
    let _ = done.run("fetch --output here").with(3, &words);
    let _ = done.run("verify --mend").with(0, &[]);
    let _ = done.run("verify").with(0, &[]);
    done.assert_was(&after);
}

#[test]
fn a_plan_that_is_gone_or_damaged_is_said_alike_by_all_who_need_it() {
    let done = Done::new();
    let before = done.snapshot();
    let plan = done.at("plan.parquet");
    for (is_gone, words) in [
        (true, "plan.parquet is missing"),
        (false, "plan.parquet is damaged"),
    ] {
        let _ = match is_gone {
            true => fs::remove_file(&plan),
            false => fs::write(&plan, "PAR1 and no more"),
        };
        for line in [
            "verify",
            "resubmit",
            "resubmit --damaged",
            "report",
            "status",
        ] {
            let _ = done.run(line).with(2, &[words, "lumimill run"]);
        }
        let _ = done.run("run").with(0, &[]);
        done.assert_was(&before);
    }
}

/// `verify --mend` removed the table of a shard that somebody had marked as dropped.
#[test]
fn a_plan_that_somebody_changed_by_hand_is_not_believed() {
    let done = Done::new();
    let before = done.snapshot();
    let plan = done.at("plan.parquet");
    for column in ["is_dropped", "certified_events", "stop"] {
        let changed = python("changed_plan.py", &[plan.to_str().unwrap(), column]);
        let Some(changed) = changed else { return };
        let _ = changed.expect_code(0);
        for line in ["verify", "verify --mend", "resubmit --missing", "status"] {
            let words = ["plan.parquet is damaged", "changed after", "lumimill run"];
            let _ = done.run(line).with(2, &words);
        }
        let _ = done.run("run").with(0, &[]);
        done.assert_was(&before);
    }
}

#[test]
fn a_report_that_is_gone_or_damaged_is_seen_and_written_again() {
    let done = Done::new();
    let before = done.snapshot();
    let files = [
        "report/index.html",
        "report/event_metrics.csv",
        "report/files.json",
    ];
    for (number, file) in files.into_iter().enumerate() {
        match number % 2 {
            0 => fs::remove_file(done.at(file)).unwrap(),
            _ => fs::write(done.at(file), "x").unwrap(),
        }
        let _ = done
            .run("verify")
            .with(3, &[file, "1 problem", "lumimill report"]);
        let _ = done
            .run("fetch --output here")
            .with(3, &[file, "lumimill report"]);
        let _ = done.run("verify --mend").with(0, &[]);
        let _ = done.run("verify").with(0, &[]);
        done.assert_was(&before);
    }
    let page = fs::read(done.at("report/index.html")).unwrap();
    let mut changed = page.clone();
    changed[100] ^= 1;
    fs::write(done.at("report/index.html"), changed).unwrap();
    let _ = done
        .run("verify")
        .with(3, &["report/index.html is damaged"]);
    let _ = done.run("report").with(0, &[]);
    done.assert_was(&before);
}

#[test]
fn what_has_the_place_of_the_report_is_named_by_who_writes_it() {
    let done = Done::new();
    let before = done.snapshot();
    let words = ["report", "expected a folder", "move it away"];
    fs::remove_dir_all(done.at("report")).unwrap();
    fs::write(done.at("report"), "a file").unwrap();
    for line in ["verify", "report", "run", "fetch --output here", "status"] {
        let _ = done.run(line).with(2, &words);
    }
    fs::remove_file(done.at("report")).unwrap();
    let _ = done.run("verify --mend").with(0, &[]);
    done.block("report/thresholds.csv");
    for line in ["verify", "verify --mend", "fetch --output here"] {
        let _ = done
            .run(line)
            .with(3, &["report/thresholds.csv", "move it away"]);
    }
    let _ = done
        .run("report")
        .with(2, &["report/thresholds.csv", "move it away"]);
    fs::remove_dir_all(done.at("report/thresholds.csv")).unwrap();
    let _ = done.run("verify --mend").with(0, &[]);
    done.assert_was(&before);
}

#[test]
fn a_folder_in_the_place_of_a_marker_is_named_before_anything_is_begun() {
    let done = Done::new();
    let (before, marker) = (done.snapshot(), done.marker(1));
    done.block(&marker);
    let blocked = done.snapshot();
    let words = [marker.as_str(), "move it away"];
    for line in ["verify", "verify --mend"] {
        let _ = done.run(line).with(3, &words);
    }
    for line in [
        "resubmit --missing",
        "resubmit --missing --dry-run",
        "resubmit --damaged",
        "resubmit --damaged --dry-run",
        "run",
    ] {
        let _ = done.run(line).with(2, &words);
    }
    done.assert_was(&blocked);
    fs::remove_dir_all(done.at(&marker)).unwrap();
    let _ = done.run("verify --mend").with(0, &[]);
    done.assert_was(&before);
}

#[test]
fn a_folder_in_the_place_of_a_table_costs_no_work_and_no_marker() {
    let done = Done::new();
    let (before, table) = (done.snapshot(), done.table(2));
    done.block(&table);
    let blocked = done.snapshot();
    let words = [table.as_str(), "move it away"];
    let _ = done
        .run("verify --mend")
        .with(3, &words)
        .without(&["events/s"]);
    for line in ["run", "resubmit --damaged", "resubmit --missing --dry-run"] {
        let _ = done.run(line).with(2, &words).without(&["events/s"]);
    }
    done.assert_was(&blocked);
    fs::remove_dir_all(done.at(&table)).unwrap();
    let _ = done.run("verify --mend").with(0, &[]);
    done.assert_was(&before);
}

/// A dry run is refused as the real one is, and with a command that exists.
#[test]
fn a_marker_of_another_configuration_is_refused_by_a_dry_run_too() {
    let done = Done::new();
    let before = done.snapshot();
    let stray = "0123456789abcdef0123456789abcdef";
    fs::copy(
        done.at(&done.marker(0)),
        done.at(&format!("dimuon/_done/{stray}")),
    )
    .unwrap();
    for line in ["resubmit --damaged", "resubmit --missing"] {
        for line in [line.to_owned(), format!("{line} --dry-run")] {
            let words = [
                "1 shard of an earlier configuration",
                "lumimill run",
                "--replace",
            ];
            let _ = done.run(&line).with(2, &words).without(&["pass --replace"]);
        }
    }
    let _ = done.run("run --replace").with(0, &[]);
    done.assert_was(&before);
}

#[test]
fn status_reads_the_markers_of_what_it_calls_done() {
    let done = Done::new();
    let _ = done.run("status").with(0, &["100%"]).without(&["damaged"]);
    let marker = done.at(&done.marker(0));
    let mut bytes = fs::read(&marker).unwrap();
    let last = bytes.len() - 3;
    bytes[last] ^= 1;
    fs::write(&marker, bytes).unwrap();
    let words = [
        "1 damaged",
        "not whole any more",
        "1 table is damaged",
        "verify",
    ];
    let _ = done
        .run("status")
        .with(0, &words)
        .without(&["100%", "at its end\n"]);
    let status = done.run("status --json").with(0, &[]);
    let status: Value = serde_json::from_str(&status.all).unwrap();
    assert_eq!(status["state"], "not-whole", "{status:#}");
    assert_eq!(status["markers_read"], true, "{status:#}");
    fs::write(done.at(&done.table(1)), "another size").unwrap();
    let _ = done
        .run("status")
        .with(0, &["2 damaged", "2 tables are damaged"]);
    fs::write(done.at("report/index.html"), "").unwrap();
    let _ = done
        .run("status")
        .with(0, &["report/index.html has 0 bytes", "lumimill report"]);
    let _ = done.run("verify --mend").with(0, &[]);
    let _ = done.run("status").with(0, &["at its end", "100%"]);
}

#[test]
fn a_falsified_cut_flow_is_not_published() {
    let done = Done::new();
    let before = done.snapshot();
    let marker = done.at(&done.marker(0));
    let bytes = fs::read(&marker).unwrap();
    let steps = |value: &mut Value, at: usize, count: u64| {
        value["cut_flow"]["steps"][at]["count"] = count.into();
    };
    for (change, words) in [
        (
            &(|value: &mut Value| steps(value, 0, 1_000_000)) as &dyn Fn(&mut Value),
            "1000000 for \"events read\"",
        ),
        (
            &|value: &mut Value| steps(value, 1, 0),
            "0 for \"certified\"",
        ),
        (
            &|value: &mut Value| steps(value, 2, 1_000_000),
            "1000000 after \"where",
        ),
        (
            &|value: &mut Value| value["rows"] = json!(7_777),
            "its table has 7777 rows",
        ),
        (
            &|value: &mut Value| value["cut_flow"]["steps"] = json!([]),
            "has the steps",
        ),
    ] {
        fs::write(&marker, falsified(&bytes, change)).unwrap();
        for line in ["verify", "report", "fetch --output here"] {
            let _ = done.run(line).with(3, &[&done.marker(0), words]);
        }
        let _ = done.run("status").with(0, &["1 damaged"]);
    }
    let _ = done.run("verify --mend").with(0, &[]);
    done.assert_was(&before);
}

#[test]
fn one_marker_of_a_newer_form_does_not_hide_the_rest() {
    let done = Done::new();
    let marker = done.at(&done.marker(0));
    let bytes = fs::read(&marker).unwrap();
    let newer = of_the_next_form(&bytes);
    fs::write(&marker, &newer).unwrap();
    fs::remove_file(done.at(&done.table(1))).unwrap();
    let words = [
        &done.marker(0),
        "written by a newer version",
        &done.table(1),
        "is missing",
    ];
    for line in ["verify", "verify --mend"] {
        let _ = done.run(line).with(2, &words);
    }
    let fetched = done.run("fetch --output here").with(3, &words);
    assert!(fetched.all.contains("upgrade"), "{}", fetched.all);
    let _ = done.run("status").with(0, &["1 gone", "1 not to be read"]);
    assert!(fs::read(&marker).unwrap() == newer, "it is left alone");
    fs::write(&marker, bytes).unwrap();
    let _ = done.run("verify --mend").with(0, &[]);
}

#[test]
fn a_control_record_that_cannot_be_used_says_what_sets_it_right() {
    let done = Done::new();
    let before = done.snapshot();
    let control = done.at("_control.json");
    for bytes in ["", "{\"plan\":", "nonsense", "{\"form\":1}"] {
        fs::write(&control, bytes).unwrap();
        for line in ["status", "verify", "report", "run", "resubmit"] {
            let words = ["_control.json is damaged", "lumimill submit", "remove it"];
            let _ = done.run(line).with(2, &words);
        }
        // It would be written anew.
        let said = done
            .run("submit --dry-run")
            .with(0, &["_control.json is damaged"]);
        assert!(said.all.contains("would do 0 shards"), "{}", said.all);
    }
    fs::remove_file(&control).unwrap();
    done.block("_control.json");
    for line in [
        "status",
        "verify",
        "report",
        "run",
        "resubmit",
        "submit --dry-run",
    ] {
        let _ = done.run(line).with(2, &["_control.json", "move it away"]);
    }
    fs::remove_dir_all(&control).unwrap();
    let _ = done.run("verify").with(0, &[]);
    done.assert_was(&before);
}

#[test]
fn a_garbled_copy_of_the_campaign_is_not_blamed_on_the_file_of_the_user() {
    let done = Done::new();
    let before = done.snapshot();
    fs::write(done.at("campaign.toml"), "name = [").unwrap();
    for line in ["verify", "status", "report", "resubmit"] {
        let words = ["out/demo: campaign.toml is damaged", "copy", "lumimill run"];
        let _ = done.run(line).with(2, &words);
    }
    let _ = done
        .run("fetch --output here")
        .with(3, &["campaign.toml is damaged"]);
    let _ = done.run("run").with(0, &[]);
    done.assert_was(&before);
}

#[test]
fn what_fetch_cannot_bring_is_said_in_words() {
    let done = Done::new();
    fs::write(done.at(&done.marker(0)), "x").unwrap();
    let said = done
        .run("fetch --output here")
        .with(3, &[&done.marker(0), "cannot be used"]);
    let _ = said.without(&["Marker(", "1 tables", "1 things"]);
    let onto_itself = done.run_on("fetch --output out", &done.output());
    let _ = onto_itself.with(2, &["is what is to be fetched", "--output"]);
}

#[test]
fn files_and_folders_in_each_others_places_are_named() {
    let done = Done::new();
    let markers = done.at("dimuon/_done");
    let moved = done.folder.path().join("moved");
    fs::rename(&markers, &moved).unwrap();
    fs::write(&markers, "a file").unwrap();
    for line in ["verify", "run", "report", "resubmit --missing --dry-run"] {
        let _ = done
            .run(line)
            .with(2, &["dimuon/_done", "expected a folder", "move it away"]);
    }
    fs::remove_file(&markers).unwrap();
    fs::rename(&moved, &markers).unwrap();
    let _ = fs::remove_file(done.at("_lock"));
    done.block("_lock");
    for line in ["run", "report"] {
        let _ = done.run(line).with(2, &["_lock", "move it away"]);
    }
    fs::remove_dir_all(done.at("_lock")).unwrap();
    let _ = done.run("run").with(0, &[]);
    // A link that leads nowhere, as the output and as a table.
    let table = done.at(&done.table(0));
    fs::remove_file(&table).unwrap();
    std::os::unix::fs::symlink("nowhere", &table).unwrap();
    let _ = done.run("verify").with(3, &[&done.table(0), "is missing"]);
    let _ = done.run("verify --mend").with(0, &[]);
    let out = done.folder.path().join("out");
    fs::rename(&out, done.folder.path().join("elsewhere")).unwrap();
    std::os::unix::fs::symlink("nowhere", &out).unwrap();
    let _ = done
        .run("run")
        .with(2, &["out is a link that leads nowhere"]);
    fs::remove_file(&out).unwrap();
    std::os::unix::fs::symlink("elsewhere", &out).unwrap();
    let _ = done.run("verify").with(0, &[]);
}

/// Tables that were moved to another disk are read where they are.
#[test]
fn tables_behind_links_are_whole() {
    let done = Done::new();
    let (table, disk) = (done.at(&done.table(0)), done.folder.path().join("disk"));
    fs::rename(&table, &disk).unwrap();
    std::os::unix::fs::symlink(&disk, &table).unwrap();
    for line in ["verify", "report", "run"] {
        let _ = done.run(line).with(0, &[]);
    }
    let _ = done
        .run("status")
        .with(0, &["100%"])
        .without(&["damaged", "gone"]);
}

#[test]
fn a_damaged_record_of_a_failure_stops_nobody() {
    let done = Done::new();
    let (shard, before) = (done.shards()[0].clone(), done.snapshot());
    fs::remove_file(done.at(&done.marker(0))).unwrap();
    let record = done.at(&format!("dimuon/_failed/{shard}.json"));
    fs::create_dir_all(record.parent().unwrap()).unwrap();
    fs::write(&record, "{").unwrap();
    let words = ["1 failed", "record", "is damaged", "lumimill resubmit"];
    let _ = done.run("status --failed").with(0, &words);
    let _ = done.run("report").with(3, &["is damaged"]);
    let _ = done.run("resubmit --failed").with(0, &[]);
    fs::remove_dir(record.parent().unwrap()).unwrap();
    done.assert_was(&before);
}

#[test]
fn a_plan_of_a_newer_version_keeps_fetch_from_tables_only() {
    let done = Done::new();
    let plan = done.at("plan.parquet");
    let newer = plan_of_a_later_form(&fs::read(&plan).unwrap());
    fs::write(&plan, &newer).unwrap();
    let words = ["written by a newer version", "upgrade", "0 tables"];
    let _ = done.run("fetch --output here").with(3, &words);
    assert!(fs::read(&plan).unwrap() == newer, "it is left alone");
}
