//! The `lumimill-worker` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    lumimill_worker::program::main(None)
}
