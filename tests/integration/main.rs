//! Lumimill, used as a user uses it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod acceptance;
mod amqp;
mod bad_input;
mod ccdb;
mod chains;
mod classes;
mod cluster_script;
mod command_lines;
mod cuts;
mod densities;
mod determinism;
mod dielectron;
mod directories;
mod dstar;
mod duplicates;
mod event_level;
mod every_mistake;
mod expressions;
mod far;
mod faults;
mod fits;
mod former_stages;
mod forms;
mod graphs;
mod grouped;
mod hit_files;
mod hostile;
mod importance;
mod input_away;
mod lists;
mod main_job;
mod measured_again;
mod member_metrics;
mod memory;
mod mending;
mod model_inputs;
mod models;
mod ntuple_input;
mod odd_files;
mod one_moment;
mod one_table;
mod operators;
mod parquet_input;
mod permissions;
mod pioneer;
mod pool;
mod rankings;
mod real_files;
mod resubmission;
mod runtime;
mod s3;
mod s3_encrypted;
mod s3_faults;
mod s3_input;
mod second_opinion;
mod servers;
mod site_names;
mod small_files;
mod small_graphs;
mod spellings;
mod stored;
mod sweights;
mod training;
mod warnings;
mod weights;
mod written_again;

use lumimill_tests::Program;

/// The program under test.
fn lumimill() -> Program {
    Program::at(env!("CARGO_BIN_EXE_lumimill-under-test"))
}

/// The worker under test.
fn lumimill_worker() -> Program {
    Program::at(env!("CARGO_BIN_EXE_worker-under-test"))
}
