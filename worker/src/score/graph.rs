//! From an ONNX graph to a program: which columns the trees read, and what is done to their
//! scores on the way to the graph's output.
//!
//! Only the nodes that the scores depend on are looked at; labels, and what is computed from
//! them, are left out. Knows no batches: see [`super::program`].

mod compile;
mod compiler;
mod constant;
mod operator;
mod ports;

pub(super) use compile::{Compiled, compile};
#[cfg(any(feature = "embedded", feature = "runtime"))]
pub(super) use ports::score_output;
