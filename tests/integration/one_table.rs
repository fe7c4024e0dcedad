//! One data set, whatever its files are like: one type for each column, labels that some files
//! lack, and the name of the dataset in it.

use std::fs;
use std::path::Path;

use lumimill_tests::{CampaignFolder, python, sample, skipped, snapshot};

use crate::lumimill;

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A case of the samples, with its files.
fn case(name: &str, campaign: &str, files: &[&str]) -> Option<CampaignFolder> {
    let path = |file: &str| sample(&format!("cases/{name}/{file}"));
    let Some(text) = path(campaign) else {
        skipped(name, "no sample files");
        return None;
    };
    let folder = CampaignFolder::with_text(&fs::read_to_string(text).unwrap());
    files
        .iter()
        .for_each(|file| folder.copy(&path(file).unwrap(), file));
    Some(folder)
}

fn ran(folder: &CampaignFolder, stage: &str, columns: &str, files: &[&str]) {
    let _ = lumimill().on("run", &folder.file()).expect_code(0);
    let stage = folder.join(stage);
    let mut args = vec![text(&stage), columns];
    args.extend(files);
    if let Some(ended) = python("one_table.py", &args) {
        let _ = ended.expect_code(0);
    }
    let _ = lumimill().on("verify", &folder.file()).expect_code(0);
    let before = snapshot(&folder.join("out"));
    fs::remove_dir_all(folder.join("out")).unwrap();
    let _ = lumimill()
        .run(&["run", text(&folder.file()), "--slots", "8"])
        .expect_code(0);
    assert!(
        snapshot(&folder.join("out")) == before,
        "the same with 8 slots"
    );
}

#[test]
fn a_branch_of_several_types_is_one_column() {
    let Some(folder) = case("types-differ", "n.toml", &["a.root", "b.root"]) else {
        return;
    };
    folder.change("[[stage]]", "[shards]\nevents=16\n[[stage]]");
    folder.change("\"q\"]", "\"q\"]\n[stage.columns]\nhalf = \"q * 0.5\"\n[[stage.metric]]\nhistogram = { column = \"q\", bins = 10, range = [0.0, 100.0] }\n");
    let inputs = ["D=a.root", "D=b.root"].map(|file| {
        let (dataset, name) = file.split_once('=').unwrap();
        format!("{dataset}={}", folder.join(name).display())
    });
    let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
    ran(&folder, "out/n/s", "event=uint64;q=int32", &inputs);
}

#[test]
fn nanoaod_of_two_versions_is_one_table() {
    let files = ["nano_dy.root", "nano_tt_v12.root"];
    let found: Vec<_> = files
        .iter()
        .filter_map(|file| sample(&format!("nanoaod/{file}")))
        .collect();
    let [dy, tt] = found.as_slice() else {
        return skipped("nanoaod_of_two_versions_is_one_table", "no sample files");
    };
    let folder = CampaignFolder::with_text(&format!(
        "name = \"nano\"\noutput = \"out\"\n[shards]\nevents = 16\n\
         [[dataset]]\nname = \"DY\"\nkind = \"mc\"\nfiles = [{:?}]\n\
         [[dataset]]\nname = \"TT\"\nkind = \"mc\"\nfiles = [{:?}]\n\
         [[stage]]\nname = \"s\"\nwhere = \"PV_npvs >= 0\"\n\
         keep = [\"event\", \"PV_npvs\", \"Jet_jetId\", \"dataset\"]\n\
         labels = [\"HLT_IsoMu24 as iso\"]\nmissing_labels = \"null\"\n",
        text(dy),
        text(tt)
    ));
    let inputs = [format!("DY={}", text(dy)), format!("TT={}", text(tt))];
    let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
    let columns = "event=uint64;PV_npvs=int32;Jet_jetId=list<item: int32 not null>;\
                   dataset=dictionary<values=string, indices=int32, ordered=0>";
    ran(&folder, "out/nano/s", columns, &inputs);
    let labels = fs::read_to_string(folder.join("out/nano/report/labels.csv")).unwrap();
    assert!(
        labels.ends_with("\ns,iso,HLT_IsoMu24,2,240,1,200\n"),
        "{labels}"
    );
    let page = fs::read_to_string(folder.join("out/nano/report/index.html")).unwrap();
    assert!(page.contains("Labels that files lack"));
}

#[test]
fn a_label_that_no_file_has() {
    let Some(folder) = case("label-in-no-file", "c.toml", &["in.root"]) else {
        return;
    };
    for policy in ["\"null\"", "\"false\"", "\"error\""] {
        let text = fs::read_to_string(folder.file()).unwrap();
        let before = text
            .split("missing_labels = ")
            .nth(1)
            .unwrap()
            .lines()
            .next()
            .unwrap();
        folder.change(
            &format!("missing_labels = {before}"),
            &format!("missing_labels = {policy}"),
        );
        lumimill().on("run", &folder.file()).expect_code(2).says(&[
            "stage[0].labels[0]",
            "HLT_Mu71",
            "nearest: HLT_Mu17",
        ]);
    }
}

#[test]
fn a_label_under_another_name() {
    let Some(folder) = case("label-in-no-file", "c.toml", &["in.root"]) else {
        return;
    };
    folder.change("[\"HLT_Mu71\"]", "[\"HLT_Mu17 as trig\"]");
    folder.change("label = \"HLT_Mu71\"", "label = \"trig\"");
    folder.change(
        "[[stage.metric]]",
        "select = \"trig || !trig\"\n[[stage.metric]]",
    );
    let _ = lumimill().on("run", &folder.file()).expect_code(0);
    let rows = fs::read_to_string(folder.join("out/c/report/metrics_per_label.csv")).unwrap();
    assert!(rows.contains("s,trig,MET_pt"), "{rows}");
    let labels = fs::read_to_string(folder.join("out/c/report/labels.csv")).unwrap();
    assert_eq!(
        labels,
        "stage,label,branch,files,events,files_without,events_without\ns,trig,HLT_Mu17,1,800,0,0\n"
    );
}
