//! The coordinator: discovers input, plans shards, drives them to their end, reduces and reports.

pub mod acceptance;
pub mod campaign_file;
#[cfg(feature = "s3")]
pub mod ccdb;
pub mod check;
pub mod cli;
pub mod dead_letter;
pub mod demo;
pub mod discover;
pub mod drive;
pub mod due;
pub mod earlier;
pub mod edited;
pub mod exit_code;
pub mod failures;
pub mod fetch;
#[cfg(test)]
mod hollow_marker;
pub mod inspection;
pub mod jobs;
pub mod ledger;
pub mod live;
#[cfg(test)]
mod meddled_store;
mod model_file;
pub mod orders;
pub mod output;
pub mod outstanding;
pub mod plan;
pub mod problem;
pub mod progress;
pub mod reduce;
pub mod report;
pub mod report_files;
pub mod report_sums;
pub mod resubmit;
pub mod roster;
pub mod runtime_install;
pub mod serve;
pub mod side_by_side;
pub mod soundness;
pub mod status;
pub mod stored;
pub mod submission;
pub mod submit;
pub mod verify;
