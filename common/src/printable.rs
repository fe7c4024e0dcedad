//! Text of others, such as names of branches, answers of services and what a file says, as it may
//! be shown: what would steer a terminal, or hide or turn round what stands beside it, is escaped
//! as JSON does it, so that JSON stays JSON.

use std::borrow::Cow;
use std::fmt::Write as _;

/// One line of text: breaks of lines and tabs are escaped, too.
#[must_use]
pub fn printable(text: &str) -> Cow<'_, str> {
    escaped(text, |c| c == '\n' || c == '\t' || steers(c))
}

/// Text of one or more lines of our own.
#[must_use]
pub fn printable_lines(text: &str) -> Cow<'_, str> {
    escaped(text, steers)
}

fn escaped(text: &str, is_bad: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&is_bad) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match (is_bad(c), c) {
            (false, c) => shown.push(c),
            (true, '\n') => shown.push_str("\\n"),
            (true, '\r') => shown.push_str("\\r"),
            (true, '\t') => shown.push_str("\\t"),
            // All of them are of the basic plane; writing to a string does not fail.
            (true, c) => drop(write!(shown, "\\u{:04x}", u32::from(c))),
        }
    }
    Cow::Owned(shown)
}

/// Whether a character does something where it should be seen. Breaks of lines and tabs, which
/// our own text has, are not among them.
fn steers(c: char) -> bool {
    match c {
        '\n' | '\t' => false,
        // Other breaks of lines, marks and overrides of direction, the byte order mark.
        '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' => true,
        '\u{200e}' | '\u{200f}' | '\u{61c}' => true,
        c => c.is_control(),
    }
}

#[cfg(test)]
mod tests {
    use super::{printable, printable_lines};

    #[test]
    fn what_steers_a_terminal_is_escaped() {
        for (text, shown) in [
            ("Muon_pt", "Muon_pt"),
            ("größer ≥ 3", "größer ≥ 3"),
            ("a\u{1b}[2Jb", "a\\u001b[2Jb"),
            ("a\rb\u{9b}1m\u{7f}", "a\\rb\\u009b1m\\u007f"),
            ("a\u{202e}b", "a\\u202eb"),
        ] {
            assert_eq!(printable(text), shown);
            assert_eq!(printable_lines(text), shown);
        }
        assert_eq!(printable("a\n\tb"), "a\\n\\tb");
        assert_eq!(printable_lines("a\n\tb"), "a\n\tb");
    }

    #[test]
    fn json_stays_json() {
        let json = serde_json::to_string("a\u{9b}\u{202e}\u{7f}").unwrap();
        let shown = printable_lines(&json);
        assert!(shown.is_ascii(), "{shown}");
        let read: String = serde_json::from_str(&shown).unwrap();
        assert_eq!(read, "a\u{9b}\u{202e}\u{7f}");
    }
}
