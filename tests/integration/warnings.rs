//! What a user would get wrong in silence: said on the terminal by every command that begins a
//! campaign, with what to do, and kept in the report.

use std::fs;

use lumimill_tests::{CampaignFolder, sample, skipped};
use serde_json::Value;

use crate::lumimill;

const EVENTS: u64 = 400;

/// Changes the demo's campaign, and expects every command to say these, and the report to have
/// them.
fn warned(change: impl FnOnce(&CampaignFolder), says: &[&str]) {
    let folder = CampaignFolder::demo(EVENTS);
    change(&folder);
    let file = folder.file();
    let checked = lumimill().on("check", &file).expect_code(0);
    let planned = lumimill().on("plan", &file).expect_code(0);
    let run = lumimill().on("run", &file).expect_code(0);
    let report = fs::read_to_string(folder.output().join("report/metrics.json")).unwrap();
    let report: Value = serde_json::from_str(&report).unwrap();
    let kept = report["warnings"].to_string().replace("\\\"", "\"");
    let page = fs::read_to_string(folder.output().join("report/index.html")).unwrap();
    assert!(page.contains("<section id=\"warnings\">"));
    for text in says {
        for (who, said) in [("check", &checked.err), ("run", &run.err)] {
            assert!(said.contains("warning: "), "{who}: {said}");
            assert!(said.contains(text), "{who}: expected {text:?} in\n{said}");
        }
        assert!(planned.out.contains(text), "plan: {}", planned.out);
        assert!(kept.contains(text), "report: {kept}");
    }
    assert!(run.out.contains("in the report"), "{}", run.out);
}

const CERTIFICATION: &str =
    "[certification]\nmask = \"certified.json\"\nruns = \"278820-280385\"\n";

#[test]
fn nothing_is_said_of_the_demo() {
    let folder = CampaignFolder::demo(EVENTS);
    for command in ["check", "plan", "run"] {
        let ended = lumimill().on(command, &folder.file()).expect_code(0);
        assert!(!ended.err.contains("warning: "), "{command}: {}", ended.err);
        assert!(!ended.out.contains("warnings"), "{command}: {}", ended.out);
    }
}

#[test]
fn data_without_a_mask() {
    warned(
        |folder| folder.change(CERTIFICATION, ""),
        &[
            "DoubleMuonToy is recorded data and there is no mask",
            "kind = \"mc\"",
        ],
    );
    warned(
        |folder| folder.change("mask = \"certified.json\"\n", ""),
        &["certification.runs: without a mask, every lumi section of these runs counts"],
    );
}

#[test]
fn a_mask_of_no_data() {
    warned(
        |folder| folder.change("kind = \"data\"", "kind = \"mc\""),
        &["certification: it applies to data and no dataset is"],
    );
}

#[test]
fn a_mask_that_certifies_nothing_of_the_files() {
    let change = |folder: &CampaignFolder| {
        folder.change("runs = \"278820-280385\"\n", "");
        folder.write("certified.json", r#"{"1": [[1, 10]], "7": [[2, 3]]}"#);
    };
    warned(
        change,
        &[
            "dataset[0] (DoubleMuonToy): nothing of it is certified, and its tables are empty",
            "its 2 files have runs 2",
            "the mask certified.json has runs 1 to 7; is it the mask of this data?",
        ],
    );
}

#[test]
fn runs_that_no_file_has() {
    warned(
        |folder| folder.change("278820-280385", "278820-280385,300000-300007"),
        &["certification.runs: no file has a run of 300000-300007; the files have runs 27"],
    );
}

#[test]
fn a_dataset_that_no_stage_reads() {
    let change = |folder: &CampaignFolder| {
        let more = "[[dataset]]\nname = \"Other\"\nkind = \"mc\"\nfiles = [\"data/*_1.root\"]\n\n\
                    [shards]";
        folder.change("[shards]", more);
        folder.change(
            "name = \"dimuon\"",
            "name = \"dimuon\"\nfrom = \"DoubleMuonToy\"",
        );
    };
    warned(change, &["dataset[1] (Other): no stage reads it"]);
}

#[test]
fn a_file_without_events() {
    let Some(empty) = sample("nanoaod/nano_dy_empty.root") else {
        return skipped("a_file_without_events", "no sample files");
    };
    let change = |folder: &CampaignFolder| {
        folder.copy(&empty, "data/empty.root");
        folder.change("missing_labels = \"error\"", "missing_labels = \"false\"");
    };
    warned(
        change,
        &["1 of 3 files without events, of which nothing is read: data/empty.root; make it again"],
    );
}

/// What RDataFrame's `Snapshot` writes when no event passes.
#[test]
fn a_file_without_branches_is_left_out() {
    let Some(case) = sample("cases/no-branches/c.toml") else {
        return skipped("a_file_without_branches_is_left_out", "no sample cases");
    };
    let bare = case.with_file_name("nob.root");
    warned(
        |folder| folder.copy(&bare, "data/bare.root"),
        &["1 of 3 files without branches, of which nothing is read: data/bare.root"],
    );
    let folder = CampaignFolder::demo(EVENTS);
    fs::remove_dir_all(folder.join("data")).unwrap();
    folder.copy(&bare, "data/bare.root");
    let ended = lumimill().on("run", &folder.file()).expect_code(2);
    ended.says(&["stage[0]: no file of dataset DoubleMuonToy has a branch in tree \"Events\""]);
}

#[test]
fn a_table_without_rows() {
    let folder = CampaignFolder::demo(EVENTS);
    folder.change("nMuon >= 2", "nMuon >= 200");
    let run = lumimill().on("run", &folder.file()).expect_code(0);
    let says = "warning: stage dimuon: its table has no rows: none of ";
    assert!(run.out.contains(says), "{}", run.out);
    assert!(
        run.out.contains("passes \"where nMuon >= 200\""),
        "{}",
        run.out
    );
}

#[test]
fn a_histogram_that_leaves_much_out() {
    let folder = CampaignFolder::demo(EVENTS);
    folder.change(
        "bins = 50, range = [0.0, 100.0]",
        "bins = 50, range = [0.0, 10.0]",
    );
    let run = lumimill().on("run", &folder.file()).expect_code(0);
    let page = fs::read_to_string(folder.output().join("report/index.html")).unwrap();
    // The page says it on top, and with the stage.
    for (said, times) in [(&run.out, 1), (&page, 2)] {
        // The others of m_mumu show parts of what one shows.
        assert_eq!(
            said.matches("are outside of range").count(),
            times,
            "{said}"
        );
        assert!(said.contains("histogram of pt_mumu: "), "{said}");
        assert!(
            said.contains("values are outside of range = [0, 10] ("),
            "{said}"
        );
        assert!(said.contains(" % above): widen the range"), "{said}");
    }
}
