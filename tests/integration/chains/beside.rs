//! Tables that stand beside the rows that a stage reads.

use lumimill_tests::python;

use super::{CHAIN, SCORES, WHOLE, folder, text};
use crate::lumimill;

/// The pairs of the chain, and their ratio in a stage of its own.
fn pairs() -> String {
    let (pairs, _) = CHAIN.split_once("[[stage]]\nname = \"scored\"").unwrap();
    format!(
        "{pairs}[[stage]]\nname = \"ratios\"\nfrom = \"pairs\"\n[stage.columns]\n\
         ratio = \"pt_mumu / m_mumu\"\n"
    )
}

/// Missing transverse momentum, in a stage of some of the events.
const MET: &str = "[[stage]]\nname = \"met\"\nfrom = \"events\"\nwhere = \"MET_pt > 20\"\n\
                   [stage.columns]\nmet2 = \"MET_pt * 2\"\n";

#[test]
fn what_has_the_same_rows_stands_beside_them() {
    let zipped = "[[stage]]\nname = \"scored\"\nfrom = \"pairs\"\nzip = [\"ratios\"]\n\
                  where = \"m_mumu > 1 && ratio > -1\"\nselect = \"score > 0.05\"\n\
                  keep = [\"PV_npvs\", \"MET_pt\", \"*_mumu\", \"ratio\"]\n\
                  labels = [\"HLT_Mu17_Mu8\", \"HLT_Mu17_Mu8_DZ\"]\n";
    let folder = folder(&format!("{WHOLE}{SCORES}{}{zipped}{SCORES}", pairs()));
    let _ = lumimill().on("run", &folder.file()).expect_code(0);
    let output = folder.output();
    if let Some(ended) = python("chain.py", &[text(&output), "whole", "scored"]) {
        let _ = ended.expect_code(0);
    }
    // Its ids cover what stands beside it, too.
    let before = super::tables(&folder, "scored");
    folder.change(
        "ratio = \"pt_mumu / m_mumu\"\n[[stage]]",
        "ratio = \"m_mumu / pt_mumu\"\n[[stage]]",
    );
    let file = folder.file();
    let _ = lumimill()
        .run(&["run", text(&file), "--replace"])
        .expect_code(0);
    let after = super::tables(&folder, "scored");
    assert!(before.keys().all(|name| !after.contains_key(name)));
}

#[test]
fn rows_are_joined_by_their_keys() {
    let joined = |name: &str, missing: &str| {
        format!(
            "[[stage]]\nname = \"{name}\"\nfrom = \"pairs\"\n\
             join = [{{ stage = \"met\", missing = \"{missing}\" }}]\nkeep = [\"m_mumu\", \"met2\"]\n"
        )
    };
    let direct = "[[stage]]\nname = \"direct\"\nfrom = \"pairs\"\nwhere = \"MET_pt > 20\"\n\
                  keep = [\"m_mumu\"]\n[stage.columns]\nmet2 = \"MET_pt * 2\"\n";
    let (drops, nulls) = (joined("drops", "drop"), joined("nulls", "null"));
    let folder = folder(&format!("{}{MET}{direct}{drops}{nulls}", pairs()));
    let _ = lumimill().on("run", &folder.file()).expect_code(0);
    let output = folder.output();
    for (one, other) in [("direct", "drops"), ("pairs", "nulls")] {
        let same = if other == "nulls" { "m_mumu" } else { "" };
        if let Some(ended) = python("chain.py", &[text(&output), one, other, same]) {
            let _ = ended.expect_code(0);
        }
    }
    let report = std::fs::read_to_string(output.join("report/index.html")).unwrap();
    assert!(report.contains("rows with met"), "a step of the cut flow");
    let _ = lumimill().on("verify", &folder.file()).expect_code(0);
}

#[test]
fn what_cannot_be_joined_names_a_row() {
    let fails = |stage: &str, expected: &str| {
        let folder = folder(&format!("{}{MET}{stage}", pairs()));
        let ended = lumimill().on("run", &folder.file()).expect_code(3);
        assert!(ended.err.contains(expected), "{}", ended.err);
        assert!(
            ended.err.contains("run 27") || ended.err.contains("run 28"),
            "{}",
            ended.err
        );
    };
    let join = |from: &str, stage: &str| {
        format!(
            "[[stage]]\nname = \"last\"\nfrom = \"{from}\"\njoin = [{{ stage = \"{stage}\" }}]\n"
        )
    };
    fails(
        &join("pairs", "met"),
        "stage met has no row for one of stage pairs: ",
    );
    let keep = "keep = [\"m_mumu\"]\n";
    fails(
        &format!("{}{keep}", join("met", "pairs")),
        "stage pairs has more than one row with the same keys: ",
    );
}

#[test]
fn what_stands_beside_rows_is_looked_at_before_it_begins() {
    let stages = format!(
        "{}{MET}[[stage]]\nname = \"best\"\nfrom = \"pairs\"\nselect = \"m_mumu > 80\"\n\
         [[stage]]\nname = \"one\"\nfrom = \"pairs\"\nzip = [\"best\"]\n\
         [[stage]]\nname = \"two\"\nfrom = \"events\"\nzip = [\"met\"]\n",
        pairs()
    );
    let folder = folder(&stages);
    lumimill().on("check", &folder.file()).expect_code(2).says(&[
        "stage[5].zip[0]: \"best\" has other rows than \"pairs\": it leaves rows out; join it by its \
         keys",
        "stage[6].zip[0]: \"met\" has other rows than \"events\"",
    ]);
    let twice = "[[stage]]\nname = \"more\"\nfrom = \"pairs\"\n[stage.columns]\nm_mumu = \"pt_mumu\"\n\
                 [[stage]]\nname = \"one\"\nfrom = \"pairs\"\nzip = [\"ratios\", \"more\"]\n\
                 keep = [\"ratoi\"]\n";
    super::with_stages(&folder, &format!("{}{twice}", pairs()));
    lumimill().on("check", &folder.file()).expect_code(2).says(&[
        "stage[4].zip[1]: column \"m_mumu\" is in stage pairs and in stage more: give it another name \
         in one of them",
        "stage[4].keep[0]: stage pairs has no column \"ratoi\"; nearest: ratio",
    ]);
}
