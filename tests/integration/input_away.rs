//! Input that was planned and is not found any more, as after a disk was lost.

use lumimill_tests::CampaignFolder;

use crate::lumimill;

#[test]
fn input_that_is_away_is_named_before_its_tables_are_removed() {
    let folder = CampaignFolder::demo(4_000);
    let _ = lumimill().on("run", &folder.file()).expect_code(0);
    let data = folder.join("data");
    let files = std::fs::read_dir(&data).unwrap();
    let mut files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|it| it == "root"));
    files.sort();
    let away = files.pop().unwrap();
    let name = away.file_name().unwrap().to_str().unwrap();
    std::fs::rename(&away, folder.join("kept")).unwrap();
    let refused = lumimill().on("run", &folder.file()).expect_code(2);
    let planned = lumimill().on("plan", &folder.file()).expect_code(0);
    for said in [&refused.err, &planned.out] {
        for words in [
            "1 file of the plan before is not in this one",
            name,
            "bring it back",
        ] {
            assert!(said.contains(words), "{words}: {said}");
        }
    }
    std::fs::rename(folder.join("kept"), &away).unwrap();
    let ended = lumimill().on("run", &folder.file()).expect_code(0);
    assert!(!ended.err.contains("plan before"), "{}", ended.err);
}
