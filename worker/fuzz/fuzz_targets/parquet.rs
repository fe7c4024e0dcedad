//! A Parquet file of another program with some bytes changed: footer, headers of pages, pages.
#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use lumimill_rootfile::MemoryFile;
use lumimill_worker::input::{ParquetFile, ParquetTable};

/// Numbers, lists and a list of structs, as pyarrow writes them: packed, and not.
const FILES: [&[u8]; 2] = [
    include_bytes!("../../tests/data/parquet/packed.parquet"),
    include_bytes!("../../tests/data/parquet/unpacked.parquet"),
];

fuzz_target!(|edits: &[u8]| {
    let Some((choice, edits)) = edits.split_first() else {
        return;
    };
    let mut bytes = FILES[usize::from(*choice) % FILES.len()].to_vec();
    for edit in edits.chunks_exact(3) {
        let position = usize::from(u16::from_be_bytes([edit[0], edit[1]])) % bytes.len();
        bytes[position] = edit[2];
    }
    let source = Arc::new(MemoryFile::new("fuzz.parquet", bytes));
    let Ok(table) =
        ParquetFile::from_source(source).and_then(|file| ParquetTable::of(&file, "Events"))
    else {
        return;
    };
    let _ = table.clusters();
    let entries = table.entries().min(1_000);
    for column in table.columns() {
        let Ok(mut reader) = table.reader(&[column.name()]) else {
            continue;
        };
        let _ = reader.read(entries / 3..entries / 2);
        let _ = reader.read(0..entries);
    }
});
