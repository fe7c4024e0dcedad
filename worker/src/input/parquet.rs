//! Parquet files as input: one table a file, its columns as those of a tree.
//!
//! Columns of numbers, booleans and texts, lists of them, and what is in structs: `Muon: list<struct<pt>>`
//! is the list `Muon_pt`, and its length `nMuon`. A missing float is NaN; any other value that is missing,
//! and a list that is, has no number to stand for it, and is an error that names column and entry.
//!
//! Nothing here trusts the bytes: sizes are held against what is stored before anything is unpacked, and
//! where the decoder breaks off, that is an error of the file.

mod chunk;
mod column;
mod columns;
mod fault;
mod file;
mod pages;
mod place;
mod reader;
mod row_group;
mod schema_depth;
mod table;
mod values;

pub use column::ParquetColumn;
pub use fault::ParquetFault;
pub use file::ParquetFile;
pub use reader::ParquetReader;
pub use table::ParquetTable;

#[cfg(test)]
mod tests;
