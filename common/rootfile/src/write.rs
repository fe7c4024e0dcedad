//! A minimal writer of TTree files: what the demo and the tests need, and no more.
//!
//! It writes flat branches, fixed arrays (`fix[4]`) and counter-based jagged branches
//! (`Muon_pt[nMuon]`) of every primitive type, from Arrow record batches. Each batch becomes
//! one cluster, cut into baskets of a bounded size; a file holds any number of trees, also in
//! directories. ROOT, uproot and this crate's own reader read the result. It knows nothing of
//! strings or of updating a file, and it stops with an error before 2 GB, where the 64-bit forms
//! of keys and headers would begin.
//!
//! The bytes depend only on what is passed in: the UUID comes from the caller, and every date
//! in the file is the same constant.
//!
//! ```
//! # use std::{io::Cursor, sync::Arc};
//! # use arrow_array::{RecordBatch, UInt32Array};
//! # use arrow_schema::{DataType, Field, Schema};
//! use lumimill_rootfile::write::{Compression, FileWriter, TreeWriter};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let schema = Arc::new(Schema::new(vec![Field::new("run", DataType::UInt32, false)]));
//! let batch = RecordBatch::try_new(schema.clone(), vec![Arc::new(UInt32Array::from(vec![1, 2]))])?;
//! let mut file = FileWriter::new(Cursor::new(Vec::new()), "small.root", [7; 16])?;
//! let mut tree = TreeWriter::new("Events", schema, Compression::Zstd(5))?;
//! tree.write_cluster(&mut file, &batch)?;
//! tree.finish(&mut file)?;
//! let bytes = file.finish()?.into_inner();
//! assert!(bytes.starts_with(b"root"));
//! # Ok(())
//! # }
//! ```

mod branch;
mod buffer;
mod cluster;
mod column;
mod compression;
mod directory;
mod error;
mod file;
mod key;
mod leaf;
mod streamer_info;
mod subdirectories;
mod tree;

pub use column::COUNTER;
pub use compression::Compression;
pub use error::WriteError;
pub use file::FileWriter;
pub use tree::TreeWriter;

#[cfg(test)]
mod tests;
