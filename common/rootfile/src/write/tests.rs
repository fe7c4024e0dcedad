//! What the writer refuses, and that it names the column.

use super::{COUNTER, Compression, FileWriter, TreeWriter, WriteError};
use arrow_array::{Array, ArrayRef, Int32Array, ListArray, RecordBatch, types::Int32Type};
use arrow_schema::{DataType, Field, Schema};
use std::{io::Cursor, sync::Arc};

fn list_field(counter: Option<&str>) -> Field {
    let item = Field::new("item", DataType::Int32, false);
    let field = Field::new("Muon_charge", DataType::List(Arc::new(item)), false);
    match counter {
        Some(name) => field.with_metadata([(COUNTER.to_owned(), name.to_owned())]),
        None => field,
    }
}

fn count_field() -> Field {
    Field::new("nMuon", DataType::Int32, false)
}

fn file() -> FileWriter<Cursor<Vec<u8>>> {
    FileWriter::new(Cursor::new(Vec::new()), "memory.root", [1; 16]).unwrap()
}

fn tree(fields: Vec<Field>) -> Result<TreeWriter, WriteError> {
    TreeWriter::new("Events", Arc::new(Schema::new(fields)), Compression::None)
}

#[test]
fn a_list_without_a_counter_is_refused() {
    let error = tree(vec![count_field(), list_field(None)]).unwrap_err();
    assert!(matches!(error, WriteError::Counter { ref column, .. } if column == "Muon_charge"));
    let error = tree(vec![list_field(Some("nMuon")), count_field()]).unwrap_err();
    assert!(error.to_string().contains("before it"), "{error}");
}

#[test]
fn a_type_that_no_branch_holds_is_refused() {
    let error = tree(vec![Field::new("name", DataType::Utf8, false)]).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("column name: no branch can hold Utf8"),
        "{error}"
    );
}

#[test]
fn counts_that_disagree_with_their_counter_are_refused() {
    let schema = Arc::new(Schema::new(vec![count_field(), list_field(Some("nMuon"))]));
    let item = Arc::new(Field::new("item", DataType::Int32, false));
    let lists =
        ListArray::from_iter_primitive::<Int32Type, _, _>([Some([Some(1)]), Some([Some(-1)])]);
    let lists = ListArray::new(item, lists.offsets().clone(), lists.values().clone(), None);
    let columns: Vec<ArrayRef> = vec![Arc::new(Int32Array::from(vec![1, 2])), Arc::new(lists)];
    let batch = RecordBatch::try_new(schema.clone(), columns).unwrap();
    let mut tree = TreeWriter::new("Events", schema, Compression::None).unwrap();
    let error = tree.write_cluster(&mut file(), &batch).unwrap_err();
    let expected = "column Muon_charge: entry 1 has 1 elements where counter nMuon says 2";
    assert_eq!(error.to_string(), expected);
}

#[test]
fn nulls_and_foreign_batches_are_refused() {
    let nullable = Arc::new(Schema::new(vec![Field::new("run", DataType::Int32, true)]));
    let array = Int32Array::from(vec![Some(1), None]);
    assert_eq!(array.null_count(), 1);
    let batch = RecordBatch::try_new(nullable.clone(), vec![Arc::new(array)]).unwrap();
    let mut same = TreeWriter::new("Events", nullable, Compression::None).unwrap();
    let error = same.write_cluster(&mut file(), &batch).unwrap_err();
    assert_eq!(error.to_string(), "tree Events: column run has nulls");
    let error = tree(vec![count_field()])
        .unwrap()
        .write_cluster(&mut file(), &batch)
        .unwrap_err();
    assert!(error.to_string().contains("another schema"), "{error}");
}

#[test]
fn data_that_does_not_shrink_is_stored_plain() {
    let noise: Vec<u8> = (0..64_u64)
        .map(|i| (i.wrapping_mul(0x9E37_79B9) >> 3) as u8)
        .collect();
    for codec in [
        Compression::Zlib(1),
        Compression::Lzma(1),
        Compression::Lz4(1),
        Compression::Zstd(1),
    ] {
        assert_eq!(codec.compress(&noise).unwrap(), None, "{codec:?}");
    }
    let packed = Compression::Zstd(1)
        .compress(&[0; 20_000_000])
        .unwrap()
        .unwrap();
    assert_eq!(&packed[..3], b"ZS\x01");
    assert!(
        packed.len() < 10_000,
        "two blocks of zeros take {} bytes",
        packed.len()
    );
}

/// An output that forgets what it is given.
struct Nowhere;

impl std::io::Write for Nowhere {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl std::io::Seek for Nowhere {
    fn seek(&mut self, _: std::io::SeekFrom) -> std::io::Result<u64> {
        Ok(0)
    }
}

#[test]
fn a_file_stops_before_2_gb() {
    let schema = Arc::new(Schema::new(vec![Field::new("x", DataType::Int32, false)]));
    let array = Int32Array::from_value(7, 1 << 24);
    let batch = RecordBatch::try_new(schema.clone(), vec![Arc::new(array)]).unwrap();
    let mut file = FileWriter::new(Nowhere, "large.root", [1; 16]).unwrap();
    let tree = TreeWriter::new("Events", schema, Compression::None).unwrap();
    let mut tree = tree.basket_bytes(1 << 26);
    let clusters = (0..32)
        .take_while(|_| tree.write_cluster(&mut file, &batch).is_ok())
        .count();
    assert_eq!(
        clusters, 29,
        "2,000,000,000 bytes hold 29 clusters of 64 MiB"
    );
    let error = tree.write_cluster(&mut file, &batch).unwrap_err();
    assert_eq!(
        error.to_string(),
        "large.root: the file would pass 2 GB; write several files"
    );
}
