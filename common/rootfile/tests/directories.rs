//! Trees of one kind in many directories, read as one, and trees beside them.

#![expect(
    clippy::unwrap_used,
    reason = "a test may panic, in its fixtures as well"
)]

use std::io::Cursor;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{ArrayRef, Float32Array, Float64Array, Int32Array, RecordBatch};
use arrow_schema::{Field, Schema};
use lumimill_rootfile::write::{Compression, FileWriter, TreeWriter};
use lumimill_rootfile::{MemoryFile, RootFile, Tree};

/// A tree to be written: its name with directory, and its columns.
type Spec<'a> = (&'a str, Vec<(&'a str, ArrayRef)>);

fn file(trees: Vec<Spec<'_>>) -> RootFile {
    let mut file = FileWriter::new(Cursor::new(Vec::new()), "frames.root", [3; 16]).unwrap();
    for (name, columns) in trees {
        let field =
            |(name, array): &(&str, ArrayRef)| Field::new(*name, array.data_type().clone(), false);
        let schema = Arc::new(Schema::new(columns.iter().map(field).collect::<Vec<_>>()));
        let columns = columns.into_iter().map(|(_, array)| array).collect();
        let batch = RecordBatch::try_new(schema.clone(), columns).unwrap();
        let mut tree = TreeWriter::new(name, schema, Compression::Zstd(3)).unwrap();
        tree.write_cluster(&mut file, &batch).unwrap();
        tree.finish(&mut file).unwrap();
    }
    let bytes = file.finish().unwrap().into_inner();
    RootFile::from_source(Arc::new(MemoryFile::new("frames.root", bytes))).unwrap()
}

fn numbers(range: std::ops::Range<i32>) -> ArrayRef {
    Arc::new(Int32Array::from_iter_values(range))
}

fn floats(range: std::ops::Range<i32>) -> ArrayRef {
    Arc::new(Float32Array::from_iter_values(range.map(|n| n as f32)))
}

/// Three frames of 4, 0 and 3 entries, each with a sibling, and a directory of another kind.
fn frames() -> RootFile {
    let frame = |all, ml, range: std::ops::Range<i32>| {
        [
            (all, vec![("n", numbers(range.clone()))]),
            (
                ml,
                vec![("cent", floats(range.start + 100..range.end + 100))],
            ),
        ]
    };
    let mut trees: Vec<Spec<'_>> = Vec::new();
    trees.extend(frame("DF_9/all", "DF_9/ml", 0..4));
    trees.push(("other/all", vec![("n", numbers(50..60))]));
    trees.extend(frame("DF_10/all", "DF_10/ml", 4..4));
    trees.extend(frame("DF_2/all", "DF_2/ml", 4..7));
    file(trees)
}

fn read(tree: &Tree, branch: &str, range: std::ops::Range<u64>) -> Vec<i32> {
    let batch = tree.reader(&[branch]).unwrap().read(range).unwrap();
    let column = batch.column(0).as_primitive::<Int32Type>();
    column.values().to_vec()
}

#[test]
fn directories_follow_one_another_in_the_order_of_the_file() {
    let file = frames();
    let tree = file.tree("DF_*/all").unwrap();
    assert_eq!((tree.entries(), tree.directories()), (7, Some(3)));
    assert_eq!(tree.clusters(), [0, 4, 7]);
    for start in 0..=7u64 {
        for end in start..=7 {
            let expected: Vec<i32> = (start as i32..end as i32).collect();
            assert_eq!(read(&tree, "n", start..end), expected, "{start}..{end}");
        }
    }
    assert!(tree.reader(&["n"]).unwrap().read(0..8).is_err());
    assert_eq!(tree.origin(4), ("DF_2/all", 0));
    assert_eq!(tree.origin(3), ("DF_9/all", 3));
    // Everything, and one.
    assert_eq!(file.tree("*/all").unwrap().entries(), 17);
    assert_eq!(file.tree("DF_?/all").unwrap().entries(), 7);
    assert_eq!(file.tree("DF_2/all").unwrap().directories(), None);
}

#[test]
fn trees_beside_one_another_are_one_table() {
    let tree = frames().tree("DF_*/all+ml").unwrap();
    let names: Vec<&str> = tree.branches().iter().map(|branch| branch.name()).collect();
    assert_eq!(names, ["n", "cent"]);
    let mut reader = tree.reader(&["cent", "n"]).unwrap();
    for range in [2..6u64, 0..7, 5..6, 3..3] {
        let batch = reader.read(range.clone()).unwrap();
        assert_eq!(batch.num_rows() as u64, range.end - range.start);
        let cent = batch
            .column(0)
            .as_primitive::<arrow_array::types::Float32Type>();
        let n = batch.column(1).as_primitive::<Int32Type>();
        for (cent, n) in cent.values().iter().zip(n.values()) {
            assert!((cent - (*n as f32 + 100.0)).abs() < 1e-6);
        }
        assert_eq!(
            n.values().first().copied(),
            (!range.is_empty()).then_some(range.start as i32)
        );
    }
    // In one directory only, without a pattern.
    assert_eq!(frames().tree("DF_2/all+ml").unwrap().entries(), 3);
}

#[test]
fn trees_that_do_not_stand_beside_one_another_are_named() {
    let bad = file(vec![
        ("DF_1/all", vec![("n", numbers(0..4))]),
        ("DF_1/ml", vec![("cent", floats(0..3))]),
        ("DF_2/all", vec![("n", numbers(0..2))]),
        ("DF_3/ml", vec![("cent", floats(0..3))]),
    ]);
    let told = bad.tree("DF_*/all+ml").unwrap_err().to_string();
    assert_eq!(
        told,
        "frames.root: trees \"DF_*/all+ml\": DF_1/ml has 3 entries and DF_1/all, beside which it \
         stands, has 4; DF_2 has no tree ml to stand beside all; DF_3 has no tree all"
    );
    let told = bad.tree("DF_*/none").unwrap_err().to_string();
    assert!(
        told.starts_with("frames.root: no tree \"DF_*/none\"; the file has DF_1/all"),
        "{told}"
    );
    assert!(
        bad.tree("XF_*/all")
            .unwrap_err()
            .to_string()
            .contains("no tree \"XF_*/all\"")
    );
}

#[test]
fn branches_that_directories_have_otherwise_cannot_be_read() {
    let doubles: ArrayRef = Arc::new(Float64Array::from(vec![1.0]));
    let mixed = file(vec![
        (
            "DF_1/all",
            vec![
                ("n", numbers(0..1)),
                ("x", floats(0..1)),
                ("y", floats(0..1)),
            ],
        ),
        ("DF_1/ml", vec![("n", numbers(0..1))]),
        ("DF_2/all", vec![("x", doubles), ("n", numbers(0..1))]),
        ("DF_2/ml", vec![("n", numbers(0..1))]),
    ]);
    let tree = mixed.tree("DF_*/all").unwrap();
    assert_eq!(read(&tree, "n", 0..2), [0, 0]);
    let reason = |tree: &Tree, name: &str| {
        tree.branch(name)
            .unwrap()
            .data_type()
            .unwrap_err()
            .to_owned()
    };
    assert_eq!(reason(&tree, "x"), "it is Float32, and Float64 in DF_2/all");
    assert_eq!(reason(&tree, "y"), "DF_2/all has no such branch");
    let told = tree.reader(&["x"]).unwrap_err().to_string();
    assert!(
        told.contains("branch \"x\"") && told.contains("Float64 in DF_2/all"),
        "{told}"
    );
    let zipped = mixed.tree("DF_*/all+ml").unwrap();
    assert_eq!(
        reason(&zipped, "n"),
        "it is in DF_1/ml and in another tree beside it"
    );
}
