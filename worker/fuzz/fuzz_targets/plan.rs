//! Any bytes as a plan: shards no more than its bytes can hold, or an error; never a panic that is
//! not caught, and never memory beyond what a plan of its size takes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lumimill_worker::shard_table::ShardTable;

// What the parquet crate panics on is caught: only what is not ends the target.
fuzz_target!(init: std::panic::set_hook(Box::new(|_| ())), |bytes: &[u8]| {
    if let Ok(table) = ShardTable::from_parquet(bytes.to_vec()) {
        assert!(table.shards.len() <= bytes.len());
        drop(table.stages());
    }
});
