//! `oxyroot` as a second opinion on ROOT files, where it is right: what our writer wrote, files of
//! others, and what it writes itself. It does not read for us: on real NanoAOD it gives wrong
//! values without an error.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float32Type, Float64Type, Int32Type, UInt32Type};
use arrow_array::{Array, ArrayRef, Float64Array, Int32Array, ListArray, RecordBatch, UInt32Array};
use arrow_schema::{DataType, Field, Schema};
use lumimill_rootfile::RootFile;
use lumimill_rootfile::write::{COUNTER, Compression, FileWriter, TreeWriter};
use lumimill_tests::{Program, sample, skipped};

/// The program of `tests/oxyroot`, which `LUMIMILL_OXYROOT` names. `None`, said loudly, when it is
/// not there; where `CI` is set that is a failure.
fn oxyroot(test: &str) -> Option<Program> {
    let Some(path) = std::env::var_os("LUMIMILL_OXYROOT") else {
        assert!(
            std::env::var_os("CI").is_none(),
            "LUMIMILL_OXYROOT is not set"
        );
        skipped(test, "LUMIMILL_OXYROOT is not set; deploy/test.sh sets it");
        return None;
    };
    Some(Program::at(path.to_str().unwrap()))
}

/// Our values of a branch as bits, a line an entry.
fn ours(path: &Path, tree: &str, branch: &str) -> Vec<String> {
    let tree = RootFile::open(path).unwrap().tree(tree).unwrap();
    let batch = tree.reader(&[branch]).unwrap().read(0..tree.entries());
    let batch = batch.unwrap();
    let column = batch.column(0);
    if let Some(lists) = column.as_list_opt::<i32>() {
        let line = |list: Option<ArrayRef>| bits(&list.unwrap()).join(" ");
        return lists.iter().map(line).collect();
    }
    bits(column)
}

fn bits(column: &ArrayRef) -> Vec<String> {
    fn each<T: Copy>(values: &[T], bits: impl Fn(T) -> u64) -> Vec<String> {
        values
            .iter()
            .map(|value| bits(*value).to_string())
            .collect()
    }
    match column.data_type() {
        DataType::Int32 => each(column.as_primitive::<Int32Type>().values(), |value| {
            u64::from(value.cast_unsigned())
        }),
        DataType::UInt32 => each(column.as_primitive::<UInt32Type>().values(), u64::from),
        DataType::Float32 => each(column.as_primitive::<Float32Type>().values(), |value| {
            u64::from(value.to_bits())
        }),
        DataType::Float64 => each(column.as_primitive::<Float64Type>().values(), f64::to_bits),
        other => panic!("{other} is not compared"),
    }
}

/// Compares a branch, of this type for oxyroot.
fn agree(oxyroot: &Program, path: &Path, tree: &str, branch: &str, kind: &str) {
    let ended = oxyroot.run(&["read", path.to_str().unwrap(), tree, branch, kind]);
    let theirs = ended.expect_code(0).out;
    let ours = ours(path, tree, branch);
    assert!(ours.len() > 100, "{} {branch}", path.display());
    assert!(
        theirs.lines().eq(ours.iter().map(String::as_str)),
        "{} {branch}",
        path.display()
    );
}

#[test]
fn oxyroot_reads_what_our_writer_wrote() {
    let Some(oxyroot) = oxyroot("oxyroot_reads_what_our_writer_wrote") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    // It has no ZSTD.
    for (name, compression) in [
        ("none", Compression::None),
        ("zlib", Compression::Zlib(1)),
        ("lzma", Compression::Lzma(1)),
        ("lz4", Compression::Lz4(1)),
    ] {
        let path = folder.path().join(name);
        write(&path, compression);
        for (branch, kind) in [("run", "u32"), ("x", "f64"), ("nMuon", "i32")] {
            agree(&oxyroot, &path, "Events", branch, kind);
        }
        // Lists are compared below, in a file of ROOT: those that our writer wrote, which ROOT and
        // uproot read as we do, oxyroot reads in another way.
    }
}

/// A file of our writer: two clusters of flat and jagged branches.
fn write(path: &Path, compression: Compression) {
    let lists = (0..300).map(|at| Some((0..at % 5).map(move |member| Some((at * member) as f32))));
    let lists = ListArray::from_iter_primitive::<Float32Type, _, _>(lists);
    let item = Arc::new(Field::new("item", DataType::Float32, false));
    let values = lists.values().clone();
    let lists = ListArray::new(Arc::clone(&item), lists.offsets().clone(), values, None);
    let muons = Field::new("Muon_pt", DataType::List(item), false)
        .with_metadata([(COUNTER.to_owned(), String::from("nMuon"))]);
    let schema = Arc::new(Schema::new(vec![
        Field::new("run", DataType::UInt32, false),
        Field::new("x", DataType::Float64, false),
        Field::new("nMuon", DataType::Int32, false),
        muons,
    ]));
    let columns: Vec<ArrayRef> = vec![
        Arc::new(UInt32Array::from_iter_values(278_820..279_120)),
        Arc::new(Float64Array::from_iter_values(
            (0..300).map(|at| f64::from(at).sqrt()),
        )),
        Arc::new(Int32Array::from_iter_values((0..300).map(|at| at % 5))),
        Arc::new(lists),
    ];
    let batch = RecordBatch::try_new(Arc::clone(&schema), columns).unwrap();
    let mut file = FileWriter::new(File::create(path).unwrap(), "ours.root", [1; 16]).unwrap();
    let mut tree = TreeWriter::new("Events", schema, compression).unwrap();
    for _ in 0..2 {
        tree.write_cluster(&mut file, &batch).unwrap();
    }
    tree.finish(&mut file).unwrap();
    file.finish().unwrap();
}

#[test]
fn oxyroot_agrees_on_files_that_it_reads() {
    let test = "oxyroot_agrees_on_files_that_it_reads";
    let Some(oxyroot) = oxyroot(test) else { return };
    for file in ["", "-lzma", "-lz4", "-uncompressed"] {
        let Some(path) = sample(&format!("skhep/uproot-Zmumu{file}.root")) else {
            skipped(test, "../shared/data is not there");
            return;
        };
        for branch in ["E1", "px1", "eta2", "M"] {
            agree(&oxyroot, &path, "events", branch, "f64");
        }
        agree(&oxyroot, &path, "events", "Run", "i32");
    }
    let path = sample("skhep/uproot-HZZ.root").unwrap();
    agree(&oxyroot, &path, "events", "Muon_Px", "[f32]");
    agree(&oxyroot, &path, "events", "NMuon", "i32");
}

#[test]
fn our_reader_reads_what_oxyroot_wrote() {
    let Some(oxyroot) = oxyroot("our_reader_reads_what_oxyroot_wrote") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("theirs.root");
    let _ = oxyroot
        .run(&["write", path.to_str().unwrap()])
        .expect_code(0);
    let tree = RootFile::open(&path).unwrap().tree("Events").unwrap();
    let batch = tree
        .reader(&["whole", "real", "list"])
        .unwrap()
        .read(0..5000);
    let batch = batch.unwrap();
    let whole: Vec<i32> = (0..5000).map(|at| at * 7 - 3).collect();
    assert_eq!(batch.column(0).as_primitive::<Int32Type>().values(), &whole);
    let real: Vec<f64> = (0..5000).map(|at| f64::from(at) / 3.0).collect();
    assert_eq!(
        batch.column(1).as_primitive::<Float64Type>().values(),
        &real
    );
    for (at, list) in batch.column(2).as_list::<i32>().iter().enumerate() {
        let list = list.unwrap();
        let expected = vec![at as f32; at % 4];
        assert_eq!(list.as_primitive::<Float32Type>().values(), &expected);
    }
}
