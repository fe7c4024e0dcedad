//! The training loop: tables with folds, models trained on them by `deploy/train`, and the next
//! campaign, which scores each event with the model that did not see it.

use std::fs;
use std::path::Path;
use std::process::Command;

use lumimill_tests::{CampaignFolder, Ended, Program, python, skipped};

use crate::lumimill;

const LABEL: &str = "HLT_Mu17_Mu8";
const FEATURES: [&str; 4] = ["m_mumu", "pt_mumu", "lead_pt", "PV_npvs"];

/// Trains on the tables of a campaign, with what `more` adds to the command line.
fn train(folder: &CampaignFolder, output: &str, more: &[&str]) -> Option<Ended> {
    let python = std::env::var_os("LUMIMILL_PYTHON")?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/train/train.py");
    let mut command = Command::new(python);
    command.current_dir(folder.path()).arg(script);
    command.args(["out/demo/dimuon", "--trees", "12", "--leaves", "8"]);
    command.args(["--output", output, "--labels", LABEL, "--features"]);
    command.args(FEATURES).args(more);
    Some(Program::finish(&mut command))
}

#[test]
fn no_event_is_scored_by_a_model_that_saw_it() {
    let folder = CampaignFolder::demo(2_500);
    let text = fs::read_to_string(folder.file()).unwrap();
    let stage = text.get(..text.find("[[stage.model]]").unwrap()).unwrap();
    let stage = stage.replace("missing_labels = \"error\"", "folds = 5");
    let metric = "[[stage.metric]]\nhistogram = { column = \"fold\", bins = 5, range = [0, 5] }\n";
    folder.write("campaign.toml", format!("{stage}{metric}"));
    let _ = lumimill().on("run", &folder.file()).expect_code(0);
    let Some(trained) = train(&folder, "models", &["--events"]) else {
        return skipped(
            "no_event_is_scored_by_a_model_that_saw_it",
            "no LUMIMILL_PYTHON",
        );
    };
    let model = trained.expect_code(0).out;
    folder.write("campaign.toml", format!("{stage}{model}{metric}"));
    let file = folder.file();
    let args = ["run", file.to_str().unwrap(), "--replace"];
    let _ = lumimill().run(&args).expect_code(0);
    let (tables, models) = (folder.join("out/demo/dimuon"), folder.join("models"));
    let args = [tables.to_str().unwrap(), models.to_str().unwrap(), LABEL];
    if let Some(ended) = python("out_of_fold.py", &[&args[..], &FEATURES[..]].concat()) {
        let ended = ended.expect_code(0);
        assert!(ended.out.contains("rows out of fold"), "{}", ended.out);
    }
    // The tables are in other files now, and the models the same bytes.
    let _ = train(&folder, "again", &[]).unwrap().expect_code(0);
    for fold in 0..5 {
        let name = format!("{LABEL}.fold{fold}.onnx");
        let bytes = |models: &str| fs::read(folder.join(models).join(&name)).unwrap();
        assert!(bytes("models") == bytes("again"), "{name}");
    }
    let ended = train(&folder, "models", &["no_such"])
        .unwrap()
        .expect_code(1);
    ended.says(&["no column no_such"]);
    // Inputs in another order than the models have them are a mistake.
    folder.change(
        "\"m_mumu\", \"pt_mumu\", \"lead_pt\"",
        "\"pt_mumu\", \"m_mumu\", \"lead_pt\"",
    );
    let ended = lumimill().on("check", &folder.file()).expect_code(2);
    ended.says(&["feature 0 is \"m_mumu\" in the model's metadata, but input 0 is \"pt_mumu\""]);
}
