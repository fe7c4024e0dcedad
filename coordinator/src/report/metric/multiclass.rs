//! Several classes in the report: a table of values, pictures, and a file of every number.

mod plot;
mod table;

pub(super) use plot::multiclass_plots;
pub(super) use table::{csv_files, page};
