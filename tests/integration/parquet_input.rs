//! Parquet files as input: the same tables as from the ROOT files that they were made from.

use std::path::Path;

use lumimill_tests::{CampaignFolder, python};

use crate::lumimill;
use crate::real_files::campaign;

const FILE: &str = "nano_dimuon.root";
const MASK: &str = r#"{"315267": [[1, 4294967295]]}"#;
const STAGE: &str = "out/doublemuon-2016g/dimuon";
const PATTERN: &str = "DoubleMuon2016G/*.root";

/// The campaign of the documentation on a sample file as Parquet, in one of its forms.
fn as_parquet(form: &str, codec: &str) -> Option<CampaignFolder> {
    let folder = campaign(FILE, MASK, "null")?;
    convert(&folder.join("DoubleMuon2016G"), &["13", codec, form])?;
    folder.change(PATTERN, "DoubleMuon2016G/*.parquet");
    Some(folder)
}

/// Puts Parquet files in the place of those of a folder.
fn convert(data: &Path, form: &[&str; 3]) -> Option<()> {
    let mut converted = 0;
    for file in std::fs::read_dir(data).unwrap() {
        let root = file.unwrap().path();
        let parquet = root.with_extension("parquet");
        let mut args = vec![root.to_str()?, parquet.to_str()?];
        args.extend(form);
        let _ = python("as_parquet.py", &args)?.expect_code(0);
        std::fs::remove_file(&root).unwrap();
        converted += 1;
    }
    assert!(converted > 0);
    Some(())
}

/// The rows and columns of one, without what names the input.
fn same_rows(one: &Path, other: &Path) -> Option<u64> {
    let args = [one.to_str()?, other.to_str()?];
    let found = python("same_values.py", &args)?.expect_code(0);
    found.out.trim().strip_prefix("rows ")?.parse().ok()
}

#[test]
fn a_parquet_file_gives_the_table_that_its_root_file_gives() {
    let Some(root) = campaign(FILE, MASK, "null") else {
        return;
    };
    let _ = lumimill().on("run", &root.file()).expect_code(0);
    for (form, codec) in [("flat", "snappy"), ("records", "zstd"), ("flat", "gzip")] {
        let Some(folder) = as_parquet(form, codec) else {
            return;
        };
        for command in ["check", "run", "verify"] {
            let _ = lumimill().on(command, &folder.file()).expect_code(0);
        }
        let rows = same_rows(&root.join(STAGE), &folder.join(STAGE)).unwrap();
        assert!(rows > 30, "{form}: {rows}");
    }
}

#[test]
fn a_chain_of_models_on_parquet_files_gives_the_tables_that_it_gives_on_trees() {
    let [root, parquet] = [(); 2].map(|()| CampaignFolder::pioneer(300));
    if convert(&parquet.join("data"), &["77", "zstd", "flat"]).is_none() {
        return;
    }
    parquet.change("data/*.root", "data/*.parquet");
    for folder in [&root, &parquet] {
        folder.change("events = 1_500", "events = 60");
        let _ = lumimill().on("run", &folder.file()).expect_code(0);
    }
    for stage in [
        "groups",
        "classifier",
        "splitter",
        "linker",
        "angle",
        "decays",
    ] {
        let at = format!("out/pioneer/{stage}");
        let rows = same_rows(&root.join(&at), &parquet.join(&at)).unwrap();
        assert!(rows > 200, "{stage}: {rows}");
    }
}

const HITS: &str = r#"
name = "hits"
output = "out"
[[dataset]]
name = "D"
kind = "mc"
files = ["*.parquet"]
[shards]
events = 9
[[stage]]
name = "s"
rows = { group_by = ["run"], sorted = true, collection = "Row" }
keep = ["run", "Row_event"]
[stage.columns]
rows = "Row_event.size()"
least = "Min(Row_event)"
"#;

#[test]
fn rows_of_a_parquet_file_become_events_that_no_row_group_cuts() {
    let folder = CampaignFolder::with_text(HITS);
    let data = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../worker/tests/data/parquet/packed.parquet"
    );
    folder.copy(data.as_ref(), "packed.parquet");
    let _ = lumimill().on("run", &folder.file()).expect_code(0);
    let stage = folder.join("out/hits/s");
    let Some(read) = python("grouped_rows.py", &[stage.to_str().unwrap()]) else {
        return;
    };
    let read = read.expect_code(0);
    // Forty rows in row groups of fifteen, ten of each run.
    assert_eq!(
        read.out.trim(),
        "0: 10 from 0, 1: 10 from 30, 2: 10 from 60, 3: 10 from 90"
    );
}

/// pyarrow writes one row group without rows, whose columns it says to begin at one place: it was refused as
/// damaged, and with it every campaign of which one file was a skim that had selected nothing.
#[test]
fn a_parquet_file_without_rows_stands_beside_others() {
    let folder = CampaignFolder::with_text(HITS);
    let data = concat!(env!("CARGO_MANIFEST_DIR"), "/../worker/tests/data/parquet");
    for file in ["packed.parquet", "without_rows.parquet"] {
        folder.copy(&Path::new(data).join(file), file);
    }
    let said = lumimill().on("plan", &folder.file()).expect_code(0);
    let both = "files       2, 1 without certified events";
    assert!(said.out.contains(both), "{}", said.out);
    let _ = lumimill().on("run", &folder.file()).expect_code(0);
    let _ = lumimill()
        .on("inspect", &folder.join("without_rows.parquet"))
        .expect_code(0);
    std::fs::remove_file(folder.join("packed.parquet")).unwrap();
    std::fs::remove_dir_all(folder.join("out")).unwrap();
    let alone = lumimill().on("run", &folder.file()).expect_code(0);
    alone.says(&["1 of 1 file without events"]);
}

#[test]
fn inspect_shows_the_columns_of_a_parquet_file() {
    let Some(folder) = as_parquet("records", "lz4") else {
        return;
    };
    let file = folder.join("DoubleMuon2016G/nano_dimuon.parquet");
    let said = lumimill().on("inspect", &file).expect_code(0);
    assert!(said.out.contains("bytes, Parquet\n"), "{}", said.out);
    assert!(said.out.contains("row groups of "), "{}", said.out);
    let muon = said.out.lines().find(|line| line.contains(" Muon_pt "));
    let muon = muon.unwrap();
    assert!(
        muon.contains("list<Float32>") && muon.contains("LZ4"),
        "{muon}"
    );
    let summed = lumimill().run(&["inspect", file.to_str().unwrap(), "--checksums"]);
    let summed = summed.expect_code(0);
    assert!(summed.out.contains("values, crc32 "), "{}", summed.out);
}

#[test]
fn trees_beside_one_another_are_not_looked_for_in_a_parquet_file() {
    let Some(folder) = as_parquet("flat", "snappy") else {
        return;
    };
    folder.change("tree = \"Events\"", "tree = \"DF_*/Events\"");
    let said = lumimill().on("run", &folder.file()).expect_code(2);
    said.says(&["a Parquet file is one table, without directories"]);
}
