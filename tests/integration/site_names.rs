//! Campaigns of a site, by their names.

use std::fs;

use lumimill_tests::{CampaignFolder, Program};

use crate::lumimill;

#[test]
fn a_name_is_the_campaign_of_the_site_and_no_folder_beside_it() {
    let folder = CampaignFolder::demo(4_000);
    let _ = lumimill().on("run", &folder.file()).expect_code(0);
    let site = folder.output().parent().unwrap().to_owned();
    let beside = tempfile::tempdir().unwrap();
    fs::create_dir_all(beside.path().join("demo/notes")).unwrap();
    let status = |name: &str| {
        let mut status = lumimill().command(&["status", name]);
        status
            .env("LUMIMILL_STORE", &site)
            .env_remove("LUMIMILL_SITE");
        Program::finish(status.current_dir(beside.path()))
    };
    let ended = status("demo").expect_code(0);
    ended.says(&["campaign demo of the site", "./demo"]);
    assert!(ended.out.contains("dimuon"), "{}", ended.out);
    status("./demo")
        .expect_code(2)
        .says(&["nothing was planned there"]);
    // The folder of outputs is above the campaign's.
    lumimill().on("verify", &site).expect_code(2).says(&[
        "nothing was planned there",
        "but there is",
        "/demo",
    ]);
}
