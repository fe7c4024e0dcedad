//! What a user is told when something is wrong: which file, branch, key; what was expected,
//! what was found, what to do.

use std::fs;

use lumimill_tests::CampaignFolder;

use crate::lumimill;

const EVENTS: u64 = 2_000;

/// Changes the demo's campaign, and expects a refusal that says all of these.
fn refused(change: impl FnOnce(&CampaignFolder), says: &[&str]) {
    let folder = CampaignFolder::demo(EVENTS);
    change(&folder);
    let ended = lumimill().on("run", &folder.file()).expect_code(2);
    ended.says(says);
    assert!(
        !folder.output().join("plan.parquet").exists(),
        "nothing was begun"
    );
}

/// Changes one text of the campaign.
fn refused_text(from: &str, to: &str, says: &[&str]) {
    refused(|folder| folder.change(from, to), says);
}

#[test]
fn a_file_that_is_missing() {
    refused_text(
        "data/*.root",
        "data/nothing.root",
        &["data/nothing.root", "DoubleMuonToy"],
    );
    refused_text("data/*.root", "nowhere/*.root", &["nowhere/*.root"]);
}

#[test]
fn a_folder_in_place_of_a_file() {
    refused_text("data/*.root", "data", &["data", "folder", "*.root"]);
}

#[test]
fn an_empty_file() {
    refused(
        |folder| folder.write("data/empty.root", ""),
        &["data/empty.root", "empty"],
    );
}

#[test]
fn a_file_that_is_not_root() {
    let says = ["data/fake.root", "ROOT"];
    refused(
        |folder| folder.write("data/fake.root", "PK\x03\x04 not at all".repeat(100)),
        &says,
    );
}

#[test]
fn a_truncated_file() {
    let cut = |folder: &CampaignFolder| {
        let bytes = fs::read(folder.join("data/dimuon_0.root")).unwrap();
        folder.write("data/dimuon_0.root", &bytes[..bytes.len() / 2]);
    };
    refused(cut, &["data/dimuon_0.root", "truncated"]);
}

#[test]
fn a_tree_of_another_name() {
    refused_text(
        "tree = \"Events\"",
        "tree = \"Evnts\"",
        &["Evnts", "Events", "LuminosityBlocks"],
    );
}

#[test]
fn a_branch_that_is_missing() {
    refused_text(
        "\"MET_pt\"]\nlabels",
        "\"MET_ptt\"]\nlabels",
        &["stage[0].keep[4]", "MET_ptt", "MET_pt"],
    );
}

#[test]
fn a_mask_that_is_not_json() {
    refused(
        |folder| folder.write("certified.json", "{run: 1}"),
        &["certified.json", "JSON"],
    );
}

#[test]
fn a_mask_with_bad_ranges() {
    refused(
        |folder| folder.write("certified.json", r#"{"278820": [[7, 3]]}"#),
        &["certified.json", "278820", "7", "3"],
    );
    refused(
        |folder| folder.write("certified.json", r#"{"278820": [[1, 2.5]]}"#),
        &["certified.json", "278820", "2.5"],
    );
}

#[test]
fn an_unknown_key() {
    refused_text(
        "missing_labels",
        "missing_label",
        &["stage[0].missing_label", "did you mean missing_labels?"],
    );
}

#[test]
fn several_mistakes_at_once() {
    let change = |folder: &CampaignFolder| {
        folder.change("kind = \"data\"", "kind = \"dtaa\"");
        folder.change("events = 10_000", "events = -1");
        folder.change("class = 1", "klass = 1");
    };
    refused(
        change,
        &[
            "dataset[0].kind",
            "shards.events",
            "stage[0].model[0].klass",
            "stage[0].model[2].klass",
        ],
    );
}

#[test]
fn an_expression_with_a_mistake_of_syntax() {
    refused_text(
        "eta_mumu = \"eta(pair)\"",
        "eta_mumu = \"eta(pair\"",
        &["stage[0].columns.eta_mumu", "^"],
    );
}

#[test]
fn an_expression_with_a_mistake_of_type() {
    refused_text(
        "nMuon >= 2",
        "nMuon + 2",
        &["stage[0].where", "^", "condition", "(nMuon + 2) != 0"],
    );
    refused_text(
        "pt > 3 && ",
        "ptt > 3 && ",
        &["stage[0].rows.where", "ptt", "^"],
    );
}

#[test]
fn a_model_that_is_missing_or_broken() {
    let model = "models/HLT_Mu17_Mu8.onnx";
    refused(
        |folder| fs::remove_file(folder.join(model)).unwrap(),
        &[model, "stage[0].model[1]"],
    );
    let cut = |folder: &CampaignFolder| {
        let bytes = fs::read(folder.join(model)).unwrap();
        folder.write(model, &bytes[..bytes.len() / 2]);
    };
    refused(cut, &[model, "stage[0].model[1]"]);
}

#[test]
fn a_model_of_another_width() {
    refused_text(
        ", \"MET_pt\"]\nclass",
        "]\nclass",
        &["HLT_Mu17_Mu8.onnx", "6", "5"],
    );
}

#[test]
fn a_model_of_two_inputs_that_is_given_one_list() {
    let Some(model) = lumimill_tests::sample("models/fse_attention.onnx") else {
        return lumimill_tests::skipped(
            "a_model_of_two_inputs_that_is_given_one_list",
            "no sample models",
        );
    };
    let change = |folder: &CampaignFolder| folder.copy(&model, "models/HLT_Mu17_Mu8.onnx");
    let says = [
        "HLT_Mu17_Mu8.onnx",
        "2 inputs",
        "inputs = { features = […], mask = […] }",
    ];
    refused(change, &says);
}

#[test]
fn an_output_that_cannot_be_written() {
    let folder = CampaignFolder::demo(EVENTS);
    folder.write("out", "a file where the folder should be");
    let ended = lumimill().on("run", &folder.file()).expect_code(2);
    ended.says(&["out", "cannot be written"]);
}

#[test]
fn two_runs_at_once() {
    let folder = CampaignFolder::demo(EVENTS);
    fs::create_dir_all(folder.output()).unwrap();
    let lock = fs::File::create(folder.output().join("_lock")).unwrap();
    lock.lock().unwrap();
    let ended = lumimill().on("run", &folder.file()).expect_code(2);
    ended.says(&["another run of this campaign"]);
    drop(lock);
    let _ = lumimill().on("run", &folder.file()).expect_code(0);
}

/// A limit on file size makes writes fail as a full disk does.
#[test]
fn a_disk_that_is_full() {
    let folder = CampaignFolder::demo(60_000);
    folder.change("max_attempts = 3", "max_attempts = 2");
    folder.change("events = 10_000", "events = 30_000");
    let command = format!(
        "ulimit -f 500; trap '' XFSZ; exec '{}' run '{}' --slots 1",
        env!("CARGO_BIN_EXE_lumimill-under-test"),
        folder.file().display()
    );
    let mut shell = std::process::Command::new("bash");
    let ended = lumimill_tests::Program::finish(shell.args(["-c", &command])).expect_code(3);
    ended.says(&["will be tried again", "too large"]);
    let markers = folder.output().join("dimuon/_done");
    assert!(
        !markers.exists() || fs::read_dir(markers).unwrap().next().is_none(),
        "nothing counts as done"
    );
    let parts = fs::read_dir(folder.output().join("dimuon"))
        .unwrap()
        .filter(|entry| {
            entry
                .as_ref()
                .unwrap()
                .file_name()
                .to_string_lossy()
                .starts_with("part-")
        });
    assert_eq!(parts.count(), 0, "nothing half-written is there");
    let _ = lumimill().on("resubmit", &folder.file()).expect_code(0);
    let _ = lumimill().on("verify", &folder.file()).expect_code(0);
}

#[test]
fn a_file_without_events_gives_an_empty_result() {
    let Some(empty) = lumimill_tests::sample("nanoaod/nano_dy_empty.root") else {
        return lumimill_tests::skipped("a_file_without_events", "no sample files");
    };
    let folder = CampaignFolder::demo(EVENTS);
    fs::remove_dir_all(folder.join("data")).unwrap();
    folder.copy(&empty, "data/empty.root");
    folder.change(
        "\"HLT_Mu17_Mu8\", \"HLT_Mu17_Mu8_DZ\"]",
        "\"HLT_Mu17 as HLT_Mu17_Mu8\", \"HLT_Mu17_TrkIsoVVL as HLT_Mu17_Mu8_DZ\"]",
    );
    let _ = lumimill().on("run", &folder.file()).expect_code(0);
    let _ = lumimill().on("verify", &folder.file()).expect_code(0);
    assert!(folder.output().join("report/index.html").exists());
    let parts = fs::read_dir(folder.output().join("dimuon"))
        .unwrap()
        .filter(|entry| {
            entry
                .as_ref()
                .unwrap()
                .file_name()
                .to_string_lossy()
                .starts_with("part-")
        });
    assert_eq!(parts.count(), 1, "a table with columns and no rows");
}

#[test]
fn data_without_lumi_sections() {
    let Some(file) = lumimill_tests::sample("nanoaod/missing_luminosityBlock.root") else {
        return lumimill_tests::skipped("data_without_lumi_sections", "no sample files");
    };
    let change = |folder: &CampaignFolder| {
        folder.copy(&file, "data/missing.root");
        folder.change("missing_labels = \"error\"", "missing_labels = \"false\"");
    };
    refused(change, &["data/missing.root", "luminosityBlock"]);
}
