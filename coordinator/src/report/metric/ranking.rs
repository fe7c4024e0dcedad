//! Rankings in the report: pictures, a table with working points, and files of every number.

mod files;
mod frame;
mod plot;
mod roc;
mod table;

pub(super) use files::csv_files;
pub(super) use plot::ranking_plots;
pub(super) use roc::{LOGARITHMIC, curve as roc_curve, diagonal, logarithmic};
pub(super) use table::page;
