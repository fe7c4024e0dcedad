//! What a chain is told that cannot be: before it begins, or once it meets it.

use std::fs;

use super::{chain, folder, tables, text};
use crate::lumimill;

/// The chain with a change, checked: what is said of it.
#[track_caller]
fn says(change: (&str, &str), expected: &[&str]) {
    let changed = chain().replacen(change.0, change.1, 1);
    assert!(changed != chain(), "nothing to change");
    let folder = folder(&changed);
    lumimill()
        .on("check", &folder.file())
        .expect_code(2)
        .says(expected);
}

#[test]
fn what_a_stage_cannot_read_is_found_by_check() {
    says(
        ("from = \"pairs\"", "from = \"pars\""),
        &["stage[2].from: \"pars\" is neither a dataset nor an earlier stage; did you mean pairs?"],
    );
    says(
        ("from = \"events\"", "from = \"scored\""),
        &["stage[1].from: a circle: this stage reads \"scored\", which reads \"pairs\""],
    );
    says(
        (
            "keep = [\"PV_npvs\", \"MET_pt\", \"*_mumu\"]",
            "keep = [\"PV_npv\", \"Muon_*\"]",
        ),
        &[
            "stage[2].keep[0]: stage pairs has no column \"PV_npv\"; nearest: PV_npvs",
            "stage[2].keep[1]: no column matches \"Muon_*\"",
        ],
    );
    // With a caret, and whatever else is wrong.
    says(
        (
            "ratio = \"pt_mumu / m_mumu\"",
            "ratio = \"pt_mumu / mass_mumu\"\nother = \"lumi && 1\"",
        ),
        &["stage[2].columns.ratio", "^", "stage[2].columns.other"],
    );
    says(
        (
            "where = \"m_mumu > 1\"",
            "where = \"HLT_Mu17_Mu8 + PV_npvs\"\ntree = \"Events\"",
        ),
        &[
            "stage[2].where",
            "^",
            "stage[2].tree: goes with files: a stage has rows",
        ],
    );
}

#[test]
fn a_column_of_a_stage_that_is_of_another_type_is_named_with_what_it_is() {
    says(
        (
            "where = \"m_mumu > 1\"",
            "where = \"HLT_Mu17_Mu8 + PV_npvs\"",
        ),
        &[
            "stage[2].where: a condition is needed, but this is an int; write (HLT_Mu17_Mu8 + PV_npvs) \
             != 0",
        ],
    );
    says(
        (
            "\"*_mumu\"]\nlabels = [",
            "\"pt_mumu\"]\nlabels = [\"m_mumu\", ",
        ),
        &["stage[2].labels[0]: label \"m_mumu\" is Float32, not a bool or bytes of 0 and 1"],
    );
}

#[test]
fn what_counts_events_needs_rows_that_tell_them_apart() {
    let without = chain().replacen("\"run\", \"luminosityBlock as lumi\", \"event\", ", "", 1);
    let folder = folder(&without);
    let ended = lumimill().on("check", &folder.file()).expect_code(2);
    ended.says(&[
        "stage[2].model: its events are told apart by run, luminosityBlock and event: stage pairs \
         does not keep them",
        "stage[2].metric[0]: its events are told apart",
        "stage[2].metric[1]: \"run\" is not an output column",
    ]);
}

#[test]
fn a_table_that_was_changed_by_hand_is_not_read() {
    let folder = folder(&chain());
    let _ = lumimill().on("run", &folder.file()).expect_code(0);
    let output = folder.output();
    // Of the same length, so that no listing shows it.
    let (name, _) = tables(&folder, "pairs").pop_first().unwrap();
    let table = output.join("pairs").join(&name);
    let mut bytes = fs::read(&table).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&table, &bytes).unwrap();
    // What reads it is still to be done.
    let before = tables(&folder, "scored");
    fs::remove_dir_all(output.join("scored")).unwrap();
    let ended = lumimill().on("run", &folder.file()).expect_code(3);
    let said = format!("pairs/{name} is gone, or is not what its marker says");
    assert!(ended.err.contains(&said), "{}", ended.err);
    assert_eq!(tables(&folder, "scored").len(), before.len() - 1);
    let file = folder.file();
    let _ = lumimill().run(&["verify", text(&file), "--mend"]);
    let _ = lumimill()
        .run(&["resubmit", text(&file), "--failed"])
        .expect_code(0);
    let names =
        |tables: &std::collections::BTreeMap<String, _>| tables.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&tables(&folder, "scored")), names(&before));
    let _ = lumimill().on("verify", &folder.file()).expect_code(0);
}
