//! Every mistake at once, and the same ones whatever is asked: `check`, `plan`, `run` and
//! `submit` give one list and exit code 2, and nothing is begun.

use std::fs;

use lumimill_tests::{CampaignFolder, Ended, Program, sample, skipped};

use crate::lumimill;

/// A mistake, and what is said of it.
type Case = (&'static str, fn(&CampaignFolder), &'static [&'static str]);

const CASES: [Case; 18] = [
    (
        "no mask",
        |folder| fs::remove_file(folder.join("certified.json")).unwrap(),
        &["certification.mask: certified.json: No such file"],
    ),
    (
        "a mask that is no mask",
        |folder| folder.write("certified.json", "garbage"),
        &["certification.mask: mask certified.json: not JSON"],
    ),
    (
        "a mask that is a folder",
        |folder| folder.change("mask = \"certified.json\"", "mask = \"data\""),
        &["certification.mask: data: is a folder, expected a mask"],
    ),
    (
        "runs that the mask has not",
        |folder| folder.change("278820-280385", "1-2"),
        &["certification.runs: no run of 1-2 is in the mask certified.json"],
    ),
    (
        "runs that are no runs",
        |folder| folder.change("278820-280385", "9-2"),
        &["certification.runs: run range \"9-2\": 9-2 is inverted"],
    ),
    (
        "no such list",
        |folder| folder.change("data/*.root", "@data/all.txt"),
        &["dataset[0].files[0]", "@data/all.txt: cannot read the list"],
    ),
    (
        "no such tree",
        |folder| folder.change("tree = \"Events\"", "tree = \"Evnts\""),
        &["dataset[0] (", "Evnts"],
    ),
    (
        "half a file",
        |folder| {
            let bytes = fs::read(folder.join("data/dimuon_0.root")).unwrap();
            folder.write("data/dimuon_0.root", &bytes[..bytes.len() / 2]);
        },
        &["dataset[0].files[0]", "dimuon_0.root", "truncated"],
    ),
    (
        "a branch that is not there",
        |folder| folder.change("\"MET_pt\"]\nlabels", "\"MET_ptt\"]\nlabels"),
        &["stage[0].keep[4]: no branch \"MET_ptt\""],
    ),
    (
        "a metric of no column",
        |folder| folder.change("column = \"m_mumu\"", "column = \"m_mu\""),
        &["stage[0].metric[", "\"m_mu\" is not an output column"],
    ),
    (
        "a label of another type",
        |folder| folder.change("labels = [\"HLT", "labels = [\"nMuon\", \"HLT"),
        &["stage[0].labels[0]: label \"nMuon\" is "],
    ),
    (
        "no such model",
        |folder| fs::remove_file(folder.join("models/HLT_Mu17_Mu8.onnx")).unwrap(),
        &["stage[0].model[1]: models/HLT_Mu17_Mu8.onnx: cannot read the model"],
    ),
    (
        "an input of a model that is not there",
        |folder| folder.change(", \"MET_pt\"]\nclass", ", \"MET_p\"]\nclass"),
        &["stage[0].model["],
    ),
    (
        "no TOML",
        |folder| folder.change("name = \"demo\"", "name = "),
        &["campaign file: not valid TOML"],
    ),
    (
        "an output that is a file",
        |folder| folder.write("out", "a file"),
        &[
            "out/demo cannot be written: ",
            "out is a file, expected a folder",
        ],
    ),
    (
        "an output with a character that no path has",
        |folder| folder.change("output = \"out\"", "output = \"o\\u0000\""),
        &["output: ", "no path can have the character \\u0000"],
    ),
    (
        "an output where nothing can be made",
        |folder| folder.change("output = \"out\"", "output = \"/proc/1\""),
        &["output: /proc/1/demo cannot be written: no folder can be made in /proc/1"],
    ),
    (
        "everything",
        |folder| {
            fs::remove_file(folder.join("certified.json")).unwrap();
            fs::remove_file(folder.join("models/HLT_Mu17_Mu8.onnx")).unwrap();
            folder.write("data/fake.root", "PK\x03\x04 not at all".repeat(100));
            folder.change("data/*.root\"", "data/*.root\", \"gone.root\"");
            folder.change("\"MET_pt\"]\nlabels", "\"MET_ptt\"]\nlabels");
            folder.change("nMuon >= 2", "nMuon + 2");
            folder.change("column = \"m_mumu\"", "column = \"m_mu\"");
            folder.change("events = 10_000", "events = -1");
        },
        &[
            "certification.mask",
            "dataset[0].files[0]",
            "fake.root",
            "dataset[0].files[1]",
            "gone.root",
            "shards.events",
            "stage[0].keep[4]",
            "stage[0].where",
            "stage[0].model[1]",
            "stage[0].metric[",
        ],
    ),
];

/// Runs a command as somebody at a site does of whom nothing is ever asked.
fn ended(folder: &CampaignFolder, command: &str) -> Ended {
    let mut program = lumimill().command(&[command, "campaign.toml"]);
    program
        .current_dir(folder.path())
        .env("LUMIMILL_BROKER", "amqp://nobody:nothing@127.0.0.1:1")
        .env("LUMIMILL_STORE", folder.join("out"));
    Program::finish(&mut program)
}

#[track_caller]
fn assert_refused_alike(what: &str, folder: &CampaignFolder, says: &[&str]) {
    let checked = ended(folder, "check").expect_code(2);
    checked.says(says);
    for command in ["plan", "run", "submit"] {
        let refused = ended(folder, command).expect_code(2);
        assert_eq!(refused.err, checked.err, "{what}: {command}");
    }
    assert!(!folder.output().join("plan.parquet").exists(), "{what}");
}

#[test]
fn every_command_says_every_mistake() {
    for (what, change, says) in CASES {
        let folder = CampaignFolder::demo(400);
        change(&folder);
        assert_refused_alike(what, &folder, says);
    }
    let folder = CampaignFolder::demo(400);
    let _ = ended(&folder, "check").expect_code(0);
}

/// What `check` did not see and `plan` did: cases that were found by trying.
#[test]
fn check_misses_nothing_that_plan_finds() {
    let cases = [
        ("garbage.toml", "certification.mask: mask g.json: not JSON"),
        (
            "nomaskfile.toml",
            "certification.mask: nonexist.json: No such file",
        ),
        (
            "runsout.toml",
            "no run of 300000-310000 is in the mask ok.json",
        ),
        (
            "nolumi.toml",
            "no branch \"luminosityBlock\": certification needs run and",
        ),
    ];
    for (file, says) in cases {
        let Some(case) = sample(&format!("cases/check-misses/{file}")) else {
            return skipped("check_misses_nothing_that_plan_finds", "no sample cases");
        };
        let folder = CampaignFolder::with_text(&fs::read_to_string(&case).unwrap());
        for entry in fs::read_dir(case.parent().unwrap()).unwrap() {
            let path = entry.unwrap().path();
            folder.copy(&path, path.file_name().unwrap().to_str().unwrap());
        }
        assert_refused_alike(file, &folder, &[says]);
    }
}

#[test]
fn metrics_that_cannot_be_filled_are_found_before_a_job_runs() {
    let folder = CampaignFolder::demo(400);
    let text = fs::read_to_string(folder.file()).unwrap();
    let more = "\n[[stage.metric]]\nranking = { label = \"m_mumu\", score = \"pt_mumu\" }\n\
                [[stage.metric]]\ndrift = { by = \"m_mumu\", columns = [\"pt_mumu\"] }\n";
    folder.write("campaign.toml", format!("{text}{more}"));
    let says = ["2 mistakes", ".metric[", "`m_mumu` is Float32, expected"];
    assert_refused_alike("metrics", &folder, &says);
}

/// Mistakes of all kinds in two stages, of which none has to be mended to see another.
#[test]
fn mistakes_do_not_come_in_layers() {
    let folder = CampaignFolder::demo(400);
    let text = fs::read_to_string(folder.file()).unwrap();
    let stage = text.get(text.find("[[stage]]").unwrap()..).unwrap();
    let second = stage
        .replace("name = \"dimuon\"", "name = \"again\"\nkepe = []")
        .replace("pairs = \"Muon\"", "pairs = \"Muons\"");
    let more = "\n[[stage.metric]]\nhistogram = { column = \"m_mum\", bin = 3, range = [0, 1] }\n\
                [[stage.metric]]\nranking = { label = \"m_mumu\", score = \"pt_mumu\" }\n\
                [[stage.metric]]\nhistogram = { column = \"m_mum\", bins = 3, range = [0, 1] }\n";
    let first = stage
        .replace("name = \"dimuon\"", "name = \"di/muon\"")
        .replace("\"MET_pt\"]\nlabels", "\"MET_ptt\"]\nlabels")
        .replace("labels = [", "labels = [\"HLT_Mu\", ")
        .replace("eta(pair)", "eta(pai)")
        .replace(
            "onnx = \"models/HLT_Mu17_Mu8.onnx\"",
            "onnx = \"models/gone.onnx\"",
        );
    let head = text.get(..text.find("[[stage]]").unwrap()).unwrap();
    folder.write("campaign.toml", format!("{head}{first}{more}\n{second}"));
    folder.copy(&folder.join("data/dimuon_0.root"), "data/again.root");
    let says = [
        "stage[0].name: ",
        "stage[0].keep[4]: no branch \"MET_ptt\"",
        "stage[0].labels[0]: no branch \"HLT_Mu\"",
        "stage[0].columns.eta_mumu: unknown column \"pai\"",
        "stage[0].model[1]: models/gone.onnx: cannot read the model",
        "stage[0].metric[10].histogram.bins: is missing",
        "stage[0].metric[10].histogram.bin: unknown key",
        "stage[0].metric[11]: metric column `m_mumu` is Float32, expected",
        "stage[0].metric[12]: \"m_mum\" is not an output column of this stage; did you mean m_mumu?",
        "stage[1].kepe: unknown key",
        "stage[1].rows.pairs: no collection \"Muons\"",
        "events are there more than once",
        "\nmore may be found once these are mended",
    ];
    assert_refused_alike("layers", &folder, &says);
    // Nothing is said of what follows from these only.
    let said = ended(&folder, "check").err;
    assert!(said.contains("12 mistakes"), "{said}");
    let broken = CampaignFolder::with_text("name = ");
    let said = ended(&broken, "check").expect_code(2);
    said.says(&["1 mistake", "more may be found once these are mended"]);
}
