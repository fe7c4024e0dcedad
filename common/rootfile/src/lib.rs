//! ROOT files into Arrow: by entry range, in bounded memory, without panics.
//!
//! A [`RootFile`] is opened from a path or from any [`ReadAt`]; its [`Tree`]s list their
//! [`Branch`]es; a [`Reader`] of some branches turns any range of entries into a record batch,
//! reading only the baskets or pages that overlap it. A tree is a TTree or an RNTuple; trees of one
//! kind in many directories are read as one, and trees beside them with them. Columns become
//!
//! - primitive or boolean arrays, for one value an entry;
//! - lists without nulls, for `T[nX]` and `std::vector<T>`: the branches that share a counter
//!   share their offsets;
//! - lists of fixed size, for `T[N]`.
//!
//! ```
//! use lumimill_rootfile::RootFile;
//!
//! # fn main() -> Result<(), lumimill_rootfile::Error> {
//! # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/leaves.root");
//! let file = RootFile::open(path)?;
//! let tree = file.tree("T")?;
//! let batch = tree.reader(&["n", "hv"])?.read(0..tree.entries())?;
//! assert_eq!(batch.num_columns(), 2);
//! # Ok(())
//! # }
//! ```
//!
//! Nothing here trusts the bytes: damage gives an [`Error`] that names the file, tree, branch
//! and basket, never a panic, and memory is bounded by what the file really holds.

mod ahead;
mod assembly;
mod branch;
mod branches;
mod checksum;
mod cluster;
mod codec;
mod column;
mod cursor;
mod directory;
mod error;
mod file;
mod file_header;
mod key;
mod layout;
mod limit;
mod listing;
mod nearest;
mod object;
mod packed;
mod primitive;
mod reader;
mod record;
mod recovery;
mod rntuple;
mod single_tree;
mod source;
mod stl;
mod stored_baskets;
mod stored_tree;
mod streamer;
mod tree;
mod tree_name;
mod trees;
mod ttree;
mod wanted;
pub mod write;

pub use branch::Branch;
pub use checksum::{Checksum, checksum, checksum_of};
pub use error::{Error, Place};
pub use file::RootFile;
pub use reader::Reader;
pub use source::{Begun, LocalFile, MemoryFile, ReadAt};
pub use stored_baskets::StoredBaskets;
pub use tree::Tree;
