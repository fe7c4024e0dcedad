//! D* candidates: functions of the campaign, mass fits with a verdict, efficiencies against the truth,
//! and weights of simulation by a file of corrections.

use std::fs;

use lumimill_tests::{CampaignFolder, Ended, python};

use crate::lumimill;

fn run(folder: &CampaignFolder) -> Ended {
    lumimill().run(&["run", folder.file().to_str().unwrap(), "--replace"])
}

/// The demo without what is made of all shards, which few candidates are not enough for.
fn skims(candidates: u64) -> CampaignFolder {
    let folder = CampaignFolder::dstar(candidates);
    let text = fs::read_to_string(folder.file()).unwrap();
    let (skims, _) = text.split_once("# From here on").unwrap();
    fs::write(folder.file(), skims).unwrap();
    folder
}

fn report(folder: &CampaignFolder, name: &str) -> String {
    fs::read_to_string(folder.join(&format!("out/dstar/report/{name}"))).unwrap()
}

#[test]
fn the_demo_finds_the_truth_and_the_category_that_is_invalid() {
    let folder = CampaignFolder::dstar(60_000);
    let ended = run(&folder).expect_code(0);
    let validity = report(&folder, "massfit_validity.csv");
    let verdicts = |category: &str| -> Vec<&str> {
        let lines = validity.lines().filter(|line| line.starts_with(category));
        lines.collect()
    };
    assert!(
        verdicts("p_0,").iter().any(|line| line.contains("invalid")),
        "{validity}"
    );
    for category in ["p_1,", "p_2,"] {
        let lines = verdicts(category);
        assert!(!lines.is_empty(), "{validity}");
        assert!(
            lines.iter().all(|line| !line.contains("invalid")),
            "{validity}"
        );
    }
    let page = report(&folder, "index.html");
    let top = page.split("<nav").next().unwrap_or_default();
    assert!(
        top.contains("weights not valid, massfit: p_0 invalid for")
            && !top.contains("verdict good"),
        "{top}\n{}",
        ended.err
    );
    let table = page
        .split("id=\"table-kaon_id\"")
        .nth(1)
        .unwrap_or_default();
    assert!(table.contains("Weights are not valid everywhere: massfit: p_0"));
    // Units of columns that are kept stand on the axes of every stage behind.
    for (picture, axis) in [
        ("massfit-fit-M_D0-p_1-nominal.svg", ">M_D0 [GeV]</text>"),
        (
            "massfit-fits-M_D0-nominal.svg",
            ">M_D0 [GeV] from 1.8 to 1.95</text>",
        ),
        ("kaon_id-ratio-0.svg", ">p [GeV]</text>"),
    ] {
        let svg = report(&folder, picture);
        assert!(svg.contains(axis), "{picture}\n{svg}");
    }
    let glance = report(&folder, "massfit-fits-M_D0-nominal.svg");
    assert!(
        glance.contains("3 categories: 1 invalid, 2 valid"),
        "{glance}"
    );
    let path = |path: &str| folder.join(path).to_str().unwrap().to_owned();
    let arguments = [path("out/dstar"), path("pid_ratio.json")];
    if let Some(ended) = python("dstar.py", &arguments.each_ref().map(String::as_str)) {
        let ended = ended.expect_code(0);
        assert!(ended.out.contains("weights agree"), "{}", ended.out);
    }
}

/// One shard id less or more would be a table with weights of another file.
#[test]
fn a_changed_correction_makes_its_shards_again_and_no_others() {
    let folder = skims(3_000);
    let _ = run(&folder).expect_code(0);
    let shards = |stage: &str| {
        let listing = fs::read_dir(folder.join(&format!("out/dstar/{stage}"))).unwrap();
        let names = listing.map(|entry| entry.unwrap().file_name());
        let mut names: Vec<_> = names
            .filter(|name| name.to_str().unwrap().starts_with("part-"))
            .collect();
        names.sort();
        names
    };
    let before = (shards("dstar"), shards("simulation"));
    let text = fs::read_to_string(folder.join("pid_ratio.json")).unwrap();
    folder.write("pid_ratio.json", text.replacen("toy", "toys", 1));
    let _ = run(&folder).expect_code(0);
    assert_eq!(shards("dstar"), before.0);
    assert_ne!(shards("simulation"), before.1);
}

fn checked(change: impl Fn(&CampaignFolder)) -> String {
    let folder = skims(400);
    change(&folder);
    lumimill().on("check", &folder.file()).expect_code(2).err
}

#[track_caller]
fn tells(told: &str, parts: &[&str]) {
    for part in parts {
        assert!(told.contains(part), "{part}\n{told}");
    }
}

#[test]
fn files_of_corrections_that_cannot_be_used_say_why() {
    let told = checked(|folder| folder.write("pid_ratio.json", "weights"));
    tells(
        &told,
        &["stage[1].apply.corrections: pid_ratio.json: this is no JSON"],
    );
    let told = checked(|folder| folder.write("pid_ratio.json", "{\"schema_version\": 1}"));
    tells(
        &told,
        &["its schema_version is 1, this reads version 2: convert it with correctionlib"],
    );
    let told = checked(|folder| folder.change("\"pid_ratio.json\"", "\"pid_ratios.json\""));
    tells(
        &told,
        &["stage[1].apply.corrections: pid_ratios.json: cannot be read: "],
    );
    let told = checked(|folder| {
        folder.change("correction = \"kpi > 0.5\"", "correction = \"kpi > 0.6\"");
    });
    tells(
        &told,
        &[
            "stage[1].apply.correction: pid_ratio.json: it has no correction \"kpi > 0.6\", but \"kpi > 0.5\"",
        ],
    );
    let told = checked(|folder| {
        let text = fs::read_to_string(folder.join("pid_ratio.json")).unwrap();
        folder.write(
            "pid_ratio.json",
            text.replace("\"multibinning\"", "\"lwtnn\""),
        );
    });
    tells(
        &told,
        &["nodes of the type \"lwtnn\" are not evaluated here, only binning, multibinning"],
    );
    // An axis that the stage has no column of, and one that the correction has not.
    let told = checked(|folder| {
        let text = fs::read_to_string(folder.join("pid_ratio.json")).unwrap();
        folder.write("pid_ratio.json", text.replace("\"cosTheta\"", "\"cosine\""));
    });
    tells(
        &told,
        &["stage[1].apply.inputs.cosine: no branch \"cosine\""],
    );
    let told = checked(|folder| {
        folder.change(
            "name = \"pid_weight\",",
            "name = \"pid_weight\", inputs = { eta = \"p\", cosTheta = \"cosTheta +\" },",
        );
    });
    tells(
        &told,
        &[
            "stage[1].apply.inputs.eta: the correction has no input eta, but systematic, p, cosTheta",
        ],
    );
    let told = checked(|folder| {
        folder.change(
            "name = \"pid_weight\",",
            "name = \"pid_weight\", inputs = { cosTheta = \"cosTheta +\" },",
        );
    });
    tells(
        &told,
        &[
            "stage[1].apply.inputs.cosTheta: expected a value, found the end\n      cosTheta +\n                ^",
        ],
    );
}

#[test]
fn rows_outside_of_a_correction_are_named_or_counted() {
    let folder = skims(1_500);
    folder.change(" && p >= 0.5 && p < 4.5\"", "\"");
    let told = run(&folder).expect_code(3).err;
    tells(
        &told,
        &[
            "correction pid_weight: p = ",
            "lies outside of the bins",
            "outside = \"nan\" gives such rows NaN",
            "event ",
        ],
    );
    folder.change(
        "name = \"pid_weight\",",
        "name = \"pid_weight\", outside = \"nan\",",
    );
    let _ = run(&folder).expect_code(0);
}

#[test]
fn mistakes_in_functions_have_their_place() {
    let told = checked(|folder| folder.change("a / (a + b)", "a / sqtr(a + b)"));
    tells(
        &told,
        &[
            "functions.binaryID: unknown function \"sqtr\"; nearest: sqrt\n      (a, b) => a / sqtr(a + b)\n                    ^^^^",
        ],
    );
    assert!(!told.contains("stage["), "{told}");
    let told = checked(|folder| {
        folder.change(
            "kpi = \"binaryID(kaonID, pionID)\"\npi_kpi",
            "kpi = \"binaryId(kaonID)\"\npi_kpi",
        );
        folder.change("a / (a + b)\"", "a / (a + b)\"\nisSignal = \"(a) => a\"");
    });
    tells(
        &told,
        &[
            "stage[0].columns.kpi: unknown function \"binaryId\"; nearest: binaryID",
            "functions.isSignal: is the name of a column, too: choose another",
        ],
    );
    let told = checked(|folder| {
        folder.change("cuts = [\"kpi > 0.2\",", "cuts = [\"binaryID(kpi) > 0.2\",");
    });
    tells(
        &told,
        &[
            "stage[1].metric[0]",
            "\"binaryID\" takes 2 arguments, but 1 are given",
        ],
    );
}

#[test]
fn metrics_call_functions_of_the_campaign() {
    let folder = skims(3_000);
    folder.change(
        "cuts = [\"kpi > 0.2\",",
        "cuts = [\"binaryID(kpi, 1 - kpi) > 0.2\", \"kpi > 0.2\",",
    );
    let _ = run(&folder).expect_code(0);
    let csv = report(&folder, "simulation_efficiency.csv");
    let of = |cut: &str| -> Vec<&str> {
        let lines = csv.lines();
        let rests = lines.filter_map(|line| line.split_once(cut));
        rests.map(|(_, rest)| rest).collect()
    };
    let called = of("\"binaryID(kpi, 1 - kpi) > 0.2\",");
    let plain = of("kpi > 0.2,");
    assert!(!plain.is_empty() && called.len() == plain.len(), "{csv}");
    assert_eq!(called, plain);
}
