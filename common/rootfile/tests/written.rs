//! Files written by `write`: our reader, uproot and ROOT must read back what went in.
//!
//! The Python half runs `check_written.py` with the interpreter that `LUMIMILL_PYTHON` names.

#![expect(
    clippy::unwrap_used,
    reason = "a test may panic, in its fixtures as well"
)]

use arrow_array::{
    Array, ArrayRef, BooleanArray, FixedSizeListArray, Int32Array, ListArray, PrimitiveArray,
    RecordBatch, types::*,
};
use arrow_buffer::OffsetBuffer;
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use lumimill_rootfile::RootFile;
use lumimill_rootfile::write::{COUNTER, Compression, FileWriter, TreeWriter};
use serde_json::{Map, Value, json};
use std::{collections::HashMap, fs::File, io::BufWriter, path::Path, sync::Arc};

const CODECS: [(&str, Compression); 6] = [
    ("none", Compression::None),
    ("zlib", Compression::Zlib(1)),
    ("lzma", Compression::Lzma(3)),
    ("lz4", Compression::Lz4(4)),
    ("zstd", Compression::Zstd(5)),
    ("zlib9", Compression::Zlib(9)),
];

/// Sizes of the clusters: equal, smaller, larger, so that range tables are needed.
const CLUSTERS: [usize; 6] = [700, 700, 150, 700, 900, 33];

const TYPES: [DataType; 11] = [
    DataType::Boolean,
    DataType::Int8,
    DataType::UInt8,
    DataType::Int16,
    DataType::UInt16,
    DataType::Int32,
    DataType::UInt32,
    DataType::Int64,
    DataType::UInt64,
    DataType::Float32,
    DataType::Float64,
];

/// A well-mixed number for a column and an element (splitmix64's finaliser).
fn mixed(column: u64, element: usize) -> u64 {
    let mut z = column
        .wrapping_mul(0x9E37_79B9_7F4A_7C15)
        .wrapping_add(element as u64);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

fn primitive<T: ArrowPrimitiveType>(length: usize, value: impl Fn(usize) -> T::Native) -> ArrayRef {
    Arc::new(PrimitiveArray::<T>::from_iter_values(
        (0..length).map(value),
    ))
}

/// An array of this type with values that depend on `column` and the element's index.
fn values(data_type: &DataType, column: u64, first: usize, length: usize) -> ArrayRef {
    let at = |i: usize| mixed(column, first + i);
    match data_type {
        DataType::Boolean => Arc::new(
            (0..length)
                .map(|i| Some(at(i) & 1 == 1))
                .collect::<BooleanArray>(),
        ),
        DataType::Int8 => primitive::<Int8Type>(length, |i| at(i) as i8),
        DataType::UInt8 => primitive::<UInt8Type>(length, |i| at(i) as u8),
        DataType::Int16 => primitive::<Int16Type>(length, |i| at(i) as i16),
        DataType::UInt16 => primitive::<UInt16Type>(length, |i| at(i) as u16),
        DataType::Int32 => primitive::<Int32Type>(length, |i| at(i) as i32),
        DataType::UInt32 => primitive::<UInt32Type>(length, |i| at(i) as u32),
        DataType::Int64 => primitive::<Int64Type>(length, |i| at(i) as i64),
        DataType::UInt64 => primitive::<UInt64Type>(length, at),
        DataType::Float32 => primitive::<Float32Type>(length, |i| (at(i) as i32) as f32 / 1024.0),
        DataType::Float64 => primitive::<Float64Type>(length, |i| (at(i) as i64) as f64 / 1e6),
        other => panic!("no values for {other}"),
    }
}

fn jagged(name: &str, item: &DataType, counter: &str) -> Field {
    let list = DataType::List(Arc::new(Field::new("item", item.clone(), false)));
    let metadata = HashMap::from([(COUNTER.to_owned(), counter.to_owned())]);
    Field::new(name, list, false).with_metadata(metadata)
}

/// Flat, fixed and jagged branches of every type, after two counters.
fn events_schema() -> SchemaRef {
    let mut fields = vec![
        Field::new("nMuon", DataType::Int32, false),
        Field::new("nJet", DataType::UInt32, false),
    ];
    for data_type in &TYPES {
        let name = data_type.to_string().to_lowercase();
        fields.push(Field::new(format!("flat_{name}"), data_type.clone(), false));
        let item = Arc::new(Field::new("item", data_type.clone(), false));
        let fixed = DataType::FixedSizeList(item, 3);
        fields.push(Field::new(format!("fixed_{name}"), fixed, false));
        fields.push(jagged(&format!("Muon_{name}"), data_type, "nMuon"));
        fields.push(jagged(&format!("Jet_{name}"), data_type, "nJet"));
    }
    Arc::new(Schema::new(fields))
}

fn events(schema: &SchemaRef, first: usize, length: usize) -> RecordBatch {
    let entries = first..first + length;
    let muons: Vec<usize> = entries
        .clone()
        .map(|i| (mixed(91, i) % 4) as usize)
        .collect();
    let jets: Vec<usize> = entries
        .map(|i| (mixed(92, i) % 60).saturating_sub(45) as usize)
        .collect();
    let array = |(column, field): (usize, &Arc<Field>)| -> ArrayRef {
        let column = column as u64;
        match (field.name().as_str(), field.data_type()) {
            ("nMuon", _) => Arc::new(Int32Array::from_iter_values(
                muons.iter().map(|&n| n as i32),
            )),
            ("nJet", _) => primitive::<UInt32Type>(length, |i| jets[i] as u32),
            (_, DataType::FixedSizeList(item, n)) => {
                let items = values(item.data_type(), column, first * 3, length * 3);
                Arc::new(FixedSizeListArray::new(item.clone(), *n, items, None))
            }
            (name, DataType::List(item)) => {
                let counts = if name.starts_with("Muon") {
                    &muons
                } else {
                    &jets
                };
                let offsets = OffsetBuffer::from_lengths(counts.iter().copied());
                let items = values(item.data_type(), column, first * 64, counts.iter().sum());
                Arc::new(ListArray::new(item.clone(), offsets, items, None))
            }
            (_, flat) => values(flat, column, first, length),
        }
    };
    let arrays = schema.fields().iter().enumerate().map(array).collect();
    RecordBatch::try_new(schema.clone(), arrays).unwrap()
}

fn event_batches() -> Vec<RecordBatch> {
    let schema = events_schema();
    let mut first = 0;
    let batch = |&length: &usize| {
        first += length;
        events(&schema, first - length, length)
    };
    CLUSTERS.iter().map(batch).collect()
}

fn lumi_batch() -> RecordBatch {
    let field = |name| Field::new(name, DataType::UInt32, false);
    let schema = Arc::new(Schema::new(vec![field("run"), field("luminosityBlock")]));
    let columns = (0..2)
        .map(|c| values(&DataType::UInt32, 50 + c, 0, 17))
        .collect();
    RecordBatch::try_new(schema, columns).unwrap()
}

/// Writes Events in several clusters, LuminosityBlocks in one, and an empty tree.
fn write_file(path: &Path, compression: Compression) {
    let name = path.file_name().unwrap().to_str().unwrap();
    let out = BufWriter::new(File::create(path).unwrap());
    let mut file = FileWriter::new(out, name, *b"a deterministic!").unwrap();
    let mut tree = TreeWriter::new("Events", events_schema(), compression)
        .unwrap()
        .basket_bytes(2_000);
    for batch in event_batches() {
        tree.write_cluster(&mut file, &batch).unwrap();
    }
    tree.finish(&mut file).unwrap();
    let lumis = lumi_batch();
    let mut tree = TreeWriter::new("LuminosityBlocks", lumis.schema(), compression).unwrap();
    tree.write_cluster(&mut file, &lumis).unwrap();
    tree.finish(&mut file).unwrap();
    TreeWriter::new("Empty", events_schema(), compression)
        .unwrap()
        .finish(&mut file)
        .unwrap();
    file.finish().unwrap();
}

/// CRC-32 of a column's values as little-endian bytes, over all batches.
fn checksum(batches: &[RecordBatch], column: usize) -> u32 {
    let mut hash = crc32fast::Hasher::new();
    for batch in batches {
        let any = batch.column(column).as_any();
        let list = any
            .downcast_ref::<ListArray>()
            .map(|list| list.values().clone());
        let fixed = any
            .downcast_ref::<FixedSizeListArray>()
            .map(|list| list.values().clone());
        let values = list
            .or(fixed)
            .unwrap_or_else(|| batch.column(column).clone());
        match values.as_any().downcast_ref::<BooleanArray>() {
            Some(flags) => hash.update(&flags.values().iter().map(u8::from).collect::<Vec<_>>()),
            None => hash.update(values.to_data().buffers()[0].as_slice()),
        }
    }
    hash.finalize()
}

/// What `check_written.py` compares with: entries, clusters, and a checksum of every branch.
fn expected() -> Value {
    let tree = |batches: &[RecordBatch]| {
        let names = batches[0].schema();
        let checksums = names.fields().iter().enumerate();
        let branches: Map<String, Value> = checksums
            .map(|(i, f)| (f.name().clone(), json!(checksum(batches, i))))
            .collect();
        let entries: usize = batches.iter().map(RecordBatch::num_rows).sum();
        json!({"entries": entries, "branches": branches})
    };
    let mut boundaries = vec![0];
    CLUSTERS
        .iter()
        .for_each(|size| boundaries.push(boundaries[boundaries.len() - 1] + size));
    json!({
        "clusters": boundaries,
        "trees": {"Events": tree(&event_batches()), "LuminosityBlocks": tree(&[lumi_batch()])},
    })
}

#[test]
fn uproot_and_root_read_what_was_written() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("written");
    std::fs::create_dir_all(&folder).unwrap();
    for (name, compression) in CODECS {
        write_file(&folder.join(format!("{name}.root")), compression);
    }
    let expected = serde_json::to_vec(&expected()).unwrap();
    std::fs::write(folder.join("expected.json"), expected).unwrap();
    let Some(python) = std::env::var_os("LUMIMILL_PYTHON") else {
        eprintln!("SKIPPED: LUMIMILL_PYTHON names no Python with uproot; deploy/test.sh sets it");
        return;
    };
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/check_written.py");
    let status = std::process::Command::new(python)
        .arg(script)
        .arg(&folder)
        .status()
        .unwrap();
    assert!(
        status.success(),
        "check_written.py found differences in {}",
        folder.display()
    );
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let bytes = [(); 2].map(|()| {
        let path = folder.join("same.root");
        write_file(&path, Compression::Zstd(5));
        std::fs::read(path).unwrap()
    });
    assert!(
        bytes[0] == bytes[1],
        "two writes of the same batches differ"
    );
}

#[test]
fn our_reader_reads_what_was_written() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let schema = events_schema();
    let names: Vec<&str> = schema.fields().iter().map(|f| f.name().as_str()).collect();
    for (name, compression) in CODECS {
        let path = folder.join(format!("own_{name}.root"));
        write_file(&path, compression);
        let file = RootFile::open(&path).unwrap();
        assert_eq!(
            file.tree_names().unwrap(),
            ["Events", "LuminosityBlocks", "Empty"]
        );
        assert_eq!(file.uuid(), *b"a deterministic!");
        let tree = file.tree("Events").unwrap();
        assert_eq!(tree.clusters(), [0, 700, 1400, 1550, 2250, 3150, 3183]);
        let mut reader = tree.reader(&names).unwrap();
        let mut first = 0;
        for written in event_batches() {
            let stop = first + written.num_rows() as u64;
            let read = reader.read(first..stop).unwrap();
            for (column, name) in names.iter().enumerate() {
                let (found, expected) = (read.column(column), written.column(column));
                assert!(
                    found == expected,
                    "{name} in {} from entry {first}",
                    path.display()
                );
            }
            first = stop;
        }
        assert_eq!(file.tree("Empty").unwrap().entries(), 0);
    }
}

#[test]
fn stored_baskets_unpack_to_the_same_bytes_in_every_codec() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let entries: usize = CLUSTERS.iter().sum();
    for (name, compression) in CODECS {
        let path = folder.join(format!("stored_{name}.root"));
        write_file(&path, compression);
        let tree = RootFile::open(&path).unwrap().tree("Events").unwrap();
        let mut baskets = tree
            .stored_baskets(&["flat_float64", "flat_int16"])
            .unwrap();
        assert!(baskets.count() > 2 * CLUSTERS.len(), "{}", baskets.count());
        for _ in 0..2 {
            assert_eq!(baskets.unpack().unwrap(), entries as u64 * 10, "{name}");
        }
        assert!(baskets.stored_bytes() <= entries as u64 * 10, "{name}");
        let unknown = tree.stored_baskets(&["flat_float63"]).unwrap_err();
        assert!(unknown.to_string().contains("flat_float64"), "{unknown}");
    }
}
