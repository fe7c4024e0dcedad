//! What expressions mean, on files that real ROOT wrote.

use std::fs;
use std::path::Path;

use lumimill_tests::CampaignFolder;

use crate::lumimill;

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
        let ended = lumimill().on("run", &folder.file()).expect_code(3);
        ended.says(&[
            "run 278900, lumi ",
            ", event ",
            "(entry ",
            "column \"Muon_charge\" has ",
            " values and \"Muon_pt\" has ",
        ]);
    }
}
