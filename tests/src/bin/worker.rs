//! The `lumimill-worker` program, built beside the tests that run it, with a witness that can
//! kill it at a point of their choice.

use std::process::ExitCode;

fn main() -> ExitCode {
    lumimill_worker::program::main(lumimill_tests::deadly_witness())
}
