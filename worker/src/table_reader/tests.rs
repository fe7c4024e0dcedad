use std::fs::File;
use std::sync::Arc;

use arrow_array::{ArrayRef, Float32Array, UInt32Array, UInt64Array};
use arrow_schema::{DataType, Field, Schema};
use lumimill_common::campaign::Campaign;
use parquet::arrow::ArrowWriter;

use super::*;
use crate::entry_reader::BATCH_ENTRIES;
use crate::identity::Role;
use crate::prepared_stage::PreparedStage;
use crate::stage_types::{FileSchema, StageTypes};

const TEXT: &str = r#"
name = "c"
output = "o"
[[dataset]]
name = "d"
kind = "mc"
files = ["a.root"]
[[stage]]
name = "a"
rows = { each = "Muon" }
keep = ["run", "luminosityBlock as lumi", "event"]
[[stage]]
name = "b"
from = "a"
keep = ["pt"]
[stage.columns]
twice = "pt * 2"
"#;

/// The stage that reads rows of the other one.
fn stage() -> Arc<PreparedStage> {
    let campaign = Campaign::parse(TEXT).unwrap();
    let none = |_: &str| Err(String::from("no models here"));
    Arc::new(PreparedStage::load(&campaign, 1, &none).unwrap())
}

fn schema() -> Schema {
    let field = |name: &str, data_type| Field::new(name, data_type, false);
    Schema::new(vec![
        Role::Run.given_to(field("run", DataType::UInt32)),
        Role::Lumi.given_to(field("lumi", DataType::UInt32)),
        Role::Event.given_to(field("event", DataType::UInt64)),
        field("pt", DataType::Float32),
    ])
}

/// Rows of events of one to five rows, and of one that is longer than two batches.
fn rows() -> RecordBatch {
    let many = 2 * BATCH_ENTRIES as usize + 7;
    let mut events: Vec<u64> = Vec::new();
    for event in 0..9_000u64 {
        events.extend(std::iter::repeat_n(event, 1 + (event as usize * 7) % 5));
    }
    events.extend(std::iter::repeat_n(9_000, many));
    events.extend([9_001, 9_001]);
    let one = |value| -> ArrayRef { Arc::new(UInt32Array::from_value(value, events.len())) };
    let pt = (0..events.len()).map(|row| row as f32);
    let columns: Vec<ArrayRef> = vec![
        one(1),
        one(2),
        Arc::new(UInt64Array::from(events.clone())),
        Arc::new(Float32Array::from_iter_values(pt)),
    ];
    RecordBatch::try_new(Arc::new(schema()), columns).unwrap()
}

fn written(rows: &RecordBatch) -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("table.parquet");
    let mut writer =
        ArrowWriter::try_new(File::create(&path).unwrap(), rows.schema(), None).unwrap();
    writer.write(rows).unwrap();
    writer.close().unwrap();
    (folder, path)
}

#[test]
fn rows_of_one_event_are_in_one_batch_and_have_a_name() {
    let rows = rows();
    let (_folder, path) = written(&rows);
    let name = "a".parse().unwrap();
    let table = StoredTable::open(&name, &path).unwrap();
    let compiled = stage().compile(table.schema()).unwrap();
    assert!(table.bytes(&compiled.branches(false)) > table.batch_bytes(&compiled.branches(false)));
    let mut reader = TableReader::new(table, "d", &compiled, Vec::new()).unwrap();
    let (mut read, mut last, mut batches) = (0, None, 0);
    while let Some(Counted {
        start,
        left,
        entries,
    }) = reader.next().unwrap()
    {
        assert_eq!(start, read);
        let Entries { batch, events, .. } = entries.unwrap();
        let numbers = batch.column_by_name("event").unwrap();
        let numbers = as_u64("event", numbers).unwrap();
        assert_ne!(
            last,
            numbers.values().first().copied(),
            "an event in two batches"
        );
        last = numbers.values().last().copied();
        let events = events.unwrap();
        let same = numbers.values().windows(2).map(|pair| pair[0] == pair[1]);
        assert!(same.eq(events.windows(2).map(|pair| pair[0] == pair[1])));
        if batches == 0 {
            let expected = "run 1, lumi 2, event 1 (row 3 of stage a)";
            assert_eq!(reader.name(3), expected);
        }
        read += left[0];
        batches += 1;
    }
    assert!(batches > 2);
    assert_eq!(read, rows.num_rows() as u64);
}

#[test]
fn a_table_without_rows_is_one_batch() {
    let (_folder, path) = written(&RecordBatch::new_empty(Arc::new(schema())));
    let name = "a".parse().unwrap();
    let table = StoredTable::open(&name, &path).unwrap();
    let compiled = stage().compile(table.schema()).unwrap();
    let mut reader = TableReader::new(table, "d", &compiled, Vec::new()).unwrap();
    assert_eq!(reader.next().unwrap().unwrap().left, [0]);
    assert!(reader.next().unwrap().is_none());
}

#[test]
fn a_table_that_lacks_a_column_or_has_another_type_is_told() {
    let stage = stage();
    let lacking = schema().project(&[0, 1, 2]).unwrap();
    let problems = stage.compile(&lacking).err().unwrap();
    let said: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(said[0], "stage[1].keep[0]: stage a has no column \"pt\"");
    let files = [FileSchema {
        file: "stage a",
        schema: &schema(),
    }];
    let types = StageTypes::decide(&stage, &files).unwrap();
    let wide = Field::new("pt", DataType::Float64, false);
    let fields = schema()
        .fields()
        .iter()
        .take(3)
        .cloned()
        .collect::<Vec<_>>();
    let fields = fields
        .into_iter()
        .chain([Arc::new(wide)])
        .collect::<Vec<_>>();
    let compiled = stage.compile(&Schema::new(fields)).unwrap();
    let deviation = types.deviation(&compiled).unwrap();
    let expected = "output column 3 differs: pt (Float32) in the plan, pt (Float64) in it";
    assert!(deviation.starts_with(expected), "{deviation}");
}
