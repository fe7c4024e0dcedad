//! Mass fits and efficiencies as metrics of a stage.

use std::fs;

use lumimill_tests::{CampaignFolder, python};

use crate::lumimill;

const METRICS: &str = r#"
[[stage.metric]]
fit = { variable = "m_mumu", range = [70.0, 110.0], bins = 80, by = [{ column = "PV_npvs", edges = [0, 20, 100] }], nominal = { signal = "voigt(mean, width, 1.25)", background = "exponential" }, systematic = { signal = "student(mean, width, nu)", background = "exponential" }, start = { mean = 91.0, width = [2.0, 0.2, 8.0] } }

[[stage.metric]]
efficiency = { cuts = ["HLT_Mu17_Mu8", "HLT_Mu17_Mu8_DZ && lead_pt > 30"], precuts = ["", "abs(eta_mumu) < 1.5"], weight = "score_mu17_mu8", systematic = "score_mu17_mu8_dz", axes = [{ column = "lead_pt", edges = [10.0, 20.0, 40.0, 80.0] }, { column = "PV_npvs", edges = [0, 20, 100] }] }
"#;

fn folder() -> CampaignFolder {
    let folder = CampaignFolder::demo(6_000);
    let text = fs::read_to_string(folder.file()).unwrap();
    folder.write("campaign.toml", text + METRICS);
    folder
}

fn report(folder: &CampaignFolder, name: &str) -> String {
    fs::read_to_string(folder.join(&format!("out/demo/report/{name}"))).unwrap()
}

/// A value of a fit, and its error.
fn value(csv: &str, category: &str, variation: &str, name: &str) -> (f64, Option<f64>) {
    let start = format!("{category},{variation},{name},");
    let line = csv.lines().find_map(|line| line.strip_prefix(&start));
    let line = line.unwrap_or_else(|| panic!("no line {start}\n{csv}"));
    let (value, error) = line.split_once(',').unwrap();
    (value.parse().unwrap(), error.parse().ok())
}

#[test]
fn masses_are_fitted_and_efficiencies_measured() {
    let folder = folder();
    let _ = lumimill().on("run", &folder.file()).expect_code(0);
    let fits = report(&folder, "dimuon_fits.csv");
    for category in ["PV_npvs_0", "PV_npvs_1"] {
        for variation in ["nominal", "systematic"] {
            let (mean, error) = value(&fits, category, variation, "mean");
            assert!(
                (mean - 91.19).abs() < 5.0 * error.unwrap(),
                "{category} {variation} {mean}"
            );
            assert!(value(&fits, category, variation, "signal").0 > 100.0);
            assert!(value(&fits, category, variation, "status").0.abs() < 1e-9);
            assert!(value(&fits, category, variation, "p_value").0 > 1e-4);
        }
    }
    let page = report(&folder, "index.html");
    assert!(page.contains("Fits of m_mumu") && page.contains("Efficiency of HLT_Mu17_Mu8"));
    let svg = report(&folder, "dimuon-fit-m_mumu-PV_npvs_0-nominal.svg");
    assert!(svg.contains("signal"), "{svg}");
    let stage = folder.join("out/demo/dimuon");
    let numbers = folder.join("out/demo/report/dimuon_efficiency.csv");
    let table = folder.join("out/demo/report/dimuon_efficiency.json");
    let paths = [stage, numbers, table].map(|path| path.to_str().unwrap().to_owned());
    if let Some(ended) = python("efficiencies.py", &paths.each_ref().map(String::as_str)) {
        let ended = ended.expect_code(0);
        assert!(ended.out.contains("efficiencies agree"), "{}", ended.out);
    }
}

#[test]
fn mistakes_in_models_and_cuts_are_found_by_check() {
    let folder = folder();
    folder.change("voigt(mean, width, 1.25)", "voigt(mean, width)");
    folder.change("student(mean, width, nu)", "studnt(mean, width, nu)");
    folder.change(
        "HLT_Mu17_Mu8_DZ && lead_pt > 30",
        "HLT_Mu17_Mu8_DZ && lead_pt >",
    );
    let told = lumimill().on("check", &folder.file()).expect_code(2).err;
    for part in [
        "voigt has 3 arguments, this has 2: voigt(mean, width, gamma)",
        "there is no density \"studnt\"; nearest: student",
        "efficiency.cuts",
    ] {
        assert!(told.contains(part), "{part}\n{told}");
    }
    let folder = self::folder();
    folder.change("lead_pt > 30", "lead_ptt > 30");
    folder.change("abs(eta_mumu) < 1.5", "eta_mumu");
    folder.change("\"m_mumu\", range = [70.0", "\"m_mumuu\", range = [70.0");
    let told = lumimill().on("check", &folder.file()).expect_code(2).err;
    for part in [
        "\"lead_ptt\" is not an output column of this stage; did you mean lead_pt?",
        "did you mean m_mumu?",
    ] {
        assert!(told.contains(part), "{part}\n{told}");
    }
}
