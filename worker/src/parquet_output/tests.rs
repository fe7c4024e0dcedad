use std::sync::Arc;

use arrow_array::{Array, ArrayRef, Float32Array, ListArray, RecordBatch, cast::AsArray, types};
use arrow_schema::{DataType, Field, Schema};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::ParquetOutput;

/// Rows of the row groups of a table of these batches, and the table as it is read.
fn written(batches: &[RecordBatch]) -> (Vec<i64>, Vec<RecordBatch>) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("table.parquet");
    let schema = batches[0].schema();
    let mut output = ParquetOutput::create(&path, &schema, Vec::new()).expect("an output");
    for batch in batches {
        output.write(batch).expect("rows");
    }
    output.finish().expect("a file");
    let file = std::fs::File::open(&path).expect("the file");
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).expect("a table");
    let groups = reader.metadata().row_groups().iter();
    let groups = groups.map(|group| group.num_rows()).collect();
    let rows = reader.with_batch_size(1 << 20).build().expect("a reader");
    (groups, rows.map(|rows| rows.expect("rows")).collect())
}

fn column(rows: usize, first: usize) -> ArrayRef {
    Arc::new(
        (first..first + rows)
            .map(|it| it as f32)
            .collect::<Float32Array>(),
    )
}

fn schema(columns: usize) -> Arc<Schema> {
    let fields = (0..columns).map(|it| Field::new(format!("x{it}"), DataType::Float32, false));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

#[test]
fn row_groups_of_a_wide_table_end_by_their_bytes() {
    let schema = schema(300);
    let batch = |number: usize| {
        let columns = (0..300).map(|it| column(4_096, 1_000 * it + 4_096 * number));
        RecordBatch::try_new(schema.clone(), columns.collect()).expect("a batch")
    };
    let batches: Vec<RecordBatch> = (0..10).map(batch).collect();
    let (groups, rows) = written(&batches);
    assert_eq!(groups, [7 * 4_096, 3 * 4_096]);
    let read = arrow_select::concat::concat_batches(&schema, &rows).expect("one");
    let given = arrow_select::concat::concat_batches(&schema, &batches).expect("one");
    assert_eq!(read, given);
}

#[test]
fn row_groups_of_a_narrow_table_end_by_their_rows() {
    let batch = RecordBatch::try_new(schema(1), vec![column(200_000, 0)]).expect("a batch");
    let (groups, _) = written(&[batch.clone(), batch.slice(0, 0), batch]);
    assert_eq!(groups, [200_000, 200_000]);
}

#[test]
fn lists_of_several_batches_are_one_column() {
    let lists = |first: f32| {
        let rows = [Some(vec![Some(first), None]), Some(vec![]), None];
        ListArray::from_iter_primitive::<types::Float32Type, _, _>(rows)
    };
    let field = Field::new("list", lists(0.0).data_type().clone(), true);
    let schema = Arc::new(Schema::new(vec![field]));
    let batch = |first| {
        RecordBatch::try_new(schema.clone(), vec![Arc::new(lists(first))]).expect("a batch")
    };
    let (groups, rows) = written(&[batch(1.0), batch(2.0)]);
    assert_eq!(groups, [6]);
    let read = rows[0].column(0).as_list::<i32>();
    let flat: Vec<_> = read
        .values()
        .as_primitive::<types::Float32Type>()
        .iter()
        .collect();
    assert_eq!(flat, [Some(1.0), None, Some(2.0), None]);
    assert_eq!(read.null_count(), 2);
}
