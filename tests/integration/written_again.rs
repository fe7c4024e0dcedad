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

/// ROOT leaves the UUID of a file that it updates, and the size may be the same (zeros at its end see to
/// that here): nothing was due, and a table that was lost was made again of other data than those beside
/// it.
#[test]
fn a_file_that_root_updated_is_another_one() {
    let folder = CampaignFolder::with_text(CAMPAIGN);
    let (file, campaign) = (folder.join("a.root"), folder.file());
    let campaign = campaign.to_str().unwrap();
    let write = |mode: &str, first: &str| {
        let args = [file.to_str().unwrap(), mode, first];
        let _ = python("written_again.py", &args)?.expect_code(0);
        let mut bytes = fs::read(&file).unwrap();
        bytes.resize(50_000, 0);
        fs::write(&file, &bytes).unwrap();
        Some(bytes[47..63].to_vec())
    };
    let Some(uuid) = write("RECREATE", "0") else {
        return;
    };
    let run = |more: &[&str]| lumimill().run(&[&["run", campaign], more].concat());
    rows(&run(&[]), "100 rows");
    rows(&run(&[]), "nothing to do");
    assert_eq!(write("UPDATE", "2950"), Some(uuid), "this shows nothing");
    run(&[]).expect_code(2).says(&["pass --replace"]);
    rows(&run(&["--replace"]), "50 rows");
}

#[track_caller]
fn rows(ended: &Ended, said: &str) {
    let told = format!("{}{}", ended.out, ended.err);
    assert!(ended.code == 0 && told.contains(said), "{told}");
}
