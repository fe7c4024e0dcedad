//! A branch: one column of a tree, as its users see it.

use std::sync::Arc;

use arrow_schema::DataType;

use crate::layout::Layout;

/// A column of a tree: its name, types, codec and sizes.
#[derive(Debug, Clone)]
pub struct Branch {
    pub(crate) name: Arc<str>,
    pub(crate) title: Arc<str>,
    pub(crate) type_name: String,
    pub(crate) counter: Option<Arc<str>>,
    pub(crate) column: Result<Column, String>,
    pub(crate) compression: i32,
    pub(crate) compressed_bytes: u64,
    pub(crate) uncompressed_bytes: u64,
    pub(crate) baskets: usize,
    /// The entry from which on it is there, where it was added to a tree that had entries.
    pub(crate) added_at: Option<u64>,
    /// The index of the branch in the tree's record; of a field of an RNTuple, of its shape.
    pub(crate) record: usize,
}

/// How the branch is decoded, and into what.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    /// How baskets are decoded, where it is of a TTree.
    pub(crate) layout: Option<Layout>,
    pub(crate) data_type: DataType,
    /// The index, in the tree's record, of the branch that counts the values.
    pub(crate) counter: Option<usize>,
}

impl Branch {
    /// The name; of a sub-branch with those above it, `event/track.pt`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The title that the writer gave it.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// The C++ type, with the counter or the length of arrays: `float[nMuon]`, `int32_t[4]`.
    pub fn type_name(&self) -> &str {
        &self.type_name
    }

    /// The Arrow type of the column, or why this reader does not decode it.
    ///
    /// # Errors
    /// The reason, as a phrase.
    pub fn data_type(&self) -> Result<&DataType, &str> {
        match &self.column {
            Ok(column) => Ok(&column.data_type),
            Err(reason) => Err(reason),
        }
    }

    /// The codec and its level, `ZLIB 1`, or `none`.
    pub fn compression(&self) -> String {
        compression_name(self.compression)
    }

    /// Bytes of its baskets in the file.
    pub fn compressed_bytes(&self) -> u64 {
        self.compressed_bytes
    }

    /// Bytes of its baskets when decompressed.
    pub fn uncompressed_bytes(&self) -> u64 {
        self.uncompressed_bytes
    }

    /// The branch that says how many values each entry has, when another one does.
    pub fn counter(&self) -> Option<&str> {
        self.counter.as_deref()
    }

    /// The entry from which on it has values, where it was added to a tree that had entries before: in
    /// those, numbers are zero and lists are empty. Only RNTuples have such.
    pub fn added_at(&self) -> Option<u64> {
        self.added_at
    }

    /// The number of its baskets.
    pub fn baskets(&self) -> usize {
        self.baskets
    }
}

/// The name and level of ROOT's compression setting: `100 * algorithm + level`.
fn compression_name(setting: i32) -> String {
    let level = setting % 100;
    let algorithm = match setting / 100 {
        _ if level <= 0 => return "none".to_owned(),
        0 | 1 => "ZLIB",
        2 => "LZMA",
        3 => "old deflate",
        4 => "LZ4",
        5 => "ZSTD",
        _ => "unknown",
    };
    format!("{algorithm} {level}")
}
