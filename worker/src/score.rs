//! Scoring: ONNX models over columns.
//!
//! What scores rows is an [`Evaluator`], whatever it is made of, and a [`Choice`] says which of
//! several scores a row. A graph that is a tree ensemble, with the operators that exporters put
//! around one, is compiled when it is loaded and evaluated natively; its scores agree with ONNX
//! Runtime's. Any other graph is evaluated by ONNX Runtime where its library is, else by the embedded
//! engine, as far as that can. Knows nothing of files: bytes and columns in, columns out.

mod bins;
mod choice;
#[cfg(any(feature = "embedded", feature = "runtime"))]
mod columns;
mod description;
mod elements;
#[cfg(feature = "embedded")]
mod embedded;
mod engine;
mod error;
mod evaluator;
mod features;
mod fold;
mod graph;
mod interleaved;
#[cfg(any(feature = "embedded", feature = "runtime"))]
mod made_up;
mod metadata;
mod model;
mod native;
pub(crate) mod onnx;
mod program;
#[cfg(feature = "runtime")]
mod runtime;
pub(crate) mod signature;
pub(crate) mod tensor_engine;
#[cfg(any(feature = "embedded", feature = "runtime"))]
mod tensor_values;
pub(crate) mod tensors;
#[cfg(any(feature = "embedded", feature = "runtime"))]
mod time_limit;
mod trees;

pub use bins::Bins;
pub use choice::Choice;
pub use description::{Description, Speed, Value};
pub use elements::Elements;
pub(crate) use elements::load_elements;
pub(crate) use engine::give_back_memory;
#[cfg(feature = "runtime")]
pub use engine::rewritten;
pub use engine::{embedded_name, keep_runtime_within, load, missing, runtime_here};
pub use error::{ModelError, Problem};
pub use evaluator::{Evaluator, Gathering};
pub use features::{Features, GatherError};
pub(crate) use features::{doubles, is_nan};
pub use fold::FOLD;
pub(crate) use fold::fold_column;
pub use model::Model;
pub(crate) use model::sha256;
pub use onnx::with_external_data;
pub use signature::Wrong;
