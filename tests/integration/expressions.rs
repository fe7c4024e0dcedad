//! What expressions mean, on files that real ROOT wrote.

use std::fs;
use std::path::Path;

use lumimill_tests::{CampaignFolder, python, skipped};

use crate::lumimill;

/// Exit code of the script where there is no ROOT.
const NO_ROOT: i32 = 77;

/// A campaign of one stage on one file of `tests/data`.
fn campaign(input: &str, stage: &str) -> CampaignFolder {
    let folder = CampaignFolder::with_text(&format!(
        "name = \"demo\"\noutput = \"out\"\n\
         [[dataset]]\nname = \"d\"\nkind = \"mc\"\nfiles = [\"in.root\"]\n\
         [[stage]]\nname = \"s\"\n{stage}"
    ));
    let input = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("data")
        .join(input);
    folder.write("in.root", fs::read(input).unwrap());
    folder
}

/// `Muon_charge` was filtered by RDataFrame's `Redefine`, `Muon_pt` was not: once rows of members
/// had the values of other events.
#[test]
fn members_of_different_length_are_never_paired() {
    for stage in [
        "rows = { each = \"Muon\", where = \"charge > 0\" }\nkeep = [\"event\"]\n[stage.columns]\nmu_pt = \"pt\"",
        "rows = { pairs = \"Muon\", charge = \"opposite\" }\nkeep = [\"event\"]\n[stage.columns]\nq1 = \"first.charge\"",
        "rows = \"event\"\nwhere = \"any(Muon_charge > 0)\"\nkeep = [\"event\"]\n[stage.columns]\nht = \"sum(Muon_pt)\"",
    ] {
        let folder = campaign("lengths-differ.root", stage);
        let checked = lumimill().on("check", &folder.file()).expect_code(0);
        checked.says(&["warning: ", "\"Muon_charge\" has a length of its own"]);
        let ended = lumimill().on("run", &folder.file()).expect_code(3);
        ended.says(&[
            "run 278900, lumi ",
            ", event ",
            "(entry ",
            "column \"Muon_charge\" has ",
            " and \"Muon_pt\" has ",
        ]);
    }
}

/// Only the filtered column is used, so that nothing else of its collection has another length: once
/// 906 members of 1266 gave rows, without a word.
#[test]
fn a_column_that_was_filtered_alone_is_held_against_its_counter() {
    for stage in [
        "rows = { each = \"Muon\" }\nkeep = [\"event\", \"charge\"]",
        "rows = \"event\"\nkeep = [\"event\"]\n[stage.columns]\nq = \"sum(Muon_charge)\"",
    ] {
        let folder = campaign("lengths-differ.root", stage);
        let checked = lumimill().on("check", &folder.file()).expect_code(0);
        checked.says(&["warning: \"Muon_charge\" has a length of its own, and its collection"]);
        let ended = lumimill().on("run", &folder.file()).expect_code(3);
        ended.says(&[
            "run 278900, lumi ",
            "(entry ",
            "column \"Muon_charge\" has ",
            " and \"nMuon\" says ",
            "filter both alike",
        ]);
    }
    let stage = "rows = { each = \"Muon\" }\nkeep = [\"event\", \"pt\"]";
    let folder = campaign("lengths-differ.root", stage);
    let _ = lumimill().on("run", &folder.file()).expect_code(0);
}

/// A whole table of expressions, by Lumimill and by RDataFrame on a file of real ROOT. What ROOT
/// gives another value for is in the table, with the reason; nothing else may be.
#[test]
fn expressions_are_those_of_root_but_for_what_the_table_says() {
    let folder = CampaignFolder::with_text("");
    let table = Path::new(env!("CARGO_MANIFEST_DIR")).join("expressions.toml");
    let (table, place) = (table.to_str().unwrap(), folder.path().to_str().unwrap());
    let Some(written) = python("expressions.py", &["write", table, place]) else {
        return;
    };
    if written.code == NO_ROOT && std::env::var_os("CI").is_none() {
        return skipped(
            "expressions.py",
            "the Python of LUMIMILL_PYTHON has no ROOT",
        );
    }
    let _ = written.expect_code(0);
    let campaign = |name: &str| folder.join(&format!("{name}.toml"));
    let _ = lumimill().on("run", &campaign("accepted")).expect_code(0);
    let refused = lumimill().on("check", &campaign("refused")).expect_code(2);
    folder.write("refused.txt", refused.err);
    for number in 0.. {
        let name = format!("undefined_{number}");
        if !campaign(&name).exists() {
            break;
        }
        let failed = lumimill().on("run", &campaign(&name)).expect_code(3);
        folder.write(&format!("{name}.txt"), failed.err);
    }
    let compared = python("expressions.py", &["compare", table, place]).unwrap();
    assert_eq!(compared.code, 0, "{}{}", compared.out, compared.err);
}
