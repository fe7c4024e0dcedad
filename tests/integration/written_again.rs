//! Input files that are written to again in their place.

use std::fs;

use lumimill_tests::{CampaignFolder, Ended, python};

use crate::lumimill;

const CAMPAIGN: &str = r#"
name = "again"
output = "out"
[[dataset]]
name = "D"
kind = "mc"
files = ["a.root"]
tree = "Events"
[[stage]]
name = "s"
where = "x < 3000"
keep = ["x"]
"#;

/// ROOT leaves the UUID of a file that it updates, and the size may be the same: nothing was due, and a
/// table that was lost was made again of other data than those beside it.
#[test]
fn a_file_that_root_updated_is_another_one() {
    let folder = CampaignFolder::with_text(CAMPAIGN);
    let (file, campaign) = (folder.join("a.root"), folder.file());
    let campaign = campaign.to_str().unwrap();
    let write = |mode: &str, first: &str| {
        let file = file.to_str().unwrap();
        python("written_again.py", &[file, mode, first]).map(|ended| ended.expect_code(0))
    };
    if write("RECREATE", "0").is_none() {
        return;
    }
    let size_and_uuid = || {
        let bytes = fs::read(&file).unwrap();
        (bytes.len(), bytes[47..63].to_vec())
    };
    let run = |more: &[&str]| lumimill().run(&[&["run", campaign], more].concat());
    // The size is not the same every time.
    let is_quiet = (1..9).any(|attempt| {
        rows(&run(&["--replace"]), "100 rows");
        rows(&run(&[]), "nothing to do");
        let before = size_and_uuid();
        let first = ["2500", "1000"][attempt % 2];
        write("UPDATE", first).is_some_and(|_| before == size_and_uuid())
    });
    assert!(is_quiet, "ROOT never left the size as it was");
    run(&[]).expect_code(2).says(&["pass --replace"]);
    rows(&run(&["--replace"]), "100 rows");
}

#[track_caller]
fn rows(ended: &Ended, said: &str) {
    let told = format!("{}{}", ended.out, ended.err);
    assert!(ended.code == 0 && told.contains(said), "{told}");
}
