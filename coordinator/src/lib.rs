//! The coordinator: discovers input, plans shards, drives stages, reduces and reports.

pub mod cli;
pub mod demo;
pub mod discover;
pub mod ledger;
pub mod plan;
pub mod reduce;
pub mod report;
