//! Densities that stages estimate, and columns of simulation that are drawn by them.

mod pool;

use std::fs;

use lumimill_tests::{CampaignFolder, python, snapshot};

use crate::lumimill;
use crate::pool::assert_same;

/// Kaons of data and of simulation, of which nobody asks how they are weighted.
const STAGES: &str = r#"
[[stage]]
name = "kaons"
from = "dstar"
[stage.kde]
axes = [{ column = "kpi", range = [0.001, 0.999], bins = 60, scale = "logit" }, { column = "p", range = [0.5, 4.5], bins = 8, width = 1.0 }]
[[stage]]
name = "resampled"
from = "simulation"
keep = ["kpi", "p"]
resample = { kde = "kaons", name = "kpi_drawn", seed = 4 }
transform = { data = "kaons", mc = "kaons", name = "kpi_moved" }
"#;

/// The demo without what is made of all shards, and with these stages.
fn folder(candidates: u64, stages: &str) -> CampaignFolder {
    let folder = CampaignFolder::dstar(candidates);
    let text = fs::read_to_string(folder.file()).unwrap();
    let (first, _) = text.split_once("# From here on").unwrap();
    fs::write(folder.file(), format!("{first}{stages}")).unwrap();
    folder
}

fn run(folder: &CampaignFolder, slots: &str, code: i32) -> lumimill_tests::Ended {
    let file = folder.file();
    let arguments = ["run", file.to_str().unwrap(), "--replace", "--slots", slots];
    lumimill().run(&arguments).expect_code(code)
}

/// The names of the tables of a stage.
fn tables(folder: &CampaignFolder, stage: &str) -> Vec<String> {
    let listing = fs::read_dir(folder.join(&format!("out/dstar/{stage}"))).unwrap();
    let names = listing.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| name.starts_with("part-")).collect();
    names.sort();
    names
}

#[test]
fn a_density_of_a_stage_draws_what_its_file_draws() {
    let one = folder(3_000, STAGES);
    let _ = run(&one, "2", 0);
    let two = folder(3_000, STAGES);
    let _ = run(&two, "1", 0);
    let bytes = |folder: &CampaignFolder| snapshot(&folder.join("out/dstar"));
    assert_same(&bytes(&one), &bytes(&two));
    let before = tables(&one, "resampled");
    for command in ["verify", "status", "report"] {
        let _ = lumimill().on(command, &one.file()).expect_code(0);
    }
    // The same by the file of the report.
    let density = "out/dstar/report/kaons_kde.json";
    one.copy(&one.join(density), "kaons.json");
    one.change("kde = \"kaons\"", "kde = \"kaons.json\"");
    one.change(
        "data = \"kaons\", mc = \"kaons\"",
        "data = \"kaons.json\", mc = \"kaons.json\"",
    );
    let _ = run(&one, "2", 0);
    assert_ne!(tables(&one, "resampled"), before);
    let stages = [&one, &two].map(|folder| folder.join("out/dstar/resampled"));
    let arguments = stages.each_ref().map(|path| path.to_str().unwrap());
    if let Some(ended) = python("same_draws.py", &arguments) {
        let ended = ended.expect_code(0);
        assert!(ended.out.contains("draws are the same"), "{}", ended.out);
    }
}

/// A density of other rows or axes draws other values; the skims stay.
#[test]
fn a_changed_density_is_estimated_again_and_what_it_draws_is_drawn_again() {
    let folder = folder(1_500, STAGES);
    let _ = run(&folder, "2", 0);
    let all = ["dstar", "simulation", "kaons", "resampled"];
    let before = all.map(|stage| tables(&folder, stage));
    folder.change("bins = 60", "bins = 50");
    let _ = run(&folder, "2", 0);
    let after = all.map(|stage| tables(&folder, stage));
    let same: Vec<bool> = before.iter().zip(&after).map(|(a, b)| a == b).collect();
    assert_eq!(same, [true, true, false, false]);
}

/// A file that somebody changed is told before a value is drawn by it.
#[test]
fn a_density_whose_file_was_changed_draws_nothing() {
    let folder = folder(1_500, STAGES);
    let _ = run(&folder, "2", 0);
    let file = folder.join("out/dstar/kaons/_fit/all.json");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replacen("\"rows\": ", "\"rows\": 1", 1)).unwrap();
    let ended = lumimill().on("verify", &folder.file()).expect_code(3);
    let told = ended.out + &ended.err;
    assert!(told.contains("kaons/_fit/all.json"), "{told}");
    let arguments = ["verify", folder.file().to_str().unwrap(), "--mend"].map(str::to_owned);
    let _ = lumimill()
        .run(&arguments.each_ref().map(String::as_str))
        .expect_code(0);
    assert_eq!(fs::read_to_string(&file).unwrap(), text);
}

#[test]
fn a_density_without_rows_is_a_failed_shard_with_the_reason() {
    let folder = folder(
        1_500,
        &STAGES.replace("[0.001, 0.999]", "[0.99998, 0.99999]"),
    );
    let told = run(&folder, "2", 3).err;
    let reason = "kde of kpi given p: there is no density: its weights add up to 0";
    assert!(told.contains(reason), "{told}");
    assert!(!tables(&folder, "simulation").is_empty());
    assert!(!folder.join("out/dstar/resampled").exists());
}

fn checked(stages: &str) -> String {
    let folder = folder(400, stages);
    lumimill().on("check", &folder.file()).expect_code(2).err
}

#[track_caller]
fn tells(from: &str, to: &str, expected: &str) {
    assert!(STAGES.contains(from), "{from}");
    let told = checked(&STAGES.replace(from, to));
    assert!(told.contains(expected), "{expected}\n{told}");
}

#[test]
fn mistakes_in_densities_have_their_place() {
    tells(
        "column = \"p\"",
        "column = \"momentum\"",
        "stage[2].kde: \"momentum\" is not a column of stage \"dstar\"",
    );
    tells(
        "[stage.kde]\n",
        "keep = [\"p\"]\n[stage.kde]\n",
        "stage[2].keep: does not go with a density, which has no rows",
    );
    tells(
        "kde = \"kaons\"",
        "kde = \"dstar\"",
        "stage[3].resample.kde: \"dstar\" is no density: name a stage with [stage.kde], or a file",
    );
    tells(
        "mc = \"kaons\"",
        "mc = \"kaons.json\"",
        "stage[3].transform: one is a stage and the other a file",
    );
    tells(
        "from = \"simulation\"",
        "from = \"kaons\"",
        "stage[3].from: \"kaons\" is a density, which has no rows: resample or transform by it",
    );
    tells(
        "from = \"simulation\"\nkeep = [\"kpi\", \"p\"]",
        "from = \"Simulation\"\nkeep = [\"p\"]\n",
        "stage[3].resample: is by a density of this campaign, and this stage reads files",
    );
    tells(
        "kde = \"kaons\", name",
        "kde = \"kaons\", systematic = \"kaons\", name",
        "stage[3].resample.systematic: is of files",
    );
    tells(
        "from = \"dstar\"",
        "from = \"Data\"",
        "stage[2].kde: is estimated from the rows of a stage",
    );
    tells(
        "kde = \"kaons\", name",
        "kde = \"kaons\", inputs = { momentum = \"p\" }, name",
        "stage[3].resample.inputs.momentum: the density has no input momentum",
    );
    tells(
        "range = [0.5, 4.5]",
        "range = [4.5, 0.5]",
        "stage[2].kde.axes",
    );
    let folder = CampaignFolder::dstar(400);
    folder.change(
        "[stage.kde]\naxes = [{ column = \"kpi\", range = [0.0001, 0.9999], bins = 100, scale = \"logit\" }, { column = \"p\",",
        "[stage.kde]\naxes = [{ column = \"M_D0\", range = [1.8, 1.9] }, { column = \"p\",",
    );
    let told = lumimill().on("check", &folder.file()).expect_code(2).err;
    let expected =
        "kde.axes[0]: M_D0 depends on M_D0, which is fitted: weights by that unfold nothing in it";
    assert!(told.contains(expected), "{told}");
}

/// Files that number their events anew shared random numbers without a word.
#[test]
fn rows_that_share_a_random_number_went_unseen() {
    let folder = folder(1_500, STAGES);
    let _ = run(&folder, "2", 0);
    let report = |folder: &CampaignFolder| {
        fs::read_to_string(folder.join("out/dstar/report/index.html")).unwrap()
    };
    let said = "rows have the random number of another row of their shard";
    assert!(!report(&folder).contains(said));
    let simulation = folder.join("simulation");
    let files = fs::read_dir(&simulation).unwrap();
    let file = files.map(|entry| entry.unwrap().path()).next().unwrap();
    fs::copy(&file, simulation.join("again.root")).unwrap();
    // Both in one shard.
    folder.change("events = 10_000", "events = 1_000_000");
    let ended = run(&folder, "2", 0);
    let told = ended.out + &ended.err;
    assert!(told.contains("stage resampled: kpi_drawn: "), "{told}");
    assert!(
        told.contains(said) && report(&folder).contains(said),
        "{told}"
    );
}
