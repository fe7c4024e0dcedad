//! Prints to standard output, and ends quietly when nobody reads on, as `| head` does; and to
//! standard error. What is said may hold names of others: nothing of it steers a terminal, and no
//! password in an address is repeated.

use std::fmt;
use std::io::Write;

use lumimill_common::printable::printable_lines;
use lumimill_common::userinfo::hidden;

use crate::exit_code::Exit;

/// Prints as many lines of a list as a person reads, and what to type for `all`.
pub(super) fn say_some(lines: Vec<String>, all: &str) {
    for line in cut(lines, "", all) {
        say(format_args!("{line}"));
    }
}

/// Prints a line.
pub(super) fn say(line: fmt::Arguments<'_>) {
    print("", &line.to_string());
}

/// Prints text in place of the so many lines before it, on a terminal.
pub(super) fn say_over(lines: usize, text: &str) {
    print(&format!("\x1b[{lines}A\x1b[0J"), text);
}

fn print(before: &str, text: &str) {
    let text = printable_lines(text);
    if writeln!(std::io::stdout().lock(), "{before}{text}").is_err() {
        std::process::exit(i32::from(Exit::Trouble.code()));
    }
}

/// Prints a line to standard error.
pub(crate) fn tell(line: fmt::Arguments<'_>) {
    let line = line.to_string();
    eprintln!("{}", printable_lines(&hidden(&line)));
}

/// Lines of what failed that a person reads.
const LINES: usize = 20;

/// As many lines as a person reads; then how many more there are, and what to type for them.
pub(super) fn cut(mut lines: Vec<String>, margin: &str, advice: &str) -> Vec<String> {
    let more = lines.len().saturating_sub(LINES);
    if more > 0 {
        lines.truncate(LINES);
        lines.push(format!("{margin}… and {more} lines more: {advice}"));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::cut;

    #[test]
    fn a_list_of_failures_ends() {
        let lines = |count: usize| vec![String::from("failed"); count];
        assert_eq!(cut(lines(20), "", "more").len(), 20);
        let cut = cut(lines(500), "  ", "type this");
        assert_eq!(cut.len(), 21);
        assert_eq!(cut[20], "  … and 480 lines more: type this");
    }
}
