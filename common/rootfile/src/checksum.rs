//! Checksums of a branch's values, to compare what two readers made of a file.

use std::ops::Range;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_buffer::{ArrowNativeType, OffsetBuffer, ToByteSlice};
use arrow_schema::{DataType, Schema};
use crc32fast::Hasher;

use crate::error::Error;
use crate::tree::Tree;

/// Decompressed bytes of a branch that are held at once, about.
const BYTES_AT_ONCE: u64 = 8 << 20;

/// What [`checksum`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checksum {
    /// The number of innermost values: of `T[N]` all of them, of strings their bytes.
    pub count: u64,
    /// The CRC-32 of the innermost values as little-endian bytes; a boolean is one byte.
    pub crc32: u32,
    /// For lists and strings, the CRC-32 of the number of items (of a string, bytes) of each
    /// entry, as little-endian `i64`; none where that number does not vary.
    pub counts_crc32: Option<u32>,
}

/// Reads a whole branch and computes its checksums, a bounded part at a time.
///
/// # Errors
/// As for [`Tree::reader`] and [`crate::Reader::read`].
pub fn checksum(tree: &Tree, branch: &str) -> Result<Checksum, Error> {
    let mut reader = tree.reader(&[branch])?;
    let bytes = tree
        .branch(branch)
        .map_or(0, |branch| branch.uncompressed_bytes());
    checksum_of(&reader.schema(), (tree.entries(), bytes), |entries| {
        reader.read(entries)
    })
}

/// Computes the checksums of a column with this schema, a bounded part at a time, from what `read`
/// gives of it; it has so many entries, and bytes.
///
/// # Errors
/// Those of `read`.
pub fn checksum_of<E>(
    schema: &Schema,
    (entries, bytes): (u64, u64),
    mut read: impl FnMut(Range<u64>) -> Result<RecordBatch, E>,
) -> Result<Checksum, E> {
    let step = (entries.saturating_mul(BYTES_AT_ONCE) / bytes.max(1)).clamp(1, 1 << 20);
    let varies = schema
        .fields()
        .first()
        .is_some_and(|field| matches!(field.data_type(), DataType::List(_) | DataType::Utf8));
    let (mut values, mut counts, mut count) = (Hasher::new(), Hasher::new(), 0);
    let mut start = 0;
    while start < entries {
        let end = entries.min(start.saturating_add(step));
        let batch = read(start..end)?;
        for column in batch.columns() {
            hash_counts(column, &mut counts);
            count += hash_values(column, &mut values);
        }
        start = end;
    }
    let counts_crc32 = varies.then(|| counts.finalize());
    Ok(Checksum {
        count,
        crc32: values.finalize(),
        counts_crc32,
    })
}

fn hash_counts(array: &ArrayRef, hasher: &mut Hasher) {
    if let Some(list) = array.as_list_opt::<i32>() {
        hash_lengths(list.offsets(), hasher);
    } else if let Some(text) = array.as_string_opt::<i32>() {
        hash_lengths(text.offsets(), hasher);
    }
}

fn hash_lengths(offsets: &OffsetBuffer<i32>, hasher: &mut Hasher) {
    let lengths: Vec<u8> = offsets
        .lengths()
        .flat_map(|length| (length as i64).to_le_bytes())
        .collect();
    hasher.update(&lengths);
}

/// Feeds the innermost values and gives their number.
fn hash_values(array: &ArrayRef, hasher: &mut Hasher) -> u64 {
    match array.data_type() {
        DataType::Boolean => {
            let bytes: Vec<u8> = array.as_boolean().values().iter().map(u8::from).collect();
            hasher.update(&bytes);
            bytes.len() as u64
        }
        DataType::Int8 => hash_numbers::<Int8Type>(array, hasher),
        DataType::UInt8 => hash_numbers::<UInt8Type>(array, hasher),
        DataType::Int16 => hash_numbers::<Int16Type>(array, hasher),
        DataType::UInt16 => hash_numbers::<UInt16Type>(array, hasher),
        DataType::Int32 => hash_numbers::<Int32Type>(array, hasher),
        DataType::UInt32 => hash_numbers::<UInt32Type>(array, hasher),
        DataType::Int64 => hash_numbers::<Int64Type>(array, hasher),
        DataType::UInt64 => hash_numbers::<UInt64Type>(array, hasher),
        DataType::Float32 => hash_numbers::<Float32Type>(array, hasher),
        DataType::Float64 => hash_numbers::<Float64Type>(array, hasher),
        DataType::Utf8 => {
            let text = array.as_string::<i32>().values();
            hasher.update(text);
            text.len() as u64
        }
        DataType::List(_) => hash_values(array.as_list::<i32>().values(), hasher),
        DataType::FixedSizeList(..) => hash_values(array.as_fixed_size_list().values(), hasher),
        _ => 0,
    }
}

/// Feeds numbers in little-endian form, whatever the machine's own is.
fn hash_numbers<T: ArrowPrimitiveType>(array: &ArrayRef, hasher: &mut Hasher) -> u64 {
    let values = array.as_primitive::<T>().values();
    let bytes = values.to_byte_slice();
    if cfg!(target_endian = "little") {
        hasher.update(bytes);
    } else {
        let width = T::Native::get_byte_width();
        let swapped: Vec<u8> = bytes
            .chunks_exact(width)
            .flat_map(|value| value.iter().rev().copied())
            .collect();
        hasher.update(&swapped);
    }
    values.len() as u64
}
