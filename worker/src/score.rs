//! Scoring: ONNX models over gathered features.
//!
//! A graph that is a tree ensemble, with the operators that exporters put around one, is compiled
//! when it is loaded and evaluated natively, without ONNX Runtime; scores agree with ONNX
//! Runtime's. Any other graph is refused with an error that says so. Knows nothing of campaigns,
//! columns or files: bytes and numbers in, scores out.

mod error;
mod features;
mod graph;
mod metadata;
mod model;
mod onnx;
mod program;
mod trees;

pub use error::{ModelError, Problem};
pub use features::{Features, GatherError};
pub use model::Model;
