//! Real NanoAOD files, where the samples are at hand.

use std::path::Path;

use lumimill_tests::{CampaignFolder, python, sample, skipped};

use crate::lumimill;

const CAMPAIGN: &str = include_str!("../../common/tests/campaigns/doublemuon-2016g.toml");
const MODEL: &str = "models/HLT_Mu17_TrkIsoVVL_Mu8_TrkIsoVVL_DZ.onnx";

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A file that has all labels of the documentation, beside those that lack some.
pub(crate) const LABELLED: &str = "nano_tree.root";

/// The trigger emulator of the documentation on a sample file, certified by `mask`; with
/// [`LABELLED`], where labels may be missing.
pub(crate) fn campaign(file: &str, mask: &str, missing: &str) -> Option<CampaignFolder> {
    let (Some(data), Some(model)) = (
        sample(&format!("nanoaod/{file}")),
        sample("models/lgbm_bin.onnx"),
    ) else {
        skipped(file, "no sample files");
        return None;
    };
    let folder = CampaignFolder::with_text(CAMPAIGN);
    folder.copy(&data, &format!("DoubleMuon2016G/{file}"));
    folder.copy(&model, MODEL);
    if missing != "error" {
        let labelled = sample(&format!("nanoaod/{LABELLED}")).unwrap();
        folder.copy(&labelled, &format!("DoubleMuon2016G/{LABELLED}"));
    }
    folder.write("validated_runs_muons_2016.json", mask);
    folder.change("runs = \"278820-280385\"", "runs = \"1-999999\"");
    folder.change(
        "missing_labels = \"error\"",
        &format!("missing_labels = \"{missing}\""),
    );
    Some(folder)
}

fn pairs(file: &str, mask: &str, missing: &str) -> Option<u64> {
    let folder = campaign(file, mask, missing)?;
    let _ = lumimill().on("run", &folder.file()).expect_code(0);
    let _ = lumimill().on("verify", &folder.file()).expect_code(0);
    let stage = folder.join("out/doublemuon-2016g/dimuon");
    let mask = folder.join("validated_runs_muons_2016.json");
    let mut args = vec![text(&stage), text(&mask)];
    let data = [file, LABELLED].map(|file| folder.join(&format!("DoubleMuon2016G/{file}")));
    args.extend(
        data.iter()
            .filter(|path| path.exists())
            .map(|path| text(path)),
    );
    args.dedup();
    let found = python("pairs.py", &args)?.expect_code(0);
    Some(
        found
            .out
            .trim()
            .strip_prefix("pairs ")
            .unwrap()
            .parse()
            .unwrap(),
    )
}

#[test]
fn simulation_with_all_labels_runs_as_written() {
    pairs(
        "nanoAOD_2015_CMS_Open_Data_ttbar.root",
        r#"{"1": [[1, 4294967295]]}"#,
        "error",
    );
    pairs("nano_tree.root", r#"{"1": [[1, 4294967295]]}"#, "error");
}

#[test]
fn dimuons_of_2018_data() {
    if let Some(found) = pairs(
        "nano_dimuon.root",
        r#"{"315267": [[1, 4294967295]]}"#,
        "null",
    ) {
        assert!(found > 20, "{found} pairs");
    }
}

#[test]
fn egamma_of_2022_data() {
    pairs(
        "EGamma_2022E_v13.root",
        r#"{"359571": [[1, 4294967295]]}"#,
        "false",
    );
}

#[test]
fn drell_yan_and_ttbar() {
    pairs("nano_dy.root", r#"{"1": [[1, 4294967295]]}"#, "false");
    pairs("nano_tt_v12.root", r#"{"1": [[1, 4294967295]]}"#, "false");
}

#[test]
fn labels_that_are_missing_are_an_error_unless_said_otherwise() {
    let Some(folder) = campaign("nano_dimuon.root", r#"{"315267": [[1, 999]]}"#, "error") else {
        return;
    };
    lumimill().on("run", &folder.file()).expect_code(2).says(&[
        "labels",
        "HLT_Mu17_Mu8",
        "missing_labels",
    ]);
}

#[test]
fn a_mask_that_certifies_nothing_of_a_file() {
    let Some(folder) = campaign("nano_dimuon.root", r#"{"7": [[1, 9]]}"#, "null") else {
        return;
    };
    let _ = lumimill().on("run", &folder.file()).expect_code(0);
    let _ = lumimill().on("verify", &folder.file()).expect_code(0);
}
