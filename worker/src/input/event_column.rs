//! A column of an input file, of whatever kind.

use arrow_schema::DataType;
use lumimill_rootfile::Branch;

use super::parquet::ParquetColumn;

/// Whether texts are in values of a type.
pub(super) fn is_of_texts(data_type: &DataType) -> bool {
    match data_type {
        DataType::List(item) => is_of_texts(item.data_type()),
        other => *other == DataType::Utf8,
    }
}

/// A column: its name, types, codec and sizes.
#[derive(Debug, Clone, Copy)]
pub enum EventColumn<'a> {
    /// A branch of a tree.
    Branch(&'a Branch),
    /// A column of a Parquet file.
    Parquet(&'a ParquetColumn),
}

impl<'a> EventColumn<'a> {
    /// The name; of a sub-branch with those above it, `event/track.pt`.
    #[must_use]
    pub fn name(self) -> &'a str {
        match self {
            Self::Branch(branch) => branch.name(),
            Self::Parquet(column) => column.name(),
        }
    }

    /// The type as the file has it: C++'s of a branch, `list<float32>` of a Parquet file.
    #[must_use]
    pub fn type_name(self) -> &'a str {
        match self {
            Self::Branch(branch) => branch.type_name(),
            Self::Parquet(column) => column.type_name(),
        }
    }

    /// The Arrow type of what is read, or why it is not decoded.
    ///
    /// # Errors
    /// The reason, as a phrase.
    pub fn data_type(self) -> Result<&'a DataType, &'a str> {
        match self {
            Self::Branch(branch) => branch.data_type(),
            Self::Parquet(column) => column.data_type(),
        }
    }

    /// Whether its values are texts, or lists of them: files may have few bytes of many.
    #[must_use]
    pub fn is_of_texts(self) -> bool {
        self.data_type().is_ok_and(is_of_texts)
    }

    /// The codec, of a branch with its level: `ZLIB 1`.
    #[must_use]
    pub fn compression(self) -> String {
        match self {
            Self::Branch(branch) => branch.compression(),
            Self::Parquet(column) => column.compression().to_owned(),
        }
    }

    /// Bytes in the file.
    #[must_use]
    pub fn compressed_bytes(self) -> u64 {
        match self {
            Self::Branch(branch) => branch.compressed_bytes(),
            Self::Parquet(column) => column.compressed_bytes(),
        }
    }

    /// Bytes when unpacked.
    #[must_use]
    pub fn uncompressed_bytes(self) -> u64 {
        match self {
            Self::Branch(branch) => branch.uncompressed_bytes(),
            Self::Parquet(column) => column.uncompressed_bytes(),
        }
    }

    /// The branch that says how many values each entry has, when another one does.
    #[must_use]
    pub fn counter(self) -> Option<&'a str> {
        match self {
            Self::Branch(branch) => branch.counter(),
            Self::Parquet(_) => None,
        }
    }

    /// The entry from which on it has values, where it was added to a tree that had entries before.
    #[must_use]
    pub fn added_at(self) -> Option<u64> {
        match self {
            Self::Branch(branch) => branch.added_at(),
            Self::Parquet(_) => None,
        }
    }

    /// The number of baskets or pages that it is unpacked by.
    #[must_use]
    pub fn baskets(self) -> usize {
        match self {
            Self::Branch(branch) => branch.baskets(),
            Self::Parquet(column) => column.pages(),
        }
    }
}
