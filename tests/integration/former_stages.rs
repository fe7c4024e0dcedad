//! Stages that a campaign has no more: what they left in the output is named, refused, and removed
//! when that is asked for; no reader of the tables sees it.

use std::fs;

use lumimill_tests::CampaignFolder;

use crate::lumimill;

fn tables(folder: &CampaignFolder, stage: &str) -> usize {
    let Ok(entries) = fs::read_dir(folder.output().join(stage)) else {
        return 0;
    };
    let names = entries.map(|entry| entry.unwrap().file_name());
    let is_table = |name: &std::ffi::OsString| name.to_string_lossy().ends_with(".parquet");
    names.filter(is_table).count()
}

#[test]
fn a_stage_that_was_renamed_leaves_no_table_behind() {
    let folder = CampaignFolder::demo(2_000);
    let file = folder.file();
    let _ = lumimill().on("run", &file).expect_code(0);
    let before = tables(&folder, "dimuon");
    assert!(before > 0);
    folder.change("name = \"dimuon\"", "name = \"pairs\"");
    let says = [
        "of an earlier configuration",
        ", of stage dimuon, which the campaign has no more",
        "--replace",
    ];
    lumimill().on("run", &file).expect_code(2).says(&says);
    // What run would refuse is said before.
    let checked = lumimill().on("check", &file).expect_code(0);
    checked.says(&["warning: "]);
    checked.says(&says);
    let planned = lumimill().on("plan", &file).expect_code(0);
    assert!(planned.out.contains(says[1]), "{}", planned.out);
    assert_eq!(tables(&folder, "dimuon"), before, "nothing was removed");
    let run = lumimill().run(&["run", file.to_str().unwrap(), "--replace"]);
    run.expect_code(0).says(&["removed "]);
    assert!(!folder.output().join("dimuon").exists());
    assert_eq!(tables(&folder, "pairs"), before);
    let _ = lumimill().on("verify", &file).expect_code(0);
    let checked = lumimill().on("check", &file).expect_code(0);
    assert!(!checked.err.contains("warning"), "{}", checked.err);
}

#[test]
fn verify_names_the_tables_of_a_stage_that_the_plan_has_not() {
    let folder = CampaignFolder::demo(2_000);
    let file = folder.file();
    let _ = lumimill().on("run", &file).expect_code(0);
    let name = fs::read_dir(folder.output().join("dimuon")).unwrap();
    let names = name.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let part = names.into_iter().find(|name| name.starts_with("part-"));
    let part = part.unwrap();
    folder.copy(
        &folder.output().join("dimuon").join(&part),
        &format!("out/demo/former/{part}"),
    );
    // What people keep there beside it is theirs.
    folder.write("out/demo/plots/part-1.parquet", "mine");
    folder.write("out/demo/other/dimuon/part-1.parquet", "mine");
    let verified = lumimill().on("verify", &file).expect_code(3).out;
    let said = format!("former/{part} is not of this plan, and readers would see it");
    assert!(verified.contains(&said), "{verified}");
    assert!(verified.contains("--replace"), "{verified}");
    let _ = lumimill()
        .run(&["run", file.to_str().unwrap(), "--replace"])
        .expect_code(0);
    let _ = lumimill().on("verify", &file).expect_code(0);
    assert!(folder.output().join("plots/part-1.parquet").exists());
    assert!(folder.output().join("other/dimuon/part-1.parquet").exists());
}
