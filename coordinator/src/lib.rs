//! The coordinator: discovers input, plans shards, drives them to their end, reduces and reports.

mod acceptance;
pub mod campaign_file;
#[cfg(feature = "s3")]
mod ccdb;
pub mod check;
pub mod cli;
mod dead_letter;
pub mod demo;
mod discover;
mod drive;
pub mod due;
mod earlier;
pub mod edited;
mod examined;
mod exit_code;
mod failures;
mod fetch;
#[cfg(test)]
mod hollow_marker;
mod inspection;
pub mod jobs;
pub mod ledger;
mod live;
#[cfg(test)]
mod meddled_store;
mod model_file;
pub mod orders;
pub mod output;
mod outstanding;
pub mod pack_sizes;
mod packs;
pub mod plan;
mod problem;
mod progress;
mod reduce;
mod report;
pub mod report_files;
mod report_sums;
pub mod resubmit;
pub mod roster;
mod runtime_install;
pub mod serve;
mod side_by_side;
mod soundness;
mod status;
mod stored;
pub mod submission;
pub mod submit;
mod tally;
pub mod verify;
