//! Files of `tests/data/parquet`.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_array::types::Float32Type;
use lumimill_rootfile::LocalFile;

use super::super::{ParquetFault, ParquetFile, ParquetTable};
use super::{opened, written};

fn path(name: &str) -> PathBuf {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/parquet");
    PathBuf::from(folder).join(format!("{name}.parquet"))
}

fn table(name: &str) -> Result<ParquetTable, ParquetFault> {
    opened(fs::read(path(name)).unwrap())
}

/// The values of a column, or what is wrong with it.
fn read(name: &str, column: &str) -> Result<RecordBatch, String> {
    let table = table(name).map_err(|error| error.to_string())?;
    let reader = table.reader(&[column]);
    let mut reader = reader.map_err(|error| error.to_string())?;
    let read = reader.read(0..table.entries());
    read.map_err(|error| error.to_string())
}

#[test]
fn what_is_in_a_missing_struct_is_missing_and_no_other_rows_value() {
    let pt = read("nullstruct", "lead_pt").unwrap();
    let pt = pt.column(0).as_primitive::<Float32Type>().values();
    assert!(pt[1].is_nan() && pt[3].is_nan(), "{pt:?}");
    assert_eq!(
        [pt[0].to_bits(), pt[2].to_bits()],
        [1.5_f32.to_bits(), 2.5_f32.to_bits()]
    );
    for (file, column, what) in [
        ("nullstruct", "lead_q", "a value in entry 1"),
        ("nullstruct", "lead_ok", "a value in entry 1"),
        ("nullstruct", "lead_name", "a value in entry 1"),
        ("nullstruct", "lead_hits", "the list in entry 1"),
        ("nullstruct", "nlead_M", "the list in entry 1"),
        ("nullstruct", "lead_M_e", "the list in entry 1"),
    ] {
        let error = read(file, column).unwrap_err();
        assert!(
            error.contains(&format!("{what} is missing")),
            "{column}: {error}"
        );
    }
    for file in ["list_null_struct_req_int", "null_struct_req_list"] {
        let table = table(file).unwrap();
        let columns = table.columns().iter();
        let wrong = columns.filter(|column| read(file, column.name()).is_err());
        assert!(wrong.count() > 0, "{file}");
    }
}

#[test]
fn names_do_not_depend_on_the_order_of_the_columns() {
    for file in ["names_one", "names_other"] {
        let table = table(file).unwrap();
        let mut names: Vec<&str> = table.columns().iter().map(|it| it.name()).collect();
        names.sort_unstable();
        assert_eq!(names, ["a.b_c", "a_b.c", "idx"], "{file}");
    }
    let [one, other] = ["names_one", "names_other"].map(|file| {
        let read = read(file, "a.b_c").unwrap();
        format!("{:?}", read.column(0))
    });
    assert_eq!(one, other);
}

#[test]
fn more_values_than_the_footer_says_are_damage_and_are_not_left_out() {
    for file in ["list_more_rows", "f_more_pages", "cut_list", "overlap_rg"] {
        let Ok(table) = table(file) else { continue };
        let names: Vec<&str> = table
            .columns()
            .iter()
            .filter(|column| column.data_type().is_ok())
            .map(|column| column.name())
            .collect();
        let mut reader = table.reader(&names).unwrap();
        let error = reader.read(0..table.entries()).unwrap_err().to_string();
        assert!(error.contains("corrupt"), "{file}: {error}");
    }
    let error = table("overlap_rg").unwrap_err().to_string();
    assert!(error.contains("in the same bytes"), "{error}");
}

#[test]
fn a_hundred_bytes_do_not_take_gigabytes() {
    let error = table("nch_huge").unwrap_err().to_string();
    assert!(error.contains("claims 2147483647 fields"), "{error}");
    for (file, said) in [
        ("dict_num_huge", "a dictionary claims 2147483647 values in"),
        ("deltalen_2147483647_2147483520_4", "texts in"),
        ("deltaba_2147483647_2147483520_4", "texts in"),
        ("bombempty_6_60", "corrupt"),
    ] {
        let table = table(file).unwrap();
        let names: Vec<&str> = table.columns().iter().map(|column| column.name()).collect();
        let wrong = names.iter().filter_map(|name| read(file, name).err());
        let wrong: Vec<String> = wrong.collect();
        match file {
            // Small enough to be unpacked.
            "bombempty_6_60" => {}
            _ => assert!(
                wrong.iter().any(|error| error.contains(said)),
                "{file}: {wrong:?}"
            ),
        }
    }
}

#[test]
fn an_offset_of_0_is_no_dictionary_and_brotli_is_told_before_it_is_read() {
    let table = table("dict0").unwrap();
    let name = table.columns()[0].name().to_owned();
    assert_eq!(read("dict0", &name).unwrap().num_rows(), 3);
    let brotli = self::table("brotli").unwrap();
    let reasons = brotli
        .columns()
        .iter()
        .filter_map(|column| column.data_type().err());
    let reasons: Vec<&str> = reasons.collect();
    assert!(
        reasons.contains(&"it is packed by Brotli, which is not read"),
        "{reasons:?}"
    );
}

#[test]
fn a_file_that_was_written_again_is_another_one_though_its_footer_is_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.parquet");
    fs::write(
        &path,
        written(&super::rows(20), 20, parquet::basic::Compression::SNAPPY),
    )
    .unwrap();
    let state = || {
        let source = Arc::new(LocalFile::open(&path).unwrap());
        ParquetFile::from_source(source).unwrap().state()
    };
    let before = state();
    assert_eq!(before, state());
    let later = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    fs::File::options()
        .append(true)
        .open(&path)
        .unwrap()
        .set_modified(later)
        .unwrap();
    assert_ne!(before, state());
}
