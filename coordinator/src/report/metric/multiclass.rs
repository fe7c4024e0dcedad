//! Several classes in the report: a table of values, pictures, and a file of every number.

mod plot;
mod roc;
mod table;

pub(super) use plot::multiclass_plots;
pub(super) use roc::roc;
pub(super) use table::{average_row, class_row, csv_files, page};
