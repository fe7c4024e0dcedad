//! The `lumimill` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    lumimill::cli::main().into()
}
