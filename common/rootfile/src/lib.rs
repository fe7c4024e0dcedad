//! ROOT files into Arrow: by entry range, in bounded memory, without panics.
//!
//! A [`RootFile`] is opened from a path or from any [`ReadAt`]; its [`Tree`]s list their
//! [`Branch`]es; a [`Reader`] of some branches turns any range of entries into a record batch,
//! reading only the baskets that overlap it. Columns become
//!
//! - primitive or boolean arrays, for one value an entry;
//! - lists without nulls, for `T[nX]` and `std::vector<T>`: the branches that share a counter
//!   share their offsets;
//! - lists of fixed size, for `T[N]`.
//!
//! Nothing here trusts the bytes: damage gives an [`Error`] that names the file, tree, branch
//! and basket, never a panic, and memory is bounded by what the file really holds.

mod branch;
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
mod recovery;
mod source;
mod stl;
mod streamer;
mod tree;
mod ttree;
pub mod write;

pub use branch::Branch;
pub use checksum::{Checksum, checksum};
pub use error::{Error, Place};
pub use file::RootFile;
pub use reader::Reader;
pub use source::{LocalFile, MemoryFile, ReadAt};
pub use tree::Tree;
