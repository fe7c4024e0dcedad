//! The worker: one shard in, one Parquet object, one marker and one report out.
//!
//! The processing core is synchronous and pure: shard, input and models go in, Arrow batches
//! and a metric partial come out. [`commit`] writes them in the order that makes a kill harmless;
//! [`slot`] takes jobs from a queue and settles each one once.

pub mod candidate;
pub mod certification;
pub mod commit;
pub mod feature;
pub mod input;
pub mod parquet_output;
pub mod prepared_stage;
pub mod process;
pub mod production;
pub mod score;
mod shard_reader;
pub mod slot;
pub mod stage_model;
pub mod unit;
