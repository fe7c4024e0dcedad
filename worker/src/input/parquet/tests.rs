mod files;

use std::sync::Arc;

use arrow_array::builder::{Float32Builder, ListBuilder};
use arrow_array::cast::AsArray;
use arrow_array::types::{Float32Type, Float64Type, Int32Type, UInt32Type};
use arrow_array::{
    ArrayRef, BooleanArray, DictionaryArray, Float64Array, Int32Array, ListArray, RecordBatch,
    StringArray, StructArray,
};
use arrow_buffer::OffsetBuffer;
use arrow_schema::{DataType, Field, Fields};
use lumimill_rootfile::MemoryFile;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, GzipLevel, ZstdLevel};
use parquet::file::properties::WriterProperties;

use super::{ParquetFault, ParquetFile, ParquetTable};

/// Rows with lists of 0 to 3 items, as plain lists and as a list of structs.
fn rows(count: usize) -> RecordBatch {
    let lengths = || (0..count).map(|row| row % 4);
    let items: usize = lengths().sum();
    let numbers = Int32Array::from_iter_values((0..count).map(|row| row as i32 - 5));
    let gaps = Float64Array::from_iter((0..count).map(|row| (row % 3 > 0).then_some(row as f64)));
    let mut pt = ListBuilder::new(Float32Builder::new());
    for (row, length) in lengths().enumerate() {
        for item in 0..length {
            // One in seven is missing.
            let value = (row * 10 + item) as f32;
            pt.values().append_option((row % 7 > 0).then_some(value));
        }
        pt.append(true);
    }
    let fields = Fields::from(vec![
        Field::new("x", DataType::Int32, false),
        Field::new("good", DataType::Boolean, true),
    ]);
    let hits: ArrayRef = Arc::new(StructArray::new(
        fields.clone(),
        vec![
            Arc::new(Int32Array::from_iter_values(0..items as i32)),
            Arc::new(BooleanArray::from_iter(
                (0..items).map(|item| Some(item % 2 == 0)),
            )),
        ],
        None,
    ));
    let item = Arc::new(Field::new("element", DataType::Struct(fields), true));
    let hits = ListArray::new(item, OffsetBuffer::from_lengths(lengths()), hits, None);
    let names = StringArray::from_iter_values((0..count).map(|row| format!("row {row}")));
    let columns: [(&str, ArrayRef, bool); 5] = [
        ("n", Arc::new(numbers), false),
        ("gaps", Arc::new(gaps), true),
        ("Muon_pt", Arc::new(pt.finish()), true),
        ("Hit", Arc::new(hits), false),
        ("name", Arc::new(names), false),
    ];
    RecordBatch::try_from_iter_with_nullable(columns).unwrap()
}

fn written(rows: &RecordBatch, group: usize, compression: Compression) -> Vec<u8> {
    let properties = WriterProperties::builder()
        .set_max_row_group_row_count(Some(group))
        .set_data_page_row_count_limit(13)
        .set_write_batch_size(7)
        .set_compression(compression);
    let mut writer =
        ArrowWriter::try_new(Vec::new(), rows.schema(), Some(properties.build())).unwrap();
    writer.write(rows).unwrap();
    writer.into_inner().unwrap()
}

fn opened(bytes: Vec<u8>) -> Result<ParquetTable, ParquetFault> {
    let source = Arc::new(MemoryFile::new("a.parquet", bytes));
    ParquetTable::of(&ParquetFile::from_source(source)?, "Events")
}

const ALL: [&str; 7] = ["n", "gaps", "Muon_pt", "nHit", "Hit_x", "Hit_good", "name"];

#[test]
fn columns_are_called_and_typed_as_those_of_a_tree() {
    let table = opened(written(&rows(100), 40, Compression::SNAPPY)).unwrap();
    assert_eq!(
        (table.entries(), table.clusters()),
        (100, vec![0, 40, 80, 100])
    );
    let found: Vec<String> = table
        .columns()
        .iter()
        .map(|column| format!("{}: {}", column.name(), column.data_type().unwrap()))
        .collect();
    let expected = [
        "n: Int32",
        "gaps: Float64",
        "Muon_pt: List(non-null Float32)",
        "nHit: UInt32",
        "Hit_x: List(non-null Int32)",
        "Hit_good: List(non-null Boolean)",
        "name: Utf8",
    ];
    assert_eq!(found, expected);
}

#[test]
fn any_range_gives_what_was_written_whatever_the_codec() {
    let codecs = [
        Compression::UNCOMPRESSED,
        Compression::SNAPPY,
        Compression::GZIP(GzipLevel::default()),
        Compression::LZ4_RAW,
        Compression::ZSTD(ZstdLevel::default()),
    ];
    let wanted = rows(100);
    for codec in codecs {
        let table = opened(written(&wanted, 40, codec)).unwrap();
        let mut reader = table.reader(&ALL).unwrap();
        for range in [0..7, 7..50, 50..50, 50..100, 3..99, 39..41, 0..100, 99..100] {
            let read = reader.read(range.clone()).unwrap();
            let (start, length) = (range.start as usize, (range.end - range.start) as usize);
            assert_eq!(read.num_rows(), length);
            let part = wanted.slice(start, length);
            let n = |batch: &RecordBatch| batch.column(0).as_primitive::<Int32Type>().clone();
            assert_eq!(n(&read), n(&part), "{codec:?} {range:?}");
            let gaps = read.column(1).as_primitive::<Float64Type>().values();
            let hits = read.column(4).as_list::<i32>();
            let good = read.column(5).as_list::<i32>();
            let pt = read.column(2).as_list::<i32>();
            let counts = read.column(3).as_primitive::<UInt32Type>();
            for row in 0..length {
                let entry = start + row;
                match entry % 3 {
                    0 => assert!(gaps[row].is_nan()),
                    _ => assert!((gaps[row] - entry as f64).abs() < 1e-9),
                }
                assert_eq!(counts.value(row) as usize, entry % 4);
                let first = (0..entry).map(|row| row % 4).sum::<usize>() as i32;
                let x = hits.value(row);
                let expected: Vec<i32> = (first..first + (entry % 4) as i32).collect();
                assert_eq!(x.as_primitive::<Int32Type>().values(), expected.as_slice());
                let flags = good.value(row);
                let flags: Vec<bool> = flags.as_boolean().values().iter().collect();
                assert_eq!(
                    flags,
                    expected.iter().map(|x| x % 2 == 0).collect::<Vec<_>>()
                );
                let pts = pt.value(row);
                for (item, value) in pts
                    .as_primitive::<Float32Type>()
                    .values()
                    .iter()
                    .enumerate()
                {
                    match entry % 7 {
                        0 => assert!(value.is_nan()),
                        _ => assert_eq!(*value as usize, entry * 10 + item),
                    }
                }
            }
        }
        assert!(reader.read(90..101).is_err());
    }
}

#[test]
fn a_missing_number_or_list_is_named_and_is_not_zero() {
    let numbers = Int32Array::from_iter((0..30).map(|row| (row != 17).then_some(row)));
    let mut lists = ListBuilder::new(Float32Builder::new());
    (0..30).for_each(|row| lists.append(row != 21));
    let columns: [(&str, ArrayRef); 2] = [
        ("truth", Arc::new(numbers)),
        ("Muon_pt", Arc::new(lists.finish())),
    ];
    let rows = RecordBatch::try_from_iter(columns).unwrap();
    let table = opened(written(&rows, 10, Compression::SNAPPY)).unwrap();
    let mut reader = table.reader(&["truth"]).unwrap();
    assert!(reader.read(0..17).is_ok());
    let error = reader.read(12..20).unwrap_err().to_string();
    assert!(
        error.contains("column \"truth\": a value in entry 17 is missing"),
        "{error}"
    );
    let error = table.reader(&["Muon_pt"]).unwrap().read(0..30).unwrap_err();
    let error = error.to_string();
    assert!(
        error.contains("column \"Muon_pt\": the list in entry 21 is missing"),
        "{error}"
    );
}

#[test]
fn empty_tables_have_columns_and_no_rows() {
    let table = opened(written(&rows(0), 10, Compression::SNAPPY)).unwrap();
    assert_eq!((table.entries(), table.columns().len()), (0, ALL.len()));
    assert_eq!(
        table.reader(&ALL).unwrap().read(0..0).unwrap().num_rows(),
        0
    );
}

#[test]
fn what_was_cut_off_or_changed_is_an_error_and_never_other_rows_than_there_are() {
    let whole = written(&rows(60), 25, Compression::SNAPPY);
    for length in 0..whole.len() {
        assert!(opened(whole[..length].to_vec()).is_err(), "{length}");
    }
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (at % 8);
        let Ok(table) = opened(bytes) else { continue };
        let names: Vec<&str> = table.columns().iter().map(|column| column.name()).collect();
        for name in names {
            let Ok(mut reader) = table.reader(&[name]) else {
                continue;
            };
            let entries = table.entries().min(1000);
            if let Ok(read) = reader.read(0..entries) {
                assert_eq!(read.num_rows() as u64, entries);
            }
        }
    }
}

#[test]
fn what_needs_more_memory_than_may_be_used_is_refused_before() {
    let rows = Int32Array::from_iter_values((0..200_000).map(|row: i32| row.wrapping_mul(48_271)));
    let rows = RecordBatch::try_from_iter([("n", Arc::new(rows) as ArrayRef)]).unwrap();
    let properties = WriterProperties::builder()
        .set_dictionary_enabled(false)
        .build();
    let mut writer = ArrowWriter::try_new(Vec::new(), rows.schema(), Some(properties)).unwrap();
    writer.write(&rows).unwrap();
    let bytes = writer.into_inner().unwrap();
    let file = ParquetFile::from_source(Arc::new(MemoryFile::new("a.parquet", bytes))).unwrap();
    let limited = file.clone().with_memory_limit(Some(10_000));
    let table = ParquetTable::of(&limited, "t").unwrap();
    let error = table.reader(&["n"]).unwrap().read(0..10).unwrap_err();
    assert!(
        matches!(error, ParquetFault::TooMuchMemory { .. }),
        "{error}"
    );
    let mut reader = ParquetTable::of(&file, "t")
        .unwrap()
        .reader(&["n"])
        .unwrap();
    assert_eq!(reader.read(0..10).unwrap().num_rows(), 10);
}

/// A file of a megabyte unfolded to many gigabytes: each row has the one text of its dictionary.
#[test]
fn few_stored_bytes_of_many_texts_are_read_a_part_at_a_time() {
    let word: ArrayRef = Arc::new(StringArray::from_iter_values(["a".repeat(900_000)]));
    let words = DictionaryArray::new(Int32Array::from_iter_values([0; 400]), word);
    let rows = RecordBatch::try_from_iter([("s", Arc::new(words) as ArrayRef)]).unwrap();
    let bytes = written(&rows, 400, Compression::SNAPPY);
    assert!(bytes.len() < 1 << 20);
    let mut reader = opened(bytes).unwrap().reader(&["s"]).unwrap();
    let error = reader.read(0..400).unwrap_err().to_string();
    assert!(error.contains("the texts of entries 0 to 3"), "{error}");
    assert_eq!(reader.read(390..400).unwrap().num_rows(), 10);
}
