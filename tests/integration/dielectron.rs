//! ALICE's BDT configurations on tables of dielectrons: what they select, how significant it is, and
//! what is wrong with them.

use std::fs;

use lumimill_tests::{CampaignFolder, Ended, python, sample, skipped};

use crate::lumimill;

const SIGNAL: &str = "2.9,3.2";
const SIDEBANDS: &str = "2.4,2.8,3.3,3.8";

fn run(folder: &CampaignFolder) -> Ended {
    let file = folder.file();
    lumimill().run(&["run", file.to_str().unwrap(), "--replace"])
}

fn report(folder: &CampaignFolder, file: &str) -> String {
    fs::read_to_string(folder.join("out/dielectron/report").join(file)).unwrap()
}

/// Holds the tables, and the significances where there are any, against another computation.
fn compare(folder: &CampaignFolder, config: &str, (column, mode): (&str, &str), csv: bool) {
    let path = |path: &str| folder.join(path).to_str().unwrap().to_owned();
    let significances = match csv {
        true => path("out/dielectron/report/dielectron_significance.csv"),
        false => "-".to_owned(),
    };
    let args = [
        path("out/dielectron/dielectron"),
        path(config),
        path("models"),
        column.to_owned(),
        mode.to_owned(),
        significances,
        SIGNAL.to_owned(),
        SIDEBANDS.to_owned(),
        path("data/AO2D_0.root"),
        path("data/AO2D_1.root"),
    ];
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    if let Some(ended) = python("dielectron.py", &args) {
        let ended = ended.expect_code(0);
        assert!(ended.out.contains("rows agree"), "{}", ended.out);
        assert_eq!(ended.out.contains("thresholds agree"), csv, "{}", ended.out);
    }
}

/// The cuts of a configuration, in its order.
fn cuts(text: &str) -> Vec<f64> {
    let lines = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("\"cut\": "));
    lines
        .map(|cut| cut.trim_end_matches(',').parse().unwrap())
        .collect()
}

#[test]
fn what_the_best_cuts_say_is_selected_by_the_next_run() {
    let folder = CampaignFolder::dielectron(12_000);
    folder.change("events = 10_000", "events = 900");
    let ended = run(&folder).expect_code(0);
    assert!(!ended.err.contains("bdt_config.json: "), "{}", ended.err);
    compare(&folder, "bdt_config.json", ("1", "select"), true);
    let page = report(&folder, "index.html");
    for text in [
        "Best cuts",
        "bins of bdt",
        "cuts of bdt",
        "0 to 30 %, 0 to 2 GeV",
    ] {
        assert!(page.contains(text), "{text}");
    }
    let best = report(&folder, "bdt_config.json");
    let given = fs::read_to_string(folder.join("bdt_config.json")).unwrap();
    assert!(
        cuts(&best) != cuts(&given) && cuts(&best).len() == 4,
        "{best}"
    );
    let keys = |text: &str| -> Vec<String> {
        let lines = text.lines().filter(|line| !line.contains("\"cut\": "));
        lines.map(|line| line.trim().to_owned()).collect()
    };
    assert_eq!(keys(&best), keys(&given), "all but the cuts is as it was");
    folder.write("bdt_config.json", &best);
    let _ = run(&folder).expect_code(0);
    compare(&folder, "bdt_config.json", ("1", "select"), true);
    // The scan is of what is there before the cuts, and so is the same again.
    assert_eq!(cuts(&report(&folder, "bdt_config.json")), cuts(&best));
}

#[test]
fn metrics_of_cuts_are_not_measured_on_tables_without_the_rest() {
    let folder = CampaignFolder::dielectron(3_000);
    let _ = run(&folder).expect_code(0);
    folder.change("signal = [2.9, 3.2]", "signal = [2.8, 3.2]");
    let _ = lumimill().on("run", &folder.file()).expect_code(0);
    let again = report(&folder, "dielectron_significance.csv");
    fs::remove_dir_all(folder.join("out")).unwrap();
    let _ = run(&folder).expect_code(0);
    assert_eq!(again, report(&folder, "dielectron_significance.csv"));
}

/// The demo's campaign with another configuration of the samples, and models of that shape.
fn with_sample(config: &str, models: &[(&str, &str)]) -> Option<CampaignFolder> {
    let Some(path) = sample(&format!("alice/{config}")) else {
        skipped(config, "the samples are not there");
        return None;
    };
    let folder = CampaignFolder::dielectron(4_000);
    folder.copy(&path, config);
    folder.change("\"bdt_config.json\"", &format!("\"{config}\""));
    for (name, model) in models {
        let model = std::path::Path::new("data/bdt").join(model);
        folder.copy(&model, &format!("models/{name}"));
    }
    folder.change("\"fPt\", ", "\"fPt\", \"fEta\", ");
    Some(folder)
}

#[test]
fn configurations_of_binary_models_load_unchanged() {
    let models = [
        ("cent_10_30_pt0_2_onnx.onnx", "binary_0.onnx"),
        ("cent_10_30_pt2_20_onnx.onnx", "binary_1.onnx"),
        ("cent_30_50_pt0_2_onnx.onnx", "binary_2.onnx"),
        ("cent_30_50_pt2_20_onnx.onnx", "binary_3.onnx"),
    ];
    let Some(folder) = with_sample("bdtCut.json", &models) else {
        return;
    };
    // Without a word, the first column is cut on, as in O2.
    folder.change("score_column = 1 ", "");
    let ended = run(&folder).expect_code(0);
    ended.says(&[
        "its models give 2 scores a candidate, and the cut is on the first one, that of class 0",
    ]);
    compare(&folder, "bdtCut.json", ("0", "select"), true);
    folder.change("mode = \"select\"", "mode = \"score\"\nscore_column = 1");
    let ended = run(&folder).expect_code(0);
    assert!(!ended.err.contains("is on the first one"), "{}", ended.err);
    compare(&folder, "bdtCut.json", ("1", "score"), true);
}

#[test]
fn configurations_of_several_classes_load_unchanged() {
    let models = [
        ("cent_10_30_pt_1_2_onnx.onnx", "multi_0.onnx"),
        ("cent_10_30_pt_2_20_onnx.onnx", "multi_1.onnx"),
        ("cent_30_50_pt_1_2_onnx.onnx", "multi_2.onnx"),
        ("cent_30_50_pt_2_20_onnx.onnx", "multi_3.onnx"),
    ];
    let Some(folder) = with_sample("bdtCutMulti.json", &models) else {
        return;
    };
    let ended = lumimill().on("check", &folder.file()).expect_code(2);
    ended.says(&["stage[0].model[0].score_column: is of Binary models"]);
    folder.change("score_column = 1 ", "");
    folder.change(
        "score = \"bdt_background\", mass",
        "score = \"bdt_nonprompt\", mass",
    );
    let config = fs::read_to_string(folder.join("bdtCutMulti.json")).unwrap();
    // Cuts that keep something of the toy, in both directions.
    folder.write(
        "bdtCutMulti.json",
        config
            .replace("\"cut\": 0.1", "\"cut\": 0.7")
            .replace("\"cut\": 0.5", "\"cut\": 0.05"),
    );
    let _ = run(&folder).expect_code(0);
    compare(&folder, "bdtCutMulti.json", ("0", "select"), true);
    let best = report(&folder, "bdt_config.json");
    let found = cuts(&best);
    assert_eq!(found.len(), 12);
    let others = found.iter().enumerate().filter(|(at, _)| at % 3 != 2);
    assert!(
        others
            .map(|(_, cut)| *cut)
            .all(|cut| (cut - 0.7).abs() < 1e-12),
        "{found:?}"
    );
}

#[test]
fn configurations_of_eight_features_load_unchanged_and_strings_are_told() {
    for (config, names) in [
        (
            "TestCut_seed000.json",
            ["cent_0_100_pt0_2_onnx.onnx", "cent_0_100_pt2_100_onnx.onnx"],
        ),
        (
            "bdt_config_MLforDQ_binary.json",
            [
                "modelBDT_cent0_100_pt0_2_onnx.onnx",
                "modelBDT_cent0_100_pt2_100_onnx.onnx",
            ],
        ),
    ] {
        let models = [(names[0], "eight_0.onnx"), (names[1], "eight_1.onnx")];
        let Some(folder) = with_sample(config, &models) else {
            return;
        };
        folder.change("mode = \"select\"", "mode = \"score\"");
        let ended = run(&folder).expect_code(0);
        if config.contains("MLforDQ") {
            ended.says(&[
                "AddMLCut-background.cut: is the string \"0.58\", which is taken for the number",
            ]);
        }
        compare(&folder, config, ("1", "score"), true);
    }
}

/// The column of bins is of whole numbers, whatever is wrong with the models.
#[test]
fn a_mistake_in_a_configuration_brings_no_second_one_about_its_columns() {
    let folder = CampaignFolder::dielectron(300);
    let config = fs::read_to_string(folder.join("bdt_config.json")).unwrap();
    for wrong in [
        config.replace("cent_0_30_pt_0_2.onnx", "nosuch.onnx"),
        config.replace("kDcaXY1", "kDcaXZ1"),
        String::from("{"),
    ] {
        folder.write("bdt_config.json", &wrong);
        let ended = lumimill().on("check", &folder.file()).expect_code(2);
        let said = format!("{}{}", ended.out, ended.err);
        assert!(said.contains("stage[0].model[0].bdt_config: "), "{said}");
        assert!(!said.contains("stage[0].metric"), "{said}");
    }
}

#[test]
fn every_mistake_of_a_configuration_is_told_with_its_place() {
    let folder = CampaignFolder::dielectron(300);
    let config = fs::read_to_string(folder.join("bdt_config.json")).unwrap();
    let check = |config: &str, told: &[&str]| {
        folder.write("bdt_config.json", config);
        lumimill()
            .on("check", &folder.file())
            .expect_code(2)
            .says(told);
    };
    let place = "stage[0].model[0].bdt_config: bdt_config.json: JpsiBdt";
    check(
        &config
            .replace("\"Binary\"", "\"Trinary\"")
            .replacen("\"pTMax\": 2,", "\"pTMax\": 0,", 1)
            .replacen("kCentFT0C", "kCentFV0A", 1),
        &[
            &format!("{place}.type: expected \"Binary\" or \"MultiClass\", found \"Trinary\""),
            &format!("{place}.AddCentCut-Cent0030.AddPtCut-pTBin1: is an empty bin"),
            &format!("{place}.cent: expected one of kCentFT0C, kCentFT0A, kCentFT0M"),
        ],
    );
    check(
        &config.replace("kDcaXY1", "kDcaXZ1"),
        &[&format!(
            "{place}.inputFeatures[8]: O2 has no feature kDcaXZ1, nor has the stage a column of that name; did you mean kDcaXY1?"
        )],
    );
    check("{\"a\": ", &["bdt_config.json: document: not JSON: EOF"]);
    let width = "takes 10 features, 9 inputs are given";
    check(
        &config.replace("\"kDcaXY1\",", ""),
        &[
            "modelFiles[0]: model models/cent_0_30_pt_0_2.onnx",
            width,
            "modelFiles[3]",
        ],
    );
    let order = "feature 8 is \"kDcaXY1\" in the model's metadata, but input 8 is \"kDcaXY2\"";
    let swapped = config
        .replace("kDcaXY1", "kX")
        .replace("kDcaXY2", "kDcaXY1")
        .replace("kX", "kDcaXY2");
    check(&swapped, &[order]);
    check(
        &config.replace("cent_0_30_pt_0_2", "nowhere"),
        &["JpsiBdt.modelFiles[0]: models/nowhere.onnx: cannot read the model"],
    );
    check(
        &config.replace("cent_30_60_pt_0_2", "../../cent_30_60_pt_0_2"),
        &[&format!(
            "{place}.modelFiles[2]: \"../../cent_30_60_pt_0_2.onnx\" leads out of where models are, \"models\": let models be the folder above"
        )],
    );
    folder.write("bdt_config.json", &config);
    let model = fs::read(folder.join("models/cent_0_30_pt_0_2.onnx")).unwrap();
    folder.write("models/cent_0_30_pt_0_2.onnx", &model[..model.len() / 2]);
    check(
        &config,
        &["JpsiBdt.modelFiles[0]: model models/cent_0_30_pt_0_2.onnx: truncated or damaged"],
    );
    folder.write("models/cent_0_30_pt_0_2.onnx", &model);
    folder.change("score_column = 1", "score_column = 2");
    check(
        &config,
        &["class 2 asked for, but the model has 2 output columns"],
    );
    folder.change("score_column = 2", "score_column = 1");
    folder.change("score = \"bdt_background\"", "score = \"bdt_prompt\"");
    check(
        &config,
        &["stage[0].metric[0]: the BDT configuration has no score bdt_prompt: it is Binary"],
    );
    folder.change("score = \"bdt_prompt\"", "score = \"fMass\"");
    folder.change(
        "models = \"models\"",
        "models = \"models\"\ninputs = [\"fPt\"]\nmodel_paths = [\"a\"]",
    );
    check(
        &config,
        &[
            "significance.score: `fMass` is no score of a BDT configuration",
            "stage[0].model[0].inputs: is what the BDT configuration says",
            "stage[0].model[0].model_paths: is of models in a CCDB",
        ],
    );
}

/// They were looked for below the folder of the others.
#[test]
fn models_that_are_named_by_all_of_their_path_are_read_where_they_are() {
    let folder = CampaignFolder::dielectron(300);
    let config = fs::read_to_string(folder.join("bdt_config.json")).unwrap();
    let name = "cent_0_30_pt_0_2.onnx";
    let moved = folder.join("elsewhere.onnx");
    fs::rename(folder.join("models").join(name), &moved).unwrap();
    folder.write(
        "bdt_config.json",
        config.replace(name, moved.to_str().unwrap()),
    );
    let ended = lumimill().on("check", &folder.file()).expect_code(0);
    let told =
        "JpsiBdt.modelFiles: what begins with / is read where it is, not below models = \"models\"";
    let said = format!("{}{}", ended.out, ended.err);
    assert!(said.contains(told), "{said}");
    let _ = run(&folder).expect_code(0);
}

#[test]
fn features_are_columns_of_the_campaign_too() {
    let folder = CampaignFolder::dielectron(1_500);
    let _ = run(&folder).expect_code(0);
    let rows = report(&folder, "dielectron_significance.csv");
    folder.change(
        "[[stage.model]]",
        "[stage.columns]\nkDcaXY1 = \"fDcaXY1 + 0 * fPt\"\nkPt = \"fPt + 0.0\"\n[[stage.model]]",
    );
    let _ = run(&folder).expect_code(0);
    assert_eq!(report(&folder, "dielectron_significance.csv"), rows);
    folder.change("kDcaXY1 = \"fDcaXY1 + 0 * fPt\"", "kDcaXY1 = \"0.0\"");
    let _ = run(&folder).expect_code(0);
    assert!(report(&folder, "dielectron_significance.csv") != rows);
}

#[test]
fn a_scan_without_signal_or_background_says_so_and_keeps_the_cuts() {
    let folder = CampaignFolder::dielectron(900);
    folder.change("signal = [2.9, 3.2]", "signal = [90.0, 91.0]");
    let ended = run(&folder).expect_code(0);
    let told = "0 to 30 %, 0 to 2 GeV: there is no candidate around the peak: there is no best cut";
    assert!(ended.out.contains(told), "{}", ended.out);
    let given = fs::read_to_string(folder.join("bdt_config.json")).unwrap();
    assert_eq!(cuts(&report(&folder, "bdt_config.json")), cuts(&given));
    folder.change("signal = [90.0, 91.0]", "signal = [2.9, 3.2]");
    folder.change("[[2.4, 2.8], [3.3, 3.8]]", "[[90.0, 91.0]]");
    let ended = run(&folder).expect_code(0);
    assert!(
        ended.out.contains("there is no candidate in the sidebands"),
        "{}",
        ended.out
    );
}

#[test]
fn bins_are_whole_numbers_in_conditions() {
    let folder = CampaignFolder::dielectron(1_500);
    folder.change(
        "[[stage.model]]",
        "select = \"bdt_bin == 1 && bdt_background > 0.1\"\n[[stage.model]]",
    );
    folder.change("mode = \"select\"", "mode = \"score\"\nnan = \"error\"");
    let told = "stage[0].model[0].nan: expected \"drop\" or \"keep\"";
    lumimill()
        .on("check", &folder.file())
        .expect_code(2)
        .says(&[told]);
    folder.change("nan = \"error\"", "nan = \"keep\"");
    let ended = run(&folder).expect_code(0);
    assert!(!ended.out.contains(" 0 rows"), "{}", ended.out);
}

#[test]
fn candidates_in_no_bin_are_counted_and_left_out() {
    let folder = CampaignFolder::dielectron(2_000);
    folder.change("mode = \"select\"", "mode = \"score\"");
    let ended = run(&folder).expect_code(0);
    let page = report(&folder, "index.html");
    assert!(page.contains("bins of bdt") && !page.contains("cuts of bdt"));
    assert!(!ended.out.contains("2000 rows"), "{}", ended.out);
    compare(&folder, "bdt_config.json", ("1", "score"), true);
}
