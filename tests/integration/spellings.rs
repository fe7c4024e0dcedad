//! Campaigns, lists and masks as people and their editors spell them.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use lumimill_tests::{CampaignFolder, Program, Snapshot, snapshot};

use crate::lumimill;

/// Runs `lumimill run` from a folder, with another home.
#[track_caller]
fn run_in(folder: &Path, campaign: &str, home: &Path) {
    let mut command = lumimill().command(&["run", campaign]);
    command.current_dir(folder).env("HOME", home);
    let _ = Program::finish(&mut command).expect_code(0);
}

/// What the campaign of a folder wrote for its stage.
fn tables(folder: &CampaignFolder) -> Snapshot {
    let parts = snapshot(&folder.output().join("dimuon"));
    let parts = parts
        .into_iter()
        .filter(|(name, _)| name.starts_with("part-"));
    parts.collect()
}

fn demo() -> CampaignFolder {
    CampaignFolder::demo(1_000)
}

fn expected() -> Snapshot {
    let folder = demo();
    run_in(folder.path(), "campaign.toml", folder.path());
    tables(&folder)
}

#[test]
fn a_byte_order_mark_and_the_line_ends_of_windows() {
    let folder = demo();
    folder.change("\"data/*.root\"", "\"@all.txt\"");
    folder.write("all.txt", "data/*.root\n");
    for file in ["campaign.toml", "certified.json", "all.txt"] {
        let text = fs::read_to_string(folder.join(file)).unwrap();
        folder.write(file, format!("\u{feff}{}", text.replace('\n', "\r\n")));
    }
    run_in(folder.path(), "campaign.toml", folder.path());
    assert!(tables(&folder) == expected(), "the same tables");
}

/// Wherever one is, and however the campaign is named, its paths are relative to its folder.
#[test]
fn a_campaign_is_run_from_anywhere() {
    let expected = expected();
    let outside = tempfile::tempdir().unwrap();
    // A folder stands for the campaign in it; nothing for its absolute path.
    let runs = [
        "./it/campaign.toml",
        "../it/campaign.toml",
        "it",
        "ünï cödé/campaign.toml",
        "",
    ];
    for campaign in runs {
        let folder = demo();
        for name in ["it", "ünï cödé"] {
            let link = outside.path().join(name);
            // That of the round before.
            let _ = fs::remove_file(&link);
            symlink(folder.path(), link).unwrap();
        }
        let whole = folder.file().display().to_string();
        let beside = outside.path().join("beside");
        fs::create_dir_all(&beside).unwrap();
        let from = match campaign.starts_with("..") {
            true => &beside,
            false => outside.path(),
        };
        let named = if campaign.is_empty() {
            &whole
        } else {
            campaign
        };
        run_in(from, named, outside.path());
        assert!(tables(&folder) == expected, "{named}");
    }
}

#[test]
fn paths_from_home_and_as_urls() {
    let folder = demo();
    let home = folder.path();
    folder.change("\"certified.json\"", "\"~/certified.json\"");
    folder.change("output = \"out\"", "output = \"~/out\"");
    folder.change(
        "\"models/HLT_Mu17_Mu8.onnx\"",
        "\"~/models/HLT_Mu17_Mu8.onnx\"",
    );
    let url = format!("\"file:{}/data/dimuon_{{0,1}}.root\"", home.display());
    folder.change("\"data/*.root\"", &url);
    run_in(Path::new("/"), folder.file().to_str().unwrap(), home);
    let rows = |tables: &Snapshot| tables.len();
    assert_eq!(rows(&tables(&folder)), rows(&expected()));
}

#[test]
fn the_folder_of_an_output_is_no_campaign_to_run() {
    let folder = demo();
    run_in(folder.path(), "campaign.toml", folder.path());
    let ended = lumimill().on("run", &folder.output()).expect_code(2);
    ended.says(&["is the output of a campaign: name the campaign file"]);
    for target in [folder.output(), folder.path().to_owned()] {
        let status = lumimill().on("status", &target).expect_code(0);
        assert!(status.out.contains("dimuon"), "{}", status.out);
    }
}
