//! Estimates of numbers in the report: a table of values, pictures, and a file of every number.

mod plot;
mod table;

pub(super) use plot::regression_plots;
pub(super) use table::{csv_files, page};
