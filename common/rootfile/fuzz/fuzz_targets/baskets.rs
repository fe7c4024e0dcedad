//! A valid file with some bytes changed: every three bytes of input put one byte somewhere, so
//! that mutations reach the baskets, their keys and the tree's record and not only the header.
#![no_main]

use arrow_array::{ArrayRef, Float32Array, Int32Array, ListArray, RecordBatch, types::Float32Type};
use arrow_schema::{DataType, Field, Schema};
use libfuzzer_sys::fuzz_target;
use lumimill_rootfile::write::{COUNTER, Compression, FileWriter, TreeWriter};
use lumimill_rootfile::{MemoryFile, RootFile};
use std::{io::Cursor, sync::Arc, sync::OnceLock};

/// One file per codec: a flat, a counter and a jagged branch in two clusters.
fn files() -> &'static [Vec<u8>] {
    static FILES: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    FILES.get_or_init(|| {
        use Compression::{Lz4, Lzma, None, Zlib, Zstd};
        [None, Zlib(1), Lzma(1), Lz4(1), Zstd(1)].map(write).into()
    })
}

fn write(compression: Compression) -> Vec<u8> {
    let lists = ListArray::from_iter_primitive::<Float32Type, _, _>(
        (0..40).map(|i| Some((0..i % 4).map(move |j| Some((i * j) as f32)))),
    );
    let item = Arc::new(Field::new("item", DataType::Float32, false));
    let lists = ListArray::new(
        item.clone(),
        lists.offsets().clone(),
        lists.values().clone(),
        None,
    );
    let jagged = Field::new("Muon_pt", DataType::List(item), false)
        .with_metadata([(COUNTER.to_owned(), "nMuon".to_owned())]);
    let flat = Field::new("MET_pt", DataType::Float32, false);
    let counter = Field::new("nMuon", DataType::Int32, false);
    let schema = Arc::new(Schema::new(vec![flat, counter, jagged]));
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Float32Array::from_iter_values((0..40).map(|i| i as f32))),
        Arc::new(Int32Array::from_iter_values((0..40).map(|i| i % 4))),
        Arc::new(lists),
    ];
    let batch = RecordBatch::try_new(schema.clone(), columns).expect("a valid batch");
    let mut file = FileWriter::new(Cursor::new(Vec::new()), "fuzz.root", [1; 16]).expect("memory");
    let tree = TreeWriter::new("Events", schema, compression).expect("a valid schema");
    let mut tree = tree.basket_bytes(64);
    for _ in 0..2 {
        tree.write_cluster(&mut file, &batch).expect("memory");
    }
    tree.finish(&mut file).expect("memory");
    file.finish().expect("memory").into_inner()
}

fuzz_target!(|edits: &[u8]| {
    let Some((choice, edits)) = edits.split_first() else {
        return;
    };
    let files = files();
    let mut bytes = files[usize::from(*choice) % files.len()].clone();
    for edit in edits.chunks_exact(3) {
        let position = usize::from(u16::from_be_bytes([edit[0], edit[1]])) % bytes.len();
        bytes[position] = edit[2];
    }
    let source = Arc::new(MemoryFile::new("fuzz.root", bytes));
    let Ok(file) = RootFile::from_source(source) else {
        return;
    };
    let Ok(tree) = file.tree("Events") else {
        return;
    };
    let entries = tree.entries().min(1_000);
    if let Ok(mut reader) = tree.reader(&["MET_pt", "nMuon", "Muon_pt"]) {
        let _ = reader.read(0..entries);
        let _ = reader.read(entries / 3..entries / 2);
    }
});
