//! RNTuples: their anchor, their schema, the lists of their pages, and the columns in these.
//!
//! The format is described in ROOT's repository (`tree/ntuple/doc/BinaryFormatSpecification.md`,
//! version 1). Nothing outside knows of pages; [`crate::tree`], [`crate::branch`] and
//! [`crate::reader`] show the same interface for every way in which ROOT stores columns.

mod anchor;
mod bytes;
mod encoding;
mod ends;
mod envelope;
mod fault;
mod field_list;
mod footer;
mod names;
mod ntuple;
mod page;
mod page_column;
mod page_list;
mod plan;
mod reader;
mod schema;
mod shape;
mod sizes;
mod values;

pub(crate) use ntuple::Ntuple;
pub(crate) use reader::NtupleReader;

/// Whether objects of this class are RNTuples that can be read.
pub(crate) fn is_rntuple_class(class: &str) -> bool {
    class == "ROOT::RNTuple"
}

/// Whether objects of this class are RNTuples of before the format was final.
pub(crate) fn is_early_rntuple_class(class: &str) -> bool {
    class == "ROOT::Experimental::RNTuple"
}
