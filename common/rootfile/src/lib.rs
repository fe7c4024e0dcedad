//! ROOT files into Arrow.

pub mod write;
