//! The worker: one shard in, one Parquet object, one marker and one report out.
//!
//! The processing core is synchronous and pure: shard, input and models go in, Arrow batches
//! and a metric partial come out. `commit` writes them in the order that makes a kill harmless;
//! [`slots`] take jobs from a queue, `slot` settles each one once.

pub mod attempt;
pub mod back_off;
mod batch_bytes;
pub mod beside;
#[cfg(feature = "program")]
mod byte_size;
mod campaigns;
pub mod caught;
mod certification;
mod commit;
pub mod commit_point;
mod compact;
mod compilation;
pub mod compiled_stage;
mod corrected;
pub mod counters;
pub mod cpu_time;
mod dataset_column;
mod derived;
mod drawn;
mod entry_reader;
mod estimated;
mod event_name;
mod facts;
mod fatigue;
mod feature;
mod fit;
mod fold_column;
mod given;
pub mod given_back;
mod graph;
mod group_reader;
pub mod grouped;
#[cfg(feature = "program")]
pub mod health;
mod identity;
mod in_force;
pub mod input;
pub mod late_columns;
pub mod layout;
pub mod left_out;
#[cfg(feature = "program")]
pub mod log;
pub mod measure;
pub mod measured;
mod memory;
pub mod model_files;
pub mod off_thread;
mod page_header;
mod parent_table;
pub mod parquet_output;
mod planned_stage;
pub mod prepared_stage;
pub mod process;
pub mod production;
#[cfg(feature = "program")]
pub mod program;
mod progress;
mod ready;
mod resident;
mod resolved_stage;
pub mod runtime_library;
pub mod score;
mod seat;
pub mod shard_table;
mod side_by_side;
mod slot;
pub mod slots;
pub mod stage_model;
pub mod stage_types;
mod store_failure;
pub mod stored_campaigns;
mod stored_table;
mod stretches;
#[cfg(feature = "program")]
mod supervisor;
mod table_reader;
mod told_apart;
mod tree_reader;
pub mod unfinished;
pub mod unit;
mod weights;
mod whole_events;
mod wholes;
mod work;
