//! A column of a Parquet file, as its users see it.

use arrow_schema::DataType;

/// A column: where its values are, what they become, and their sizes.
#[derive(Debug, Clone)]
pub struct ParquetColumn {
    pub(super) name: String,
    pub(super) type_name: String,
    /// The leaf of the file's schema that has the values.
    pub(super) leaf: usize,
    /// How they are found in what is decoded of it.
    pub(super) steps: Vec<Step>,
    pub(super) data_type: Result<DataType, String>,
    pub(super) compression: String,
    pub(super) compressed_bytes: u64,
    pub(super) uncompressed_bytes: u64,
    pub(super) pages: usize,
}

/// A step from the top of what is decoded towards the values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// To a member of a struct.
    Member(String),
    /// Into a list.
    Items,
    /// To the lengths of the list, which are the values.
    Length,
}

impl ParquetColumn {
    /// The name; of what is in structs with theirs, `Muon_pt`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The type in the file, as Arrow writes it.
    #[must_use]
    pub fn type_name(&self) -> &str {
        &self.type_name
    }

    /// The Arrow type of what is read, or why it is not.
    ///
    /// # Errors
    /// The reason, as a phrase.
    pub fn data_type(&self) -> Result<&DataType, &str> {
        self.data_type.as_ref().map_err(String::as_str)
    }

    /// The codec.
    #[must_use]
    pub fn compression(&self) -> &str {
        &self.compression
    }

    /// Bytes in the file.
    #[must_use]
    pub fn compressed_bytes(&self) -> u64 {
        self.compressed_bytes
    }

    /// Bytes of its pages when unpacked.
    #[must_use]
    pub fn uncompressed_bytes(&self) -> u64 {
        self.uncompressed_bytes
    }

    /// About how many pages it has.
    #[must_use]
    pub fn pages(&self) -> usize {
        self.pages
    }
}
