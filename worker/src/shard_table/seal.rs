//! What stands in a plan, as one hash beside it: a plan that somebody changed by hand, a row of it or
//! what its metadata says, is told from the one that was written.

use arrow_array::cast::AsArray;
use arrow_array::types::UInt64Type;
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::DataType;
use blake3::Hasher;

use super::columns;
use super::error::ShardTableError;

/// Key of the seal in the metadata of the plan.
pub const SEAL: &str = "lumimill.seal";

/// The hash of all rows, in their order, and of all values of the metadata: each with its length
/// before it, so that nothing moves from one into the next.
#[derive(Debug)]
pub struct Seal {
    hasher: Hasher,
    /// What was not hashed yet.
    bytes: Vec<u8>,
}

impl Seal {
    /// The seal of a plan that says this in its metadata, by keys.
    pub fn of<'a>(metadata: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        let mut seal = Self {
            hasher: Hasher::new_derive_key("lumimill plan.parquet 2026-11-26"),
            bytes: Vec::new(),
        };
        let ours = metadata.filter(|(key, _)| key.starts_with("lumimill.") && *key != SEAL);
        let mut said: Vec<_> = ours.collect();
        said.sort_unstable();
        seal.bytes.extend((said.len() as u64).to_le_bytes());
        for (key, value) in said {
            seal.take(key.as_bytes());
            seal.take(value.as_bytes());
        }
        seal
    }

    /// Takes the next rows. What is hashed does not depend on how rows come in batches.
    ///
    /// # Errors
    /// When a column is missing, or of a type that no plan has.
    pub fn rows(&mut self, batch: &RecordBatch) -> Result<(), ShardTableError> {
        let schema = columns::schema();
        let columns = schema.fields().iter().map(|field| {
            let column = batch.column_by_name(field.name());
            column.and_then(Cells::of).ok_or(ShardTableError::Damaged)
        });
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        for row in 0..batch.num_rows() {
            for column in &columns {
                let cell = column.at(row);
                self.bytes.push(cell.is_some().into());
                match cell {
                    Some(Cell::Bytes(bytes)) => self.take(bytes),
                    Some(Cell::Number(number)) => self.bytes.extend(number.to_le_bytes()),
                    None => {}
                }
            }
            self.hash_from(1 << 16);
        }
        Ok(())
    }

    /// The seal, in hexadecimal digits.
    #[must_use]
    pub fn digits(mut self) -> String {
        self.hash_from(0);
        self.hasher.finalize().to_hex().to_string()
    }

    fn take(&mut self, bytes: &[u8]) {
        self.bytes.extend((bytes.len() as u64).to_le_bytes());
        self.bytes.extend_from_slice(bytes);
    }

    fn hash_from(&mut self, length: usize) {
        if self.bytes.len() >= length {
            let _ = self.hasher.update(&self.bytes);
            self.bytes.clear();
        }
    }
}

enum Cells<'a> {
    Texts(&'a arrow_array::StringArray),
    Views(&'a arrow_array::StringViewArray),
    Bytes(&'a arrow_array::BinaryArray),
    Numbers(&'a arrow_array::UInt64Array),
    Flags(&'a arrow_array::BooleanArray),
}

enum Cell<'a> {
    Bytes(&'a [u8]),
    Number(u64),
}

impl<'a> Cells<'a> {
    fn of(array: &'a ArrayRef) -> Option<Self> {
        Some(match array.data_type() {
            DataType::Utf8 => Self::Texts(array.as_string_opt()?),
            DataType::Utf8View => Self::Views(array.as_string_view_opt()?),
            DataType::Binary => Self::Bytes(array.as_binary_opt()?),
            DataType::UInt64 => Self::Numbers(array.as_primitive_opt::<UInt64Type>()?),
            DataType::Boolean => Self::Flags(array.as_boolean_opt()?),
            _ => return None,
        })
    }

    fn at(&self, row: usize) -> Option<Cell<'a>> {
        let is_null = match self {
            Self::Texts(array) => array.is_null(row),
            Self::Views(array) => array.is_null(row),
            Self::Bytes(array) => array.is_null(row),
            Self::Numbers(array) => array.is_null(row),
            Self::Flags(array) => array.is_null(row),
        };
        (!is_null).then(|| match self {
            Self::Texts(array) => Cell::Bytes(array.value(row).as_bytes()),
            Self::Views(array) => Cell::Bytes(array.value(row).as_bytes()),
            Self::Bytes(array) => Cell::Bytes(array.value(row)),
            Self::Numbers(array) => Cell::Number(array.value(row)),
            Self::Flags(array) => Cell::Number(array.value(row).into()),
        })
    }
}
