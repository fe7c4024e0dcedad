//! Files of somebody else in an output, which are named and left, and files of ours that are left
//! over, which go.

use std::fs;

use serde_json::Value;

use super::Done;

#[test]
fn a_parquet_file_of_nobody_among_the_tables_is_named_and_left() {
    let done = Done::new();
    let before = done.snapshot();
    let foreign = ["dimuon/part-copy.parquet", "dimuon/older/mine.parquet"];
    fs::create_dir(done.at("dimuon/older")).unwrap();
    for key in foreign {
        fs::copy(done.at(&done.table(0)), done.at(key)).unwrap();
    }
    let with_them = done.snapshot();
    let named = foreign.map(|key| format!("{key} is not of this plan"));
    let words = [&named[0], &named[1], "readers would see it: move it away"];
    let _ = done.run("verify").with(3, &words).without(&["--replace"]);
    let _ = done.run("verify --mend").with(3, &words);
    for line in ["run", "run --replace", "report"] {
        let said = done.run(line).with(0, &words);
        let _ = said.with(0, &["warning: dimuon/"]);
    }
    done.assert_was(&with_them);
    for key in foreign {
        fs::remove_file(done.at(key)).unwrap();
    }
    let _ = done.run("verify").with(0, &[]);
    let _ = done.run("run").with(0, &[]).without(&["move it away"]);
    done.assert_was(&before);
}

#[test]
fn figures_of_a_stage_that_is_no_more_go_from_the_report_and_those_of_others_stay() {
    let done = Done::new();
    let mine = done.at("report/dimuon_mine.svg");
    fs::write(&mine, "mine").unwrap();
    let file = fs::read_to_string(done.file()).unwrap();
    let file = file.replace("name = \"dimuon\"", "name = \"pairs\"");
    fs::write(done.file(), file).unwrap();
    let _ = done.run("run --replace").with(0, &[]);
    let sums = fs::read(done.at("report/files.json")).unwrap();
    let sums: Value = serde_json::from_slice(&sums).unwrap();
    let mut expected: Vec<String> = sums["files"].as_object().unwrap().keys().cloned().collect();
    expected.extend([String::from("dimuon_mine.svg"), String::from("files.json")]);
    expected.sort();
    let there = fs::read_dir(done.at("report")).unwrap();
    let there = there.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut there: Vec<String> = there.collect();
    there.sort();
    assert_eq!(there, expected);
    assert_eq!(fs::read_to_string(mine).unwrap(), "mine");
    let _ = done.run("verify").with(0, &[]);
}

#[test]
fn a_campaign_file_that_somebody_wrote_is_not_written_over() {
    let done = Done::new();
    let text = fs::read_to_string(done.file()).unwrap();
    let kept = done.folder.path().join("kept/demo/campaign.toml");
    fs::create_dir_all(kept.parent().unwrap()).unwrap();
    let remedy = "move it away, or give the campaign another output or name";
    fs::write(&kept, "# by hand").unwrap();
    fs::write(
        done.file(),
        text.replace("output = \"out\"", "output = \"kept\""),
    )
    .unwrap();
    for line in ["check", "plan", "run", "run --replace"] {
        let words = ["kept/demo/campaign.toml is not of this campaign", remedy];
        let _ = done.run(line).with(2, &words);
    }
    assert_eq!(fs::read_to_string(&kept).unwrap(), "# by hand");
    // The folder of the campaign file itself, even with the same bytes.
    let own = text.replace("output = \"out\"", "output = \"..\"");
    fs::write(&kept, &own).unwrap();
    for line in ["check", "run"] {
        let words = ["is the folder that the campaign file is in", remedy];
        let _ = done.run_on(line, &kept).with(2, &words);
    }
    assert_eq!(fs::read_to_string(&kept).unwrap(), own);
    assert_eq!(fs::read_dir(kept.parent().unwrap()).unwrap().count(), 1);
}

#[test]
fn a_plan_that_is_lost_beside_our_own_copy_of_the_campaign_is_made_anew() {
    let done = Done::new();
    let before = done.snapshot();
    for key in ["plan.parquet", "report/files.json"] {
        fs::remove_file(done.at(key)).unwrap();
    }
    let _ = done.run("check").with(0, &[]);
    let _ = done.run("run").with(0, &[]);
    done.assert_was(&before);
}
