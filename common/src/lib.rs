//! What Lumimill's coordinator and worker share, and what crosses the wire between them.
//!
//! A campaign file becomes a [`campaign::Campaign`] that cannot be wrong; its input becomes
//! shards; masks say which lumi sections are certified; expressions are checked against a
//! schema and evaluated over Arrow columns; metric partials merge in shard order. The two
//! ports, [`queue`] and [`store`], are all that the rest knows of brokers and object stores.

pub mod bdt_config;
pub mod campaign;
pub mod control;
pub mod count;
pub mod entry_set;
pub mod event_id;
pub mod expression;
pub mod failed_record;
pub mod failure;
pub mod field_hash;
pub mod form;
pub mod hex;
pub mod job;
pub mod lumi_mask;
pub mod marker;
pub mod metric;
mod ordered_json;
pub mod own_length;
pub mod printable;
pub mod queue;
pub mod retry_policy;
pub mod run_range;
mod section;
pub mod shard;
#[cfg(any(feature = "amqp", feature = "s3"))]
mod silence;
pub mod site;
pub mod small_file;
pub mod spelling;
pub mod stage_keys;
pub mod store;
pub mod suggest;
pub mod unread;
pub mod userinfo;
pub mod wildcard;
pub mod wire;
