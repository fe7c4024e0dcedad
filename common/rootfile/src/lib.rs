//! ROOT files into Arrow.
