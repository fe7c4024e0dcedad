//! The worker: one shard in, one Parquet object, one marker and one report out.
//!
//! The processing core is synchronous and pure: shard, input and models go in, Arrow batches
//! and a metric partial come out. What writes them, and in which order, is `commit`.

pub mod candidate;
pub mod certification;
pub mod commit;
pub mod feature;
pub mod input;
pub mod parquet_output;
pub mod process;
pub mod score;
