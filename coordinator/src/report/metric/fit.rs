//! Mass fits in the report: a picture of each category, a table, and a file of every number.

mod files;
mod overview;
mod plot;
mod table;

pub(super) use files::files;
pub(crate) use files::validity_file;
pub(super) use overview::overviews;
pub(super) use plot::fit_plots;
pub(super) use table::page;
