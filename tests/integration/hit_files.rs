//! Files of events with hits, written for a test.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow_array::types::ArrowPrimitiveType;
use arrow_array::{Array, ArrayRef, Int32Array, ListArray, RecordBatch};
use arrow_schema::{DataType, Field, Schema};
use lumimill_rootfile::write::{COUNTER, Compression, FileWriter, TreeWriter};

/// A list a row.
pub(crate) fn lists<T: ArrowPrimitiveType>(rows: &[&[T::Native]]) -> ArrayRef {
    let lists = rows.iter().map(|row| Some(row.iter().copied().map(Some)));
    let lists = ListArray::from_iter_primitive::<T, _, _>(lists);
    let item = Arc::new(Field::new("item", T::DATA_TYPE, false));
    let (values, offsets) = (lists.values().clone(), lists.offsets().clone());
    Arc::new(ListArray::new(item, offsets, values, None))
}

/// Writes a tree `Events` of one cluster with these columns, each list with a counter of its own.
pub(crate) fn write(path: &Path, columns: &[(&str, ArrayRef)]) {
    let (mut fields, mut arrays) = (Vec::new(), Vec::new());
    for (name, array) in columns {
        let mut field = Field::new(*name, array.data_type().clone(), false);
        if let DataType::List(_) = array.data_type() {
            let counter = format!("n{name}");
            let lists = array.as_any().downcast_ref::<ListArray>().unwrap();
            let lengths = lists.offsets().lengths().map(|length| length as i32);
            let lengths: ArrayRef = Arc::new(Int32Array::from_iter_values(lengths));
            fields.push(Field::new(&counter, DataType::Int32, false));
            arrays.push(lengths);
            field = field.with_metadata([(COUNTER.to_owned(), counter)]);
        }
        fields.push(field);
        arrays.push(array.clone());
    }
    let schema = Arc::new(Schema::new(fields));
    let batch = RecordBatch::try_new(schema.clone(), arrays).unwrap();
    let name = path.file_name().unwrap().to_str().unwrap();
    let mut uuid = [7; 16];
    uuid.iter_mut()
        .zip(name.bytes())
        .for_each(|(to, byte)| *to = byte);
    let mut file = FileWriter::new(File::create(path).unwrap(), name, uuid).unwrap();
    let mut tree = TreeWriter::new("Events", schema, Compression::Zstd(5)).unwrap();
    tree.write_cluster(&mut file, &batch).unwrap();
    tree.finish(&mut file).unwrap();
    file.finish().unwrap();
}
