//! Efficiencies of weighted entries, and files of corrections.
//!
//! An [`Efficiency`] is a quotient of sums of weights with its error. A [`CorrectionFile`] is what
//! correctionlib reads and writes, JSON of schema version 2: each [`Correction`] in it maps inputs
//! to a number by binnings, categories, formulas and transformed inputs. Files are evaluated here as
//! correctionlib evaluates them, and [`Table`] writes binned numbers with named variations as such a
//! file.
//!
//! The crate knows nothing of campaigns, columns or stores: it takes text and numbers. Begin with
//! [`CorrectionFile::parse`] to evaluate, with [`Table`] to write, with [`Efficiency::new`] for a
//! number and its error.

mod bins;
mod correction;
mod efficiency;
mod error;
mod file;
mod formula;
mod input;
mod list;
mod node;
mod ratio;
mod table;

pub use correction::Correction;
pub use efficiency::Efficiency;
pub use error::{EvaluateError, FileError};
pub use file::CorrectionFile;
pub use input::{Categories, Input, InputKind, InputVariable};
pub use ratio::Uncertain;
pub use table::{Axis, NoTable, Table};
