//! Prints to standard output, and ends quietly when nobody reads on, as `| head` does.

use std::fmt;
use std::io::Write;

use crate::exit_code::Exit;

/// Prints a line.
pub(super) fn say(line: fmt::Arguments<'_>) {
    if writeln!(std::io::stdout().lock(), "{line}").is_err() {
        std::process::exit(i32::from(Exit::Trouble.code()));
    }
}
