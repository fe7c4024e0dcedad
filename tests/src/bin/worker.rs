//! The `lumimill-worker` program, built beside the tests that run it, with witnesses that can slow
//! it down or kill it at a point of their choice.

use std::process::ExitCode;
use std::sync::Arc;

use lumimill_common::shard::Shard;
use lumimill_tests::{deadly_witness, slow_witness};
use lumimill_worker::commit_point::{CommitPoint, Witness};

fn main() -> ExitCode {
    let witnesses: Vec<Witness> = slow_witness().into_iter().chain(deadly_witness()).collect();
    let all = move |point: CommitPoint, shard: &Shard| {
        for witness in &witnesses {
            witness(point, shard);
        }
    };
    lumimill_worker::program::main(Some(Arc::new(all)))
}
